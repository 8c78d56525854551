"""Read the facts about consent that publishing needs besides who gave it: notices, guardians, assessment."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gate_controller.contract.languages import LANGUAGES, Language
from gate_controller.contract.records import MAX_DROPPED_LOOKS, FaceNoticeRecord
from gate_controller.contract.written_release import Release, read_release
from web_admin.compound.age_bands import ADULT, MINOR
from web_admin.compound.models import Gate, GuardianRow, Person
from web_admin.custody.models import Consent, FaceLook, Notice
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.assessment_status import assessment_status
from web_admin.face.models import ConsentRules, GuardianConsent, WrittenRelease

BOTH_GUARDIANS = 2
"""Of guardians, where a site asks for both."""
MAX_IN_LIST = 500
"""With more ids than this, everyone is read."""


@dataclass(frozen=True, slots=True)
class FaceFacts:
    """`assessed` lanes may offer face; `notices` are the newest; guardians by minor and by consent.

    `signs` where a yes is signed, so given by phone; as is that of a minor who needs two guardians.
    """

    assessed: frozenset[str]
    notices: tuple[FaceNoticeRecord, ...]
    guardian_ids: Mapping[str, tuple[str, ...]]
    agreed_guardians: Mapping[str, tuple[str, ...]]
    signs: bool
    guardians_needed: Mapping[str, int]
    dropped_looks: Mapping[tuple[str, str], tuple[str, ...]]
    """By consent and gate."""


NO_FACE = FaceFacts(frozenset(), (), {}, {}, signs=False, guardians_needed={}, dropped_looks={})
"""Of a site without a lane that takes faces."""


def load_face_facts(
    session: Session, site_id: str, now: datetime, minor_ids: Collection[str], *, any_consent: bool
) -> FaceFacts:
    """Read them in this transaction, of these minors; without any consent, neither yes nor look is read."""
    guardian_ids = guardian_ids_of(session, site_id, minor_ids) if minor_ids else {}
    return FaceFacts(
        assessed=assessment_status(session, site_id, now).lanes,
        notices=newest_notices(session),
        guardian_ids=guardian_ids,
        agreed_guardians=_agreed_guardians(session, site_id) if minor_ids and any_consent else {},
        signs=rules_of(session, site_id).written_release,
        guardians_needed=numbers_needed(session, site_id, guardian_ids) if guardian_ids else {},
        dropped_looks=dropped_looks(session, site_id) if any_consent else {},
    )


def rules_of(session: Session, site_id: str) -> ConsentRules:
    return session.get(ConsentRules, site_id) or ConsentRules(
        site_id=site_id, written_release=False, both_guardians=False
    )


def guardians_needed(session: Session, minor: Person) -> int:
    """Return how many guardians have to agree: two where the site asks for both and there is not only one."""
    session.flush()
    return numbers_needed(session, minor.site_id, [minor.person_id])[minor.person_id]


def numbers_needed(session: Session, site_id: str, minor_ids: Collection[str]) -> Mapping[str, int]:
    """Return by minor how many guardians have to agree."""
    if not rules_of(session, site_id).both_guardians:
        return dict.fromkeys(minor_ids, 1)
    only = _with_one_guardian(session)
    return {minor_id: 1 if minor_id in only else BOTH_GUARDIANS for minor_id in minor_ids}


def _with_one_guardian(session: Session) -> frozenset[str]:
    return frozenset(
        session.scalars(
            select(GuardianRow.minor_id).where(GuardianRow.is_only.is_(True), GuardianRow.ended_at.is_(None))
        )
    )


def newest_notice(session: Session, purpose: str, language: str) -> Notice | None:
    """Return the notice that is shown now, if one was ever published."""
    return session.scalars(
        select(Notice)
        .where(Notice.purpose == purpose, Notice.language == language)
        .order_by(Notice.version.desc())
        .limit(1)
    ).first()


def newest_notices(session: Session) -> tuple[FaceNoticeRecord, ...]:
    """Return the newest face notice in its languages, as published to gates."""
    newest = select(func.max(Notice.version)).where(Notice.purpose == FACE_PURPOSE).scalar_subquery()
    rows = session.scalars(
        select(Notice)
        .where(Notice.purpose == FACE_PURPOSE, Notice.version == newest, Notice.language.in_(LANGUAGES))
        .order_by(Notice.language)
    )
    return tuple(
        FaceNoticeRecord(
            language=Language(row.language),
            version=row.version,
            sha256=row.sha256,
            fields=dict(row.fields),
        )
        for row in rows
    )


def guardian_ids_of(
    session: Session, site_id: str, person_ids: Collection[str] | None = None
) -> Mapping[str, tuple[str, ...]]:
    """Return by minor (14 to 17) the adults who may agree beside them; None means all minors.

    Every adult of the home, until the office checked one: from then on only those whom it checked.
    """
    wanted = select(Person.person_id, Person.home_id).where(
        Person.site_id == site_id, Person.ended_at.is_(None), Person.age_band == MINOR
    )
    if person_ids is not None and len(person_ids) <= MAX_IN_LIST:
        wanted = wanted.where(Person.person_id.in_(person_ids))
    minors = {person_id: home_id for person_id, home_id in session.execute(wanted) if home_id is not None}
    if not minors:
        return {}
    adults: dict[str, list[str]] = {}
    query = select(Person.home_id, Person.person_id).where(
        Person.site_id == site_id,
        Person.ended_at.is_(None),
        Person.age_band == ADULT,
        Person.kind == "resident",
    )
    if len(minors) <= MAX_IN_LIST:
        query = query.where(Person.home_id.in_(set(minors.values())))
    for home_id, person_id in session.execute(query.order_by(Person.person_id)):
        adults.setdefault(str(home_id), []).append(person_id)
    checked: dict[str, set[str]] = {}
    for row in session.execute(select(GuardianRow.minor_id, GuardianRow.guardian_id, GuardianRow.ended_at)):
        checked.setdefault(row.minor_id, set())
        if row.ended_at is None:
            checked[row.minor_id].add(row.guardian_id)
    return {
        minor_id: tuple(adult for adult in adults.get(home_id, []) if adult in checked.get(minor_id, {adult}))
        for minor_id, home_id in minors.items()
    }


def _agreed_guardians(session: Session, site_id: str) -> Mapping[str, tuple[str, ...]]:
    query = (
        select(GuardianConsent.consent_id, GuardianConsent.guardian_id)
        .join(Consent, Consent.consent_id == GuardianConsent.consent_id)
        .join(Person, Person.person_id == Consent.person_id)
        .where(Person.site_id == site_id, Consent.withdrawn_at.is_(None))
    )
    agreed: dict[str, tuple[str, ...]] = {}
    for consent_id, guardian_id in session.execute(query.order_by(GuardianConsent.guardian_id)):
        agreed[consent_id] = (*agreed.get(consent_id, ()), guardian_id)
    return agreed


def release_of(session: Session, consent_id: str, signer_id: str) -> WrittenRelease | None:
    """Return what a person signed for a consent, None where they signed nothing."""
    return session.get(WrittenRelease, (consent_id, signer_id))


def releases_of(session: Session, signer_id: str) -> dict[str, Release]:
    """Return what a person signed, by consent."""
    rows = session.scalars(select(WrittenRelease).where(WrittenRelease.signer_id == signer_id))
    return {row.consent_id: read_release(row.release).release for row in rows}


def dropped_looks(session: Session, site_id: str) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Return by consent and gate the looks that a gate has yet to delete, as published to it."""
    query = (
        select(FaceLook.consent_id, FaceLook.gate_id, FaceLook.look_id)
        .join(Gate, Gate.gate_id == FaceLook.gate_id)
        .where(Gate.site_id == site_id, FaceLook.dropped_at.is_not(None))
        .order_by(FaceLook.dropped_at, FaceLook.look_id)
    )
    dropped: dict[tuple[str, str], tuple[str, ...]] = {}
    for consent_id, gate_id, look_id in session.execute(query):
        dropped[consent_id, gate_id] = (*dropped.get((consent_id, gate_id), ()), look_id)[:MAX_DROPPED_LOOKS]
    return dropped


