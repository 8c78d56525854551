"""The sync API as gates meet it: signed, counted, bounded, and never with a stack trace."""

import base64
from datetime import timedelta
from hashlib import sha256

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from gate_controller.contract.messages import (
    ASK_PATH,
    COUNTER_HEADER,
    GATE_HEADER,
    RECEIPT_DOMAIN,
    RECEIPTS_PATH,
    SIGNATURE_HEADER,
    AskReply,
    FaceStatus,
    ForgetReceipt,
    ReceiptBatch,
    SignedReceipt,
    open_manifest,
    open_order,
    policy_digest,
    record_digest,
    sign_struct,
)
from gate_controller.contract.signing import (
    REQUEST_DOMAIN,
    certified_key,
    request_message,
    sign,
)
from tests.support.compounds.with_gates import add_card, add_person
from tests.web_admin.policy.published import give_face
from tests.web_admin.sync.answers import alarms, error_of
from web_admin.compound.models import Gate, Site
from web_admin.compound.policy_models import OrderRow
from web_admin.custody.gate_reports import PROGRAM_OUTDATED
from web_admin.custody.leases import leases_for
from web_admin.custody.models import FaceShare, GateFaceRow, ReceiptRow
from web_admin.custody.shares import destroy_shares
from web_admin.journal.models import AuditEntry
from web_admin.policy.publish import publish_policy
from web_admin.sync.requests import LATE_WINDOW

# -- the regular question ----------------------------------------------------------------------------


def test_a_gate_gets_the_whole_policy_once_and_then_fresh_manifests(database, sealer, site, north, clock):
    with database.session() as session:
        add_card(session, sealer, add_person(session, site, None, ["north-in"], clock.now), 7, clock.now)
        publish_policy(session, sealer, site, clock.now)
        root = session.get_one(Site, site).root_public_key
    reply = north.ask(clock.now)
    manifest = open_manifest(reply.policy, root, site_id=site, gate_id="north")
    digests = {key: record_digest(value) for key, value in reply.change.puts.items()}
    assert manifest.digest == policy_digest(digests)
    assert len(digests) == 4
    north.have = (manifest.epoch, manifest.version)
    clock.now += timedelta(days=1)
    reply = north.ask(clock.now)
    assert reply.change is None
    assert open_manifest(reply.policy, root, site_id=site, gate_id="north").issued_at == clock.now
    assert certified_key(root, reply.pass_certificate, site, "pass")
    assert certified_key(root, reply.anchor_certificate, site, "anchor")


def test_a_gate_that_lacks_little_gets_the_difference(database, sealer, site, north, clock):
    with database.session() as session:
        add_person(session, site, None, ["north-in"], clock.now)
        publish_policy(session, sealer, site, clock.now)
    north.have = (1, 1)
    with database.session() as session:
        add_person(session, site, None, ["north-in"], clock.now)
        publish_policy(session, sealer, site, clock.now)
    change = north.ask(clock.now).change
    assert (change.base_epoch, change.base_version, len(change.puts)) == (1, 1, 1)


def test_the_server_notes_how_the_gate_is(database, north, clock):
    north.ask(clock.now)
    with database.session() as session:
        assert session.get_one(Gate, "north").last_seen_at == clock.now


def behind_since(database):
    with database.session() as session:
        return session.get_one(Gate, "north").behind_since


def test_a_gate_is_behind_while_it_is_offered_what_it_does_not_take(database, sealer, site, north, clock):
    north.ask(clock.now)
    assert behind_since(database) is None, "nothing was published"
    with database.session() as session:
        add_person(session, site, None, ["north-in"], clock.now)
        publish_policy(session, sealer, site, clock.now)
    offered_at = clock.now
    for _question in range(2):
        north.ask(clock.now)
        assert behind_since(database) == offered_at
        clock.now += timedelta(seconds=30)
    north.have = (1, 1)
    north.ask(clock.now)
    assert behind_since(database) is None


