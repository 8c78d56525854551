"""Lend gates the shares of faces, for hours: one statement reads what may be lent at this moment."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from sqlalchemy import Connection, LargeBinary, Select, String, Table, bindparam, select
from sqlalchemy.orm import Session, aliased

from gate_controller.contract.messages import MAX_LEASE_SECONDS, FaceLease
from gate_controller.contract.records import Method
from web_admin.compound.models import Gate, Person, Site
from web_admin.core.sealing import FACE_SHARE_PURPOSE, Sealer
from web_admin.custody.models import Consent, FaceShare, FaceSuspension, GateFaceRow
from web_admin.custody.shares import consent_is_live

_gate, _person = cast(Table, Gate.__table__), cast(Table, Person.__table__)
_of_gate, _of_site = bindparam("of_gate", type_=String), bindparam("of_site", type_=String)


class Lent(NamedTuple):
    """A share of a face, sealed as it lies in the database."""

    person_id: str
    consent_id: str
    share_sealed: bytes


def _lent() -> Select[str, str, bytes, list[str]]:
    """Return the statement that reads the shares that a gate may hold.

    None for a gate that is not believed or has another key by now, none while the server is being restored,
    while face is off or suspended at the site, and while the gate reports tampering. A share counts for the
    last live consent of a person whose face is not paused.
    """
    later = aliased(Consent)
    newest = (
        select(later.consent_id)
        .where(later.person_id == FaceShare.person_id, *consent_is_live(later))
        .order_by(later.given_at.desc(), later.consent_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(FaceShare.person_id, FaceShare.consent_id, FaceShare.share_sealed, _person.c.methods)
        .join(_person, _person.c.person_id == FaceShare.person_id)
        .where(
            FaceShare.gate_id == _of_gate,
            FaceShare.consent_id == newest,
            _person.c.site_id == _of_site,
            _person.c.ended_at.is_(None),
            _person.c.face_paused_reason.is_(None),
            select(_gate.c.gate_id).where(
                _gate.c.gate_id == _of_gate, _gate.c.state == "paired", _gate.c.forked_at.is_(None),
                _gate.c.public_key == bindparam("is_public_key", type_=LargeBinary)).exists(),
            select(Site.site_id).where(
                Site.site_id == _of_site, Site.face_enabled.is_(True), Site.restoring.is_(False)).exists(),
            ~select(FaceSuspension.site_id).where(FaceSuspension.site_id == _of_site).exists(),
            ~select(GateFaceRow.gate_id).where(
                GateFaceRow.gate_id == _of_gate, GateFaceRow.tampered_at.is_not(None)).exists(),
        )
        .order_by(FaceShare.person_id)
    )  # fmt: skip


_LENT = _lent()


def lent_shares(
    asked: Session | Connection, gate_id: str, site_id: str, public_key: bytes | None
) -> Sequence[Lent]:
    """Return the sealed shares that the controller with this key may hold; none where it is not believed."""
    ids = {"of_gate": gate_id, "of_site": site_id, "is_public_key": public_key}
    return [
        Lent(person_id, consent_id, share_sealed)
        for person_id, consent_id, share_sealed, methods in asked.execute(_LENT, ids)
        if Method.FACE in methods
    ]


def opened(sealer: Sealer, lent: Sequence[Lent]) -> tuple[FaceLease, ...]:
    """Return leases of these shares, to be held in memory for at most 72 hours on the gate's own clock."""
    return tuple(
        FaceLease(
            person_id=one.person_id,
            consent_id=one.consent_id,
            share=sealer.open(one.share_sealed, purpose=FACE_SHARE_PURPOSE),
            seconds=MAX_LEASE_SECONDS,
        )
        for one in lent
    )


def leases_for(session: Session, sealer: Sealer, gate: Gate) -> tuple[FaceLease, ...]:
    """Return the leases of a gate; none for one that was cloned, stolen or retired."""
    return opened(sealer, lent_shares(session, gate.gate_id, gate.site_id, gate.public_key))
