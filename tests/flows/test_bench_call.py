"""`menjin bench call` runs to its end on the parts of the demo, and prints every row."""

import subprocess
import sys

import msgspec
import pytest

from tests.bench.figure import Figure
from tests.support.chromium import CHROMIUM
from tests.support.faces.fixtures import require_portraits

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not on this machine: make browser"),
]

LONGEST_SECONDS = 900.0
"""It takes a minute and a half, on a busy machine many times that."""
COUNTS = ("--rounds", "2", "--cards", "4", "--calls", "2")
ROWS = [
    "press → the gate dials the telephone, p95",
    "key of the telephone → relay byte, p95",
    "memory of the gate's telephone program in a call",
    "press → the page rings, p95",
    "answer → first picture, p50",
    "answer → first picture, p95",
    "answer → first sound, p50",
    "answer → first sound, p95",
    "open on the page → relay byte, p95",
    "memory of the gate's program in a call",
    "memory of the gate's program after it",
    "memory of the kiosk's browser in a call",
    "memory of the kiosk's browser after it",
    "cores of the kiosk's browser in a call",
    "card → relay byte during a call, p50",
    "card → relay byte during a call, p99",
    "growth of the gate's program over 2 calls",
    "growth of the server over 2 calls",
    "growth of the kiosk's browser over 2 calls",
]


def test_the_bench_of_calls_prints_every_row_with_its_peer() -> None:
    require_portraits()
    ran = subprocess.run(
        [sys.executable, "-m", "menjin", "bench", "call", "--json", *COUNTS],
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    figures = [msgspec.json.decode(line, type=Figure) for line in ran.stdout.splitlines()]
    assert [one.case for one in figures] == ROWS
    # Growth is a difference already; all else has a peer of the same run.
    assert [one.case for one in figures if one.peer is None] == ROWS[-3:]
    assert [one.case for one in figures if one.value <= 0 and one.peer is not None] == []
