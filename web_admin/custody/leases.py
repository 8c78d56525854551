"""Lend gates the shares of faces, for hours: one statement reads what may be lent at this moment."""

from typing import cast

from sqlalchemy import Connection, Select, String, Table, bindparam, select
from sqlalchemy.orm import Session, aliased

from gate_controller.contract.messages import MAX_LEASE_SECONDS, FaceLease
from gate_controller.contract.records import Method
from web_admin.compound.models import Gate, Person, Site
from web_admin.compound.queries import is_trusted_by_key
from web_admin.core.sealing import FACE_SHARE_PURPOSE, Sealer
from web_admin.custody.models import Consent, FaceShare, FaceSuspension, GateFaceRow
from web_admin.custody.shares import consent_is_live

_gate, _person = cast(Table, Gate.__table__), cast(Table, Person.__table__)
_of_gate, _of_site = bindparam("of_gate", type_=String), bindparam("of_site", type_=String)


def _lent() -> Select[str, str, bytes, list[str]]:
    """Return the statement that reads the shares that a gate may hold.

    None for a gate that is not trusted or has another key by now, none while the server is being restored,
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
            select(_gate.c.gate_id).where(_gate.c.gate_id == _of_gate, *is_trusted_by_key()).exists(),
            select(Site.site_id)
            .where(Site.site_id == _of_site, Site.face_enabled.is_(True), Site.restoring.is_(False))
            .exists(),
            ~select(FaceSuspension.site_id).where(FaceSuspension.site_id == _of_site).exists(),
            ~select(GateFaceRow.gate_id)
            .where(GateFaceRow.gate_id == _of_gate, GateFaceRow.tampered_at.is_not(None))
            .exists(),
        )
        .order_by(FaceShare.person_id)
    )


_LENT = _lent()


def lent_to(
    asked: Session | Connection, sealer: Sealer, gate_id: str, site_id: str, public_key: bytes | None
) -> tuple[FaceLease, ...]:
    """Return what the controller with this key may hold; nothing where it is not trusted.

    In memory, for at most 72 hours on the gate's own clock. Raises SealBroken.
    """
    ids = {"of_gate": gate_id, "of_site": site_id, "is_public_key": public_key}
    return tuple(
        FaceLease(
            person_id=person_id,
            consent_id=consent_id,
            share=sealer.open(share_sealed, purpose=FACE_SHARE_PURPOSE),
            seconds=MAX_LEASE_SECONDS,
        )
        for person_id, consent_id, share_sealed, methods in asked.execute(_LENT, ids)
        if Method.FACE in methods
    )


def leases_for(session: Session, sealer: Sealer, gate: Gate) -> tuple[FaceLease, ...]:
    """Return the leases of a gate; none for one that was cloned, stolen or retired."""
    return lent_to(session, sealer, gate.gate_id, gate.site_id, gate.public_key)
