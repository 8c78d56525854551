"""Who asks: the edges of the headers, the counter, the body and the locks, one by one."""

import base64
import logging
from datetime import timedelta

import msgspec
import pytest

from gate_controller.contract.journal_chain import GENESIS, chain_entry
from gate_controller.contract.messages import (
    ASK_PATH,
    COUNTER_HEADER,
    EVENTS_PATH,
    GATE_HEADER,
    HANDOVER_PATH,
    RECEIPTS_PATH,
    SIGNATURE_HEADER,
    TOMBSTONES_PATH,
    HandoverPage,
    ReceiptBatch,
    Refusal,
    TombstoneBatch,
)
from gate_controller.contract.signing import REQUEST_DOMAIN, request_message, sign
from tests.support.statements import locking, locks_of, statements_of
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Gate
from web_admin.sync import requests
from web_admin.sync.requests import GATE_RETIRED, LATE_WINDOW, MAX_AHEAD, MAX_COUNTER, SyncRefused, answer

pytestmark = pytest.mark.both_databases

SIGNED = base64.b64encode(b"s" * 64).decode()


def refused(response):
    assert response.mimetype == "application/json"
    said = msgspec.json.decode(response.data, type=Refusal)
    return response.status_code, said.error, said.detail


def signed(north, path, body, counter, sent=None, to=None):
    """Send a body under a signature for `path` and `counter`, with another counter or path where given."""
    signature = sign(north.key, REQUEST_DOMAIN, request_message("POST", path, body, "north", counter))
    headers = {
        GATE_HEADER: "north",
        COUNTER_HEADER: sent or str(counter),
        SIGNATURE_HEADER: base64.b64encode(signature).decode(),
    }
    return north.client.post(to or path, data=body, headers=headers)


@pytest.mark.parametrize(
    "counter",
    ["", "-1", "+1", "1.0", "1e3", " ", "\u00b2", "x", str(MAX_COUNTER + 1), "0" * 16 + "1", "9" * 5000],
)
def test_a_counter_that_is_no_whole_number_of_16_digits_is_refused_by_its_name(north, counter):
    headers = {GATE_HEADER: "north", COUNTER_HEADER: counter, SIGNATURE_HEADER: SIGNED}
    answered = refused(north.client.post(ASK_PATH, data=b"{}", headers=headers))
    assert answered == (401, "counter_unreadable", "Menjin-Counter has to be a whole number")


@pytest.mark.parametrize("counter", ["0", "0" * 15 + "1", str(MAX_COUNTER)])
def test_the_smallest_longest_and_largest_counters_are_read(north, counter):
    headers = {GATE_HEADER: "north", COUNTER_HEADER: counter, SIGNATURE_HEADER: SIGNED}
    answered = refused(north.client.post(ASK_PATH, data=b"{}", headers=headers))
    assert answered == (401, "signature_wrong", "the signature is not this gate's")


@pytest.mark.parametrize("signature", ["%%", "AAA", "AA==AA==", "AAAA\u00e9", "AA AA"])
def test_a_signature_that_is_no_base64_is_refused_by_its_name(north, signature):
    headers = {GATE_HEADER: "north", COUNTER_HEADER: "1", SIGNATURE_HEADER: signature}
    answered = refused(north.client.post(ASK_PATH, data=b"{}", headers=headers))
    assert answered == (401, "signature_wrong", "Menjin-Signature is not base64")


def test_a_request_without_headers_names_no_counter_and_one_without_a_signature_no_gate(north):
    assert refused(north.client.post(ASK_PATH, data=b"{}"))[:2] == (401, "counter_unreadable")
    unsigned = {GATE_HEADER: "north", COUNTER_HEADER: "1"}
    assert refused(north.client.post(ASK_PATH, data=b"{}", headers=unsigned))[:2] == (401, "signature_wrong")
    anonymous = {COUNTER_HEADER: "1", SIGNATURE_HEADER: SIGNED}
    assert refused(north.client.post(ASK_PATH, data=b"{}", headers=anonymous))[:2] == (403, "gate_unknown")


def test_the_question_in_the_address_is_signed_too(north, clock):
    body = msgspec.json.encode(north.question(clock.now))
    added = ASK_PATH + "?more=1"
    assert refused(signed(north, ASK_PATH, body, 1, to=added))[:2] == (401, "signature_wrong")
    assert refused(signed(north, added, body, 1, to=ASK_PATH))[:2] == (401, "signature_wrong")
    assert signed(north, added, body, 1).status_code == 200


