"""A fault of the disk names the file that it is about."""

import errno
from pathlib import Path

import pytest

from web_admin.core.named_faults import naming

FILE = Path("/data/menjin.sqlite3")


def test_a_write_without_a_name_is_named() -> None:
    with pytest.raises(OSError, match="No space left") as raised, naming(FILE):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert raised.value.filename == str(FILE)


def test_a_copy_that_names_its_source_is_named_by_where_it_was_written() -> None:
    with pytest.raises(OSError, match="No space left") as raised, naming(FILE):
        raise OSError(errno.ENOSPC, "No space left on device", "source", None, "target")
    assert (raised.value.filename, raised.value.filename2) == (str(FILE), None)


def test_a_fault_that_names_its_own_file_keeps_it() -> None:
    with pytest.raises(FileNotFoundError) as raised, naming(FILE):
        raise FileNotFoundError(errno.ENOENT, "No such file", "another")
    assert raised.value.filename == "another"
