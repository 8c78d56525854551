"""What the demo started ends with it, also where it is killed: a process beside it notices and sweeps."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.rig.processes import wait_until
from demo.rig.sweeper import running_in

PATIENCE_SECONDS = 60.0
DEMO = """
import subprocess, sys
from pathlib import Path
from demo.rig.sweeper import swept_after
with swept_after(Path(sys.argv[1])):
    gate = [sys.executable, "-c", sys.argv[2], sys.argv[1] + "/site.toml"]
    subprocess.Popen(gate, stdin=subprocess.DEVNULL, start_new_session=True)
    print("up", flush=True)
    sys.stdin.buffer.read()
"""
"""A demo in small: one process takes the place of server and gates."""
GATE = "import signal; signal.pause()"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "menjin-demo-1"
    made.mkdir()
    (made / "site.toml").touch()
    return made


@pytest.fixture
def beside(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program of another demo, whose folder begins with the same letters."""
    argv = [sys.executable, "-c", GATE, f"{folder}2/site.toml"]
    with subprocess.Popen(argv) as running:
        yield running
        running.kill()


def test_a_killed_demo_takes_its_processes_and_its_folder_along(folder, beside):
    argv = [sys.executable, "-c", DEMO, str(folder), GATE]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as demo:
        assert demo.stdout is not None
        assert demo.stdout.readline() == b"up\n"
        # The demo, its sweeper, and what it started, which has its own name only when it has begun.
        wait_until(lambda: len(running_in(folder)) == 3, PATIENCE_SECONDS, "the three processes")
        demo.send_signal(signal.SIGKILL)
    wait_until(lambda: running_in(folder) == [] and not folder.exists(), PATIENCE_SECONDS, "the sweeping")
    assert beside.poll() is None
