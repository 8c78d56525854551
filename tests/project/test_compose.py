"""The Compose file: limits of each service, a backup each night, a step for the next version.

No container runs here. What the file says is compared with the program, its options and its settings; the
shell of the backups' loop runs for real.
"""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.wheels import ROOT
from web_admin.cli.main import _parser
from web_admin.core.config import SETTINGS

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OF_SERVER = ("web", "backup", "upgrade")
LIMITS = ("mem_limit", "cpus", "pids_limit")
PROGRAM = "/opt/menjin/.venv/bin/menjin"


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_has_limits_and_takes_no_new_rights(name: str) -> None:
    service = SERVICES[name]
    assert [limit for limit in LIMITS if limit not in service] == []
    assert "no-new-privileges:true" in service["security_opt"]


@pytest.mark.parametrize("name", OF_SERVER)
def test_what_a_service_names_is_there(name: str) -> None:
    service = SERVICES[name]
    assert set(service["networks"]) <= COMPOSE["networks"].keys()
    assert set(service["secrets"]) <= COMPOSE["secrets"].keys()
    assert {volume.partition(":")[0] for volume in service["volumes"]} <= COMPOSE["volumes"].keys()
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    beside = {"MENJIN_DATA_DIR", "MENJIN_BACKUP_PASSPHRASE_FILE", "PGPASSFILE"}
    known = {f"MENJIN_{key.upper()}" for key in SETTINGS} | beside
    assert set(service["environment"]) <= known


def test_what_build_makes_is_what_each_service_of_the_server_runs() -> None:
    built = {name: service["image"] for name, service in SERVICES.items() if "build" in service}
    assert set(built) == set(OF_SERVER)
    assert len(set(built.values())) == 1, "without a name each has an image of its own"
    assert {SERVICES[name]["pull_policy"] for name in built} == {"build"}
    said = (ROOT / "docs/upgrading.md").read_text(encoding="utf-8")
    steps = ("build", "stop web backup", "run --rm upgrade", "up -d")
    places = [said.index(f"`docker compose {step}`") for step in steps]
    assert places == sorted(places)


def test_backups_lie_where_the_server_deletes_old_ones_and_its_user_may_write() -> None:
    (folder,) = {SERVICES[name]["environment"]["MENJIN_BACKUP_DIR"] for name in OF_SERVER}
    assert all(f"backups:{folder}" in SERVICES[name]["volumes"] for name in OF_SERVER)
    image = (ROOT / "deploy/Containerfile").read_text(encoding="utf-8")
    assert f"install -d -o menjin-web -g menjin-web -m 700 {folder}" in image


def test_the_next_versions_step_is_a_command_and_is_not_started_with_the_others() -> None:
    upgrade = SERVICES["upgrade"]
    group, *words = upgrade["command"]
    assert (group, _parser().parse_args(words).command) == ("web", "upgrade")
    assert (upgrade["profiles"], upgrade["restart"]) == (["upgrade"], "no")


@pytest.mark.parametrize(("status", "seconds"), [(0, 86400), (1, 600)], ids=["written", "failed"])
def test_a_backup_is_written_each_night_and_a_failed_one_tried_again(
    tmp_path: Path, status: int, seconds: int
) -> None:
    (script,) = SERVICES["backup"]["command"]
    assert SERVICES["backup"]["entrypoint"] == ["/bin/sh", "-c"]
    for name, says in (("menjin", f"exit {status}"), ("sleep", "kill -TERM $PPID; exec /bin/sleep 60")):
        (tmp_path / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {tmp_path}/called\n{says}\n')
        (tmp_path / name).chmod(0o755)
    # Compose writes $$ for $.
    shell = script.replace("$$", "$").replace(PROGRAM, str(tmp_path / "menjin"))
    done = subprocess.run(
        ["/bin/sh", "-c", shell],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, "it ends at once when it is stopped"
    called = (tmp_path / "called").read_text().splitlines()
    assert called == ["menjin web backup /var/backups/menjin", f"sleep {seconds}"]
    words = called[0].split()[2:]
    assert _parser().parse_args(words).command == "backup"
