"""Verify a phone once its person's own card or PIN was shown at a gate.

A phone that an invitation opened is verified so. A verified one, whose person has neither password nor
passkey, is confirmed so before it changes how they sign in (`resident/confirmation.py`).

An invitation letter can be stolen; the card in the pocket usually was not. Only what was shown in the
minutes that the phone asked for counts (`phone_verification.py`), however late an offline gate hands it over.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, or_, select

from gate_controller.contract.credential_kinds import IDENTIFYING_KINDS, OWN_KINDS
from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import JournalEntry
from web_admin.action.base import Action, begin
from web_admin.action.phone_verification import opened_invitation
from web_admin.compound.models import CredentialRow, Invitation, Person
from web_admin.core.database import among
from web_admin.people.invitations import confirm_identity
from web_admin.people.phone_verification import OWN_SINCE, is_in_time


def verify_by_gate_events(by_gate: Action, entries: Sequence[JournalEntry]) -> None:
    """Verify the invited people of these entries who opened by card or PIN in their phone's minutes.

    What has opened a gate is in its person's hand.
    """
    shown: dict[tuple[str, str], list[datetime]] = {}
    used: set[tuple[str, str]] = set()
    for entry in entries:
        personal = entry.personal or {}
        person_id, credential_id = personal.get("person_id"), personal.get("credential_id")
        is_showing = entry.kind in (EventKind.ACCESS, EventKind.SHOWN_FOR_FACE)
        opened = is_showing and entry.facts.get("opens", True) is True
        if isinstance(person_id, str) and isinstance(credential_id, str) and opened:
            used.add((person_id, credential_id))
            if entry.facts.get("method", "card") in IDENTIFYING_KINDS:
                shown.setdefault((person_id, credential_id), []).append(entry.at)
    if not used:
        return
    # A visitor's code is typed like a PIN and names its host: the holder of a stolen invitation could
    # give one out and type it. Others of the home may know the PIN that the home gave them. A duress PIN
    # verifies as the usual one does: the one who threatens looks at the phone as well. The gate's silent
    # alarm says the rest.
    session = by_gate.session
    asked = (
        select(Invitation.invitation_id)
        .where(
            Invitation.person_id == Person.person_id,
            Invitation.proof_asked_at > func.coalesce(Invitation.proved_at, Invitation.created_at),
        )
        .exists()
    )
    waiting = session.execute(
        select(Person.person_id, Person.phone_unproven, asked.label("is_asked"), CredentialRow)
        .join(CredentialRow, CredentialRow.person_id == Person.person_id)
        .where(
            among(session, CredentialRow.credential_id, sorted({used_id for _, used_id in used})),
            CredentialRow.kind.in_(OWN_KINDS),
            or_(CredentialRow.in_hand.is_(False), Person.phone_unproven.is_not(None), asked),
        )
    ).all()
    new = [row for *_, row in waiting if not row.in_hand and (row.person_id, row.credential_id) in used]
    if new:
        begin(by_gate)
    for row in new:
        row.in_hand = True
    verified: dict[str, bool] = {}
    for person_id, phone_unproven, is_asked, row in waiting:
        is_waiting = phone_unproven is not None or is_asked
        if not is_waiting or row.known_to_home or row.kind not in IDENTIFYING_KINDS:
            continue
        invitation = opened_invitation(session, person_id)
        if phone_unproven is None and not _is_old_enough(row, invitation):
            continue
        if any(is_in_time(invitation, at) for at in shown.get((person_id, row.credential_id), ())):
            verified[person_id] = verified.get(person_id, False) or row.seen_by is None
    for person_id, by_own in sorted(verified.items()):
        confirm_identity(replace(by_gate, actor_id=person_id), person_id, by_own=by_own)


def _is_old_enough(row: CredentialRow, opened: Invitation | None) -> bool:
    """Return whether a card or PIN was its person's before a found phone could have made it."""
    asked = opened.proof_asked_at if opened is not None else None
    return asked is not None and row.created_at <= asked - OWN_SINCE
