"""Files of a cell that moves: its note, what belongs to it, and keys that are overwritten before they go."""

import json
from pathlib import Path

import msgspec
import pytest

from web_admin.cells.folders import MOVING, SECRETS
from web_admin.cells.moved_files import Note, destroy, digest_of, files_of, note_in, overwrite
from web_admin.cells.moved_settings import MoveRefused
from web_admin.cells.serving_lock import FILE_NAME


def test_a_note_is_read_as_it_was_written(tmp_path: Path) -> None:
    note = Note("/srv/willow", "/srv/cells/willow", archive="ab", is_leaving=True)
    (tmp_path / MOVING).write_bytes(msgspec.json.encode(note))
    assert note_in(tmp_path) == note
    assert json.loads((tmp_path / MOVING).read_bytes())["parcel"] == "ab", "older programs read this name"


def test_where_nothing_moves_there_is_no_note(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert note_in(tmp_path) is None
    assert note_in(tmp_path / "file") is None
    assert note_in(tmp_path / "missing") is None


def test_a_note_that_cannot_be_read_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / MOVING).write_text("{")
    with pytest.raises(MoveRefused, match="if no move is under way, remove it"):
        note_in(tmp_path)


def test_a_cell_is_its_files_without_links_and_without_its_lock(tmp_path: Path) -> None:
    for name in ("b", "a", FILE_NAME):
        (tmp_path / name).touch()
    (tmp_path / SECRETS).mkdir()
    (tmp_path / SECRETS / "key").touch()
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert {str(path.relative_to(tmp_path)) for path in files_of(tmp_path)} == {"a", "b", f"{SECRETS}/key"}


def test_a_key_is_overwritten_in_its_place_and_one_that_is_gone_is_none(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(bytes(32))
    linked = tmp_path / "same-blocks"
    linked.hardlink_to(key)
    before = digest_of(key)
    overwrite(key)
    overwrite(tmp_path / "missing")
    assert (len(linked.read_bytes()), digest_of(linked) == before) == (32, False)


def test_an_original_goes_with_its_keys_overwritten_and_its_note_last(tmp_path: Path) -> None:
    cell = tmp_path / "willow"
    (cell / SECRETS).mkdir(parents=True)
    (cell / SECRETS / "key").write_bytes(bytes(32))
    (cell / "menjin.sqlite3").touch()
    (cell / MOVING).write_text("{}")
    (tmp_path / "key").hardlink_to(cell / SECRETS / "key")
    destroy(cell)
    assert not cell.exists()
    assert (tmp_path / "key").read_bytes() != bytes(32)
