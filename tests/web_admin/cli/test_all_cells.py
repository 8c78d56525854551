"""`menjin web upgrade --cells` and `backup --cells`: each cell for itself, also where one is in trouble."""

import shutil
from pathlib import Path

import pytest

from gate_controller.command_line.command_names import OF_PACKAGES, SERVER_VARIABLE
from tests.served.fleets import copied_cell
from tests.web_admin.cells.commands import Run, first, run, willow
from web_admin.cells import open_cell
from web_admin.cells.holds import BY_OPERATOR, holders
from web_admin.operations import schema
from web_admin.operations.backup import read_preface

__all__ = ["first", "run", "willow"]
NEXT = '''
"""Make a table of lifts."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "{before}", None, None


def upgrade():
    op.create_table("lift", sa.Column("number", sa.Integer(), primary_key=True))
'''


@pytest.fixture
def cells(willow: Path, first: Path) -> Path:
    """Return the folder of three cells: one as any, one that the operator holds, one without settings."""
    for name in ("elm", "oak"):
        copied_cell(first, willow.parent, name)
    (willow.parent / "elm/web.toml").unlink()
    return willow.parent


def next_version(monkeypatch: pytest.MonkeyPatch, folder: Path) -> str:
    """Let the program have one migration more; return the revision before."""
    before = schema.newest_revision()
    shutil.copytree(schema.MIGRATIONS, folder / "migrations")
    (folder / "migrations/versions/9999_lifts.py").write_text(NEXT.format(before=before))
    monkeypatch.setattr(schema, "MIGRATIONS", folder / "migrations")
    monkeypatch.setattr(open_cell, "newest_revision", schema.newest_revision)  # it is asked once a process
    return before


@pytest.mark.wide
def test_each_cell_is_brought_to_this_version_and_one_in_trouble_keeps_no_other_from_it(
    cells: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    word = ("--passphrase-file", tmp_path / "passphrase")
    assert run("cells", "hold", cells / "oak")[0] == 0
    command = ("upgrade", "--cells", cells, *word)
    assert run(*command)[0] == 1, "a cell without settings is not passed over in silence"
    before = next_version(monkeypatch, tmp_path)
    status, out, _err = run(*command)
    said = dict(line.split(": ", 1) for line in out.splitlines() if line.startswith(("elm", "oak", "willow")))
    assert (status, "1 of 3 cells went wrong" in out) == (1, True)
    assert said["willow"] == f"The tables are of revision 9999, they were {before}."
    assert said["oak"].startswith("the operator holds it: its tables stay as they are")
    assert "web.toml" in said["elm"]
    (file,) = (cells / "willow/backups").iterdir()
    assert f"rollback --data-dir {cells / 'willow'} {file}" in out
    assert (holders(cells / "willow"), holders(cells / "oak")) == ([], [BY_OPERATOR])
    shutil.rmtree(cells / "elm")
    assert run("cells", "resume", cells / "oak")[0] == 0
    assert run(*command)[0] == 0
    assert run("cells", "check", cells)[0] == 0


@pytest.mark.wide
def test_cells_of_a_later_version_say_how_each_goes_back(
    cells: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(cells / "elm")
    word = ("--passphrase-file", tmp_path / "passphrase")
    monkeypatch.setenv(SERVER_VARIABLE, OF_PACKAGES[SERVER_VARIABLE])
    monkeypatch.setenv("MENJIN_DATA_DIR", str(cells.parent))
    with monkeypatch.context() as later:
        next_version(later, tmp_path)
        assert run("upgrade", "--cells", cells, *word)[0] == 0
    status, out, _err = run("upgrade", "--cells", cells, *word)
    assert status == 1
    for name in ("oak", "willow"):
        cell = cells / name
        (file,) = (cell / "backups").iterdir()
        words = (f"cells hold {cell}", f"rollback --data-dir {cell} {file}", f"cells resume {cell}")
        assert "\n  ".join(f"sudo menjin-server {each}" for each in words) in out


@pytest.mark.wide
def test_each_cell_gets_a_backup_in_its_own_folder(cells: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    with (cells / "oak/web.toml").open("a") as settings:
        settings.write(f'backup_dir = "{tmp_path}/elsewhere"\n')
    command = ("backup", "--cells", cells, tmp_path / "backups", "--passphrase-file", tmp_path / "passphrase")
    status, out, _err = run(*command)
    assert (status, "elm: " in out, "1 of 3 cells went wrong" in out) == (1, True, True)
    for folder in (tmp_path / "backups/willow", tmp_path / "elsewhere"):
        (file,) = folder.iterdir()
        assert read_preface((tmp_path / "passphrase").read_text(), file).revision == schema.newest_revision()
    assert sorted(path.name for path in (tmp_path / "backups").iterdir()) == ["willow"]


@pytest.mark.wide
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("upgrade", "--data-dir", "x"), "give one of them"),
        (("upgrade", "--backup", "x"), "--backup names one file"),
        (("backup", "no-folder"), "is no folder"),
    ],
    ids=str,
)
def test_what_fits_one_compound_alone_is_refused(
    cells: Path, run: Run, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    status, _out, err = run(*words, "--cells", cells, "--passphrase-file", tmp_path / "passphrase")
    assert (status, said in err) == (2, True), err


def test_what_the_environment_sets_for_all_is_refused(
    cells: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MENJIN_PUBLIC_URL", "https://one.example")
    status, _out, err = run("upgrade", "--cells", cells, "--passphrase-file", tmp_path / "passphrase")
    assert (status, "MENJIN_PUBLIC_URL is set" in err) == (2, True)