def test_the_counter_that_was_signed_is_the_one_that_counts(north, clock, database):
    body = msgspec.json.encode(north.question(clock.now))
    assert refused(signed(north, ASK_PATH, body, 1, sent="2"))[:2] == (401, "signature_wrong")
    assert signed(north, ASK_PATH, body, 1).status_code == 200
    with database.session() as session:
        assert session.get_one(Gate, "north").request_counter == 1


def test_a_body_is_taken_up_to_the_limit_and_refused_one_byte_beyond(north, clock):
    question = msgspec.json.encode(north.question(clock.now))
    status, error, detail = refused(north.post(ASK_PATH, b" " * 300_000))
    limit = int("".join(filter(str.isdigit, detail)))
    assert (status, error, detail) == (413, "body_too_large", f"at most {limit} bytes are taken here")
    assert refused(north.post(ASK_PATH, question.ljust(limit + 1)))[0] == 413
    assert north.post(ASK_PATH, question.ljust(limit)).status_code == 200


def test_an_unreadable_body_says_what_is_wrong_with_it_in_400_characters(north):
    status, error, detail = refused(north.post(ASK_PATH, b'{"have_epoch":"one"}'))
    assert (status, error) == (400, "body_unreadable")
    assert "have_epoch" in detail
    made = SyncRefused(400, "body_unreadable", "x" * 401)
    assert (made.refusal.detail, str(made)) == ("x" * 400, "body_unreadable: " + "x" * 401)


def test_an_answer_has_its_status_and_says_that_it_is_json():
    made = answer(418, Refusal(error="a", detail="b"))
    assert (made.status_code, made.mimetype, made.data) == (
        418,
        "application/json",
        b'{"error":"a","detail":"b"}',
    )


# -- the counter -----------------------------------------------------------------------------------


def test_a_request_may_be_late_by_the_window_and_no_further(north, clock, database):
    north.counter = 99
    north.ask(clock.now)
    late = north.post(ASK_PATH, north.question(clock.now), counter=100 - LATE_WINDOW)
    assert refused(late) == (409, "counter_late", "request 84 came after request 100")
    assert refused(north.post(ASK_PATH, north.question(clock.now), counter=99))[1] == "counter_late"
    with database.session() as session:
        assert session.get_one(Gate, "north").forked_at is None
    forked = north.post(ASK_PATH, north.question(clock.now), counter=99 - LATE_WINDOW)
    assert refused(forked) == (409, "counter_forked", "the key of this gate is in use in two places")


def test_a_repeat_of_the_newest_is_named_and_another_question_under_its_number_is_a_fork(
    north, clock, database, caplog
):
    north.ask(clock.now)
    again = north.post(ASK_PATH, north.question(clock.now), counter=1)
    assert refused(again) == (409, "counter_repeated", "request 1 was answered before")
    first = clock.now
    with caplog.at_level(logging.WARNING):
        other = north.question(first + timedelta(seconds=1))
        assert refused(north.post(ASK_PATH, other, counter=1))[1] == "counter_forked"
        clock.now = first + timedelta(hours=1)
        assert north.post(ASK_PATH, other, counter=1).status_code == 200, "heard, not believed"
    assert caplog.messages.count("gate north is cloned: counter 1 after 1") == 1
    with database.session() as session:
        gate = session.get_one(Gate, "north")
        assert (gate.forked_at, gate.request_counter) == (first, 1)
        (alarm,) = session.query(Alarm).all()
        assert (alarm.kind, alarm.gate_id, alarm.site_id) == ("alarm_gate_forked", "north", gate.site_id)
        assert (alarm.raised_at, alarm.detail) == (
            first,
            "request 1 after 1: the key of this gate is in two places",
        )


def test_a_second_fork_while_the_alarm_is_open_raises_no_second_alarm(north, clock, database):
    north.counter = 99
    north.ask(clock.now)
    for _fork in range(2):
        assert refused(north.post(ASK_PATH, north.question(clock.now), counter=3))[1] == "counter_forked"
        with database.session() as session:
            session.get_one(Gate, "north").forked_at = None
            assert len(session.query(Alarm).all()) == 1


def test_a_counter_may_leap_by_its_bound_and_one_further_is_a_copied_key(north, clock, database):
    assert north.post(ASK_PATH, north.question(clock.now), counter=MAX_AHEAD).status_code == 200
    far = north.post(ASK_PATH, north.question(clock.now), counter=2 * MAX_AHEAD + 1)
    assert refused(far)[:2] == (409, "counter_forked")
    with database.session() as session:
        assert session.get_one(Gate, "north").request_counter == MAX_AHEAD


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        ("new", ("gate_unknown", "this server knows no such paired gate")),
        ("retired", ("gate_retired", GATE_RETIRED)),
    ],
)
def test_a_gate_not_in_use_is_refused_and_a_stolen_one_is_answered(north, clock, database, state, refusal):
    with database.session() as session:
        session.get_one(Gate, "north").state = state
    answered = refused(north.post(ASK_PATH, north.question(clock.now)))
    assert answered == (403, *refusal)
    with database.session() as session:
        session.get_one(Gate, "north").state = "stolen"
    assert north.post(ASK_PATH, north.question(clock.now)).status_code == 200


