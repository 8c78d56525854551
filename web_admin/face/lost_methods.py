"""Pause faces whose consent was given with a lost card or PIN: its finder may have enrolled.

Two minutes with a stolen card are enough to have one's own face taken in their name. So the end or the
suspension of a card or PIN ends what was said or taken with it, and its person decides once more. The other
ways in stay as they are.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.credential_kinds import IDENTIFYING_KINDS
from web_admin.action.base import Action
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.lock_order import GATE_ALONE, SiteFirst
from web_admin.custody.models import Consent
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.models import FaceOpening
from web_admin.face.renewals import CREDENTIAL_LOST, REASON_NOT_SHOWN, request_renewal

NOT_LOST = frozenset({"returned", "damaged", "expired"})
"""Ends after which no one else can have held it."""
UNDER_DURESS_LASTS = timedelta(hours=1)
"""Until then a yes under threat looks like any other; the one who threatened has gone by then."""


def note_opening(
    session: Session, person_id: str, credential_ids: Collection[str | None], now: datetime
) -> None:
    """Remember the cards and PINs of a yes or of a face that was taken."""
    if GATE_ALONE in session.info:
        raise SiteFirst
    session.flush()
    for credential_id in credential_ids:
        if credential_id is None or session.get(CredentialRow, credential_id) is None:
            continue
        row = session.get(FaceOpening, (person_id, credential_id))
        if row is None:
            session.add(FaceOpening(person_id=person_id, credential_id=credential_id, at=now))
        else:
            row.at = now
    session.flush()


def pause_faces_given_with(act: Action, credential: CredentialRow, why: str) -> tuple[str, ...]:
    """Pause the faces given with this card or PIN, and return their people; the caller publishes."""
    if credential.kind not in IDENTIFYING_KINDS or why in NOT_LOST:
        return ()
    return _pause(act, [credential.credential_id], CREDENTIAL_LOST)


def pause_faces_given_under_duress(act: Action) -> int:
    """Pause the faces of a yes with a duress PIN, some time after; return how many. The caller publishes."""
    rows = act.session.execute(
        select(FaceOpening.credential_id)
        .join(CredentialRow, CredentialRow.credential_id == FaceOpening.credential_id)
        .join(Person, Person.person_id == FaceOpening.person_id)
        .where(
            CredentialRow.duress.is_(True),
            FaceOpening.at <= act.now - UNDER_DURESS_LASTS,
            Person.site_id == act.site_id,
        )
    )
    return len(_pause(act, sorted({row.credential_id for row in rows}), REASON_NOT_SHOWN))


def _pause(act: Action, credential_ids: Collection[str], why: str) -> tuple[str, ...]:
    if not credential_ids:
        return ()
    act.session.flush()
    given = (
        select(FaceOpening.person_id)
        .join(Consent, Consent.person_id == FaceOpening.person_id)
        .where(
            FaceOpening.credential_id.in_(credential_ids),
            Consent.purpose == FACE_PURPOSE,
            Consent.withdrawn_at.is_(None),
        )
    )
    # Not DISTINCT over whole rows: PostgreSQL compares no JSON.
    people = act.session.scalars(
        select(Person).where(Person.person_id.in_(given)).order_by(Person.person_id)
    ).all()
    return tuple(person.person_id for person in people if request_renewal(act, person, why))
