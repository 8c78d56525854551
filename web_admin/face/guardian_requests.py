"""Ask one or both guardians of a minor to agree to face on their own phones; consent needs all of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import case, select
from sqlalchemy.orm import Session

from web_admin.action.base import Action, begin, finish, new_id, own_person_id, record
from web_admin.action.lookups import person_of
from web_admin.action.phone_verification import refuse_phone_from_home, refuse_unverified_phone
from web_admin.compound.age_bands import MINOR
from web_admin.compound.models import Person
from web_admin.core.refusal import ActionRefused
from web_admin.custody.models import Consent, Notice
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import (
    GuardianPart,
    checked_signature,
    consentable_notice,
    record_consent,
    withdraw_face,
)
from web_admin.face.guardians import OPEN, guardians_of, lapse_asked_by, wards_of
from web_admin.face.models import GuardianRequest
from web_admin.face.queries import (
    guardian_ids_of,
    guardians_needed,
    newest_notice,
    newest_notices,
    numbers_needed,
    rules_of,
)

REQUEST_LASTS = timedelta(days=7)


def ask_guardians(
    act: Action, minor_id: str, guardian_ids: Collection[str], notice_version: int, language: str
) -> Sequence[GuardianRequest]:
    """Record a minor's yes to this notice and ask their guardians; face stays off until they agree.

    One is asked, or two where the site asks for both (`guardians_needed`).
    """
    begin(act)
    minor = person_of(act, minor_id)
    notice = consentable_notice(act, minor, notice_version, language)
    if minor.age_band != MINOR:
        raise ActionRefused(None, _("You decide on your own: no guardian is asked."))
    asked = sorted(set(guardian_ids))
    if not set(asked) <= {guardian.person_id for guardian in guardians_of(act.session, minor)} or not asked:
        raise ActionRefused("guardian", _("Only an adult of your home, known as your guardian, can agree."))
    if len(asked) != guardians_needed(act.session, minor):
        raise ActionRefused(
            "guardian",
            _("Both guardians have to agree. Choose two.")
            if len(asked) == 1
            else _("Choose as many guardians as have to agree."),
        )
    lapse_asked_by(act, minor_id)
    requests = [
        GuardianRequest(
            request_id=new_id(),
            minor_id=minor_id,
            guardian_id=guardian_id,
            notice_version=notice.version,
            language=language,
            asked_at=act.now,
        )
        for guardian_id in asked
    ]
    act.session.add_all(requests)
    record(
        act,
        "face_guardian_asked",
        {
            "request_id": ", ".join(request.request_id for request in requests),
            "purpose": FACE_PURPOSE,
            "notice_version": notice.version,
            "notice_sha256": notice.sha256.hex(),
            "language": language,
        },
        personal={"guardian_id": ", ".join(asked)},
        person_id=minor_id,
    )
    return requests


def answer_guardian(
    act: Action, request_id: str, *, agrees: bool, language: str, signed_name: str = ""
) -> Consent | None:
    """Record a guardian's yes or no, from their own phone; the last yes makes the consent and returns it.

    A no may also be said at the desk, and after a yes for as long as another guardian is waited for.
    """
    begin(act)
    guardian = person_of(act, own_person_id(act) or act.actor_id)
    if act.channel != "phone" and (agrees or act.served is None):
        raise ActionRefused(None, _("Guardians answer on their own phone, or at a gate beside the minor."))
    refuse_unverified_phone(act, guardian)
    request = act.session.get(GuardianRequest, request_id)
    together = valid_with(act.session, request, act.now) if request is not None else ()
    if request is None or request.guardian_id != guardian.person_id or request not in together:
        raise ActionRefused(None, _("This request is not open any more."))
    if not agrees:
        _refuse(act, request)
        return None
    if request.answer is not None:
        raise ActionRefused(None, _("You have agreed already."))
    refuse_phone_from_home(act, guardian)
    return _agree(act, request, together, language, signed_name)


def _refuse(act: Action, request: GuardianRequest) -> None:
    lapse_asked_by(act, request.minor_id)
    act.session.refresh(request)
    request.answer, request.answered_at = "no", act.now
    record(
        act,
        "face_guardian_refused",
        {"request_id": request.request_id},
        personal={"guardian_id": request.guardian_id},
        person_id=request.minor_id,
    )


def _agree(
    act: Action,
    request: GuardianRequest,
    together: Sequence[GuardianRequest],
    language: str,
    signed_name: str,
) -> Consent | None:
    minor = act.session.get_one(Person, request.minor_id)
    notice = consentable_notice(act, minor, request.notice_version, request.language)
    read = newest_notice(act.session, FACE_PURPOSE, language)
    if read is None:
        raise ActionRefused("notice", _("The notice has changed. Please read it again and decide then."))
    request.signed_name = checked_signature(act, signed_name)
    request.answer, request.answered_at, request.answer_language = "half", act.now, language
    if any(one.answer is None for one in together):
        record(
            act,
            "face_guardian_agreed",
            {
                "request_id": request.request_id,
                "notice_version": read.version,
                "notice_sha256": read.sha256.hex(),
                "language": language,
            },
            personal={"guardian_id": request.guardian_id},
            person_id=minor.person_id,
        )
        return None
    parts = [_part_of(act, one, notice) for one in together]
    for one in together:
        one.answer, one.signed_name = "yes", None
    return record_consent(act, minor, notice, parts)


def _part_of(act: Action, request: GuardianRequest, notice: Notice) -> GuardianPart:
    read = newest_notice(act.session, FACE_PURPOSE, request.answer_language or "") or notice
    return GuardianPart(request.guardian_id, read, request.answered_at or act.now, request.signed_name)


def withdraw_for_ward(act: Action, minor_id: str) -> None:
    """Withdraw a guardian's agreement, by phone or at the desk; never refuse it."""
    begin(act)
    guardian = person_of(act, own_person_id(act) or act.actor_id)
    if minor_id not in {ward.person_id for ward in wards_of(act.session, guardian.person_id)}:
        raise ActionRefused(None, _("You can change only what is your own."))
    withdraw_face(_for_ward(act, minor_id), minor_id, "guardian")
    finish(
        act,
        "face_withdrawn_by_guardian",
        {},
        personal={"guardian_id": guardian.person_id},
        person_id=minor_id,
    )


