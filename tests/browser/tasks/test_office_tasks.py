"""Everyday tasks of the office at its gates, alarms, passes and records."""

import csv
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from tests.browser.tasks.conftest import Read
from tests.browser.tasks.person import Person
from tests.support.compounds.managed import PEOPLE, ManagedCompound
from web_admin.alarms.actions import raise_alarm
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Gate, Lane
from web_admin.compound.policy_models import OrderRow
from web_admin.core.database import current_menjin
from web_admin.journal.models import GateEvent
from web_admin.visitors.models import VisitorPassRow

pytestmark = [pytest.mark.browser, pytest.mark.wide]


def test_a_person_is_found_from_any_page(manager: Person) -> None:
    page = manager.begin("/manage/settings")
    manager.search("Ana Ruiz")
    expect(page.get_by_role("heading", name="Ana Ruiz")).to_be_visible()
    manager.done()


def test_twenty_alarms_are_cleared(manager: Person, managed: ManagedCompound, read: Read) -> None:
    with managed.app.app_context(), current_menjin().database.session() as session:
        for number in range(20):
            kind = ("alarm_door_held", "alarm_door_forced", "alarm_on_battery", "alarm_camera")[number % 4]
            raise_alarm(
                session,
                managed.site_id,
                kind,
                managed.clock() + timedelta(seconds=number),
                gate_id=("north", "east")[number % 2],
            )
    page = manager.begin("/manage/")
    manager.item("Alarms")
    manager.press(page.get_by_role("button", name="Acknowledge all"))
    expect(page.locator("article.alarm")).to_have_count(0)
    manager.done()
    assert read(lambda s: s.scalars(select(Alarm).where(Alarm.acknowledged_at.is_(None))).all()) == []


def test_a_gate_is_opened_on_the_spot_with_a_reason(manager: Person, read: Read) -> None:
    page = manager.begin("/manage/")
    tile = page.locator("#gate-east li").first
    manager.point(tile.locator(".opens-now"))
    manager.press(tile.get_by_role("button", name="Delivery"))
    expect(page.get_by_text("opens once")).to_be_visible()
    assert page.url.endswith("/manage/")
    manager.done()
    assert read(lambda s: [(row.gate_id, row.reason) for row in s.scalars(select(OrderRow))]) == [
        ("east", "A delivery")
    ]


def test_a_pass_is_given_with_its_defaults(manager: Person, read: Read) -> None:
    page = manager.begin("/manage/")
    manager.item("Visitors")
    manager.press(page.get_by_role("link", name="New pass"))
    manager.fill(page.locator("#label"), "Plumber")
    manager.press(page.locator("main form .btn-accent"))
    expect(page.locator("svg.qr")).to_be_visible()
    manager.done()
    made = select(VisitorPassRow).where(VisitorPassRow.label == "Plumber")
    assert read(lambda s: s.scalars(made).one().gate_set) == "way"


def test_it_is_explained_why_a_gate_refused(manager: Person, read: Read) -> None:
    page = manager.begin("/manage/")
    manager.item("Events")
    manager.press(page.get_by_role("link", name="Why?").first)
    expect(page.get_by_role("heading", name="The gate stayed shut")).to_be_visible()
    manager.done()
    said = page.locator(".answer .number").first.text_content()
    refused = select(GateEvent).where(GateEvent.kind == "access").order_by(GateEvent.at.desc())
    newest = read(lambda s: next(row.reason for row in s.scalars(refused) if not row.facts["opens"]))
    assert said == newest


def test_a_compound_is_locked_down_and_freed(manager: Person, read: Read) -> None:
    lanes_in = select(func.count()).select_from(Lane).where(Lane.direction == "in")
    locked = lanes_in.where(Lane.override_posture == "lockdown")
    page = manager.begin("/manage/")
    manager.press(page.get_by_role("link", name="Lockdown"))
    manager.press(page.get_by_role("button", name="Forced entry"))
    assert read(lambda s: s.scalar(locked)) == read(lambda s: s.scalar(lanes_in))
    manager.press(page.get_by_role("button", name="End the lockdown"))
    expect(page.locator(".lockdown-band")).to_have_count(0)
    manager.done()
    assert read(lambda s: s.scalar(locked)) == 0


def test_the_gates_without_contact_are_found(manager: Person, managed: ManagedCompound) -> None:
    with managed.app.app_context(), current_menjin().database.session() as session:
        session.get_one(Gate, "east").last_seen_at = managed.clock() - timedelta(hours=2)
    page = manager.begin("/manage/settings")
    manager.item("Now")
    silent = page.locator(".tile").filter(has=page.locator("header").get_by_text("No contact"))
    expect(silent.get_by_role("heading")).to_have_text("东门")
    manager.done()


def test_the_list_of_people_is_taken_along(manager: Person) -> None:
    page = manager.begin("/manage/")
    manager.item("People and homes")
    with page.expect_download() as download:
        manager.press(page.get_by_role("button", name="Export this list"), leads_on=False)
    manager.done()
    with download.value.path().open(encoding="utf-8-sig", newline="") as file:
        names = {row["Name"] for row in csv.DictReader(file)}
    assert names >= {name for _home, name in PEOPLE}
