"""A face, from the yes on the phone to the file that shows it is forgotten: real phone page, gate and server.

With MENJIN_SCREENSHOTS=FOLDER each page on the way is also kept there as a picture.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Download, Page, expect

from gate_controller.audit.main import run
from hardware.simulated.face_clips import LivingPerson
from tests.browser.axe import axe
from tests.browser.conftest import serving
from tests.browser.journeys.pockets import Hands, Pocket
from tests.browser.journeys.real_gate import decisions_of, has_synced
from tests.browser.resident_screen import Served
from tests.browser.terminal.at_the_gate import (
    CARD,
    PATIENCE_SECONDS,
    AtTheGate,
    at_gate,
    bench,
    consents,
    context,
    wait_for,
)
from tests.browser.terminal.states import keep_picture
from tests.support.compounds.cards import card_was_shown
from tests.support.compounds.resident import NOTICE_EN, NOTICE_ZH
from tests.support.faces.actors import picture_and_points
from tests.support.gates.before_the_camera import before_the_camera
from web_admin.compound.models import Site
from web_admin.custody.models import Consent, FaceShare, ReceiptRow
from web_admin.face.notices import NOTICE_FIELDS

__all__ = ["at_gate", "bench", "context"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTICES = {"en": NOTICE_EN, "zh": NOTICE_ZH}
AT_THE_SCREEN = {
    "en": {"face": "Face", "yes": "Yes, register it"},
    "zh": {"face": "刷脸", "yes": "是，录入人脸"},
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, "127.0.0.1") as running:
        yield running


@pytest.mark.parametrize("language", ["en", "zh"])
def test_from_the_yes_on_the_phone_to_the_certificate(
    browser: Browser, served: Served, at_gate: AtTheGate, language: str, tmp_path: Path
) -> None:
    compound, gate = served.compound, at_gate.bench.gate
    assert gate is not None
    assert gate.face is not None
    with Pocket("phone", language).opened(browser) as phone:
        phone.enters(served, compound.invitation(compound.person_id))
        card_was_shown(compound.app, compound.person_id)

        # No, and then yes: both from the same page, the no in no more steps.
        no = decides(phone, "[data-face-no]", "refused")
        phone.goes(f"{served.address}/r/")
        expect(phone.page.locator("#face [role=switch]")).to_have_attribute("aria-checked", "false")
        yes = decides(phone, "[data-face-yes]", "agreed")
        assert consents(served) == [("phone", language, None)]
        assert no <= yes

        # At the gate: the own card says who asks, the camera sees who it is.
        has_synced(compound)
        speaks(at_gate, language)
        enrols(at_gate, language)
        assert gate.face.person_ids() == (compound.person_id,)
        assert opened_by_face(at_gate, language)
        last = decisions_of(at_gate.bench)[-1].facts
        assert (last["method"], last["opens"]) == ("face", True)

        # Taken back on the phone: the gate forgets, and no face opens it any more.
        phone.goes(f"{served.address}/r/")
        before = phone.steps
        phone.presses("#face [role=switch]")
        sees(phone, "withdraw")
        phone.presses("[data-face-off-now]")
        sees(phone, "withdrawn")
        assert phone.steps - before <= yes
        assert counted(served, FaceShare) == 0
        wait_for(lambda: counted(served, ReceiptRow) == 1)
        wait_for(lambda: gate.face is not None and gate.face.person_ids() == ())
        assert not opened_by_face(at_gate, language)
        axe_is_clean(at_gate.page, "gate-after-forgetting")
        began_ns = at_gate.bench.card.tap(CARD)
        assert at_gate.bench.relay.wait_for_on(1, PATIENCE_SECONDS, after_ns=began_ns), "the card opens on"

        # On paper and as a file, which anyone can check.
        phone.page.reload()
        with compound.session() as session:
            consent_id = session.query(Consent.consent_id).scalar()
            root_key = session.get_one(Site, compound.site_id).root_public_key.hex()
        phone.presses(f"a[href$='/certificates/{consent_id}']")
        sees(phone, "certificate")
        phone.page.locator("main details summary").first.click()
        expect(phone.page.locator(".state.live").first).to_be_visible()
        file = tmp_path / "forgotten.json"
        saved(phone.page).save_as(file)
        assert run(["certificate", str(file), "--root-key", root_key]) == 0
        file.write_bytes(file.read_bytes().replace(b"North gate", b"Other gate"))
        assert run(["certificate", str(file), "--root-key", root_key]) == 1


def decides(phone: Hands, answer: str, name: str) -> int:
    """Go from the ways in to an answer about face and look at each page; return the steps it took."""
    phone.page.goto(phone.page.url.partition("/r/")[0] + "/r/")
    before = phone.steps
    phone.presses("#face [role=switch]")
    notice = NOTICES[phone.pocket.language]
    assert said(phone.page.locator(".notice-text dd").all_inner_texts()) == said(
        [notice[field] for field in NOTICE_FIELDS]
    )
    yes, no = (phone.page.locator(which).bounding_box() for which in ("[data-face-yes]", "[data-face-no]"))
    assert yes is not None
    assert no is not None
    assert (yes["width"], yes["height"]) == pytest.approx((no["width"], no["height"]), abs=1)
    sees(phone, f"notice-before-{name}")
    phone.presses(answer)
    sees(phone, name)
    return phone.steps - before


def said(texts: list[str]) -> list[str]:
    return ["".join(text.split()) for text in texts]


def sees(phone: Hands, name: str) -> None:
    """Check a page of the phone with axe."""
    axe_is_clean(phone.page, f"phone-{name}-{phone.pocket.language}")


def axe_is_clean(page: Page, name: str) -> None:
    keep_picture(page, f"face-journey-{name}")
    assert axe(page) == [], name


def speaks(at_gate: AtTheGate, language: str) -> None:
    """Switch the gate's screen to a language."""
    if at_gate.page.locator("html").get_attribute("lang") != {"en": "en", "zh": "zh-Hans"}[language]:
        at_gate.page.locator("#language").click()
    expect(at_gate.page.locator("html")).to_have_attribute("lang", {"en": "en", "zh": "zh-Hans"}[language])