def looks_held(session: Session, person_id: str) -> Mapping[str, Sequence[tuple[str, datetime, bool]]]:
    """Return by consent a person's looks: gate, when it was taken, whether the gate is to delete it."""
    held: dict[str, list[tuple[str, datetime, bool]]] = {}
    query = (
        select(FaceLook, Gate.name)
        .join(Gate, Gate.gate_id == FaceLook.gate_id)
        .join(Consent, Consent.consent_id == FaceLook.consent_id)
        .where(Consent.person_id == person_id)
        .order_by(FaceLook.taken_at, FaceLook.look_id)
    )
    for look, gate_name in session.execute(query):
        held.setdefault(look.consent_id, []).append((gate_name, look.taken_at, look.dropped_at is not None))
    return held


# -- guardians whom the office checked -------------------------------------------------------------


def checked_guardians(session: Session, minor_id: str) -> Sequence[Person]:
    """Return the guardians whom the office checked for a minor, by name."""
    return session.scalars(
        select(Person)
        .join(GuardianRow, GuardianRow.guardian_id == Person.person_id)
        .where(GuardianRow.minor_id == minor_id, GuardianRow.ended_at.is_(None))
        .order_by(Person.display_name)
    ).all()


def had_guardian(session: Session, minor_id: str) -> bool:
    """Return whether the office ever checked a guardian of a minor."""
    checked = select(GuardianRow.minor_id).where(GuardianRow.minor_id == minor_id).limit(1)
    return session.scalar(checked) is not None


def only_guardian_id(session: Session, minor_id: str) -> str | None:
    """Return the guardian of a minor beside whom there is no other, None where none was named so."""
    return session.scalar(
        select(GuardianRow.guardian_id).where(
            GuardianRow.minor_id == minor_id, GuardianRow.is_only.is_(True), GuardianRow.ended_at.is_(None)
        )
    )
