"""Call the server: ask for policy and orders, hand over events and receipts.

The gate decides without the server; this thread only keeps it up to date. A failure here is
reported once when it starts and once when it ends, and tried again at the next turn.
"""

import logging
import threading
from collections.abc import Callable, Mapping

import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.features import (
    BELL,
    CALL_RELAYS,
    CALLS,
    FACE_BESIDE,
    GUARD_CALLS,
    LOST_READERS,
    SUM_DIGEST,
    known,
)
from gate_controller.contract.messages import (
    ASK_PATH,
    HANDOVER_PATH,
    MAX_TROUBLE_CHARS,
    AskReply,
    AskRequest,
    HandoverReply,
)
from gate_controller.contract.records import FaceRecord, PolicyRefused
from gate_controller.contract.signing import KeyRole, SignatureRefused, SignedCertificate
from gate_controller.face_control.installed import has_face_code
from gate_controller.face_control.retention import FaceKeeper
from gate_controller.lane.status import GateStatus, without_lost
from gate_controller.storage.clock import GateClock
from gate_controller.storage.disk_room import DiskState, disk_health
from gate_controller.storage.journal import Journal
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from gate_controller.sync.bell import GateBell
from gate_controller.sync.journal_delivery import JournalDelivery
from gate_controller.sync.lent_faces import LentFaces
from gate_controller.sync.link import ServerLink, SyncRefused
from gate_controller.sync.news import (
    CallsOffered,
    LinkChanged,
    OrderArrived,
    PassKeyChanged,
    PolicyFresh,
    PolicyRejected,
    PolicyTaken,
    SyncNews,
)
from gate_controller.sync.numbers import GateNumbers, NumbersFile
from gate_controller.sync.pace import AskPace, lasting
from gate_controller.updates.updates import GateUpdates

log = logging.getLogger(__name__)


