"""Run a command for cells."""

from collections.abc import Callable
from pathlib import Path

import pytest

import menjin
from tests.served.fleets import PASSPHRASE, copied_cell, first_cell

Run = Callable[..., tuple[int, str, str]]


_MADE: list[Path] = []
"""The one compound that this process made: several files of tests copy it."""


@pytest.fixture
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a compound that `menjin web init` made."""
    if not _MADE:
        _MADE.append(first_cell(tmp_path_factory.mktemp("first")))
    return _MADE[0]


@pytest.fixture
def willow(tmp_path: Path, first: Path) -> Path:
    """Return the folder of a cell."""
    (tmp_path / "cells").mkdir()
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    return copied_cell(first, tmp_path / "cells", "willow")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs a command of cells."""

    def run_one(*words: object) -> tuple[int, str, str]:
        status = menjin.main(["web", *map(str, words)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run_one


@pytest.fixture
def restore(willow: Path, run: Run, tmp_path: Path) -> tuple[object, ...]:
    """Return the command that restores the cell from a backup of its own."""
    passphrase = ("--passphrase-file", tmp_path / "passphrase")
    backup = tmp_path / "willow.menjin"
    assert run("backup", "--data-dir", willow, backup, *passphrase)[0] == 0
    return (
        "cells",
        "restore",
        willow,
        backup,
        "--public-url",
        "https://willow.example",
        "--replace",
        *passphrase,
    )
