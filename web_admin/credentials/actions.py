"""Actions on credentials: issue, end, suspend, resume, choose.

Losing a credential never fails, but for another system that would take a person's last way in: if it was
the last way besides face, face is paused in the same transaction. Turning a way off by choice is another
matter, and the last one stays.
"""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _

from gate_controller.contract.records import CredentialKind, Method
from web_admin.action.base import Action, begin, checked_text, finish, office_only
from web_admin.action.lock_outs import kept_in
from web_admin.action.lookups import credential_of, person_of
from web_admin.action.phone_verification import refuse_recovered_phone, refuse_unverified_phone
from web_admin.action.suspension_reasons import (
    OF_CREDENTIALS,
    Cause,
    CheckedCause,
    SuspensionReason,
    checked_cause,
)
from web_admin.action.suspension_rows import add_suspension, end_suspensions, keep_held, reopen_suspensions
from web_admin.action.suspensions import party_of, refuse_ending, with_party
from web_admin.compound.models import CredentialRow, Person
from web_admin.compound.restore_models import is_held
from web_admin.compound.usable_credentials import usable_methods
from web_admin.core.orm import Fact
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.child_agreements import KINDS_BY_AGREEMENT, refuse_without_agreement
from web_admin.credentials.last_way_in import refuse_last_way
from web_admin.credentials.lifecycle import end_one, finish_credential, live_credentials, record_loss
from web_admin.credentials.phones import online_qr
from web_admin.credentials.queries import is_given_again
from web_admin.face.endings import forget_face
from web_admin.face.ways_in import Aftermath, live_face_consent, settle_face


def end_credential(act: Action, credential_id: str, reason: str) -> Aftermath:
    """End a card, PIN or phone key for good; raise LastWayIn where another system would end the last one."""
    begin(act)
    credential = credential_of(act, credential_id)
    if act.channel == "api" and credential.state != "ended":
        refuse_last_way(act, credential)
    why = checked_text("reason", reason)
    with kept_in(act, "credential_ended", [credential.person_id], OF_CREDENTIALS, why):
        if credential.state != "ended":
            end_one(act, credential, why)
        return record_loss(act, credential, "credential_ended", why)


def take_end_back(act: Action, credential_id: str, state: str, suspended_by: str) -> None:
    """Let a card, PIN or phone that was ended by mistake be as it was before; raise ActionRefused.

    What a lost one has paused stays paused: its person decides once more.
    """
    begin(act)
    office_only(act, _("Only the property manager takes an end back."))
    credential = credential_of(act, credential_id)
    if credential.state != "ended":
        return
    if is_given_again(act.session, credential):
        raise ActionRefused(None, _("It was given out again since. Nothing was undone."))
    if credential.kind in KINDS_BY_AGREEMENT:
        refuse_without_agreement(act, credential.person)
    reopen_suspensions(act.session, credential)
    credential.state, credential.suspended_by = state, suspended_by
    credential.ended_at = credential.ended_reason = None
    settle_face(act.session, credential.person, act.now)
    finish_credential(act, credential, "credential_end_taken_back")


def suspend_credential(act: Action, credential_id: str, reason: str = "") -> Aftermath:
    """Stop a credential until it is resumed; without a reason for the one that this party's button has.

    Raises ActionRefused for a reason that is not of the list, and LastWayIn for another system.
    """
    begin(act)
    credential = credential_of(act, credential_id)
    if credential.state == "ended":
        raise ActionRefused("credential", _("This has ended already and opens nothing."))
    cause = checked_cause(act, Cause(reason or usual_reason(act)), of_person=False)
    if act.channel == "api":
        refuse_last_way(act, credential)
    with kept_in(act, "credential_suspended", [credential.person_id], (cause.reason,), cause.reason):
        return _suspend(act, credential, cause)


