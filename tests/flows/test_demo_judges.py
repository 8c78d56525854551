"""Steps of the demo that no saboteur reaches say no all the same where the product is broken.

The saboteurs sit in the gate and on its cable; what the office's server or the command `menjin gate check`
takes is beyond them. So those steps are held against an office that is broken, and against a sheet that the
real command takes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from demo.actors.office_actions import DeskRefused
from demo.judge import StepFailed
from demo.script import STEP_NAMES
from demo.steps.lane_sheets import SENTENCE, unsafe_lane_sheet_refused
from demo.steps.server import face_only_lane_refused_by_admin
from tests.flows.noticed import NOTICED
from tests.support.gates.bench import BenchGate, bench_gate

SHEET = """
[lane.north-in.sheet]
lock = "fail_secure_strike"
fails = "secure"
on_escape_route = {escape}
free_exit = "handle"
fire_release = "mechanical"
manual_release = true
exit_sign_photo = "binder 1"
exit_sign_date = 2026-11-01
reader_heights_mm = [1100]
opening_width_mm = 950
is_accessible_lane = true
emergency_access = "key box"
last_drill = 2026-11-01
"""


@dataclass
class Office:
    """An office that answers a sheet in one way, and publishes or not."""

    refusal: str | None
    publishes: bool = False
    version: int = 1

    def policy(self) -> tuple[int, int]:
        """Return what is published."""
        return 1, self.version

    def offer_only(self, lane_id: str, methods: tuple[str, ...]) -> None:
        """Take the ways in of a lane or refuse them."""
        assert (lane_id, methods) == ("north-in", ("face",))
        self._answer()

    def change_sheet(self, lane_id: str, field: str, value: str) -> None:
        """Take a sheet or refuse it."""
        assert (lane_id, field, value) == ("north-in", "free_exit", "none")
        self._answer()

    def _answer(self) -> None:
        self.version += self.publishes
        for words in [self.refusal] * (self.refusal is not None):
            raise DeskRefused(words)


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[BenchGate]:
    with bench_gate(tmp_path, more=SHEET.format(escape=request.param)) as bench:
        yield bench


def stage_with(office: Office, bench: BenchGate) -> SimpleNamespace:
    site_file = bench.write_site_file()
    # Test machines have no such clock, and the check would refuse the file for that.
    text = site_file.read_text(encoding="utf-8")
    without = text.replace("has_battery_clock = true", "has_battery_clock = false")
    site_file.write_text(without, encoding="utf-8")
    ends = SimpleNamespace(process=SimpleNamespace(site_file=site_file), folder=bench.root)
    return SimpleNamespace(office=office, desk=office, gates={"north": ends}, logs=bench.root)


WITHOUT_SABOTEUR = {
    "unsafe_lane_sheet_refused",
    "review_signed",  # tests/flows/test_demo_review.py
    "face_only_lane_refused_by_admin",  # below
    "face_only_lane_refused_by_gate",
    "events_arrive_after_reconnect",  # by nothing yet
    "push_wakes_phone",  # tests/web_admin/calls/test_pushes.py
}


def test_every_other_step_is_broken_by_a_saboteur() -> None:
    assert set(STEP_NAMES) - set().union(*NOTICED.values()) == WITHOUT_SABOTEUR


HONEST = f"This lane cannot go live. {SENTENCE}"


@pytest.mark.parametrize("bench", ["true"], indirect=True)
def test_where_both_refuse_the_step_is_good(bench: BenchGate) -> None:
    assert HONEST in unsafe_lane_sheet_refused(stage_with(Office(HONEST), bench)).detail


@pytest.mark.parametrize(
    ("office", "bench", "words"),
    [
        (Office(None), "true", "went live at the office"),
        (Office("That will not do."), "true", "names no rule"),
        (Office(HONEST, publishes=True), "true", "published all the same"),
        (Office(HONEST), "false", "gate check took an escape route"),
    ],
    indirect=["bench"],
)
def test_where_one_of_them_is_broken_the_step_says_so(office: Office, bench: BenchGate, words: str) -> None:
    with pytest.raises(StepFailed, match=words):
        unsafe_lane_sheet_refused(stage_with(office, bench))


def test_a_lane_of_face_alone_that_is_refused_is_a_good_step() -> None:
    office = Office(HONEST)
    assert HONEST in face_only_lane_refused_by_admin(SimpleNamespace(office=office, desk=office)).detail


@pytest.mark.parametrize(
    ("office", "words"),
    [
        (Office(None), "face as its only way was saved"),
        (Office(HONEST, publishes=True), "published all the same"),
    ],
)
def test_a_lane_of_face_alone_that_is_saved_is_a_bad_one(office: Office, words: str) -> None:
    with pytest.raises(StepFailed, match=words):
        face_only_lane_refused_by_admin(SimpleNamespace(office=office, desk=office))
