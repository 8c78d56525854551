"""Staff decisions after a restore: allow again what the backup had, or keep it held back.

Nothing is allowed again without such a decision or a staff act on the person, card or lane itself; a row
whose subject was changed since is settled by that change and no longer listed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from gate_controller.contract.records import Method
from web_admin.accounts.models import ApiKey, User
from web_admin.action.base import Action, begin, finish, office_only
from web_admin.compound.models import Gate, Person
from web_admin.compound.restore_models import RestoreReview
from web_admin.core.database import IN_LIST
from web_admin.core.orm import Base
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import resume_credential
from web_admin.messages.actions import remove_webhook
from web_admin.messages.models import Webhook
from web_admin.people.suspensions import resume_person
from web_admin.restore.actions import report_stolen
from web_admin.restore.changes import TABLES, as_json, current_values, set_values

ALLOWED, KEPT, STOLEN = "allowed", "kept", "stolen"
NEEDS_ITS_OWN = frozenset({"gate", "gate_here", "emergency_code", "staff", "api_key", "webhook"})
"""Kinds that `keep_all` leaves to be looked at one by one."""
REFUSED = frozenset({("gate", KEPT), ("staff", ALLOWED), ("emergency_code", ALLOWED)})
"""Decisions that a kind has no button for."""
BESIDE: Mapping[str, type[Base]] = {"grants": Person, "wish": Person, "staff": User}
"""Tables of the people or accounts that the other kinds are about."""


def open_reviews(session: Session, site_id: str) -> list[RestoreReview]:
    """Return the undecided items that are still valid, oldest first, in a few queries."""
    rows = session.scalars(
        select(RestoreReview)
        .where(RestoreReview.site_id == site_id, RestoreReview.decided_at.is_(None))
        .order_by(RestoreReview.found_at, RestoreReview.kind, RestoreReview.review_id)
    ).all()
    subjects = subjects_of(session, rows)
    return [row for row in rows if _still_holds(row, subjects)]


def subjects_of(session: Session, rows: Sequence[RestoreReview]) -> dict[tuple[str, str], Any]:
    """Return the rows of the database that these are about, by kind and id."""
    found: dict[tuple[str, str], Any] = {}
    for kind in sorted({row.kind for row in rows}):
        table = TABLES.get(kind) or BESIDE.get(kind)
        if table is None:
            continue
        ids: list[Any] = sorted({row.subject_id for row in rows if row.kind == kind})
        ids = [int(one) for one in ids] if table is User else ids
        key = inspect(table).primary_key[0]
        for start in range(0, len(ids), IN_LIST):
            for subject in session.scalars(select(table).where(key.in_(ids[start : start + IN_LIST]))):
                found[kind, str(getattr(subject, key.name))] = subject
    return found


def _still_holds(row: RestoreReview, subjects: dict[tuple[str, str], Any]) -> bool:
    subject = subjects.get((row.kind, row.subject_id))
    if row.kind == "staff":
        return subject is not None and not subject.active
    if row.kind not in TABLES:
        return True
    return subject is not None and as_json({name: getattr(subject, name) for name in row.after}) == row.after


def decide(act: Action, review_id: str, decision: str) -> None:
    """Allow again what the backup had, leave it as it is, or say that a gate was stolen.

    Deciding twice changes nothing.
    """
    begin(act)
    office_only(act, _("Only the property manager decides what a restore held back."))
    row = act.session.get(RestoreReview, review_id, with_for_update=True)
    if row is None or row.site_id != act.site_id:
        raise ActionRefused(None, _("This was not found."))
    if row.decided_at is not None:
        return
    offered = (KEPT, STOLEN) if row.kind == "gate_here" else (ALLOWED, KEPT)
    if decision not in offered or (row.kind, decision) in REFUSED:
        raise ActionRefused(None, _("Choose one of the buttons."))
    row.decided_at, row.decided_by, row.decision = act.now, act.actor_id, decision
    if decision == ALLOWED:
        _allow(act, row)
    elif decision == STOLEN:
        report_stolen(act, row.subject_id)
    elif row.kind == "api_key":
        act.session.get_one(ApiKey, row.subject_id).ended_at = act.now
    elif row.kind == "webhook" and act.session.get_one(Webhook, row.subject_id).ended_at is None:
        remove_webhook(act, row.subject_id)
    finish(
        act,
        "restore_decided",
        {"review_id": review_id, "kind": row.kind, "subject_id": row.subject_id, "decision": decision},
    )


def keep_all(act: Action) -> int:
    """Leave everything as it is that is about people, cards, lanes and hours; return how many that were."""
    begin(act)
    office_only(act, _("Only the property manager decides what a restore held back."))
    rows = [row for row in open_reviews(act.session, act.site_id) if row.kind not in NEEDS_ITS_OWN]
    for row in rows:
        row.decided_at, row.decided_by, row.decision = act.now, act.actor_id, KEPT
    finish(act, "restore_kept", {"count": len(rows)}, touches=())
    return len(rows)


def _allow(act: Action, row: RestoreReview) -> None:
    session = act.session
    if row.kind == "credential":
        if current_values(session, row.kind, row.subject_id, row.after) == row.after:
            resume_credential(act, row.subject_id)
    elif row.kind == "person":
        resume_person(act, row.subject_id)
    elif row.kind == "methods":
        person = session.get_one(Person, row.subject_id)
        has_face = Method.FACE in person.methods  # consents ended with the restore: only a new one counts
        person.methods = [m for m in row.before["methods"] if m != Method.FACE or has_face]
    elif row.kind == "gate":
        gate = session.get_one(Gate, row.subject_id)
        gate.policy_withheld, gate.tombstones_taken = False, True
    else:
        now_there = current_values(session, row.kind, row.subject_id, row.after)
        back = {name: value for name, value in row.before.items() if now_there[name] == row.after.get(name)}
        if back:
            set_values(session, row.kind, row.subject_id, back)
