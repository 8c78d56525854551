"""The people who play the tasks, in a compound of few gates and in one of many."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.browser.office_screen import SIZES, sign_in
from tests.browser.resident_screen import Served, welcome
from tests.browser.tasks.person import Person
from tests.browser.tasks.table import FEW_GATES, MANY_GATES
from tests.support.compounds.managed import ManagedCompound
from tests.support.compounds.many_gates import add_stairwells
from web_admin.compound.models import Gate, Site
from web_admin.core.database import current_menjin

Read = Callable[[Callable[[Session], object]], object]


@pytest.fixture(params=(FEW_GATES, MANY_GATES), ids="{}_gates".format)
def gates(request: pytest.FixtureRequest) -> int:
    """Return how many gates the compound has."""
    return int(request.param)


def _with_gates(app: Flask, now: datetime, gates: int) -> None:
    with app.app_context(), current_menjin().database.session() as session:
        site = session.scalars(select(Site)).one()
        there = session.scalar(select(func.count()).select_from(Gate)) or 0
        add_stairwells(session, current_menjin().sealer, site, now, max(0, gates - there))


def _at_desk(
    browser: Browser,
    managed: ManagedCompound,
    address: str,
    role: str,
    request: pytest.FixtureRequest,
    gates: int,
) -> Iterator[Person]:
    _with_gates(managed.app, managed.clock(), gates)
    context = browser.new_context(viewport=SIZES["desktop"], locale="en-GB", base_url=address)
    page = context.new_page()
    sign_in(page, address, role)
    yield Person(page, request.node.originalname, gates)
    context.close()


@pytest.fixture
def manager(
    browser: Browser, managed: ManagedCompound, address: str, request: pytest.FixtureRequest, gates: int
) -> Iterator[Person]:
    yield from _at_desk(browser, managed, address, "manager", request, gates)


@pytest.fixture
def guard(
    browser: Browser, managed: ManagedCompound, address: str, request: pytest.FixtureRequest, gates: int
) -> Iterator[Person]:
    yield from _at_desk(browser, managed, address, "guard", request, gates)


@pytest.fixture
def resident(context: BrowserContext, served: Served, request: pytest.FixtureRequest, gates: int) -> Person:
    _with_gates(served.compound.app, datetime.now(UTC), gates)
    return Person(welcome(context, served), request.node.originalname, gates)


@pytest.fixture
def read(managed: ManagedCompound) -> Iterator[Read]:
    """Return how to read the compound's database, as it is at that moment."""
    with managed.app.app_context():

        def look(question: Callable[[Session], object]) -> object:
            with current_menjin().database.open_reading() as session:
                return question(session)

        yield look
