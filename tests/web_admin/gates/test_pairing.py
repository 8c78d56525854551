"""Pairing of a controller: one code, the same words on both sides, and keys that are handed over once."""

from datetime import timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.messages import (
    PAIR_STATE_PATH,
    PairState,
)
from gate_controller.contract.sealed_keys import CARD_KEY_USE, PIN_KEY_USE, open_key
from gate_controller.contract.signing import (
    PairingKeys,
    pairing_phrase,
    public_bytes,
)
from tests.support.compounds.with_gates import add_gate
from tests.web_admin.sync.answers import Controller, error_of, introduced, signed
from web_admin.compound.models import Gate
from web_admin.gates import pairing

# -- pairing -----------------------------------------------------------------------------------------


@pytest.fixture
def new_gate(database, sealer, site, clock, gates_app):
    with database.session() as session:
        add_gate(session, sealer, site, "east", 3, ["card"])
        gate = session.get_one(Gate, "east")
        gate.state, gate.public_key = "new", None
        return pairing.make_code(session, sealer, gate, clock.now)


def poll(client, pair_id, key, method="POST"):
    return signed(client, PAIR_STATE_PATH, pair_id, key, b"", method)


def test_pairing_shows_the_same_words_and_hands_the_keys_over_once(
    database, sealer, site, gates_app, clock, new_gate
):
    client, controller = gates_app.test_client(), Controller()
    key = controller.key
    reply = controller.commits(client, new_gate.lower())
    assert msgspec.json.decode(poll(client, reply.pair_id, key).data, type=PairState).state == "waiting"
    with database.session() as session, pytest.raises(pairing.PairingRefused):
        pairing.approve(session, sealer, reply.pair_id, clock.now)
    assert controller.reveals(client, reply.pair_id).status_code == 200
    assert msgspec.json.decode(poll(client, reply.pair_id, key).data, type=PairState).state == "waiting"
    assert poll(client, reply.pair_id, Ed25519PrivateKey.generate()).status_code == 401
    with database.session() as session:
        attempt = session.get_one(pairing.PairAttempt, reply.pair_id)
        keys = PairingKeys(public_bytes(key), controller.sealing_public_key, reply.root_public_key)
        assert attempt.phrase == pairing_phrase(keys, controller.nonce, reply.server_nonce, 12)
        gate = pairing.approve(session, sealer, reply.pair_id, clock.now)
        assert (gate.gate_id, gate.state) == ("east", "paired")
    state = msgspec.json.decode(poll(client, reply.pair_id, key, "GET").data, type=PairState)
    assert (state.state, state.site_id, state.gate_id) == ("approved", site, "east")
    opened = [
        open_key(controller.sealing_key, sealed, use, site, "east")
        for sealed, use in ((state.card_key_sealed, CARD_KEY_USE), (state.pin_key_sealed, PIN_KEY_USE))
    ]
    with database.session() as session:
        gate = session.get_one(Gate, "east")
        kept = [sealer.open(key, purpose="gate-key") for key in (gate.card_key_sealed, gate.pin_key_sealed)]
    assert opened == kept
    assert opened[0] != opened[1]
    again = msgspec.json.decode(poll(client, reply.pair_id, key).data, type=PairState)
    assert (again.state, again.card_key_sealed) == ("refused", None)
    assert controller.post_commit(client, new_gate).status_code == 403
    assert error_of(controller.reveals(client, reply.pair_id)) == "pairing_unknown"


def test_another_nonce_than_the_one_committed_to_ends_the_pairing(
    database, sealer, gates_app, clock, new_gate
):
    client, controller = gates_app.test_client(), Controller()
    pair_id = controller.commits(client, new_gate).pair_id
    assert error_of(controller.reveals(client, pair_id, bytes(16))) == "nonce_wrong"
    assert error_of(controller.reveals(client, pair_id)) == "pairing_unknown", "one try"
    with database.session() as session, pytest.raises(pairing.PairingRefused):
        pairing.approve(session, sealer, pair_id, clock.now)
    assert msgspec.json.decode(poll(client, pair_id, controller.key).data, type=PairState).state == "refused"


