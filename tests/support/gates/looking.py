"""A whole `menjin gate run` in a process of its own that looks at faces: for traces, and for its memory.

    python -m tests.support.gates.looking SITE.toml LOOKS [stop]

Everything is the product's but the press and the lent share, which need a person and an office. The kernel is
asked for files named LOOK_BEGINS and LOOK_IS_OVER, so that a trace shows when the camera looked. `stop` ends
the gate after the last look; a tracer keeps signals to itself.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gate_controller.assembly.assemble
from gate_controller.assembly.assemble import boot_seconds
from gate_controller.assembly.gate import Gate
from gate_controller.cli import run
from gate_controller.contract.records import FaceRecord, Method
from gate_controller.control.messages import ScreenAction
from gate_controller.face.engines.yunet_sface import YUNET_SFACE_CARD
from gate_controller.face.matching.face_service import FaceService
from gate_controller.face.matching.template_store import (
    SqliteFaceBlobs,
    TemplatePlace,
    open_face_file,
    seal_template,
)
from gate_controller.face_control.kept_faces import Lease
from gate_controller.site_file.config import GateConfig
from gate_controller.terminal.view import MethodPressed, Screen
from tests.support.compounds.people import card, lane, person, records
from tests.support.faces.marked import face_vector
from tests.support.gates.bench import CARD_KEY, LANE, BenchGate

ME, MY_FACE, CONSENT, SHARE = "00000000000000a1", 161, "consent-161", b"SHARE-OF-A-TEST-0123456789abcdef"
LOOK_BEGINS, LOOK_IS_OVER, ALL_LOOKED = "look-begins-here", "look-is-over-here", "every look is over"
PATIENCE_SECONDS = 60


def give_a_face(bench: BenchGate, looks: int = 1) -> None:
    """Put a person with so many sealed looks into a gate that is not running."""
    roster = FaceRecord(ME, CONSENT, "yunet-sface")
    bench.give_policy(records(person(ME), card(7, CARD_KEY), lane(), roster))
    with closing(open_face_file(bench.root / "data" / "faces.sqlite3", datetime.now(UTC))) as connection:
        for _look in range(looks):
            blob = seal_template(
                face_vector(MY_FACE),
                place=TemplatePlace(bench.site.site_id, "north", b"f" * 32),
                person_id=ME,
                consent_id=CONSENT,
                engine=YUNET_SFACE_CARD.template_kind,
                share=SHARE,
            )
            SqliteFaceBlobs(connection).save(blob)


def _wait(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > give_up:
            os._exit(3)
        time.sleep(0.005)


def _look(gate: Gate, looks: int, *, then_stop: bool) -> None:
    desk, face = gate.controller._parts.desks[LANE], gate.face
    if not isinstance(face, FaceService) or not face.wait_until_ready(PATIENCE_SECONDS):
        os._exit(4)
    face.set_leases({ME: Lease(CONSENT, bytearray(SHARE), boot_seconds() + 3600)})
    _wait(lambda: Method.FACE in desk.screen.offered)
    for _ in range(looks):
        os.path.exists(LOOK_BEGINS)  # noqa: PTH110 - the plainest question to the kernel
        gate.inbox.put(ScreenAction(LANE, MethodPressed(Method.FACE)))
        _wait(lambda: desk.camera.mode == "looking")
        _wait(lambda: desk.camera.mode == "closed" and desk.screen.shows is not Screen.FACE_LOOKING)
        os.path.exists(LOOK_IS_OVER)  # noqa: PTH110
    print(ALL_LOOKED, flush=True)
    if then_stop:
        gate.stop()


def main(site_file: Path, looks: int, *, then_stop: bool) -> int:
    """Run the gate until it gets a stop, or until it has looked."""
    assemble = gate_controller.assembly.assemble.assemble

    def assembled(config: GateConfig, **options: Any) -> Gate:
        gate = assemble(config, **options)
        person = threading.Thread(
            target=_look, args=(gate, looks), kwargs={"then_stop": then_stop}, daemon=True
        )
        person.start()
        return gate

    gate_controller.assembly.assemble.assemble = assembled  # type: ignore[assignment]  # called by `run` alone
    return run(["run", str(site_file)])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), then_stop="stop" in sys.argv[3:]))
