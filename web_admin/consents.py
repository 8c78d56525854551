"""Notices, consent to face and its withdrawal.

Only the person gives consent, on their own phone or at a gate; anyone they ask may withdraw it.
Nobody gains a place or an hour by consenting: the rules never see what is decided here.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec
from flask_babel import lazy_gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gate_controller.policy import Method
from web_admin.acts import Act, ActRefused, begin, finish, new_id, person_of
from web_admin.credential_rows import refuse_unproven_phone
from web_admin.custody import FACE_PURPOSE, create_shares
from web_admin.models import Consent, FaceShare, Gate, Lane, Notice, Person, Site
from web_admin.ways_in import INVITED_AGAIN, live_face_consent, settle_face, working_methods
from web_admin.withdrawals import forget_face

NOTICE_FIELDS = (
    "handler_name",
    "handler_contact",
    "purpose",
    "method",
    "retention",
    "necessity",
    "effect",
    "rights",
    "complaints",
)
"""What the law wants a notice to say (PIPL 14, 17, 30; FRM 5; GDPR 13), in the order shown."""

NOTICE_LANGUAGES = ("zh", "en")
MAX_NOTICE_CHARS = 2000
VOID_PHRASES = (
    "irrevocabl", "unlimited right", "perpetual", "freely transfer",
    "不可撤销", "不可撤回", "永久授权", "无限期", "任意转授权", "任意转让",
)
"""Clauses that courts hold void (SPC 11); a notice with one of them is not published."""

FaceStateWord = Literal["not_offered", "off", "on", "paused"]


@dataclass(frozen=True, slots=True)
class FaceState:
    """How a person's face stands; `gate_ids` are the gates that may hold one."""

    state: FaceStateWord
    consent: Consent | None
    paused_reason: str | None
    gate_ids: tuple[str, ...]


# -- notices ---------------------------------------------------------------------------------------


def publish_notice(act: Act, purpose: str, texts: Mapping[str, Mapping[str, str]]) -> int:
    """Publish the next version of a notice in all its languages and return the version.

    `texts` holds the fields by language. Consents to an older face notice end with it: everyone
    decides anew, and nothing but face changes for them. Raises ActRefused naming `language.field`.
    """
    begin(act)
    if act.channel not in ("manager", "system"):
        raise ActRefused(None, _("Notices are published by the property office."))
    for language in NOTICE_LANGUAGES:
        if language not in texts:
            raise ActRefused(language, _("Write the notice in Chinese and in English."))
    version = 1 + (act.session.scalar(select(func.max(Notice.version)).where(Notice.purpose == purpose)) or 0)
    for language in NOTICE_LANGUAGES:
        fields = _checked_fields(language, texts[language])
        act.session.add(
            Notice(
                purpose=purpose, version=version, language=language, fields=fields,
                sha256=notice_digest(purpose, version, language, fields), published_at=act.now,
            )
        )
    if purpose == FACE_PURPOSE:
        _end_all_faces(act, "notice_changed")
    finish(act, "notice_published", {"purpose": purpose, "version": version})
    return version


def notice_digest(purpose: str, version: int, language: str, fields: Mapping[str, str]) -> bytes:
    """Return the SHA-256 that a consent keeps of the exact text it was given to."""
    whole = [purpose, version, language, dict(fields)]
    return hashlib.sha256(msgspec.json.encode(whole, order="sorted")).digest()


def newest_notice(session: Session, purpose: str, language: str) -> Notice | None:
    """Return the notice that is shown now, if one was ever published."""
    return session.scalars(
        select(Notice)
        .where(Notice.purpose == purpose, Notice.language == language)
        .order_by(Notice.version.desc())
        .limit(1)
    ).first()


def _checked_fields(language: str, fields: Mapping[str, str]) -> dict[str, str]:
    if set(fields) - set(NOTICE_FIELDS):
        raise ActRefused(language, _("The notice has a part that is not known."))
    for name in NOTICE_FIELDS:
        text = fields.get(name, "").strip()
        where = f"{language}.{name}"
        if not text:
            raise ActRefused(where, _("The law asks for this part of the notice. Please fill it in."))
        if len(text) > MAX_NOTICE_CHARS:
            raise ActRefused(where, _("Please use at most %(count)s characters.", count=MAX_NOTICE_CHARS))
        for phrase in VOID_PHRASES:
            if phrase in text.lower():
                raise ActRefused(
                    where, _("A clause such as “%(phrase)s” is void. Take it out.", phrase=phrase)
                )
    return {name: fields[name].strip() for name in NOTICE_FIELDS}


# -- consent and withdrawal ------------------------------------------------------------------------


