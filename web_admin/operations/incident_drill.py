"""Incident response for faces: suspend face, change keys, check other methods; drill or real (N4).

A drill suspends leases and ends no face: what is resumed afterwards is what each person agreed to, under
the very shares they had, so no consent is renewed and no promise gets weaker. For real, every face ends and
face is switched off until someone switches it on again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.command_line.command_names import server_command
from gate_controller.contract.forgetting_certificate import LEASE_ENDS_AFTER
from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.messages import sign_struct
from gate_controller.contract.records import Method
from gate_controller.contract.signing import SignedCertificate
from web_admin.action.base import Action, new_id, one_publication, record
from web_admin.compound.keys import certificate, private_key
from web_admin.compound.models import Gate, Lane, Person, Site
from web_admin.compound.usable_credentials import methods_beside_face
from web_admin.core.database import Database
from web_admin.core.effects import Effects
from web_admin.core.in_a_language import N_, texts_in
from web_admin.core.sealing import Sealer
from web_admin.custody.key_rotation import rotate_and_wait
from web_admin.custody.models import FaceSuspension, IncidentDrill
from web_admin.face.actions import disable_face
from web_admin.face.endings import forget_everyone
from web_admin.gates.silence import is_silent

DRILL_DOMAIN = "menjin/breach-drill/1"
DEADLINE_SECONDS = 600.0
"""Face stopped, keys changed, other ways seen to be up: within ten minutes (N4, ours)."""
POLL_SECONDS = 0.2


class DrillRefused(Exception):
    """A drill cannot begin or end as asked; says why and what to do."""


class Step(msgspec.Struct, frozen=True):
    """One thing that was done, and how long after the beginning it was done."""

    step: Literal[
        "face_suspended",
        "faces_ended",
        "wrapping_key_changed",
        "gates_told",
        "other_ways_seen",
        "face_resumed",
    ]
    seconds: float
    ok: bool
    detail: str = ""


class LaneWays(msgspec.Struct, frozen=True):
    """A lane and the ways in without face that work there now."""

    lane_id: str
    gate_id: str
    ways: tuple[str, ...]
    gate_online: bool
    faulty_devices: tuple[str, ...] = ()


class DrillRecord(msgspec.Struct, frozen=True):
    """Steps and times of a drill. `leases_end_by`: end of the last lease at gates that did not answer."""

    drill_id: str
    site_id: str
    for_real: bool
    reason: str
    started_at: datetime
    ended_at: datetime
    steps: tuple[Step, ...]
    lanes: tuple[LaneWays, ...]
    silent_gates: tuple[str, ...]
    leases_end_by: datetime | None
    people_without_other_way: int
    within_deadline: bool
    ok: bool


class SignedDrill(msgspec.Struct, frozen=True):
    """A `DrillRecord` in JSON as text, the site's signature over it and the certificate of the key."""

    record: str
    signature: bytes
    certificate: SignedCertificate


@dataclass(frozen=True, slots=True)
class DrillSetup:
    """Parameters of a drill: where to write, the actor, the clock, and how to wait."""

    database: Database
    sealer: Sealer
    effects: Effects
    site_id: str
    actor_id: str
    clock: Callable[[], datetime]
    wait: Callable[[float], None]

    def act(self, session: Session) -> Action:
        """Return an action of this drill, now."""
        return Action(
            session, self.sealer, self.site_id, self.actor_id, "system", self.clock(), effects=self.effects
        )


