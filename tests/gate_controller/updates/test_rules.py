"""A gate checks an update, and takes some."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gate_controller.contract.program import program_version
from gate_controller.updates.fetch import check_version
from gate_controller.updates.launcher import TRIAL_SECONDS, lib_of
from gate_controller.updates.rules import Judgement, TrialFacts, judge
from gate_controller.updates.updates import NotFetched
from tests.support.gates.bench import SITE_FILE
from tests.support.gates.versions import CHECKOUT, make_wheel


def well(**more: object) -> TrialFacts:
    devices = frozenset({"board", "card"})
    facts = TrialFacts(True, devices, has_policy=True, has_reported=True, well=set(devices))
    for name, value in more.items():
        setattr(facts, name, value)
    return facts


def test_it_is_kept_as_soon_as_a_card_has_opened() -> None:
    assert judge(well(), 1.0).verdict == "wait"
    assert judge(well(opened=1), 1.0) == Judgement("keep")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"has_reported": False}, "the server did not hear from it"),
        ({"has_policy": False}, "it has no rules"),
        ({"well": {"card"}}, "devices that worked before do not: board"),
    ],
)
def test_a_card_is_not_enough_where_something_else_is_not_well(more: dict[str, object], why: str) -> None:
    facts = well(opened=1, **more)
    assert judge(facts, TRIAL_SECONDS - 1).verdict == "wait"
    late = judge(facts, TRIAL_SECONDS)
    assert late.verdict == "roll_back"
    assert why in late.why


def test_what_no_sound_version_records_ends_it_at_once() -> None:
    assert judge(well(opened=3, failed="alarm_gate_failed"), 2.0).verdict == "roll_back"


def test_people_to_whom_it_did_not_open_in_time_end_it() -> None:
    facts = well(turned_away=2, relays_tested=True)
    assert judge(facts, TRIAL_SECONDS - 1).verdict == "wait"
    assert judge(facts, TRIAL_SECONDS).verdict == "roll_back"


def test_where_no_one_came_the_relays_are_tried_instead() -> None:
    assert judge(well(), TRIAL_SECONDS).verdict == "test_relays"
    assert judge(well(relays_tested=True), TRIAL_SECONDS).verdict == "keep"
    assert judge(well(relays_tested=False), TRIAL_SECONDS).verdict == "roll_back"


def test_a_gate_that_had_no_rules_needs_none() -> None:
    facts = TrialFacts(False, frozenset(), has_reported=True, opened=1)
    assert judge(facts, 1.0).verdict == "keep"


USB_RELAY = "hardware/relays/usb.py"


def unpacked(root: Path, version: str, changed: dict[str, str] | None = None) -> None:
    lib = lib_of(root, version)
    lib.mkdir(parents=True)
    shutil.unpack_archive(make_wheel(root / "wheels", version, changed), lib, "zip")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(SITE_FILE.format(root=tmp_path, more=""), encoding="utf-8")
    return path


@pytest.mark.wide
def test_a_version_that_loads_whole_may_be_switched_to(tmp_path: Path, site: Path) -> None:
    unpacked(tmp_path, "0.3.0")
    check_version(tmp_path, "0.3.0", site)


@pytest.mark.wide
@pytest.mark.parametrize("module", [USB_RELAY, "hardware/relays/drivers.py", "hardware/readers/wiegand.py"])
@pytest.mark.first_set
def test_a_version_whose_device_does_not_load_is_refused(tmp_path: Path, site: Path, module: str) -> None:
    source = (CHECKOUT / module).read_text(encoding="utf-8")
    unpacked(tmp_path, "0.3.1", {module: f"raise ImportError('a broken file')\n{source}"})
    with pytest.raises(NotFetched, match="a broken file"):
        check_version(tmp_path, "0.3.1", site)


def test_a_version_without_the_driver_of_a_part_is_refused(tmp_path: Path, site: Path) -> None:
    source = (CHECKOUT / "hardware/relays/drivers.py").read_text(encoding="utf-8")
    unpacked(tmp_path, "0.3.1", {"hardware/relays/drivers.py": source.replace("api=API", "api=2")})
    with pytest.raises(NotFetched, match="is written for API 2"):
        check_version(tmp_path, "0.3.1", site)


WITHOUT_OPENCV = """
import importlib.machinery as machinery, sys
own = machinery.PathFinder.find_spec
machinery.PathFinder.find_spec = classmethod(
    lambda cls, name, *more: None if name.partition(".")[0] == "cv2" else own(name, *more)
)
import menjin
sys.exit(menjin.main())
"""


@pytest.mark.wide
def test_a_gate_without_opencv_is_ready_as_well(site: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_OPENCV, "gate", "ready", str(site)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, program_version()), done.stderr
