"""The server's half of split custody: shares of faces, and receipts of their deletion.

A share is 32 random bytes, fresh for each consent and gate, sealed under a wrapping key that is changed
after each forgetting. It reaches its gate as a lease (`leases.py`) and is worth nothing without the gate's
own secret. Destroying it ends the face; `end_shares` is the only way, and what it leaves behind is the
beginning of a certificate.
"""

import secrets
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement, delete, func, insert, inspect, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from gate_controller.contract.messages import (
    ForgetReceipt,
    SignedReceipt,
    open_receipt,
)
from gate_controller.contract.records import Method
from gate_controller.contract.signing import SignatureRefused
from web_admin.compound.models import Gate, Lane, Person, Site
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.core.database import IN_LIST, among
from web_admin.core.sealing import Sealer, share_key_id
from web_admin.custody.key_rotation import ask_for_rotation, key_for_sealing
from web_admin.custody.models import (
    Consent,
    FaceLook,
    FaceShare,
    ForgettingRow,
    Notice,
    ReceiptRow,
)

FACE_PURPOSE = "face_local"
SHARE_BYTES = 32


class ReceiptRefused(Exception):
    """A receipt is signed by the gate and still not about this site, this gate or a known consent."""


def consent_is_live(consent: type[Consent] = Consent) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions: to a face, not withdrawn, and to the newest notice (promise 3)."""
    newest = select(func.max(Notice.version)).where(Notice.purpose == FACE_PURPOSE).scalar_subquery()
    return (
        consent.purpose == FACE_PURPOSE,
        consent.withdrawn_at.is_(None),
        consent.notice_version >= func.coalesce(newest, 0),
    )


def live_face_consents(
    session: Session, site_id: str, person_ids: Collection[str] | None = None
) -> dict[str, str]:
    """Return ids of live consents by person.

    Empty while the site has face switched off.
    """
    site = session.get_one(Site, site_id)
    if not site.face_enabled:
        return {}
    wanted = (
        select(Consent.person_id, Consent.consent_id)
        .join(Person, Person.person_id == Consent.person_id)
        .where(Person.site_id == site_id, Person.ended_at.is_(None), *consent_is_live())
        .order_by(Consent.given_at, Consent.consent_id)
    )
    if person_ids is not None:
        person = Consent.person_id
        few = len(person_ids) <= IN_LIST
        wanted = wanted.where(person.in_(person_ids) if few else among(session, person, person_ids))
    return dict(session.execute(wanted).all())


def create_shares(session: Session, sealer: Sealer, person_id: str, consent_id: str) -> list[str]:
    """Make a share for each paired gate with a face lane that lacks one; return those gates' ids.

    A share left from an older consent is replaced, so its template can never be opened again.
    """
    person = session.get_one(Person, person_id)
    consent = session.get_one(Consent, consent_id)
    gate_ids = gates_offering_face(session, person.site_id)
    if not gate_ids:
        return []
    key_id = key_for_sealing(session, sealer, consent.given_at)
    held = {share.gate_id: share for share in held_shares(session, FaceShare.person_id == person_id)}
    made = [gate_id for gate_id in gate_ids if gate_id not in held or held[gate_id].consent_id != consent_id]
    replaced = [held[gate_id] for gate_id in made if gate_id in held]
    end_shares(session, replaced, "consent_replaced", consent.given_at)
    for gate_id in made:
        session.add(
            FaceShare(
                person_id=person_id,
                gate_id=gate_id,
                consent_id=consent_id,
                share_sealed=sealer.seal_share(secrets.token_bytes(SHARE_BYTES), key_id),
                created_at=consent.given_at,
            )
        )
    session.flush()
    return made


def people_with_shares(session: Session, site_id: str) -> tuple[str, ...]:
    """Return the ids of the people of whom any gate of the site may keep a face."""
    query = select(FaceShare.person_id).join(Person).where(Person.site_id == site_id).distinct()
    return tuple(session.scalars(query.order_by(FaceShare.person_id)))


def gates_offering_face(session: Session, site_id: str) -> list[str]:
    """Return the ids of the paired gates with a lane that offers face."""
    lanes = (
        select(Lane.gate_id, Lane.methods).join(Gate).where(Gate.site_id == site_id, Gate.state == "paired")
    )
    return sorted({gate_id for gate_id, methods in session.execute(lanes) if Method.FACE in methods})


class HeldShare(NamedTuple):
    """A share that is held, without what is sealed; for a thousand gates a row each costs little."""

    person_id: str
    gate_id: str
    consent_id: str
    made_at: datetime


class EndedFace(NamedTuple):
    """A face that ended at a gate, since when it had a share there, and under which key that was sealed.

    The public key is that of the gate's controller when it ended.
    """

    person_id: str
    consent_id: str
    gate_id: str
    gate_public_key: bytes
    share_made_at: datetime
    key_id: str


def held_shares(session: Session, *conditions: ColumnElement[bool]) -> list[HeldShare]:
    """Return the shares for which these conditions hold, in the order of people and gates."""
    session.flush()
    columns = (FaceShare.person_id, FaceShare.gate_id, FaceShare.consent_id, FaceShare.created_at)
    of_these = select(*columns).where(*conditions).order_by(FaceShare.person_id, FaceShare.gate_id)
    return [HeldShare(*row) for row in session.execute(of_these)]


def public_keys_of(session: Session, gate_ids: Collection[str]) -> dict[str, bytes]:
    """Return the public keys of these gates' controllers, nothing for one that has none."""
    of_gates = select(Gate.gate_id, Gate.public_key).where(among(session, Gate.gate_id, gate_ids))
    return {gate_id: public_key or b"" for gate_id, public_key in session.execute(of_gates)}


