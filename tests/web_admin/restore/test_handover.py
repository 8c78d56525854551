"""What gates hand over to a restored server: taken in pages, proven, and held against the backup."""

import msgspec
import pytest
from sqlalchemy import select

from gate_controller.contract.messages import (
    HANDOVER_PATH,
    MAX_EPOCH_STEP,
    MAX_PAGE_ITEMS,
    PAGE_BYTES,
    TOMBSTONES_PATH,
    HandoverPage,
    HandoverReply,
    Tombstone,
    TombstoneBatch,
)
from tests.support.compounds.restored_gates import StoringGate
from tests.support.compounds.with_gates import add_card, add_home, add_person
from tests.web_admin.policy.published import add_sums
from tests.web_admin.restore.handed_over import manager, post_all, state_of
from tests.web_admin.sync.answers import error_of
from web_admin.compound.models import CredentialRow, Gate, Site
from web_admin.compound.restore_models import HandedRecord
from web_admin.credentials.actions import suspend_credential
from web_admin.policy.publish import publish_policy
from web_admin.restore.actions import begin_restoring, leave_out_gate
from web_admin.restore.handover import next_epoch
from web_admin.restore.reviews import ALLOWED, STOLEN, decide, open_reviews


@pytest.fixture
def card(database, sealer, site, north, south, clock):
    """Return a card that both gates know."""
    with database.session() as session:
        home = add_home(session, site, "3-1502")
        person = add_person(session, site, home, ["north-in", "south-in"], clock.now)
        made = add_card(session, sealer, person, 11, clock.now).credential_id
        publish_policy(session, sealer, site, clock.now)
    return made


def test_a_gate_that_was_left_out_hands_over_when_it_is_back(
    database, sealer, site, card, holding, north, south, clock
):
    with database.session() as session:
        leave_out_gate(session, sealer, "north", clock.now)
        leave_out_gate(session, sealer, "south", clock.now)
        assert not session.get_one(Site, site).restoring
    reply = north.ask(clock.now)
    assert (reply.wants_tombstones, reply.policy, reply.change) == (True, None, None)
    assert state_of(database, card) == "active"
    post_all(north, holding)
    assert state_of(database, card) == "suspended"
    reply = north.ask(clock.now)
    assert (reply.wants_tombstones, reply.policy is not None) == (False, True)


@pytest.mark.wide
def test_an_older_gate_with_a_newer_policy_keeps_it_until_the_manager_lets_it(
    database, sealer, site, card, holding, north, clock
):
    batch = TombstoneBatch(have_epoch=1, have_version=9, tombstones=())
    assert north.post(TOMBSTONES_PATH, batch).status_code == 200
    with database.session() as session:
        leave_out_gate(session, sealer, "south", clock.now)
    reply = north.ask(clock.now)
    assert (reply.wants_tombstones, reply.policy) == (False, None)
    with database.session() as session:
        (review,) = [r for r in open_reviews(session, site) if (r.kind, r.subject_id) == ("gate", "north")]
        decide(manager(session, sealer, site, clock), review.review_id, ALLOWED)
    assert north.ask(clock.now).policy is not None


def test_an_epoch_that_a_gate_merely_says_moves_no_epoch(database, sealer, site, holding, north, clock):
    batch = TombstoneBatch(have_epoch=2**31 - 1, have_version=9, tombstones=())
    assert north.post(TOMBSTONES_PATH, batch).status_code == 200
    north.have = (2**31 - 1, 9)
    north.ask(clock.now)
    with database.session() as session:
        leave_out_gate(session, sealer, "south", clock.now)
        assert session.get_one(Site, site).epoch == 2


def test_epochs_grow_by_what_was_proven_and_never_by_a_leap():
    assert next_epoch(3, []) == 4
    assert next_epoch(3, [7, 5]) == 8
    assert next_epoch(3, [3 + MAX_EPOCH_STEP + 1, 4]) == 5


@pytest.mark.wide
def test_a_page_counts_once_and_a_gate_goes_on_from_where_the_server_is(
    database, holding, north, clock, monkeypatch
):
    monkeypatch.setattr("gate_controller.storage.handover.MAX_PAGE_ITEMS", 2)
    first = holding.store.handover_page("")
    cursors = [
        msgspec.json.decode(north.post(HANDOVER_PATH, page).data, type=HandoverReply).after
        for page in (first, first, holding.store.handover_page("2:zzz"))
    ]
    assert cursors == [first.upto] * 3
    post_all(north, holding)
    with database.session() as session:
        assert session.get_one(Gate, "north").tombstones_taken


FORGED = {
    "another record": lambda page: msgspec.structs.replace(
        page, records={**page.records, "hours:x": msgspec.Raw(b'{"hours_id":"x","name":"x","spans":[]}')}
    ),
    "one record less": lambda page: msgspec.structs.replace(
        page, records=dict(list(page.records.items())[1:])
    ),
    "no manifest": lambda page: msgspec.structs.replace(page, policy=None),
    "another signature": lambda page: msgspec.structs.replace(
        page, policy=msgspec.structs.replace(page.policy, signature=bytes(64))
    ),
    "a record that is none": lambda page: msgspec.structs.replace(
        page, records={**page.records, "person:x": msgspec.Raw(b'{"face":"AAAA"}')}
    ),
    "a face": lambda page: msgspec.structs.replace(
        page,
        records={**page.records, "face:p": msgspec.Raw(b'{"person_id":"p","consent_id":"c","engine":"e"}')},
    ),
    "a digest for a card": lambda page: msgspec.structs.replace(page, digests={"credential:x": bytes(32)}),
}


