"""Promise 6, what a power cut leaves: no frame, no template and no share in any file of the gate.

A process enrols and recognises without pause and is killed at a random moment. Everything it
could write to is searched, wherever the frame was then. Does not cover: the memory itself, which a cold
start does not clear at once, or swap (docs/face.md).
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.faces.marked import marks_of_face
from tests.support.gates.three_gates import bytes_under, forms_of

CHECKOUT = Path(__file__).resolve().parents[2]
SHARE = b"SHARE-OF-A-TEST-0123456789abcdef"
LIVES = 6
SESSIONS = """
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from gate_controller.face.engines.capability import CameraCapability
from gate_controller.face.matching.face_service import FaceService
from gate_controller.face.matching.leases import Lease
from gate_controller.face.matching.template_store import SqliteFaceBlobs, open_face_file
from tests.support.faces.marked import AlwaysLive, MarkedCamera, MarkedEngine
camera = MarkedCamera()
blobs = SqliteFaceBlobs(open_face_file(Path(sys.argv[1]) / "faces.sqlite3", datetime.now(UTC)))
service = FaceService(engine_loader=MarkedEngine, blobs=blobs, gate_secret=b"f" * 32, site_id="site-1",
    gate_id="north", camera=camera, boot_seconds=lambda: 1.0, make_liveness=AlwaysLive)
service.start_loading()
assert service.wait_until_ready(20)
ready = False
while True:
    for number in range(2):
        name, consent = f"person-{number}", f"consent-{number}"
        share = bytearray(b"SHARE-OF-A-TEST-0123456789abcdef")
        service.set_leases({name: Lease(consent, share, 9999.0)})
        camera.show(number)
        asked = CameraCapability(lifetime_seconds=20, boot_seconds=lambda: 1.0)
        assert service.enrol(name, consent, asked).ok
        camera.show(number)
        asked = CameraCapability(lifetime_seconds=20, boot_seconds=lambda: 1.0)
        assert service.recognise([name], asked).person_id == name
        service.forget(name)
    if not ready:
        ready = True
        print("ready", flush=True)
"""


def one_life(folder: Path, seconds: float) -> None:
    """Begin, and cut the power so long after the first sessions."""
    with subprocess.Popen(
        [sys.executable, "-c", SESSIONS, str(folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        assert process.wait(20) == -signal.SIGKILL


@pytest.mark.slow
def test_no_file_holds_a_frame_a_template_or_a_share_after_any_power_cut(tmp_path: Path) -> None:
    for life in range(LIVES):
        one_life(tmp_path, secrets.randbelow(400) / 1000)
        disk = bytes_under(tmp_path)
        found = [form for number in range(2) for form, mark in marks_of_face(number).items() if mark in disk]
        assert found == [], f"life {life}"
        assert not any(form in disk for form in forms_of(SHARE)), f"life {life}"
        assert {path.name.removesuffix("-wal").removesuffix("-shm") for path in tmp_path.iterdir()} == {
            "faces.sqlite3"
        }
