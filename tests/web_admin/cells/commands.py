"""Run a command for cells."""

from collections.abc import Callable
from pathlib import Path

import pytest

import menjin
from tests.served.fleets import PASSPHRASE, copied_cell, first_cell

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a compound that `menjin web init` made."""
    return first_cell(tmp_path_factory.mktemp("first"))


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
