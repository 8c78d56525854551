"""Who hears the bell is the broker's word: a hint, forgotten with the broker and renewed each minute."""

import json

import pytest

from gate_controller.broker.words import BrokerMessage
from web_admin.core.bell_presence import EVERY_SECONDS, GATHER_SECONDS, Presence


def event(presence: Presence, what: str, server: str, number: int, name: str = "ring.a") -> None:
    word = {"server": {"id": server}, "client": {"id": number, "name": name}, "more": [1]}
    presence.take(BrokerMessage(getattr(presence, what), json.dumps(word).encode()))


def there(presence: Presence, server: str, **names: str) -> None:
    connections = [{"cid": int(number[1:]), "name": name} for number, name in names.items()]
    word = {"server": {"id": server}, "data": {"connections": connections}}
    presence.take(BrokerMessage("_INBOX.x", json.dumps(word).encode()))


@pytest.fixture
def presence() -> Presence:
    """Return what is known a moment after two brokers answered who is there."""
    made = Presence("A")
    assert made.connected() is None
    assert made.is_due(100.0)
    there(made, "one", _5="ring.a", _6="ring.b")
    there(made, "two", _5="ring.c")
    assert made.connected() is None
    assert not made.is_due(100.0 + GATHER_SECONDS)
    assert made.connected() == {"ring.a", "ring.b", "ring.c"}
    return made


def test_gates_come_and_go(presence: Presence) -> None:
    event(presence, "goes", "one", 5)
    event(presence, "connects", "two", 9, "ring.d")
    assert presence.connected() == {"ring.b", "ring.c", "ring.d"}
    event(presence, "goes", "two", 6, "ring.b")
    assert presence.connected() == {"ring.b", "ring.c", "ring.d"}, "that was a connection of another broker"


def test_a_gate_that_connects_again_before_its_old_connection_goes_is_there(presence: Presence) -> None:
    event(presence, "connects", "two", 9, "ring.a")
    event(presence, "goes", "one", 5)
    assert "ring.a" in (presence.connected() or ())


def test_what_a_dead_broker_had_is_gone_after_the_next_look(presence: Presence) -> None:
    assert not presence.is_due(100.0 + EVERY_SECONDS - 1)
    assert presence.is_due(100.0 + EVERY_SECONDS)
    there(presence, "two", _5="ring.c")
    event(presence, "connects", "two", 9, "ring.a")
    assert not presence.is_due(100.0 + EVERY_SECONDS + GATHER_SECONDS)
    assert presence.connected() == {"ring.a", "ring.c"}


def test_without_a_broker_nothing_is_known(presence: Presence) -> None:
    presence.forget()
    assert presence.connected() is None


@pytest.mark.parametrize(
    "word", [b"", b"{}", b"[" * 5000, b'{"server": {"id": 5}}', b"\xff", b'{"server": {"id": "x"}}']
)
def test_words_of_no_broker_change_nothing(presence: Presence, word: bytes) -> None:
    for subject in (presence.connects, presence.goes, "_INBOX.x"):
        presence.take(BrokerMessage(subject, word))
    assert presence.connected() == {"ring.a", "ring.b", "ring.c"}
