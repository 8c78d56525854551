"""The set-up commands of the packages, loaded as modules."""

import importlib.util
import os
import pwd
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.wheels import ROOT

LOCALE = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")

PLACES_OF_PARTS = (
    ("neighbours", "PROXY"),
    ("backup_passphrase", "PASSPHRASE"),
    ("setup_options", "ROOT_KEY"),
)


def loaded(name: str, folder: str = "") -> Any:
    """A program of a package: `gate_setup` is in the folder of its first word."""
    path = ROOT / "deploy/debian" / (folder or name.partition("_")[0]) / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def no_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LOCALE:
        monkeypatch.setenv(name, "C")  # what a program sets is taken back too


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The server's command on a folder, as root, with an `init` that writes key and settings."""
    module = loaded("server_setup")
    places = {
        "SETTINGS": "web.toml",
        "PASSPHRASE": "backup_passphrase",
        "PROXY": "menjin.conf",
        "RUN": "run",
        "ROOM": "room",
        "BACKUPS": "backups",
        "ROOT_KEY": "root.pem",
    }
    for name, place in places.items():
        monkeypatch.setattr(module, name, tmp_path / place)
    for part, name in PLACES_OF_PARTS:
        monkeypatch.setattr(sys.modules[part], name, tmp_path / places[name])
    for name in ("run", "room", "backups"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda *_where: None)
    monkeypatch.setattr(os, "fchown", lambda *_where: None)
    monkeypatch.setattr(pwd, "getpwnam", lambda _name: SimpleNamespace(pw_uid=1, pw_gid=1))
    for name in ("wait_until_ready", "refuse_without_caddy"):
        monkeypatch.setattr(module, name, lambda: None)
    module.ran, module.lent = [], None

    def run(*command: str, **_more: object) -> str:
        module.ran.append(command)
        if "init" in command:
            Path(command[command.index("--root-key") + 1]).write_text("the root key")
            module.SETTINGS.write_text('public_url = "http://127.0.0.1:8000"')
        if "restore" in command:
            file = Path(command[command.index("restore") + 1])
            word = Path(command[command.index("--passphrase-file") + 1])
            module.lent = (file.read_bytes(), word.read_text())
            module.SETTINGS.write_text('public_url = "http://127.0.0.1:8000"')
        return ""

    monkeypatch.setattr(module, "run", run)
    return module
