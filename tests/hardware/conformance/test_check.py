"""The check of drivers sees what a package lacks: whole, the example is gold, and each fault lowers it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hardware.conformance.check import check_driver
from hardware.conformance.cli import run
from hardware.conformance.points import Grade, Verdict, grade_of
from hardware.registry import installed_drivers
from tests.support.driver_packages import EXAMPLE, installed

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = "menjin-badge-reader"
CLASS = 'class BadgeReader(CardReader):\n    """A badge reader; hands up CardRead."""\n'
OPENS_ONCE = f"""{CLASS}
    opened = False

    def _open(self) -> None:
        if self.opened:
            raise DeviceRefused("it was open before")
        super()._open()
        self.opened = True
"""
SAYS_IT_TWICE = f"""{CLASS}
    def _say(self, health, detail, *, takes=True) -> None:
        super()._say(health, detail, takes=takes)
        if health == "lost":
            self._report_state(health, detail)
"""
LEAVES_A_THREAD = f"""{CLASS}
    def start(self, report) -> None:
        super().start(report)
        threading.Thread(target=time.sleep, args=(3.5,)).start()
"""
KEEPS_ALL = f"""{CLASS}
    @property
    def held_bytes(self) -> int:
        return 1_000_000
"""
JOINS_HALVES = f"""{CLASS}
    def forget(self) -> None:
        self._parser._framer._last_byte_ns = 2**62
"""
FAULTS = [
    ("noise", Grade.SILVER, "    if found is None:\n        return None\n", "    assert found is not None\n"),
    ("reopens", Grade.BRONZE, CLASS, OPENS_ONCE),
    ("stops", Grade.NONE, CLASS, LEAVES_A_THREAD),
    ("says once", Grade.BRONZE, CLASS, SAYS_IT_TWICE),
    ("noise", Grade.SILVER, CLASS, KEEPS_ALL),
    ("reopens", Grade.BRONZE, CLASS, JOINS_HALVES),
    ("golden", Grade.SILVER, "0x12AB34CD, ", "0x12AB34CE, "),
    ("golden", Grade.SILVER, '"Badge Reader BR-1, manual, page 4"', '" "'),
    ("wiring", Grade.SILVER, '"红线接 12 伏，黑线接地，绿线接转换器的 RX。"', '"接 RX。"'),
    ("settings", Grade.NONE, "baud: Baud =", "baud: int ="),
    ("settings", Grade.NONE, "api=API,", 'api=API, exempt={"goldne": "a typing error"},'),
    ("settings", Grade.NONE, "api=API,", 'api=API, exempt={"settings": "a long enough reason"},'),
    ("twin", Grade.NONE, '"menjin_badge_reader.twin:plugged"', "None"),
    ("twin", Grade.NONE, "twin:plugged", "twin:unplugged"),
    ("reads", Grade.NONE, "int.from_bytes(number)", "int.from_bytes(number) + 1"),
    ("stable name", Grade.NONE, "str(section.port)", 'str(section.port).replace("/dev/", "/dev/serial/")'),
]
"""The point that shows it, the grade that is left, and the change of the driver's source."""


@pytest.mark.first_set
@pytest.mark.parametrize(("point", "grade", "old", "new"), FAULTS)
def test_a_fault_of_the_driver_shows_at_its_point_and_lowers_the_grade(
    tmp_path: Path, point: str, grade: Grade, old: str, new: str
) -> None:
    def change(source: str) -> str:
        assert old in source
        imports = "import threading\nimport time\nfrom hardware.errors import DeviceRefused\n"
        return source.replace(old, new).replace("import re\n", f"import re\n{imports}")

    with installed(tmp_path, change=change):
        points = check_driver(installed_drivers().driver("badge_reader"))
    assert {one.name for one in points if one.verdict is Verdict.NO} >= {point}
    assert grade_of(points) is grade, points


def test_the_example_is_gold_and_says_so_to_people_and_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with installed(tmp_path):
        assert run(["check", PACKAGE, "--json", "--least", "gold"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert (said["driver"], said["package"], said["grade"]) == ("badge_reader", PACKAGE, "gold")
        assert [one["point"] for one in said["points"] if one["verdict"] != "yes"] == ["tried on metal"]


def test_what_cannot_be_checked_is_said_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", "menjin-no-such"]) == 1
    assert "the package menjin-no-such registers no such driver" in capsys.readouterr().err
    assert run(["show", "no_such"]) == 1
    assert "no installed package registers the driver 'no_such'" in capsys.readouterr().err
    with installed(tmp_path, change=lambda source: source.replace("api=API", "api=2")):
        assert run(["check", PACKAGE]) == 1
        assert "is written for API 2, and this gate has API 1" in capsys.readouterr().err


def test_a_driver_shows_its_keys_and_its_wiring_in_both_languages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with installed(tmp_path):
        assert run(["show", "badge_reader"]) == 0
        shown = capsys.readouterr().out
        assert "baud              1200 to 115200; bit/s; default 9600; Bits a second." in shown
        assert "Red to 12 V, black to ground" in shown
        assert run(["show", "badge_reader", "--language", "zh"]) == 0
        assert "红线接 12 伏" in capsys.readouterr().out


@pytest.mark.wide
def test_pip_installs_the_example_beside_the_gate_and_the_command_grades_it(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    # A build leaves files beside what it builds.
    package = shutil.copytree(EXAMPLE, tmp_path / "package")
    subprocess.run([*words, "--no-index", "--target", tmp_path / "site", package], check=True, cwd=tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "menjin", "driver", "check", PACKAGE, "--least", "gold"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("badge_reader of menjin-badge-reader: gold\n  yes     twin\n")
