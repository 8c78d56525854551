"""The two set-up commands of the packages, their functions alone: what fails halfway, and what is refused."""

import configparser
import os
import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gate_controller.updates import first_boot
from tests.debian.setup_commands import loaded, no_locale, server

__all__ = ["no_locale", "server"]

DEVICES = '[lane.north]\nrelay = "board"\n'


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The gate's command on a folder, as root; it pairs when the test says so."""
    module = loaded("gate_setup")
    places = {
        "FOLDER": "etc",
        "SITE_FILE": "etc/site.toml",
        "OLD_SITE_FILE": "etc/site.toml.old",
        "AUTHORITY": "etc/server_ca.pem",
        "IDENTITY": "identity.json",
        "WATCHDOG": "conf.d/menjin.conf",
        "CLOCKS": "clocks",
    }
    for name, place in places.items():
        monkeypatch.setattr(module, name, tmp_path / place)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(module, "switch_swap_off", lambda: None)
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
    (kept,) = server.RUN.glob("*/made/*")
    assert kept.read_text() == "the root key"
    assert f"its root key is in {kept}" in capsys.readouterr().err


def test_a_set_up_keeps_key_passphrase_and_folder_of_backups(server: Any) -> None:
    assert server.main([]) == 0
    assert (server.ROOT_KEY.read_text(), list(server.RUN.iterdir())) == ("the root key", [])
    assert stat.S_IMODE(server.ROOT_KEY.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.PASSPHRASE.stat().st_mode) == 0o640
    settings = server.SETTINGS.read_text()
    assert tomllib.loads(settings)["backup_dir"] == str(server.BACKUPS)
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
    assert [
        stat.S_IMODE(path.stat().st_mode)
        for path in (gate.FOLDER, gate.SITE_FILE, gate.WATCHDOG.parent, gate.WATCHDOG)
    ] == [0o755, 0o644, 0o755, 0o644]
    assert gate.main(["--devices", str(devices)]) == 0
    assert gate.main(["--server", "https://b.example.org"]) == 0
    said = tomllib.loads(gate.SITE_FILE.read_text())
    assert (said["gate"]["server_url"], said["gate"]["has_battery_clock"], said["lane"]) == (
        "https://b.example.org",
        False,
        {"north": {"relay": "board"}},
    )
    assert "https://a.example.org" in gate.OLD_SITE_FILE.read_text()
    gate.IDENTITY.touch()
    before = gate.SITE_FILE.read_text()
    assert gate.main(["--server", "https://c.example.org"]) == 2
    assert gate.main([]) == 0
    assert gate.SITE_FILE.read_text() == before


@pytest.mark.parametrize(
    ("clocks", "typed", "has_one"),
    [
        ((), None, False),
        (("rtc0",), None, False),
        (("rtc0",), "n", False),
        (("rtc0",), "y", True),
    ],
    ids=["no clock", "no person", "no battery", "a battery"],
)
def test_only_a_person_says_that_a_clock_has_a_battery(
    gate: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    clocks: tuple[str, ...],
    typed: str | None,
    has_one: bool,
) -> None:
    for name in clocks:
        (tmp_path / "clocks" / name).mkdir(parents=True)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: typed is not None, raising=False)
    monkeypatch.setattr("builtins.input", lambda _question: typed)
    monkeypatch.setenv("LANGUAGE", "en_US.UTF-8")
    assert gate.main(["--server", "https://a.example.org"]) == 0
    assert tomllib.loads(gate.SITE_FILE.read_text())["gate"]["has_battery_clock"] is has_one


def test_the_swap_of_raspberry_pi_os_is_switched_off_where_it_is_made(tmp_path: Path) -> None:
    first_boot.switch_swap_off(tmp_path)
    assert list(tmp_path.iterdir()) == [], "another system's swap stays"
    generator = tmp_path / first_boot.SWAP_GENERATOR
    generator.parent.mkdir(parents=True)
    generator.touch()
    first_boot.switch_swap_off(tmp_path)
    settings = configparser.ConfigParser()
    assert settings.read(tmp_path / "etc/rpi/swap.conf.d/90-menjin.conf") != []
    assert settings["Main"]["mechanism"] == "none"


