"""Steps about leases: they end by time, by a cut of power, and for a cloned gate."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import select

from demo.actors.gate_screen import ScreenSilent
from demo.judge import Outcome, StepFailed, pulse_after, require
from demo.rig.gate_ends import GateEnds
from demo.rig.leases_on_cable import LeaseEye
from demo.rig.network_cable import Cable
from demo.rig.processes import GateProcess, free_port, wait_until
from demo.stage import READY_SECONDS, Stage
from demo.steps.faces import LOOK_SECONDS, TRIES, at_rest, look, screen_of, type_home
from demo.steps.theft import steal_gate
from demo.world.site_files import SiteFile
from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.records import Method
from gate_controller.terminal.view import Screen
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Gate

GATE, LANE = "north", "north-in"
LEASE_SECONDS = 10
NO_FACE_SECONDS = 4.0
FORK_SECONDS = 20.0


def face_after_reboot_offline_unavailable_card_opens(stage: Stage) -> Outcome:
    """The gate's power and its network go at once; it comes back alone: no face opens, the card does.

    The faces are still on its disk, and leases of 72 hours ran a moment ago.

    Broken by: a lease or a share that outlives the power on the disk, a card that needs the server.
    """
    ends = stage.gates[GATE]
    kept = {row.person_id for row in ends.face_rows()}
    require(bool(kept), "no face is enrolled")
    ends.cable.cut()
    try:
        ends.process.kill()
        ends.process.start()
        _wait_for_face_engine(stage, ends)
        _no_face_and_card_opens(stage, ends)
        require({row.person_id for row in ends.face_rows()} == kept, "the sealed faces went with the power")
    finally:
        _mend(stage, ends)
    return Outcome(
        None, f"{len(kept)} sealed faces on the disk and no lease: no face is compared; the card opens"
    )


def face_lease_expires_offline(stage: Stage) -> Outcome:
    """The cable is cut: the face opens while its lease runs, and not a moment after; the card goes on.

    Leases are made ten seconds long on the cable: the product has no switch for it.

    Broken by: a gate that goes on with an ended lease, or counts it by a clock that can be set.
    """
    ends = stage.gates[GATE]
    with _eye_on(ends.cable, seconds=LEASE_SECONDS) as eye:
        try:
            wait_until(lambda: any(eye.lent[1:]), NO_FACE_SECONDS, "leases of ten seconds")
            ends.cable.cut()
            ends_at = time.monotonic() + LEASE_SECONDS
            _opens_offline(stage, ends)
            time.sleep(max(0.0, ends_at - time.monotonic()) + 0.1)
            _no_face_and_card_opens(stage, ends)
        finally:
            _mend(stage, ends)
    return Outcome(
        None, f"opened offline while its {LEASE_SECONDS} s ran, unavailable after them; the card opens"
    )


def cloned_gate_gets_no_lease(stage: Stage) -> Outcome:
    """A copy of the gate's disk runs beside it: the server lends to neither, and rings.

    At the end the gate is paired again, which is the remedy; the old faces are gone by then.

    Broken by: a server that takes two counters under one key, one that lends before it has compared them.
    """
    ends = stage.gates[GATE]
    clone_cable = Cable(stage.server.port)
    try:
        with _eye_on(ends.cable) as eye, _eye_on(clone_cable) as clones_eye:
            wait_until(lambda: any(eye.lent), NO_FACE_SECONDS, "a lease for the gate itself")
            clone = _clone(stage, ends, clone_cable)
            try:
                wait_until(lambda: _is_forked(stage), FORK_SECONDS, "the server sees two gates with one key")
                seen = len(eye.lent)
                wait_until(lambda: len(eye.lent) > seen + 2, FORK_SECONDS, "more answers to the gate")
            finally:
                clone.kill()
            require(not any(clones_eye.lent), "the clone was lent a share")
            require(not any(eye.lent[-1:]), "the gate is still lent shares after its key was seen twice")
        with stage.office.read() as session:
            waiting = session.scalars(
                select(Alarm).where(
                    Alarm.kind == EventKind.ALARM_GATE_FORKED,
                    Alarm.gate_id == GATE,
                    Alarm.acknowledged_at.is_(None),
                )
            ).all()
        require(len(waiting) == 1, f"{len(waiting)} alarms about the copied gate")
        _no_face_and_card_opens(stage, ends)
    finally:
        clone_cable.close()
        stage.pair_again(ends)
    return Outcome(None, "the copy got none, the gate itself none from then on; one alarm; then paired again")


def _clone(stage: Stage, ends: GateEnds, cable: Cable) -> GateProcess:
    folder = steal_gate(stage)
    (folder / "camera").mkdir(exist_ok=True)
    site_file = SiteFile(ends.plan, folder, cable.address, free_port(), True, folder / "camera").write()
    clone = GateProcess(f"{ends.gate_id}, copied", site_file, stage.logs / "clone.log")
    stage.closing.callback(clone.kill)
    clone.start()
    return clone


def _is_forked(stage: Stage) -> bool:
    with stage.office.read() as session:
        return session.get_one(Gate, GATE).forked_at is not None


# -- looks without the server ----------------------------------------------------------------------


def _no_face_and_card_opens(stage: Stage, ends: GateEnds) -> None:
    """Raise StepFailed unless a home's faces are not looked for and its member's card opens."""
    member, screen = stage.member("face_b"), screen_of(stage)
    at_rest(stage)
    screen.forget()
    shown = type_home(stage)
    looked = [view.screen.value for view in screen.shown() if view.camera == "looking"]
    require(shown is Screen.TYPING_PIN and not looked, f"the gate looks for a face: {shown.value}, {looked}")
    at_rest(stage)
    before_seq = ends.journal_seq()
    pulse_after(ends, LANE, lambda: ends.metal.readers[LANE].tap(member.card))
    _granted_to(ends, before_seq, member.person_id)


def _opens_offline(stage: Stage, ends: GateEnds) -> None:
    """Have the enrolled person recognised; read who from the gate's own journal, for the server is away."""
    for attempt in range(1, TRIES + 1):
        before_seq = ends.journal_seq()
        try:
            pulse_after(ends, LANE, lambda: look(stage, "person_a_2", seed=900), timeout_seconds=LOOK_SECONDS)
        except StepFailed:
            if attempt == TRIES:
                raise
        else:
            break
        finally:
            ends.metal.clear_view()
    _granted_to(ends, before_seq, stage.member("face_a").person_id)


