"""The thread that calls the server: what it takes, what it reports once, and what it outlives."""

import base64
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.journal_chain import verify_chain
from gate_controller.contract.messages import (
    Accepted,
    AskReply,
    EventBatch,
    EventsReply,
    HandoverReply,
    LaneState,
    LostMethod,
    SignedOrder,
)
from gate_controller.contract.records import Method
from gate_controller.contract.signing import REQUEST_DOMAIN, public_bytes, request_message, verify
from gate_controller.face_control.retention import FaceKeeper
from gate_controller.lane.status import GateStatus
from gate_controller.storage.clock import GateClock
from gate_controller.storage.disk_room import DiskState, disk_health
from gate_controller.storage.journal import Journal
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from gate_controller.storage.tamper_mark import TamperMark
from gate_controller.sync.bell import GateBell
from gate_controller.sync.client import SyncClient
from gate_controller.sync.link import ServerLink
from gate_controller.sync.news import (
    LinkChanged,
    OrderArrived,
    PassKeyChanged,
    PolicyFresh,
    PolicyRejected,
    PolicyTaken,
    SyncNews,
)
from gate_controller.sync.numbers import NumbersFile
from gate_controller.updates.launcher import KEPT, TRIAL, State, write_state
from gate_controller.updates.updates import GateUpdates
from tests.support.compounds.people import lane, person, records
from tests.support.gates.site_keys import SiteKeys, encoded
from tests.support.gates.waiting import until

NOW = datetime.now(UTC).replace(microsecond=0)
SITE = SiteKeys.make()
KEY = Ed25519PrivateKey.generate()
IDENTITY = GateIdentity(SITE.site_id, "north", public_bytes(SITE.root))


@dataclass
class ScriptedServer:
    """A real HTTP server on loopback that answers each path with what the test put there."""

    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked.append((self.path, dict(self.headers), body))
                status, answer = outer.answers.get(self.path, (404, b"{}"))
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"

    def close(self) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


@dataclass
class Syncing:
    """A client with its stores, and the news it delivered."""

    server: ScriptedServer
    store: PolicyStore
    journal: Journal
    news: "queue.SimpleQueue[SyncNews]"
    nudge: threading.Event
    client: SyncClient

    def takes_sums(self) -> bool:
        """Return whether the gate named digests of sums in its last question."""
        self.rest()
        return "sum_digest" in msgspec.json.decode(self.server.asked[-1][2])["knows"]

    def say(self, **reply: object) -> None:
        """Answer the regular question with this from now on, as the server."""
        whole = {"server_time": NOW, "ask_again_seconds": 0.1, "acknowledged_seq": 0, **reply}
        self.server.answers["/sync/v1/ask"] = (200, msgspec.json.encode(AskReply(**whole)))

    def heard(self, kind: type, timeout_seconds: float = 8.0) -> SyncNews:
        """Return the next news of a kind; fail when none comes."""
        give_up = time.monotonic() + timeout_seconds
        while True:
            news = self.news.get(timeout=max(0.01, give_up - time.monotonic()))
            if isinstance(news, kind):
                return news

    def rest(self) -> list[SyncNews]:
        """Return what has come since, after some more questions were asked."""
        asked = len(self.server.asked)
        until(lambda: len(self.server.asked) >= asked + 4)
        found = []
        while not self.news.empty():
            found.append(self.news.get())
        return found


@pytest.fixture
def syncing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Syncing]:
    monkeypatch.setattr("gate_controller.sync.pace.RETRY_SECONDS", 0.1)
    server = ScriptedServer()
    store = PolicyStore(tmp_path / "policy.sqlite3", IDENTITY, NOW)
    journal = Journal(tmp_path / "journal.sqlite3", NOW)
    clock = GateClock(lambda: datetime.now(UTC), time.monotonic, floor=None, is_battery_backed=False)
    news: queue.SimpleQueue[SyncNews] = queue.SimpleQueue()
    nudge = threading.Event()
    client = SyncClient(
        ServerLink(server.url, None, "north", KEY, store.next_counter),
        IDENTITY,
        KEY,
        store,
        journal,
        clock,
        FaceKeeper(None, store, journal, clock, IDENTITY, KEY, TamperMark(tmp_path / "tampered")),
        time.monotonic,
        lambda: GateStatus((), ()),
        news.put,
        nudge,
        {},
        "0.2.0",
        lambda: DiskState(5 * 2**30, 8 * 2**30, reserve_in_use=False),
        NumbersFile(tmp_path / "gate.prom"),
        GateBell(IDENTITY.site_id, "north", None, time.monotonic, nudge.set),
    )
    made = Syncing(server, store, journal, news, nudge, client)
    made.say()
    client.start()
    yield made
    client.stop()
    server.close()
    store.close()
    journal.close()


