"""Messages as they were sent by each step of contract version 1 are decoded, and encoded the same today.

A sample is never changed. A field that comes later gets a sample of its own below.
"""

import msgspec
import pytest

from gate_controller.contract.messages import (
    AskReply,
    AskRequest,
    ForgetReceipt,
    Message,
    PairCommit,
    PairOffer,
    PairReveal,
    PairState,
    PolicyManifest,
)
from gate_controller.contract.records import decode_record, encode_record
from gate_controller.contract.site_facts import SiteFacts

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
    b'"alone_limit":17,"alone":true,"min_beside_similarity":0.437,"only_beside":false}}'
)
REPLY_TO_ONE_THAT_WAS_CLEARED = REPLY[:-1] + b',"tamper_cleared_id":"0011223344556677"}'
ASK_WITH_A_SEALING_KEY = ASK[:-1] + (b',"sealing_public_key":"c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3M="}')
KEY_SEALED = b'"' + b"c2Vh" * 26 + b'c2U="'
SHARE_SEALED = b'"' + b"c2hh" * 16 + b'"'
REPLY_WITH_SEALED_LEASES = REPLY[: REPLY.index(b'"leases"')] + (
    b'"leases":[],"pass_certificate":null,"anchor_certificate":null,"wants_tombstones":false,'
    b'"sealed_leases":{"key_sealed":' + KEY_SEALED + b',"leases":[{"person_id":"p1","consent_id":"c1",'
    b'"share_sealed":' + SHARE_SEALED + b',"seconds":259200}]}}'
)
FACE = b'{"consent_id":"c1","engine":"yunet-sface","guardian_ids":["p2"],"person_id":"p1"}'
FACE_WITH_DROPPED_LOOKS = (
    b'{"consent_id":"c1","dropped_looks":["0011223344556677"],"engine":"yunet-sface","person_id":"p1"}'
)
PAIR_COMMIT = (
    b'{"code":"ABCD-EFGH","gate_public_key":"Z2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2c=",'
    b'"sealing_public_key":"c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3M=",'
    b'"commitment":"Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2M=","hardware_name":"pi"}'
)
PAIR_OFFER = (
    b'{"pair_id":"0011223344556677","root_public_key":"cnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=",'
    b'"server_nonce":"bm5ubm5ubm5ubm5ubm5ubg=="}'
)
PAIR_REVEAL = b'{"gate_nonce":"bm5ubm5ubm5ubm5ubm5ubg=="}'
PAIR_REVEAL_WITH_SITE_NAME = PAIR_REVEAL[:-1] + b',"characters":16,"with_site_name":true}'
PAIR_WAITS = b'{"state":"waiting","site_id":null,"gate_id":null,"card_key_sealed":null,"pin_key_sealed":null}'
PAIR_APPROVED = (
    b'{"state":"approved","site_id":"s","gate_id":"north","card_key_sealed":'
    + KEY_SEALED
    + b',"pin_key_sealed":'
    + KEY_SEALED
    + b"}"
)
ASK_OF_ONE_THAT_HANDED_OVER = ASK[:-1] + (
    b',"handed_over":{"seq":41,"digest":"ZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGQ="}}'
)
ASK_OF_A_NAMED_VERSION = ASK[:-1] + (
    b',"program":"0.2.0","knows":[],"policy_trouble":"1 of a later version: record \'person:p1\'"}'
)
ASK_WITH_ITS_DISK = ASK[:-1] + (b',"disk":{"free_mib":40,"total_mib":7400,"reserve_in_use":true}}')
REPLY_WITH_FEATURES = REPLY[:-1] + b',"knows":["looks"]}'
ASK_OF_ONE_ON_TRIAL = ASK[:-1] + (
    b',"update":{"step":"trial","version":"0.3.0","order_id":"00112233.1","why":""}}'
)
REPLY_WITH_A_VERSION = REPLY[:-1] + b',"update":{"version":"0.3.0","order_id":"00112233.1"}}'
ASK_FOR_A_BELL = ASK[:-1] + (b',"knows":["bell"],"bell_key":"Z2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2c="}')
REPLY_WITH_A_BELL = REPLY[:-1] + (
    b',"knows":["bell"],"bell_seconds":60.0,"bell_pass":{"servers":["bell.example.org:4222"],'
    b'"account":"Z2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2c=","issued_at":1772600767,"seconds":86400,'
    b'"signature":"' + b"c2ln" * 21 + b'cw=="}}'
)
SITE_FACTS = b'{"language":"zh","card_bits":32,"lanes":[{"lane_id":"north-in","name":"in","sheet":null}]}'
MANIFEST = (
    b'{"site_id":"s","gate_id":"north","epoch":1,"version":7,"issued_at":"2026-03-04T05:06:07Z",'
    b'"digest":"ZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGQ="}'
)
ASK_OF_ONE_THAT_TAKES_SUMS = ASK[:-1] + b',"program":"0.3.0","knows":["sum_digest"]}'
MANIFEST_OF_SUMS = MANIFEST[:-1] + b',"digest_kind":"lthash16"}'
SAMPLES = [
    (PolicyManifest, MANIFEST),
    (AskRequest, ASK),
    (AskReply, REPLY),
    (ForgetReceipt, RECEIPT),
    (AskRequest, ASK_OF_A_TAMPERED_GATE),
    (AskRequest, ASK_WITH_FACE),
    (AskReply, REPLY_TO_ONE_THAT_WAS_CLEARED),
    (AskRequest, ASK_WITH_A_SEALING_KEY),
    (AskReply, REPLY_WITH_SEALED_LEASES),
    (PairCommit, PAIR_COMMIT),
    (PairOffer, PAIR_OFFER),
    (PairReveal, PAIR_REVEAL),
    (PairReveal, PAIR_REVEAL_WITH_SITE_NAME),
    (PairState, PAIR_WAITS),
    (PairState, PAIR_APPROVED),
    (AskRequest, ASK_OF_ONE_THAT_HANDED_OVER),
    (AskRequest, ASK_OF_A_NAMED_VERSION),
    (AskRequest, ASK_WITH_ITS_DISK),
    (AskReply, REPLY_WITH_FEATURES),
    (AskRequest, ASK_OF_ONE_ON_TRIAL),
    (AskReply, REPLY_WITH_A_VERSION),
    (AskRequest, ASK_FOR_A_BELL),
    (AskReply, REPLY_WITH_A_BELL),
    (SiteFacts, SITE_FACTS),
    (AskRequest, ASK_OF_ONE_THAT_TAKES_SUMS),
    (PolicyManifest, MANIFEST_OF_SUMS),
]


@pytest.mark.parametrize(("message", "sample"), SAMPLES)
def test_a_stored_message_is_decoded_and_encoded_the_same(message: type[Message], sample: bytes) -> None:
    assert msgspec.json.encode(msgspec.json.decode(sample, type=message)) == sample


@pytest.mark.parametrize("sample", [FACE, FACE_WITH_DROPPED_LOOKS])
def test_a_stored_record_of_a_face_is_decoded_and_encoded_the_same(sample: bytes) -> None:
    assert encode_record(decode_record("face:p1", sample)) == sample


def test_a_manifest_with_another_kind_of_digest_is_no_message() -> None:
    with pytest.raises(msgspec.ValidationError, match="digest_kind"):
        msgspec.json.decode(MANIFEST_OF_SUMS.replace(b"lthash16", b"crc32"), type=PolicyManifest)


def test_a_lease_of_more_than_72_hours_is_no_message() -> None:
    with pytest.raises(msgspec.ValidationError, match="259200"):
        msgspec.json.decode(REPLY.replace(b"259200", b"259201"), type=AskReply)
