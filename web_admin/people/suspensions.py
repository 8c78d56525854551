"""Suspend a whole person: by the property manager, with a second account or for a week at most.

One account alone suspends no person for longer, and not the same person again within a month: what goes on
needs another account that answers for it. Each suspension has a reason of `suspension_reasons`.
"""

from collections.abc import Collection

from flask_babel import lazy_gettext as _
from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import Session

from web_admin.accounts.staff import ACCOUNT_IS_NEW, linked_accounts
from web_admin.action.base import Action, begin, finish, office_only, record
from web_admin.action.lock_outs import kept_in
from web_admin.action.lookups import person_of
from web_admin.action.phone_verification import refuse_unverified_phone
from web_admin.action.suspension_reasons import (
    AGAIN_AFTER,
    WAITS_FOR,
    Cause,
    CheckedCause,
    SuspensionReason,
    checked_cause,
    waits_for_second,
)
from web_admin.action.suspension_rows import add_suspension, keep_held, open_suspensions
from web_admin.action.suspensions import party_of, refuse_ending, with_party
from web_admin.compound.models import Person
from web_admin.compound.restore_models import is_held
from web_admin.compound.suspension_models import Suspension
from web_admin.core.orm import Fact
from web_admin.core.refusal import ActionRefused


def suspend_person(act: Action, person_id: str, cause: Cause) -> Suspension:
    """Stop every way in of a person, or ask a second account for it where the reason or the time need one.

    Raises ActionRefused for a reason that is not of the list, and where the same account suspended this
    person within the last month.
    """
    begin(act)
    person = person_of(act, person_id)
    office_only(act, _("Only the property manager suspends a whole person."))
    checked = checked_cause(act, cause, of_person=True)
    if any(row.began_at is None for row in open_suspensions(act.session, person_id)):
        raise ActionRefused(None, _("A suspension of this person waits for a second account already."))
    waits = waits_for_second(checked, act.now)
    if not waits:
        refuse_renewal(act, person_id)
        return suspend_now(act, person, checked)
    row = add_suspension(act, checked, person_id, waits=True)
    record(act, "suspension_asked", facts_of(row))
    return row


def suspend_now(act: Action, person: Person, cause: CheckedCause) -> Suspension:
    """Store a suspension of a whole person that holds at once, record it and publish it."""
    keep_held(act, person)
    row = add_suspension(act, cause, person.person_id)
    _hold(act, person, row)
    return row


def refuse_renewal(act: Action, person_id: str) -> None:
    """Raise ActionRefused where this account alone suspended the person and that is in force or just over."""
    if act.session.scalars(_alone(act, person_id).limit(1)).first() is not None:
        raise ActionRefused(
            "until",
            _(
                "You suspended this person alone within the last %(days)s days. Another account does it now, "
                "or confirms a longer suspension of yours.",
                days=AGAIN_AFTER.days,
            ),
        )


def _alone(act: Action, person_id: str) -> Select[str]:
    return select(Suspension.suspension_id).where(
        Suspension.person_id == person_id,
        Suspension.credential_id.is_(None),
        Suspension.given_by.in_(linked_accounts(act, act.actor_id)),
        Suspension.began_at.is_not(None),
        Suspension.confirmed_by.is_(None),
        or_(Suspension.ended_at.is_(None), Suspension.ended_at > act.now - AGAIN_AFTER),
    )


def confirm_suspension(act: Action, suspension_id: str) -> None:
    """Confirm with a second account what another one asked for; it holds from now on."""
    begin(act)
    row = _waiting(act, suspension_id)
    if row.given_by == act.actor_id:
        raise ActionRefused(None, _("Another account confirms what you asked for."))
    if row.given_by in linked_accounts(act, act.actor_id):
        raise ActionRefused(
            None,
            _(
                "One of these two accounts made, opened or changed the other within the last %(days)s days. "
                "A third account confirms this.",
                days=ACCOUNT_IS_NEW.days,
            ),
        )
    if row.given_at + WAITS_FOR <= act.now or (row.until is not None and row.until <= act.now):
        raise ActionRefused(None, _("This is too old to be confirmed. Ask for it once more."))
    person = person_of(act, row.person_id)
    keep_held(act, person)
    row.began_at, row.confirmed_by = act.now, act.actor_id
    _hold(act, person, row)


def withdraw_suspension(act: Action, suspension_id: str) -> None:
    """Withdraw a suspension that waits for a second account."""
    begin(act)
    row = _waiting(act, suspension_id)
    row.ended_at = act.now
    record(act, "suspension_withdrawn", facts_of(row))


def _waiting(act: Action, suspension_id: str) -> Suspension:
    row = act.session.get(Suspension, suspension_id)
    office_only(act, _("Only the property office decides this."))
    if row is None or row.site_id != act.site_id:
        raise ActionRefused(None, _("There is no such suspension."))
    if row.began_at is not None or row.ended_at is not None:
        raise ActionRefused(None, _("This was decided already."))
    return row


def _hold(act: Action, person: Person, row: Suspension) -> None:
    reason = SuspensionReason(row.reason)
    with kept_in(act, "person_suspended", [person.person_id], (reason,), reason):
        person.suspended_by = with_party(
            person.suspended_by, "owner" if row.party == "owner" else "office", is_suspended=person.suspended
        )
        person.suspended = True
        finish(act, "person_suspended", facts_of(row), person_id=person.person_id)


def facts_of(row: Suspension) -> dict[str, Fact]:
    """Return what the ledger says of a suspension: its id, reason, end, and who confirmed it."""
    facts: dict[str, Fact] = {"suspension_id": row.suspension_id, "reason": row.reason}
    if row.until is not None:
        facts["until"] = row.until.isoformat()
    if row.confirmed_by is not None:
        facts["asked_by"] = row.given_by
    return facts


def resume_person(act: Action, person_id: str) -> None:
    """Resume a suspended person; raise ActionRefused for a party that may not (`suspensions`)."""
    begin(act)
    person = person_of(act, person_id)
    mark_resumed(act, person)
    end_rows_of(act, [person_id])
    finish(act, "person_resumed", {}, person_id=person_id)


def mark_resumed(act: Action, person: Person) -> None:
    """Mark a person as resumed; raise ActionRefused for a party that may not (`suspensions`).

    The caller ends the rows, for several people at once.
    """
    if person.suspended:
        if party_of(act) == "owner":
            refuse_unverified_phone(act, person)
            _refuse_held(act.session, person)
        refuse_ending(act, person.suspended_by, "person")
    person.suspended, person.suspended_by = False, ""


def end_rows_of(act: Action, person_ids: Collection[str]) -> None:
    """End the suspensions of whole people that are in force; what waits for a second account stays."""
    act.session.execute(
        update(Suspension)
        .where(
            Suspension.person_id.in_(person_ids),
            Suspension.credential_id.is_(None),
            Suspension.began_at.is_not(None),
            Suspension.ended_at.is_(None),
        )
        .values(ended_at=act.now)
    )


def _refuse_held(session: Session, person: Person) -> None:
    if is_held(session, "person", person.person_id):
        raise ActionRefused(
            "person",
            _("A gate refused this before the server was restored. The property office decides."),
        )
