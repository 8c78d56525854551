"""What has happened in a history, as far as promises are about it: kept beside the product and never read
by it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gate_controller.contract.journal_chain import JournalEntry
from gate_controller.contract.messages import AskReply
from tests.world.gate import Pulse
from tests.world.network import Exchange, asked, receipts_in
from tests.world.rules import Rules, rules_of
from tests.world.server_state import EventRow, LedgerRow, ServerState


@dataclass(frozen=True)
class Lent:
    """What the last honest answer that a gate heard may have lent it, and when on its boot clock."""

    consents: dict[str, str] = field(default_factory=dict)
    at_boot_seconds: float = 0.0


@dataclass(frozen=True)
class GateSeen:
    """One gate after a step."""

    have: tuple[int, int]
    lost_entry: int
    """An entry that was on the disk and is gone; 0 where none is."""
    new_entries: tuple[JournalEntry, ...]
    new_pulses: tuple[Pulse, ...]
    usable_faces: frozenset[str]
    kept_faces: frozenset[tuple[str, str]]
    """Person and consent of every look on the disk."""
    camera_is_open: bool
    camera_opened: bool
    boot_seconds: float
    is_tampered: bool
    people: frozenset[str]
    face_only_lanes: tuple[str, ...]
    faces_without_other_way: tuple[str, ...]
    clock_at: datetime
    """What the gate's own clock shows."""
    faces_that_open: frozenset[tuple[str, str]]
    """Persons with a look here and lanes that would open for it in this very moment."""
    ways_that_open: frozenset[tuple[str, str]] | None
    """Credentials and lanes that would open for them in this very moment; None while the clock is unsure."""
    ways_too_late: frozenset[tuple[str, str]]
    """Those that stay shut because the policy is too old for what hours or dates bound."""
    unsent_receipts: frozenset[str]
    """Consents whose receipts the server has not acknowledged, by the gate's own file."""
    sent_receipts: frozenset[str]
    """Those that it has, by the same."""


@dataclass(frozen=True)
class Shown:
    """What was shown at a lane in this step, and whether the lane opened for it."""

    gate_id: str
    lane_id: str
    method: str
    credential_ids: tuple[str, ...]
    """All that it may be: a card's number may have been given out again."""
    opened: bool
    decided: bool
    clock_sure: bool
    at: datetime
    """By the gate's own clock."""
    text: str = ""
    uses: int = 0
    issuer_id: str = ""
    """Who gave the visitor's pass that was shown."""
    released: frozenset[str] = frozenset()
    """Lanes whose lock was released at that moment, by the metal."""
    reasons: tuple[str, ...] = ()
    was_inside: bool = False
    """Whether the person came in by a lane that counts, and the gate cannot have forgotten it."""

    @property
    def credential_id(self) -> str:
        """Return the one that it is for sure, where there is one."""
        return self.credential_ids[0] if len(self.credential_ids) == 1 else ""


@dataclass(frozen=True)
class CameIn:
    """One person who was let in by a lane that counts: when, in which life and by which clock of the gate."""

    at: datetime
    life: int
    wall_ahead: timedelta


