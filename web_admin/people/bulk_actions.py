"""Act on several people at once: one transaction, an entry for each of them, published once; and undo it.

Who changed between preview and act is left out by the same rule as in the preview. The ledger keeps the
entries of an act side by side, the act's own last, so that an undo finds exactly what the act did.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from flask_babel import lazy_gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import selectinload

from web_admin.action.base import Action, begin, publish, record_many
from web_admin.action.lock_outs import kept_in
from web_admin.action.suspension_reasons import (
    LONGEST_ALONE,
    NO_SUCH_REASON,
    OF_GRANTS,
    Cause,
    SuspensionReason,
    checked_cause,
)
from web_admin.action.suspension_rows import add_suspension
from web_admin.action.suspensions import with_party
from web_admin.compound.models import Invitation, Person
from web_admin.core.orm import Fact
from web_admin.core.refusal import ActionRefused
from web_admin.journal.ledger import NewEntry
from web_admin.people.actions import GrantSpec, new_grant, new_grants
from web_admin.people.bulk_queries import (
    ACTED,
    UNDO_FOR,
    UNDONE,
    BulkAct,
    bulk_act,
    candidates_of,
    may_be_undone,
    what_became,
)
from web_admin.people.bulk_rules import MOST, UNDOABLE, BulkKind, Plan, plan_of
from web_admin.people.helper_rights import fit_helpers, helpers_under, who_answer_for_helpers
from web_admin.people.invitations import INVITATION_HOURS, add_invitation
from web_admin.people.suspensions import end_rows_of, facts_of, mark_resumed

OF_SEVERAL = (SuspensionReason.MOVED_OUT, SuspensionReason.ASKED)
"""For these reasons several people can be suspended at once: the others need a second account."""


@dataclass(frozen=True, slots=True, repr=False)
class BulkResult:
    """Result of a bulk act: its entry in the ledger, and the codes of invitations, to be shown once."""

    seq: int
    count: int
    codes: Mapping[str, str] = field(default_factory=dict)


def plan_act(act: Action, kind: BulkKind, person_ids: Collection[str], spec: GrantSpec | None = None) -> Plan:
    """Return for whom of these people an act is done now, and who is left out.

    Raises ActionRefused for no one, for too many, and for a grant that is wrong.
    """
    if not person_ids:
        raise ActionRefused(None, _("Choose at least one person."))
    if len(person_ids) > MOST:
        raise ActionRefused(
            None, _("At most %(count)s people at a time. Choose a building, or fewer people.", count=MOST)
        )
    if spec is not None:
        new_grant(act, spec)
    return plan_of(kind, candidates_of(act.session, act.site_id, person_ids, act.now), act.now, spec)


def suspend_people(act: Action, person_ids: Collection[str], reason: str) -> BulkResult:
    """Stop every way in of several people for a week at most; who has a way in is left out.

    No list takes the last way in of a person: that is decided for each person alone.
    """
    plan = _begin(act, "suspend", person_ids)
    cause = checked_cause(act, Cause(reason, until=act.now + LONGEST_ALONE), of_person=True)
    if reason not in OF_SEVERAL:
        raise ActionRefused("reason", NO_SUCH_REASON)
    entries = []
    with kept_in(act, "person_suspended", [each.person.person_id for each in plan.chosen]):
        for each in plan.chosen:
            person = each.person
            person.suspended_by = with_party(person.suspended_by, cause.party, is_suspended=person.suspended)
            person.suspended = True
            row = add_suspension(act, cause, person.person_id)
            entries.append(NewEntry("person_suspended", facts_of(row), person.person_id))
        return _finish(act, "suspend", plan, entries)


def invite_people(act: Action, person_ids: Collection[str]) -> BulkResult:
    """Make first invitations for several people; their codes are shown once. Gates need not know of it."""
    plan = _begin(act, "invite", person_ids)
    codes, entries = {}, []
    for each in plan.chosen:
        person_id = each.person.person_id
        invitation_id, codes[person_id] = add_invitation(act, person_id, INVITATION_HOURS)
        entries.append(
            NewEntry("person_invited", {"invitation_id": invitation_id, "again": False}, person_id)
        )
    return _finish(act, "invite", plan, entries, codes)


def grant_hours(act: Action, person_ids: Collection[str], spec: GrantSpec) -> BulkResult:
    """Grant several people lanes and hours beside what they have."""
    plan = _begin(act, "hours", person_ids, spec)
    entries = []
    grants = new_grants(act, spec, len(plan.chosen))
    for each, grant in zip(plan.chosen, grants, strict=True):
        each.person.grants.append(grant)
        entries.append(
            NewEntry(
                "grants_set",
                {"count": len(each.person.grants), "grant_id": grant.grant_id},
                each.person.person_id,
            )
        )
    return _finish(act, "hours", plan, entries)


def undo_bulk_act(act: Action, seq: int) -> int:
    """Undo an act where it is still in force, and return for how many people it was.

    Raises ActionRefused when it is too late, or when nothing of the act is left.
    """
    begin(act)
    past = bulk_act(act.session, act.site_id, seq)
    if past is None or not UNDOABLE[past.kind]:
        raise ActionRefused(None, _("There is no such act, or it cannot be undone."))
    if act.now - past.at > UNDO_FOR:
        raise ActionRefused(None, _("This was too long ago to be undone. Change it on each person's page."))
    became = what_became(act.session, act.site_id, past, act.now)
    if not may_be_undone(past, became, act.now):
        raise ActionRefused(None, _("Nothing of this act still applies."))
    left = [person_id for person_id, state in became.items() if state == "in_force"]
    losing = left if past.kind == "hours" else []
    helpers = [helper.person_id for helper in helpers_under(act.session, losing)]
    with kept_in(act, UNDONE, [*losing, *helpers], OF_GRANTS):
        entries, touched = _UNDO[past.kind](act, past, left)
        record_many(act, [*entries, NewEntry(UNDONE, {"undoes": seq, "count": len(left)})])
        if touched and act.publishes:
            publish(act, touched)
    return len(left)


# -- shared ----------------------------------------------------------------------------------------


def _begin(act: Action, kind: BulkKind, person_ids: Collection[str], spec: GrantSpec | None = None) -> Plan:
    begin(act)
    plan = plan_act(act, kind, person_ids, spec)
    if not plan.chosen:
        raise ActionRefused(None, _("There is no one left for whom this can be done."))
    return plan


def _finish(
    act: Action,
    kind: BulkKind,
    plan: Plan,
    entries: Sequence[NewEntry],
    codes: Mapping[str, str] | None = None,
) -> BulkResult:
    count = len(entries)
    whole = NewEntry(ACTED, {"act": kind, "count": count, "left_out": len(plan.left_out)})
    act.session.flush()
    seq = record_many(act, [*entries, whole])
    if kind != "invite" and act.publishes:
        publish(act, [each.person.person_id for each in plan.chosen])
    return BulkResult(seq, count, codes or {})


Undone = tuple[list[NewEntry], list[str]]


def _resume(act: Action, past: BulkAct, left: Sequence[str]) -> Undone:
    for person in _people(act, left):
        mark_resumed(act, person)
    end_rows_of(act, left)
    return [NewEntry("person_resumed", {"undoes": past.seq}, person_id) for person_id in left], list(left)


def _revoke(act: Action, past: BulkAct, left: Sequence[str]) -> Undone:
    ids = [past.things[person_id] for person_id in left]
    act.session.execute(
        update(Invitation)
        .where(Invitation.invitation_id.in_(ids), Invitation.used_at.is_(None))
        .values(expires_at=act.now)
    )
    return [
        NewEntry("invitation_revoked", _undone(past, "invitation_id", person_id), person_id)
        for person_id in left
    ], []


def _withdraw(act: Action, past: BulkAct, left: Sequence[str]) -> Undone:
    entries = []
    for person in _people(act, left):
        granted = past.things[person.person_id]
        person.grants = [grant for grant in person.grants if grant.grant_id != granted]
        facts = {"count": len(person.grants), **_undone(past, "grant_id", person.person_id)}
        entries.append(NewEntry("grants_set", facts, person.person_id))
    act.session.flush()
    cut = [
        helper_id
        for person in who_answer_for_helpers(act.session, left)
        for helper_id in fit_helpers(act.session, person, act.now)
    ]
    return entries, [*left, *cut]


def _undone(past: BulkAct, name: str, person_id: str) -> dict[str, Fact]:
    return {name: past.things[person_id], "undoes": past.seq}


def _people(act: Action, person_ids: Sequence[str]) -> Sequence[Person]:
    rows = select(Person).where(Person.person_id.in_(person_ids)).options(selectinload(Person.grants))
    return act.session.scalars(rows.order_by(Person.person_id)).all()


_UNDO: Mapping[BulkKind, Callable[[Action, BulkAct, Sequence[str]], Undone]] = {
    "suspend": _resume,
    "invite": _revoke,
    "hours": _withdraw,
}
