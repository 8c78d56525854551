"""Guesses at the sign-in of staff, on the whole app: what is judged, given back, logged and reported."""

import logging
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from tests.support.compounds.managed import (
    PASSWORD,
    ManagedCompound,
    code_now,
)
from tests.support.compounds.resident import csrf_of
from web_admin.accounts.models import User
from web_admin.alarms.models import Alarm
from web_admin.core.database import current_menjin
from web_admin.core.limits import SIGN_IN_ADDRESS, SIGN_IN_CODES

WRONG_CODE = "This code is wrong or already used"
WRONG_PASSWORD = "E-mail address or password is wrong"
TOO_MANY_CODES = "Too many wrong codes"
MANAGER = "manager@example.org"


def browser(compound: ManagedCompound) -> FlaskClient:
    client = compound.app.test_client()
    with client.session_transaction() as session:
        session["language"] = "en"
    return client


def send(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    page = client.get(path)
    return client.post(path, data={**fields, "csrf_token": csrf_of(page.text)})


def with_password(client: FlaskClient, email: str = MANAGER) -> FlaskClient:
    answer = send(client, "/staff/sign-in", email=email, password=PASSWORD)
    assert answer.status_code == 302 and answer.location.startswith("/staff/code"), answer.text
    return client


def codes(client: FlaskClient, number: int) -> list[TestResponse]:
    return [send(client, "/staff/code", code="000000") for _ in range(number)]


def alarms(compound: ManagedCompound) -> list[str]:
    with compound.app.app_context(), current_menjin().database.session() as session:
        query = select(Alarm.detail).where(Alarm.kind == "alarm_sign_in_guessing")
        return [str(detail) for detail in session.scalars(query)]


def log_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [line.getMessage() for line in caplog.records if line.getMessage().startswith("sign-in: ")]


@pytest.mark.wide
def test_the_fifth_wrong_code_is_reported_and_a_sixth_not_judged(
    compound: ManagedCompound, caplog: pytest.LogCaptureFixture
) -> None:
    client = with_password(browser(compound))
    with caplog.at_level(logging.WARNING):
        four = codes(client, 4)
        assert all(WRONG_CODE in answer.text for answer in four)
        assert alarms(compound) == log_of(caplog) == []
        (fifth,) = codes(client, 1)
    assert WRONG_CODE in fifth.text
    assert alarms(compound) == ["staff-1"]
    assert log_of(caplog) == [f"sign-in: {SIGN_IN_CODES.most} wrong codes after a right password for staff-1"]
    sixth = client.post(
        "/staff/code?next=/manage/people/",
        data={"code": code_now(), "csrf_token": csrf_of(client.get("/staff/code").text)},
    )
    assert sixth.status_code == 302 and sixth.location == "/staff/sign-in?next=/manage/people/"
    with client.session_transaction() as session:
        assert not {word for word in session if word.startswith("tf_") or word == "menjin_code_step"}
    assert TOO_MANY_CODES in client.get("/staff/sign-in").text
    assert client.get("/manage/").status_code == 302


@pytest.mark.wide
def test_a_right_code_after_four_wrong_ones_signs_in_and_starts_the_count_again(
    compound: ManagedCompound,
) -> None:
    client = with_password(browser(compound))
    codes(client, 4)
    assert send(client, "/staff/code", code=code_now()).status_code == 302
    assert client.get("/manage/").status_code == 200
    with client.session_transaction() as session:
        assert "menjin_code_step" not in session
    other = with_password(browser(compound))
    assert all(WRONG_CODE in answer.text for answer in codes(other, 5))


def test_a_code_of_a_session_without_a_password_step_leads_to_the_password(compound: ManagedCompound) -> None:
    client = with_password(browser(compound))
    token = csrf_of(client.get("/staff/code").text)
    with client.session_transaction() as session:
        del session["menjin_code_step"]
    answer = client.post("/staff/code", data={"code": code_now(), "csrf_token": token})
    assert answer.status_code == 302 and answer.location.startswith("/staff/sign-in")
    assert client.get("/manage/").status_code == 302


@pytest.mark.wide
def test_a_code_before_any_password_counts_nothing(compound: ManagedCompound) -> None:
    client = browser(compound)
    token = csrf_of(client.get("/staff/sign-in").text)
    for _ in range(SIGN_IN_ADDRESS.most + 5):
        answer = client.post("/staff/code", data={"code": "000000", "csrf_token": token})
        assert answer.status_code == 302
    assert alarms(compound) == []
    with_password(browser(compound))


def test_signed_in_staff_keep_their_session_at_the_page_of_the_code(compound: ManagedCompound) -> None:
    client = compound.signed_in("manager")
    for ask in (client.get("/staff/code"), client.post("/staff/code", data={"code": "1"})):
        assert ask.status_code in (302, 400)
    assert client.get("/staff/code").location == "/"
    assert client.get("/manage/").status_code == 200


@pytest.mark.parametrize("path", ["/staff/sign-in", pytest.param("/staff/again", marks=pytest.mark.wide)])
def test_a_secret_that_is_no_form_is_refused_and_counts(compound: ManagedCompound, path: str) -> None:
    """An address that sent as many as it may waits with a right password too; JSON is not read at all."""
    client = compound.signed_in("manager")
    with_token = {"X-CSRFToken": csrf_of(client.get("/manage/people/").text)}
    for kind in ("application/json", *["text/plain"] * SIGN_IN_ADDRESS.most):
        answer = client.post(path, data='{"password": "x"}', content_type=kind, headers=with_token)
        assert answer.status_code == 415
    answer = send(browser(compound), "/staff/sign-in", email="guard@example.org", password=PASSWORD)
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0


def test_a_form_with_a_file_part_is_a_form(compound: ManagedCompound) -> None:
    client = browser(compound)
    page = client.get("/staff/sign-in")
    answer = client.post(
        "/staff/sign-in",
        content_type="multipart/form-data",
        data={"email": MANAGER, "password": PASSWORD, "csrf_token": csrf_of(page.text)},
    )
    assert answer.status_code == 302 and answer.location.startswith("/staff/code")


@pytest.mark.wide
@pytest.mark.parametrize(
    ("email", "reported", "logged"),
    [
        ("guard@example.org", ["staff-2"], "sign-in: 10 wrong tries for staff-2"),
        (" Guard@EXAMPLE.org", ["staff-2"], "sign-in: 10 wrong tries for staff-2"),
        ("none@example.org", [], "sign-in: 10 wrong tries for no account that is known here"),
        ("no address", [], "sign-in: 10 wrong tries for no account that is known here"),
    ],
)
def test_ten_wrong_passwords_of_an_account_are_logged_and_those_of_staff_reported(
    compound: ManagedCompound, caplog: pytest.LogCaptureFixture, email: str, reported: list[str], logged: str
) -> None:
    client = browser(compound)
    with caplog.at_level(logging.WARNING):
        for number in range(10):
            answer = send(client, "/staff/sign-in", email=email, password=f"guess {number} guess")
            assert answer.status_code == 200, answer.text
            assert (len(log_of(caplog)), len(alarms(compound))) == (
                (1, len(reported)) if number == 9 else (0, 0)
            )
    assert alarms(compound) == reported
    assert log_of(caplog) == [logged]
    eleventh = send(client, "/staff/sign-in", email=email, password=PASSWORD)
    assert eleventh.status_code == 429


@pytest.mark.wide
def test_right_passwords_are_given_back(compound: ManagedCompound) -> None:
    for _ in range(SIGN_IN_ADDRESS.most // 2):
        with_password(browser(compound), "guard@example.org")
    assert alarms(compound) == []


@pytest.mark.wide
def test_many_names_from_one_address_are_reported_once_without_a_name(
    compound: ManagedCompound, caplog: pytest.LogCaptureFixture
) -> None:
    client = browser(compound)
    with caplog.at_level(logging.WARNING):
        for number in range(SIGN_IN_ADDRESS.most):
            answer = send(client, "/staff/sign-in", email=f"name{number}@example.org", password="guess guess")
            assert answer.status_code == 200
    assert alarms(compound) == [""]
    (line,) = log_of(caplog)
    assert line == (
        f"sign-in: {SIGN_IN_ADDRESS.most} wrong tries from one address, the last for no account that is known"
        " here"
    )
    assert send(client, "/staff/sign-in", email=MANAGER, password=PASSWORD).status_code == 429


@pytest.mark.wide
def test_the_password_asked_again_counts_and_a_right_one_is_given_back(
    compound: ManagedCompound, caplog: pytest.LogCaptureFixture
) -> None:
    client = compound.signed_in("guard")
    with caplog.at_level(logging.WARNING):
        for _ in range(9):
            assert "The password is wrong" in send(client, "/staff/again", password="guess guess").text
        assert send(client, "/staff/again", password=PASSWORD).status_code == 302
        assert alarms(compound) == log_of(caplog) == []
        for _ in range(10):
            send(client, "/staff/again", password="guess guess")
    assert alarms(compound) == ["staff-2"]
    assert log_of(caplog) == ["sign-in: 10 wrong tries for staff-2"]


@pytest.mark.wide
def test_a_wrong_first_code_of_a_new_authenticator_counts(compound: ManagedCompound) -> None:
    with compound.app.app_context(), current_menjin().database.session() as session:
        session.execute(
            update(User).where(User.email == MANAGER).values(tf_totp_secret=None, tf_primary_method=None)
        )
    client = browser(compound)
    answer = send(client, "/staff/sign-in", email=MANAGER, password=PASSWORD)
    assert answer.status_code == 302, answer.text
    page = client.get(answer.location)
    chosen = client.post(answer.location, data={"setup": "authenticator", "csrf_token": csrf_of(page.text)})
    page = client.get(chosen.location) if chosen.status_code == 302 else chosen
    action = page.text.partition('action="/staff/')[2].partition('"')[0]
    for _ in range(10):
        client.post(f"/staff/{action}", data={"code": "000000", "csrf_token": csrf_of(page.text)})
    assert alarms(compound) == ["staff-1"]


@pytest.mark.wide
def test_wrong_passwords_after_a_right_one_in_the_same_browser_count(
    compound: ManagedCompound, caplog: pytest.LogCaptureFixture
) -> None:
    client = with_password(browser(compound))
    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            answer = send(client, "/staff/sign-in", email=MANAGER, password="guess guess")
            assert WRONG_PASSWORD in answer.text
    assert log_of(caplog) == ["sign-in: 10 wrong tries for staff-1"]
    assert send(client, "/staff/sign-in", email=MANAGER, password=PASSWORD).status_code == 429


@pytest.mark.wide
def test_a_password_asked_again_counts_for_its_own_account_alone(compound: ManagedCompound) -> None:
    guard, manager = compound.signed_in("guard"), compound.signed_in("manager")
    for _ in range(10):
        send(guard, "/staff/again", password="guess guess")
    token = {"csrf_token": csrf_of(guard.get("/staff/again").text)}
    assert guard.post("/staff/again", data={"password": PASSWORD, **token}).status_code == 429
    assert "The password is wrong" in send(manager, "/staff/again", password="guess guess").text


@pytest.mark.wide
def test_right_codes_are_given_back(compound: ManagedCompound, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(11):
            with compound.app.app_context(), current_menjin().database.session() as session:
                session.execute(update(User).values(last_totp_counter=None))
            client = with_password(browser(compound))
            assert send(client, "/staff/code", code=code_now()).status_code == 302
    assert alarms(compound) == log_of(caplog) == []


@pytest.mark.wide
def test_while_the_alarm_is_open_a_second_run_raises_none(compound: ManagedCompound) -> None:
    for minutes in (0, 10):
        compound.clock.now += timedelta(minutes=minutes)
        client = browser(compound)
        for _ in range(10):
            send(client, "/staff/sign-in", email=MANAGER, password="guess guess")
    assert alarms(compound) == ["staff-1"]
