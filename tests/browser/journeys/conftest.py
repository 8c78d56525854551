"""One compound and one gate for all journeys; every journey has a person of its own."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.browser.conftest import serving
from tests.browser.journeys.real_gate import Newcomer, RealGate, real_gate
from tests.browser.resident_screen import Served
from tests.support.compounds.counted_tries import forget_tries
from tests.support.compounds.managed import PASSWORD, TOTP_SECRET
from web_admin.accounts.staff import create_staff
from web_admin.credentials.cards import issue_card
from web_admin.people.actions import add_person
from web_admin.people.homes import add_home

NUMBERS = count(1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("server"), "127.0.0.1") as running:
        yield running


@pytest.fixture(scope="module")
def gate(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealGate]:
    with real_gate(served, tmp_path_factory.mktemp("gate")) as running:
        yield running


def everyone_comes_from_one_address(served: Served) -> None:
    """Forget the counted sign-ins, which a compound sees from many phones."""
    forget_tries(served.compound.app)


@pytest.fixture
def newcomer(served: Served) -> Newcomer:
    everyone_comes_from_one_address(served)
    number = next(NUMBERS)
    with served.compound.act() as act:
        home = add_home(act, f"8-{number:04d}")
        person = add_person(act, display_name=f"Newcomer {number}", home_id=home.home_id, language="en")
        card = 5_000_000 + number
        issue_card(act, person.person_id, card)
        return Newcomer(home.number, person.person_id, card)


@pytest.fixture
def hire(served: Served) -> Callable[[str], str]:
    """Return a way to make a member of staff with a role; their name is the part before the @."""

    def _hire(role: str) -> str:
        everyone_comes_from_one_address(served)
        name = f"{role.replace('_', '-')}-{next(NUMBERS)}"
        with served.compound.session() as session:
            create_staff(session, role, f"{name}@example.org", PASSWORD, TOTP_SECRET)
        return name

    return _hire
