"""Times of requests, and the wait before the next."""

import subprocess
import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families

from web_admin.core.request_times import observe, request_numbers
from web_admin.core.wake_up_pace import AT_ONCE, BURST, EVERY_SECONDS, WAKE_UPS_A_SECOND, WakeUpPace

THREE_PROCESSES = """
import os
from web_admin.core.shared_times import FOLDER_VARIABLE, counted_together
with counted_together():
    folder = os.environ[FOLDER_VARIABLE]
    from web_admin.core.request_times import observe, request_numbers
    children = []
    for number in range(3):
        child = os.fork()
        if child == 0:
            for _ in range(100):
                observe("GET", "/manage/", 200, 0.02 * (number + 1))
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    print(request_numbers().decode())
assert not os.path.exists(folder)
"""


def counts(text, **labels):
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "menjin_request_duration_seconds_count" and labels.items() <= sample.labels.items()
    )


@pytest.mark.wide
def test_what_several_processes_counted_is_added_up_and_leaves_no_file():
    program = [sys.executable, "-c", THREE_PROCESSES]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert counts(done.stdout, method="GET", page="/manage/", status="200") == 300


def test_a_method_that_a_client_made_up_makes_no_label():
    observe("MADE-UP", None, 405, 0.1)
    text = request_numbers().decode()
    assert "MADE-UP" not in text
    assert counts(text, method="other", page="other", status="405") >= 1


def sent_by(pace: WakeUpPace, waiting: int, now: float) -> float:
    """Send all that waits; return when the last was sent."""
    while waiting:
        count = min(waiting, pace.most(now))
        assert count <= AT_ONCE
        pace.sent(count)
        waiting -= count
        now += EVERY_SECONDS
    return now


def test_a_thousand_gates_are_rung_within_a_fifth_of_a_second() -> None:
    assert sent_by(WakeUpPace(), 1000, 500.0) - 500.0 <= 0.21


def test_those_beyond_are_rung_as_fast_as_a_server_answers() -> None:
    took = sent_by(WakeUpPace(), 5000, 500.0) - 500.0
    assert (5000 - BURST) / WAKE_UPS_A_SECOND - 0.1 <= took <= (5000 - BURST) / WAKE_UPS_A_SECOND + 0.1


def test_two_publications_close_together_ring_no_more_than_one_burst() -> None:
    """More than a process lets wait would be refused; what is left of the burst fills up with time."""
    pace = WakeUpPace()
    ends = sent_by(pace, 1000, 500.0)
    assert sent_by(pace, 1000, ends) - ends >= 0.7
    later = sent_by(pace, 1000, ends + 10.0) - (ends + 10.0)
    assert later <= 0.21


def test_a_clock_that_is_read_twice_gives_nothing_more() -> None:
    pace = WakeUpPace()
    pace.sent(BURST)
    pace.most(500.0)
    pace.sent(BURST)
    assert pace.most(500.0) == 0
    assert pace.most(500.0 + EVERY_SECONDS) in (19, 20)
