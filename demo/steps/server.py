"""Steps with the server: lockdown, outage, reconnection, invalid requests, restore from a backup."""

import shutil
from collections.abc import Callable

from sqlalchemy import select

from demo.actors.office import Office
from demo.actors.office_actions import DeskRefused
from demo.attacks.tampered_policy import VERSIONS_AHEAD, only_face_at
from demo.judge import Outcome, StepFailed, event_after, opens, pass_through, pulse_after, refused, require
from demo.rig.gate_ends import GateEnds
from demo.rig.processes import run_menjin, wait_until
from demo.stage import Stage
from demo.world.compound import card_number
from web_admin.compound.models import CredentialRow, Person
from web_admin.face.actions import face_state

CARDS_WHILE_DOWN = 9
NEW_CARD = card_number(200, 0)
RESTORE_SECONDS = 10.0


def lockdown_refuses(stage: Stage) -> Outcome:
    """The office locks the site down: a resident's card opens no lane in, the way out stays free."""
    resident = stage.member("resident")
    north = stage.gates["north"].metal
    stage.desk.lock_down("demo")
    try:
        stage.wait_synced()
        for gate_id, lane_id in (("north", "north-in"), ("garage", "garage-in")):
            reader = stage.gates[gate_id].metal.readers[lane_id]
            refused(stage, gate_id, lane_id, _tap(reader.tap, resident.card), "lane_lockdown")
        opens(stage, "north", "north-out", _tap(north.readers["north-out"].tap, resident.card))
    finally:
        stage.desk.end_lockdown()
    stage.wait_synced()
    opens(stage, "north", "north-in", _tap(north.readers["north-in"].tap, resident.card))
    return Outcome(None, "lane_lockdown at the lanes in; the way out opens; ended, the card opens again")


def _tap(tap: Callable[[int], int], card: int) -> Callable[[], int]:
    return lambda: tap(card)


def server_down_card_opens(stage: Stage) -> Outcome:
    """The server's process ends; a card opens as before."""
    ends, resident = stage.gates["north"], stage.member("resident")
    stage.server.stop()
    ms = pulse_after(ends, "north-in", _tap(ends.metal.readers["north-in"].tap, resident.card))
    last = [entry for entry in ends.journal() if entry.kind == "access"][-1]
    require(last.facts["reason"] == "granted", f"the gate wrote {last.facts['reason']}")
    return Outcome(ms, "the server is stopped; the gate decides alone")


def events_arrive_after_reconnect(stage: Stage) -> Outcome:
    """Gates' entries from the time without a server arrive once it is back: all of them, once."""
    stage.server.stop()  # it is down already, unless the step before failed
    cards = [member.card for member in stage.compound.cards[:CARDS_WHILE_DOWN]]
    lanes = [(ends, lane.lane_id) for ends in stage.gates.values() for lane in ends.plan.lanes]
    try:
        for number, card in enumerate(cards):
            ends, lane_id = lanes[number % len(lanes)]
            pulse_after(ends, lane_id, _tap(ends.metal.readers[lane_id].tap, card))
            if ends.plan.modbus:
                pass_through(ends, lane_id)  # the ramp is one car wide
    finally:
        stage.server.start()
    total = sum(_compare(stage, ends) for ends in stage.gates.values())
    return Outcome(
        None, f"{len(cards)} cards while it was gone; {total} entries of three gates: none lost, none twice"
    )


def _compare(stage: Stage, ends: GateEnds) -> int:
    """Compare a gate's journal with the server's list by number and digest; return how many entries."""

    def same() -> bool:
        # The gate goes on writing, so what the server has is compared up to what the gate had.
        written = [(entry.seq, entry.digest) for entry in ends.journal()]
        taken = {(event.seq, event.digest) for event in stage.office.events(ends.gate_id, 0)}
        stored = taken | set(stage.office.quarantined(ends.gate_id))
        return len(written) > 0 and stored >= set(written)

    try:
        wait_until(same, 8.0, "all entries")
    except TimeoutError as err:
        written, stored = len(ends.journal()), len(stage.office.events(ends.gate_id, 0))
        raise StepFailed(f"{ends.gate_id}: {written} entries in its journal, {stored} at the server") from err
    return len(ends.journal())


