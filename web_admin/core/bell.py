"""Wake gates by a broker of NATS: one thread a process, a bounded set of wake-ups; no act ever waits for it.

An empty message on a gate's subject means "ask now". Wake-ups that wait while no broker is connected are kept
for as long as a gate may wait for its next question, and dropped and counted then. Without `bell_servers` in
`web.toml` there is no bell, and gates ask as ever.
"""

import atexit
import contextlib
import hmac
import logging
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path

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
from gate_controller.contract.messages import BellPass
from gate_controller.contract.signing import public_bytes
from web_admin.core.bell_numbers import count_wake_ups, note_connected
from web_admin.core.bell_presence import LONGEST_WORD, Presence
from web_admin.core.cell_in_hand import in_this_cell
from web_admin.core.wake_up_pace import EVERY_SECONDS, WakeUpPace

PASS_SECONDS = 24 * 3600
"""For how long a pass is good; a gate that left the compound may hear its own bell that long."""
MOST_WAITING = 10_000
KEPT_SECONDS = 60.0
LISTEN_SECONDS = 1.0
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 30.0
LAST_SECONDS = 3.0
"""Seconds that a command waits for its wake-ups before it ends."""

_log = logging.getLogger(__name__)


def account_key(seal_key: bytes) -> Ed25519PrivateKey:
    """Return the key of the compound's account at a broker, which signs passes; no file keeps it."""
    return Ed25519PrivateKey.from_private_bytes(hmac.digest(seal_key, b"menjin/bell/account/1", "sha256"))


