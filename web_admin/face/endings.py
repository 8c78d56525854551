"""The only code path that deletes a face, for every cause.

Withdrawal, move-out, coming of age, inactivity, a lane or gate that no longer takes faces, a gate that was
stolen, the site handed over, face switched off, a breach: each destroys shares in its own transaction,
informs the gates by the policy that follows, asks for a new wrapping key and begins a certificate.
"""

from sqlalchemy import delete, select

from gate_controller.contract.records import Method
from web_admin.action.base import Action, record
from web_admin.compound.models import Gate, Person
from web_admin.custody.models import Consent, FaceShare, LookOffer
from web_admin.custody.shares import FACE_PURPOSE, destroy_shares, end_shares, held_shares
from web_admin.face.models import FaceOpening
from web_admin.face.ways_in import NO_OTHER_WAY, settle_face

ENDINGS = (
    "withdrawn",
    "moved_out",
    "came_of_age",
    "inactive",
    "notice_changed",
    "guardian_left",
    "rules_changed",
    "face_disabled",
    "handed_over",
    "breach",
    "consent_replaced",
    "face_off_lane",
    "gate_retired",
    "gate_stolen",
    "gate_replaced",
    "restored",
    "credential_lost",
    "asked_again",
)
"""Reasons for the end of a face that a certificate may give; a person's own words are never in one."""


def forget_face(act: Action, person: Person, why: str) -> Consent | None:
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
    gate_ids = destroy_shares(act.session, person.person_id, why if why in ENDINGS else "withdrawn", act.now)
    ended = [consent.consent_id for consent in consents]
    act.session.execute(delete(LookOffer).where(LookOffer.consent_id.in_(ended)))
    act.session.execute(delete(FaceOpening).where(FaceOpening.person_id == person.person_id))
    person.methods = [method for method in person.methods if method != Method.FACE]
    if person.face_paused_reason == NO_OTHER_WAY:
        person.face_paused_reason = None
    for consent in consents:
        record(
            act,
            "face_withdrawn",
            {"consent_id": consent.consent_id, "gates": len(gate_ids)},
            personal={"why": why} if why else None,
            person_id=person.person_id,
        )
    return consents[-1] if consents else None


def forget_gate(act: Action, gate: Gate, why: str) -> int:
    """Destroy every share for a gate that no longer takes faces; return how many there were.

    Consents stay: they are about other gates too. The caller publishes.
    """
    act.session.flush()
    shares = held_shares(act.session, FaceShare.gate_id == gate.gate_id)
    for share in shares:
        record(
            act,
            "face_ended_at_gate",
            {"consent_id": share.consent_id, "gate_id": gate.gate_id, "why": why},
            person_id=share.person_id,
        )
    end_shares(act.session, shares, why, act.now)
    return len(shares)


def forget_everyone(act: Action, why: str) -> int:
    """End every face of the site; return how many people had one. The caller publishes."""
    act.session.flush()
    consented = select(Consent.person_id).where(
        Consent.purpose == FACE_PURPOSE, Consent.withdrawn_at.is_(None)
    )
    held = select(FaceShare.person_id)
    people = act.session.scalars(
        select(Person)
        .where(Person.site_id == act.site_id, Person.person_id.in_(consented) | Person.person_id.in_(held))
        .order_by(Person.person_id)
    ).all()
    for person in people:
        forget_face(act, person, why)
        settle_face(act.session, person, act.now)
    return len(people)
