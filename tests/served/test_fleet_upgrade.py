"""Thirty cells on two machines come to the next version in waves: real sshds, servers of both versions."""

from collections import Counter
from pathlib import Path

import pytest

from tests.served.fleets import copied_cell, first_cell, next_version, running_fleet
from tests.support.gates.waiting import until
from tests.support.ssh_machines import SSHD

pytestmark = [pytest.mark.slow, pytest.mark.skipif(SSHD is None, reason="sudo apt install openssh-server")]
CELLS = [f"c{number:02}" for number in range(30)]
RED, HELD_ONE = "c07", "c29"


def test_an_upgrade_of_thirty_cells_stops_at_the_first_red_and_goes_on_when_it_is_mended(
    tmp_path: Path,
) -> None:
    """One, then tens: c07 cannot be backed up. It and all after it are served by the version from before."""
    first, later = first_cell(tmp_path), next_version(tmp_path / "next")
    services = {"north": "one", "north-next": "one", "south": "two", "south-next": "two"}
    with running_fleet(
        tmp_path / "fleet",
        services,
        upgrade_to={"north": "north-next", "south": "south-next"},
        programs={"north-next": later, "south-next": later},
    ) as fleet:
        north, south = fleet.services["north"], fleet.services["south"]
        after = [fleet.services["north-next"], fleet.services["south-next"]]
        for number, name in enumerate(CELLS):
            copied_cell(first, (north if number < 20 else south).cells, name)
        red = north.cells / RED
        (red / "backups").write_text("a file where the folder of backups should be")

        held = south.cells / HELD_ONE / "held"
        held.write_text("held by 'cells hold'\n")

        status, out, beside = fleet.run("upgrade")
        assert status == 0
        assert f"{HELD_ONE} of south is out of service and stays as it is" in beside
        assert out.splitlines()[0] == "wave 1: c00 to north-next"
        assert out.splitlines()[1] == f"wave 2: {' '.join(CELLS[1:11])} to north-next"
        assert [line.count(" c") for line in out.splitlines()] == [1, 10, 10, 8]
        assert Counter(fleet.where().values()) == {"north": 20, "south": 10}, "nothing was done"

        status, out, beside = fleet.run("upgrade", "--do")
        assert status == 1, beside
        assert out.startswith(f"{RED} is red: {red}: "), out
        assert "Stopped: 7 of 29 are at the next version, the rest as before." in out
        assert Counter(fleet.where().values()) == {"north-next": 7, "north": 13, "south": 10}
        for name in set(CELLS) - {HELD_ONE}:
            old = north if name < "c20" else south
            new = after[0] if name < "c20" else after[1]
            until(
                lambda old=old, new=new, name=name: (
                    (old.status_of(name), new.status_of(name)) == ((421, 200) if name < RED else (200, 421))
                )
            )

        (red / "backups").unlink()
        status, out, beside = fleet.run("upgrade", "--do")
        assert (status, out) == (0, "29 cells are at the next version, none is left\n"), beside
        assert "going on: 7 are done" in beside
        assert fleet.where()[HELD_ONE] == "south"
        assert held.exists()
        held.unlink()
        assert fleet.run("upgrade", "--do")[0] == 0
        assert Counter(fleet.where().values()) == {"north-next": 20, "south-next": 10}
        for number, name in enumerate(CELLS):
            until(lambda new=after[number >= 20], name=name: new.status_of(name) == 200)

        status, out, _beside = fleet.run("upgrade", "--undo", RED)
        assert (status, fleet.where()[RED]) == (0, "north-next")
        assert "is lost, and faces" in out
        status, _out, beside = fleet.run("upgrade", "--undo", RED, "--do")
        assert status == 0, beside
        until(lambda: (north.status_of(RED), after[0].status_of(RED)) == (200, 421))
