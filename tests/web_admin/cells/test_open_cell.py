"""Opening one cell: another version, unreadable settings or a fault leave it out with a sentence."""

import sqlite3
from contextlib import closing

import pytest

from tests.web_admin.cells.installed import COMMON, Here
from web_admin.cells.checking import look_at_cells
from web_admin.cells.installation import Choices, Installation
from web_admin.cells.trouble import Kind


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


@pytest.mark.wide
@pytest.mark.parametrize(
    ("kind", "revision"), [(Kind.TABLES, "0016"), (Kind.TABLES, "9999"), (Kind.DATABASE, "")]
)
def test_a_database_of_another_version_or_none_is_out_and_taken_when_mended(
    here: Here, kind: Kind, revision: str
) -> None:
    file = here.folder / "willow" / "menjin.sqlite3"
    aside = file.with_name("aside")
    file.rename(aside)
    if kind == Kind.TABLES:
        with closing(sqlite3.connect(file)) as other:
            other.execute("CREATE TABLE alembic_version (version_num)")
            other.execute("INSERT INTO alembic_version VALUES (?)", [revision])
            other.commit()
    assert here.ask("willow.example").status_code == 503
    assert here.installation._cells["willow"].trouble.kind == kind
    assert [one.trouble and one.trouble.kind for one in look_at_cells(Choices(here.folder))] == [None, kind]
    aside.rename(file)
    here.clock.now += 5
    assert here.ask("willow.example").status_code == 200


def test_with_several_processes_a_file_is_out_with_a_sentence(here: Here) -> None:
    second = Installation(Choices(here.folder, workers=2), COMMON, monotonic=here.clock)
    assert {cell.trouble.kind for cell in second.cells()} == {Kind.SEVERAL_PROCESSES}


def test_a_fault_in_opening_one_cell_is_logged_and_no_others(here: Here, caplog) -> None:
    cell = here.installation._cells["willow"]
    here.installation.prepare = lambda one, app: 1 / 0 if one is cell else None
    assert here.ask("willow.example").status_code == 503
    assert here.ask("elm.example").status_code == 200
    assert "the cell could not be opened" in caplog.text
