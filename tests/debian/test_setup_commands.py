"""The two set-up commands of the packages, their functions alone: what fails halfway, and what is refused."""

import importlib.util
import os
import stat
import subprocess
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.wheels import ROOT

DEVICES = '[lane.north]\nrelay = "board"\n'


def loaded(name: str) -> Any:
    path = ROOT / "deploy/debian" / name.partition("_")[0] / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The server's command on a folder, as root, with an `init` that writes key and settings."""
    module = loaded("server_setup")
    places = {"SETTINGS": "web.toml", "PASSPHRASE": "backup_passphrase", "PROXY": "menjin.conf", "RUN": "run",
              "ROOT_KEY": "root.pem"}  # fmt: skip
    for name, place in places.items():
        monkeypatch.setattr(module, name, tmp_path / place)
    (tmp_path / "run").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "chown", lambda *_where: None)
    monkeypatch.setattr(module.pwd, "getpwnam", lambda _name: SimpleNamespace(pw_uid=1, pw_gid=1))
    for name in ("wait_until_ready", "refuse_without_caddy"):
        monkeypatch.setattr(module, name, lambda: None)
    module.ran = []

    def run(*command: str, **_more: object) -> str:
        module.ran.append(command)
        if "init" in command:
            Path(command[command.index("--root-key") + 1]).write_text("the root key")
            module.SETTINGS.write_text('public_url = "http://127.0.0.1:8000"')
        return ""

    monkeypatch.setattr(module, "run", run)
    return module


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The gate's command on a folder, as root; it pairs when the test says so."""
    module = loaded("gate_setup")
    places = {"FOLDER": "etc", "SITE_FILE": "etc/site.toml", "OLD_SITE_FILE": "etc/site.toml.old",
              "AUTHORITY": "etc/server_ca.pem", "IDENTITY": "identity.json",
              "WATCHDOG": "conf.d/menjin.conf"}  # fmt: skip
    for name, place in places.items():
        monkeypatch.setattr(module, name, tmp_path / place)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(module, "SWAPS", ())
    monkeypatch.setattr(module, "pair", lambda _code: None)
    monkeypatch.setattr(module, "run", lambda *_command: None)
    (tmp_path / "devices.toml").write_text(DEVICES)
    return module


def test_a_root_key_that_cannot_be_written_is_refused_before_anything_is_made(
    server: Any, tmp_path: Path
) -> None:
    assert server.main(["--root-key", str(tmp_path / "no/such/folder.pem")]) == 1
    (tmp_path / "there.pem").write_text("an earlier key")
    assert server.main(["--root-key", str(tmp_path / "there.pem")]) == 2
    assert (server.ran, (tmp_path / "there.pem").read_text()) == ([], "an earlier key")


def test_an_init_that_fails_leaves_no_empty_root_key(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_command: str, **_more: object) -> str:
        raise subprocess.CalledProcessError(2, ["runuser"])

    monkeypatch.setattr(server, "run", fails)
    assert server.main([]) == 1
    assert (server.ROOT_KEY.exists(), list(server.RUN.iterdir())) == (False, [])


def test_the_only_root_key_stays_where_its_copy_fails(
    server: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert server.main([]) == 2
    (kept,) = server.RUN.glob("*/*")
    assert kept.read_text() == "the root key"
    assert f"its root key is in {kept}" in capsys.readouterr().err


def test_a_set_up_keeps_key_passphrase_and_folder_of_backups(server: Any) -> None:
    assert server.main([]) == 0
    assert (server.ROOT_KEY.read_text(), list(server.RUN.iterdir())) == ("the root key", [])
    assert stat.S_IMODE(server.ROOT_KEY.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.PASSPHRASE.stat().st_mode) == 0o640
    settings = server.SETTINGS.read_text()
    assert tomllib.loads(settings)["backup_dir"] == "/var/backups/menjin"
    # A line that is missing comes back, and only then; an empty passphrase is none.
    server.PASSPHRASE.write_text("")
    assert server.main([]) == 0
    assert server.SETTINGS.read_text() == settings
    assert len(server.PASSPHRASE.read_text()) == 30
    server.SETTINGS.write_text(settings.partition("\n")[0])
    assert server.main([]) == 0
    assert server.SETTINGS.read_text() == settings


@pytest.mark.parametrize(
    "words", [["--data-dir=/x"], ["--database-url", "x"], ["--behind-proxy"], ["--brief"]], ids=str
)
def test_what_the_package_chooses_itself_is_refused(server: Any, words: list[str]) -> None:
    assert server.main(words) == 2
    assert server.ran == []


def test_options_that_cannot_take_effect_are_refused(
    server: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "word").write_text("short\n")
    word = ["--backup-passphrase-file", str(tmp_path / "word")]
    assert server.main(word) == 2
    assert (server.ran, "at least 8 characters" in capsys.readouterr().err) == ([], True)
    assert server.main([]) == 0
    for words in (["--postgresql"], ["--language", "zh"], word):
        assert server.main(words) == 2
        assert words[0] in capsys.readouterr().err


def test_a_later_run_keeps_caddys_own_authority(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[bool] = []
    monkeypatch.setattr(server, "set_up_caddy", lambda _url, own_authority: chosen.append(own_authority))
    assert server.main([]) == 0
    server.PROXY.write_text("Environment=MENJIN_CERTIFICATES=local_certs\n")
    assert server.main([]) == 0
    assert chosen == [False, True]


def test_a_site_file_is_written_again_until_the_gate_is_paired(gate: Any, tmp_path: Path) -> None:
    devices = tmp_path / "devices.toml"
    old_mask = os.umask(0o077)
    try:
        assert gate.main(["--server", "https://a.example.org", "--no-battery-clock"]) == 0
    finally:
        os.umask(old_mask)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (gate.FOLDER, gate.SITE_FILE, gate.WATCHDOG.parent,
            gate.WATCHDOG)] == [0o755, 0o644, 0o755, 0o644]  # fmt: skip
    assert gate.main(["--devices", str(devices)]) == 0
    assert gate.main(["--server", "https://b.example.org"]) == 0
    said = tomllib.loads(gate.SITE_FILE.read_text())
    assert (said["gate"]["server_url"], said["gate"]["has_battery_clock"], said["lane"]) == (
        "https://b.example.org", False, {"north": {"relay": "board"}},
    )  # fmt: skip
    assert "https://a.example.org" in gate.OLD_SITE_FILE.read_text()
    gate.IDENTITY.touch()
    before = gate.SITE_FILE.read_text()
    assert gate.main(["--server", "https://c.example.org"]) == 2
    assert gate.main([]) == 0
    assert gate.SITE_FILE.read_text() == before


def test_devices_that_are_no_toml_replace_nothing(
    gate: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    devices = tmp_path / "devices.toml"
    devices.write_text("[lane.north\n")
    assert gate.main(["--server", "https://a.example.org", "--devices", str(devices)]) == 2
    assert f"{devices}: not TOML" in capsys.readouterr().err
    assert not gate.FOLDER.exists()
