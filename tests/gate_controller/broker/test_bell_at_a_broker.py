"""What a pass allows, at a real broker with TLS: a gate hears its own bell, and says no word."""

import ssl
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.broker.line import BrokerLine, Login
from gate_controller.broker.words import BrokerGone
from gate_controller.contract.bell import (
    account_of,
    answer_nonce,
    pass_claims,
    ringer_claims,
    signed_token,
    wake_up_subject,
)
from gate_controller.contract.signing import public_bytes
from tests.support.broker import Brokers, run_brokers

NORTH, SOUTH = wake_up_subject("site", "north"), wake_up_subject("site", "south")
OURS, THEIRS, STRANGERS = (Ed25519PrivateKey.generate() for _ in range(3))
PATIENCE_SECONDS = 8.0


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    folder = tmp_path_factory.mktemp("broker")
    with run_brokers(folder, [account_of(OURS), account_of(THEIRS)]) as running:
        yield running


@pytest.fixture
def lines(brokers: Brokers) -> Iterator["Lines"]:
    made = Lines(brokers, [])
    yield made
    for line in made.open:
        line.close()


class Lines:
    """Connections of gates and servers to the broker."""

    def __init__(self, brokers: Brokers, opened: list[BrokerLine]) -> None:
        self.brokers, self.open = brokers, opened

    def gate(
        self,
        account: Ed25519PrivateKey,
        subject: str,
        *,
        hears: Sequence[str] | None = None,
        ends_in: int = 600,
        signs: Ed25519PrivateKey | None = None,
    ) -> BrokerLine:
        user, now = Ed25519PrivateKey.generate(), int(time.time())
        claims = pass_claims(public_bytes(account), public_bytes(user), subject, now, now + ends_in)
        return self._line(
            signed_token(account, claims), signs or user, (subject,) if hears is None else hears
        )

    def server(self, account: Ed25519PrivateKey) -> BrokerLine:
        user, now = Ed25519PrivateKey.generate(), int(time.time())
        claims = ringer_claims(public_bytes(account), public_bytes(user), now, now + 600, ())
        return self._line(signed_token(account, claims), user, ())

    def _line(self, jwt: str, user: Ed25519PrivateKey, hears: Sequence[str]) -> BrokerLine:
        context = ssl.create_default_context(cafile=str(self.brokers.ca))
        login = Login(jwt, lambda nonce: answer_nonce(user, nonce), hears)
        line = BrokerLine(self.brokers.each[0].address, context, login)
        self.open.append(line)
        return line


def rings_of(line: BrokerLine) -> list[str]:
    """Wait for a ring and return what came; the connection fails the test when it is lost."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        found = line.heard(0.5)
        if found:
            assert all(one.payload == b"" for one in found)
            return [one.subject for one in found]
    return []


def is_lost(line: BrokerLine) -> str:
    """Wait until the broker ends the connection and return why."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    with pytest.raises(BrokerGone) as gone:
        while time.monotonic() < give_up:
            assert not line.heard(0.5)
    return str(gone.value)


def test_a_gate_hears_its_own_bell_and_no_other(lines: Lines) -> None:
    north, south, server = lines.gate(OURS, NORTH), lines.gate(OURS, SOUTH), lines.server(OURS)
    server.send_empty([NORTH])
    assert rings_of(north) == [NORTH]
    server.send_empty([SOUTH])
    assert rings_of(south) == [SOUTH], "what came first was its own"


@pytest.mark.parametrize("hears", [SOUTH, "ring.*", "ring.>", ">", "$SYS.>", "_INBOX.>"])
def test_a_gates_pass_hears_no_other_subject(lines: Lines, hears: str) -> None:
    with pytest.raises(BrokerGone, match="Permissions Violation"):
        rings_of(lines.gate(OURS, NORTH, hears=[hears]))


@pytest.mark.parametrize("subject", [NORTH, SOUTH, "anything"])
def test_a_gate_rings_no_bell(lines: Lines, subject: str) -> None:
    north = lines.gate(OURS, NORTH)
    north.send_empty([subject])
    assert "Permissions Violation for Publish" in is_lost(north)


def test_another_compound_neither_rings_nor_hears(lines: Lines) -> None:
    ours, theirs = lines.gate(OURS, NORTH), lines.gate(THEIRS, NORTH)
    lines.server(THEIRS).send_empty([NORTH])
    assert rings_of(theirs) == [NORTH]
    server = lines.server(OURS)
    server.send_empty([NORTH])
    assert rings_of(ours) == [NORTH], "one ring, of our own server"
    assert not ours.heard(0.2)


def test_no_word_travels_with_a_ring(lines: Lines) -> None:
    server = lines.server(OURS)
    server._send(f"PUB {NORTH} 3\r\nabc\r\n".encode())
    assert "Payload" in is_lost(server)


def test_a_pass_of_no_account_here_is_refused(lines: Lines) -> None:
    with pytest.raises(BrokerGone, match="Authorization Violation"):
        lines.gate(STRANGERS, NORTH)


def test_a_pass_without_its_key_is_refused(lines: Lines) -> None:
    with pytest.raises(BrokerGone, match="Authorization Violation"):
        lines.gate(OURS, NORTH, signs=Ed25519PrivateKey.generate())


def test_a_pass_that_is_over_is_refused(lines: Lines) -> None:
    with pytest.raises(BrokerGone, match=r"Authorization Violation|Expired"):
        lines.gate(OURS, NORTH, ends_in=-5)


def test_a_broker_of_another_authority_is_not_spoken_to(brokers: Brokers, tmp_path: Path) -> None:
    def sign(nonce: str) -> str:
        raise AssertionError("it was shown a pass")

    with pytest.raises(BrokerGone, match="SSLCertVerificationError"):
        BrokerLine(brokers.each[0].address, ssl.create_default_context(), Login("x", sign, ()))


def test_the_broker_keeps_nothing(brokers: Brokers) -> None:
    assert "jetstream" not in brokers.each[0].log.lower()
