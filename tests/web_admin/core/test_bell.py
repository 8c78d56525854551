"""The server's side of the bell: acts never wait for a broker, and what cannot be rung is counted."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.bell import account_of, pass_claims, wake_up_subject
from gate_controller.contract.signing import public_bytes, verify_message
from gate_controller.sync.bell import GateBell
from tests.support.broker import free_ports, run_brokers
from tests.support.gates.waiting import until
from tests.web_admin.core.rung_away import KEY, counted
from web_admin.core import bell as bell_module
from web_admin.core.bell import PASS_SECONDS, Bell, account_key
from web_admin.core.request_times import request_numbers


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bell]:
    """Return a bell whose broker is not there, and for which nothing waits at the end."""
    bell = Bell([f"localhost:{free_ports(1)[0]}"], None, KEY, partial(datetime.now, UTC))
    yield bell
    monkeypatch.setattr(bell_module, "LAST_SECONDS", 0.0)
    bell.close()


def test_rings_that_waited_for_a_broker_are_sent_when_it_is_there(tmp_path: Path) -> None:
    with run_brokers(tmp_path / "brokers", [account_of(KEY)]) as brokers:
        brokers.each[0].kill()
        bell = Bell([brokers.each[0].address], brokers.ca, KEY, partial(datetime.now, UTC))
        before = counted("sent")
        bell.wake_gates(["ring.a", "ring.b"])
        until(lambda: not bell.can_wake)
        brokers.each[0].start()
        until(lambda: counted("sent") - before == 2)
        assert bell.can_wake
        assert "menjin_bell_connected" in request_numbers().decode()
        bell.close()


def test_many_rings_are_spread_and_all_sent(tmp_path: Path) -> None:
    with run_brokers(tmp_path / "brokers", [account_of(KEY)]) as brokers:
        bell = Bell([brokers.each[0].address], brokers.ca, KEY, partial(datetime.now, UTC))
        bell.start()
        until(lambda: bell.can_wake)
        before = counted("sent")
        bell.wake_gates([f"ring.{number}" for number in range(1500)])
        until(lambda: counted("sent") - before == 1500)
        bell.close()


def test_who_hears_is_known_from_the_brokers_own_words(tmp_path: Path) -> None:
    with run_brokers(tmp_path / "brokers", [account_of(KEY)]) as brokers:
        bell = Bell([brokers.each[0].address], brokers.ca, KEY, partial(datetime.now, UTC))
        gate = GateBell("site", "north", brokers.ca, time.monotonic, lambda: None)
        assert bell.is_heard("site", "north") is None
        bell.start()
        until(lambda: bell.is_heard("site", "north") is False)
        given = bell.pass_for("site", "north", gate.public_key, datetime.now(UTC))
        assert given is not None
        gate.take_pass(given)
        until(lambda: bell.is_heard("site", "north"))
        assert bell.is_heard("site", "south") is False
        gate.stop()
        until(lambda: bell.is_heard("site", "north") is False)
        brokers.each[0].kill()
        until(lambda: bell.is_heard("site", "north") is None)
        bell.close()


def test_a_pass_is_signed_for_one_gate_and_key(away: Bell) -> None:
    user, now = public_bytes(Ed25519PrivateKey.generate()), datetime(2026, 3, 4, tzinfo=UTC)
    given = away.pass_for("site", "north", user, now)
    assert given is not None
    issued_at = int(now.timestamp())
    subject = wake_up_subject("site", "north")
    claims = pass_claims(given.account, user, subject, issued_at, issued_at + PASS_SECONDS)
    verify_message(public_bytes(KEY), claims, given.signature)


def test_the_account_is_the_same_at_each_start_and_another_elsewhere() -> None:
    assert account_of(account_key(b"s" * 32)) == account_of(account_key(b"s" * 32))
    assert account_of(account_key(b"s" * 32)) != account_of(account_key(b"t" * 32))