def test_each_request_is_signed_and_its_counter_only_grows(syncing: Syncing) -> None:
    syncing.heard(LinkChanged)
    syncing.rest()
    counters = []
    for path, headers, body in syncing.server.asked:
        message = request_message("POST", path, body, "north", int(headers["Menjin-Counter"]))
        verify(public_bytes(KEY), REQUEST_DOMAIN, message, base64.b64decode(headers["Menjin-Signature"]))
        counters.append(int(headers["Menjin-Counter"]))
    assert counters == sorted(set(counters))
    assert len(counters) >= 4


def test_a_policy_is_taken_then_only_refreshed(syncing: Syncing) -> None:
    whole = encoded(records(person()))
    manifest, change = SITE.signed_policy(whole, issued_at=NOW)
    syncing.say(policy=manifest, change=change, pass_certificate=SITE.certificates["pass"])
    assert syncing.heard(PassKeyChanged).public_key == public_bytes(SITE.keys["pass"])
    assert syncing.heard(PolicyTaken).snapshot.policy.version == 1
    later = NOW + timedelta(seconds=5)
    syncing.say(policy=SITE.signed_policy(whole, issued_at=later)[0])
    assert syncing.heard(PolicyFresh).issued_at >= NOW
    assert syncing.store.have == (1, 1)


def test_a_digest_of_sums_is_asked_for_until_one_does_not_add_up(syncing: Syncing) -> None:
    whole = encoded(records(person()))
    assert syncing.takes_sums()
    manifest, change = SITE.signed_policy(whole, issued_at=NOW, kind="lthash16")
    syncing.say(policy=manifest, change=change)
    syncing.heard(PolicyTaken)
    syncing.say(policy=SITE.signed_policy(whole, issued_at=NOW + timedelta(seconds=5), kind="lthash16")[0])
    assert syncing.takes_sums()
    manifest, _ = SITE.signed_policy(whole, version=2, issued_at=NOW, kind="lthash16")
    _, other = SITE.signed_policy(encoded(records(person(), lane(name="x"))), issued_at=NOW)
    syncing.say(policy=manifest, change=other)
    assert "add up" in syncing.heard(PolicyRejected).detail
    assert not syncing.takes_sums()
    older, _ = SITE.signed_policy(whole, version=2, issued_at=NOW)
    syncing.say(policy=older, change=change)
    assert syncing.heard(PolicyTaken).snapshot.policy.version == 2


def lost_in_the_last_question(syncing: Syncing) -> list[str]:
    syncing.rest()
    (lane,) = msgspec.json.decode(syncing.server.asked[-1][2])["lanes"]
    return [one["method"] for one in lane.get("lost", ())]


def test_lost_readers_are_reported_to_a_server_that_knows_them_and_to_no_other(syncing: Syncing) -> None:
    lost = (LostMethod(method=Method.CARD, since=NOW),)
    lane = LaneState(lane_id="north-in", door="closed", posture="normal", lost=lost)
    syncing.client._status = lambda: GateStatus((lane,), ())
    assert lost_in_the_last_question(syncing) == []
    syncing.say(knows=("lost_readers",))
    assert lost_in_the_last_question(syncing) == ["card"]
    refused = {"error": "body_unreadable", "detail": "unknown field `lost`"}
    syncing.server.answers["/sync/v1/ask"] = (400, msgspec.json.encode(refused))
    assert lost_in_the_last_question(syncing) == [], "a server that was set back to an earlier version"


def test_a_version_on_trial_asks_for_no_manifest_that_the_one_before_cannot_read(
    syncing: Syncing, tmp_path: Path
) -> None:
    (tmp_path / "versions" / "2" / "lib").mkdir(parents=True)
    write_state(tmp_path, State(TRIAL, "2", "1", "o.1", starts=1, had_policy=True))
    syncing.client._updates = GateUpdates(tmp_path, lambda _version: None, lambda: True, (), time.monotonic)
    assert not syncing.takes_sums()
    write_state(tmp_path, State(KEPT, "2"))
    syncing.client._updates = GateUpdates(tmp_path, lambda _version: None, lambda: True, (), time.monotonic)
    assert syncing.takes_sums()


