"""A run of tests says before its first test what it leaves out, and how that is run."""

import re
import subprocess
import sys

from tests.project.pages import ROOT
from tests.support.left_out import ALL, MACHINES, OTHERS, TOOLS, left_out

ASKED_FOR = re.compile(r'which\("([a-z-]+)"\)')


def test_every_program_whose_lack_skips_a_test_is_named() -> None:
    asked = {
        name for path in (ROOT / "tests").rglob("*.py") for name in ASKED_FOR.findall(path.read_text("utf-8"))
    }
    assert asked <= TOOLS.keys()
    assert {"caddy", "lintian", "strace"} <= asked


def test_each_kind_of_run_says_what_it_leaves_out() -> None:
    def none(_name: str) -> None:
        return None

    def here(name: str) -> str:
        return f"/usr/bin/{name}"

    assert list(left_out("not slow", "core", here, "")) == [OTHERS, ALL]
    assert list(left_out("not slow", "others", here, "")) == [ALL]
    assert list(left_out("", "all", here, "")) == []
    assert list(left_out("", "all", here, "needs debootstrap")) == [f"{MACHINES}: needs debootstrap"]
    assert any("sudo apt install lintian" in line for line in left_out("", "all", none, ""))
    assert not any("lintian" in line for line in left_out("not slow", "core", none, "")), (
        "no quick test needs it"
    )


def test_a_run_says_it_before_its_first_test() -> None:
    words = ["-m", "not slow", "--part", "others", "--collect-only", "tests/project/test_locks.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ALL in done.stdout, done.stdout + done.stderr


def test_the_whole_run_brings_what_it_needs() -> None:
    said = (ROOT / ".ci/run").read_text(encoding="utf-8")
    needed = ("caddy", "promtool", "strace")
    assert [tool for tool in needed if f"wanted+=({tool})" not in said] == []
