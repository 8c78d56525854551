"""Steps from the switch on the phone to the certificate: how fast a face is deleted, who can verify it."""

import json
import time

from sqlalchemy import select

from demo.judge import Outcome, event_after, require
from demo.rig.processes import Child, menjin, run_menjin, wait_until
from demo.stage import Stage
from gate_controller.contract.messages import ForgetReceipt, SignedReceipt, open_receipt
from web_admin.compound.models import Gate
from web_admin.custody.models import Consent, ReceiptRow

GATE = "north"
FORGET_SECONDS = 5.0
COMMAND_SECONDS = 90.0
GENUINE, BROKEN = 0, 1


def withdraw_to_forgotten(stage: Stage) -> Outcome:
    """From the tap on the phone until no byte of the sealed face is in the gate's file; then its receipt.

    Broken by: a share that outlives the withdrawal, a gate that deletes and does not overwrite, a receipt
    that another key signed or that comes before the deed.
    """
    ends, member, phone = stage.gates[GATE], stage.member("face_a"), stage.phone_of("face_a")
    rows = {row.person_id: row for row in ends.face_rows()}
    require(member.person_id in rows, "the person's face is not in the gate")
    sealed = rows[member.person_id].ciphertext
    require(sealed in ends.face_bytes(), "the search does not find the face while it is there")
    others = set(rows) - {member.person_id}
    before_seq = ends.journal_seq()
    phone.get("/r/face/off")
    tapped_at = time.monotonic()
    phone.post("/r/face/off", {})
    require(
        stage.office.share(member.person_id, GATE) is None, "the page answered and the share is there yet"
    )
    wait_until(lambda: sealed not in ends.face_bytes(), FORGET_SECONDS, "the face's bytes are gone")
    ms = (time.monotonic() - tapped_at) * 1000
    event = event_after(stage, GATE, before_seq, "face_forgotten")
    require(event.person_id == member.person_id, "another person was forgotten")
    require({row.person_id for row in ends.face_rows()} == others, "another person's face was deleted too")
    wait_until(lambda: _receipt(stage, member.person_id) is not None, FORGET_SECONDS, "the signed receipt")
    receipt = _receipt(stage, member.person_id)
    require(receipt is not None and receipt.blob_found, "the gate signed that it had found no face")
    return Outcome(
        ms, "share destroyed, sealed face overwritten in the gate's file, receipt signed by the gate"
    )


def _receipt(stage: Stage, person_id: str) -> ForgetReceipt | None:
    """Return what the gate signed about this person's newest consent; raise when another key signed it."""
    with stage.office.read() as session:
        row = session.scalars(
            select(ReceiptRow)
            .join(Consent, Consent.consent_id == ReceiptRow.consent_id)
            .where(ReceiptRow.gate_id == GATE, Consent.person_id == person_id)
            .order_by(Consent.given_at.desc())
        ).first()
        if row is None:
            return None
        signed = SignedReceipt(receipt=row.receipt, signature=row.signature)
        return open_receipt(signed, session.get_one(Gate, GATE).public_key or b"")


def certificate_verifies(stage: Stage) -> Outcome:
    """The person downloads the certificate; `menjin audit certificate` takes it and no changed copy.

    The root key comes from the gate, which pinned it when it was paired; the wrapping key was changed before,
    as happens automatically within a day.

    Broken by: a certificate that is complete too early, a field that no seal covers, a check that trusts the
    key in the file.
    """
    member, phone = stage.member("face_a"), stage.phone_of("face_a")
    run_menjin(
        "menjin web rotate-keys",
        stage.logs / "rotate.log",
        "web",
        "rotate-keys",
        "--data-dir",
        str(stage.server.data_dir),
    )
    with stage.office.read() as session:
        consent_id = session.scalars(
            select(Consent.consent_id)
            .where(Consent.person_id == member.person_id, Consent.withdrawn_at.is_not(None))
            .order_by(Consent.withdrawn_at.desc())
        ).first()
    require(consent_id is not None, "the person's consent was not withdrawn")
    text = phone.get(f"/r/certificates/{consent_id}.json")
    changed = text.replace('"blob_found": true', '"blob_found": false')
    require(changed != text, "the certificate names no receipt of a face that was found")
    genuine, forged = _audit(stage, "genuine", text), _audit(stage, "changed", changed)
    for child in (genuine, forged):
        try:
            status = child.wait(COMMAND_SECONDS)
        finally:
            child.kill()
        wanted = GENUINE if child is genuine else BROKEN
        require(status == wanted, f"{child.name}: status {status} instead of {wanted}:\n{child.tail()}")
    require("blob_found" in forged.tail(), f"the changed field is not named:\n{forged.tail()}")
    return Outcome(
        None, "complete, genuine under the gate's root key; with one word changed: broken, field named"
    )


def _audit(stage: Stage, name: str, certificate: str) -> Child:
    """Begin the command that anyone can run, on a file."""
    path = stage.folder / f"forgotten-{name}.json"
    path.write_text(certificate, encoding="utf-8")
    identity = json.loads((stage.gates[GATE].folder / "secrets" / "identity.json").read_bytes())
    child = Child(f"menjin audit certificate, {name}", stage.logs / f"certificate-{name}.log")
    child.spawn(
        menjin("audit", "certificate", str(path), "--root-key", identity["root_public_key"], "--complete")
    )
    return child
