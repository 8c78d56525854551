"""The file that says which machine this is: read as it was written, private, and none where it is damaged."""

from pathlib import Path

import pytest

from web_admin.core.machine_identity import NAME, Identity, new_name, read_identity, write_identity

NORTH = Identity("north", "first", "second")


def test_it_is_read_as_it_was_written_last(tmp_path: Path) -> None:
    write_identity(tmp_path, NORTH)
    write_identity(tmp_path, Identity("north", "second", "third"))
    assert read_identity(tmp_path) == Identity("north", "second", "third")
    assert [path.name for path in tmp_path.iterdir()] == [NAME], "no draft stays"


def test_both_runs_are_the_machines_own() -> None:
    assert NORTH.runs == ("first", "second")


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    write_identity(tmp_path, NORTH)
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", 'machine_id = "north"\n', "machine_id = north\n"])
def test_a_file_that_is_not_whole_names_no_machine(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    assert read_identity(tmp_path) is None


def test_a_server_that_is_the_only_one_has_no_file(tmp_path: Path) -> None:
    assert read_identity(tmp_path) is None
    assert read_identity(None) is None


def test_no_two_names_are_alike() -> None:
    assert len({new_name() for _time in range(100)}) == 100
