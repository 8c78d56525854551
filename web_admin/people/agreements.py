"""Read guardians' agreements, each with the exact text it was given to."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.compound.models import Person
from web_admin.credentials.models import ChildAgreement
from web_admin.custody.models import Consent, Notice
from web_admin.face.models import GuardianConsent, WrittenRelease


@dataclass(frozen=True, slots=True)
class Agreement:
    """A guardian's yes for a person of their home.

    `to` is `card_and_pin` or `face`. `text` is one sentence, `fields` the parts of a notice in the order
    of their names; both None where the text was not kept. `sha256` is the digest that was stored of a
    notice, or that of the sentence. `signed` says that this guardian signed, for `consent_id`.
    """

    to: str
    child: str
    given_at: datetime
    withdrawn_at: datetime | None
    channel: str
    language: str
    notice_version: int | None
    text: str | None
    fields: Mapping[str, str] | None
    sha256: str | None
    consent_id: str | None = None
    signed: bool = False


def agreements_of(session: Session, guardian_id: str) -> list[Agreement]:
    """Return a person's agreements as a guardian, newest first."""
    return sorted(
        [*_for_cards(session, guardian_id), *_for_faces(session, guardian_id)],
        key=lambda agreement: agreement.given_at,
        reverse=True,
    )


def _for_cards(session: Session, guardian_id: str) -> list[Agreement]:
    rows = session.execute(
        select(ChildAgreement, Person)
        .join(Person, Person.person_id == ChildAgreement.child_id)
        .where(ChildAgreement.guardian_id == guardian_id)
    )
    return [
        Agreement(
            "card_and_pin",
            child.display_name,
            row.given_at,
            row.withdrawn_at,
            row.channel,
            row.language,
            None,
            row.text,
            None,
            hashlib.sha256(row.text.encode()).hexdigest() if row.text is not None else None,
        )
        for row, child in rows
    ]


def _for_faces(session: Session, guardian_id: str) -> list[Agreement]:
    rows = session.execute(
        select(GuardianConsent, Consent, Person, Notice, WrittenRelease.signed_at)
        .join(Consent, Consent.consent_id == GuardianConsent.consent_id)
        .join(Person, Person.person_id == Consent.person_id)
        .outerjoin(Notice, Notice.sha256 == GuardianConsent.notice_sha256)
        .outerjoin(
            WrittenRelease,
            (WrittenRelease.consent_id == Consent.consent_id) & (WrittenRelease.signer_id == guardian_id),
        )
        .where(GuardianConsent.guardian_id == guardian_id)
    )
    return [
        Agreement(
            "face",
            ward.display_name,
            half.given_at,
            consent.withdrawn_at,
            half.channel,
            half.language,
            consent.notice_version,
            None,
            notice.fields if notice is not None else None,
            half.notice_sha256.hex(),
            consent.consent_id,
            signed_at is not None,
        )
        for half, consent, ward, notice, signed_at in rows
    ]
