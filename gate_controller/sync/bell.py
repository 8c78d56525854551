"""Hear the gate's bell: a thread that listens at a broker and wakes the one that asks.

The key is made at each start and is for this alone, since the broker chooses what it signs; the server signs
a pass for it. Whatever the broker does or does not say changes only how soon this gate asks: of a message
nothing is read but that it came.
"""

import logging
import secrets
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from gate_controller.broker.line import BrokerLine, Login
from gate_controller.broker.words import BrokerGone
from gate_controller.contract.bell import answer_nonce, pass_claims, token, wake_up_subject
from gate_controller.contract.messages import BellPass
from gate_controller.contract.signing import public_bytes
from gate_controller.sync.pace import uniform

LISTEN_SECONDS = 1.0
"""How soon a listener notices that it has to stop, or has another pass."""
REST_SECONDS = 0.2
"""Between two reads: a broker that floods is read no faster."""
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 1.0, 60.0
STEADY_SECONDS = 10.0
"""A broker that was heard for less is tried again no sooner than one that is away."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _HeldPass:
    """A pass, and until when it is neither renewed nor over."""

    given: BellPass
    renew_at: float


class GateBell:
    """The bell of one gate; `woken` is called at a wake-up and when the bell begins or ceases to be heard."""

    def __init__(
        self,
        site_id: str,
        gate_id: str,
        server_ca: Path | None,
        monotonic: Callable[[], float],
        woken: Callable[[], None],
    ) -> None:
        """Remember the parts; nothing is heard before `take_pass`."""
        self._subject = wake_up_subject(site_id, gate_id)
        self._server_ca = server_ca
        self._monotonic = monotonic
        self._woken = woken
        self._key = Ed25519PrivateKey.generate()
        self._held: _HeldPass | None = None
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._came = threading.Event()
        self._thread: threading.Thread | None = None
        self._trouble = ""
        self.is_heard = False
        """True while a broker is connected that would send wake-ups."""
        self.changes = 0
        """How often that changed: while it did, a wake-up may have been missed."""

    @property
    def public_key(self) -> bytes:
        """Return the key for which the server signs a pass."""
        return public_bytes(self._key)

    @property
    def wants_pass(self) -> bool:
        """Return whether there is no pass, or one whose half is over."""
        held = self._held
        return held is None or self._monotonic() >= held.renew_at

    def take_pass(self, given: BellPass) -> None:
        """Listen with this pass from now on."""
        self._held = _HeldPass(given, self._monotonic() + given.seconds / 2)
        self._changed.set()
        if self._thread is None and not self._stopping.is_set():
            self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
            self._thread.start()

    def took_wake_up(self) -> bool:
        """Return whether a wake-up came since the last call."""
        came = self._came.is_set()
        self._came.clear()
        return came

    def stop(self) -> None:
        """Listen no more; a connection that is being made ends by its own time-out."""
        self._stopping.set()
        self._changed.set()
        if self._thread is not None:
            self._thread.join(timeout=15)

    def _run(self) -> None:
        wait = FIRST_WAIT_SECONDS
        while not self._stopping.is_set():
            self._changed.clear()
            held = self._held
            if held is None:
                return
            for server in _in_any_order(held.given.servers):
                if self._listened(server, held.given):
                    wait = FIRST_WAIT_SECONDS
                if self._changed.is_set():
                    break
            # With chance: all gates of a broker lose it together.
            if not self._changed.wait(uniform(0.5, 1.0) * wait):
                wait = min(2 * wait, LONGEST_WAIT_SECONDS)

    def _listened(self, server: str, given: BellPass) -> bool:
        """Listen at one broker until it is gone or the pass changes; return whether it was one to rely on."""
        since = None
        try:
            line = BrokerLine(server, self._context(), self._login(given))
            try:
                since = self._monotonic()
                self._hears(True)
                while not self._changed.is_set():
                    if line.heard(LISTEN_SECONDS):
                        self._came.set()
                        self._woken()
                        self._changed.wait(REST_SECONDS)
            finally:
                line.close()
        except (BrokerGone, OSError) as err:
            self._trouble_is(str(err))
        except Exception:
            # No bell is worth the thread.
            log.exception("the bell failed at %s", server)
        self._hears(False)
        return since is not None and self._monotonic() - since >= STEADY_SECONDS

    def _hears(self, heard: bool) -> None:
        if heard != self.is_heard:
            self.is_heard = heard
            self.changes += 1
            if heard:
                self._trouble = ""
            log.info("the bell is %s", "heard" if heard else "not heard")
            self._woken()

    def _trouble_is(self, trouble: str) -> None:
        """Write one line for a trouble that lasts."""
        if trouble != self._trouble:
            self._trouble = trouble
            log.warning("the bell: %s", trouble)

    def _context(self) -> ssl.SSLContext:
        """Trust whom the gate trusts for its server."""
        return ssl.create_default_context(cafile=str(self._server_ca or DEFAULT_CA_BUNDLE_PATH))

    def _login(self, given: BellPass) -> Login:
        signed = pass_claims(
            given.account, self.public_key, self._subject, given.issued_at, given.issued_at + given.seconds
        )
        return Login(
            token(signed, given.signature),
            lambda nonce: answer_nonce(self._key, nonce),
            (self._subject,),
            name=self._subject,
        )


def _in_any_order(servers: tuple[str, ...]) -> list[str]:
    """Return the brokers so that gates share them out."""
    order = list(servers)
    secrets.SystemRandom().shuffle(order)
    return order
