"""Time is an argument: entry points and `assemble` alone read the clock. Ruff knows one list for all."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.wide  # `make check` runs it
PACKAGES = ("hardware", "gate_controller", "web_admin", "head_office", "fleet", "face_laboratory")

TIME_OF_DAY = {"time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.strftime"} | {
    f"datetime.{kind}.{word}" for kind in ("datetime", "date") for word in ("now", "utcnow", "today")
}
STOPWATCH = {f"time.{word}{unit}" for word in ("monotonic", "perf_counter") for unit in ("", "_ns")}

READS_TIME_OF_DAY = {
    "gate_controller/assembly/assemble.py": "it chooses the real parts of a gate",
    "gate_controller/audit/main.py": "entry point of the commands that verify",
    "gate_controller/cli.py": "entry point of a gate's commands",
    "web_admin/cli/answers.py": "`clock`, which every command of the server hands on",
    "head_office/cli.py": "entry point of the head office",
    "fleet/cli.py": "entry point of the fleet",
}
READS_STOPWATCH = {
    "gate_controller/assembly/assemble.py": READS_TIME_OF_DAY["gate_controller/assembly/assemble.py"],
    "gate_controller/cli.py": READS_TIME_OF_DAY["gate_controller/cli.py"],
    "gate_controller/updates/launcher.py": "entry point of the launcher, a program of its own",
    "gate_controller/broker/line.py": "deadlines of its own socket",
    "web_admin/serving/worker.py": "entry point of a process that serves",
    "web_admin/serving/channel.py": "deadlines of its own connections",
    "web_admin/cells/serving_lock.py": "waits for another process",
    "web_admin/core/bell.py": "deadlines of its own connection",
    "web_admin/custody/key_rotation.py": "waits for another machine",
    "web_admin/operations/machines.py": "waits for another machine",
    "web_admin/gates/ask_bounds.py": "used where none is handed in",
    "web_admin/operations/readiness.py": "used where none is handed in",
    "web_admin/serving/installation.py": "it chooses the parts of a process that serves",
    "web_admin/sync/fast_path.py": "used where none is handed in",
    "web_admin/web/request_marks.py": "used where none is handed in",
}
"""Where durations are measured. Drivers and twins in `hardware` stamp each byte and picture as it arrives."""


def clocks_read(source: str) -> Iterator[str]:
    """Give each clock that a file names, also as a default and under another name."""
    tree = ast.parse(source)
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {one.asname or one.name: one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            word, _dot, rest = ast.unparse(node).partition(".")
            whole = f"{names.get(word, '')}.{rest}".rstrip(".")
            if whole in TIME_OF_DAY | STOPWATCH:
                yield whole


@pytest.fixture(scope="module")
def read() -> dict[str, set[str]]:
    """Return by file of the product which clocks it reads."""
    paths = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    found = {
        str(path.relative_to(ROOT)): set(clocks_read(path.read_text(encoding="utf-8"))) for path in paths
    }
    return {path: clocks for path, clocks in found.items() if clocks}


def test_only_entry_points_read_the_time_of_day(read: dict[str, set[str]]) -> None:
    assert {path for path, clocks in read.items() if clocks & TIME_OF_DAY} == READS_TIME_OF_DAY.keys()


def test_durations_are_measured_where_this_list_says_and_in_drivers(read: dict[str, set[str]]) -> None:
    measuring = {path for path, clocks in read.items() if clocks & STOPWATCH}
    assert {path for path in measuring if not path.startswith("hardware/")} == READS_STOPWATCH.keys()
