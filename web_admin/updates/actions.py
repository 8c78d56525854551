"""Begin, hurry, resume and stop a roll-out; give the gates their orders as it goes on."""

from collections.abc import Collection
from datetime import datetime
from typing import cast

from flask_babel import lazy_gettext as _
from packaging.version import InvalidVersion
from sqlalchemy.orm import Session

from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.updates import UpdateOrder, UpdateStatus, is_older
from web_admin.action.base import Action, begin, new_id, office_only, record
from web_admin.compound.models import Gate
from web_admin.compound.queries import locked_site
from web_admin.core.database import Menjin
from web_admin.core.refusal import ActionRefused
from web_admin.core.wake_ups import wake_after_commit
from web_admin.journal.ledger import append_audit
from web_admin.updates.models import Rollout
from web_admin.updates.queries import (
    gates_to_update,
    newest_rollout,
    running_rollouts,
    sites_with_rollouts,
)
from web_admin.updates.rules import GateAt, Stage, settle, takes_updates

HEARD_WITHIN_SECONDS = 120.0
"""A gate that has not called for longer is given no version first."""


def begin_rollout(
    act: Action, version: str, offered: Collection[str], back_to: Collection[str] = ()
) -> Rollout:
    """Begin to bring the gates to one of the versions that were added; one roll-out at a time.

    `back_to` are versions that gates may go back to; another one that is older than a gate's is refused.
    """
    begin(act)
    office_only(act, _("Only the property manager brings gates to another version."))
    if version not in offered:
        raise ActionRefused("version", _("This version was not added to the server."))
    newest = newest_rollout(act.session, act.site_id)
    if newest is not None and newest.state in ("running", "halted"):
        raise ActionRefused(None, _("Another roll-out is not over: stop it first."))
    takers = [
        gate
        for gate in gates_to_update(act.session, act.site_id)
        if takes_updates(gate_at(gate, None, act.now))
    ]
    if not takers:
        raise ActionRefused(
            None, _("No gate here takes updates: docs/updates.md says how a gate is set up for them.")
        )
    if version not in back_to:
        _refuse_older(version, takers)
    rollout = Rollout(
        rollout_id=new_id(),
        site_id=act.site_id,
        version=version,
        stage="one",
        state="running",
        attempt=1,
        why="",
        started_by=act.actor_id,
        started_at=act.now,
        changed_at=act.now,
    )
    act.session.add(rollout)
    act.session.flush()
    _settle(act.session, rollout, act.now)
    record(act, "rollout_begun", {"version": version, "rollout_id": rollout.rollout_id})
    return rollout


def _refuse_older(version: str, gates: Collection[Gate]) -> None:
    """Raise ActionRefused where a gate runs a newer version: it would refuse, and the others wait for it."""
    for gate in gates:
        try:
            is_newer = is_older(version, gate.program)
        except InvalidVersion:
            # A gate that has not said its version yet, or says nonsense, keeps no other from its update.
            continue
        if is_newer:
            raise ActionRefused(
                "version",
                _(
                    "%(gate)s runs %(running)s, and the makers signed no way back to %(version)s: choose a "
                    "newer version.",
                    gate=gate.name,
                    running=gate.program,
                    version=version,
                ),
            )


def hurry_rollout(act: Action) -> Rollout:
    """Begin the next stage now, without the rest of the day; a stage that is not kept yet is waited for."""
    rollout = _current(act, ("running",))
    if rollout.kept_since is None:
        raise ActionRefused(None, _("The gates of this stage do not all run the version yet."))
    _settle(act.session, rollout, act.now, is_hurried=True)
    record(act, "rollout_hurried", {"rollout_id": rollout.rollout_id, "stage": rollout.stage})
    return rollout


def resume_rollout(act: Action) -> Rollout:
    """Go on after a gate went back: it tries once more, and so does no other before it."""
    rollout = _current(act, ("halted",))
    rollout.state, rollout.attempt = "running", rollout.attempt + 1
    rollout.why, rollout.halted_by, rollout.kept_since = "", None, None
    _settle(act.session, rollout, act.now)
    record(act, "rollout_resumed", {"rollout_id": rollout.rollout_id, "attempt": rollout.attempt})
    return rollout


def stop_rollout(act: Action) -> Rollout:
    """End a roll-out: gates that run the version keep it, no other gets it."""
    rollout = _current(act, ("running", "halted"))
    rollout.state, rollout.changed_at = "stopped", act.now
    _order(act.session, gates_to_update(act.session, act.site_id), rollout, ())
    record(act, "rollout_stopped", {"rollout_id": rollout.rollout_id})
    return rollout


