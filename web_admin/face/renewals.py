"""Consent renewal: suspend face and request consent once more when its basis changed.

A consent covers one text, one age band and, for minors, its guardians. When that changes, it ends: no
lease is given, gates forget. The person is asked on their phone until they say yes or no; the other
ways in stay as they are. After a refusal the request is not repeated.
"""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.action.base import Action
from web_admin.compound.models import Person
from web_admin.custody.models import Consent
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.endings import forget_face
from web_admin.face.models import ConsentRenewal
from web_admin.face.ways_in import settle_face

NOTICE_CHANGED = "notice_changed"
CAME_OF_AGE = "came_of_age"
AGE_CORRECTED = "age_corrected"
GUARDIAN_LEFT = "guardian_left"
RULES_CHANGED = "rules_changed"
RESTORED = "restored"
CREDENTIAL_LOST = "credential_lost"
REASON_NOT_SHOWN = "asked_again"
"""Without a reason, where none may be shown."""


def request_renewal(act: Action, person: Person, why: str) -> bool:
    """End a person's consent and request its renewal; return whether there was a consent."""
    consent = forget_face(act, person, why)
    if consent is not None and act.session.get(ConsentRenewal, person.person_id) is None:
        act.session.add(
            ConsentRenewal(
                person_id=person.person_id,
                why=why,
                since=act.now,
                notice_version=consent.notice_version,
                language=consent.language,
            )
        )
    settle_face(act.session, person, act.now)
    return consent is not None


def request_all_renewals(act: Action, why: str) -> None:
    """Pause everyone's face and request the renewal of every consent."""
    for person in people_with_consent(act):
        request_renewal(act, person, why)


def renewal_of(session: Session, person_id: str) -> ConsentRenewal | None:
    """Return the open renewal of a person's consent, None without one."""
    return session.get(ConsentRenewal, person_id)


def renewals_of(session: Session, person_ids: Collection[str]) -> dict[str, ConsentRenewal]:
    """Return the open renewals of these people, by person, in one query."""
    found = session.scalars(select(ConsentRenewal).where(ConsentRenewal.person_id.in_(person_ids)))
    return {renewal.person_id: renewal for renewal in found}


def clear_renewal(session: Session, person_id: str) -> None:
    """Clear the renewal: the person has decided, or is gone."""
    renewal = session.get(ConsentRenewal, person_id)
    if renewal is not None:
        session.delete(renewal)
        session.flush()


def people_with_consent(act: Action) -> list[Person]:
    """Return the people of the site whose consent to face has not been withdrawn."""
    act.session.flush()
    consented = select(Consent.person_id).where(
        Consent.purpose == FACE_PURPOSE, Consent.withdrawn_at.is_(None)
    )
    query = select(Person).where(Person.site_id == act.site_id, Person.person_id.in_(consented))
    return list(act.session.scalars(query.order_by(Person.person_id)))
