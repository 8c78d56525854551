"""A network camera's frames are written nowhere: what the kernel sees while codes are looked for."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hardware.simulated.camera_scene import CameraScene
from hardware.simulated.rtsp_camera import RtspTwin

LOOK = """
import os, sys, time
from gate_controller.lane.camera_codes import look_for_code
from gate_controller.lane.camera_watch import WatchedCamera
from gate_controller.lane.hands_free import HandsFreeCodes
from hardware.cameras.rtsp import RtspCamera
import threading

said = []
watched = WatchedCamera(RtspCamera(sys.argv[1], name="eye"), "in", said.append, time.monotonic)
codes = HandsFreeCodes(watched, "in", said.append, time.monotonic)
os.path.exists("look-begins")
look_for_code(watched, "in", 1.0, threading.Event(), time.monotonic)
codes.start()
time.sleep(1.0)
codes.stop()
os.path.exists("look-is-over")
print(len(said))
"""
STRACE = shutil.which("strace")
REPOSITORY = Path(__file__).parents[3]
WRITING = re.compile(
    r"\b(?:pwrite64|write|writev|creat|rename|renameat|mkdir|link|memfd_create)\(|O_WRONLY|O_RDWR|O_CREAT"
)


@pytest.mark.wide
@pytest.mark.skipif(STRACE is None, reason="needs strace: apt install strace")
def test_the_kernel_sees_no_file_written_while_a_camera_is_looked_through(tmp_path: Path) -> None:
    trace_file = tmp_path / "trace"
    writing = "open,openat,creat,write,pwrite64,writev,rename,renameat,mkdir,link,memfd_create"
    strace = [str(STRACE), "-f", "-y", "-s", "32", "-o", str(trace_file)]
    watched = ["-e", f"trace={writing},sendto,newfstatat,stat"]
    with RtspTwin(CameraScene().next_frame) as twin:
        run = subprocess.run(
            [*strace, *watched, sys.executable, "-c", LOOK, twin.address],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "2\n"
    trace = trace_file.read_text(errors="replace")
    look = trace.partition("look-begins")[2].partition("look-is-over")[0]
    assert "PLAY rtsp://127.0.0.1" in look
    assert [line for line in look.splitlines() if WRITING.search(line)] == []