class SyncClient:
    """The thread that keeps one gate up to date."""

    def __init__(
        self,
        link: ServerLink,
        identity: GateIdentity,
        key: Ed25519PrivateKey,
        store: PolicyStore,
        journal: Journal,
        clock: GateClock,
        keeper: FaceKeeper,
        boot_seconds: Callable[[], float],
        status: Callable[[], GateStatus],
        deliver: Callable[[SyncNews], None],
        nudge: threading.Event,
        roster: Mapping[str, FaceRecord],
        program: str,
        disk: Callable[[], DiskState],
        numbers: NumbersFile,
        bell: GateBell,
        updates: GateUpdates | None = None,
    ) -> None:
        """Remember the parts; `start` begins to call, and `nudge` set by anyone makes it call at once."""
        self._link = link
        self._store = store
        self._journal = journal
        self._clock = clock
        self._keeper = keeper
        self._boot_seconds = boot_seconds
        self._status = status
        self._deliver = deliver
        self._online: bool | None = None
        self._turned_down = ""
        self._lent = LentFaces(identity)
        self._pace = AskPace(clock.monotonic_seconds())
        self.delivery = JournalDelivery(link, identity, key, store, journal, clock, self._ask_now)
        self._bell = bell
        self._bell_changes, self._server_knows, self._offers_calls = 0, frozenset[str](), False
        self._said: AskRequest | None = None
        self._wake = nudge
        self._roster = roster
        self._program = program
        self._disk = disk
        self._numbers = numbers
        self._updates = updates
        self._told_tamper_id: str | None = None
        self._handed_after = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)

    def start(self) -> None:
        """Begin to call the server."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a call under way ends by its own time-out."""
        self._stopping.set()
        self._wake.set()
        self._bell.stop()
        self._thread.join(timeout=15)
        self._link.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._turn()
            self._wake.wait(self._pace.seconds_left(self._clock.monotonic_seconds()))
            self._wake.clear()

    def _turn(self) -> None:
        """Ask when it is time; hand over events and receipts whenever woken."""
        now_seconds = self._clock.monotonic_seconds()
        try:
            self._keeper.drop_ended_leases()
            self._mind_the_bell(now_seconds)
            if self._pace.is_due(now_seconds) or self._keeper.tamper_id != self._told_tamper_id:
                self._pace.asked(now_seconds)
                self._pace.answered(*self.ask())
            elif self._online is False:
                # The next server to answer may be a restored one: ask what it has before pushing.
                return
            self.delivery.push_events()
            self.delivery.push_receipts()
        except (requests.RequestException, SyncRefused) as err:
            self._link_is(False, str(err) if isinstance(err, SyncRefused) else type(err).__name__)
        except Exception as err:
            # The thread must outlive a full disk or a server's odd answer; the next turn tries again.
            log.exception("a turn with the server failed")
            self._link_is(False, type(err).__name__)
        else:
            self._link_is(True)
            if self._updates is not None:
                self._updates.reported()
        if self._numbers.is_wanted:
            try:
                self._write_numbers()
            except Exception:
                # Likewise: no monitor is worth the thread.
                log.exception("numbers for a monitor cannot be written")

    def _ask_now(self) -> None:
        self._pace.ask_now(self._clock.monotonic_seconds())

    def _mind_the_bell(self, now_seconds: float) -> None:
        """Ask sooner after a wake-up, when the bell begins or ceases to be heard, and to say something."""
        if self._bell.took_wake_up():
            self._pace.woken(now_seconds)
        if self._bell.changes != self._bell_changes:
            self._bell_changes = self._bell.changes
            self._pace.hears_or_not(now_seconds)
        if self._pace.waits_for_bell and lasting(self._question()) != self._said:
            self._pace.has_news()

    def _write_numbers(self) -> None:
        journal_seq, _digest = self._journal.head
        _epoch, version = self._store.have
        self._numbers.write(
            GateNumbers(
                program=self._program,
                at=self._clock.now(),
                is_online=bool(self._online),
                clock_is_sure=self._clock.is_sure,
                policy_version=version,
                policy_issued_at=self._store.issued_at,
                journal_seq=journal_seq,
                acknowledged_seq=self._journal.acknowledged_seq,
                disk=self._disk(),
                status=self._status(),
            )
        )

    def _link_is(self, online: bool, detail: str = "") -> None:
        if online != self._online:
            log.warning("the server is %s %s", "in reach" if online else "out of reach:", detail)
            self._deliver(LinkChanged(online, detail))
            self._online = online

    def ask(self) -> tuple[float, float | None]:
        """Ask once and take what comes; return for how long to wait then, without a bell and with one."""
        question = self._question()
        self._told_tamper_id = None if question.tamper_id is msgspec.UNSET else question.tamper_id
        question = self._lent.asked_for(question, is_wanted=self._keeper.takes_leases)
        try:
            reply = self._link.post(ASK_PATH, question, AskReply)
        except SyncRefused:
            # A server that was set back to an earlier version refuses what the one before it knew.
            self._server_knows = frozenset()
            raise
        self._said = lasting(question)
        # First: a restored server has less than it once acknowledged, and says so here.
        self.delivery.server_has(reply.acknowledged_seq, reply.server_time)
        if reply.wants_tombstones:
            # It lends no face while it restores: leases of the server before it end with this answer.
            self._keeper.take_leases((), self._boot_seconds())
            self._hand_over()
            return 0.2, None
        # Before the policy, so that a policy this gate refuses cannot keep an ended face alive.
        if reply.tamper_cleared_id is not msgspec.UNSET:
            self._keeper.cleared(reply.tamper_cleared_id)
        self._keeper.take_leases(self._lent.opened(reply), self._boot_seconds())
        self._take_keys(reply)
        try:
            self._take_policy(reply)
        except PolicyRefused as err:
            self._turn_down(err)
        for order in reply.orders:
            self._deliver(OrderArrived(order))
        if self._updates is not None:
            self._updates.ordered(None if reply.update is msgspec.UNSET else reply.update)
        self._take_features(frozenset(reply.knows or ()))
        return reply.ask_again_seconds, self._with_bell(reply)

    def _take_features(self, known_there: frozenset[str]) -> None:
        self._server_knows = known_there
        if (CALLS in known_there) != self._offers_calls:
            self._offers_calls = CALLS in known_there
            self._deliver(CallsOffered(self._offers_calls))

    def _with_bell(self, reply: AskReply) -> float | None:
        """Take a pass for the bell; return for how long the next question may wait, None without a bell."""
        if reply.bell_pass is not msgspec.UNSET:
            self._bell.take_pass(reply.bell_pass)
        return reply.bell_seconds if self._bell.is_heard and reply.bell_seconds is not msgspec.UNSET else None

    def _question(self) -> AskRequest:
        have_epoch, have_version = self._store.have
        status = self._status()
        return AskRequest(
            have_epoch=have_epoch,
            have_version=have_version,
            gate_time=self._clock.now(),
            clock_sure=self._clock.is_sure,
            journal_seq=self._journal.head[0],
            lanes=status.lanes if LOST_READERS in self._server_knows else without_lost(status.lanes),
            devices=status.devices,
            tamper_id=self._keeper.tamper_id or msgspec.UNSET,
            face=status.face or msgspec.UNSET,
            handed_over=self.delivery.handed_over(),
            program=self._program,
            without_face=msgspec.UNSET if has_face_code() else True,
            knows=self._knows(),
            policy_trouble=self._policy_trouble()[:MAX_TROUBLE_CHARS] or msgspec.UNSET,
            disk=disk_health(self._disk()),
            update=msgspec.UNSET if self._updates is None else self._updates.status(),
            bell_key=self._bell.public_key if self._wants_bell() else msgspec.UNSET,
        )

    def _wants_bell(self) -> bool:
        return BELL in self._server_knows and self._bell.wants_pass

    def _knows(self) -> tuple[str, ...]:
        """Return the features that the server may use for this gate.

        A digest of sums is not asked for while a version is on trial, since the one before may not read the
        manifest that is kept, nor after one that did not add up.
        """
        on_trial = self._updates is not None and self._updates.is_on_trial
        takes_sums = self._store.takes_sums and not on_trial
        always = (*known(), BELL, FACE_BESIDE, CALLS, CALL_RELAYS, GUARD_CALLS)
        return (*always, SUM_DIGEST) if takes_sums else always

    def _policy_trouble(self) -> str:
        """Return why this gate's policy is not the server's, or not the whole of it; "" when it is."""
        if self._turned_down:
            return self._turned_down
        unread = self._store.unread
        return f"{len(unread)} of a later version: {'; '.join(unread.values())}" if unread else ""

    def _take_keys(self, reply: AskReply) -> None:
        offered: tuple[tuple[KeyRole, SignedCertificate | None], ...] = (
            ("pass", reply.pass_certificate),
            ("anchor", reply.anchor_certificate),
        )
        for role, signed in offered:
            if signed is None or signed == self._store.certificate(role):
                continue
            try:
                key = self._store.trust(role, signed)
            except SignatureRefused as err:
                raise SyncRefused(f"the server's {role} key: {err}") from err
            if role == "pass":
                self._deliver(PassKeyChanged(key))

    def _take_policy(self, reply: AskReply) -> None:
        if reply.policy is None:
            return
        snapshot = self._store.take(reply.policy, reply.change, self._clock.now())
        self._turned_down = ""
        issued_at = self._store.issued_at
        if issued_at is not None:
            self._clock.server_said(issued_at)
        if snapshot is not None:
            self._roster = snapshot.face_roster
            self._deliver(PolicyTaken(snapshot))
        self._keeper.settle(self._roster)
        if snapshot is None and issued_at is not None:
            self._deliver(PolicyFresh(issued_at))

    def _turn_down(self, refused: PolicyRefused) -> None:
        """Report once why a policy is not taken; orders, events and receipts go on without it."""
        log.error("policy refused, the last good one stays: %s", refused)
        # The same policy is offered again at every question.
        if str(refused) != self._turned_down:
            self._turned_down = str(refused)
            self._deliver(PolicyRejected(str(refused)))

    def _hand_over(self) -> None:
        """Give a restored server all that this gate holds, page by page, from where it has it."""
        # First: the server may have the last page though its answer is lost, and then it asks for none.
        self._journal.send_receipts_again()
        while not self._stopping.is_set():
            page = self._store.handover_page(self._handed_after)
            reply = self._link.post(HANDOVER_PATH, page, HandoverReply)
            if reply.done:
                self._handed_after = ""
                return
            if reply.after == page.after:
                raise SyncRefused("the server took a page of the handover and went no further")
            self._handed_after = reply.after
