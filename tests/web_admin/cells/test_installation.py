"""Cells of one process, without sockets: opened, closed, out alone and back, each request in its own."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select
from werkzeug.test import Client, TestResponse

from tests.support.compounds.empty_cell import make_cell
from tests.support.compounds.with_gates import PlayedGate, add_gate
from tests.support.scheduling import make_scheduler
from tests.support.statements import statements_of, verbs
from web_admin.cells.checking import look_at_cells
from web_admin.cells.holds import HELD
from web_admin.cells.installation import Choices, Installation
from web_admin.cells.moving import Move, carry_out
from web_admin.cells.open_cell import InCommon
from web_admin.cells.periodic_jobs import PeriodicJobs
from web_admin.cells.serving_lock import ServingLock, lease_of
from web_admin.cells.site import Site
from web_admin.cells.trouble import Kind
from web_admin.compound.models import Gate
from web_admin.compound.models import Site as SiteRow
from web_admin.core.cell_in_hand import CELL
from web_admin.core.health_models import ServerMark
from web_admin.policy.publish import publish_policy
from web_admin.serving.installation import first_app
from web_admin.web.live_watch import StreamPlaces

OTHER = "maple.example"


@dataclass
class Clock:
    """Seconds of a clock that only grows, as the test says."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return them."""
        return self.now


@dataclass
class Here:
    """An installation and who asks it."""

    folder: Path
    clock: Clock
    installation: Installation
    site: Site
    jobs: PeriodicJobs
    common: InCommon

    def ask(self, host: str, path: str = "/healthz", **more: object) -> TestResponse:
        """Ask for a page of a host."""
        return Client(self.site).get(path, headers={"Host": host}, buffered=True, **more)

    def look(self) -> None:
        """See what changed, a while later."""
        self.clock.now += 5.0
        self.installation.look()


COMMON = InCommon(lambda: datetime.now(UTC))


@pytest.fixture(scope="module")
def words():
    """Return the app that fills what all share, once."""
    return first_app(COMMON)


@pytest.fixture
def here(tmp_path: Path, words) -> Iterator[Here]:
    """Return two cells, willow and elm."""
    folder = tmp_path / "cells"
    for name in ("willow", "elm"):
        make_cell(folder, name, COMMON)
    clock = Clock()
    installation = Installation(Choices(folder), COMMON, monotonic=clock)
    jobs = PeriodicJobs(make_scheduler(), words, StreamPlaces(4), bool)
    installation.prepare = jobs.prepare
    in_none = CELL.set("")
    yield Here(folder, clock, installation, Site(installation), jobs, COMMON)
    installation.close_all(5.0)
    CELL.reset(in_none)  # a request leaves the name set in its thread, which is the tests' own here


def test_a_cell_is_opened_by_its_first_request_and_closed_when_idle(here: Here) -> None:
    willow, elm = (here.installation._cells[name] for name in ("willow", "elm"))
    assert not willow.is_open
    assert here.ask("willow.example").text == "ok\n"
    assert (willow.is_open, elm.is_open) == (True, False)
    assert lease_of(here.folder / "willow").process == os.getpid()
    here.clock.now += here.installation.choices.idle_seconds - 1
    here.installation.close_idle()
    assert willow.is_open
    here.clock.now += 2
    here.installation.close_idle()
    assert not willow.is_open
    assert lease_of(here.folder / "willow") is None
    assert here.ask("willow.example").status_code == 200


class AtHost:
    """What a gate sends to, by one host's name."""

    def __init__(self, site: Site, base_url: str) -> None:
        self._site, self._base_url = site, base_url

    def post(self, path: str, data: bytes, headers: dict[str, str]) -> TestResponse:
        """Send a request of a gate."""
        sent = {"data": data, "headers": headers, "buffered": True}
        return Client(self._site).post(path, base_url=self._base_url, **sent)


