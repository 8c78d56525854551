"""End unused faces: ask after half the time, delete after all of it (R3).

Used means that the face opened something at a gate that reported it. When a face was last used is
kept apart, because passages lose their names sooner. No one is asked within 30 days of their consent,
and no face ends within 30 days of the question, whatever the setting was changed to.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.records import Method
from web_admin.action.base import finish, new_action
from web_admin.compound.models import Person
from web_admin.core.database import Menjin
from web_admin.custody.models import Consent, FaceUse
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.endings import forget_face
from web_admin.face.ways_in import settle_face
from web_admin.journal.ledger import append_audit
from web_admin.journal.models import GateEvent

ANSWER_DAYS = 30
REMINDER = "face_unused_reminder"


def note_uses(menjin: Menjin, now: datetime) -> int:
    """Remember when each live face last opened something; return for how many that is news."""
    del now
    with menjin.database.session() as session:
        return sum(note_use(session, consent) for consent in _live(session))


def note_use(session: Session, consent: Consent) -> bool:
    """Remember when the face of a live consent last opened something; return whether that is news."""
    use = _use_of(session, consent)
    since = use.last_used_at or consent.given_at
    passages = session.scalars(
        select(GateEvent)
        .where(
            GateEvent.person_id == consent.person_id, GateEvent.kind == EventKind.ACCESS, GateEvent.at > since
        )
        .order_by(GateEvent.at.desc())
    )
    last = next(
        (row.at for row in passages if row.facts.get("method") == Method.FACE and row.facts.get("opens")),
        None,
    )
    if last is not None:
        use.last_used_at, use.reminded_at = last, None
    return last is not None


def remind(menjin: Menjin, now: datetime) -> int:
    """Write the question once for each face unused for half the time; return how many."""
    count = 0
    after = max(timedelta(days=menjin.config.face_inactive_days / 2), timedelta(days=ANSWER_DAYS))
    with menjin.database.session() as session:
        for consent in _live(session):
            use = _use_of(session, consent)
            if use.reminded_at is None and now >= _last(consent, use) + after:
                use.reminded_at = now
                person = session.get_one(Person, consent.person_id)
                append_audit(
                    session,
                    person.site_id,
                    REMINDER,
                    {"consent_id": consent.consent_id},
                    {},
                    now,
                    person_id=person.person_id,
                )
                count += 1
    return count


def end_unused(menjin: Menjin, now: datetime) -> int:
    """End faces unused for the whole time and 30 days after the question; return how many."""
    limit = timedelta(days=menjin.config.face_inactive_days)
    with menjin.database.session() as session:
        ended = [consent.consent_id for consent in _live(session) if _is_over(session, consent, limit, now)]
    for consent_id in ended:
        with menjin.database.session() as session:
            consent = session.get_one(Consent, consent_id)
            person = session.get_one(Person, consent.person_id)
            act = new_action(menjin, session, person.site_id, "housekeeping", "system", now=now)
            forget_face(act, person, "inactive")
            settle_face(session, person, now)
            finish(act, "face_turned_off", {"why": "inactive"}, person_id=person.person_id)
    return len(ended)


def end_of_unused(session: Session, person_id: str, inactive_days: int) -> datetime | None:
    """Return when a person's unused face ends automatically; None unless the question is open."""
    consent = session.scalars(
        select(Consent)
        .where(
            Consent.person_id == person_id, Consent.purpose == FACE_PURPOSE, Consent.withdrawn_at.is_(None)
        )
        .order_by(Consent.given_at.desc())
        .limit(1)
    ).first()
    use = session.get(FaceUse, consent.consent_id) if consent is not None else None
    if consent is None or use is None or use.reminded_at is None:
        return None
    return max(
        use.reminded_at + timedelta(days=ANSWER_DAYS), _last(consent, use) + timedelta(days=inactive_days)
    )


def _live(session: Session) -> Sequence[Consent]:
    return session.scalars(
        select(Consent)
        .where(Consent.purpose == FACE_PURPOSE, Consent.withdrawn_at.is_(None))
        .order_by(Consent.given_at)
    ).all()


def _use_of(session: Session, consent: Consent) -> FaceUse:
    use = session.get(FaceUse, consent.consent_id)
    if use is None:
        use = FaceUse(consent_id=consent.consent_id)
        session.add(use)
        session.flush()
    return use


def _last(consent: Consent, use: FaceUse) -> datetime:
    return use.last_used_at or consent.given_at


def _is_over(session: Session, consent: Consent, limit: timedelta, now: datetime) -> bool:
    use = _use_of(session, consent)
    asked = use.reminded_at
    return (
        asked is not None
        and now >= asked + timedelta(days=ANSWER_DAYS)
        and now >= _last(consent, use) + limit
    )
