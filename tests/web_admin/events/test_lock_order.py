"""What a gate's entry leads to is locked in the order of every act, the site and then the gate."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from gate_controller.contract.journal_chain import GENESIS, chain_entry
from gate_controller.contract.messages import (
    EVENTS_PATH,
    RECEIPT_DOMAIN,
    RECEIPTS_PATH,
    ForgetReceipt,
    ReceiptBatch,
    SignedReceipt,
    sign_struct,
)
from tests.support.acting import by_phone, household, manager, offer_face
from web_admin.compound.models import Person
from web_admin.compound.queries import locked_gate, locked_site
from web_admin.core.effects import NoEffects
from web_admin.core.lock_order import SiteFirst
from web_admin.credentials.cards import issue_card
from web_admin.credentials.emergency_codes import end_emergency_code, make_emergency_code
from web_admin.credentials.models import EmergencyCode
from web_admin.custody.models import FaceShare, LookOffer, ReceiptRow
from web_admin.face.actions import give_face_consent, withdraw_face
from web_admin.face.lost_methods import note_opening
from web_admin.face.models import FaceOpening
from web_admin.journal.models import GateEvent
from web_admin.people.invitations import accept_invitation, invite
from web_admin.people.phone_verification import request_verification
from web_admin.policy.publish import publish_policy

ON_POSTGRESQL = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


class SendsBeforePublishing(NoEffects):
    """The effects of an act during which a gate sends: it has the site, and not yet the rows of gates."""

    def __init__(self, sealer, database, send):
        self._sealer, self._database, self._send = sealer, database, send
        self._threads, self.sent = ThreadPoolExecutor(1), None

    def publish(self, session, site_id, now, person_ids, gate_ids=None, *, with_others=True):
        if self.sent is None:
            session.flush()
            self.sent = self._threads.submit(self._send)
            self._until_it_waits()
        publish_policy(session, self._sealer, site_id, now, person_ids=person_ids, gate_ids=gate_ids)

    def _until_it_waits(self):
        waiting = text("select count(*) from pg_locks where not granted")
        with self._database.engine.connect() as looking:
            while not self.sent.done() and not looking.scalar(waiting):
                pass

    def status(self):
        self._threads.shutdown()
        return self.sent.result().status_code


@pytest.fixture
def filled(database, sealer, site, north, now):
    """Two people; the first has a card, said yes to face, was invited and announced the gate."""
    with database.session() as session:
        act = manager(session, sealer, site, now)
        offer_face(act)
        _, person = household(act)
        _, other = household(act, "3-1204", "Ma")
        card = issue_card(act, person.person_id, 111)
        make_emergency_code(act, label="Ambulance 120", lanes=["north-in"], hold_minutes=0)
        code = session.scalars(select(EmergencyCode)).one()
        give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "en")
        note_opening(session, person.person_id, [card.credential_id], now - timedelta(days=1))
        consent_id = session.scalars(select(FaceShare.consent_id)).one()
        session.add(LookOffer(consent_id=consent_id, misses=0, is_off=False))
        accept_invitation(session, act.sealer, invite(act, person.person_id), now)
        request_verification(by_phone(act, person.person_id), person.person_id)
        return {
            "person": person.person_id,
            "other": other.person_id,
            "card": card.credential_id,
            "code": code.credential_id,
            "consent": consent_id,
        }


def entry(filled, now, kind, credential, **facts):
    facts = {"lane_id": "north-in", "method": "card", "opens": True, "reason": "granted", **facts}
    personal = {"person_id": filled["person"], "credential_id": filled.get(credential)}
    return chain_entry(GENESIS, 1, now, kind, facts, personal)


CASES = {
    "an invited person's card while another gets one": (
        lambda filled, now: entry(filled, now, "access", "card"),
        lambda act, filled: issue_card(act, filled["other"], 222),
        lambda session, filled: session.get_one(Person, filled["person"]).phone_unproven is None,
    ),
    "an emergency code while it ends": (
        lambda filled, now: entry(filled, now, "access", "code", method="pin", reason="override"),
        lambda act, filled: end_emergency_code(act, filled["code"]),
        lambda session, filled: session.get_one(EmergencyCode, filled["code"]).last_used_at is not None,
    ),
    "a card for a face while the yes is taken back": (
        lambda filled, now: entry(filled, now - timedelta(hours=1), "shown_for_face", "card"),
        lambda act, filled: withdraw_face(by_phone(act, filled["person"]), filled["person"]),
        lambda session, filled: session.get(FaceOpening, (filled["person"], filled["card"])) is None,
    ),
    "a miss while the yes is taken back": (
        lambda filled, now: entry(filled, now, "face_missed", None),
        lambda act, filled: withdraw_face(by_phone(act, filled["person"]), filled["person"]),
        lambda session, filled: session.get(LookOffer, filled["consent"]) is None,
    ),
}


@ON_POSTGRESQL
@pytest.mark.parametrize("case", CASES)
def test_an_act_and_an_entry_about_the_same_rows_both_come_through(
    database, sealer, site, north, now, filled, case
):
    made, change, is_done = CASES[case]
    batch = north.batch([made(filled, now)])
    effects = SendsBeforePublishing(sealer, database, lambda: north.post(EVENTS_PATH, batch))
    with database.session() as session:
        change(manager(session, sealer, site, now + timedelta(minutes=1), effects), filled)
    assert effects.status() == 200
    with database.session() as session:
        assert session.scalars(select(GateEvent.seq)).all() == [1]
        assert is_done(session, filled)


@ON_POSTGRESQL
def test_a_receipt_does_not_wait_for_an_act(database, site, north, now, filled):
    receipt = ForgetReceipt(
        site_id=site,
        gate_id="north",
        person_id=filled["person"],
        consent_id=filled["consent"],
        forgotten_at=now,
        blob_found=True,
        journal_seq=1,
    )
    body, signature = sign_struct(north.key, RECEIPT_DOMAIN, receipt)
    batch = ReceiptBatch(receipts=(SignedReceipt(receipt=body, signature=signature),))
    with ThreadPoolExecutor(1) as threads, database.session() as session:
        locked_site(session, site)
        sent = threads.submit(north.post, RECEIPTS_PATH, batch)
        assert sent.result(timeout=60).status_code == 200
    with database.session() as session:
        assert session.scalars(select(ReceiptRow.gate_id)).all() == ["north"]


def test_a_site_is_not_locked_after_a_gate(database, site, north):
    with database.session() as session:
        locked_gate(session, "north", alone=True)
        with pytest.raises(SiteFirst):
            locked_site(session, site)


def test_a_gate_is_locked_after_its_site_and_the_site_once_more(database, site, north):
    with database.session() as session:
        locked_site(session, site)
        locked_gate(session, "north", alone=False)
        assert locked_site(session, site).site_id == site