def _current(act: Action, states: Collection[str]) -> Rollout:
    begin(act)
    office_only(act, _("Only the property manager brings gates to another version."))
    rollout = newest_rollout(act.session, act.site_id)
    if rollout is None or rollout.state not in states:
        raise ActionRefused(None, _("The roll-out has changed meanwhile. Look at it again."))
    return rollout


# -- without staff ---------------------------------------------------------------------------------


def settle_rollouts(menjin: Menjin, now: datetime) -> int:
    """Let every roll-out go on as its gates report; return how many changed. Called every minute."""
    with menjin.database.session() as session:
        site_ids = sites_with_rollouts(session)
    changed = 0
    for site_id in site_ids:
        with menjin.database.session() as session:
            # First the site, then the roll-out and the gates: every act locks in this order.
            locked_site(session, site_id)
            changed += sum(_goes_on(session, one, now) for one in running_rollouts(session, site_id))
    return changed


def _goes_on(session: Session, rollout: Rollout, now: datetime) -> bool:
    """Settle a roll-out, and write into the ledger what no person decided."""
    stage = rollout.stage
    changed = _settle(session, rollout, now)
    facts: Facts = {"version": rollout.version, "rollout_id": rollout.rollout_id, "stage": rollout.stage}
    if rollout.state == "halted":
        facts["gate_id"] = rollout.halted_by or ""
        append_audit(session, rollout.site_id, "rollout_halted", facts, {}, now)
    elif rollout.state == "done":
        append_audit(session, rollout.site_id, "rollout_done", facts, {}, now)
    elif rollout.stage != stage:
        append_audit(session, rollout.site_id, "rollout_widened", facts, {}, now)
    return changed


def note_update(gate: Gate, status: UpdateStatus | None) -> None:
    """Note how far a gate says that it is; None of a gate that takes no updates."""
    said = status or UpdateStatus(step="")
    gate.update_step, gate.update_version = said.step, said.version
    gate.update_order_id, gate.update_why = said.order_id, said.why


def order_of(gate: Gate) -> UpdateOrder | None:
    """Return the version that a gate should run, None where it is to stay with the one it has."""
    if not gate.ordered_version:
        return None
    return UpdateOrder(version=gate.ordered_version, order_id=gate.ordered_id)


def gate_at(gate: Gate, rollout: Rollout | None, now: datetime) -> GateAt:
    """Return what the rules ask of a gate."""
    heard = gate.last_seen_at
    prefix = f"{rollout.rollout_id}." if rollout is not None else None
    return GateAt(
        gate_id=gate.gate_id,
        number=gate.number,
        program=gate.program,
        step=gate.update_step,
        order_id=gate.update_order_id,
        why=gate.update_why,
        is_ordered=prefix is not None and gate.ordered_id.startswith(prefix),
        in_contact=heard is not None and (now - heard).total_seconds() <= HEARD_WITHIN_SECONDS,
    )


def _settle(session: Session, rollout: Rollout, now: datetime, *, is_hurried: bool = False) -> bool:
    gates = gates_to_update(session, rollout.site_id)
    settled = settle(
        rollout.version,
        rollout.order_id,
        cast(Stage, rollout.stage),
        rollout.kept_since,
        [gate_at(gate, rollout, now) for gate in gates],
        now,
        is_hurried=is_hurried,
    )
    before = (rollout.state, rollout.stage, rollout.kept_since)
    rollout.state, rollout.stage, rollout.kept_since = settled.state, settled.stage, settled.kept_since
    rollout.halted_by, rollout.why = settled.halted_by, settled.why
    changed = before != (rollout.state, rollout.stage, rollout.kept_since)
    if changed:
        rollout.changed_at = now
    _order(session, gates, rollout, settled.ordered if settled.state == "running" else ())
    session.flush()
    return changed


def _order(session: Session, gates: Collection[Gate], rollout: Rollout, ordered: Collection[str]) -> None:
    """Give these gates their order and take it back from all others."""
    for gate in gates:
        wanted = gate.gate_id in ordered
        # The order's number stays: it says that this roll-out has reached the gate.
        if wanted != bool(gate.ordered_version):
            wake_after_commit(session, gate.site_id, (gate.gate_id,))
        if wanted:
            gate.ordered_version, gate.ordered_id = rollout.version, rollout.order_id
        elif gate.ordered_version:
            gate.ordered_version = ""
