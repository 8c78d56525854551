"""A cell on PostgreSQL moves between machines: its folder goes, its database stays where both reach it."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.served.fleets import first_cell, running_fleet
from tests.served.served_cells import CellBrowser
from tests.support.gates.waiting import until
from tests.support.ssh_machines import SSHD

pytestmark = pytest.mark.skipif(SSHD is None, reason="sudo apt install openssh-server")


@pytest.mark.wide
@pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
def test_a_cell_on_postgresql_moves_with_all_its_records_and_comes_back(
    tmp_path: Path, database_url: str
) -> None:
    first = first_cell(tmp_path, database_url)
    with running_fleet(tmp_path / "fleet", {"north": "one", "south": "two"}) as fleet:
        north, south = fleet.services["north"], fleet.services["south"]
        shutil.move(first, north.cells / ".first.new")
        (north.cells / ".first.new").rename(north.cells / "first")
        until(lambda: north.status_of("first") == 200)
        records = _records(database_url)
        assert records
        for source, target in ((north, south), (south, north)):
            status, out, beside = fleet.run("move", "first", "--to", target.name, "--do")
            assert status == 0, beside
            assert out == f"first is served by {target.name}. Lead its host there: first.example\n"
            until(lambda s=source, t=target: [one.status_of("first") for one in (s, t)] == [421, 200])
            assert _records(database_url) == records
            assert _signs_in(CellBrowser(target.address, "first.example"))
            records = _records(database_url)  # with the sign-in
            assert not (source.cells / "first").exists()


def _signs_in(browser: CellBrowser) -> bool:
    """Return whether the manager of the first day gets in: the keys in the folder fit the records."""
    browser.get("/staff/sign-in")
    form = {"email": "manager@example.org", "password": "a quiet gate above four offices"}
    return browser.ask("POST", "/staff/sign-in", form).status_code == 302


def _records(database_url: str) -> dict[str, int]:
    """Return how many rows the tables hold that a move may not touch."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        tables = ("site", "site_key", "account", "account_role", "audit_entry")
        found = {name: connection.scalar(text(f"SELECT count(*) FROM {name}")) for name in tables}  # noqa: S608
    engine.dispose()
    return {name: int(count or 0) for name, count in found.items()}
