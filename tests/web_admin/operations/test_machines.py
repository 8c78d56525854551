"""Several machines over one database: one of them does the periodic work, and Health speaks for all."""

import shutil
from datetime import timedelta
from types import SimpleNamespace

import pytest

from web_admin.compound.queries import the_site
from web_admin.core.single_process import alone_everywhere
from web_admin.custody.models import ServerMachine
from web_admin.operations.health import server_findings
from web_admin.operations.health_facts import server_facts

MIB = 1024 * 1024


def machine(name, now, **facts):
    return ServerMachine(
        machine_id=name, name=name, run="one", transport_key=bytes(32), joined_at=now, seen_at=now, **facts
    )


def finding(compound_session, config, now, name):
    facts = server_facts(compound_session, config, the_site(compound_session), now)
    return next((one for one in server_findings(facts, now) if str(one.name) == name), None)


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_machines_one_does_the_work(database, tmp_path):
    folders = [tmp_path / name for name in ("web1", "web2")]
    for folder in folders:
        folder.mkdir()
    with alone_everywhere(database, folders[0], "watch") as first:
        with alone_everywhere(database, folders[1], "watch") as second:
            assert (first, second) == (True, False)
        with alone_everywhere(database, folders[1], "housekeeping") as other_work:
            assert other_work
    with alone_everywhere(database, folders[1], "watch") as later:
        assert later


def test_the_fullest_disk_is_the_one_that_counts(act, web_config, now, monkeypatch):
    room = SimpleNamespace(total=100 * MIB, used=0, free=90 * MIB)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: room)
    act.session.add_all(
        [
            machine("web1", now, disk_free_mib=90, disk_total_mib=100),
            machine("web2", now, disk_free_mib=4, disk_total_mib=100),
        ]
    )
    act.session.flush()
    said = finding(act.session, web_config, now, "Disk")
    assert (said.level, said.raw) == ("bad", "web2")
    long_ago = now - timedelta(hours=1)
    act.session.get_one(ServerMachine, "web2").seen_at = long_ago
    act.session.flush()
    assert finding(act.session, web_config, now, "Disk").level == "good", "what it said long ago is no news"


def test_a_machine_that_is_silent_is_named(act, web_config, now):
    assert finding(act.session, web_config, now, "Machines") is None
    act.session.add_all([machine("web1", now), machine("web2", now - timedelta(minutes=6))])
    act.session.flush()
    said = finding(act.session, web_config, now, "Machines")
    assert (said.level, "web2" in str(said.says), "web1" in str(said.says)) == ("bad", True, False)
    act.session.get_one(ServerMachine, "web2").seen_at = now
    act.session.flush()
    assert finding(act.session, web_config, now, "Machines").level == "good"
