"""The table of everyday tasks: a test plays each."""

import re
from pathlib import Path

from tests.browser.tasks.table import TASKS

BROWSER = Path(__file__).resolve().parents[1] / "browser"
PLAYED_IN = (BROWSER / "tasks", BROWSER / "journeys")


def test_each_row_is_played_by_a_test_and_each_test_has_its_row() -> None:
    sources = [path.read_text(encoding="utf-8") for folder in PLAYED_IN for path in folder.glob("test_*.py")]
    body = re.compile(r"def (test_\w+)(.*?)(?=\ndef |\Z)", re.DOTALL)
    tests = [found for source in sources for found in body.findall(source)]
    assert {name for name, lines in tests if ".done()" in lines} == set(TASKS)
