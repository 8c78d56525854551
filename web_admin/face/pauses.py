"""Suspend face and request consent again, once, when the basis of the consent changed.

A consent covers one text, one age band and, for minors, its guardians. When that changes, it ends: no
lease is given, gates forget. The person is asked on their phone until they say yes or no; the other
ways in stay as they are. After a refusal the request is not repeated.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.action.base import Act
from web_admin.compound.models import Person
from web_admin.custody.models import Consent
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.endings import forget_face
from web_admin.face.models import FaceQuestion
from web_admin.face.ways_in import settle_face

NOTICE_CHANGED = "notice_changed"
CAME_OF_AGE = "came_of_age"
AGE_CORRECTED = "age_corrected"
GUARDIAN_LEFT = "guardian_left"
RULES_CHANGED = "rules_changed"
RESTORED = "restored"
CREDENTIAL_LOST = "credential_lost"
ASKED_AGAIN = "asked_again"
"""Without a reason, where none may be shown."""


def pause_and_ask(act: Act, person: Person, why: str) -> bool:
    """End a person's consent and request it again; return whether there was a consent."""
    consent = forget_face(act, person, why)
    if consent is not None and act.session.get(FaceQuestion, person.person_id) is None:
        act.session.add(
            FaceQuestion(
                person_id=person.person_id, why=why, since=act.now, notice_version=consent.notice_version,
                language=consent.language,
            )
        )
    settle_face(act.session, person, act.now)
    return consent is not None


def pause_everyone(act: Act, why: str) -> None:
    """Pause everyone's face and ask them again."""
    for person in people_with_consent(act):
        pause_and_ask(act, person, why)


def question_of(session: Session, person_id: str) -> FaceQuestion | None:
    """Return why a person is asked again, None when they are not."""
    return session.get(FaceQuestion, person_id)


def clear_request(session: Session, person_id: str) -> None:
    """Clear the request: the person has decided, or is gone."""
    question = session.get(FaceQuestion, person_id)
    if question is not None:
        session.delete(question)
        session.flush()


def people_with_consent(act: Act) -> list[Person]:
    """Return the people of the site whose consent to face has not been withdrawn."""
    act.session.flush()
    consented = select(Consent.person_id).where(
        Consent.purpose == FACE_PURPOSE, Consent.withdrawn_at.is_(None)
    )
    query = select(Person).where(Person.site_id == act.site_id, Person.person_id.in_(consented))
    return list(act.session.scalars(query.order_by(Person.person_id)))
