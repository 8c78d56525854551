"""A compound in which a face is forgotten: gates with their keys, receipts, a fresh wrapping key."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from gate_controller.contract.forgetting_certificate import ForgettingCertificate
from gate_controller.contract.messages import RECEIPT_DOMAIN, ForgetReceipt, SignedReceipt
from gate_controller.contract.signing import sign
from tests.support.acting import ALL_METHODS, add_live_lane, by_phone, household, manager, offer_face, pair
from tests.support.compounds.filled_once import copied_once
from web_admin.action.base import Action, one_publication
from web_admin.compound.keys import create_site
from web_admin.compound.models import Gate, Site
from web_admin.core.database import Database
from web_admin.core.sealing import Sealer
from web_admin.core.wrapping_keys import WrapKeys
from web_admin.credentials.cards import issue_card
from web_admin.custody.certificates import make_certificate
from web_admin.custody.key_rotation import rotate_wrap_key
from web_admin.custody.models import Consent
from web_admin.custody.shares import FACE_PURPOSE, take_receipt
from web_admin.face.actions import give_face_consent
from web_admin.face.queries import newest_notice
from web_admin.gates.actions import add_gate
from web_admin.gates.rules import LaneSpec

GATES = ("north", "south")


@dataclass
class Forgotten:
    """The compound, and what tests do in it."""

    database: Database
    secrets_dir: Path
    now: datetime
    keys: dict[str, Ed25519PrivateKey] = field(default_factory=dict)
    people: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sealer = Sealer(b"s" * 32, b"l" * 32, WrapKeys(b"f" * 32, self.secrets_dir))
        made = copied_once(self.database.engine, ("faces to be forgotten", self.now), self._filled)
        self.site_id, self.root_public_key, self.root_pem, keys, people = made
        self.keys, self.people = dict(keys), list(people)

    def _filled(self) -> tuple[str, bytes, bytes, dict[str, Ed25519PrivateKey], list[str]]:
        """Fill the database; return the site's id and root keys, the keys of gates, the ids of people."""
        keys: dict[str, Ed25519PrivateKey] = {}
        people: list[str] = []
        with self.database.session() as session:
            site, root_pem = create_site(
                session, self.sealer, "Willow Court", "Asia/Shanghai", "en", "a long passphrase", self.now
            )
            site_id, root_public_key = site.site_id, site.root_public_key
            act = manager(session, self.sealer, site_id, self.now)
            with one_publication(act) as part:
                for gate_id in GATES:
                    add_gate(part, gate_id, f"{gate_id.title()} gate")
                    add_live_lane(part, gate_id, LaneSpec(f"{gate_id}-in", "In", "in", ALL_METHODS[:3]))
                    keys[gate_id] = pair(part, gate_id)
                    offer_face(part, gate_id)
                for number in (1, 2):
                    _, person = household(part, f"3-{number}", f"Lin {number}")
                    issue_card(part, person.person_id, number)
                    people.append(person.person_id)
                    give_face_consent(by_phone(part, person.person_id), person.person_id, newest(part), "en")
        return site_id, root_public_key, root_pem, keys, people

    @contextmanager
    def act(self) -> Iterator[Action]:
        """Give an action of the manager in one transaction."""
        with self.database.session() as session:
            yield manager(session, self.sealer, self.site_id, self.now)

    @contextmanager
    def phone(self, number: int = 0) -> Iterator[tuple[Action, str]]:
        """Give an action of a person on their own phone, and their id."""
        with self.act() as act:
            yield by_phone(act, self.people[number]), self.people[number]

    def consent_of(self, number: int = 0) -> str:
        """Return the id of a person's newest consent."""
        with self.database.session() as session:
            return session.scalars(
                select(Consent.consent_id)
                .where(Consent.person_id == self.people[number])
                .order_by(Consent.given_at.desc())
                .limit(1)
            ).one()

    def receipt(self, gate_id: str, number: int = 0, **changes: object) -> SignedReceipt:
        receipt = ForgetReceipt(
            site_id=self.site_id,
            gate_id=gate_id,
            person_id=self.people[number],
            consent_id=self.consent_of(number),
            forgotten_at=self.now,
            blob_found=True,
            journal_seq=7,
        )
        body = msgspec.json.encode(msgspec.structs.replace(receipt, **changes))
        return SignedReceipt(receipt=body, signature=sign(self.keys[gate_id], RECEIPT_DOMAIN, body))

    def hand_in(self, gate_id: str, number: int = 0, **changes: object) -> None:
        """Send a gate's receipt to the server."""
        signed = self.receipt(gate_id, number, **changes)
        with self.database.session() as session:
            take_receipt(session, session.get_one(Gate, gate_id), signed, self.now)

    def later(self, **delta: float) -> None:
        """Advance the clock."""
        self.now += timedelta(**delta)

    def rotate(self) -> None:
        """Change the wrapping key."""
        rotate_wrap_key(self.database, self.sealer, self.now)

    def certificate(self, number: int = 0) -> ForgettingCertificate:
        """Return a person's certificate in its present state."""
        with self.database.session() as session:
            return make_certificate(session, self.sealer, self.consent_of(number), self.now)

    def site(self) -> Site:
        """Return the site's row."""
        with self.database.session() as session:
            return session.get_one(Site, self.site_id)


def newest(act: Action) -> int:
    """Return the version of the newest face notice."""
    notice = newest_notice(act.session, FACE_PURPOSE, "en")
    assert notice is not None
    return notice.version