def test_a_check_in_in_a_cell_costs_one_statement_in_the_database_of_that_cell(here: Here) -> None:
    for host in ("willow.example", "elm.example"):
        here.ask(host)
    apps = [here.installation._cells[name].app for name in ("willow", "elm")]
    willow, elm = (app.extensions["menjin"] for app in apps)
    with willow.database.session() as session:
        site_id = session.scalars(select(SiteRow.site_id)).one()
        key = add_gate(session, willow.sealer, site_id, "north", 1, ["card"])
        publish_policy(session, willow.sealer, site_id, willow.clock())
    gate = PlayedGate(AtHost(here.site, "https://willow.example"), site_id, "north", key)
    first = msgspec.json.decode(gate.ask(willow.clock()).policy.manifest)
    gate.have = (first["epoch"], first["version"])
    in_full = gate.ask(willow.clock())
    with statements_of(willow.database) as seen, statements_of(elm.database) as of_the_other:
        reply = gate.ask(willow.clock())
    assert (verbs(seen), of_the_other) == (["UPDATE"], [])
    dated = {"server_time": reply.server_time, "policy": reply.policy}
    assert msgspec.structs.replace(in_full, **dated) == reply
    with willow.database.session() as session:
        assert session.get_one(Gate, "north").request_counter == gate.counter


def test_above_the_bound_the_one_asked_longest_ago_is_closed(here: Here) -> None:
    here.installation.choices = replace(here.installation.choices, open_at_most=1)
    here.ask("willow.example")
    here.clock.now += 1
    here.ask("elm.example")
    here.installation.close_idle()
    assert [cell.name for cell in here.installation.cells() if cell.is_open] == ["elm"]


def test_a_cell_is_closed_under_no_request(here: Here) -> None:
    cell = here.installation._cells["willow"]
    cell.enter()
    (here.folder / "willow" / HELD).touch()
    here.look()
    assert cell.is_open
    assert here.ask("willow.example").status_code == 503
    cell.leave()
    assert not cell.is_open
    ServingLock(here.folder / "willow", alone=True).take(0.0)


def test_a_held_cell_says_that_it_is_maintained_and_comes_back(here: Here) -> None:
    assert here.ask("willow.example").status_code == 200
    (here.folder / "willow" / HELD).touch()
    here.look()
    page = here.ask("willow.example", "/")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "20")
    assert "正在维护" in page.text
    assert here.ask("willow.example", "/static/trouble.css").mimetype == "text/css"
    assert here.ask("willow.example", "/api/v1/people").get_json()["error"] == "cell_paused"
    assert here.ask("elm.example").status_code == 200
    (here.folder / "willow" / HELD).unlink()
    here.look()
    assert here.ask("willow.example").status_code == 200


def test_settings_that_cannot_be_read_take_out_one_cell_and_its_known_host_says_so(here: Here) -> None:
    settings = here.folder / "willow" / "web.toml"
    before = settings.read_text()
    settings.write_text("public_url = [")
    here.look()
    assert here.ask("willow.example").status_code == 503
    assert here.ask("elm.example").status_code == 200
    settings.write_text(before)
    here.look()
    assert here.ask("willow.example").status_code == 200


@pytest.mark.parametrize("kind", [Kind.TABLES, Kind.DATABASE])
def test_a_database_of_another_version_or_none_is_out_and_taken_when_mended(here: Here, kind: Kind) -> None:
    file = here.folder / "willow" / "menjin.sqlite3"
    aside = file.with_name("aside")
    file.rename(aside)
    if kind == Kind.TABLES:
        with closing(sqlite3.connect(file)) as other:
            other.execute("CREATE TABLE alembic_version (version_num)")
            other.execute("INSERT INTO alembic_version VALUES ('0033')")
            other.commit()
    assert here.ask("willow.example").status_code == 503
    assert here.installation._cells["willow"].trouble.kind == kind
    assert [one.trouble and one.trouble.kind for one in look_at_cells(Choices(here.folder))] == [None, kind]
    aside.rename(file)
    here.clock.now += 5
    assert here.ask("willow.example").status_code == 200