def test_a_refused_policy_is_reported_once_and_the_last_good_one_stays(syncing: Syncing) -> None:
    good = SITE.signed_policy(encoded(records(person())), issued_at=NOW)
    syncing.say(policy=good[0], change=good[1])
    syncing.heard(PolicyTaken)
    face_only = encoded(records(person(), lane(methods=(Method.FACE,))))
    bad = SITE.signed_policy(face_only, version=2, issued_at=NOW)
    syncing.say(policy=bad[0], change=bad[1])
    assert "promise 1" in syncing.heard(PolicyRejected).detail
    assert not [news for news in syncing.rest() if isinstance(news, PolicyRejected | PolicyTaken)]
    assert syncing.store.have == (1, 1)


def test_a_refused_policy_holds_back_neither_orders_nor_events(syncing: Syncing) -> None:
    syncing.heard(LinkChanged)
    syncing.journal.append("access", {}, {}, NOW)
    syncing.server.answers["/sync/v1/events"] = (200, msgspec.json.encode(EventsReply(acknowledged_seq=1)))
    bad = SITE.signed_policy(encoded(records(person(), lane(methods=(Method.FACE,)))), issued_at=NOW)
    order = SignedOrder(order=b"o", signature=b"s", certificate=SITE.certificates["order"])
    syncing.say(policy=bad[0], change=bad[1], orders=(order,))
    assert "promise 1" in syncing.heard(PolicyRejected).detail
    assert syncing.heard(OrderArrived).signed == order
    syncing.rest()
    assert syncing.journal.acknowledged_seq == 1


@pytest.mark.parametrize(
    "answer",
    [
        (200, b""),
        (200, b"<html>captive portal</html>"),
        (200, b'{"\xf0":1}'),
        (200, b"[" * 5000),
        (302, b""),
        (500, b'{"error":"x","detail":"y"}'),
        (403, b"\xff\xff"),
    ],
)
def test_nonsense_from_the_server_is_offline_and_ends_when_it_ends(
    syncing: Syncing, answer: tuple[int, bytes]
) -> None:
    syncing.heard(LinkChanged)
    syncing.server.answers["/sync/v1/ask"] = answer
    assert not syncing.heard(LinkChanged).online
    assert not [news for news in syncing.rest() if isinstance(news, LinkChanged)], "reported once"
    syncing.say()
    assert syncing.heard(LinkChanged).online


def test_a_disk_that_fails_does_not_end_the_thread(syncing: Syncing) -> None:
    syncing.heard(LinkChanged)
    with syncing.store._lock:
        syncing.store._connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON record BEGIN SELECT RAISE(FAIL, 'full'); END"
        )
    good = SITE.signed_policy(encoded(records(person())), issued_at=NOW)
    syncing.say(policy=good[0], change=good[1])
    assert not syncing.heard(LinkChanged).online
    assert syncing.store.have == (0, 0)
    with syncing.store._lock:
        syncing.store._connection.execute("DROP TRIGGER full")
    assert syncing.heard(PolicyTaken).snapshot.policy.version == 1


def test_events_go_up_whole_and_again_until_they_are_acknowledged(syncing: Syncing) -> None:
    syncing.heard(LinkChanged)
    for n in range(3):
        syncing.journal.append("access", {"n": n}, {}, NOW)
    syncing.server.answers["/sync/v1/events"] = (503, b"{}")
    syncing.nudge.set()
    assert not syncing.heard(LinkChanged).online
    syncing.say(acknowledged_seq=3)
    syncing.server.answers["/sync/v1/events"] = (200, msgspec.json.encode(EventsReply(acknowledged_seq=3)))
    syncing.nudge.set()
    assert syncing.heard(LinkChanged).online
    sent = [
        msgspec.json.decode(body, type=EventBatch)
        for path, _, body in syncing.server.asked
        if "events" in path
    ]
    assert verify_chain(sent[0].entries) == syncing.journal.head
    assert [entry.seq for entry in sent[0].entries] == [1, 2, 3]


def asks(syncing: Syncing) -> int:
    return [path for path, _, _ in syncing.server.asked].count("/sync/v1/ask")