def test_a_server_of_a_checkout_gets_a_passphrase_before_its_tables_are_upgraded(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.SETTINGS.write_text('public_url = "http://127.0.0.1:8000"')
    sealed: list[bool] = []
    run = server.run

    def looked(*command: str, **more: Any) -> str:
        if command[-1] == "upgrade":
            sealed.append(server.has_passphrase())
        return str(run(*command, **more))

    monkeypatch.setattr(server, "run", looked)
    assert server.main(["--no-proxy"]) == 0
    assert sealed == [True]
    assert server.ran.index(("/usr/bin/menjin-server", "upgrade")) < server.ran.index(
        ("systemctl", "enable", "--quiet", "--now", "menjin-web.service", "menjin-backup.timer")
    )


def test_a_server_starts_from_a_backup_by_the_passphrase_that_seals_the_next_ones(
    server: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sealed").write_bytes(b"a sealed backup")
    (tmp_path / "word").write_text("the word on paper\n")
    address = ["--public-url", "https://gate.example.org"]
    words = ["--restore", str(tmp_path / "sealed"), *address, "--postgresql"]
    server.make_database = lambda: None
    assert server.main(words) == 2, "the passphrase is missing"
    for option in ("--root-key", "--manager-password-file"):
        assert server.main([*words, option, str(tmp_path / "word")]) == 2
    assert server.ran == []
    assert server.main([*words, "--backup-passphrase-file", str(tmp_path / "word")]) == 0
    (restored,) = [command for command in server.ran if "restore" in command]
    assert restored[:6] == ("runuser", "-u", "menjin-web", "--", server.PROGRAM, "web")
    assert {"--behind-proxy", "--public-url", server.DATABASE_URL} <= set(restored)
    assert server.lent == (b"a sealed backup", "the word on paper\n")
    assert server.PASSPHRASE.read_text() == "the word on paper\n"
    assert (server.ROOT_KEY.exists(), list(server.ROOM.iterdir())) == (False, [])
    assert "sudo menjin-server staff-link EMAIL" in capsys.readouterr().out
    assert server.main(words) == 2, "there is a server now"


ENGLISH = re.compile(r"[A-Za-z]{3,} [A-Za-z]{3,}")
AS_THEY_ARE = re.compile(r"“[^”]*”|sudo .*|journalctl -u \S+|/\S+")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_set_ups_speak_the_language_of_the_locale(
    server: Any,
    gate: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LANGUAGE", {"zh": "zh_CN.UTF-8", "en": "en_GB.UTF-8"}[language])
    (tmp_path / "devices.toml").write_text("")
    words = ["--server", "https://a.example.org", "--devices", str(tmp_path / "devices.toml")]
    assert (server.main([]), server.main([]), server.main(["--postgresql"])) == (0, 0, 2)
    assert (gate.main(words), gate.main([]), gate.main(["--server", "http://a.example.org"])) == (0, 0, 2)
    for command in (server, gate):
        with pytest.raises(SystemExit):
            command.main(["--help"])
    said = capsys.readouterr()
    lines = [AS_THEY_ARE.sub("", line) for line in f"{said.out}{said.err}".splitlines()]
    own = [line for line in lines if not line.startswith((" ", "usage:", "options:"))]
    english = [line for line in own if ENGLISH.search(line)]
    assert bool(english) == (language == "en"), english


def test_where_the_locale_names_no_language_the_first_question_does(
    gate: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)

    def typed(question: str) -> str:
        asked.append(question)
        return ["中文", "https://a.example.org"][len(asked) - 1]

    monkeypatch.setattr("builtins.input", typed)
    assert gate.main([]) == 0
    assert asked == ["Language / 语言 (1 English, 2 中文): ", "服务器地址（https://…）: "]
    assert os.environ["LANGUAGE"] == "zh", "what it starts speaks the same"
    assert "没有已知的带电池时钟" in capsys.readouterr().out


def test_devices_that_are_no_toml_replace_nothing(
    gate: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    devices = tmp_path / "devices.toml"
    devices.write_text("[lane.north\n")
    assert gate.main(["--server", "https://a.example.org", "--devices", str(devices)]) == 2
    assert f"{devices}: not TOML" in capsys.readouterr().err
    assert not gate.FOLDER.exists()
