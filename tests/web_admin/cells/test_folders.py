"""Folders of cells: those that share a host, a database, keys or backups are both out."""

import pytest

from tests.support.compounds.empty_cell import make_cell
from tests.web_admin.cells.installed import Here
from web_admin.cells.checking import look_at_cells
from web_admin.cells.trouble import Kind


@pytest.mark.wide
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