# -- the locks -------------------------------------------------------------------------------------


def entries_of_kinds(now, *kinds):
    made = []
    for seq, kind in enumerate(kinds, 1):
        made.append(chain_entry(made[-1].digest if made else GENESIS, seq, now, kind, {}, {}))
    return made


def test_what_changes_no_policy_locks_the_gate_and_no_site(north, clock, database):
    assert locks_of(database, lambda: north.post(ASK_PATH, north.question(clock.now)))[0] == "gate"
    batch = north.batch(entries_of_kinds(clock.now, "started"))
    assert locks_of(database, lambda: north.post(EVENTS_PATH, batch))[0] == "gate"
    receipts = ReceiptBatch(receipts=())
    assert locks_of(database, lambda: north.post(RECEIPTS_PATH, receipts))[0] == "gate"


def test_what_may_publish_locks_the_site_before_the_gate_as_publishing_does(north, clock, database):
    stones = TombstoneBatch(have_epoch=1, have_version=1, tombstones=())
    page = HandoverPage(last=True, upto="3:")
    for path, message in ((TOMBSTONES_PATH, stones), (HANDOVER_PATH, page)):
        assert locks_of(database, lambda p=path, m=message: north.post(p, m))[:2] == ["site", "gate"]


def test_an_entry_that_is_written_about_begins_again_with_the_site_locked_first(north, clock, database):
    batch = north.batch(entries_of_kinds(clock.now, "started", "face_answer"))
    assert locks_of(database, lambda: north.post(EVENTS_PATH, batch))[:3] == ["gate", "site", "gate"]
    with database.session() as session:
        assert (session.get_one(Gate, "north").acknowledged_seq, north.counter) == (2, 1)


def test_whatever_a_stolen_gate_sends_locks_the_site_because_it_is_written_about(north, clock, database):
    batch = north.batch(entries_of_kinds(clock.now, "started"))
    assert locks_of(database, lambda: north.post(EVENTS_PATH, batch))[0] == "gate"
    with database.session() as session:
        session.get_one(Gate, "north").state = "stolen"
    # Once its key is still remembered as that of a gate that is believed; then it is forgotten.
    north.post(EVENTS_PATH, batch)
    assert locks_of(database, lambda: north.post(EVENTS_PATH, batch))[:2] == ["site", "gate"]


def test_the_site_that_is_locked_is_the_gates_own(north, site, database):
    stones = TombstoneBatch(have_epoch=1, have_version=1, tombstones=())
    (_table, statement), *_rest = locking(database, lambda: north.post(TOMBSTONES_PATH, stones))
    with database.session() as session:
        assert session.scalars(statement).all() == [site]


def test_a_gate_that_is_paired_again_between_its_signature_and_its_answer_is_refused(
    north, clock, database, monkeypatch
):
    check = requests.check_signature

    def paired_again_then(*signed):
        message = check(*signed)
        with database.session() as session:
            session.get_one(Gate, "north").public_key = bytes(32)
        return message

    monkeypatch.setattr(requests, "check_signature", paired_again_then)
    answered = refused(north.post(ASK_PATH, msgspec.json.encode(north.question(clock.now))))
    assert answered == (401, "signature_wrong", "the signature is not this gate's")
    with database.session() as session:
        assert session.get_one(Gate, "north").request_counter == 0


def test_a_gates_key_is_read_once_and_again_where_the_gate_has_another(north, clock, database):
    batch = north.batch(entries_of_kinds(clock.now, "started"))

    def sent() -> tuple[int, int]:
        with statements_of(database) as said:
            answered = north.post(EVENTS_PATH, batch)
        keys_read = sum(one.startswith("SELECT gate.public_key, gate.state =") for one in said)
        return answered.status_code, keys_read

    assert [sent(), sent(), sent()] == [(200, 1), (200, 0), (200, 0)]
    with database.session() as session:
        session.get_one(Gate, "north").state = "retired"
    assert sent() == (403, 0)
    with database.session() as session:
        session.get_one(Gate, "north").state = "paired"
        session.get_one(Gate, "north").public_key = bytes(32)
    assert [sent(), sent()] == [(401, 1), (401, 1)]