@pytest.mark.first_set
@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_what_the_server_did_not_sign_is_refused_and_settles_nothing(database, site, holding, north, forge):
    answer = north.post(HANDOVER_PATH, forge(holding.store.handover_page("")))
    assert (answer.status_code, error_of(answer)) == (409, "handover_refused")
    with database.session() as session:
        assert session.get_one(Site, site).restoring
        assert not session.get_one(Gate, "north").tombstones_taken


def test_a_handover_is_held_against_the_kind_of_digest_that_was_signed(
    database, sealer, site, card, north, tmp_path, clock
):
    with database.session() as session:
        gate = StoringGate.open(session, "north", tmp_path / "north.sqlite3", clock.now)
        gate.takes_sums = True
        add_sums(session, "north")
        before = session.get_one(Site, site).version
        suspend_credential(manager(session, sealer, site, clock), card)
        gate.sync(session, sealer, clock.now)
        session.get_one(CredentialRow, card).state = "active"
        session.get_one(Site, site).version = before
        session.flush()
        begin_restoring(session, sealer, site, clock.now)
    page = gate.store.handover_page("")
    assert b"lthash16" in page.policy.manifest
    answer = north.post(HANDOVER_PATH, FORGED["one record less"](page))
    assert (answer.status_code, error_of(answer)) == (409, "handover_refused")
    post_all(north, gate)
    gate.store.close()
    with database.session() as session:
        leave_out_gate(session, sealer, "south", clock.now)
    assert state_of(database, card) == "suspended"


@pytest.mark.wide
@pytest.mark.parametrize("state", ["stolen", "forked"])
def test_a_gate_that_is_not_believed_is_neither_asked_nor_answered(
    database, sealer, site, holding, north, south, clock, state
):
    with database.session() as session:
        gate = session.get_one(Gate, "south")
        gate.state = "stolen" if state == "stolen" else "paired"
        gate.forked_at = clock.now if state == "forked" else None
        begin_restoring(session, sealer, site, clock.now)
    answer = south.post(HANDOVER_PATH, HandoverPage(last=True, upto="3:"))
    assert answer.status_code in (403, 409)
    post_all(north, holding)
    with database.session() as session:
        assert not session.get_one(Site, site).restoring


def test_what_a_stolen_gate_handed_over_counts_for_nothing(
    database, sealer, site, card, holding, north, clock
):
    post_all(north, holding)
    with database.session() as session:
        (asked,) = [
            row for row in open_reviews(session, site) if (row.kind, row.subject_id) == ("gate_here", "north")
        ]
        decide(manager(session, sealer, site, clock), asked.review_id, STOLEN)
        assert session.scalars(select(HandedRecord)).all() == []
        leave_out_gate(session, sealer, "south", clock.now)
        assert not session.get_one(Site, site).restoring
    assert state_of(database, card) == "active"


def test_handovers_are_taken_only_while_a_restore_waits_for_them(database, card, north):
    answer = north.post(HANDOVER_PATH, HandoverPage(last=True, upto="3:"))
    assert (answer.status_code, error_of(answer)) == (409, "not_restoring")


def note_ended(gate, count, at):
    """Add so many ended credentials to a gate, besides what it has."""
    stones = [
        Tombstone(record_key=f"credential:{number:016x}", ended_at=at, epoch=1, version=9)
        for number in range(count)
    ]
    gate.store._connection.executemany(
        "INSERT INTO tombstone VALUES (?, ?)",
        [(stone.record_key, msgspec.json.encode(stone)) for stone in stones],
    )
    return stones


@pytest.mark.wide
@pytest.mark.parametrize("besides", [-1, 0, 1])
def test_records_follow_wherever_a_page_of_endings_is_full(database, holding, north, clock, besides):
    note_ended(holding, 2 * MAX_PAGE_ITEMS + besides, clock.now)
    post_all(north, holding)
    with database.session() as session:
        assert session.get_one(Gate, "north").tombstones_taken


def test_pages_fit_the_servers_limit_and_give_everything_once(holding, clock):
    stones = note_ended(holding, 2 * MAX_PAGE_ITEMS + 1, clock.now)
    pages, after = [], ""
    while not pages or not pages[-1].last:
        pages.append(holding.store.handover_page(after))
        after = pages[-1].upto
    assert max(len(msgspec.json.encode(page)) for page in pages) < 2 * PAGE_BYTES
    sent = [stone.record_key for page in pages for stone in page.tombstones]
    assert sorted(sent) == sorted(set(sent))
    assert len(sent) >= len(stones)
    assert sum(len(page.records) for page in pages) == len(
        holding.store._connection.execute("SELECT key FROM record").fetchall()
    )
