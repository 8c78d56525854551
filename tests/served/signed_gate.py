"""A paired gate of a served compound: it signs its journal and sends it over a real socket."""

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.journal_chain import (
    GENESIS,
    HEAD_DOMAIN,
    Facts,
    Head,
    JournalEntry,
    SignedHead,
    chain_entry,
)
from gate_controller.contract.messages import (
    ASK_PATH,
    COUNTER_HEADER,
    EVENTS_PATH,
    GATE_HEADER,
    SIGNATURE_HEADER,
    AskRequest,
    EventBatch,
)
from gate_controller.contract.signing import REQUEST_DOMAIN, public_bytes, request_message, sign
from tests.served.served_compound import ServedCompound
from web_admin.compound.models import Gate
from web_admin.core.database import current_menjin

LONGEST_ANSWER_SECONDS = 60.0


@dataclass
class SignedGate:
    """The gate's key, its counter and its journal so far."""

    address: str
    site_id: str
    gate_id: str
    key: Ed25519PrivateKey
    counter: int = 0
    host: str = ""
    """What it names as its server's, where that is not the address."""
    entries: list[JournalEntry] = field(default_factory=list)
    client: requests.Session = field(default_factory=requests.Session)

    def writes(self, kind: str, facts: Facts, personal: Facts, at: datetime | None = None) -> None:
        """Append an entry to the journal; nothing is sent yet."""
        last = self.entries[-1].digest if self.entries else GENESIS
        seq = len(self.entries) + 1
        at = at if at is not None else datetime.now(UTC)
        self.entries.append(chain_entry(last, seq, at, kind, facts, personal))

    def opens(
        self, person_id: str, credential_id: str, *, method: str = "card", at: datetime | None = None
    ) -> None:
        """Write down that a card or PIN was shown and opened."""
        facts: Facts = {
            "lane_id": f"{self.gate_id}-in",
            "method": method,
            "opens": True,
            "reason": "granted",
        }
        self.writes("access", facts, {"person_id": person_id, "credential_id": credential_id}, at)

    def becomes(self, state: str, served: ServedCompound) -> None:
        """Put the gate into another state, as the manager does."""
        with served.compound.app.app_context(), current_menjin().database.session() as session:
            session.get_one(Gate, self.gate_id).state = state

    def sends(self) -> requests.Response:
        """Send the whole journal, signed; the server takes what is new to it."""
        last = self.entries[-1]
        head = msgspec.json.encode(Head(self.site_id, f"{self.gate_id}.1", last.seq, last.digest))
        batch = EventBatch(
            entries=tuple(self.entries), head=SignedHead(head, sign(self.key, HEAD_DOMAIN, head))
        )
        answer = self.posts(EVENTS_PATH, batch)
        assert answer.status_code == 200, answer.text
        return answer

    def asks(self, *, have: tuple[int, int] = (0, 0), counter: int | None = None) -> requests.Response:
        """Ask as gates do every few seconds; `have` is the policy that it says it has."""
        epoch, version = have
        return self.posts(
            ASK_PATH,
            AskRequest(
                have_epoch=epoch,
                have_version=version,
                gate_time=datetime.now(UTC),
                clock_sure=True,
                journal_seq=len(self.entries),
            ),
            counter=counter,
        )

    def posts(self, path: str, message: msgspec.Struct, *, counter: int | None = None) -> requests.Response:
        """Send a message, signed; `counter` is another number than the gate's next one."""
        body = msgspec.json.encode(message)
        if counter is None:
            self.counter += 1
            counter = self.counter
        signed = sign(self.key, REQUEST_DOMAIN, request_message("POST", path, body, self.gate_id, counter))
        headers = {
            GATE_HEADER: self.gate_id,
            COUNTER_HEADER: str(counter),
            SIGNATURE_HEADER: base64.b64encode(signed).decode(),
        }
        if self.host:
            headers["Host"] = self.host
        return self.client.post(
            self.address + path, data=body, headers=headers, timeout=LONGEST_ANSWER_SECONDS
        )


def signed_gate(served: ServedCompound, gate_id: str = "north") -> SignedGate:
    """Give a gate of the compound a key that its server knows, as after pairing."""
    key = Ed25519PrivateKey.generate()
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        gate = session.get_one(Gate, gate_id)
        gate.state, gate.public_key, gate.journal_id = "paired", public_bytes(key), f"{gate_id}.1"
        gate.acknowledged_seq, gate.head_digest, gate.request_counter = 0, None, 0
    return SignedGate(served.address, served.compound.site_id, gate_id, key)
