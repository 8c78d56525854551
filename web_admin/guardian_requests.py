"""A minor asks a guardian to agree to face, each on their own phone; only both together are a consent."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.acts import Act, ActRefused, begin, finish, new_id, own_person_id, person_of, record
from web_admin.age_bands import MINOR
from web_admin.consent_models import Consent, GuardianRequest
from web_admin.consents import consentable_notice, record_consent, withdraw_face
from web_admin.credential_rows import refuse_unproven_phone
from web_admin.custody import FACE_PURPOSE
from web_admin.guardians import guardians_of, lapse_requests, wards_of
from web_admin.models import Person
from web_admin.notices import newest_notice

REQUEST_LASTS = timedelta(days=7)


def ask_guardian(
    act: Act, minor_id: str, guardian_id: str, notice_version: int, language: str
) -> GuardianRequest:
    """Record a minor's yes to this notice and ask one guardian; face stays off until they agree."""
    begin(act)
    minor = person_of(act, minor_id)
    notice = consentable_notice(act, minor, notice_version, language)
    if minor.age_band != MINOR:
        raise ActRefused(None, _("You decide on your own: no guardian is asked."))
    if guardian_id not in {guardian.person_id for guardian in guardians_of(act.session, minor)}:
        raise ActRefused("guardian", _("Only an adult of your home, known as your guardian, can agree."))
    lapse_requests(act, minor_id)
    request = GuardianRequest(
        request_id=new_id(), minor_id=minor_id, guardian_id=guardian_id, notice_version=notice.version,
        language=language, asked_at=act.now,
    )
    act.session.add(request)
    record(
        act, "face_guardian_asked",
        {"request_id": request.request_id, "purpose": FACE_PURPOSE, "notice_version": notice.version,
         "notice_sha256": notice.sha256.hex(), "language": language},
        personal={"guardian_id": guardian_id}, person_id=minor_id,
    )
    return request


def answer_guardian(act: Act, request_id: str, *, agrees: bool, language: str) -> Consent | None:
    """Record the guardian's yes or no, from their own phone; a yes makes the consent and returns it.

    A no may also be said at the desk.
    """
    begin(act)
    guardian = person_of(act, own_person_id(act) or act.actor_id)
    if act.channel != "phone" and (agrees or act.served is None):
        raise ActRefused(None, _("Guardians answer on their own phone, or at a gate beside the minor."))
    refuse_unproven_phone(act, guardian)
    request = act.session.get(GuardianRequest, request_id)
    if request is None or request.guardian_id != guardian.person_id or not is_open(request, act.now):
        raise ActRefused(None, _("This request is not open any more."))
    minor = act.session.get_one(Person, request.minor_id)
    request.answer, request.answered_at = ("yes" if agrees else "no"), act.now
    if not agrees:
        record(
            act, "face_guardian_refused", {"request_id": request_id},
            personal={"guardian_id": guardian.person_id}, person_id=minor.person_id,
        )
        return None
    still = {adult.person_id for adult in guardians_of(act.session, minor)}
    if minor.ended_at is not None or minor.age_band != MINOR or guardian.person_id not in still:
        raise ActRefused(None, _("This request is not open any more."))
    notice = consentable_notice(act, minor, request.notice_version, request.language)
    read = newest_notice(act.session, FACE_PURPOSE, language) or notice
    return record_consent(act, minor, notice, read, guardian.person_id)


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


def requests_to(session: Session, guardian_id: str, now: datetime) -> Sequence[GuardianRequest]:
    """Return the requests that wait for this guardian."""
    query = select(GuardianRequest).where(
        GuardianRequest.guardian_id == guardian_id, GuardianRequest.answer.is_(None)
    )
    return [row for row in session.scalars(query.order_by(GuardianRequest.asked_at)) if is_open(row, now)]


def request_of(session: Session, minor_id: str) -> GuardianRequest | None:
    """Return the newest request of a minor, whatever became of it."""
    query = select(GuardianRequest).where(GuardianRequest.minor_id == minor_id)
    return session.scalars(query.order_by(GuardianRequest.asked_at.desc()).limit(1)).first()
