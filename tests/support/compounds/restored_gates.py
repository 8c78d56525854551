"""Gates as far as a restore concerns them: the real policy store of each, and no wire between."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from gate_controller.contract.messages import HandoverPage, HandoverReply
from gate_controller.contract.policy import Policy
from gate_controller.contract.records import CardCredential, Credential, Method, PinCredential
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, GateMemory
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from web_admin.compound.models import Gate, Site
from web_admin.core.database import Database, make_engine
from web_admin.core.sealing import Sealer
from web_admin.policy.publish import change_since, signed_manifest
from web_admin.restore.actions import take_handover

WAYS: Mapping[type[Credential], Method] = {CardCredential: Method.CARD, PinCredential: Method.PIN}


@dataclass
class StoringGate:
    """One gate: what it holds, and how it hands that over."""

    gate_id: str
    store: PolicyStore
    takes_sums: bool = False
    """True if it asks for a digest of sums."""

    @classmethod
    def open(cls, session: Session, gate_id: str, path: Path, now: datetime) -> "StoringGate":
        """Open an empty gate of the session's site."""
        gate = session.get_one(Gate, gate_id)
        site = session.get_one(Site, gate.site_id)
        identity = GateIdentity(site.site_id, gate_id, site.root_public_key)
        return cls(gate_id, PolicyStore(path, identity, now))

    def sync(self, session: Session, sealer: Sealer, now: datetime) -> None:
        """Take what the server has published for this gate."""
        gate = session.get_one(Gate, self.gate_id)
        signed = signed_manifest(session, sealer, gate, now, takes_sums=self.takes_sums)
        assert signed is not None
        self.store.take(signed, change_since(session, gate, *self.store.have), now)

    def hand_over(self, session: Session, sealer: Sealer, now: datetime) -> list[HandoverPage]:
        pages: list[HandoverPage] = []
        reply = HandoverReply(after="")
        while not reply.done:
            pages.append(self.store.handover_page(reply.after))
            gate = session.get_one(Gate, self.gate_id)
            reply = take_handover(session, sealer, gate, pages[-1], now)
        return pages

    def policy(self) -> Policy:
        """Return the policy that the rules of this gate read."""
        snapshot = self.store.load()
        assert snapshot is not None
        return snapshot.policy


def opens(policy: Policy, credential_id: str, lane_id: str, at: datetime) -> bool:
    """Return whether a card or PIN opens a lane at a moment."""
    credential = policy.credentials.get(credential_id)
    method = WAYS.get(type(credential)) if credential is not None else None
    if credential is None or method is None:
        return False
    claim = Claim(method, credential.person_id, credential)
    return decide(claim, lane_id, policy, GateMemory(online=True), at).opens


def copied(database: Database, path: Path) -> Database:
    """Return a database that has what a SQLite one had at this moment, as a restore from a backup does."""
    source = database.engine.url.database
    assert source is not None
    with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(path)) as there:
        here.backup(there)
    return Database(make_engine(f"sqlite:///{path}"))
