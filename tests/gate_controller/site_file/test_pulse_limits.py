"""How long an output may be on, from the lock's kind, the site file and the policy."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gate_controller.installer.check import check_gate
from gate_controller.installer.lines import Verdict
from gate_controller.site_file.load import load_config
from gate_controller.site_file.outputs import LaneSection
from gate_controller.site_file.pulse_limits import PulseLimits, cut_times, limits_of, stored_lanes
from tests.support.compounds.people import lane, person, records
from tests.support.gates.bench import LANE, bench_gate

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
