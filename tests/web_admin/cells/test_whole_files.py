"""A file is replaced in one step, with the rights that it had or that the settings beside it have."""

import os
from pathlib import Path

import pytest

from web_admin.cells import whole_files
from web_admin.cells.whole_files import write_whole
from web_admin.core.config import SETTINGS_NAME


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
