"""Change notices, consent to face and its withdrawal.

Only the person gives consent, on their own phone or at a gate; anyone they ask may withdraw it.
No one gains a place or an hour by consenting: the rules never see what is decided here.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.languages import LANGUAGES
from gate_controller.contract.records import Method
from web_admin.action.base import Action, begin, checked_text, finish, new_id, office_only, record
from web_admin.action.lookups import person_of, refuse_unassigned
from web_admin.action.phone_verification import UNVERIFIED, refuse_phone_from_home, refuse_unverified_phone
from web_admin.compound.age_bands import MINOR, band_has_ended, today_at
from web_admin.compound.models import Gate, Lane, Person, Site
from web_admin.core.refusal import ActionRefused
from web_admin.custody.models import Consent, FaceShare, Notice
from web_admin.custody.shares import FACE_PURPOSE, create_shares, live_face_consents
from web_admin.face.assessment_status import assessment_status
from web_admin.face.assessments import require_assessment
from web_admin.face.consent_rules import keep_release
from web_admin.face.endings import forget_everyone, forget_face
from web_admin.face.guardians import guardians_of, lapse_asked_by
from web_admin.face.models import ConsentRenewal, GuardianConsent
from web_admin.face.queries import guardians_needed, newest_notice, rules_of
from web_admin.face.renewals import clear_renewal, renewals_of
from web_admin.face.rules import why_not_offered
from web_admin.face.ways_in import live_face_consent, settle_face, working_methods

MAX_SIGNATURE_CHARS = 80
FEWEST_LETTERS = 2
BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")
"""Letters by their class that show nothing: the fillers of Hangul."""

FaceStateWord = Literal["not_offered", "off", "on", "paused"]


@dataclass(frozen=True, slots=True)
class FaceState:
    """State of a person's face; `gate_ids` are the gates that may hold one."""

    state: FaceStateWord
    consent: Consent | None
    paused_reason: str | None
    gate_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GuardianPart:
    """One guardian's part of a minor's consent; `signed_name` where the site asks for a signature."""

    guardian_id: str
    notice: Notice
    given_at: datetime
    signed_name: str | None = None


# -- consent, refusal and withdrawal -----------------------------------------------------------------


def give_face_consent(
    act: Action,
    person_id: str,
    notice_version: int,
    language: str,
    *,
    guardian_id: str | None = None,
    signed_name: str = "",
) -> Consent:
    """Record a person's own consent to the newest face notice and turn their face on.

    `guardian_id` is who is beside a minor at a gate, identified there as well; by phone a minor
    asks their guardian instead (`guardian_requests`). Raises ActionRefused where the channel, the age, the
    notice, the assessment, a missing signature or the lack of another way forbids it.
    """
    begin(act)
    person = person_of(act, person_id)
    notice = consentable_notice(act, person, notice_version, language)
    if person.age_band == MINOR:
        if act.channel != "gate" or guardian_id is None:
            raise ActionRefused(
                "guardian",
                _("A guardian must agree too. Ask them from your phone, or come to a gate together."),
            )
        if guardian_id not in {guardian.person_id for guardian in guardians_of(act.session, person)}:
            raise ActionRefused(
                "guardian", _("Only an adult of your home, known as your guardian, can agree.")
            )
        if guardians_needed(act.session, person) > 1:
            raise ActionRefused("guardian", _("Both guardians have to agree. Ask them from your phone."))
        return record_consent(act, person, notice, [GuardianPart(guardian_id, notice, act.now)])
    return record_consent(act, person, notice, signed_name=checked_signature(act, signed_name))


def checked_signature(act: Action, signed_name: str) -> str | None:
    """Return the signed name, None where no signature is required; raise ActionRefused without one."""
    if not rules_of(act.session, act.site_id).written_release:
        return None
    if sum(letter.isalpha() and letter not in BLANK_LETTERS for letter in signed_name) < FEWEST_LETTERS:
        raise ActionRefused(
            "signed_name", _("This compound asks for a yes in writing. Type your name to sign.")
        )
    return checked_text("signed_name", signed_name, max_chars=MAX_SIGNATURE_CHARS)


