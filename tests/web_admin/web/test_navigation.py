"""The menu: three groups, eight items that hold every page, and for each role what it may."""

import pytest

from web_admin.accounts.permissions import ACTIONS_BY_ROLE
from web_admin.web.navigation import GROUPS, PAGES, menu


def test_the_menu_has_three_groups_and_eight_items_that_hold_every_page() -> None:
    assert len(GROUPS) == 3
    assert sum(len(items) for _group, items in GROUPS) == 8
    assert len({page.endpoint for page in PAGES}) == len(PAGES) == 19


@pytest.mark.parametrize(
    ("role", "items"), [("manager", 8), ("guard", 6), ("installer", 2), ("privacy_officer", 2)]
)
def test_a_role_sees_only_what_it_may(role, items) -> None:
    shown = menu(lambda action: action in ACTIONS_BY_ROLE[role])
    assert sum(len(of_group) for _group, of_group in shown) == items
    assert all(
        page.action in ACTIONS_BY_ROLE[role]
        for _group, of_group in shown
        for item in of_group
        for page in item.pages
    )