def enrols(at_gate: AtTheGate, language: str) -> None:
    """Ask with the own card and say yes once more; be looked at, and let in by the card."""
    words = AT_THE_SCREEN[language]
    at_gate.sees("idle")
    at_gate.press(words["face"])
    at_gate.sees("typing_home")
    at_gate.tap()
    at_gate.sees("face_ask")
    with at_gate.bench.time.stopped():  # the question does not wait until axe has looked at it
        axe_is_clean(at_gate.page, f"gate-ask-{language}")
    at_gate.press(words["yes"])
    at_gate.sees("face_confirm")
    at_gate.faces_the_camera_and_taps()
    at_gate.rests()


def opened_by_face(at_gate: AtTheGate, language: str) -> bool:
    """Ask for face, type the home, turn the head as asked; return whether the relay was switched on."""
    at_gate.press(AT_THE_SCREEN[language]["face"])
    at_gate.sees("typing_home")
    began_ns = time.monotonic_ns()
    person = LivingPerson(*picture_and_points("person_a_1", 480, 360), seed=1)
    with before_the_camera(at_gate.bench, person):
        at_gate.bench.keys.type("31203#")
        at_gate.page.wait_for_function(
            "() => ['granted', 'refused', 'typing_pin'].includes(document.body.dataset.screen)"
        )
    opened = any(change.on and change.at_ns >= began_ns for change in at_gate.bench.relay.changes)
    axe_is_clean(at_gate.page, f"gate-{'opened' if opened else 'refused'}-by-face-{language}")
    at_gate.sees("idle")
    return opened


def counted(served: Served, table: type) -> int:
    with served.compound.session() as session:
        return session.query(table).count()


def saved(page: Page) -> Download:
    with page.expect_download() as download:
        page.locator("a[download]").click()
    return download.value
