"""Build a small compound straight from rows, as the actions would leave it, and play its gates."""

import base64
import secrets
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from gate_controller.contract.journal_chain import (
    GENESIS,
    HEAD_DOMAIN,
    Head,
    JournalEntry,
    SignedHead,
    chain_entry,
)
from gate_controller.contract.messages import (
    ASK_PATH,
    COUNTER_HEADER,
    GATE_HEADER,
    SIGNATURE_HEADER,
    AskReply,
    AskRequest,
    EventBatch,
)
from gate_controller.contract.pins import argon2_tag
from gate_controller.contract.sealed_keys import open_leases
from gate_controller.contract.signing import REQUEST_DOMAIN, public_bytes, request_message, sign
from tests.support.batched_answers import answer_batched
from tests.support.compounds.assessments import assess_rows
from tests.support.compounds.lane_sheets import WHOLE_SHEET
from web_admin.compound.models import CredentialRow, Gate, GrantRow, Home, Lane, Person
from web_admin.core.database import Menjin, init_database
from web_admin.core.sealing import Sealer, card_lookup, seal_card_number, seal_pin_tag
from web_admin.gates.sheet_models import LaneSheetRow
from web_admin.sync import register_sync


def add_gate(
    session: Session, sealer: Sealer, site_id: str, gate_id: str, number: int, methods: list[str]
) -> Ed25519PrivateKey:
    """Add a paired gate with one lane in, and return the gate's key."""
    key = Ed25519PrivateKey.generate()
    session.add(
        Gate(
            gate_id=gate_id,
            site_id=site_id,
            number=number,
            name=gate_id,
            state="paired",
            public_key=public_bytes(key),
            card_key_sealed=sealer.seal(secrets.token_bytes(32), purpose="gate-key"),
            pin_key_sealed=sealer.seal(secrets.token_bytes(32), purpose="gate-key"),
            journal_id=f"{gate_id}.1",
        )
    )
    session.flush()
    session.add(Lane(lane_id=f"{gate_id}-in", gate_id=gate_id, name="in", direction="in", methods=methods))
    session.flush()
    session.add(LaneSheetRow(lane_id=f"{gate_id}-in", live=msgspec.to_builtins(WHOLE_SHEET)))
    session.flush()
    if "face" in methods:
        assess_rows(session, site_id, f"{gate_id}-in")
    return key


def add_home(session: Session, site_id: str, number: str) -> Home:
    home = Home(
        home_id=secrets.token_hex(8), site_id=site_id, number=number, pin_salt=secrets.token_bytes(16)
    )
    session.add(home)
    session.flush()
    return home


def add_person(
    session: Session,
    site_id: str,
    home: Home | None,
    lanes: list[str],
    now: datetime,
    methods: tuple[str, ...] = ("card",),
) -> Person:
    """Add a person with one full-time grant."""
    person = Person(
        person_id=secrets.token_hex(8),
        site_id=site_id,
        home_id=home.home_id if home is not None else None,
        display_name="someone",
        methods=list(methods),
        created_at=now,
    )
    session.add(person)
    session.flush()
    session.add(GrantRow(grant_id=secrets.token_hex(8), person_id=person.person_id, lanes=lanes))
    session.flush()
    return person


def add_card(session: Session, sealer: Sealer, person: Person, number: int, now: datetime) -> CredentialRow:
    row = CredentialRow(
        credential_id=secrets.token_hex(8),
        person_id=person.person_id,
        kind="card",
        lookup=card_lookup(sealer, number),
        secret_sealed=seal_card_number(sealer, number),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def add_pin(
    session: Session, sealer: Sealer, person: Person, home: Home, pin: str, now: datetime
) -> CredentialRow:
    row = CredentialRow(
        credential_id=secrets.token_hex(8),
        person_id=person.person_id,
        kind="pin",
        secret_sealed=seal_pin_tag(sealer, argon2_tag(pin, home.pin_salt)),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def app_of_gates(menjin: Menjin) -> Flask:
    """Return an app that has the gates' routes alone, and answers each gate alone."""
    app = Flask("gates")
    init_database(app, menjin)
    register_sync(app)
    return app


def sync_app(menjin: Menjin) -> Flask:
    """Return such an app that answers gates as a served compound does."""
    return answer_batched(app_of_gates(menjin))


def journal(length: int, now: datetime, kinds: tuple[str, ...] = ("granted",)) -> list[JournalEntry]:
    """Return a chain of entries from the first on."""
    entries: list[JournalEntry] = []
    previous = GENESIS
    for seq in range(1, length + 1):
        kind = kinds[seq % len(kinds)]
        entry = chain_entry(previous, seq, now, kind, {"lane_id": "north-in"}, {"person_id": f"p{seq}"})
        entries.append(entry)
        previous = entry.digest
    return entries


@dataclass
class PlayedGate:
    """A gate as the server sees it: signed requests with a counter."""

    client: FlaskClient
    site_id: str
    gate_id: str
    key: Ed25519PrivateKey
    counter: int = 0
    have: tuple[int, int] = (0, 0)
    records: dict[str, bytes] = field(default_factory=dict)
    sealing_key: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    knows: tuple[str, ...] = ()
    """The features of the contract that its program has; without any it names none, as 0.2.0 did."""

    def post(self, path: str, message: msgspec.Struct | bytes, counter: int | None = None) -> TestResponse:
        """Send a signed message, with the next counter unless one is given."""
        if counter is None:
            self.counter += 1
            counter = self.counter
        body = message if isinstance(message, bytes) else msgspec.json.encode(message)
        signature = sign(self.key, REQUEST_DOMAIN, request_message("POST", path, body, self.gate_id, counter))
        return self.client.post(
            path,
            data=body,
            headers={
                GATE_HEADER: self.gate_id,
                COUNTER_HEADER: str(counter),
                SIGNATURE_HEADER: base64.b64encode(signature).decode(),
            },
        )

    def question(self, now: datetime, journal_seq: int = 0) -> AskRequest:
        return AskRequest(
            have_epoch=self.have[0],
            have_version=self.have[1],
            gate_time=now,
            clock_sure=True,
            journal_seq=journal_seq,
            sealing_public_key=self.sealing_key.public_key().public_bytes_raw(),
            knows=self.knows or msgspec.UNSET,
        )

    def ask(self, now: datetime, journal_seq: int = 0) -> AskReply:
        """Ask, and return the answer; fail on anything but 200."""
        response = self.post(ASK_PATH, self.question(now, journal_seq))
        assert response.status_code == 200, response.text
        return self.read(response)

    def read(self, response: TestResponse) -> AskReply:
        """Return an answer with its leases opened, as the gate reads it."""
        return self.opened(response.data)

    def opened(self, body: bytes) -> AskReply:
        """Return the answer of this body with its leases opened."""
        reply = msgspec.json.decode(body, type=AskReply)
        assert reply.leases == (), "none goes unsealed"
        if reply.sealed_leases is msgspec.UNSET:
            return reply
        leases = open_leases(self.sealing_key, reply.sealed_leases, self.site_id, self.gate_id)
        return msgspec.structs.replace(reply, leases=leases)

    def batch(self, entries: list[JournalEntry]) -> EventBatch:
        """Return a batch with its signed head."""
        head = msgspec.json.encode(Head(self.site_id, self.gate_id, entries[-1].seq, entries[-1].digest))
        return EventBatch(entries=tuple(entries), head=SignedHead(head, sign(self.key, HEAD_DOMAIN, head)))
