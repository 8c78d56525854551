"""Pulses and the office in a site file."""

import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from gate_controller.contract.lane_sheet import LaneSheet
from gate_controller.contract.languages import Language
from gate_controller.contract.site_facts import OfficeLane, SiteFacts
from gate_controller.installer.check import _check_lanes, check_gate
from gate_controller.installer.lines import Verdict
from gate_controller.site_file.config import ConfigRefused
from gate_controller.site_file.load import load_config
from gate_controller.site_file.office_facts import store_facts
from gate_controller.site_file.outputs import LaneSection
from gate_controller.site_file.pulse_limits import PulseLimits, cut_times, limits_of, stored_lanes
from tests.support.compounds.people import lane, person, records
from tests.support.gates.bench import LANE, bench_gate

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


STRIKE, MAGNET = (
    {"lock": "fail_secure_strike", "contact": "no"},
    {"lock": "fail_safe_magnet", "contact": "nc"},
)
MOTOR, TURNSTILE = {"lock": "pulse_motor", "contact": "no"}, {"lock": "turnstile", "contact": "no"}


@pytest.mark.parametrize(
    ("keys", "limits"),
    [
        ({}, PulseLimits(30.0, 60.0, True)),
        ({"max_pulse_seconds": 120.0}, PulseLimits(120.0, 120.0, True)),
        (STRIKE | {"max_pulse_seconds": 120.0}, PulseLimits(30.0, 60.0, True)),
        (MAGNET | {"max_pulse_seconds": 5.0, "max_on_seconds": 20.0}, PulseLimits(5.0, 20.0, True)),
        (MAGNET | {"max_pulse_seconds": 5.0, "max_on_seconds": 2.0}, PulseLimits(5.0, 5.0, True)),
        (MOTOR, PulseLimits(3.0, 3.0, False)),
        (TURNSTILE | {"max_on_seconds": 600.0}, PulseLimits(10.0, 10.0, False)),
    ],
)
def test_the_limits_of_an_output(keys: dict[str, object], limits: PulseLimits) -> None:
    assert limits_of(LaneSection(relay="board", **keys)) == limits  # type: ignore[arg-type]  # a table of keys


def test_an_output_of_an_osdp_reader_has_the_protocols_own_longest_pulse() -> None:
    assert limits_of(LaneSection(relay="reader"), by_osdp=True) == PulseLimits(25.5, 60.0, True)


@pytest.mark.parametrize(
    ("usual", "slow", "said"),
    [
        (3.0, 15.0, None),
        (30.0, 30.0, None),
        (3.0, 45.0, "its time for who walks slowly (45 s)"),
        (60.0, 120.0, "its usual time (60 s) and its time for who walks slowly (120 s)"),
    ],
)
def test_which_times_of_the_policy_are_cut(usual: float, slow: float, said: str | None) -> None:
    text = cut_times(lane(pulse_seconds=usual, slow_pulse_seconds=slow), 30.0)
    assert (text is None) if said is None else (said in str(text))


def test_the_installer_is_warned_of_a_stored_policy_whose_times_are_cut_and_the_file_is_left(
    tmp_path: Path,
) -> None:
    with bench_gate(tmp_path) as bench:
        site_file = bench.write_site_file()
        policy_file = tmp_path / "data" / "policy.sqlite3"
        assert stored_lanes(policy_file) == {}
        bench.give_policy(records(person(), lane(slow_pulse_seconds=45.0)))
        before = policy_file.read_bytes()
        lines = list(check_gate(load_config(site_file), datetime.now(UTC), time.monotonic, seconds=0.2))
        (said,) = [line for line in lines if "who walks slowly (45 s)" in line.text]
        assert (said.part, said.name, said.verdict) == ("lane", LANE, Verdict.WARNING)
        assert policy_file.read_bytes() == before
        policy_file.write_bytes(b"no database at all" * 100)
        assert stored_lanes(policy_file) == {}