def test_a_gate_that_is_offered_nothing_after_a_restore_is_not_behind(database, sealer, site, north, clock):
    with database.session() as session:
        add_person(session, site, None, ["north-in"], clock.now)
        publish_policy(session, sealer, site, clock.now)
        session.get_one(Site, site).restoring = True
    north.ask(clock.now)
    assert behind_since(database) is None


def test_an_order_goes_out_once_signed_and_not_when_old(database, sealer, site, north, clock):
    with database.session() as session:
        for order_id, age in (("fresh", 2), ("old", 20)):
            session.add(
                OrderRow(
                    order_id=order_id,
                    gate_id="north",
                    lane_id="north-in",
                    valid_seconds=15,
                    issued_at=clock.now - timedelta(seconds=age),
                    author_id="guard",
                    reason="parcel",
                )
            )
        root = session.get_one(Site, site).root_public_key
    orders = north.ask(clock.now).orders
    assert [open_order(o, root, site_id=site, gate_id="north").order_id for o in orders] == ["fresh"]
    assert north.ask(clock.now).orders == ()


# -- who asks ----------------------------------------------------------------------------------------


def test_a_wrong_signature_is_refused_and_changes_nothing(database, north, clock):
    north.key = Ed25519PrivateKey.generate()
    response = north.post(ASK_PATH, north.question(clock.now))
    assert (response.status_code, error_of(response)) == (401, "signature_wrong")
    with database.session() as session:
        assert session.get_one(Gate, "north").request_counter == 0


def test_a_signature_for_another_path_is_refused(north, clock):
    body = msgspec.json.encode(north.question(clock.now))
    signature = sign(north.key, REQUEST_DOMAIN, request_message("POST", RECEIPTS_PATH, body, "north", 1))
    headers = {
        GATE_HEADER: "north",
        COUNTER_HEADER: "1",
        SIGNATURE_HEADER: base64.b64encode(signature).decode(),
    }
    assert north.client.post(ASK_PATH, data=body, headers=headers).status_code == 401


@pytest.mark.parametrize(("state", "error"), [("new", "gate_unknown"), ("retired", "gate_retired")])
def test_a_gate_that_is_not_paired_is_refused(database, north, clock, state, error):
    with database.session() as session:
        session.get_one(Gate, "north").state = state
    response = north.post(ASK_PATH, north.question(clock.now))
    assert (response.status_code, error_of(response)) == (403, error)


def test_an_unknown_gate_is_refused(north, clock):
    north.gate_id = "nowhere"
    assert north.post(ASK_PATH, north.question(clock.now)).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {GATE_HEADER: "north", COUNTER_HEADER: "-1"},
        {GATE_HEADER: "north", COUNTER_HEADER: "1", SIGNATURE_HEADER: "%%"},
    ],
)
def test_unreadable_headers_are_refused_in_the_contracts_words(north, headers):
    response = north.client.post(ASK_PATH, data=b"{}", headers=headers)
    assert (response.status_code, response.mimetype) == (401, "application/json")
    error_of(response)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"have_epoch":1}', b"\xff", b"[" * 100_000])
def test_an_unreadable_body_is_refused_without_a_trace(north, body):
    response = north.post(ASK_PATH, body)
    assert (response.status_code, error_of(response)) == (400, "body_unreadable")
    assert b"Traceback" not in response.data


def test_a_body_beyond_the_limit_is_refused(north):
    response = north.post(ASK_PATH, b" " * 300_000)
    assert (response.status_code, error_of(response)) == (413, "body_too_large")


def test_a_field_of_another_version_is_refused_not_ignored(north, clock):
    body = msgspec.json.encode(north.question(clock.now))[:-1] + b',"template":"AAAA"}'
    assert error_of(north.post(ASK_PATH, body)) == "body_unreadable"


# -- clones ------------------------------------------------------------------------------------------


