"""What a server with a bell says of it and to whom; older gates, and a server without one, see nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.bell import pass_claims, wake_up_subject
from gate_controller.contract.features import BELL
from gate_controller.contract.messages import ASK_PATH
from gate_controller.contract.signing import public_bytes, verify_message
from tests.support.compounds.with_gates import add_person
from web_admin.compound.models import Gate
from web_admin.core.bell import Bell
from web_admin.gates.silence import ASKS_WITH_BELL_SECONDS, SILENT_AFTER
from web_admin.policy.publish import publish_policy

ACCOUNT = Ed25519PrivateKey.generate()
USER = public_bytes(Ed25519PrivateKey.generate())


@pytest.fixture
def bell(gates_app):
    """Return the server's bell, which is set up; no broker is connected before a test says so."""
    made = Bell(["bell.example.org:4222"], None, ACCOUNT, lambda: datetime.now(UTC))
    gates_app.extensions["menjin"] = replace(gates_app.extensions["menjin"], bell=made)
    return made


def asked(gate, now, **more):
    question = msgspec.structs.replace(gate.question(now), **more)
    return gate.read(gate.post(ASK_PATH, question))


def test_a_gate_that_could_hear_learns_that_there_is_a_bell(north, bell, clock):
    assert BELL in asked(north, clock.now, knows=(BELL,)).knows
    assert asked(north, clock.now, knows=(BELL,)).bell_seconds is msgspec.UNSET


def test_an_older_gate_gets_no_field_that_it_does_not_know(north, bell, clock):
    bell.can_wake = True
    body = north.post(ASK_PATH, north.question(clock.now)).data
    assert b"bell" not in body
    assert (
        b"bell_"
        not in north.post(ASK_PATH, msgspec.structs.replace(north.question(clock.now), knows=())).data
    )


def test_a_server_without_a_bell_names_none(north, clock):
    reply = asked(north, clock.now, knows=(BELL,), bell_key=USER)
    assert BELL not in reply.knows
    assert reply.bell_pass is msgspec.UNSET
    assert reply.bell_seconds is msgspec.UNSET


def test_a_pass_is_signed_for_the_gate_and_key_that_asks(north, bell, site, clock):
    given = asked(north, clock.now, knows=(BELL,), bell_key=USER).bell_pass
    ends_at = given.issued_at + given.seconds
    verify_message(
        public_bytes(ACCOUNT),
        pass_claims(given.account, USER, wake_up_subject(site, "north"), given.issued_at, ends_at),
        given.signature,
    )
    assert given.servers == ("bell.example.org:4222",)
    assert given.issued_at == int(clock.now.timestamp())
    assert asked(north, clock.now, knows=(BELL,)).bell_pass is msgspec.UNSET, "it asked for none"


@pytest.mark.parametrize("state", [{"forked_at": 1}, {"state": "stolen"}])
def test_a_gate_that_is_not_believed_or_stolen_gets_no_pass(north, bell, database, clock, state):
    north.ask(clock.now)
    with database.session() as session:
        for name, value in state.items():
            setattr(session.get_one(Gate, "north"), name, clock.now if value == 1 else value)
    assert asked(north, clock.now, knows=(BELL,), bell_key=USER).bell_pass is msgspec.UNSET


def test_also_an_answer_from_memory_says_whether_gates_can_be_rung_now(
    north, bell, database, sealer, site, clock
):
    with database.session() as session:
        add_person(session, site, None, ["north-in"], clock.now)
        publish_policy(session, sealer, site, clock.now)
    asked(north, clock.now, knows=(BELL,))
    with database.session() as session:
        row = session.get_one(Gate, "north")
        north.have = (1, row.published_version)
    said = []
    for ringing in (False, False, True, True, False):
        bell.can_wake = ringing
        clock.now += timedelta(seconds=2)
        said.append(asked(north, clock.now, knows=(BELL,)).bell_seconds)
    unset, minute = msgspec.UNSET, ASKS_WITH_BELL_SECONDS
    assert said == [unset, unset, minute, minute, unset]


def test_a_gate_with_a_bell_asks_twice_before_it_is_silent():
    assert SILENT_AFTER.total_seconds() >= 2 * ASKS_WITH_BELL_SECONDS