class NoBell:
    """No broker: no gate is woken."""

    is_set_up = False
    can_wake = False

    def start(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def wake_gates(self, subjects: Collection[str]) -> None:
        """Do nothing."""

    def pass_for(self, site_id: str, gate_id: str, user: bytes, now: datetime) -> BellPass | None:
        """Return no pass."""

    def is_heard(self, site_id: str, gate_id: str) -> bool | None:
        """Return that it is not known."""


class Bell(NoBell):
    """The bells of all gates of a compound, as one process sends their wake-ups."""

    is_set_up = True

    def __init__(
        self, servers: Sequence[str], ca: Path | None, key: Ed25519PrivateKey, clock: Callable[[], datetime]
    ) -> None:
        """Remember the parts; `start`, or the first wake-up, connects."""
        self._servers = tuple(servers)
        self._ca = ca
        self._key = key
        self._clock = clock
        self._account = public_bytes(key)
        self._lock = threading.Lock()
        self._presence = Presence(account_of(key))
        self._waiting: dict[str, float] = {}
        """Subjects of wake-ups to send, each with when it is too late for it."""
        self._pace = WakeUpPace()
        self._pid = 0
        self._ends: tuple[socket.socket, socket.socket] | None = None
        """Bytes into the second wake the thread, which waits for the first."""
        self._idle = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.can_wake = False

    def start(self) -> None:
        """Connect, and stay connected, from a thread of this process."""
        with self._lock:
            if self._pid == os.getpid():
                return
            # Not what a process before a fork had.
            self._pid, self.can_wake = os.getpid(), False
            self._ends = socket.socketpair()
            for end in self._ends:
                end.setblocking(False)
            work = in_this_cell(partial(self._run, self._ends[0]))
            self._thread = threading.Thread(target=work, name="bell", daemon=True)
            self._thread.start()
        note_connected(False)
        atexit.register(self._finish)

    def close(self) -> None:
        """Send no more; wake-ups that wait get a moment first."""
        self._finish()
        self._stopping.set()
        self._wake()
        if self._thread is not None:
            self._thread.join(timeout=15)
        for end in self._ends or ():
            end.close()
        self._ends = None
        atexit.unregister(self._finish)

    def wake_gates(self, subjects: Collection[str]) -> None:
        """Take wake-ups to be sent; drop those beyond what may wait."""
        self.start()
        until = time.monotonic() + KEPT_SECONDS
        dropped = 0
        with self._lock:
            for subject in subjects:
                if subject in self._waiting or len(self._waiting) < MOST_WAITING:
                    self._waiting[subject] = until
                else:
                    dropped += 1
            self._idle.clear()
        count_wake_ups("dropped", dropped)
        self._wake()

    def _wake(self) -> None:
        if self._ends is not None:
            with contextlib.suppress(BlockingIOError):  # then it is awake
                self._ends[1].send(b"!")

    def pass_for(self, site_id: str, gate_id: str, user: bytes, now: datetime) -> BellPass | None:
        """Return a gate's pass to hear its own bell, and nothing else, with this key."""
        issued_at = int(now.timestamp())
        claims = pass_claims(
            self._account, user, wake_up_subject(site_id, gate_id), issued_at, issued_at + PASS_SECONDS
        )
        return BellPass(
            servers=self._servers,
            account=self._account,
            issued_at=issued_at,
            seconds=PASS_SECONDS,
            signature=self._key.sign(claims),
        )

    def is_heard(self, site_id: str, gate_id: str) -> bool | None:
        """Return whether a gate is connected, by the broker's word; None while it is not known."""
        connected = self._presence.connected()
        return None if connected is None else wake_up_subject(site_id, gate_id) in connected

    def _finish(self) -> None:
        """Give the last wake-ups a moment."""
        with self._lock:
            is_done = not self._waiting or self._pid != os.getpid()
        if not is_done:
            self._idle.wait(LAST_SECONDS)

    # -- the thread --------------------------------------------------------------------------------

    def _run(self, woken: socket.socket) -> None:
        wait, trouble = FIRST_WAIT_SECONDS, ""
        while not self._stopping.is_set():
            for server in self._servers:
                try:
                    line = BrokerLine(server, self._context(), self._login())
                except (BrokerGone, OSError) as err:
                    if str(err) != trouble:
                        trouble = str(err)
                        _log.warning("the bell: %s", err)
                    continue
                trouble, wait = "", FIRST_WAIT_SECONDS
                self._serve(line, server, woken)
                if self._stopping.is_set():
                    return
            self._drop_late()
            self._stopping.wait(wait)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)

    def _serve(self, line: BrokerLine, server: str, woken: socket.socket) -> None:
        """Send wake-ups until the broker is gone."""
        _log.info("the bell rings at %s", server)
        self._connected(True)
        try:
            while not self._stopping.is_set():
                self._send_all(line)
                if self._presence.is_due(time.monotonic()):
                    line.ask(self._presence.asks, _inbox(self._key))
                for heard in line.heard(LISTEN_SECONDS, woken):
                    self._presence.take(heard)
                with contextlib.suppress(BlockingIOError):
                    woken.recv(4096)
        except BrokerGone as err:
            _log.warning("the bell: %s", err)
        except Exception:  # noqa: BLE001 - no bell is worth the thread, and it is logged
            _log.exception("the bell failed")
        finally:
            self._connected(False)
            self._presence.forget()
            line.close()

    def _connected(self, is_so: bool) -> None:
        self.can_wake = is_so
        note_connected(is_so)

    def _send_all(self, line: BrokerLine) -> None:
        self._drop_late()
        while True:
            with self._lock:
                if not self._waiting:
                    self._idle.set()
                    return
                part = list(islice(self._waiting, self._pace.most(time.monotonic())))
            line.send_empty(part)
            self._pace.sent(len(part))
            with self._lock:
                for subject in part:
                    self._waiting.pop(subject, None)
                is_more = bool(self._waiting)
            count_wake_ups("sent", len(part))
            if is_more:
                self._stopping.wait(EVERY_SECONDS)

    def _drop_late(self) -> None:
        now = time.monotonic()
        with self._lock:
            late = [subject for subject, until in self._waiting.items() if until < now]
            for subject in late:
                del self._waiting[subject]
        count_wake_ups("dropped", len(late))

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=None if self._ca is None else str(self._ca))

    def _login(self) -> Login:
        key, now = Ed25519PrivateKey.generate(), int(self._clock().timestamp())
        hears = (self._presence.connects, self._presence.goes, _inbox(self._key))
        asks = (self._presence.asks,)
        claims = ringer_claims(self._account, public_bytes(key), now, now + PASS_SECONDS, hears, asks)
        return Login(
            signed_token(self._key, claims),
            lambda nonce: answer_nonce(key, nonce),
            hears,
            LONGEST_WORD,
            name="server",
        )


def _inbox(key: Ed25519PrivateKey) -> str:
    """Return where the broker's answers come, to all processes of the server."""
    return f"_INBOX.{account_of(key)}"
