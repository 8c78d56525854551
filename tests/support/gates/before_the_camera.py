"""A person before a gate's camera who turns as fast as the gate looks, however slow the machine is."""

from collections.abc import Iterator
from contextlib import contextmanager

from gate_controller.face.sessions import FaceDesk
from gate_controller.face_control.messages import FaceEnded, FaceMessage
from hardware.simulated.face_clips import LivingPerson
from hardware.simulated.live_person import FRAMES_A_SECOND, FolderPerson
from tests.support.gates.bench import LANE, BenchGate


@contextmanager
def before_the_camera(bench: BenchGate, person: LivingPerson) -> Iterator[None]:
    """Let a person look into the camera of a running gate and do what its screen asks.

    The gate's clocks are stopped meanwhile. Each new frame that the gate has looked at moves them on, and
    with them the person, by the time between two frames; with the end of the look they run on.
    """
    assert bench.gate is not None
    parts = bench.gate.controller._parts
    desk, faces = parts.desks[LANE], parts.faces
    assert isinstance(faces, FaceDesk)
    report = faces._put
    clock, looked_at = bench.time, 0

    def reported(message: FaceMessage) -> None:
        nonlocal looked_at
        report(message)
        if isinstance(message, FaceEnded):
            clock.run()
        elif actor.shown > looked_at:
            looked_at = actor.shown
            clock.move_on(1 / FRAMES_A_SECOND)

    clock.stop()
    faces._put = reported
    try:
        folder, seconds = bench.root / "pictures", clock.clocks.boot_seconds
        with FolderPerson(person, folder, prompt=lambda: desk.camera.prompt, seconds=seconds) as actor:
            yield
    finally:
        faces._put = report
        clock.run()
