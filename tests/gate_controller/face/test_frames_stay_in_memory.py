"""While frames are in memory nothing is written to a file or a socket, but the sealed template."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.faces.fixtures import require_portraits

SESSION = """
import os, sqlite3, sys
from gate_controller.face.engines.capability import CameraCapability
from gate_controller.face.matching.face_service import FaceService
from gate_controller.face.matching.leases import Lease
from gate_controller.face.liveness.liveness import PersonCheck
from gate_controller.face.matching.template_store import SqliteFaceBlobs
from gate_controller.face.engines.engines import DEFAULT_ENGINE, load_engine
from tests.support.faces.actors import FRAMES_A_SECOND, living

class ShownCamera:
    name, is_open, seconds = "gate-camera", False, 1.0
    def open(self): self.is_open = True
    def close(self): self.is_open = False
    def newest_frame(self, timeout_seconds):
        self.seconds += 1 / FRAMES_A_SECOND
        self.actor.hears(self.check.now.prompt.value, self.seconds)
        return self.actor.frame(self.seconds)
    def new_check(self):
        self.check = PersonCheck()
        return self.check

camera = ShownCamera()
def clock(): return camera.seconds

connection = sqlite3.connect(sys.argv[1], check_same_thread=False)
connection.execute("PRAGMA journal_mode = WAL")
service = FaceService(engine_loader=lambda: load_engine(DEFAULT_ENGINE), blobs=SqliteFaceBlobs(connection),
    gate_secret=bytes(range(32)), site_id="site-1", gate_id="gate-1", camera=camera, boot_seconds=clock,
    make_liveness=camera.new_check)
service.start_loading()
assert service.wait_until_ready(20)
service.set_leases({"person-1": Lease("consent-1", bytearray(32), 9999.0)})
shown = {name: living(name) for name in ("person_a_1", "person_a_2", "impostor_1")}

def asked(): return CameraCapability(lifetime_seconds=20, boot_seconds=clock)

seen = []
WATCHED = ("open", "os.rename", "os.mkdir", "os.link", "socket.", "subprocess.", "shutil.", "os.posix_spawn")
sys.addaudithook(lambda event, args: seen.append((event, repr(args))) if event.startswith(WATCHED) else None)
os.path.exists("session-begins")
camera.actor = shown["person_a_1"]
assert service.enrol("person-1", "consent-1", asked()).ok
camera.actor = shown["person_a_2"]
assert service.recognise(["person-1"], asked()).ok
camera.actor = shown["impostor_1"]
assert not service.recognise(["person-1"], asked()).ok
os.path.exists("session-is-over")
for event in seen: print(*event)
"""

STRACE = shutil.which("strace")
REPOSITORY = Path(__file__).parents[3]


@pytest.mark.wide
def test_no_file_is_opened_and_no_socket_made_by_python_during_the_sessions(tmp_path: Path) -> None:
    require_portraits()
    run = subprocess.run(
        [sys.executable, "-c", SESSION, str(tmp_path / "faces.sqlite3")],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == ""


@pytest.mark.wide
@pytest.mark.skipif(STRACE is None, reason="needs strace: apt install strace")
def test_the_kernel_sees_writes_to_the_template_store_alone(tmp_path: Path) -> None:
    require_portraits()
    trace_file, store = tmp_path / "trace", tmp_path / "store"
    store.mkdir()
    watched = (
        "trace=open,openat,creat,write,pwrite64,writev,socket,connect,sendto,rename,access,stat,newfstatat"
    )
    command = [sys.executable, "-c", SESSION, str(store / "faces.sqlite3")]
    run = subprocess.run(
        [str(STRACE), "-f", "-y", "-s", "32", "-o", str(trace_file), "-e", watched, *command],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    trace = trace_file.read_text(errors="replace")
    session = trace.partition("session-begins")[2].partition("session-is-over")[0]
    assert "faces.sqlite3-wal" in session
    writing = re.compile(
        r"\b(?:pwrite64|write|writev|creat|socket|connect|sendto|rename)\(|O_WRONLY|O_RDWR|O_CREAT"
    )
    elsewhere = [line for line in session.splitlines() if writing.search(line) and str(store) not in line]
    assert elsewhere == []
