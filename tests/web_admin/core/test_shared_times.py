"""Processes of one server count in one folder, which goes with the server."""

import os
from pathlib import Path

import pytest

from web_admin.core.shared_times import FOLDER_VARIABLE, counted_together


@pytest.fixture(autouse=True)
def outside_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)


def test_the_folder_is_named_to_processes_that_are_started_and_goes_at_the_end() -> None:
    with counted_together():
        folder = Path(os.environ[FOLDER_VARIABLE])
        assert folder.is_dir()
    assert not folder.exists()
    assert FOLDER_VARIABLE not in os.environ


def test_it_is_in_the_folder_that_systemd_gives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", f"{tmp_path}:/run/another")
    with counted_together():
        assert Path(os.environ[FOLDER_VARIABLE]).parent == tmp_path


def test_a_folder_that_does_not_exist_is_not_counted_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "missing"))
    with counted_together():
        assert Path(os.environ[FOLDER_VARIABLE]).is_dir()
