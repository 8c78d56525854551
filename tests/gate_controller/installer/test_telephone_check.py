"""Settings of the telephone program: its unit refuses some at the start, the installer reads of the rest."""

import shutil
from pathlib import Path

import pytest

from gate_controller import cli
from gate_controller.installer.lines import Verdict
from gate_controller.installer.telephone_check import check_telephone
from gate_controller.site_file.telephone import TelephoneSection
from tests.support.telephones import SHIPPED

WITH_KEY = TelephoneSection(guard_numbers=("201",), answer_needs_key=True)
PLAIN = "<sip:north-gate@pbx.example.org>;auth_pass=secret;regint=0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("config", "accounts"):
        shutil.copy(SHIPPED / name, tmp_path)
    return tmp_path


def starts(folder: Path) -> bool:
    """Return what the unit's own command says before it starts the program."""
    unit = (SHIPPED.parent / "menjin-telephone.service").read_text(encoding="utf-8")
    commands = [line.partition("=")[2] for line in unit.splitlines() if line.startswith("ExecStart")]
    _program, gate, word, _folder = commands[0].split()
    assert gate == "gate"
    return cli.run([word, str(folder)]) == 0


def test_the_program_starts_with_what_is_shipped(folder: Path) -> None:
    assert starts(folder)


def test_a_wrong_order_of_modules_is_refused_at_the_start(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = (folder / "config").read_text(encoding="utf-8").replace("module srtp.so\n", "")
    (folder / "config").write_text(f"{config}module srtp.so\n", encoding="utf-8")
    assert not starts(folder)
    assert "put it before" in capsys.readouterr().err


def test_an_exchange_that_cannot_encrypt_starts_and_is_a_weakness(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "accounts").write_text(PLAIN, encoding="utf-8")
    assert starts(folder)
    printed = capsys.readouterr().err
    assert "open and prove nothing" in printed
    assert "secret" not in printed


def test_an_answer_that_needs_a_key_is_wrong_where_no_key_counts(folder: Path) -> None:
    assert [line.verdict for line in check_telephone(WITH_KEY, folder)] == [Verdict.OK]
    (folder / "accounts").write_text(PLAIN, encoding="utf-8")
    assert [line.verdict for line in check_telephone(WITH_KEY, folder)] == [Verdict.WARNING, Verdict.WRONG]
    assert [line.verdict for line in check_telephone(TelephoneSection(), folder)] == [Verdict.WARNING]


def test_a_program_without_settings_is_wrong_and_a_gate_without_a_telephone_needs_none(
    tmp_path: Path,
) -> None:
    (line,) = check_telephone(TelephoneSection(), tmp_path)
    assert (line.verdict, str(tmp_path) in line.text) == (Verdict.WRONG, True)
    assert list(check_telephone(None, tmp_path)) == []
