"""A cell's life in a fleet: made, backed up, set back, lost and restored elsewhere, retired."""

import shutil
from pathlib import Path

import pytest

from tests.served.fleets import PASSPHRASE, RunningFleet, running_fleet
from tests.support.gates.waiting import until
from tests.support.ssh_machines import SSHD

pytestmark = [pytest.mark.slow, pytest.mark.skipif(SSHD is None, reason="sudo apt install openssh-server")]


def creates(fleet: RunningFleet, name: str, service: str, *more: str) -> tuple[int, str, str]:
    """Make a cell as its operator does, with files that lie on the machine."""
    folder = fleet.services[service].folder
    (folder / "password").write_text("a quiet gate above four offices")
    return fleet.run_with_options(
        "create",
        name,
        "--on",
        service,
        *more,
        options=[
            "--language",
            "zh",
            "--timezone",
            "Asia/Shanghai",
            "--name",
            "柳苑",
            "--public-url",
            f"https://{name}.example",
            "--security-contact",
            "mailto:security@example.org",
            "--manager-email",
            "manager@example.org",
            "--manager-password-file",
            str(folder / "password"),
            "--root-key",
            str(folder / f"{name}.key"),
            "--root-passphrase-file",
            str(folder / "passphrase"),
        ],
    )


def test_a_cell_is_made_backed_up_set_back_restored_elsewhere_and_retired(tmp_path: Path) -> None:
    with running_fleet(tmp_path / "fleet", {"north": "one", "south": "two"}) as fleet:
        north, south = fleet.services["north"], fleet.services["south"]
        assert creates(fleet, "willow", "north")[0] == 0
        assert fleet.where() == {}, "only said"
        status, out, beside = creates(fleet, "willow", "north", "--do")
        assert status == 0, beside
        assert "Move " in out
        assert "willow.key to two places off this machine" in out
        until(lambda: north.status_of("willow") == 200)
        status, _out, beside = creates(fleet, "willow", "south", "--do")
        assert (status, beside.splitlines()[-1]) == (2, "menjin fleet: willow is at north already")

        assert fleet.run("backup")[0] == 0
        assert list(north.backups.iterdir()) == []
        status, out, beside = fleet.run("backup", "--do")
        assert (status, out) == (0, "1 cells are backed up, 0 are not\n"), beside
        [file] = north.backups.iterdir()

        keys = (north.cells / "willow" / "secrets" / "face.key").read_bytes()
        there = ("restore", "willow", "--there", str(file))
        status, _out, beside = fleet.run(*there, "--do")
        assert status == 2
        assert "--replace sets it aside until you --keep or --undo the restore" in beside
        assert fleet.run(*there, "--replace", "--do")[0] == 0
        until(lambda: north.status_of("willow") == 200)
        assert (north.cells / "willow" / "secrets" / "face.key").read_bytes() != keys
        assert fleet.run("restore", "willow", "--undo", "--do")[0] == 0
        assert (north.cells / "willow" / "secrets" / "face.key").read_bytes() == keys
        assert [path.name for path in north.cells.iterdir()] == ["willow"]
        until(lambda: north.status_of("willow") == 200)

        brought = shutil.copy(file, tmp_path / "brought.menjin")
        fleet.machines["one"].stop()
        lost = (
            "restore",
            "willow",
            "--on",
            "south",
            "--from",
            str(brought),
            "--public-url",
            "https://willow.example",
            "--do",
        )
        status, _out, beside = fleet.run(*lost)
        assert status == 2
        assert "north gives no answer and may serve willow still" in beside
        status, _out, beside = fleet.run(*lost, "--although-silent")
        assert status == 0, beside
        until(lambda: south.status_of("willow") == 200)

        (south.cells / "willow" / "secrets" / "face.key").chmod(0o600)
        status, out, _beside = fleet.run("retire", "willow")
        assert (status, fleet.where()["willow"]) == (0, "south"), out
        assert "would overwrite the keys in" in out
        status, out, beside = fleet.run("retire", "willow", "--do")
        assert status == 0, beside
        assert list(south.cells.iterdir()) == []
        [last] = south.backups.iterdir()
        assert last.name.startswith("willow-retired-")
        until(lambda: south.status_of("willow") == 421)
        assert PASSPHRASE not in out + beside
