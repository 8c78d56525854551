"""Looks of a face: which ones gates keep, dropping one, ageing, and the offer of another.

A look is in its gate alone; the server knows its id and its day, from the gate's journal. Whatever drops one
names it in the policy until the gate reports it as gone. Looks share one consent, one share a gate and one
forgetting: what ends a share ends its looks (`custody/shares.py`).

An offer is on a person's own pages and nowhere else, after two looks that found no one and after which
they came in. Passages teach nothing: an offer changes no look.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import JournalEntry
from gate_controller.contract.records import MAX_LOOKS
from web_admin.action.base import Action, begin, finish, publish, record
from web_admin.action.lookups import person_of
from web_admin.compound.models import Gate, Person
from web_admin.core.database import among
from web_admin.core.lock_order import GATE_ALONE, SiteFirst
from web_admin.custody.models import FaceLook, FaceShare, LookOffer
from web_admin.face.ways_in import live_face_consent

LOOK_LASTS = timedelta(days=730)
MISSES_OF_AN_OFFER = 2
MISSES_WITHIN = timedelta(days=30)
OFFER_LASTS = timedelta(days=14)
OFFERED_AGAIN_AFTER = timedelta(days=30)
_KINDS_OF_LOOKS = (EventKind.FACE_ENROLLED, EventKind.FACE_LOOK_DROPPED, EventKind.FACE_MISSED)
_LOOK_ID = re.compile(r"[0-9a-f]{16}\Z")


# -- what gates report -----------------------------------------------------------------------------


def note_looks(by_gate: Action, gate: Gate, entries: Sequence[JournalEntry]) -> None:
    """Take which looks a gate keeps now, and whom a look missed; publish where dropped ones are gone."""
    session, now, touched = by_gate.session, by_gate.now, set[str]()
    of_looks = [entry for entry in entries if entry.kind in _KINDS_OF_LOOKS]
    shares = _shares(session, gate, of_looks)
    for entry in of_looks:
        personal = entry.personal or {}
        person_id = personal.get("person_id")
        share = shares.get(person_id) if isinstance(person_id, str) else None
        if share is None:
            continue
        if entry.kind in (EventKind.FACE_ENROLLED, EventKind.FACE_LOOK_DROPPED):
            looks = _read(personal.get("look_ids"))
            if looks is not None and personal.get("consent_id") == share.consent_id:
                if GATE_ALONE in session.info:
                    raise SiteFirst
                is_gone = _keep(session, share, looks, min(entry.at, now))
                touched.update({share.person_id} if is_gone else ())
        elif entry.kind == EventKind.FACE_MISSED:
            if GATE_ALONE in session.info:
                raise SiteFirst
            _note_miss(session, share, min(entry.at, now))
    if touched:
        # A look is named to its own gate alone.
        publish(by_gate, touched, (gate.gate_id,))


def _shares(session: Session, gate: Gate, entries: Sequence[JournalEntry]) -> dict[str, FaceShare]:
    """Return by person the shares of faces at this gate that entries are about."""
    named = {(entry.personal or {}).get("person_id") for entry in entries}
    person_ids = sorted(person_id for person_id in named if isinstance(person_id, str))
    if not person_ids:
        return {}
    here = select(FaceShare).where(
        FaceShare.gate_id == gate.gate_id, among(session, FaceShare.person_id, person_ids)
    )
    return {share.person_id: share for share in session.scalars(here)}


def _read(word: object) -> list[str] | None:
    """Return the ids of a report; None where it is of a gate of before looks, or cannot be right."""
    looks = word.split() if isinstance(word, str) else None
    if looks is None or len(looks) > MAX_LOOKS or not all(_LOOK_ID.match(look) for look in looks):
        return None
    return looks


def _keep(session: Session, share: FaceShare, looks: Sequence[str], at: datetime) -> bool:
    """Keep the rows of exactly these looks; return whether one is gone that was to be deleted."""
    of_gate = (FaceLook.consent_id == share.consent_id, FaceLook.gate_id == share.gate_id)
    known = {row.look_id: row for row in session.scalars(select(FaceLook).where(*of_gate))}
    gone = [known[look_id] for look_id in set(known) - set(looks)]
    for row in gone:
        session.delete(row)
    for look_id in looks:
        if look_id not in known:
            session.add(
                FaceLook(gate_id=share.gate_id, look_id=look_id, consent_id=share.consent_id, taken_at=at)
            )
    session.flush()
    return any(row.dropped_at is not None for row in gone)


def _note_miss(session: Session, share: FaceShare, at: datetime) -> None:
    """Count a miss; the second within 30 days makes an offer, a month after the last one at the soonest."""
    offer = _offer_of(session, share.consent_id)
    if offer is None:
        offer = LookOffer(consent_id=share.consent_id, misses=0, is_off=False)
        session.add(offer)
    if offer.missed_at is None or at - offer.missed_at > MISSES_WITHIN:
        offer.misses = 0
    offer.misses, offer.missed_at = offer.misses + 1, at
    rests = offer.offered_at is not None and at - offer.offered_at < OFFERED_AGAIN_AFTER
    if offer.misses >= MISSES_OF_AN_OFFER and not rests and not offer.is_off:
        offer.misses, offer.offered_at = 0, at
    session.flush()


# -- what the person decides -----------------------------------------------------------------------


def drop_look(act: Action, person_id: str, gate_id: str, look_id: str) -> None:
    """Drop one look of a person: its gate deletes it. Any channel, no reason needed, never refused."""
    begin(act)
    person_of(act, person_id)
    share = act.session.get(FaceShare, (person_id, gate_id))
    look = act.session.get(FaceLook, (gate_id, look_id))
    if share is None or look is None or look.consent_id != share.consent_id or look.dropped_at is not None:
        return
    look.dropped_at = act.now
    finish(act, "face_look_dropped", {"gate_id": gate_id, "why": "asked"}, person_id=person_id)


def set_look_offers(act: Action, person_id: str, *, on: bool) -> None:
    """Offer a person another look when their face was hard to recognise, or no more."""
    begin(act)
    consent = live_face_consent(act.session, person_of(act, person_id))
    if consent is None:
        return
    offer = _offer_of(act.session, consent.consent_id)
    if offer is None:
        offer = LookOffer(consent_id=consent.consent_id, misses=0, is_off=False)
        act.session.add(offer)
    offer.is_off, offer.misses, offer.missed_at = not on, 0, None
    record(act, "face_look_offers_on" if on else "face_look_offers_off", {}, person_id=person_id)


# -- what time decides -----------------------------------------------------------------------------


def drop_old_looks(act: Action) -> int:
    """Drop the looks of a site that are two years old; return how many. The caller publishes."""
    old = act.session.execute(
        select(FaceLook, FaceShare.person_id)
        .join(
            FaceShare,
            (FaceShare.consent_id == FaceLook.consent_id) & (FaceShare.gate_id == FaceLook.gate_id),
        )
        .join(Gate, Gate.gate_id == FaceLook.gate_id)
        .where(
            Gate.site_id == act.site_id,
            FaceLook.dropped_at.is_(None),
            FaceLook.taken_at <= act.now - LOOK_LASTS,
        )
        .order_by(FaceLook.gate_id, FaceLook.look_id)
    ).all()
    for look, person_id in old:
        look.dropped_at = act.now
        facts = {"gate_id": look.gate_id, "why": "aged"}
        record(act, "face_look_dropped", facts, person_id=person_id)
    return len(old)


# -- what is read ----------------------------------------------------------------------------------


def looks_of(session: Session, consent_id: str) -> Sequence[FaceLook]:
    """Return the looks under a consent by gate, oldest first, with those that a gate has yet to delete."""
    return session.scalars(
        select(FaceLook)
        .where(FaceLook.consent_id == consent_id)
        .order_by(FaceLook.gate_id, FaceLook.taken_at, FaceLook.look_id)
    ).all()


def look_offer(session: Session, person: Person, now: datetime) -> LookOffer | None:
    """Return the offer of another look that is open now: until a look is added, for two weeks at most."""
    consent = live_face_consent(session, person)
    offer = _offer_of(session, consent.consent_id) if consent is not None else None
    if offer is None or offer.is_off or offer.offered_at is None or now - offer.offered_at >= OFFER_LASTS:
        return None
    if any(look.taken_at > offer.offered_at for look in looks_of(session, offer.consent_id)):
        return None
    return offer


def offers_are_off(session: Session, consent_id: str) -> bool:
    offer = _offer_of(session, consent_id)
    return offer is not None and offer.is_off


def _offer_of(session: Session, consent_id: str) -> LookOffer | None:
    return session.get(LookOffer, consent_id)
