"""A gate that asks all the time is slowed alone."""

from datetime import timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.messages import ASK_PATH
from tests.web_admin.sync.answers import error_of
from web_admin.gates.ask_bounds import ASKS_A_SECOND, ASKS_AT_ONCE, AskBounds


@pytest.mark.wide
def test_a_gate_that_asks_all_the_time_is_slowed_alone(gates_app, north, south, clock):
    seconds = [0.0]
    gates_app.extensions["menjin_ask_bounds"] = AskBounds(lambda: seconds[0])

    def asks(gate):
        return gate.post(ASK_PATH, gate.question(clock.now))

    answers = [asks(north) for _question in range(ASKS_AT_ONCE + 10)]
    assert [one.status_code for one in answers[:ASKS_AT_ONCE]] == [200] * ASKS_AT_ONCE
    assert answers[-1].status_code == 429
    assert error_of(answers[-1]) == "asks_too_often"
    assert asks(south).status_code == 200
    seconds[0] += 1.0
    again = [asks(north).status_code for _question in range(ASKS_A_SECOND + 5)]
    assert again.count(200) == ASKS_A_SECOND


@pytest.mark.wide
def test_who_does_not_sign_uses_up_nothing_of_a_gates(gates_app, north, clock):
    gates_app.extensions["menjin_ask_bounds"] = AskBounds(lambda: 0.0)
    north.ask(clock.now)
    honest, north.key = north.key, Ed25519PrivateKey.generate()
    for _question in range(2 * ASKS_AT_ONCE):
        assert north.post(ASK_PATH, north.question(clock.now)).status_code == 401
    north.key = honest
    assert north.post(ASK_PATH, north.question(clock.now)).status_code == 200


def test_an_honest_gate_at_the_least_pace_is_always_answered(clock):
    seconds = [0.0]
    bounds = AskBounds(lambda: seconds[0])
    for _question in range(1000):
        assert bounds.take("north")
        seconds[0] += 0.1


def test_a_clock_of_the_server_that_is_set_changes_nothing(gates_app, north, clock):
    bounds = AskBounds(lambda: 5.0)
    gates_app.extensions["menjin_ask_bounds"] = bounds
    clock.now -= timedelta(days=400)
    assert msgspec.json.decode(north.post(ASK_PATH, north.question(clock.now)).data)["server_time"]