def _granted_to(ends: GateEnds, seq: int, person_id: str) -> None:
    last = [entry for entry in ends.journal() if entry.kind == "access" and entry.seq > seq][-1]
    who = last.personal.get("person_id") if last.personal is not None else None
    require(last.facts["reason"] == "granted", f"the gate wrote {last.facts['reason']}")
    require(who == person_id, f"the gate opened for another person ({who})")


def _wait_for_face_engine(stage: Stage, ends: GateEnds) -> None:
    """Wait until the gate's screen answers again and its engine is loaded, so that face is offered."""
    give_up = time.monotonic() + READY_SECONDS
    while time.monotonic() < give_up:
        try:
            stage.reopen_screen(ends)
            view = screen_of(stage).wait_for(Screen.IDLE, timeout_seconds=0.5)
        except (OSError, ScreenSilent):
            time.sleep(0.1)
            continue
        if Method.FACE in view.methods_offered:
            return
        time.sleep(0.1)
    raise StepFailed(f"the gate does not offer face within {READY_SECONDS:g} s of its start")


def _mend(stage: Stage, ends: GateEnds) -> None:
    ends.cable.mend()
    before_seq = ends.journal_seq()
    wait_until(
        lambda: any(event.seq >= before_seq for event in stage.office.events(ends.gate_id, before_seq - 1)),
        READY_SECONDS,
        "the gate finds its server again",
    )


@contextmanager
def _eye_on(cable: Cable, seconds: int | None = None) -> Iterator[LeaseEye]:
    before = cable.tamper
    eye = cable.tamper = LeaseEye(before, seconds)
    try:
        yield eye
    finally:
        cable.tamper = before