def consentable_notice(act: Action, person: Person, notice_version: int, language: str) -> Notice:
    """Return the notice that this person may say yes to now; raise ActionRefused with the obstacle."""
    site = act.session.get_one(Site, act.site_id)
    if act.channel not in ("phone", "gate"):
        raise ActionRefused(None, _("Only the person can consent, on their own phone or at a gate."))
    not_offered = why_not_offered(site, person)
    if not_offered == "switched_off":
        raise ActionRefused(None, _("Face is switched off for this compound."))
    if act.channel != "phone" and rules_of(act.session, act.site_id).written_release:
        raise ActionRefused(
            "signed_name", _("This compound asks for a signature: say yes on your own phone.")
        )
    refuse_unassigned(person)
    if not_offered == "child" or band_has_ended(person, today_at(site, act.now)):
        raise ActionRefused(
            None,
            _("Face is not offered to children under 14.")
            if not_offered == "child"
            else _("You turned 14 or 18 today. Please try again in an hour."),
        )
    refuse_unverified_phone(act, person)
    if person.age_band == MINOR:
        refuse_phone_from_home(act, person)
    if not assessment_status(act.session, act.site_id, act.now).holds:
        raise ActionRefused(None, _("Face is being reassessed. Until that is done, no one can switch it on."))
    if not working_methods(act.session, person, act.now) - {Method.FACE}:
        raise ActionRefused(None, _("Get a card, PIN or QR code first: face is only ever an extra way in."))
    notice = newest_notice(act.session, FACE_PURPOSE, language)
    if notice is None or notice.version != notice_version:
        raise ActionRefused("notice", _("The notice has changed. Please read it again and decide then."))
    return notice


def record_consent(
    act: Action,
    person: Person,
    notice: Notice,
    parts: Sequence[GuardianPart] = (),
    *,
    signed_name: str | None = None,
) -> Consent:
    """Store a consent that was checked, with its guardians' parts, turn face on and publish.

    A live consent to this notice stays as it is: one action never makes two. A yes at a gate still ends the
    pause of a face without a card or PIN shown for it.
    """
    lapse_asked_by(act, person.person_id)
    known = live_face_consent(act.session, person)
    consent = known or _new_consent(act, person, notice, parts, signed_name)
    clear_renewal(act.session, person.person_id)
    create_shares(act.session, act.sealer, person.person_id, consent.consent_id)
    person.methods = [method.value for method in Method if method in {*person.methods, Method.FACE}]
    if act.channel == "gate" and person.face_paused_reason in UNVERIFIED:
        # The terminal asked for the person's own card or PIN before it offered face. That says nothing about
        # who holds the phone, which stays unverified.
        person.face_paused_reason = None
    settle_face(act.session, person, act.now)
    if known is not None:
        finish(act, "face_consent_kept", {"consent_id": known.consent_id}, person_id=person.person_id)
        return known
    finish(
        act,
        "face_consent_given",
        {
            "consent_id": consent.consent_id,
            "purpose": FACE_PURPOSE,
            "notice_version": notice.version,
            "notice_sha256": notice.sha256.hex(),
            "language": notice.language,
            "with_guardian": bool(parts),
            "guardians_read": ", ".join(part.notice.sha256.hex() for part in parts),
        },
        personal={"guardian_id": ", ".join(part.guardian_id for part in parts)} if parts else None,
        person_id=person.person_id,
    )
    return consent


def _new_consent(
    act: Action, person: Person, notice: Notice, parts: Sequence[GuardianPart], signed_name: str | None
) -> Consent:
    consent = Consent(
        consent_id=new_id(),
        person_id=person.person_id,
        purpose=FACE_PURPOSE,
        notice_version=notice.version,
        notice_sha256=notice.sha256,
        language=notice.language,
        channel=act.channel,
        given_at=act.now,
    )
    act.session.add(consent)
    act.session.flush()
    if signed_name is not None:
        keep_release(act, consent, notice, person.person_id, signed_name, act.now)
    for part in parts:
        _add_part(act, consent, part)
    return consent


def _add_part(act: Action, consent: Consent, part: GuardianPart) -> None:
    act.session.add(
        GuardianConsent(
            consent_id=consent.consent_id,
            guardian_id=part.guardian_id,
            notice_sha256=part.notice.sha256,
            language=part.notice.language,
            channel=act.channel,
            given_at=part.given_at,
        )
    )
    if part.signed_name is not None:
        keep_release(act, consent, part.notice, part.guardian_id, part.signed_name, part.given_at)


