"""The menu and the one search: what a role may not see is neither shown nor found."""

from datetime import UTC, datetime

import pytest

from tests.support.clock import SetClock
from tests.support.compounds.managed import make_managed_compound
from web_admin.accounts.permissions import ACTIONS_BY_ROLE
from web_admin.web.navigation import GROUPS, PAGES, menu

PATH = "/manage/search/"


@pytest.fixture
def compound(web_config, database):
    made = make_managed_compound(web_config, SetClock(datetime.now(UTC)))
    yield made
    made.close()


def found(client, text: str):
    answer = client.get(PATH, query_string={"q": text})
    return answer if answer.status_code == 302 else answer.text.partition("<main")[2]


def test_the_menu_has_three_groups_and_eight_items_that_hold_every_page() -> None:
    assert len(GROUPS) == 3
    assert sum(len(items) for _group, items in GROUPS) == 8
    assert len({page.endpoint for page in PAGES}) == len(PAGES) == 15


@pytest.mark.parametrize(("role", "items"), [
    ("manager", 8), ("guard", 6), ("installer", 2), ("privacy_officer", 2)])
def test_a_role_sees_only_what_it_may(role, items) -> None:
    shown = menu(lambda action: action in ACTIONS_BY_ROLE[role])
    assert sum(len(of_group) for _group, of_group in shown) == items
    assert all(page.action in ACTIONS_BY_ROLE[role]
               for _group, of_group in shown for item in of_group for page in item.pages)


def test_people_and_homes_are_found_by_name_and_number(compound) -> None:
    page = found(compound.signed_in("manager"), "王")
    assert "王芳" in page
    assert "Home 3-1203" in page
    homes = found(compound.signed_in("manager"), "3-1203")
    assert "/manage/people/homes/" in homes
    assert "王芳" in homes


def test_the_only_thing_found_is_opened(compound) -> None:
    answer = found(compound.signed_in("manager"), "Ana Ruiz")
    assert answer.status_code == 302
    assert "/manage/people/" in answer.headers["Location"]


def test_an_installer_finds_gates_and_lanes_but_no_person_and_no_event(compound) -> None:
    installer = compound.signed_in("installer")
    assert "Nothing found" in found(installer, "王")
    assert "Nothing found" in found(installer, "Passages")
    gates = found(installer, "北门")
    assert "/manage/gates/north" in gates
    assert "/manage/lanes/north-in" in gates


def test_a_guard_finds_events_and_pages_that_guards_may_see(compound) -> None:
    guard = compound.signed_in("guard")
    assert "kind=alarms" in found(guard, "Alarms")
    assert "Nothing found" in found(guard, "Settings")


def test_whose_card_it_is_needs_a_reason(compound) -> None:
    manager = compound.signed_in("manager")
    page = found(manager, "0004200001")
    assert "Why do you look?" in page
    assert "/manage/people/" not in page
    assert "Why do you look?" not in found(compound.signed_in("guard"), "0004200001")
