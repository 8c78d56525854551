"""A compound moves into a cell: its settings and files go along."""

import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from web_admin.cells import whole_files
from web_admin.cells.folders import MOVING, read_folder
from web_admin.cells.holds import HELD
from web_admin.cells.moved_settings import MoveRefused, moved_settings, read_settings_of
from web_admin.cells.moving import Move, carry_out, plan
from web_admin.cells.serving_lock import FILE_NAME, ServingLock
from web_admin.cells.trouble import Kind
from web_admin.cells.whole_files import write_whole
from web_admin.core.config import SECRET_NAMES, SETTINGS_NAME, load_config, write_secret

RECORDS = b"records" * 1000


class CutOff(Exception):
    """The power went away."""


@pytest.fixture(params=["one file system", "two file systems"])
def move(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Move]:
    """Return a move of a whole compound into a folder of cells."""
    source = tmp_path / "home"
    (source / "secrets").mkdir(parents=True)
    for name in SECRET_NAMES:
        write_secret(source / "secrets", name)
    (source / "secrets" / "mail.password").write_text("secret\n")
    database, backups = source / "menjin.sqlite3", source / "backups"
    (source / "web.toml").write_text(
        f'# ours\npublic_url = "https://willow.example"\ndatabase_url = "sqlite:///{database}"\n'
        f'backup_dir = "{backups}"\nlog_days = 200\n'
    )
    database.write_bytes(RECORDS)
    (source / "menjin.sqlite3-wal").write_bytes(b"newest")
    backups.mkdir()
    (backups / "a.menjin").write_bytes(b"sealed")
    if request.param == "one file system":
        (tmp_path / "cells").mkdir()
        yield Move(source, tmp_path / "cells" / "willow")
        return
    elsewhere = next(
        (
            place
            for place in map(Path, ("/tmp", "/dev/shm", "/var/tmp"))
            if place.is_dir() and place.stat().st_dev != tmp_path.stat().st_dev
        ),
        None,
    )
    if elsewhere is None:
        pytest.skip("this machine has one file system to write to")
    cells = Path(tempfile.mkdtemp(dir=elsewhere, prefix="menjin-cells-"))
    yield Move(source, cells / "willow")
    shutil.rmtree(cells)


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file that moves, but for the settings, which change."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (FILE_NAME, "web.toml", MOVING)
    }


def silent(_text: str) -> None:
    """Say nothing."""


def assert_moved(move: Move, before: dict[str, bytes]) -> None:
    assert not move.source.exists()
    assert contents(move.target) == before
    config = load_config({}, move.target)
    assert config.database_url == f"sqlite:///{move.target / 'menjin.sqlite3'}"
    assert config.backup_dir == move.target / "backups"
    assert (move.target / "web.toml").read_text().startswith("# ours\n")
    assert (move.target / "web.toml").stat().st_mode & 0o777 == 0o644
    assert read_folder(move.target, 0).trouble is None
    assert [path.name for path in move.target.parent.iterdir()] == ["willow"]


def test_all_of_it_arrives_and_its_settings_name_the_new_place(move: Move) -> None:
    (move.source / "web.toml").chmod(0o644)
    before = contents(move.source)
    carry_out(move, silent)
    assert_moved(move, before)


def test_there_and_back_is_as_before(move: Move) -> None:
    before, settings = contents(move.source), (move.source / "web.toml").read_text()
    carry_out(move, silent)
    (move.target / HELD).touch()
    carry_out(Move(move.target, move.source), silent)
    assert contents(move.source) == before
    assert (move.source / "web.toml").read_text() == settings


def test_a_dry_run_says_the_steps_and_changes_nothing(move: Move) -> None:
    before = sorted(move.source.rglob("*"))
    steps = plan(move)
    assert any(str(move.target) in step for step in steps)
    assert sorted(move.source.rglob("*")) == before
    assert not move.target.exists()


@pytest.mark.parametrize("messages", range(12))
def test_cut_off_at_any_step_it_is_served_by_no_one_and_goes_on(move: Move, messages: int) -> None:
    (move.source / "web.toml").chmod(0o644)
    before, said = contents(move.source), []

    def cut(text: str) -> None:
        said.append(text)
        if len(said) > messages:
            raise CutOff

    try:
        carry_out(move, cut)
    except CutOff:
        there = move.target if move.target.exists() else move.source
        assert read_folder(there, 0).trouble.kind == Kind.MOVING
        carry_out(move, silent)
    assert_moved(move, before)


