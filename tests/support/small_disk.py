"""A disk of its own that a test can fill: a tmpfs, which only root may mount."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

FILLER = "filler"


@contextmanager
def small_disk(at: Path, mib: int) -> Iterator[Path]:
    """Mount so many MiB at a folder, made for it; skip the test where that is not allowed."""
    at.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=0700", "tmpfs", str(at)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip(f"a disk to be filled needs root, to mount a tmpfs: {mounted.stderr.strip()}")
    try:
        yield at
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True)


def fill(disk: Path) -> None:
    """Fill a disk to its last byte, as a log that grows would."""
    with (disk / FILLER).open("ab", buffering=0) as filler:
        for size in (1024 * 1024, 4096, 1):
            try:
                while True:
                    filler.write(b"x" * size)
            except OSError as err:
                assert err.errno == errno.ENOSPC
    assert shutil.disk_usage(disk).free < os.statvfs(disk).f_bsize


def make_room(disk: Path) -> None:
    """Take away what `fill` wrote."""
    (disk / FILLER).unlink()
