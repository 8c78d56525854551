"""The people who play the tasks: the manager and a guard at a desk, a resident with a phone."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext
from sqlalchemy.orm import Session

from tests.browser.office_screen import SIZES, sign_in
from tests.browser.resident_screen import Served, welcome
from tests.browser.tasks.person import Person
from tests.support.compounds.managed import ManagedCompound
from web_admin.core.database import current_menjin

Read = Callable[[Callable[[Session], object]], object]


def _at_desk(browser: Browser, address: str, role: str, request: pytest.FixtureRequest) -> Iterator[Person]:
    context = browser.new_context(viewport=SIZES["desktop"], locale="en-GB", base_url=address)
    page = context.new_page()
    sign_in(page, address, role)
    yield Person(page, request.node.name)
    context.close()


@pytest.fixture
def manager(
    browser: Browser, managed: ManagedCompound, address: str, request: pytest.FixtureRequest
) -> Iterator[Person]:
    yield from _at_desk(browser, address, "manager", request)


@pytest.fixture
def guard(
    browser: Browser, managed: ManagedCompound, address: str, request: pytest.FixtureRequest
) -> Iterator[Person]:
    yield from _at_desk(browser, address, "guard", request)


@pytest.fixture
def resident(context: BrowserContext, served: Served, request: pytest.FixtureRequest) -> Person:
    return Person(welcome(context, served), request.node.name)


@pytest.fixture
def read(managed: ManagedCompound) -> Iterator[Read]:
    """Return how to read the compound's database, as it is at that moment."""
    with managed.app.app_context():

        def look(question: Callable[[Session], object]) -> object:
            with current_menjin().database.open_reading() as session:
                return question(session)

        yield look
