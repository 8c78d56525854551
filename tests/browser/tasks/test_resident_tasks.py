"""Everyday tasks of a resident with a phone."""

import json

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from tests.browser.resident_screen import Served
from tests.browser.tasks.person import Person
from web_admin.custody.forgettings import forgettings_of
from web_admin.custody.models import Consent, Notice
from web_admin.face.actions import give_face_consent

pytestmark = [pytest.mark.browser, pytest.mark.wide]


def test_face_is_switched_on(resident: Person, served: Served) -> None:
    page = resident.begin(f"{served.address}/r/code")
    resident.press(page.get_by_role("link", name="Ways in"))
    resident.press(page.get_by_role("switch", name="Face"))
    resident.press(page.locator("[data-face-yes]"))
    expect(page.get_by_role("heading", name="Face is on")).to_be_visible()
    resident.done()
    with served.compound.session() as session:
        consent = session.scalars(select(Consent)).one()
        assert (consent.person_id, consent.channel, consent.language) == (
            served.compound.person_id,
            "phone",
            "en",
        )


def test_face_is_switched_off(resident: Person, served: Served) -> None:
    with served.compound.act("phone", served.compound.person_id) as act:
        version = act.session.scalars(select(Notice.version).where(Notice.language == "en")).one()
        give_face_consent(act, served.compound.person_id, version, "en")
    page = resident.begin(f"{served.address}/r/code")
    resident.press(page.get_by_role("link", name="Ways in"))
    resident.press(page.get_by_role("switch", name="Face"))
    resident.press(page.get_by_role("button", name="Switch it off"))
    expect(page.get_by_text("Waiting for the gate; its lease ends")).to_be_visible()
    resident.done()
    with served.compound.session() as session:
        consent = session.scalars(select(Consent)).one()
        assert consent.withdrawn_at is not None
        assert [each.gate_name for each in forgettings_of(session, consent)] == ["North gate"]


def test_a_resident_takes_their_records_along(resident: Person, served: Served) -> None:
    page = resident.begin(f"{served.address}/r/code")
    resident.press(page.get_by_role("link", name="Records"))
    with page.expect_download() as download:
        resident.press(page.get_by_role("link", name="A file for other programs"), leads_on=False)
    resident.done()
    whole = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert "Lin Wei" in json.dumps(whole, ensure_ascii=False)