def _suspend(act: Action, credential: CredentialRow, cause: CheckedCause) -> Aftermath:
    if not credential.duress:  # a duress PIN is listed nowhere
        keep_held(act, credential)
    credential.suspended_by = with_party(
        credential.suspended_by, cause.party, is_suspended=credential.state == "suspended"
    )
    credential.state = "suspended"
    if credential.kind == CredentialKind.PIN and not credential.duress:
        for duress in live_credentials(act, credential.person_id, CredentialKind.PIN, duress=True):
            duress.state, duress.suspended_by = "suspended", credential.suspended_by
    facts: dict[str, Fact] = {"reason": cause.reason}
    if not credential.duress:
        row = add_suspension(act, cause, credential.person_id, credential.credential_id)
        facts["suspension_id"] = row.suspension_id
    return record_loss(act, credential, "credential_suspended", "", facts)


def usual_reason(act: Action) -> str:
    """Return what the one button of this party says; other systems name their reason."""
    if act.channel == "api":
        return ""
    of_party = {"owner": SuspensionReason.ASKED, "home": SuspensionReason.HOME}
    return of_party.get(party_of(act), SuspensionReason.LOST)


def resume_credential(act: Action, credential_id: str) -> None:
    """Resume a suspended credential.

    Raises ActionRefused when it has ended, on an unverified phone, and for a party that may not end
    the suspension (`suspensions`).
    """
    begin(act)
    credential = credential_of(act, credential_id)
    if credential.state == "ended":
        raise ActionRefused("credential", _("This has ended and stays ended. Issue a new one."))
    if act.channel in ("phone", "home") and is_held(act.session, "credential", credential_id):
        raise ActionRefused(
            "credential",
            _("A gate refused this before the server was restored. The property office decides."),
        )
    if credential.state == "suspended":
        refuse_unverified_phone(act, credential.person)
        refuse_ending(act, credential.suspended_by, "credential")
    credential.state, credential.suspended_by = "active", ""
    end_suspensions(act.session, act.now, credential.person_id, credential_id)
    if credential.kind == CredentialKind.PIN and not credential.duress:
        for duress in live_credentials(act, credential.person_id, CredentialKind.PIN, duress=True):
            duress.state, duress.suspended_by = "active", ""
    settle_face(act.session, credential.person, act.now)
    finish_credential(act, credential, "credential_resumed")


def choose_methods(act: Action, person_id: str, methods: Iterable[str]) -> None:
    """Set the ways in that a person uses; leaving face out withdraws it.

    Raises ActionRefused for face without live consent, for no way besides face, and for turning off
    the last way that works.
    """
    begin(act)
    person = person_of(act, person_id)
    refuse_recovered_phone(act, person)
    chosen = _in_fixed_order(methods)
    _refuse_face_alone(act, person, chosen)
    if Method.QR in chosen and not live_credentials(act, person_id, CredentialKind.QR):
        act.session.add(online_qr(act, person))
        act.session.flush()
    usable = usable_methods(act.session, person_id, act.now)
    had_a_way = bool(usable & {Method(method) for method in person.methods})
    if not usable & set(chosen) and (had_a_way or Method.FACE in chosen):
        raise ActionRefused(
            "methods",
            _(
                "This would leave no way in that works: face never counts as the only one. "
                "Keep the card, PIN or QR code that works, or get another one first."
            ),
        )
    if Method.FACE not in chosen:
        forget_face(act, person, "turned_off")
    person.methods = [method.value for method in chosen]
    settle_face(act.session, person, act.now)
    finish(act, "methods_chosen", {}, personal={"methods": " ".join(chosen)}, person_id=person_id)


def _in_fixed_order(methods: Iterable[str]) -> tuple[Method, ...]:
    wanted = set(methods)
    if wanted - set(Method):
        raise ActionRefused("methods", _("Choose among card, PIN, QR code and face."))
    return tuple(method for method in Method if method in wanted)


def _refuse_face_alone(act: Action, person: Person, chosen: tuple[Method, ...]) -> None:
    if not set(chosen) - {Method.FACE}:
        raise ActionRefused(
            "methods", _("Choose at least one of card, PIN and QR code. Face is only an extra.")
        )
    if Method.FACE in chosen and live_face_consent(act.session, person) is None:
        raise ActionRefused("methods", _("Face needs your consent first. Read the notice and decide there."))
