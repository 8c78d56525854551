"""A minor asks a guardian, or both, to agree to face, each on their own phone; only all together consent."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.acts import Act, ActRefused, begin, finish, new_id, own_person_id, person_of, record
from web_admin.age_bands import MINOR
from web_admin.consent_models import Consent, GuardianRequest, Notice
from web_admin.consent_rules import checked_signature
from web_admin.consents import GuardianPart, consentable_notice, record_consent, withdraw_face
from web_admin.credential_rows import refuse_unproven_phone
from web_admin.custody import FACE_PURPOSE
from web_admin.face_facts import guardians_needed
from web_admin.guardians import OPEN, guardians_of, lapse_requests, wards_of
from web_admin.models import Person
from web_admin.notices import newest_notice

REQUEST_LASTS = timedelta(days=7)


def ask_guardians(
    act: Act, minor_id: str, guardian_ids: Collection[str], notice_version: int, language: str
) -> Sequence[GuardianRequest]:
    """Record a minor's yes to this notice and ask their guardians; face stays off until they agree.

    One is asked, or two where the site asks for both (`face_facts.guardians_needed`).
    """
    begin(act)
    minor = person_of(act, minor_id)
    notice = consentable_notice(act, minor, notice_version, language)
    if minor.age_band != MINOR:
        raise ActRefused(None, _("You decide on your own: no guardian is asked."))
    asked = sorted(set(guardian_ids))
    if not set(asked) <= {guardian.person_id for guardian in guardians_of(act.session, minor)} or not asked:
        raise ActRefused("guardian", _("Only an adult of your home, known as your guardian, can agree."))
    if len(asked) != guardians_needed(act.session, minor):
        raise ActRefused("guardian", _("Both guardians have to agree. Choose two.") if len(asked) == 1
                         else _("Choose as many guardians as have to agree."))
    lapse_requests(act, minor_id)
    requests = [
        GuardianRequest(
            request_id=new_id(), minor_id=minor_id, guardian_id=guardian_id, notice_version=notice.version,
            language=language, asked_at=act.now,
        )
        for guardian_id in asked
    ]
    act.session.add_all(requests)
    record(
        act, "face_guardian_asked",
        {"request_id": ", ".join(request.request_id for request in requests), "purpose": FACE_PURPOSE,
         "notice_version": notice.version, "notice_sha256": notice.sha256.hex(), "language": language},
        personal={"guardian_id": ", ".join(asked)}, person_id=minor_id,
    )
    return requests


def answer_guardian(
    act: Act, request_id: str, *, agrees: bool, language: str, signed_name: str = ""
) -> Consent | None:
    """Record a guardian's yes or no, from their own phone; the last yes makes the consent and returns it.

    A no may also be said at the desk, and after a yes for as long as another guardian is waited for.
    """
    begin(act)
    guardian = person_of(act, own_person_id(act) or act.actor_id)
    if act.channel != "phone" and (agrees or act.served is None):
        raise ActRefused(None, _("Guardians answer on their own phone, or at a gate beside the minor."))
    refuse_unproven_phone(act, guardian)
    request = act.session.get(GuardianRequest, request_id)
    if request is None or request.guardian_id != guardian.person_id or not (
        is_open(request, act.now) or (is_half(request, act.now) and not agrees)
    ):
        raise ActRefused(None, _("This request is not open any more."))
    if not agrees:
        _refuse(act, request)
        return None
    return _agree(act, request, language, signed_name)


def _refuse(act: Act, request: GuardianRequest) -> None:
    lapse_requests(act, request.minor_id)
    act.session.refresh(request)
    request.answer, request.answered_at = "no", act.now
    record(
        act, "face_guardian_refused", {"request_id": request.request_id},
        personal={"guardian_id": request.guardian_id}, person_id=request.minor_id,
    )


def _agree(act: Act, request: GuardianRequest, language: str, signed_name: str) -> Consent | None:
    minor = act.session.get_one(Person, request.minor_id)
    still = {adult.person_id for adult in guardians_of(act.session, minor)}
    together = [
        one for one in asked_together(act.session, request)
        if one.answer in (None, "half") and one.guardian_id in still
    ]
    needed = guardians_needed(act.session, minor)
    if minor.ended_at is not None or minor.age_band != MINOR or request not in together:
        raise ActRefused(None, _("This request is not open any more."))
    if len(together) < needed:  # another guardian left, or the site asks for more by now
        raise ActRefused(None, _("This request is not open any more. Ask for it to be made anew."))
    notice = consentable_notice(act, minor, request.notice_version, request.language)
    request.signed_name = checked_signature(act, signed_name)
    request.answer, request.answered_at, request.answer_language = "half", act.now, language
    agreed = [one for one in together if one.answer == "half"]
    if len(agreed) < needed:
        record(
            act, "face_guardian_agreed", {"request_id": request.request_id},
            personal={"guardian_id": request.guardian_id}, person_id=minor.person_id,
        )
        return None
    parts = [_part_of(act, one, notice) for one in agreed]
    for one in agreed:
        one.answer, one.signed_name = "yes", None
    return record_consent(act, minor, notice, parts)


def _part_of(act: Act, request: GuardianRequest, notice: Notice) -> GuardianPart:
    read = newest_notice(act.session, FACE_PURPOSE, request.answer_language or "") or notice
    return GuardianPart(request.guardian_id, read, request.answered_at or act.now, request.signed_name)


def asked_together(session: Session, request: GuardianRequest) -> Sequence[GuardianRequest]:
    """Return the requests that a minor made with this one, itself among them, in a fixed order."""
    query = select(GuardianRequest).where(
        GuardianRequest.minor_id == request.minor_id, GuardianRequest.asked_at == request.asked_at
    )
    return session.scalars(query.order_by(GuardianRequest.guardian_id)).all()


def withdraw_for_ward(act: Act, minor_id: str) -> None:
    """Let a guardian take back what they agreed to, by phone or at the desk; never refused to them."""
    begin(act)
    guardian = person_of(act, own_person_id(act) or act.actor_id)
    if minor_id not in {ward.person_id for ward in wards_of(act.session, guardian.person_id)}:
        raise ActRefused(None, _("You can change only what is your own."))
    withdraw_face(_for_ward(act, minor_id), minor_id, "guardian")
    finish(act, "face_withdrawn_by_guardian", {}, personal={"guardian_id": guardian.person_id},
           person_id=minor_id)


def _for_ward(act: Act, minor_id: str) -> Act:
    """Return the guardian's act as the minor's own."""
    if act.served is not None:
        return replace(act, served=replace(act.served, person_id=minor_id))
    return replace(act, actor_id=minor_id)


def is_open(request: GuardianRequest, now: datetime) -> bool:
    """Tell whether a request still waits for its answer."""
    return request.answer is None and now < request.asked_at + REQUEST_LASTS


def is_half(request: GuardianRequest, now: datetime) -> bool:
    """Tell whether this guardian said yes and another is waited for."""
    return request.answer == "half" and now < request.asked_at + REQUEST_LASTS


def requests_to(session: Session, guardian_id: str, now: datetime) -> Sequence[GuardianRequest]:
    """Return the requests that this guardian can answer, or take a yes back from."""
    query = select(GuardianRequest).where(GuardianRequest.guardian_id == guardian_id, OPEN)
    rows = session.scalars(query.order_by(GuardianRequest.asked_at))
    return [row for row in rows if is_open(row, now) or is_half(row, now)]


def requests_of(session: Session, minor_id: str) -> Sequence[GuardianRequest]:
    """Return what a minor asked last, of one guardian or of both, whatever became of it."""
    query = select(GuardianRequest).where(GuardianRequest.minor_id == minor_id)
    newest = session.scalars(query.order_by(GuardianRequest.asked_at.desc()).limit(1)).first()
    return asked_together(session, newest) if newest is not None else ()