def test_a_late_duplicate_is_refused_without_alarm(database, north, clock):
    north.ask(clock.now)
    response = north.post(ASK_PATH, north.question(clock.now), counter=1)
    assert (response.status_code, error_of(response)) == (409, "counter_repeated")
    north.counter = 5
    north.ask(clock.now)
    assert error_of(north.post(ASK_PATH, north.question(clock.now), counter=4)) == "counter_late"
    assert alarms(database) == []


@pytest.mark.wide
@pytest.mark.parametrize(
    ("newest", "counter", "later"), [(9, 9, 1), (100, 100 - LATE_WINDOW - 1, 0), (10_000, 3, 0)]
)
def test_a_counter_that_forks_means_a_cloned_gate(
    database, sealer, site, north, clock, newest, counter, later
):
    with database.session() as session:
        person = add_person(session, site, None, ["north-in"], clock.now)
        add_card(session, sealer, person, 7, clock.now)
        give_face(session, sealer, site, person, clock.now)
        publish_policy(session, sealer, site, clock.now)
    north.counter = newest - 1
    assert len(north.ask(clock.now).leases) == 1
    clone = north.question(clock.now + timedelta(seconds=later))
    refused = north.post(ASK_PATH, clone, counter=counter)
    assert (refused.status_code, error_of(refused)) == (409, "counter_forked")
    again = north.post(ASK_PATH, clone, counter=counter)
    assert north.read(again).leases == ()
    assert alarms(database) == ["alarm_gate_forked"]
    reply = north.ask(clock.now)
    assert reply.leases == ()
    assert reply.policy is not None


# -- faces -------------------------------------------------------------------------------------------


def test_a_share_is_leased_to_its_gate_until_it_is_destroyed(database, sealer, site, north, south, clock):
    with database.session() as session:
        person = add_person(session, site, None, ["north-in"], clock.now)
        add_card(session, sealer, person, 7, clock.now)
        give_face(session, sealer, site, person, clock.now)
        publish_policy(session, sealer, site, clock.now)
    here, there = north.ask(clock.now).leases, south.ask(clock.now).leases
    assert [lease.person_id for lease in here] == [person.person_id]
    assert len(there) == 1
    assert here[0].share != there[0].share
    with database.session() as session:
        assert destroy_shares(session, person.person_id, "withdrawn", clock.now) == ["north", "south"]
    assert north.ask(clock.now).leases == ()


def test_a_stolen_gate_gets_no_lease_and_no_order(database, sealer, site, north, clock):
    with database.session() as session:
        person = add_person(session, site, None, ["north-in"], clock.now)
        add_card(session, sealer, person, 7, clock.now)
        give_face(session, sealer, site, person, clock.now)
        session.add(
            OrderRow(
                order_id="o",
                gate_id="north",
                lane_id="north-in",
                valid_seconds=15,
                issued_at=clock.now,
                author_id="guard",
                reason="",
            )
        )
        session.get_one(Gate, "north").state = "stolen"
        publish_policy(session, sealer, site, clock.now)
    reply = north.ask(clock.now)
    assert (reply.leases, reply.orders) == ((), ())
    assert [key for key in reply.change.puts if key.startswith(("person", "credential", "face"))] == []


def test_receipts_are_stored_once_and_only_with_the_gates_signature(database, sealer, site, north, clock):
    with database.session() as session:
        person = add_person(session, site, None, ["north-in"], clock.now)
        consent = give_face(session, sealer, site, person, clock.now)
        ids = (person.person_id, consent.consent_id)
    receipt = ForgetReceipt(
        site_id=site,
        gate_id="north",
        person_id=ids[0],
        consent_id=ids[1],
        forgotten_at=clock.now,
        blob_found=True,
        journal_seq=4,
    )
    body, signature = sign_struct(north.key, RECEIPT_DOMAIN, receipt)
    batch = ReceiptBatch(receipts=(SignedReceipt(receipt=body, signature=signature),))
    for _ in range(2):
        assert north.post(RECEIPTS_PATH, batch).status_code == 200
    with database.session() as session:
        assert len(session.scalars(select(ReceiptRow)).all()) == 1


