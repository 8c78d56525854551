"""Yes, no and taking back at the gate's own screen: a whole gate, a whole server, a real browser.

With MENJIN_SCREENSHOTS=FOLDER the notice is also kept there as pictures.
"""

import time

import pytest
from playwright.sync_api import expect

from tests.browser.resident_screen import Served
from tests.browser.terminal.at_the_gate import (
    PATIENCE_SECONDS,
    AtTheGate,
    at_gate,
    bench,
    consents,
    context,
    wait_for,
)
from tests.browser.terminal.states import keep_picture
from tests.support.compounds.resident import NOTICE_EN, NOTICE_ZH
from tests.support.gates.bench import LANE
from web_admin.custody.models import FaceShare, ReceiptRow
from web_admin.face.notices import NOTICE_FIELDS
from web_admin.journal.models import AuditEntry

__all__ = ["at_gate", "bench", "context"]

pytestmark = [pytest.mark.browser, pytest.mark.wide]

NEIGHBOURS_CARD = 4_242_002


def counted(served: Served, table: type) -> int:
    with served.compound.session() as session:
        return session.query(table).count()


def audited(served: Served, kind: str) -> int:
    with served.compound.session() as session:
        return session.query(AuditEntry).filter(AuditEntry.kind == kind).count()


def test_yes_no_and_taking_back_take_no_more_steps_than_they_may(at_gate: AtTheGate) -> None:
    """No is never more steps than yes, taking back never more than giving; each lets the person in."""
    served = at_gate.served
    at_gate.ask()
    at_gate.sees("face_notice")
    began_ns = time.monotonic_ns()
    at_gate.press("No, another way")
    at_gate.is_let_in(began_ns)
    no = list(at_gate.steps)
    wait_for(lambda: audited(served, "face_refused") == 1)
    assert consents(served) == []
    at_gate.rests()

    at_gate.ask()
    at_gate.read_notice()
    at_gate.sees("face_ask")
    gate = at_gate.bench.gate
    assert gate is not None
    assert gate.face is not None
    desk = gate.controller._parts.desks[LANE]
    assert desk.camera.mode == "closed"
    at_gate.press("Yes, register it")
    at_gate.sees("face_confirm")
    assert consents(served) == [], "a press is no yes"
    at_gate.faces_the_camera_and_taps()
    yes = list(at_gate.steps)
    assert consents(served) == [("gate", "en", None)]
    at_gate.rests()
    assert len(gate.face.person_ids()) == 1

    at_gate.ask()
    at_gate.sees("face_kept")
    began_ns = time.monotonic_ns()
    at_gate.press("Delete my face")
    at_gate.is_let_in(began_ns)
    deleted = "Your face has been deleted from this gate"
    expect(at_gate.page.locator("#line")).to_contain_text(deleted, timeout=PATIENCE_SECONDS * 1000)
    back = list(at_gate.steps)
    wait_for(lambda: consents(served) == [("gate", "en", "gate")])
    wait_for(lambda: counted(served, ReceiptRow) == 1)
    assert counted(served, FaceShare) == 0
    assert len(no) == 3
    assert len(no) <= len(yes)
    assert len(back) <= len(yes)
    at_gate.rests()
    assert gate.face.person_ids() == ()


def test_the_whole_notice_is_shown_in_both_languages_word_for_word_before_any_question(
    at_gate: AtTheGate,
) -> None:
    at_gate.ask()
    at_gate.sees("face_notice")
    keep_picture(at_gate.page, "notice_at_a_gate_en")
    assert said(at_gate.read_notice()) == said([NOTICE_EN[name] for name in NOTICE_FIELDS])
    at_gate.sees("face_ask")
    at_gate.page.get_by_role("button", name="中文").click()
    at_gate.sees("face_notice")
    assert said(at_gate.read_notice()) == said([NOTICE_ZH[name] for name in NOTICE_FIELDS])
    at_gate.sees("face_ask")
    keep_picture(at_gate.page, "question_at_a_gate_zh")
    at_gate.page.get_by_role("button", name="否，换一种方式").click()
    at_gate.sees("granted")


def said(texts: list[str]) -> str:
    """Return texts as they are read, without the cuts between pages."""
    return "".join("".join(texts).split())


def test_from_a_keypad_alone_a_person_reads_says_no_and_is_in(at_gate: AtTheGate) -> None:
    keys = at_gate.bench.keys
    keys.type("##")
    at_gate.sees("choose")
    keys.type("5")
    at_gate.sees("typing_home")
    at_gate.tap()
    at_gate.sees("face_notice")
    while at_gate.page.locator("body").get_attribute("data-screen") == "face_notice":
        at_gate.turns_the_page(lambda: keys.type("#"))
    at_gate.sees("face_ask")
    began_ns = time.monotonic_ns()
    keys.type("1")
    at_gate.is_let_in(began_ns)
    wait_for(lambda: audited(at_gate.served, "face_refused") == 1)


def test_another_persons_card_is_no_yes_and_ends_the_question(at_gate: AtTheGate) -> None:
    at_gate.ask()
    at_gate.read_notice()
    at_gate.press("Yes, register it")
    at_gate.sees("face_confirm")
    at_gate.is_let_in(at_gate.tap(NEIGHBOURS_CARD))
    at_gate.rests()
    wait_for(lambda: audited(at_gate.served, "face_answer_refused") == 0)
    assert consents(at_gate.served) == []
