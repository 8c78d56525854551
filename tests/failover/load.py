"""Gates send events and ask, residents withdraw, staff publish; each until it is acknowledged.

An act that got no answer is done again in the same way, as a gate, a phone and a form do: so what is stored
twice or not at all shows.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gate_controller.contract.journal_chain import HEAD_DOMAIN, Head, SignedHead
from gate_controller.contract.messages import (
    ASK_PATH,
    EVENTS_PATH,
    AskReply,
    AskRequest,
    EventBatch,
    EventsReply,
)
from gate_controller.contract.signing import sign
from tests.served.served_compound import Browser
from tests.served.signed_gate import SignedGate
from tests.support.gates.waiting import until

PAUSE_SECONDS = 0.3
# Made once: two threads that make the decoder of one type at the same time end the process.
READ_EVENTS, READ_ASK = msgspec.json.Decoder(EventsReply), msgspec.json.Decoder(AskReply)


@dataclass
class Act:
    """One act: what it was, when it was first tried and acknowledged, which tries failed before."""

    kind: str
    began: float
    acknowledged: float | None = None
    failures: list[str] = field(default_factory=list)

    @property
    def waited(self) -> float:
        """Return for how many seconds it waited."""
        return (self.acknowledged or time.monotonic()) - self.began


@dataclass
class Load:
    """All acts so far, and whether more may begin."""

    acts: list[Act] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def keep_doing(self, one_round: Callable[[], None]) -> None:
        """Do something again and again in a thread of its own."""

        def work() -> None:
            while not self.stopping.is_set():
                one_round()
                self.stopping.wait(PAUSE_SECONDS)

        self._threads.append(threading.Thread(target=work, daemon=True))
        self._threads[-1].start()

    def do_beside(self, one_act: Callable[[], None]) -> None:
        """Do something once in a thread of its own."""
        self._threads.append(threading.Thread(target=one_act, daemon=True))
        self._threads[-1].start()

    def settle(self) -> None:
        """Return once every act that has begun by now is acknowledged."""
        for act in list(self.acts):
            until(lambda act=act: act.acknowledged is not None, lambda act=act: act, patience=600)  # type: ignore[misc]

    def do(self, kind: str, attempt: Callable[[], str]) -> Act:
        """Try until the attempt returns "" for acknowledged; other words say why it failed."""
        act = Act(kind, time.monotonic())
        self.acts.append(act)
        while True:
            try:
                why = attempt()
            except requests.RequestException as err:
                why = type(err).__name__
            if not why:
                act.acknowledged = time.monotonic()
                return act
            act.failures.append(why)
            threading.Event().wait(PAUSE_SECONDS)

    def end(self) -> None:
        """Let every act that began come to its end."""
        self.stopping.set()
        for thread in self._threads:
            thread.join(timeout=180)


@dataclass
class LoadGate(SignedGate):
    """A gate that sends what is not acknowledged yet, over the proxy."""

    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    """Entries that the server had acknowledged, and has no more as it says itself."""
    passes: tuple[str, str] = ("", "")

    def one_round(self, load: Load) -> None:
        """Write an entry, send it, and ask."""
        self.opens(*self.passes)
        load.do("gate sends events", self._send)
        load.do("gate asks", self._ask)

    def _send(self) -> str:
        fresh = tuple(self.entries[self.acknowledged :])
        last = self.entries[-1]
        head = msgspec.json.encode(Head(self.site_id, f"{self.gate_id}.1", last.seq, last.digest))
        batch = EventBatch(entries=fresh, head=SignedHead(head, sign(self.key, HEAD_DOMAIN, head)))
        answer = self.posts(EVENTS_PATH, batch)
        if answer.status_code == 409:
            self._ask()
        if answer.status_code != 200:
            return str(answer.status_code)
        self.acknowledged = READ_EVENTS.decode(answer.content).acknowledged_seq
        return ""

    def _ask(self) -> str:
        sealing_key = X25519PrivateKey.generate().public_key().public_bytes_raw()
        answer = self.posts(ASK_PATH, self.question(sealing_key))
        if answer.status_code != 200:
            return f"{answer.status_code} {answer.text[:60]}"
        self._goes_on_from(READ_ASK.decode(answer.content).acknowledged_seq)
        return ""

    def _goes_on_from(self, has: int) -> None:
        """Send again what the server says it does not have, as gates do, and note what it once had."""
        self.lost += [f"{self.gate_id} {seq}" for seq in range(has + 1, self.acknowledged + 1)]
        self.acknowledged = has

    def question(self, sealing_key: bytes) -> AskRequest:
        return AskRequest(
            have_epoch=0,
            have_version=0,
            gate_time=datetime.now(UTC),
            clock_sure=True,
            journal_seq=len(self.entries),
            sealing_public_key=sealing_key,
        )


@dataclass
class Resident:
    """A phone that is signed in, of a person whose face is on."""

    person_id: str
    browser: Browser
    act: Act | None = None

    def withdraws(self, load: Load) -> None:
        """Switch face off."""
        self.act = load.do("resident withdraws", self._withdraw)

    def _withdraw(self) -> str:
        answer = self.browser.post("/r/face/off", {"sure": "yes"})
        return "" if answer.status_code == 303 else str(answer.status_code)


@dataclass
class Office:
    """A member of staff who adds people, each of whom is published to the gates."""

    browser: Browser
    home_id: str
    lanes: tuple[str, ...]
    added: list[str] = field(default_factory=list)

    def one_round(self, load: Load) -> None:
        """Add a person: the form is filled once and sent until it is taken."""
        name, once = f"Load {len(self.added) + 1}", f"once-of-the-load-{len(self.added) + 1:06d}"
        form = {
            "display_name": name,
            "home_id": self.home_id,
            "kind": "resident",
            "age_band": "adult",
            "language": "en",
            "lanes": list(self.lanes),
            "once": once,
        }

        def send() -> str:
            answer = self.browser.post("/manage/people/new", form)
            return "" if answer.status_code == 303 else f"{answer.status_code}"

        load.do("staff publish", send)
        self.added.append(name)