def test_cells_of_one_host_one_database_or_one_set_of_keys_are_both_out(here: Here) -> None:
    make_cell(
        here.folder, "oak", here.common, database_url=f"sqlite:///{here.folder / 'elm' / 'menjin.sqlite3'}"
    )
    here.look()
    assert [here.ask(f"{name}.example").status_code for name in ("willow", "elm", "oak")] == [200, 503, 503]
    (here.folder / "oak" / "web.toml").write_text('public_url = "https://WILLOW.example:444"\n')
    here.look()
    assert [here.ask(f"{name}.example").status_code for name in ("willow", "elm")] == [503, 200]
    (here.folder / "oak" / "web.toml").write_text('public_url = "https://oak.example"\n')
    key = here.folder / "oak" / "secrets" / "session.key"
    key.write_bytes((here.folder / "elm" / "secrets" / "session.key").read_bytes())
    here.look()
    assert [here.ask(f"{name}.example").status_code for name in ("willow", "elm", "oak")] == [200, 503, 503]


def test_cells_of_one_folder_of_backups_are_both_out(here: Here) -> None:
    """Each would delete what the other kept, and take the other's newest backup for its own."""
    shared, own = here.folder.parent / "backups", here.folder.parent / "of-elm"
    for name in ("willow", "elm"):
        settings = here.folder / name / "web.toml"
        settings.write_text(settings.read_text() + f'backup_dir = "{shared}/../backups"\n')
    here.look()
    assert [here.ask(f"{name}.example").status_code for name in ("willow", "elm")] == [503, 503]
    found = {looked.folder.name: looked.trouble for looked in look_at_cells(here.installation.choices)}
    assert {name: one and one.kind for name, one in found.items()} == dict.fromkeys(
        ("willow", "elm"), Kind.BACKUPS_TAKEN
    )
    settings.write_text(settings.read_text().replace(f"{shared}/../backups", str(own)))
    here.look()
    assert [here.ask(f"{name}.example").status_code for name in ("willow", "elm")] == [200, 200]


def test_with_several_processes_a_file_is_out_with_a_sentence(here: Here) -> None:
    second = Installation(Choices(here.folder, workers=2), COMMON, monotonic=here.clock)
    assert {cell.trouble.kind for cell in second.cells()} == {Kind.SEVERAL_PROCESSES}


def test_a_cell_that_goes_is_no_ones_and_one_that_comes_is_served(here: Here) -> None:
    assert here.ask("willow.example").status_code == 200
    (here.folder / "willow" / HELD).touch()
    here.look()
    home = here.folder.parent / "home"
    carry_out(Move(here.folder / "willow", home), lambda _text: None)
    here.look()
    assert here.ask("willow.example").data == here.ask(OTHER).data
    carry_out(Move(home, here.folder / "willow"), lambda _text: None)
    here.look()
    assert here.ask("willow.example").status_code == 200


def test_a_fault_in_opening_one_cell_is_logged_and_no_others(here: Here, caplog) -> None:
    cell = here.installation._cells["willow"]
    here.installation.prepare = lambda one, app: 1 / 0 if one is cell else None
    assert here.ask("willow.example").status_code == 503
    assert here.ask("elm.example").status_code == 200
    assert "the cell could not be opened" in caplog.text


def test_the_periodic_work_of_open_and_closed_cells_is_done(here: Here) -> None:
    here.ask("willow.example")
    for cell in here.installation.cells():
        here.jobs._always(cell)
        here.jobs._look_for_messages(cell)
        here.jobs._renew(cell)
    assert [cell.name for cell in here.installation.cells() if cell.is_open] == ["willow"]
    for cell in here.installation.cells():
        with cell.at_work() as menjin, menjin.database.open_reading() as session:
            mark = session.get(ServerMark, "housekeeping")
            assert mark is not None
            assert mark.note == ""
