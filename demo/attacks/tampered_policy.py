"""Sign policies that no honest server would sign: what a thief of the server's keys could send."""

from datetime import UTC, datetime

import msgspec
from sqlalchemy import select

from demo.actors.office import Office
from demo.rig.network_cable import Tamper
from gate_controller.contract.messages import (
    POLICY_DOMAIN,
    AskReply,
    PolicyChange,
    PolicyManifest,
    SignedPolicyManifest,
    policy_digest,
    record_digest,
    sign_struct,
)
from gate_controller.contract.records import LaneRecord, Method, decode_record, encode_record
from web_admin.compound.keys import certificate, private_key
from web_admin.compound.policy_models import PolicyRecordRow

VERSIONS_AHEAD = 1000
"""So far ahead that no honest version is mistaken for the hostile one."""


def only_face_at(office: Office, gate_id: str, lane_id: str) -> Tamper:
    """Return a rewriter of the server's answers after which the policy has a lane with face alone."""
    epoch, version = office.policy()
    with office.act() as act:
        rows = act.session.scalars(
            select(PolicyRecordRow).where(
                PolicyRecordRow.gate_id == gate_id, PolicyRecordRow.value.is_not(None)
            )
        )
        records = {row.key: bytes(row.value or b"") for row in rows}
        key = f"lane:{lane_id}"
        lane = decode_record(key, records[key])
        if not isinstance(lane, LaneRecord):
            raise TypeError(f"{key} is no lane")
        hostile = msgspec.structs.replace(lane, methods=(Method.FACE,), method_hours={})
        records[key] = encode_record(hostile)
        manifest = PolicyManifest(
            site_id=office.site_id,
            gate_id=gate_id,
            epoch=epoch,
            version=version + VERSIONS_AHEAD,
            issued_at=datetime.now(UTC),
            digest=policy_digest({name: record_digest(value) for name, value in records.items()}),
        )
        signing_key = private_key(act.session, act.sealer, office.site_id, "policy")
        body, signature = sign_struct(signing_key, POLICY_DOMAIN, manifest)
        signed = SignedPolicyManifest(
            manifest=body, signature=signature, certificate=certificate(act.session, office.site_id, "policy")
        )
    puts = {name: msgspec.Raw(value) for name, value in records.items()}
    change = PolicyChange(base_epoch=0, base_version=0, puts=puts)

    def tamper(content: bytes) -> bytes:
        reply = msgspec.json.decode(content, type=AskReply)
        return msgspec.json.encode(msgspec.structs.replace(reply, policy=signed, change=change))

    return tamper
