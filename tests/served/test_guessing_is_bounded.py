"""Guessing at the sign-in of staff, over both workers at once: what is judged is bounded for the server."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import msgspec
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import select

from gate_controller.contract.messages import PAIR_COMMIT_PATH, PairCommit
from tests.served.copies import copied
from tests.served.served_compound import Browser, ServedCompound
from tests.support.compounds.managed import PASSWORD, code_now
from web_admin.accounts.api_keys import make_api_key
from web_admin.action.base import new_action
from web_admin.alarms.models import Alarm
from web_admin.core.database import current_menjin

# Two workers, whose counts and sessions have to be one; on SQLite there is one worker.
pytestmark = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)

WRONG = "000000"
TRIES = 24
SENDERS = 6
SAID_OF_A_CODE = "This code is wrong or already used"
SAID_OF_A_PASSWORD = "E-mail address or password is wrong"


def after_the_password(served: ServedCompound, role: str = "manager") -> Browser:
    browser = served.browser()
    browser.get("/staff/sign-in")
    asked = browser.post("/staff/sign-in", {"email": f"{role}@example.org", "password": PASSWORD})
    assert asked.status_code == 302, asked.text
    browser.get("/staff/code")
    return browser


def at_once(send: Callable[[int], requests.Response]) -> list[requests.Response]:
    with ThreadPoolExecutor(SENDERS) as pool:
        return list(pool.map(send, range(TRIES)))


def in_json(browser: Browser, path: str, body: dict[str, str]) -> requests.Response:
    headers = {
        "X-CSRFToken": browser.csrf_token,
        "Origin": browser.address,
        "Accept": "application/json",
        "Referer": browser.address + path,
    }
    return browser.session.post(
        browser.address + path, json=body, headers=headers, allow_redirects=False, timeout=60
    )


def in_turn(
    browser: Browser, path: str, body: Callable[[int], dict[str, str]]
) -> Callable[[int], requests.Response]:
    """Return what sends a body as JSON and as a form in turn.

    Each copy has the cookies of the first moment: nothing that a browser keeps counts the tries.
    """

    def send(number: int) -> requests.Response:
        if number % 2:
            return in_json(copied(browser), path, body(number))
        return copied(browser).post(path, body(number))

    return send


def live_key(served: ServedCompound) -> str:
    """Return the text of a key that may read people."""
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        now = current_menjin().clock()
        act = new_action(current_menjin(), session, served.compound.site_id, "tests", "system", now=now)
        made = make_api_key(act, name="desk", scopes=["people:read"], valid_until=now + timedelta(days=1))
    return made.text


def open_alarms(served: ServedCompound) -> list[Alarm]:
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        return list(session.scalars(select(Alarm).where(Alarm.kind == "alarm_sign_in_guessing")))


def test_at_most_five_codes_of_a_password_step_are_judged(served: ServedCompound) -> None:
    step = after_the_password(served)
    answers = at_once(in_turn(step, "/staff/code", lambda _number: {"code": WRONG}))
    judged = [answer for answer in answers if SAID_OF_A_CODE in answer.text]
    assert len(judged) <= 5, f"{len(judged)} of {TRIES} wrong codes were judged"
    late = copied(step)
    late.post("/staff/code", {"code": code_now()})
    assert "/staff/sign-in" in late.get("/manage/people").url
    assert [alarm.detail for alarm in open_alarms(served)] == ["staff-1"]
    assert sum("staff-1" in line and "wrong codes" in line for line in served.log_lines()) == 1
    log = "\n".join(served.log_lines())
    assert "example.org" not in log
    assert "from 127.0.0.1" not in log


def test_a_password_step_done_again_gives_five_more_and_no_third(served: ServedCompound) -> None:
    judged = 0
    for _step in range(4):
        browser = after_the_password(served)
        for _code in range(7):
            judged += SAID_OF_A_CODE in browser.post("/staff/code", {"code": WRONG}).text
    assert judged == 10


def test_passwords_are_judged_ten_times_from_one_address_over_all_workers(served: ServedCompound) -> None:
    asked = served.browser()
    asked.get("/staff/sign-in")

    def body(number: int) -> dict[str, str]:
        return {"email": "guard@example.org", "password": f"guess {number} guess"}

    answers = at_once(in_turn(asked, "/staff/sign-in", body))
    judged = [answer for answer in answers if SAID_OF_A_PASSWORD in answer.text]
    assert len(judged) <= 10, f"{len(judged)} of {TRIES} wrong passwords were judged"
    assert {answer.status_code for answer in answers} <= {200, 415, 429}
    assert len(open_alarms(served)) == 1


SPELLINGS = (
    "guard@example.org",
    "GUARD@EXAMPLE.ORG",
    " guard@example.org ",
    "guard@ｅxample.org",
    "guard@eｘample.org",
    "guard@exⓐmple.org",
    "guard@example。org",
    "guard@example．org",
)


def test_another_spelling_of_an_account_is_the_same_account(served: ServedCompound) -> None:
    """The library writes full-width and circled letters of a domain as plain ones before it looks."""
    asked = served.browser()
    asked.get("/staff/sign-in")

    def body(number: int) -> dict[str, str]:
        return {"email": SPELLINGS[number % len(SPELLINGS)], "password": f"guess {number} guess"}

    answers = at_once(in_turn(asked, "/staff/sign-in", body))
    judged = [answer for answer in answers if SAID_OF_A_PASSWORD in answer.text]
    assert len(judged) <= 10, f"{len(judged)} of {TRIES} wrong passwords were judged"
    assert [alarm.detail for alarm in open_alarms(served)] == ["staff-2"]


def test_the_password_asked_once_more_is_bounded_too(served: ServedCompound) -> None:
    signed_in = served.signed_in("manager")
    signed_in.get("/staff/again")

    def body(number: int) -> dict[str, str]:
        return {"password": f"guess {number} guess"}

    answers = at_once(in_turn(signed_in, "/staff/again", body))
    judged = [answer for answer in answers if "The password is wrong" in answer.text]
    assert len(judged) <= 10, f"{len(judged)} of {TRIES} wrong passwords were judged"


def test_residents_passwords_are_judged_ten_times_over_all_workers(served: ServedCompound) -> None:
    asked = served.browser()
    asked.get("/r/sign-in")
    answers = at_once(
        lambda number: copied(asked).post("/r/sign-in", {"name": "linwei", "password": f"guess {number}"})
    )
    judged = [answer for answer in answers if answer.status_code == 422]
    assert len(judged) <= 10, f"{len(judged)} of {TRIES} wrong passwords were judged"
    assert {answer.status_code for answer in answers} <= {422, 429}


def test_thirty_wrong_keys_shut_no_right_key_out(served: ServedCompound) -> None:
    key = live_key(served)
    path = served.address + "/api/v1/people"
    wrong = {"Authorization": "Bearer mjk_wrong"}
    answers = [requests.get(path, headers=wrong, timeout=60) for _try in range(10)]
    answers += at_once(lambda _number: requests.get(path, headers=wrong, timeout=60))
    assert {answer.status_code for answer in answers} == {401, 429}, answers[0].text
    assert sum(answer.status_code == 401 for answer in answers) == 30
    right = requests.get(path, headers={"Authorization": f"Bearer {key}"}, timeout=60)
    assert right.status_code == 200, right.text


def test_five_wrong_pairing_codes_a_minute_over_all_workers(served: ServedCompound) -> None:
    sealing_key = X25519PrivateKey.generate().public_key().public_bytes_raw()
    body = msgspec.json.encode(
        PairCommit(
            code="2222-2222", gate_public_key=bytes(32), sealing_public_key=sealing_key, commitment=bytes(32)
        )
    )
    answers = at_once(lambda _number: requests.post(served.address + PAIR_COMMIT_PATH, data=body, timeout=60))
    assert sum(answer.status_code == 403 for answer in answers) == 5, {a.status_code: a.text for a in answers}
    assert sum(answer.status_code == 429 for answer in answers) == TRIES - 5
