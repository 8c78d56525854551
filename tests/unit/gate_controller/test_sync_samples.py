"""Messages as they were sent by each step of contract version 1 are understood, and said the same today.

A sample is never changed. A field that comes later gets a sample of its own below.
"""

import msgspec
import pytest

from gate_controller.sync_contract import AskReply, AskRequest, ForgetReceipt, Message

ASK = (
    b'{"contract_version":1,"have_epoch":1,"have_version":7,"gate_time":"2026-03-04T05:06:07Z",'
    b'"clock_sure":true,"journal_seq":42,'
    b'"lanes":[{"lane_id":"north-in","door":"closed","posture":"normal"}],'
    b'"devices":[{"device":"card","health":"ok","detail":""}]}'
)
REPLY = (
    b'{"contract_version":1,"server_time":"2026-03-04T05:06:07Z","ask_again_seconds":2.0,'
    b'"acknowledged_seq":42,"policy":null,"change":null,"orders":[],'
    b'"leases":[{"person_id":"p1","consent_id":"c1",'
    b'"share":"c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3M=","seconds":259200}],'
    b'"pass_certificate":null,"anchor_certificate":null,"wants_tombstones":false}'
)
RECEIPT = (
    b'{"site_id":"s","gate_id":"north","person_id":"p1","consent_id":"c1",'
    b'"forgotten_at":"2026-03-04T05:06:07Z","blob_found":true,"journal_seq":9}'
)
ASK_OF_A_TAMPERED_GATE = ASK[:-1] + b',"tamper_id":"0011223344556677"}'
ASK_WITH_FACE = ASK[:-1] + (
    b',"face":{"engine":"yunet-sface","trouble":"","min_face_similarity":0.491,"faces_held":5,"usable":4,'
    b'"alone_limit":17,"alone":true}}'
)
REPLY_TO_ONE_THAT_WAS_CLEARED = REPLY[:-1] + b',"tamper_cleared_id":"0011223344556677"}'
SAMPLES = [
    (AskRequest, ASK),
    (AskReply, REPLY),
    (ForgetReceipt, RECEIPT),
    (AskRequest, ASK_OF_A_TAMPERED_GATE),
    (AskRequest, ASK_WITH_FACE),
    (AskReply, REPLY_TO_ONE_THAT_WAS_CLEARED),
]


@pytest.mark.parametrize(("message", "sample"), SAMPLES)
def test_a_stored_message_is_understood_and_said_the_same(message: type[Message], sample: bytes) -> None:
    assert msgspec.json.encode(msgspec.json.decode(sample, type=message)) == sample


def test_a_lease_of_more_than_72_hours_is_no_message() -> None:
    with pytest.raises(msgspec.ValidationError, match="259200"):
        msgspec.json.decode(REPLY.replace(b"259200", b"259201"), type=AskReply)
