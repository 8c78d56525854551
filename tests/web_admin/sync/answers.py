"""What a gate reads in an answer of the server, and the alarms that its requests raised."""

import base64
import secrets

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import select

from gate_controller.contract.messages import (
    COUNTER_HEADER,
    GATE_HEADER,
    PAIR_COMMIT_PATH,
    PAIR_REVEAL_PATH,
    SIGNATURE_HEADER,
    PairCommit,
    PairOffer,
    PairReveal,
    Refusal,
)
from gate_controller.contract.signing import (
    REQUEST_DOMAIN,
    pairing_commitment,
    public_bytes,
    request_message,
    sign,
)
from web_admin.alarms.models import Alarm


def error_of(response):
    return msgspec.json.decode(response.data, type=Refusal).error


def alarms(database):
    with database.session() as session:
        return list(session.scalars(select(Alarm.kind).order_by(Alarm.kind)))


def signed(client, path, pair_id, key, body, method="POST"):
    gate_id = f"pair:{pair_id}"
    signature = sign(key, REQUEST_DOMAIN, request_message(method, path, body, gate_id, 1))
    headers = {
        GATE_HEADER: gate_id,
        COUNTER_HEADER: "1",
        SIGNATURE_HEADER: base64.b64encode(signature).decode(),
    }
    return client.open(path, method=method, headers=headers, data=body)


class Controller:
    """A controller that wants to be paired."""

    def __init__(self):
        self.key, self.sealing_key = Ed25519PrivateKey.generate(), X25519PrivateKey.generate()
        self.sealing_public_key = self.sealing_key.public_key().public_bytes_raw()
        self.nonce = secrets.token_bytes(16)

    def post_commit(self, client, code, **more):
        commitment = pairing_commitment(public_bytes(self.key), self.sealing_public_key, self.nonce)
        request = PairCommit(
            code=code,
            gate_public_key=public_bytes(self.key),
            commitment=commitment,
            sealing_public_key=self.sealing_public_key,
        )
        return client.post(PAIR_COMMIT_PATH, data=msgspec.json.encode(request), **more)

    def commits(self, client, code):
        return msgspec.json.decode(self.post_commit(client, code).data, type=PairOffer)

    def reveals(self, client, pair_id, nonce=None):
        body = msgspec.json.encode(PairReveal(gate_nonce=nonce or self.nonce))
        return signed(client, PAIR_REVEAL_PATH, pair_id, self.key, body)


def introduced(client, code):
    controller = Controller()
    pair_id = controller.commits(client, code).pair_id
    assert controller.reveals(client, pair_id).status_code == 200
    return pair_id, controller.key
