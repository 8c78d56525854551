"""Everyday tasks of people who come, and of their cards."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.browser.tasks.conftest import Read
from tests.browser.tasks.person import Person
from tests.support.compounds.managed import ManagedCompound
from web_admin.compound.models import CredentialRow, Home, Invitation
from web_admin.compound.models import Person as PersonRow
from web_admin.credentials.models import ChildAgreement
from web_admin.visitors.models import VisitorPassRow

pytestmark = [pytest.mark.browser, pytest.mark.wide]


def states_in_home(session: Session, number: str) -> dict[str, list[str]]:
    """Return the states of the cards of everyone in a home, by name."""
    people = session.scalars(
        select(PersonRow).join(Home, Home.home_id == PersonRow.home_id).where(Home.number == number)
    )
    return {
        str(person.display_name): list(
            session.scalars(select(CredentialRow.state).where(CredentialRow.person_id == person.person_id))
        )
        for person in people
    }


def fill_family(person: Person, number: str, *names: str) -> Page:
    """Fill in a family with a card for each, as the desk reader types them."""
    page = person.begin("/manage/")
    person.item("People and homes")
    person.press(page.get_by_role("link", name="A family moves in"))
    person.fill(page.locator("#number"), number)
    for row, name in enumerate(names):
        person.fill(page.locator(f"#members-{row}-name"), name)
        person.tap(page.locator(f"#members-{row}-card"), 7_100_001 + row)
    return page


def test_a_family_of_three_moves_in(manager: Person, read: Read) -> None:
    page = fill_family(manager, "7-0101", "何静", "何勇", "何奶奶")
    manager.press(page.get_by_role("button", name="Move them in"))
    expect(page.locator(".slip svg.qr")).to_have_count(3)
    manager.done()
    assert read(lambda s: states_in_home(s, "7-0101")) == {
        "何静": ["active"],
        "何勇": ["active"],
        "何奶奶": ["active"],
    }
    assert read(lambda s: s.scalar(select(func.count()).select_from(Invitation))) == 3


def test_a_family_with_a_child_moves_in(manager: Person, read: Read) -> None:
    page = fill_family(manager, "7-0101", "何静", "何宝")
    manager.choose(page.locator("#members-1-age_band"), "under_14")
    manager.press(page.get_by_role("button", name="Move them in"))
    assert read(lambda s: states_in_home(s, "7-0101")) == {"何静": ["active"], "何宝": []}
    manager.press(page.get_by_role("link", name="Give the card"))
    manager.fill(page.locator("#guardian_card"), "7100001")
    manager.fill(page.locator("#number"), "7100002")
    manager.press(page.locator("main form .btn-accent"))
    manager.done()
    assert read(lambda s: states_in_home(s, "7-0101")) == {"何静": ["active"], "何宝": ["active"]}
    assert read(lambda s: s.scalar(select(func.count()).select_from(ChildAgreement))) == 1


def test_two_hundred_people_are_read_in(manager: Person, read: Read) -> None:
    rows = "".join(f"{70 + i // 20}-{i % 20 // 2 + 1},何静 {i},,{8_000_000 + i}\n" for i in range(200))
    page = manager.begin("/manage/")
    manager.item("People and homes")
    manager.press(page.get_by_role("link", name="Add from a sheet"))
    manager.attach(page.locator("#file"), "people.csv", f"home,name,kind,card\n{rows}".encode())
    manager.press(page.get_by_role("button", name="Check the file"))
    expect(page.locator(".figures")).to_contain_text("200")
    new = select(func.count()).where(PersonRow.display_name.startswith("何静 "))
    assert read(lambda s: s.scalar(new)) == 0
    manager.press(page.get_by_role("button", name="Read in 200 rows"))
    expect(page.get_by_text("added: 200")).to_be_visible()
    manager.done()
    assert read(lambda s: s.scalar(new)) == 200


def test_a_lost_card_is_stopped(guard: Person, managed: ManagedCompound, read: Read) -> None:
    of_home = [managed.persons["王芳"], managed.persons["王磊"]]
    cards = select(CredentialRow.state).where(CredentialRow.person_id.in_(of_home))
    page = guard.begin("/manage/")
    guard.item("People and homes")
    guard.press(page.get_by_role("link", name="Lost card"))
    guard.fill(page.locator("main form #number"), "3-1203")
    guard.key("Enter")
    guard.press(page.get_by_role("button", name="Suspend and print a pass").first)
    expect(page.locator(".slip svg")).to_be_visible()
    guard.done()
    assert sorted(read(lambda s: s.scalars(cards).all())) == ["active", "suspended"]  # type: ignore[call-overload]
    passes = select(func.count()).where(VisitorPassRow.issuer_person_id.in_(of_home))
    assert read(lambda s: s.scalar(passes)) == 1


def test_a_card_is_replaced(manager: Person, managed: ManagedCompound, read: Read) -> None:
    page = manager.begin("/manage/settings")
    manager.search("Ana Ruiz")
    manager.press(page.get_by_role("link", name="Replace"))
    manager.fill(page.locator("main form #number"), "7300001")
    manager.key("Enter")
    expect(page.get_by_role("heading", name="Ana Ruiz")).to_be_visible()
    manager.done()
    cards = select(CredentialRow.state).where(CredentialRow.person_id == managed.persons["Ana Ruiz"])
    assert sorted(read(lambda s: s.scalars(cards).all())) == ["active", "ended"]  # type: ignore[call-overload]