def record_refusal(act: Action, person_id: str, notice_version: int | None, language: str | None) -> None:
    """Record that a person said no to face; nothing else changes, and the request is not repeated.

    Any channel, never refused: staff may record a no, never a yes. A valid consent is not
    touched: taking it back is `withdraw_face`.
    """
    begin(act)
    person = person_of(act, person_id)
    clear_renewal(act.session, person.person_id)
    lapse_asked_by(act, person.person_id)
    record(
        act,
        "face_refused",
        {"purpose": FACE_PURPOSE, "notice_version": notice_version, "language": language},
        person_id=person_id,
    )


def withdraw_face(act: Action, person_id: str, why: str = "") -> Consent | None:
    """End a person's face at once, everywhere; return the consent, None when there was none.

    Any channel, no reason needed, never refused.
    """
    begin(act)
    person = person_of(act, person_id)
    consent = forget_face(act, person, why.strip()[:200])
    clear_renewal(act.session, person_id)
    lapse_asked_by(act, person_id)
    settle_face(act.session, person, act.now)
    finish(act, "face_turned_off", {}, person_id=person_id, with_others=False)
    return consent


def face_state(session: Session, person_id: str) -> FaceState:
    """Return the state of a person's face; paused without a consent is an open renewal."""
    person = session.get_one(Person, person_id)
    return face_states(session, person.site_id, [person])[person_id]


def face_states(session: Session, site_id: str, people: Collection[Person]) -> dict[str, FaceState]:
    """Return the state of the face of each of these people, by person, with the same few queries."""
    ids = [person.person_id for person in people]
    if not session.get_one(Site, site_id).face_enabled:
        return dict.fromkeys(ids, FaceState("not_offered", None, None, ()))
    session.flush()
    live = live_face_consents(session, site_id, ids)
    rows = session.scalars(select(Consent).where(Consent.consent_id.in_(live.values())))
    consents = {consent.person_id: consent for consent in rows}
    renewals = renewals_of(session, ids)
    gates: defaultdict[str, list[str]] = defaultdict(list)
    for person_id, gate_id in session.execute(
        select(FaceShare.person_id, FaceShare.gate_id)
        .where(FaceShare.person_id.in_(ids))
        .order_by(FaceShare.gate_id)
    ):
        gates[person_id].append(gate_id)
    return {
        person.person_id: _state_of(
            person, consents.get(person.person_id), renewals.get(person.person_id), gates[person.person_id]
        )
        for person in people
    }


def _state_of(
    person: Person, consent: Consent | None, renewal: ConsentRenewal | None, gate_ids: Sequence[str]
) -> FaceState:
    if consent is None and renewal is not None:
        return FaceState("paused", None, renewal.why, ())
    if consent is None or Method.FACE not in person.methods:
        return FaceState("off", consent, None, ())
    state: FaceStateWord = "on" if person.face_paused_reason is None else "paused"
    return FaceState(state, consent, person.face_paused_reason, tuple(gate_ids))


# -- the site's switch -----------------------------------------------------------------------------


def enable_face(act: Action) -> None:
    """Enable face at lanes and consent to it; no one's access changes by that."""
    site = begin(act)
    office_only(act, _("Face is switched on by the property office."))
    for language in LANGUAGES:
        if newest_notice(act.session, FACE_PURPOSE, language) is None:
            raise ActionRefused(
                "notice", _("Publish the notice about face first, so that people can decide.")
            )
    require_assessment(act, None)
    site.face_enabled = True
    finish(act, "face_enabled", {})


def disable_face(act: Action) -> None:
    """Switch face off for the site: every consent ends, every share is destroyed, lanes drop it."""
    site = begin(act)
    office_only(act, _("Face is switched off by the property office."))
    forget_everyone(act, "face_disabled")
    for lane in act.session.scalars(select(Lane).join(Gate).where(Gate.site_id == act.site_id)):
        lane.methods = [method for method in lane.methods if method != Method.FACE]
        lane.method_hours = {
            method: hours for method, hours in lane.method_hours.items() if method != Method.FACE
        }
    site.face_enabled = False
    finish(act, "face_disabled", {})