def test_a_new_code_ends_a_pairing_whose_nonce_has_not_come(database, sealer, gates_app, clock, new_gate):
    client, controller = gates_app.test_client(), Controller()
    pair_id = controller.commits(client, new_gate).pair_id
    with database.session() as session:
        pairing.make_code(session, sealer, session.get_one(Gate, "east"), clock.now)
    assert error_of(controller.reveals(client, pair_id)) == "pairing_unknown"


def test_only_the_controller_that_committed_may_reveal(gates_app, new_gate):
    client, controller, other = gates_app.test_client(), Controller(), Controller()
    pair_id = controller.commits(client, new_gate).pair_id
    assert error_of(other.reveals(client, pair_id)) == "signature_wrong"
    assert controller.reveals(client, pair_id).status_code == 200


def test_a_pairing_from_before_the_server_committed_needs_a_new_code(
    database, sealer, gates_app, clock, new_gate
):
    pair_id = introduced(gates_app.test_client(), new_gate)[0]
    with database.session() as session:
        session.get_one(pairing.PairAttempt, pair_id).sealing_public_key = None
    with database.session() as session, pytest.raises(pairing.PairingRefused, match="make a new code"):
        pairing.approve(session, sealer, pair_id, clock.now)


def test_a_controller_that_was_replaced_before_it_fetched_gets_no_keys_of_its_successor(
    database, sealer, gates_app, clock, new_gate
):
    client = gates_app.test_client()
    first, first_key = introduced(client, new_gate)
    with database.session() as session:
        gate = pairing.approve(session, sealer, first, clock.now)
        code = pairing.make_code(session, sealer, gate, clock.now)
    second, second_key = introduced(client, code)
    with database.session() as session:
        pairing.approve(session, sealer, second, clock.now)
    late = msgspec.json.decode(poll(client, first, first_key).data, type=PairState)
    assert (late.state, late.card_key_sealed, late.pin_key_sealed) == ("refused", None, None)
    assert msgspec.json.decode(poll(client, second, second_key).data, type=PairState).state == "approved"


@pytest.mark.parametrize("state", ["stolen", "retired"])
def test_a_gate_that_is_out_of_use_hands_no_keys_over(database, sealer, gates_app, clock, new_gate, state):
    client = gates_app.test_client()
    pair_id, key = introduced(client, new_gate)
    with database.session() as session:
        pairing.approve(session, sealer, pair_id, clock.now).state = state
    assert msgspec.json.decode(poll(client, pair_id, key).data, type=PairState).state == "refused"


def test_a_code_is_worthless_after_15_minutes(gates_app, clock, new_gate):
    clock.now += timedelta(minutes=15)
    response = Controller().post_commit(gates_app.test_client(), new_gate)
    assert (response.status_code, error_of(response)) == (403, "code_wrong")


def test_five_wrong_codes_a_minute_are_enough(gates_app, clock, new_gate):
    client = gates_app.test_client()
    new, wrong = Controller(), "2222-2222"
    assert [new.post_commit(client, wrong).status_code for _ in range(6)] == [403] * 5 + [429]
    assert new.post_commit(client, new_gate).status_code == 429
    elsewhere = new.post_commit(client, wrong, environ_base={"REMOTE_ADDR": "10.0.0.9"})
    assert elsewhere.status_code == 403
    clock.now += timedelta(seconds=61)
    assert new.post_commit(client, new_gate).status_code == 200


def test_a_refused_controller_learns_it_and_gets_no_keys(database, gates_app, clock, new_gate):
    client = gates_app.test_client()
    pair_id, key = introduced(client, new_gate)
    with database.session() as session:
        pairing.refuse(session, pair_id)
    assert msgspec.json.decode(poll(client, pair_id, key).data, type=PairState) == PairState(state="refused")