def _for_ward(act: Action, minor_id: str) -> Action:
    """Return the guardian's action as the minor's own."""
    if act.served is not None:
        return replace(act, served=replace(act.served, person_id=minor_id))
    return replace(act, actor_id=minor_id)


# -- valid requests--------------------------------------------------------------------------


def valid_requests(
    session: Session, site_id: str, minor_ids: Collection[str], now: datetime
) -> Mapping[str, Sequence[GuardianRequest]]:
    """Return by minor what they asked last, of one guardian or of both, while it can become a consent.

    It cannot once it is a week old, answered, or asked under conditions that changed: another notice, other
    guardians, another number of them, or a yes without the signature that is asked for by now.
    """
    session.flush()
    rows = session.scalars(
        select(GuardianRequest)
        .where(GuardianRequest.minor_id.in_(set(minor_ids)), OPEN)
        .order_by(GuardianRequest.asked_at, GuardianRequest.guardian_id)
    )
    newest: dict[str, list[GuardianRequest]] = {}
    for row in rows:
        known = newest.setdefault(row.minor_id, [])
        if known and known[0].asked_at != row.asked_at:
            known.clear()
        known.append(row)
    may_agree = guardian_ids_of(session, site_id, minor_ids)
    needed = numbers_needed(session, site_id, newest)
    notices: dict[str, int] = {row.language: row.version for row in newest_notices(session)}
    signs = rules_of(session, site_id).written_release
    return {
        minor_id: together
        for minor_id, together in newest.items()
        if now < together[0].asked_at + REQUEST_LASTS
        and len(together) == needed[minor_id]
        and {one.guardian_id for one in together} <= set(may_agree.get(minor_id, ()))
        and all(notices.get(one.language) == one.notice_version for one in together)
        and not (signs and any(one.answer == "half" and one.signed_name is None for one in together))
    }


def valid_with(session: Session, request: GuardianRequest, now: datetime) -> Sequence[GuardianRequest]:
    """Return the requests made together with this one while they are valid, else none."""
    minor = session.get_one(Person, request.minor_id)
    return valid_requests(session, minor.site_id, [minor.person_id], now).get(minor.person_id, ())


def request_to(session: Session, guardian_id: str, request_id: str) -> GuardianRequest | None:
    """Return what a minor asked of a guardian; None where there is none or it was asked of another."""
    found = session.get(GuardianRequest, request_id)
    return found if found is not None and found.guardian_id == guardian_id else None


def requests_to(session: Session, guardian: Person, now: datetime) -> Sequence[GuardianRequest]:
    """Return the requests that this guardian can answer, or take a yes back from."""
    minors = session.scalars(
        select(GuardianRequest.minor_id).where(GuardianRequest.guardian_id == guardian.person_id, OPEN)
    ).all()
    valid = valid_requests(session, guardian.site_id, minors, now) if minors else {}
    return [one for together in valid.values() for one in together if one.guardian_id == guardian.person_id]


def last_asked(session: Session, minor_id: str) -> GuardianRequest | None:
    """Return one of the requests that a minor made last, in any state."""
    query = select(GuardianRequest).where(GuardianRequest.minor_id == minor_id)
    # Of two, prefer the refused one over the one that lapsed with it.
    refused_first = case((GuardianRequest.answer == "no", 0), else_=1)
    return session.scalars(query.order_by(GuardianRequest.asked_at.desc(), refused_first).limit(1)).first()