def end_shares(session: Session, shares: Sequence[HeldShare], why: str, now: datetime) -> list[str]:
    """Destroy shares and begin their evidence; return the gates that now owe a receipt.

    The key that they were sealed under is to be changed. A few statements serve all gates of a person.
    """
    if not shares:
        return []
    public_keys = public_keys_of(session, {share.gate_id for share in shares})
    ask_for_rotation(session, now)  # from here on no rotation passes before the commit
    key_ids = _delete_with_looks(session, shares)
    ended = [
        EndedFace(
            share.person_id,
            share.consent_id,
            share.gate_id,
            public_keys[share.gate_id],
            share.made_at,
            key_ids[share.person_id, share.gate_id],
        )
        for share in shares
    ]
    begin_evidence(session, ended, why, now)
    return [share.gate_id for share in shares]


def _delete_with_looks(session: Session, shares: Sequence[HeldShare]) -> dict[tuple[str, str], str]:
    """Delete shares and what is known of their looks, by a statement each for each person or each gate.

    Returns the keys under which they were sealed, by person and gate: a rotation may have passed since they
    were read.
    """
    session.flush()
    by_consent, by_person, by_gate = (defaultdict[str, list[HeldShare]](list) for _ in range(3))
    for share in shares:
        by_consent[share.consent_id].append(share)
        by_person[share.person_id].append(share)
        by_gate[share.gate_id].append(share)
    key_ids: dict[tuple[str, str], str] = {}
    if len(by_person) <= len(by_gate):
        for consent_id, these in by_consent.items():
            gate_ids = [one.gate_id for one in these]
            _delete_looks(session, FaceLook.consent_id == consent_id, FaceLook.gate_id, gate_ids)
        for person_id, these in by_person.items():
            gate_ids = [one.gate_id for one in these]
            key_ids |= _delete(session, FaceShare.person_id == person_id, FaceShare.gate_id, gate_ids)
    else:
        for gate_id, these in by_gate.items():
            consent_ids, person_ids = [one.consent_id for one in these], [one.person_id for one in these]
            _delete_looks(session, FaceLook.gate_id == gate_id, FaceLook.consent_id, consent_ids)
            key_ids |= _delete(session, FaceShare.gate_id == gate_id, FaceShare.person_id, person_ids)
    if len(key_ids) != len(shares):
        raise RuntimeError(f"of {len(shares)} shares that end, {len(key_ids)} were there")
    for one in session.identity_map.values():
        if isinstance(one, FaceShare) and inspect(one).identity in key_ids:
            session.expunge(one)
    return key_ids


_APART = {"synchronize_session": False}


def _delete_looks(
    session: Session, of_one: ColumnElement[bool], many: InstrumentedAttribute[str], values: Collection[str]
) -> None:
    session.execute(delete(FaceLook).where(of_one, among(session, many, values)), execution_options=_APART)


def _delete(
    session: Session, of_one: ColumnElement[bool], many: InstrumentedAttribute[str], values: Collection[str]
) -> dict[tuple[str, str], str]:
    rows = delete(FaceShare).where(of_one, among(session, many, values))
    sealed = rows.returning(FaceShare.person_id, FaceShare.gate_id, FaceShare.share_sealed)
    return {
        (person_id, gate_id): share_key_id(share_sealed)
        for person_id, gate_id, share_sealed in session.execute(sealed, execution_options=_APART)
    }


