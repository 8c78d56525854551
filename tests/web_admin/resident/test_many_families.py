"""One phone for many families and many gates."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.support.clock import SetClock
from tests.support.compounds.many_gates import add_stairwells
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.homes import HELPER, named
from tests.web_admin.resident.pressing import press
from web_admin.accounts.throttle import failed_unasked
from web_admin.compound.models import Lane, Person, Site
from web_admin.core.limit_counts import current_counts
from web_admin.core.limits import SIGN_IN_ADDRESS
from web_admin.people.actions import add_person
from web_admin.web.gate_sets import LONG_LIST

PASSWORD = "a long enough one"


def browser(compound: Compound, address: str = "203.0.113.7") -> FlaskClient:
    client = compound.app.test_client()
    client.environ_base["REMOTE_ADDR"] = address
    with client.session_transaction() as session:
        session["language"] = "en"
    return client


def open_letter(client: FlaskClient, code: str) -> TestResponse:
    return press(client, "/r/welcome", seen_on="/r/welcome", code=code)


def sign_in(client: FlaskClient, name: str, password: str) -> TestResponse:
    return press(client, "/r/sign-in", seen_on="/r/sign-in", name=name, password=password)


def guess(compound: Compound, address: str, times: int) -> list[int]:
    client = browser(compound, address)
    return [sign_in(client, "linwei", f"guess number {number}").status_code for number in range(times)]


def with_password(compound: Compound) -> None:
    phone = browser(compound, "192.0.2.55")
    open_letter(phone, compound.invitation(compound.person_id))
    saved = press(phone, "/r/password", seen_on="/r/password", name="linwei", password=PASSWORD)
    assert saved.status_code == 303


@pytest.mark.wide
def test_forty_families_open_their_letters_at_the_offices_address(small_compound: Compound) -> None:
    with small_compound.act("manager") as act:
        people = [add_person(act, display_name=f"Family {number}").person_id for number in range(40)]
    codes = [small_compound.invitation(person_id) for person_id in people]
    assert [open_letter(browser(small_compound), code).status_code for code in codes] == [303] * 40


@pytest.mark.wide
def test_who_guesses_letters_is_slowed_and_a_right_letter_opens_all_the_same(
    small_compound: Compound, clock: SetClock
) -> None:
    with small_compound.app.app_context():
        for _letter in range(SIGN_IN_ADDRESS.most - 2):
            failed_unasked(current_counts(), "203.0.113.7", clock())
    client = browser(small_compound)
    answers = [open_letter(client, f"AAAA-BBBB-CCC{letter}") for letter in "DE"]
    assert [answer.status_code for answer in answers] == [422, 429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 300
    assert 'value="AAAA-BBBB-CCCE"' in answers[-1].text
    letter = open_letter(browser(small_compound), small_compound.invitation(small_compound.person_id))
    assert letter.status_code == 303


def test_a_guesser_of_one_password_waits_and_keeps_what_was_typed(small_compound: Compound) -> None:
    with_password(small_compound)
    assert guess(small_compound, "203.0.113.7", 10) == [422] * 10
    waiting = sign_in(browser(small_compound), "linwei", PASSWORD)
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (429, "300")
    assert 'value="linwei"' in waiting.text
    assert "Name and password wait for 5 min. A passkey or an invitation works at once" in waiting.text


@pytest.mark.wide
def test_guessers_at_many_addresses_wait_and_the_household_does_not(small_compound: Compound) -> None:
    with_password(small_compound)
    seen = [guess(small_compound, f"198.51.100.{number}", 1)[0] for number in range(30)]
    assert (seen[:20], set(seen[20:])) == ([422] * 20, {429})
    assert sign_in(browser(small_compound, "192.0.2.55"), "linwei", PASSWORD).status_code == 303
    elsewhere = browser(small_compound, "192.0.2.99")
    assert sign_in(elsewhere, "linwei", PASSWORD).status_code == 429
    assert open_letter(elsewhere, small_compound.invitation(small_compound.person_id)).status_code == 303


STAIRS = 40
GATE = re.compile(r'<input[^>]* name="(gate_numbers|gate_number|gates)"')


@pytest.fixture
def many(small_compound: Compound, phone: FlaskClient) -> FlaskClient:
    """Let the phone's owner pass forty stairwells more."""
    with small_compound.act() as act:
        add_stairwells(act.session, act.sealer, act.session.get_one(Site, act.site_id), act.now, STAIRS)
        (grant,) = act.session.get_one(Person, small_compound.person_id).grants
        stairs = act.session.scalars(select(Lane.lane_id).where(Lane.lane_id.like("b%")))
        grant.lanes = [*grant.lanes, *stairs]
    return phone


def folded(page: str) -> str:
    """Return the innermost folded parts of a page."""
    return "".join(re.findall(r'<details class="more-gates[^>]*>.*?</details>', page, re.DOTALL))


@pytest.mark.parametrize(("path", "lists"), [("/r/visitors", 2), ("/r/home", 1), ("helper", 1)])
def test_more_than_eight_gates_are_folded_with_a_search(
    small_compound: Compound, many: FlaskClient, path: str, lists: int
) -> None:
    press(many, "/r/home/helpers", seen_on="/r/home", **HELPER)
    helper = f"/r/home/with/{named(small_compound, 'Xiao Wang').person_id}"
    page = many.get(helper if path == "helper" else path).text
    hidden = folded(page)
    at_once = len(GATE.findall(page)) - len(GATE.findall(hidden))
    assert 0 < at_once <= LONG_LIST + 2, "a way and all gates stand beside them"
    assert len(GATE.findall(hidden)) >= lists * (STAIRS - LONG_LIST)
    assert hidden.count("data-narrow=") == hidden.count('class="choices many"') == lists
    assert "js/narrow.js" in page
