"""Ending a face: consent, shares and method in one go, whoever or whatever asked for it."""

from sqlalchemy import select

from web_admin.acts import Act, record
from web_admin.custody import FACE_PURPOSE, destroy_shares
from web_admin.models import Consent, Person
from web_admin.ways_in import NO_OTHER_WAY


def forget_face(act: Act, person: Person, why: str) -> Consent | None:
    """Withdraw a person's consent and destroy what is held; return it, or None if there was none.

    The caller publishes. Never refused: everything that may be left behind is ended too.
    """
    act.session.flush()
    consents = act.session.scalars(
        select(Consent)
        .where(
            Consent.person_id == person.person_id,
            Consent.purpose == FACE_PURPOSE,
            Consent.withdrawn_at.is_(None),
        )
        .order_by(Consent.given_at)
    ).all()
    for consent in consents:
        consent.withdrawn_at, consent.withdrawn_channel, consent.withdrawn_why = act.now, act.channel, why
    gate_ids = destroy_shares(act.session, person.person_id)
    person.methods = [method for method in person.methods if method != "face"]
    if person.face_paused_reason == NO_OTHER_WAY:
        person.face_paused_reason = None
    for consent in consents:
        record(
            act, "face_withdrawn", {"consent_id": consent.consent_id, "gates": len(gate_ids)},
            personal={"why": why} if why else None, person_id=person.person_id,
        )
    return consents[-1] if consents else None