@dataclass
class Facts:
    """The memory of a history, and what the last step showed."""

    server: ServerState
    now: datetime
    step: str = ""
    gates: dict[str, GateSeen] = field(default_factory=dict)
    exchanges: tuple[Exchange, ...] = ()
    answers: tuple[tuple[Exchange, AskReply], ...] = ()
    new_events: tuple[EventRow, ...] = ()
    new_ledger: tuple[LedgerRow, ...] = ()
    sent: tuple[bytes, ...] = ()
    unanswered: tuple[tuple[str, str], ...] = ()
    """Gates and paths of requests whose answer they did not get."""
    replayed: tuple[tuple[str, AskReply], ...] = ()
    """Messages that gates heard from a false server."""
    shown: Shown | None = None
    breaches: list[str] = field(default_factory=list)
    """What an actor of this step was let do and may not."""
    before: ServerState | None = None
    """The tables before this step."""
    # What goes on over all steps:
    rules: dict[str, dict[tuple[int, int], Rules]] = field(default_factory=dict)
    newest_have: dict[str, tuple[int, int]] = field(default_factory=dict)
    journals: dict[str, dict[int, bytes]] = field(default_factory=dict)
    lent: dict[str, Lent] = field(default_factory=dict)
    ledger: list[LedgerRow] = field(default_factory=list)
    accepted: Counter[tuple[str, int]] = field(default_factory=Counter)
    orders_sent: Counter[str] = field(default_factory=Counter)
    orders_heard: dict[str, set[bytes]] = field(default_factory=dict)
    orders_opened: Counter[str] = field(default_factory=Counter)
    codes_opened: Counter[tuple[str, str]] = field(default_factory=Counter)
    passes_opened: Counter[tuple[str, str]] = field(default_factory=Counter)
    copied_keys: set[str] = field(default_factory=set)
    """Gates whose key a thief has used."""
    ended: set[str] = field(default_factory=set)
    """Credentials that ended for good, as far as the server that runs now or a gate knows."""
    withdrawn: set[str] = field(default_factory=set)
    """Consents that ended, also before a restore."""
    known_consents: set[tuple[str, str]] = field(default_factory=set)
    """Gates and the consents that a policy brought them: of others they have nothing to forget."""
    taken_back: set[tuple[str, str]] = field(default_factory=set)
    """Gates and the consents that were taken back at their screens."""
    face_pressed: dict[str, datetime] = field(default_factory=dict)
    """When face was last pressed at each lane."""
    answered_receipts: set[tuple[str, str]] = field(default_factory=set)
    """Gates and consents of receipts to which a server has answered that it has them."""
    came_in: dict[tuple[str, str], "CameIn"] = field(default_factory=dict)
    """By gate and person: the last way in by a lane that counts."""
    restored: int = 0
    just_restored: bool = False

    def server_changed(self, server: ServerState, *, restored: bool) -> None:
        """Take the tables after a step in which they changed."""
        before, self.server, self.just_restored = self.server, server, restored
        self.withdrawn |= {one for one, consent in server.consents.items() if consent.is_withdrawn}
        if restored:
            self.restored += 1
            self.withdrawn |= set(server.consents) | set(before.consents)
            self.ledger.clear()

    def note_rules(self) -> list[str]:
        """Remember what each published version allows; return where one version allows two things."""
        wrong = []
        for gate_id, gate in self.server.gates.items():
            if self.server.restoring or gate.is_withheld or gate.state not in ("paired", "stolen"):
                continue
            version = (self.server.epoch, gate.published_version)
            rules, known = rules_of(self.server, gate_id), self.rules.setdefault(gate_id, {}).get(version)
            if known is not None and known.at(self.now) != rules.at(self.now):
                wrong.append(
                    f"gate {gate_id}: what version {version} allows was changed and not published: "
                    f"{_difference(known.at(self.now), rules.at(self.now))}"
                )
            self.rules[gate_id][version] = rules
        return wrong

    def note_exchanges(self, exchanges: Iterable[Exchange]) -> None:
        """Take what went over the network in this step."""
        self.exchanges = tuple(exchanges)
        answers = []
        for exchange in self.exchanges:
            if exchange.answer.status_code == 200:
                self.accepted[exchange.gate_id, exchange.counter] += 1
                self.answered_receipts |= {(exchange.gate_id, one) for one in receipts_in(exchange)}
            if exchange.by_thief:
                self.copied_keys.add(exchange.gate_id)
            reply = asked(exchange)
            if reply is None:
                continue
            answers.append((exchange, reply))
            for order in reply.orders:
                self.orders_sent[order.order.hex()] += 1
        self.answers = tuple(answers)

    def note_heard(
        self, gate_id: str, reply: AskReply, server: ServerState | None, boot_seconds: float
    ) -> None:
        """Take an answer that a gate heard; `server` is None for one that was replayed."""
        heard = self.orders_heard.setdefault(gate_id, set())
        heard |= {order.order for order in reply.orders}

        # A replay brings leases sealed to another question: they lend nothing, and end what was lent before.
        may = server is not None and server.gates[gate_id].is_trusted
        if server is None or not may or server.gates[gate_id].is_tampered or server.restoring:
            self.lent[gate_id] = Lent({}, boot_seconds)
        else:
            self.lent[gate_id] = Lent(server.live_consents(), boot_seconds)


def _difference(before: Rules, after: Rules) -> str:
    parts = []
    for name in ("lanes", "people", "credentials", "passes_withdrawn", "emergency_codes"):
        old, new = getattr(before, name), getattr(after, name)
        parts += [
            f"{name}[{key}]: {old.get(key)} -> {new.get(key)}"
            for key in sorted(old.keys() | new.keys())
            if old.get(key) != new.get(key)
        ]
    return "; ".join(parts)
