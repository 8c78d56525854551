"""A gate's bell at brokers that lie: they ring all the time, speak nonsense, hang up, or say nothing."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.bell import pass_claims, wake_up_subject
from gate_controller.contract.messages import BellPass
from gate_controller.contract.signing import public_bytes
from gate_controller.sync import bell as bell_module
from gate_controller.sync.bell import REST_SECONDS, GateBell
from tests.support.gates.waiting import until
from tests.support.peers import make_certificate

ACCOUNT = Ed25519PrivateKey.generate()
INFO = b'INFO {"server_id":"x","nonce":"abc","max_payload":0}\r\n'
SUBJECT = wake_up_subject("site", "north")
RING = f"MSG {SUBJECT} 1 0\r\n\r\n".encode()


class LyingBroker:
    """Takes connections, logs everyone in, and then says what it was given, for as long as it is read."""

    def __init__(self, folder: Path, says: bytes, *, again: bool = False, info: bytes = INFO) -> None:
        self.certificate, key = make_certificate(folder)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.certificate, key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"localhost:{self._listener.getsockname()[1]}"
        self._says, self._again, self._info = says, again, info
        self.logins = 0
        self.sent = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            plain, _ = self._listener.accept()
            try:
                with self._context.wrap_socket(plain, server_side=True) as line:
                    self._talk(line)
            except OSError:
                plain.close()

    def _talk(self, line: ssl.SSLSocket) -> None:
        line.settimeout(0.2)
        line.sendall(self._info)
        heard = b""
        while b"PING\r\n" not in heard:
            data = line.recv(4096)
            if not data:
                return
            heard += data
        line.sendall(b"PONG\r\n")
        self.logins += 1
        while not self._stopped.is_set():
            try:
                line.sendall(self._says)
                self.sent += len(self._says)
            except TimeoutError:
                return
            if not self._again:
                self._stopped.wait(0.2)
                return

    def stop(self) -> None:
        self._stopped.set()
        socket.create_connection(self._listener.getsockname()).close()
        self._thread.join()
        self._listener.close()


@contextmanager
def lying(folder: Path, says: bytes, **manner: object) -> Iterator[LyingBroker]:
    broker = LyingBroker(folder, says, **manner)  # type: ignore[arg-type]
    try:
        yield broker
    finally:
        broker.stop()


@pytest.fixture
def bell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[LyingBroker], GateBell]]:
    monkeypatch.setattr(bell_module, "FIRST_WAIT_SECONDS", 0.05)
    made = []

    def listen(broker: LyingBroker) -> GateBell:
        one = GateBell("site", "north", broker.certificate, time.monotonic, lambda: None)
        made.append(one)
        one.take_pass(pass_for(one, broker.address))
        return one

    yield listen
    for one in made:
        one.stop()


def pass_for(bell: GateBell, *servers: str, seconds: int = 600) -> BellPass:
    now = int(time.time())
    claims = pass_claims(public_bytes(ACCOUNT), bell.public_key, SUBJECT, now, now + seconds)
    return BellPass(
        servers=servers,
        account=public_bytes(ACCOUNT),
        issued_at=now,
        seconds=seconds,
        signature=ACCOUNT.sign(claims),
    )


def test_a_ring_is_heard(tmp_path: Path, bell: Callable[[LyingBroker], GateBell]) -> None:
    with lying(tmp_path, RING) as broker:
        heard = bell(broker)
        until(heard.took_wake_up)


def test_a_broker_that_rings_without_end_is_read_slowly(
    tmp_path: Path, bell: Callable[[LyingBroker], GateBell]
) -> None:
    with lying(tmp_path, RING * 1000, again=True) as broker:
        heard, rings, began = bell(broker), 0, time.monotonic()
        while rings < 5:
            until(heard.took_wake_up)
            rings += 1
        assert rings <= (time.monotonic() - began) / REST_SECONDS + 2
        assert heard._thread is not None
        assert heard._thread.is_alive()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"MSG ring 1 99999999999999\r\n",
        b"MSG ring 1 512\r\n" + b"x" * 512 + b"\r\n",
        b"MSG ring\r\n",
        b"x" * 100_000,
        b"INFO " + b"[" * 10_000 + b"\r\n",
        b"\x00\xff\xfe\r\n",
        b"-ERR 'Slow Consumer'\r\n",
        f"MSG {SUBJECT} 1 0\r\nabc\r\n".encode(),
        b"",
    ],
)
def test_nonsense_ends_the_connection_and_it_is_tried_again(
    tmp_path: Path, bell: Callable[[LyingBroker], GateBell], nonsense: bytes
) -> None:
    with lying(tmp_path, nonsense) as broker:
        heard = bell(broker)
        until(lambda: broker.logins >= 2)
        assert heard._thread is not None
        assert heard._thread.is_alive()


@pytest.mark.parametrize("info", [b"", b"INFO no json\r\n", b"INFO {}\r\n" + b"PING\r\n" * 5, b"+OK\r\n"])
def test_a_broker_that_introduces_itself_badly_is_not_heard(
    tmp_path: Path,
    bell: Callable[[LyingBroker], GateBell],
    info: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gate_controller.broker.line.CONNECT_SECONDS", 1.0)
    with lying(tmp_path, RING, info=info) as broker:
        heard = bell(broker)
        until(lambda: heard._trouble or broker.logins)


def test_a_bell_that_is_lost_and_found_at_once_is_noticed(
    tmp_path: Path, bell: Callable[[LyingBroker], GateBell]
) -> None:
    """A ring may have been missed in between, however short it was."""
    with lying(tmp_path, b"") as broker:
        heard = bell(broker)
        until(lambda: broker.logins >= 2)
        until(lambda: heard.changes >= 3)


def test_a_pass_is_wanted_at_the_beginning_and_when_half_of_it_is_over(tmp_path: Path) -> None:
    now = [100.0]
    bell = GateBell("site", "north", None, lambda: now[0], lambda: None)
    assert bell.wants_pass
    bell._stopping.set()  # nothing is to listen
    bell.take_pass(pass_for(bell, "localhost:1", seconds=600))
    now[0] = 399.0
    assert not bell.wants_pass
    now[0] = 400.0
    assert bell.wants_pass


def test_a_pass_that_names_no_place_does_no_harm(tmp_path: Path) -> None:
    bell = GateBell("site", "north", None, time.monotonic, lambda: None)
    bell.take_pass(pass_for(bell, "nowhere", "host:99999", ":1"))
    until(lambda: bell._trouble)
    assert not bell.is_heard
    bell.stop()
