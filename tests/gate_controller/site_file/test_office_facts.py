"""A site file says what the installer knows; the rest is what the office said."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from gate_controller.contract.lane_sheet import LaneSheet
from gate_controller.contract.languages import Language
from gate_controller.contract.site_facts import OfficeLane, SiteFacts
from gate_controller.installer.check import _check_lanes
from gate_controller.site_file.config import ConfigRefused
from gate_controller.site_file.load import load_config
from gate_controller.site_file.office_facts import store_facts

NOW = datetime(2026, 7, 6, tzinfo=UTC)
SHEET = LaneSheet(
    lock="fail_secure_strike", fails="secure", on_escape_route=False, last_drill=date(2026, 7, 1)
)


def site_file(folder: Path, more: str = "") -> Path:
    path = folder / "site.toml"
    path.write_text(f"""
[gate]
data_dir = "{folder}/data"
secrets_dir = "{folder}/secrets"
server_url = "https://gate.example.org"

[relay.board]
kind = "usb_relay"
port = "/dev/serial/by-id/board"

[lane.north-in]
relay = "board"
lock = "fail_secure_strike"
contact = "no"
{more}
""")
    return path


def office_says(folder: Path, sheet: LaneSheet | None = SHEET) -> None:
    lanes = [OfficeLane(lane_id="north-in", name="in", sheet=sheet), OfficeLane(lane_id="b", name="b")]
    facts = SiteFacts(language=Language.EN, card_bits=24, lanes=tuple(lanes))
    store_facts(folder / "data", facts)


def test_a_sheet_that_the_office_has_is_not_asked_for_again(tmp_path: Path) -> None:
    path = site_file(tmp_path)
    asked = [line.text for line in _check_lanes(load_config(path), NOW)]
    assert any("there is none: measure and photograph" in text for text in asked)
    office_says(tmp_path)
    config = load_config(path)
    assert config.lane["north-in"].sheet == SHEET
    assert (config.gate.language, config.gate.card_bits) == (Language.EN, 24)
    asked = [line.text for line in _check_lanes(config, NOW)]
    assert not any("there is none" in text for text in asked)


def test_the_files_own_words_go_first(tmp_path: Path) -> None:
    office_says(tmp_path)
    own = '[lane.north-in.sheet]\nfails = "safe"\non_escape_route = false\nlock = "fail_secure_strike"'
    path = site_file(tmp_path, own)
    with pytest.raises(ConfigRefused):
        load_config(path)  # its own sheet is wrong, whatever the office has


@pytest.mark.parametrize("stored", [b"", b"{", b"\0" * 100, b'{"language":"zh"}'])
def test_facts_that_cannot_be_read_are_none(tmp_path: Path, stored: bytes) -> None:
    office_says(tmp_path)
    (tmp_path / "data" / "site_facts.json").write_bytes(stored)
    assert load_config(site_file(tmp_path)).lane["north-in"].sheet is None
