"""A guard who types numbers acts for no one and learns nothing: the person proves that they are there."""

import re
import secrets
from datetime import UTC, datetime, timedelta

import requests
from sqlalchemy import select

from tests.served.served_compound import Browser, ServedCompound
from tests.served.signed_gate import signed_gate
from tests.support.compounds.desk import CARD_OF_WANG, card_of, give_pins, read, use_before_today
from web_admin.alarms.models import Alarm
from web_admin.compound.models import CredentialRow
from web_admin.desk.models import DeskVisitRow
from web_admin.journal.models import AuditEntry

UNKNOWN_CARD = "4299999"


def sends(browser: Browser, page: str, action: str, **typed: str) -> requests.Response:
    """Open a page and send a form to an address, as one that was not sent before."""
    browser.get(page)
    return browser.post(action, {**typed, "once": secrets.token_urlsafe(18)})


def types_card(guard: Browser, number: str) -> requests.Response:
    return sends(guard, "/manage/desk", "/manage/desk/card", number=number)


def acts_as_a_person(guard: Browser) -> bool:
    return guard.get("/r/", allow_redirects=False).status_code == 200


def plain(text: str) -> str:
    """Return a page without what differs from one answer to the next; alarms may come meanwhile."""
    by_chance = (
        r'(value|nonce|data-count|data-newest|data-ringing)="[^"]*"|shows \d\d, as|until [0-9:]+:'
        r"|data-number>\d+<|\d+ alarms? waits?"
    )
    return re.sub(by_chance, "", text)


def test_a_typed_card_number_alone_shows_and_gives_nothing(served: ServedCompound) -> None:
    guard = served.signed_in("guard")
    answer = types_card(guard, CARD_OF_WANG)
    assert not acts_as_a_person(guard), "a typed number opened the pages of its holder"
    known = guard.get("/manage/desk")
    unknown_answer = types_card(guard, UNKNOWN_CARD)
    unknown = guard.get("/manage/desk")
    assert (answer.status_code, answer.headers["Location"]) == (
        unknown_answer.status_code,
        unknown_answer.headers["Location"],
    )
    assert plain(known.text) == plain(unknown.text), "the desk shows which numbers live"
    assert "王芳" not in known.text
    assert served.compound.persons["王芳"] not in known.text


def test_a_card_with_the_pin_of_its_holder_opens_the_visit_and_each_alone_does_not(
    served: ServedCompound,
) -> None:
    pins = give_pins(served.compound)
    use_before_today(served.compound.app)
    guard = served.signed_in("guard")
    sends(guard, "/manage/desk", "/manage/desk/pin", home="3-1203", pin=pins.usual)
    assert not acts_as_a_person(guard)
    sends(guard, "/manage/desk", "/manage/desk/end")
    types_card(guard, CARD_OF_WANG)
    wrong = sends(guard, "/manage/desk", "/manage/desk/proof/pin", pin="102938")
    assert wrong.status_code == 422
    assert not acts_as_a_person(guard)
    sends(guard, "/manage/desk", "/manage/desk/proof/pin", pin=pins.usual)
    assert acts_as_a_person(guard)


def test_an_old_person_with_a_card_alone_shows_it_three_times_at_a_gate(served: ServedCompound) -> None:
    gate, wang = signed_gate(served), served.compound.persons["王芳"]
    card = read(served.compound, lambda s: card_of(s, wang))
    use_before_today(served.compound.app)
    guard = served.signed_in("guard")
    gate.opens(wang, card, at=datetime.now(UTC) - timedelta(minutes=10))
    types_card(guard, CARD_OF_WANG)
    now = datetime.now(UTC)
    gate.opens(wang, card, at=now)
    gate.sends()
    sends(guard, "/manage/desk", "/manage/desk/proof")
    assert not acts_as_a_person(guard), "who walks through a gate once opened a visit at the desk"
    gate.opens(wang, card, at=now + timedelta(seconds=2))
    gate.opens(wang, card, at=now + timedelta(seconds=4))
    gate.sends()
    sends(guard, "/manage/desk", "/manage/desk/proof")
    assert acts_as_a_person(guard)
    page = guard.get("/r/records").text
    assert "opened with your card and proved at a gate" in page


def test_what_a_stolen_gate_says_proves_no_person(served: ServedCompound) -> None:
    gate, wang = signed_gate(served), served.compound.persons["王芳"]
    card = read(served.compound, lambda s: card_of(s, wang))
    use_before_today(served.compound.app)
    guard = served.signed_in("guard")
    types_card(guard, CARD_OF_WANG)
    for second in range(3):
        gate.opens(wang, card, at=datetime.now(UTC) + timedelta(seconds=2 * second))
    gate.sends()
    gate.becomes("stolen", served)
    sends(guard, "/manage/desk", "/manage/desk/proof")
    assert not acts_as_a_person(guard)


def test_hits_count_for_all_workers_and_the_manager_is_notified_of_a_guard_who_guesses(
    served: ServedCompound,
) -> None:
    guard = served.signed_in("guard")
    answers = [types_card(guard, str(4_200_000 + number)).status_code for number in range(14)]
    assert answers.count(429) >= 2, "numbers that live are typed without end"
    alarms = read(served.compound, lambda s: s.scalars(select(Alarm.kind)).all())
    assert alarms.count("alarm_desk_guessing") == 1
    page = "/manage/lost-card"
    looked = [sends(guard, page, page, number="3-1203", why="as_typed").status_code for _look in range(12)]
    assert 429 in looked, "the lost-card page answers without end"


def test_the_person_reads_of_each_number_that_was_typed(served: ServedCompound) -> None:
    wang = served.compound.persons["王芳"]
    guard = served.signed_in("guard")
    types_card(guard, CARD_OF_WANG)
    asked = select(AuditEntry.kind).where(AuditEntry.person_id == wang, AuditEntry.kind == "desk_asked")
    assert read(served.compound, lambda s: s.scalars(asked).all()) == ["desk_asked"]
    rows = read(served.compound, lambda s: s.scalars(select(DeskVisitRow)).all())
    assert [(row.person_id, row.proved_at) for row in rows] == [(wang, None)]


def test_a_number_alone_suspends_its_card_and_says_nothing(served: ServedCompound) -> None:
    wang = served.compound.persons["王芳"]
    card = read(served.compound, lambda s: card_of(s, wang))
    use_before_today(served.compound.app)
    guard = served.signed_in("guard")
    found = [
        sends(guard, "/manage/lost-card", "/manage/lost-card", number=number, why="as_typed")
        for number in (CARD_OF_WANG, UNKNOWN_CARD)
    ]
    assert plain(found[0].text) == plain(found[1].text), "the lost-card page shows which numbers live"
    said = []
    for number in (CARD_OF_WANG, UNKNOWN_CARD):
        sends(guard, "/manage/lost-card", "/manage/lost-card/number", number=number)
        said.append(plain(guard.get("/manage/lost-card").text))
    assert said[0] == said[1]
    assert read(served.compound, lambda s: s.get_one(CredentialRow, card).state) == "suspended"