def run_drill(
    setup: DrillSetup, *, for_real: bool, reason: str, wait_seconds: float = 30.0
) -> tuple[DrillRecord, SignedDrill]:
    """Do a drill from beginning to end and return its record, signed.

    Waits up to `wait_seconds` for gates to have asked since. Raises DrillRefused while one is under way.
    """
    drill_id, started_at = new_id(), setup.clock()
    steps: list[Step] = []

    def note(step: str, *, ok: bool = True, detail: str = "") -> None:
        seconds = (setup.clock() - started_at).total_seconds()
        steps.append(msgspec.convert({"step": step, "seconds": seconds, "ok": ok, "detail": detail}, Step))

    _suspend(setup, drill_id, reason, for_real=for_real)
    note("face_suspended")
    if for_real:
        note("faces_ended", detail=f"{_end_everyone(setup)} people")
    rotation = rotate_and_wait(setup.database, setup.sealer, setup.clock)
    note("wrapping_key_changed", ok=not rotation.waits_for, detail=f"{len(rotation.destroyed_ids)} destroyed")
    silent = _wait_for_gates(setup, started_at, wait_seconds)
    note("gates_told", ok=not silent, detail=" ".join(silent))
    lanes, without = _other_ways(setup)
    note("other_ways_seen", ok=all(lane.ways for lane in lanes) and not without)
    if not for_real:
        resume_face(setup, drill_id)
        note("face_resumed")
    drill = DrillRecord(
        drill_id=drill_id,
        site_id=setup.site_id,
        for_real=for_real,
        reason=reason,
        started_at=started_at,
        ended_at=setup.clock(),
        steps=tuple(steps),
        lanes=lanes,
        silent_gates=silent,
        leases_end_by=started_at + LEASE_ENDS_AFTER if silent else None,
        people_without_other_way=without,
        within_deadline=(setup.clock() - started_at).total_seconds() <= DEADLINE_SECONDS,
        # A gate out of reach is stopped by its lease; everything else must succeed.
        ok=all(step.ok for step in steps if step.step != "gates_told"),
    )
    return drill, _keep(setup, drill)


def resume_face(setup: DrillSetup, drill_id: str | None = None) -> bool:
    """Issue leases again (of any drill when none is named); return whether face was suspended."""
    with setup.database.session() as session:
        row = session.get(FaceSuspension, setup.site_id)
        if row is None or drill_id not in (None, row.drill_id):
            return False
        session.delete(row)
        record(setup.act(session), "face_resumed", {"drill_id": row.drill_id})
        return True


def _suspend(setup: DrillSetup, drill_id: str, reason: str, *, for_real: bool) -> None:
    with setup.database.session() as session:
        session.get_one(Site, setup.site_id, with_for_update={"key_share": True})
        act = setup.act(session)
        row = session.get(FaceSuspension, setup.site_id)
        if row is not None and not for_real:
            raise DrillRefused(
                f"face is suspended since {row.since:%Y-%m-%d %H:%M} UTC by drill {row.drill_id}: "
                f"'{server_command('breach-drill --resume')}' ends it"
            )
        if row is None:
            session.add(FaceSuspension(site_id=setup.site_id, drill_id=drill_id, since=act.now))
        facts: Facts = {"drill_id": drill_id, "for_real": for_real}
        record(act, "face_suspended", facts, personal={"reason": reason} if reason else None)


def _end_everyone(setup: DrillSetup) -> int:
    """End all faces and switch face off, so that no one enrols into a breached system."""
    with setup.database.session() as session:
        act = setup.act(session)
        with one_publication(act) as each:
            count = forget_everyone(each, "breach")
            disable_face(each)
        row = session.get(FaceSuspension, setup.site_id)
        if row is not None:
            session.delete(row)  # nothing is left to suspend
        return count


def _wait_for_gates(setup: DrillSetup, since: datetime, wait_seconds: float) -> tuple[str, ...]:
    """Return the paired gates that have not asked since: they hold leases until those end."""
    until = setup.clock() + timedelta(seconds=wait_seconds)
    while True:
        with setup.database.snapshot() as session:
            gates = session.scalars(
                select(Gate)
                .where(Gate.site_id == setup.site_id, Gate.state == "paired")
                .order_by(Gate.gate_id)
            )
            silent = tuple(g.gate_id for g in gates if g.last_seen_at is None or g.last_seen_at <= since)
        if not silent or setup.clock() >= until:
            return silent
        setup.wait(POLL_SECONDS)


