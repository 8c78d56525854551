"""A request's try to sign in: counted before it is judged, and given back by the same request alone."""

import logging
from datetime import UTC, datetime

import pytest
from flask import Flask, g
from werkzeug.exceptions import TooManyRequests

from web_admin.accounts.throttle import Claim, circles
from web_admin.core.config import WebConfig
from web_admin.core.database import Database, Menjin, request_session
from web_admin.core.limit_counts import LimitCounts
from web_admin.core.limits import SIGN_IN_ADDRESS, SIGN_IN_PAIR
from web_admin.core.sealing import Sealer
from web_admin.policy.effects import PolicyEffects
from web_admin.web.sign_in_tries import (
    claim_sign_in,
    claim_try,
    failed_unasked,
    is_run,
    log_run,
    sign_in_worked,
)

pytestmark = pytest.mark.both_databases

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
OFFICE = "203.0.113.7"


@pytest.fixture
def app(web_config: WebConfig, database: Database, sealer: Sealer) -> Flask:
    made = Flask(__name__)
    made.extensions["menjin"] = Menjin(web_config, database, sealer, lambda: NOW, PolicyEffects(sealer))
    return made


@pytest.fixture
def counts(database: Database, sealer: Sealer) -> LimitCounts:
    return LimitCounts(database, sealer)


def asking(app: Flask, address: str | None = OFFICE):
    return app.test_request_context("/", environ_base={"REMOTE_ADDR": address} if address else {})


def stored(counts: LimitCounts, address: str = OFFICE) -> list[list[int]]:
    return counts.read(circles("linwei", address).all())


def fill(counts: LimitCounts, seconds_ago: int) -> None:
    of = circles("linwei", OFFICE).pair
    with counts.locked([of]) as rows:
        rows[of] = [AT - seconds_ago, SIGN_IN_PAIR.most]


def test_a_try_counts_from_the_address_that_asks_and_is_noted_in_the_request(
    app: Flask, counts: LimitCounts
) -> None:
    with asking(app):
        assert claim_try("linwei") == Claim(0, 1, 1)
        assert g.menjin_claimed == "linwei"
        assert claim_sign_in("linwei") == Claim(0, 2, 2)
    assert stored(counts) == [[AT, 2], [AT, 2], [AT, 2], []]


def test_a_request_without_an_address_counts_under_none(app: Flask, counts: LimitCounts) -> None:
    with asking(app, None):
        claim_try("linwei")
    assert stored(counts, "") == [[AT, 1], [AT, 1], [AT, 1], []]


def test_a_try_that_has_to_wait_is_answered_429_with_the_seconds_and_claims_nothing(
    app: Flask, counts: LimitCounts
) -> None:
    fill(counts, 60)
    with asking(app):
        assert claim_try("linwei") == Claim(240)
        with pytest.raises(TooManyRequests) as refused:
            claim_sign_in("linwei")
        assert refused.value.retry_after == 240
        assert "menjin_claimed" not in g


def test_what_worked_gives_its_own_try_back_once(app: Flask, counts: LimitCounts) -> None:
    with asking(app):
        claim_try("linwei")
        claim_try("linwei")
        sign_in_worked("linwei")
        sign_in_worked("linwei")
        request_session().commit()
    assert stored(counts) == [[], [AT, 1], [AT, 1], [AT, 1]]


@pytest.mark.parametrize("claimed", ["zhaomin", None])
def test_what_another_name_or_no_name_claimed_is_not_given_back(
    app: Flask, counts: LimitCounts, claimed: str | None
) -> None:
    with asking(app):
        claim_try("linwei")
    with asking(app):
        if claimed:
            claim_try(claimed)
        sign_in_worked("linwei")
        request_session().commit()
    assert stored(counts) == [[], [AT, 2 if claimed else 1], [AT, 1], [AT, 1]]


def test_a_failure_of_what_never_waits_counts_for_the_address(app: Flask, counts: LimitCounts) -> None:
    of = circles("linwei", OFFICE).address
    with counts.locked([of]) as rows:
        rows[of] = [AT - 10, SIGN_IN_ADDRESS.most - 2]
    with asking(app):
        assert [failed_unasked(), failed_unasked()] == [0, 290]


def test_every_tenth_failure_of_an_account_ends_a_run() -> None:
    assert [number for number in range(32) if is_run(Claim(0, number, 5))] == [10, 20, 30]


def test_a_run_is_one_warning_in_the_log(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with asking(app):
        log_run(20, "tries", "staff-7")
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "sign-in: 20 wrong tries for staff-7")
    ]
