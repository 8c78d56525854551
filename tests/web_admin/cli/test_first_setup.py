"""An operator types at a real terminal: one wrong answer costs one line."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import text

from tests.support.terminal import Terminal
from web_admin.cli import first_setup
from web_admin.cli.main import run as main
from web_admin.core.database import make_engine

ROOT = Path(__file__).resolve().parents[3]
PASSPHRASE, PASSWORD = "a long passphrase", "three unrelated words"


def init(folder: Path, *more: str, locale: str = "en_GB.UTF-8", zone: str = "UTC") -> Terminal:
    words = [sys.executable, "-m", "menjin", "web", "init", "--data-dir", folder / "data", *more]
    return Terminal(words, folder=ROOT, env={**os.environ, "LANGUAGE": locale, "TZ": zone})


@pytest.mark.wide
def test_where_the_locale_names_no_language_the_compounds_is_spoken(tmp_path: Path) -> None:
    with init(tmp_path, locale="C.UTF-8") as terminal:
        terminal.sees("Language of the compound / 小区的语言 (1 English, 2 中文): ")
        terminal.types("2")
        terminal.sees("小区所在时区，例如 Asia/Shanghai: ")
        terminal.types("Mars/Base")
        terminal.sees("没有时区 'Mars/Base'")


@pytest.mark.wide
def test_a_wrong_answer_is_asked_for_again_and_the_address_is_the_last_line(tmp_path: Path) -> None:
    (tmp_path / "old.pem").write_text("an earlier key")
    said = [
        ("Language of the compound / 小区的语言 (1 English, 2 中文): ", ("3", "2")),
        ("Time zone of the compound, such as Asia/Shanghai [Asia/Chongqing]: ", ("Mars/Base", "")),
        ("Name of the compound: ", ("", "柳苑")),
        ("Address that residents type (https://…): ", ("http://10.0.0.5", "https://gate.example.org/")),
        ("File to write the root key to: ", (str(tmp_path / "old.pem"), str(tmp_path / "root.pem"))),
        ("Passphrase of the root key (at least 8 characters): ", ("short", PASSPHRASE)),
        ("once more: ", (PASSPHRASE,)),
        ("E-mail address of the manager: ", ("lin", "lin@example.org")),
        ("Password of the manager (at least 10 characters): ", ("short", "menjin12345", PASSWORD)),
        ("once more: ", ("three other words",)),
        ("Password of the manager (at least 10 characters): ", (PASSWORD,)),
        ("once more: ", (PASSWORD,)),
        ("or tel:+NUMBER [none]: ", ("me@example.org", "mailto:me@example.org")),
    ]
    with init(tmp_path, zone="Asia/Chongqing") as terminal:
        for question, answers in said:
            for answer in answers:
                terminal.sees(question)
                terminal.types(answer)
        assert terminal.ends() == 0, terminal.screen
    shown = terminal.screen
    assert [line for line in shown.splitlines() if line.startswith("  ")] == [
        "  one of: 1 English, 2 中文",
        "  there is no time zone 'Mars/Base'; legal are IANA names such as Asia/Shanghai",
        "  please answer",
        "  http://10.0.0.5 is not encrypted; legal is https://, and http:// to this machine alone",
        f"  {tmp_path}/old.pem exists",
        "  use at least 8 characters",
        "  'lin' is not an e-mail address",
        "  use at least 10 characters",
        "  That is too easy to guess. Three unrelated words are good.",
        "  the two were not the same",
        "  that is 'me@example.org'; legal are mailto:NAME@PLACE, https://PAGE or tel:+NUMBER",
    ]
    assert shown.splitlines()[-1] == "https://gate.example.org/staff/sign-in"
    assert (PASSPHRASE in shown, PASSWORD in shown) == (False, False)
    load_pem_private_key((tmp_path / "root.pem").read_bytes(), PASSPHRASE.encode())
    assert tomllib.loads((tmp_path / "data/web.toml").read_text()) == {
        "public_url": "https://gate.example.org/",
        "security_contact": "mailto:me@example.org",
    }
    engine = make_engine(f"sqlite:///{tmp_path}/data/menjin.sqlite3")
    with engine.connect() as connection:
        (site,) = connection.execute(text("SELECT name, language, timezone FROM site"))
    engine.dispose()
    assert tuple(site) == ("柳苑", "zh", "Asia/Chongqing")


@pytest.mark.wide
def test_what_an_option_says_is_not_asked_for_and_the_contact_may_be_none(tmp_path: Path) -> None:
    (tmp_path / "word").write_text(f"{PASSPHRASE}\n")
    given = [
        "--language",
        "en",
        "--timezone",
        "Asia/Shanghai",
        "--name",
        "Willow Court",
        "--public-url",
        "http://127.0.0.1:8000",
        "--root-key",
        str(tmp_path / "root.pem"),
        "--root-passphrase-file",
        str(tmp_path / "word"),
        "--manager-email",
        "m@example.org",
        "--behind-proxy",
        "--brief",
    ]
    with init(tmp_path, *given) as terminal:
        for question in ("Password of the manager (at least 10 characters): ", "once more: "):
            terminal.sees(question)
            terminal.types(PASSWORD)
        terminal.sees("[none]: ")
        terminal.types("")
        assert terminal.ends() == 0, terminal.screen
    assert "Move " not in terminal.screen
    assert tomllib.loads((tmp_path / "data/web.toml").read_text()) == {
        "public_url": "http://127.0.0.1:8000",
        "trusted_proxies": 1,
    }


def options_of(folder: Path) -> list[str]:
    for name, words in (("word", PASSPHRASE), ("password", PASSWORD)):
        (folder / name).write_text(f"{words}\n")
    return [
        "--data-dir",
        str(folder / "data"),
        "--language",
        "en",
        "--timezone",
        "Asia/Shanghai",
        "--name",
        "Willow Court",
        "--public-url",
        "https://gate.example.org",
        "--security-contact",
        "mailto:me@example.org",
        "--root-key",
        str(folder / "root.pem"),
        "--root-passphrase-file",
        str(folder / "word"),
        "--manager-email",
        "m@example.org",
        "--manager-password-file",
        str(folder / "password"),
    ]


@pytest.mark.wide
def test_settings_come_last_and_a_set_up_that_was_cut_off_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["init", *options_of(tmp_path)]
    data = tmp_path / "data"
    with monkeypatch.context() as cut:  # no step runs after a power cut, the one that removes things neither
        cut.setattr(first_setup, "remove_new", lambda *_where: None)
        cut.setattr(first_setup, "create_manager", power_cut)
        with pytest.raises(KeyboardInterrupt):
            main(words)
    assert ((data / "web.toml").exists(), (data / "secrets/seal.key").exists()) == (False, True)
    assert main(words) != 0
    _said, command = capsys.readouterr().err.strip().split("If no server ever ran here: ")
    assert (data / "secrets/seal.key").exists()
    subprocess.run(shlex.split(command), check=True)
    assert main(words) == 0
    assert sorted(path.name for path in data.glob("web.toml*")) == ["web.toml"]


def test_a_set_up_that_fails_leaves_nothing_and_no_database_of_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["init", *options_of(tmp_path)]
    (tmp_path / "data").mkdir()
    records = tmp_path / "data/menjin.sqlite3"
    records.write_bytes(b"records of someone")
    assert main(words) != 0
    assert records.read_bytes() == b"records of someone"
    assert str(records) in capsys.readouterr().err


def test_a_manager_who_begins_by_a_link_has_no_password_until_then(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = options_of(tmp_path)[: -len(("--manager-password-file", "its path"))]
    assert main(["init", *words, "--manager-link", "--brief"]) == 0
    link = capsys.readouterr().out.splitlines()[-1]
    assert re.fullmatch(r"https://gate\.example\.org/staff/join\?code=\w{4}(-\w{4}){3}", link)
    engine = make_engine(f"sqlite:///{tmp_path}/data/menjin.sqlite3")
    with engine.connect() as connection:
        ((email, is_active, password),) = connection.execute(
            text("SELECT email, active, password FROM account")
        )
        ((used_at,),) = connection.execute(text("SELECT used_at FROM staff_invitation"))
    engine.dispose()
    assert (email, is_active, password, used_at) == ("m@example.org", 0, None, None)


def power_cut(*_anything: object) -> None:
    raise KeyboardInterrupt