def begin_evidence(session: Session, ended: Sequence[EndedFace], why: str, now: datetime) -> None:
    """Note that faces ended at gates, from which their certificates are worked out."""
    gate_ids = {one.gate_id for one in ended}
    keys = {f"face:{one.person_id}" for one in ended}
    of_published = select(PolicyRecordRow.gate_id, PolicyRecordRow.key).where(
        among(session, PolicyRecordRow.gate_id, gate_ids),
        among(session, PolicyRecordRow.key, keys),
        PolicyRecordRow.value.is_not(None),
    )
    published = {(gate_id, key) for gate_id, key in session.execute(of_published)}
    of_earlier = select(ForgettingRow).where(
        among(session, ForgettingRow.consent_id, {one.consent_id for one in ended}),
        among(session, ForgettingRow.gate_id, gate_ids),
    )
    earlier = {(row.consent_id, row.gate_id): row for row in session.scalars(of_earlier)}
    first: dict[tuple[str, str], dict[str, object]] = {}
    for one in ended:
        begun: dict[str, object] = {
            "why": why,
            "share_made_at": one.share_made_at,
            "begun_at": now,
            "key_id": one.key_id,
            "fresh_receipt": (one.gate_id, f"face:{one.person_id}") in published,
            "gate_public_key": one.gate_public_key,
        }
        row = earlier.get((one.consent_id, one.gate_id))
        if row is None:
            first[one.consent_id, one.gate_id] = begun
            continue
        for name, value in begun.items():
            setattr(row, name, value)
    if first:
        session.execute(
            insert(ForgettingRow),
            [
                {"consent_id": consent_id, "gate_id": gate_id, **begun}
                for (consent_id, gate_id), begun in first.items()
            ],
        )


def destroy_shares(session: Session, person_id: str, why: str, now: datetime) -> list[str]:
    """Destroy all shares of a person; return the gates that now owe a receipt."""
    return end_shares(session, held_shares(session, FaceShare.person_id == person_id), why, now)


def take_receipt(session: Session, gate: Gate, signed: SignedReceipt, now: datetime) -> bool:
    """Store a gate's receipt once; return whether it was new.

    A receipt of the controller that had the face counts as well, when the gate got a new key since.
    Raises SignatureRefused when neither signed it, ReceiptRefused when it is about another site or gate,
    or about an unknown consent.
    """
    receipt, key = _opened(session, gate, signed)
    if (receipt.site_id, receipt.gate_id) != (gate.site_id, gate.gate_id):
        raise ReceiptRefused(f"the receipt is of gate {receipt.gate_id!r}, this is {gate.gate_id!r}")
    consent = session.get(Consent, receipt.consent_id)
    if consent is None or consent.person_id != receipt.person_id:
        raise ReceiptRefused(f"no consent {receipt.consent_id!r} of person {receipt.person_id!r} is known")
    earlier = session.get(ReceiptRow, (receipt.consent_id, gate.gate_id))
    if earlier is not None:
        if not _is_newer(session, receipt, key, earlier):
            return False
        # The face was enrolled again under the same consent and forgotten again.
        session.delete(earlier)
        session.flush()
    session.add(
        ReceiptRow(
            consent_id=receipt.consent_id,
            gate_id=gate.gate_id,
            receipt=signed.receipt,
            signature=signed.signature,
            received_at=now,
        )
    )
    session.flush()
    return True


def _opened(session: Session, gate: Gate, signed: SignedReceipt) -> tuple[ForgetReceipt, bytes]:
    """Return a receipt and the key that signed it: the gate's, or that of the controller before."""
    key = gate.public_key or b""
    try:
        return open_receipt(signed, key), key
    except SignatureRefused:
        try:
            consent_id = msgspec.json.decode(signed.receipt, type=ForgetReceipt).consent_id
        except msgspec.MsgspecError:
            consent_id = ""
        ending = session.get(ForgettingRow, (consent_id, gate.gate_id))
        if ending is None or ending.gate_public_key == key:
            raise
        return open_receipt(signed, ending.gate_public_key), ending.gate_public_key


def _is_newer(session: Session, receipt: ForgetReceipt, key: bytes, earlier: ReceiptRow) -> bool:
    """Return whether a receipt takes the place of an earlier one about the same consent and gate."""
    try:
        before = open_receipt(SignedReceipt(receipt=earlier.receipt, signature=earlier.signature), key)
    except SignatureRefused:
        # Two controllers signed: the one counts that had the face when it ended.
        ending = session.get(ForgettingRow, (earlier.consent_id, earlier.gate_id))
        return ending is None or ending.gate_public_key == key
    # By the journal first: the gate's clock may have been put back since. By the clock as well: a gate whose
    # journal was lost counts from one again.
    return receipt.journal_seq > before.journal_seq or receipt.forgotten_at > before.forgotten_at
