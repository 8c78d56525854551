"""How long requests take: by pattern of the address, never by what is in it, and over all processes."""

import subprocess
import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families

from web_admin.core.request_times import observe, request_numbers

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
    observe("X" * 50, None, 405, 0.1)
    text = request_numbers().decode()
    assert "XXX" not in text
    assert counts(text, method="other", page="other", status="405") >= 1