def test_a_bad_receipt_is_set_aside_and_named_and_the_good_ones_are_taken(
    database, sealer, site, north, clock
):
    with database.session() as session:
        person = add_person(session, site, None, ["north-in"], clock.now)
        consent = give_face(session, sealer, site, person, clock.now)
        ids = (person.person_id, consent.consent_id)
    receipt = ForgetReceipt(
        site_id=site,
        gate_id="north",
        person_id=ids[0],
        consent_id=ids[1],
        forgotten_at=clock.now,
        blob_found=True,
        journal_seq=4,
    )
    body, signature = sign_struct(north.key, RECEIPT_DOMAIN, receipt)
    bad = (SignedReceipt(receipt=body, signature=bytes(64)), SignedReceipt(receipt=b"{", signature=signature))
    good = SignedReceipt(receipt=body, signature=signature)
    assert north.post(RECEIPTS_PATH, ReceiptBatch(receipts=(*bad, good))).status_code == 200
    with database.session() as session:
        assert len(session.scalars(select(ReceiptRow)).all()) == 1
        named = select(AuditEntry).where(AuditEntry.kind == "face_receipt_set_aside")
        digests = [entry.facts["receipt"] for entry in session.scalars(named.order_by(AuditEntry.seq))]
    assert digests == [sha256(one.receipt + one.signature).hexdigest()[:16] for one in bad]


def test_the_database_holds_no_readable_share(database, sealer, site, north, clock):
    with database.session() as session:
        person = add_person(session, site, None, ["north-in"], clock.now)
        add_card(session, sealer, person, 7, clock.now)
        give_face(session, sealer, site, person, clock.now)
    share = north.ask(clock.now).leases[0].share
    with database.session() as session:
        assert share not in session.scalars(select(FaceShare)).one().share_sealed


@pytest.fixture
def a_face(database, sealer, site, north, clock):
    with database.session() as session:
        person = add_person(session, site, None, ["north-in"], clock.now)
        add_card(session, sealer, person, 7, clock.now)
        give_face(session, sealer, site, person, clock.now)
        publish_policy(session, sealer, site, clock.now)
        gate = session.get_one(Gate, "north")
        keys = [sealer.open(key, purpose="gate-key") for key in (gate.card_key_sealed, gate.pin_key_sealed)]
        return [*keys, leases_for(session, sealer, gate)[0].share]


def test_no_answer_holds_a_share_or_a_key_that_who_ends_the_tls_could_read(north, clock, a_face):
    data = north.post(ASK_PATH, north.question(clock.now)).data
    assert [secret for secret in a_face if base64.b64encode(secret) in data] == []
    assert b"share_sealed" in data


@pytest.mark.usefixtures("a_face")
def test_a_gate_of_an_older_program_is_lent_nothing_and_its_page_knows_why(database, north, clock):
    old = msgspec.structs.replace(
        north.question(clock.now), sealing_public_key=msgspec.UNSET, face=FaceStatus(engine="yunet-sface")
    )
    reply = msgspec.json.decode(north.post(ASK_PATH, old).data, type=AskReply)
    assert (reply.leases, reply.sealed_leases) == ((), msgspec.UNSET)
    assert reply.policy is not None, "every other way in goes on"
    with database.session() as session:
        assert session.get_one(GateFaceRow, "north").status["trouble"] == PROGRAM_OUTDATED


@pytest.mark.usefixtures("a_face")
def test_a_weak_sealing_key_is_refused_and_loses_no_order(database, site, north, clock):
    with database.session() as session:
        session.add(
            OrderRow(
                order_id="00112233aabbccdd",
                gate_id="north",
                lane_id="north-in",
                issued_at=clock.now,
                valid_seconds=10,
                author_id="guard",
                reason="parcel",
            )
        )
    bad = msgspec.structs.replace(north.question(clock.now), sealing_public_key=bytes(32))
    response = north.post(ASK_PATH, bad)
    assert (response.status_code, error_of(response)) == (400, "sealing_key_unusable")
    assert len(north.ask(clock.now).orders) == 1