def test_a_folder_that_is_served_or_taken_is_not_moved(move: Move) -> None:
    lock = ServingLock(move.source, alone=True)
    lock.take(0.0)
    with pytest.raises(MoveRefused, match="End that server first"):
        carry_out(move, silent)
    lock.give_back()
    move.target.mkdir()
    (move.target / "web.toml").touch()
    with pytest.raises(MoveRefused, match="is not empty"):
        carry_out(move, silent)
    assert not (move.source / MOVING).exists()


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda folder: (folder / "secrets" / "seal.key").unlink(), "lacks seal.key"),
        (lambda folder: (folder / "web.toml").unlink(), "no compound lies there"),
        (lambda folder: (folder / "web.toml").write_text('public_url = "x"'), "public_url"),
        (
            lambda folder: (folder / "web.toml").write_text(
                'public_url = "https://a.example"\ndatabase_url = "sqlite:////elsewhere/x"'
            ),
            "outside the folder",
        ),
    ],
)
def test_what_is_not_whole_is_refused_before_anything_changes(move: Move, harm, says) -> None:
    harm(move.source)
    before = contents(move.source)
    with pytest.raises(MoveRefused, match=says):
        carry_out(move, silent)
    assert contents(move.source) == before
    assert not move.target.exists()


def test_keys_that_were_left_behind_are_overwritten(move: Move) -> None:
    """A second name for the file shows what became of its bytes."""
    key = move.source / "secrets" / "face.key"
    before, kept = key.read_bytes(), move.source.parent / "kept"
    kept.hardlink_to(key)
    moves_by_name = move.source.stat().st_dev == move.target.parent.stat().st_dev
    carry_out(move, silent)
    assert (move.target / "secrets" / "face.key").read_bytes() == before
    assert (kept.read_bytes() == before) == moves_by_name


TARGET = Path("/srv/cells/willow")


def moved(folder: Path, text: str) -> str | None:
    (folder / SETTINGS_NAME).write_text(text)
    return moved_settings(folder, TARGET)


def test_what_lies_in_the_folder_is_named_at_its_new_place(tmp_path: Path) -> None:
    text = moved(
        tmp_path,
        f'# of willow\npublic_url = "https://willow.example"\n'
        f'database_url = "sqlite:///{tmp_path}/my data.sqlite3"\nbackup_dir = "{tmp_path}/backups"\n',
    )
    assert text is not None
    assert text.startswith("# of willow\n")
    assert tomllib.loads(text) == {
        "public_url": "https://willow.example",
        "database_url": "sqlite:////srv/cells/willow/my%20data.sqlite3",
        "backup_dir": "/srv/cells/willow/backups",
    }


@pytest.mark.parametrize(
    "line",
    [
        'backup_dir = "backups"',
        'backup_dir = "/mnt/backups"',
        'database_url = "postgresql://db.example/w"',
        "",
    ],
)
def test_what_lies_elsewhere_or_moves_along_stays_as_it_is_written(tmp_path: Path, line: str) -> None:
    assert moved(tmp_path, line) is None


def test_the_place_for_which_the_settings_were_written_counts(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_NAME).write_text('backup_dir = "/srv/willow/backups"\n')
    text = moved_settings(tmp_path, TARGET, written_for=Path("/srv/willow"))
    assert text == 'backup_dir = "/srv/cells/willow/backups"\n'


def test_a_setting_over_several_lines_is_refused_and_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(MoveRefused, match="write it in one line"):
        moved(tmp_path, f'backup_dir = """\n{tmp_path}/backups"""\n')


def test_a_folder_that_lacks_a_key_is_not_moved(tmp_path: Path) -> None:
    with pytest.raises(MoveRefused, match="a cell has its keys in its folder"):
        read_settings_of(tmp_path)


def test_the_new_content_takes_the_place_and_the_rights_of_the_old(tmp_path: Path) -> None:
    file = tmp_path / "held"
    file.write_text("old")
    file.chmod(0o640)
    write_whole(file, b"new")
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [file], "no draft stays"


def test_a_new_file_has_the_rights_of_the_settings_beside_it(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_NAME).touch()
    (tmp_path / SETTINGS_NAME).chmod(0o644)
    write_whole(tmp_path / "held", b"new")
    assert (tmp_path / "held").stat().st_mode & 0o777 == 0o644


def test_a_new_file_without_settings_is_its_owners_alone(tmp_path: Path) -> None:
    write_whole(tmp_path / "held", b"new")
    assert (tmp_path / "held").stat().st_mode & 0o777 == 0o600


def test_a_cut_before_the_step_leaves_the_old_and_the_next_write_goes_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "held"
    file.write_text("old")

    def cut(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(whole_files, "own_as", cut)
        with pytest.raises(KeyboardInterrupt):
            write_whole(file, b"new")
    assert file.read_text() == "old"
    write_whole(file, b"newer")
    assert file.read_bytes() == b"newer"


def test_a_disk_without_room_is_named_by_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as raised:
        write_whole(tmp_path / "held", b"new")
    assert raised.value.filename == str(tmp_path / "held")