def give_face_consent(act: Act, person_id: str, notice_version: int, language: str) -> Consent:
    """Record a person's own consent to the newest face notice and turn their face on.

    Raises ActRefused where the channel, the age, the notice or the lack of another way forbids it.
    """
    site = begin(act)
    person = person_of(act, person_id)
    if act.channel not in ("phone", "gate"):
        raise ActRefused(None, _("Only the person can consent, on their own phone or at a gate."))
    if not site.face_enabled:
        raise ActRefused(None, _("Face is switched off for this compound."))
    if person.age_band == "under_14":
        raise ActRefused(None, _("Face is not offered to children under 14."))
    refuse_unproven_phone(act, person)
    if not working_methods(act.session, person, act.now) - {Method.FACE}:
        raise ActRefused(None, _("Get a card, PIN or QR code first: face is only ever an extra way in."))
    notice = newest_notice(act.session, FACE_PURPOSE, language)
    if notice is None or notice.version != notice_version:
        raise ActRefused("notice", _("The notice has changed. Please read it again and decide then."))
    consent = live_face_consent(act.session, person)
    if consent is None:
        consent = Consent(
            consent_id=new_id(), person_id=person_id, purpose=FACE_PURPOSE, notice_version=notice.version,
            notice_sha256=notice.sha256, language=language, channel=act.channel, given_at=act.now,
        )
        act.session.add(consent)
        act.session.flush()
    create_shares(act.session, act.sealer, person_id, consent.consent_id)
    person.methods = [method.value for method in Method if method in {*person.methods, Method.FACE}]
    if act.channel == "gate" and person.face_paused_reason == INVITED_AGAIN:
        # At a gate the terminal asked for the person's own card or PIN before it offered face.
        person.face_paused_reason = None
    settle_face(act.session, person, act.now)
    finish(
        act, "face_consent_given",
        {"consent_id": consent.consent_id, "notice_version": notice.version, "language": language},
        person_id=person_id,
    )
    return consent


def withdraw_face(act: Act, person_id: str, why: str = "") -> Consent | None:
    """End a person's face at once, everywhere; return the consent, None when there was none.

    Any channel, no reason needed, never refused.
    """
    begin(act)
    person = person_of(act, person_id)
    consent = forget_face(act, person, why.strip()[:200])
    settle_face(act.session, person, act.now)
    finish(act, "face_turned_off", {}, person_id=person_id)
    return consent


def face_state(session: Session, person_id: str) -> FaceState:
    """Return how a person's face stands."""
    person = session.get_one(Person, person_id)
    if not session.get_one(Site, person.site_id).face_enabled:
        return FaceState("not_offered", None, None, ())
    consent = live_face_consent(session, person)
    if consent is None or "face" not in person.methods:
        return FaceState("off", consent, None, ())
    gates = session.scalars(
        select(FaceShare.gate_id).where(FaceShare.person_id == person_id).order_by(FaceShare.gate_id)
    )
    state: FaceStateWord = "on" if person.face_paused_reason is None else "paused"
    return FaceState(state, consent, person.face_paused_reason, tuple(gates))


# -- the site's switch -----------------------------------------------------------------------------


def enable_face(act: Act) -> None:
    """Let lanes offer face and people consent to it; nobody's way in changes by it."""
    site = begin(act)
    if act.channel not in ("manager", "system"):
        raise ActRefused(None, _("Face is switched on by the property office."))
    for language in NOTICE_LANGUAGES:
        if newest_notice(act.session, FACE_PURPOSE, language) is None:
            raise ActRefused("notice", _("Publish the notice about face first, so that people can decide."))
    site.face_enabled = True
    finish(act, "face_enabled", {})


def disable_face(act: Act) -> None:
    """Switch face off for the site: every consent ends, every share is destroyed, lanes drop it."""
    site = begin(act)
    if act.channel not in ("manager", "system"):
        raise ActRefused(None, _("Face is switched off by the property office."))
    _end_all_faces(act, "face_disabled")
    for lane in act.session.scalars(select(Lane).join(Gate).where(Gate.site_id == act.site_id)):
        lane.methods = [method for method in lane.methods if method != "face"]
        lane.method_hours = {method: hours for method, hours in lane.method_hours.items() if method != "face"}
    site.face_enabled = False
    finish(act, "face_disabled", {})


def _end_all_faces(act: Act, why: str) -> None:
    act.session.flush()
    consented = select(Consent.person_id).where(
        Consent.purpose == FACE_PURPOSE, Consent.withdrawn_at.is_(None)
    )
    people = act.session.scalars(
        select(Person).where(Person.site_id == act.site_id, Person.person_id.in_(consented))
    ).all()
    for person in people:
        forget_face(act, person, why)
        settle_face(act.session, person, act.now)
