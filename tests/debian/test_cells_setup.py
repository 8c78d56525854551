"""`menjin-server-setup --cells`, its functions alone: many compounds, each a cell of one server."""

import stat
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.debian.setup_commands import no_locale, server
from tests.support.wheels import ROOT

__all__ = ["no_locale", "server"]


@pytest.fixture
def cells(server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The part of the server's command that sets up many compounds, on a folder with two cells."""
    module = sys.modules["cells_setup"]
    for name, place in {
        "CELLS": "cells",
        "DROP_IN": "menjin-web.service.d/cells.conf",
        "BACKUPS": "backups",
    }.items():
        monkeypatch.setattr(module, name, tmp_path / place)
    monkeypatch.setattr(module, "PACKAGES_DROP_IN", ROOT / "deploy/menjin-web-cells.conf")

    def run(*command: str, **_more: object) -> str:
        server.ran.append(command)
        if "list" in command:
            return '{"cell": "elm", "host": "elm.example"}\n{"cell": "oak", "host": null}\n'
        return ""

    monkeypatch.setattr(module, "run", run)
    return module


def test_a_server_of_many_compounds_is_set_up_and_led_to_their_hosts(
    server: Any, cells: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    led: list[list[str]] = []
    monkeypatch.setattr(server, "lead_hosts", lambda names, **_more: led.append(names))
    assert server.main(["--cells"]) == 0
    assert cells.DROP_IN.read_text() == (ROOT / "deploy/menjin-web-cells.conf").read_text()
    assert led == [["elm.example"]]
    assert ("/usr/bin/menjin-server", "upgrade", "--cells", str(cells.CELLS)) in server.ran
    assert stat.S_IMODE(server.PASSPHRASE.stat().st_mode) == 0o640
    assert "sudo menjin-server cells create" in capsys.readouterr().out
    cells.CELLS.mkdir()
    assert server.main([]) == 0
    assert led == [["elm.example"]] * 2, "a folder of cells says by itself what it is"
    for option in ("--postgresql", "--restore=x", "--manager-email=x"):
        assert server.main(["--cells", option]) == 2
    server.SETTINGS.write_text('public_url = "http://127.0.0.1:8000"')
    assert server.main(["--cells"]) == 2
    assert "menjin-server cells adopt" in capsys.readouterr().err


def test_each_cell_gets_a_folder_of_backups_once(cells: Any) -> None:
    texts = {"elm": 'public_url = "https://elm.example"', "oak": "not toml [", ".elm.making": ""}
    for name, text in texts.items():
        (cells.CELLS / name).mkdir(parents=True)
        (cells.CELLS / name / "web.toml").write_text(text)
    for _twice in range(2):
        cells.name_backup_dirs()
    settings = tomllib.loads((cells.CELLS / "elm/web.toml").read_text())
    assert settings == {"public_url": "https://elm.example", "backup_dir": str(cells.BACKUPS / "elm")}
    for name in ("oak", ".elm.making"):
        assert (cells.CELLS / name / "web.toml").read_text() == texts[name]
    assert [path.name for path in cells.BACKUPS.iterdir()] == ["elm"]
