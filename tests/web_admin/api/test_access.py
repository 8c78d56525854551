"""The interface answers a key of the right scope, not too often, and no signed-in browser."""

import re
from datetime import timedelta

import pytest

from tests.web_admin.api.calling import CALLS, Caller
from web_admin.accounts.api_keys import SCOPES
from web_admin.accounts.permissions import KEY, access_of
from web_admin.core.limit_counts import CountedTries, current_counts
from web_admin.core.limits import API_CALLS

WRONG_KEYS = ["", "mjk_", "mjk_0000000000000000_" + "A" * 43, "Basic", "mjk_" + "0" * 16 + "_" + "é" * 43]


@pytest.mark.wide
def test_every_route_of_the_interface_asks_for_the_scope_of_the_table(compound):
    rules = [rule for rule in compound.app.url_map.iter_rules() if rule.endpoint.startswith("api_")]
    ours = [rule for rule in rules if rule.rule.startswith("/api/v1/")]
    routes = {
        (method, re.sub("<[^>]*>", "x", rule.rule.removeprefix("/api/v1"))): access_of(
            compound.app, rule.endpoint
        )
        for rule in ours
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert routes == {call: (KEY, scope) for scope, calls in CALLS.items() for call in calls}


@pytest.mark.wide
def test_a_key_reaches_what_its_scope_names_and_nothing_else(caller_with):
    status = {
        (scope, of, *call): caller.call(*call).status_code
        for scope, caller in {scope: caller_with(scope) for scope in SCOPES}.items()
        for of, calls in CALLS.items()
        for call in calls
    }
    assert [call for call, code in status.items() if (code == 403) != (call[0] != call[1])] == []
    assert {code for call, code in status.items() if call[0] == call[1]} <= {200, 404, 422}


def test_no_key_or_a_wrong_one_is_refused_with_instructions(compound):
    client = compound.app.test_client()
    answers = [Caller(client, text, "").call("GET", "/people") for text in WRONG_KEYS]
    assert [(a.status_code, a.headers["WWW-Authenticate"]) for a in answers] == [(401, "Bearer")] * 5
    assert all("Authorization: Bearer" in answer.get_json()["message"] for answer in answers)


def test_a_signed_in_manager_without_a_key_is_refused_too(compound):
    assert compound.signed_in("manager").get("/api/v1/people").status_code == 401


def test_guessing_keys_slows_the_guesser_alone(compound, caller):
    guesser = Caller(compound.app.test_client(), WRONG_KEYS[2], "")
    codes = [guesser.call("GET", "/people").status_code for _try in range(31)]
    assert (set(codes[:30]), codes[30]) == ({401}, 429)
    elsewhere = caller.client.get(
        "/api/v1/people",
        headers={"Authorization": f"Bearer {caller.key}"},
        environ_overrides={"REMOTE_ADDR": "192.0.2.7"},
    )
    assert elsewhere.status_code == 200


def test_a_key_that_calls_too_often_waits(compound, caller, caller_with):
    other = caller_with("people:read")
    with compound.app.app_context():
        counts, now = current_counts(), compound.clock()
        with counts.locked([CountedTries(API_CALLS, (caller.key_id,))]) as rows:
            rows[CountedTries(API_CALLS, (caller.key_id,))] = [int(now.timestamp()), 599]
    codes = [caller.call("GET", "/people") for _call in range(2)]
    assert [answer.status_code for answer in codes] == [200, 429]
    assert codes[1].headers["Retry-After"] == "60"
    assert other.call("GET", "/people").status_code == 200
    compound.clock.now += timedelta(minutes=1)
    assert caller.call("GET", "/people").status_code == 200


def test_a_right_key_works_where_wrong_ones_came_from(compound, caller):
    guesser = Caller(compound.app.test_client(), WRONG_KEYS[2], "")
    assert [guesser.call("GET", "/people").status_code for _try in range(31)][-1] == 429
    assert caller.call("GET", "/people").status_code == 200
