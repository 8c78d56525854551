"""A file that was handed in: never a device or a pipe, and never more of it than was allowed."""

import os
from pathlib import Path

import pytest

from hardware.files import FileTooLarge, NoRegularFile, read_regular


def test_a_file_and_a_link_to_one_are_read_up_to_the_limit(tmp_path: Path) -> None:
    (tmp_path / "whole").write_bytes(b"12345678")
    (tmp_path / "link").symlink_to("whole")
    assert read_regular(tmp_path / "whole", 8) == read_regular(tmp_path / "link", 8) == b"12345678"
    with pytest.raises(FileTooLarge, match="more than 7 bytes"):
        read_regular(tmp_path / "whole", 7)


@pytest.mark.parametrize("leads_to", ["/dev/zero", "/dev/null", "."])
def test_a_link_to_a_device_or_folder_is_refused_at_once(tmp_path: Path, leads_to: str) -> None:
    (tmp_path / "link").symlink_to(leads_to)
    with pytest.raises(NoRegularFile, match="link is no regular file"):
        read_regular(tmp_path / "link", 8)


def test_a_pipe_without_a_writer_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NoRegularFile, match="pipe is no regular file"):
        read_regular(tmp_path / "pipe", 8)