def test_a_person_who_answered_at_the_gate_does_not_wait_for_the_next_regular_question(
    syncing: Syncing,
) -> None:
    syncing.heard(LinkChanged)
    syncing.say(ask_again_seconds=900)
    answered = asks(syncing)
    until(lambda: asks(syncing) > answered)  # this one is answered with the long interval
    asked = asks(syncing)
    for seq, kind in enumerate(("door_opened", "face_answer", "door_closed"), 1):
        reply = msgspec.json.encode(EventsReply(acknowledged_seq=seq))
        syncing.server.answers["/sync/v1/events"] = (200, reply)
        syncing.journal.append(kind, {"lane_id": "north-in"}, {}, NOW)
        syncing.nudge.set()
        until(lambda seq=seq: syncing.journal.acknowledged_seq >= seq)
        if kind == "face_answer":
            until(lambda: asks(syncing) > asked)
        assert asks(syncing) - asked == (kind != "door_opened")


def test_a_clock_that_ran_ahead_drops_no_entry_that_a_restored_server_may_ask_for(
    syncing: Syncing, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncing.heard(LinkChanged)
    monkeypatch.setattr(syncing.client._clock, "now", lambda: NOW + timedelta(days=1000))
    for n in range(3):
        syncing.journal.append("access", {"n": n}, {}, NOW)
    syncing.server.answers["/sync/v1/events"] = (200, msgspec.json.encode(EventsReply(acknowledged_seq=3)))
    syncing.say(acknowledged_seq=0)
    until(lambda: syncing.journal.acknowledged_seq == 3)
    assert [entry.seq for entry in syncing.journal.lines_after(0, 10, 10_000)] == [1, 2, 3]


def test_a_restored_server_is_given_what_it_lost_without_a_gap(syncing: Syncing) -> None:
    """A server that comes back with less, and first wants tombstones, gets entry 1 next and not entry 4."""
    syncing.heard(LinkChanged)
    for n in range(3):
        syncing.journal.append("access", {"n": n}, {}, NOW)
    syncing.server.answers["/sync/v1/events"] = (200, msgspec.json.encode(EventsReply(acknowledged_seq=3)))
    syncing.say(acknowledged_seq=3)
    syncing.nudge.set()
    syncing.rest()
    done = HandoverReply(after="3:", done=True)
    syncing.server.answers["/sync/v1/handover"] = (200, msgspec.json.encode(done))
    syncing.server.answers["/sync/v1/events"] = (503, b"{}")
    before = len(syncing.server.asked)
    syncing.say(acknowledged_seq=0, wants_tombstones=True)
    syncing.journal.append("access", {"n": 3}, {}, NOW)
    pushed: list[bytes] = []
    give_up = time.monotonic() + 20
    while len(pushed) < 2 and time.monotonic() < give_up:
        syncing.rest()
        pushed = [body for path, _, body in syncing.server.asked[before:] if "events" in path]
    # The first may have left before the server answered that it has nothing any more.
    assert [msgspec.json.decode(body, type=EventBatch).entries[0].seq for body in pushed[1:]] == [1] * (
        len(pushed) - 1
    )
    assert len(pushed) > 1


def test_receipts_that_a_restored_server_lost_come_again_though_the_answer_to_the_handover_is_lost(
    syncing: Syncing,
) -> None:
    syncing.journal.keep_receipt("consent-1", b"body", b"signature")
    syncing.journal.receipts_sent(("consent-1",))
    syncing.server.answers["/sync/v1/handover"] = (502, b"{}")  # the server took it and is done
    syncing.server.answers["/sync/v1/receipts"] = (200, msgspec.json.encode(Accepted(count=1)))
    syncing.say(wants_tombstones=True)
    until(lambda: any("handover" in path for path, _, _ in syncing.server.asked))
    syncing.say()
    until(lambda: any("receipts" in path for path, _, _ in syncing.server.asked))
    until(lambda: not syncing.journal.unsent_receipts())


@pytest.mark.parametrize(
    ("free_mib", "total_mib", "said"),
    [(5_050, 8_000, 5_040), (5_119, 8_000, 5_040), (20, 64, 16), (3, 64, 0)],
)
def test_a_disk_is_reported_in_steps_so_that_equal_questions_stay_equal(
    free_mib: int, total_mib: int, said: int
) -> None:
    state = DiskState(free_mib * 2**20, total_mib * 2**20, reserve_in_use=False)
    assert (disk_health(state).free_mib, disk_health(state).total_mib) == (said, total_mib)