def face_only_lane_refused_by_admin(stage: Stage) -> Outcome:
    """The office tries to save a lane that offers face alone."""
    before = stage.office.policy()
    try:
        stage.desk.offer_only("north-in", ("face",))
    except DeskRefused as err:
        require(stage.office.policy() == before, "it was refused and published all the same")
        return Outcome(None, f"not saved: {err}")
    raise StepFailed("a lane with face as its only way was saved")


def face_only_lane_refused_by_gate(stage: Stage) -> Outcome:
    """A hostile server, with the site's real key, signs such a policy; the gate keeps its last good one."""
    ends, resident = stage.gates["south"], stage.member("resident")
    before_seq, version = ends.journal_seq(), stage.office.policy()[1]
    honest = ends.cable.tamper
    ends.cable.tamper = only_face_at(stage.office, "south", "south-in")
    try:
        event_after(stage, "south", before_seq, "alarm_policy_refused")
        opens(stage, "south", "south-in", _tap(ends.metal.readers["south-in"].tap, resident.card))
        holds = stage.office.status("south").have[1]
        require(holds < version + VERSIONS_AHEAD, "the gate says it holds the hostile policy")
    finally:
        ends.cable.tamper = honest
    return Outcome(
        None, "rightly signed and refused: alarm_policy_refused; the last good policy opens for the card"
    )


def lost_only_card_never_blocks_publication(stage: Stage) -> Outcome:
    """A person with a card and a face loses the card: face is paused, and policies are still published."""
    loser, other = stage.member("face_b"), stage.member("stayer")
    reader = stage.gates["north"].metal.readers["north-in"]
    with stage.office.read() as session:
        require("face" in session.get_one(Person, loser.person_id).methods, "the person has no face to pause")
    stage.desk.end_card(loser.person_id, loser.card_id, "lost")
    stage.desk.issue_card(other.person_id, NEW_CARD)
    stage.wait_synced()
    refused(stage, "north", "north-in", _tap(reader.tap, loser.card), "credential_ended")
    opens(stage, "north", "north-in", _tap(reader.tap, NEW_CARD), person_id=other.person_id)
    with stage.office.read() as session:
        face = face_state(session, loser.person_id)
    said = f"{face.state}, {face.paused_reason}"
    require(
        (face.state, face.paused_reason) == ("paused", "credential_lost"),
        f"the face that was given with the lost card is not paused ({said})",
    )
    return Outcome(None, "lost card: credential_ended, face paused; a neighbour's new card reached the gates")


def restored_server_keeps_revocations(stage: Stage) -> Outcome:
    """Backup, then a card is ended; the server is wiped and restored; the card stays ended everywhere."""
    leaver, stayer = stage.member("leaver"), stage.member("stayer")
    reader = stage.gates["north"].metal.readers["north-in"]
    passphrase = str(stage.folder / "secrets" / "passphrase")
    backup = stage.folder / "backup.menjin"
    log = stage.logs / "backup.log"
    data = ("--data-dir", str(stage.server.data_dir), "--passphrase-file", passphrase)
    run_menjin("menjin web backup", log, "web", "backup", str(backup), *data)
    opens(stage, "north", "north-in", _tap(reader.tap, leaver.card), person_id=leaver.person_id)
    stage.desk.end_card(leaver.person_id, leaver.card_id, "returned")
    stage.wait_synced()
    refused(stage, "north", "north-in", _tap(reader.tap, leaver.card), "credential_ended")
    epoch = stage.office.policy()[0]
    stage.server.stop()
    try:
        stage.office.close()
        shutil.rmtree(stage.server.data_dir)
        run_menjin(
            "menjin web restore",
            log,
            "web",
            "restore",
            str(backup),
            *data,
            "--public-url",
            stage.server.address,
        )
        stage.office = Office(stage.server.data_dir)
    finally:
        stage.server.start()
    wait_until(
        lambda: stage.office.policy()[0] > epoch, RESTORE_SECONDS, "all gates have sent their tombstones"
    )
    stage.wait_synced(timeout_seconds=RESTORE_SECONDS)
    refused(stage, "north", "north-in", _tap(reader.tap, leaver.card), "credential_ended")
    opens(stage, "north", "north-in", _tap(reader.tap, stayer.card), person_id=stayer.person_id)
    with stage.office.read() as session:
        state = session.scalars(
            select(CredentialRow.state).where(CredentialRow.credential_id == leaver.card_id)
        ).one()
    require(state == "ended", f"the restored server says the card is {state}")
    return Outcome(None, "older backup restored: the ended card stays ended at gate and server; others open")
