"""Pairing that cannot begin says why, before a code is used up."""

from pathlib import Path

import pytest

from gate_controller import cli
from tests.support.gates.bench import SITE_FILE


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    text = SITE_FILE.format(root=tmp_path / "gate", more="")
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_terminal_the_code_is_asked_for_by_its_option(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path("/dev/null").open(encoding="ascii") as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert cli.run(["pair", str(site)]) == 2
    assert "no code was typed; give it with --code" in capsys.readouterr().err


def test_a_server_that_does_not_answer_is_named_with_the_keys_to_check(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["pair", str(site), "--code", "ABCD"]) == 1
    said = capsys.readouterr().err
    assert "does not answer; check gate.server_url, gate.server_ca and the network" in said


def test_a_place_for_secrets_that_cannot_be_made_is_reported_before_the_server_is_asked(
    site: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gate").write_text("in the way", encoding="ascii")
    assert cli.run(["pair", str(site), "--code", "ABCD"]) == 1
    assert "pair as the gate's user" in capsys.readouterr().err