def _other_ways(setup: DrillSetup) -> tuple[tuple[LaneWays, ...], int]:
    """Return each lane's ways without face, and how many people with face have no other way."""
    now = setup.clock()
    with setup.database.snapshot() as session:
        lanes = session.scalars(
            select(Lane).join(Gate).where(Gate.site_id == setup.site_id).order_by(Lane.lane_id)
        ).all()
        ways = tuple(_ways_of(lane, now) for lane in lanes if lane.gate.state == "paired")
        people = session.scalars(
            select(Person).where(Person.site_id == setup.site_id, Person.ended_at.is_(None))
        )
        without = sum(
            not methods_beside_face(session, person.person_id, now) & set(person.methods)
            for person in people
            if Method.FACE in person.methods
        )
    return ways, without


def _ways_of(lane: Lane, now: datetime) -> LaneWays:
    faulty = [
        str(state.get("device"))
        for state in lane.gate.device_states
        if state.get("health") not in ("ok", "healthy", "working")
    ]
    return LaneWays(
        lane.lane_id,
        lane.gate_id,
        tuple(method for method in lane.methods if method != Method.FACE),
        not is_silent(lane.gate, now),
        tuple(faulty),
    )


def _keep(setup: DrillSetup, drill: DrillRecord) -> SignedDrill:
    with setup.database.session() as session:
        key = private_key(session, setup.sealer, setup.site_id, "anchor")
        body, signature = sign_struct(key, DRILL_DOMAIN, drill)
        signed = SignedDrill(body.decode(), signature, certificate(session, setup.site_id, "anchor"))
        session.add(
            IncidentDrill(
                drill_id=drill.drill_id,
                site_id=drill.site_id,
                for_real=drill.for_real,
                started_at=drill.started_at,
                ended_at=drill.ended_at,
                record=msgspec.json.encode(signed).decode(),
            )
        )
        record(
            setup.act(session),
            "breach_drill_done",
            {"drill_id": drill.drill_id, "for_real": drill.for_real, "ok": drill.ok},
        )
    return signed


# -- in words --------------------------------------------------------------------------------------

_STEP_WORDS = {
    "face_suspended": N_("face suspended, no gate gets a lease"),
    "faces_ended": N_("every face ended, shares destroyed, face off"),
    "wrapping_key_changed": N_("wrapping key changed, the old one destroyed"),
    "gates_told": N_("gates that are online dropped their leases"),
    "other_ways_seen": N_("the other ways in are up at every lane"),
    "face_resumed": N_("face resumed as each person had agreed"),
}


def report(drill: DrillRecord, language: str) -> str:
    _ = texts_in(language)
    kind = _("FOR REAL") if drill.for_real else _("drill")
    lines = [_("breach response") + f" {drill.drill_id} ({kind})"]
    for step in drill.steps:
        mark = "ok" if step.ok else "!!"
        detail = f" ({step.detail})" if step.detail else ""
        lines.append(f"  {mark} {step.seconds:7.1f} s  {_(_STEP_WORDS[step.step])}{detail}")
    for lane in drill.lanes:
        online = _("online") if lane.gate_online else _("OFFLINE")
        faulty = f"  !! {' '.join(lane.faulty_devices)}" if lane.faulty_devices else ""
        lines.append(f"  {lane.lane_id}: {' '.join(lane.ways) or '-'}  ({online}){faulty}")
    if drill.silent_gates and drill.leases_end_by is not None:
        until = f"{drill.leases_end_by:%Y-%m-%d %H:%M} UTC"
        gates = " ".join(drill.silent_gates)
        said = _("gates that did not answer have leases until %(until)s: %(gates)s", until=until, gates=gates)
        lines.append(f"  {said}")
    if not drill.within_deadline:
        lines.append("  " + _("this took more than ten minutes"))
    return "\n".join(lines) + "\n"
