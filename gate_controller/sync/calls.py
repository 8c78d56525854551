"""Report calls of homes to the server, several times a second while one lives, and bring its answers.

    controller ── say(report) ──> waiting reports ──> this thread ── ServerLink ──> server
        inbox <────────────── CallSaid, DirectoryCame ──────┘

While no call lives and no directory is asked for, the thread sleeps and nothing is sent.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Container

import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gate_controller.contract.call_media import MediaSide
from gate_controller.contract.calls import (
    CALLS_PATH,
    DIRECTORY_PATH,
    TELEPHONE_TASKS_PATH,
    CallReport,
    CallState,
    CallStep,
    DirectoryAsk,
    DirectoryReply,
    SealedLegs,
    TaskDone,
    TelephoneTasksAsk,
    TelephoneTasksReply,
    open_legs,
)
from gate_controller.contract.sealed_keys import KeyNotOpened
from gate_controller.storage.policy_store import GateIdentity
from gate_controller.sync.link import OddAnswer, RefusedForNow, ServerLink, SyncRefused
from gate_controller.sync.news import CallSaid, DirectoryCame, OpenTask, SyncNews, TasksCame

log = logging.getLogger(__name__)

REPORT_SECONDS = 0.125
"""Longest time between two reports: a person who answers waits for one to be heard."""
ANSWERED_REPORT_SECONDS = 0.0625
"""The same once a page has answered: to see the visitor, and to open, a person waits for one."""
MAX_DONE = 20
LIVE_A_TURN = 2
"""How many live calls are reported in one turn. Of more at once each is reported less often: a server answers
20 messages a second of one gate."""
MAX_TRIES = 40
"""How often reports are tried before the ends of calls alone are kept, and are tried more slowly."""
ENDS_EVERY_SECONDS = 5.0


class CallReports:
    """The thread that speaks of calls; `say` and `ask_directory` return at once, from any thread."""

    def __init__(self, link: ServerLink, identity: GateIdentity, deliver: Callable[[SyncNews], None]) -> None:
        """Remember the parts; nothing is sent before `start`."""
        self._link = link
        self._identity = identity
        self._deliver = deliver
        self._lock = threading.Lock()
        self._live: dict[str, CallReport] = {}
        """By call: what is said of it in between; the one that was said longest ago is first."""
        self._waiting: deque[CallReport] = deque()
        self._answered: set[str] = set()
        """Live calls that a page has answered, as the server said last."""
        self._begun: set[str] = set()
        """Calls of which the server may know."""
        self._refused: dict[str, int] = {}
        """By call: how often its first waiting report was refused for now."""
        self._lanes: list[str] = []
        self._asks_tasks = False
        self._done: list[TaskDone] = []
        self._news = threading.Event()
        self._tries = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="calls", daemon=True)

    @property
    def is_held_up(self) -> bool:
        """Return whether something else of the gate is on its way to the server, for which reports wait."""
        return self._link.carries not in ("", CALLS_PATH, DIRECTORY_PATH, TELEPHONE_TASKS_PATH)

    def start(self) -> None:
        """Begin to wait for calls."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread once it has tried to report the ends that wait; returns within seconds."""
        with self._lock:
            self._live.clear()
        self._stopping.set()
        self._news.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=15)

    def say(self, report: CallReport) -> None:
        """Report a change, and go on reporting the call until a report says that it is over."""
        with self._lock:
            if report.step is not CallStep.OVER:
                self._live.setdefault(report.call_id, report)
                self._waiting.append(report)
            else:
                self._live.pop(report.call_id, None)
                if report.call_id in self._begun:
                    self._waiting.append(report)
                else:
                    # The server does not know of it: it rings at no home afterwards.
                    self._waiting = deque(one for one in self._waiting if one.call_id != report.call_id)
        self._news.set()

    def offer_media(self, call_id: str, side: MediaSide) -> None:
        """Report the gate's side of a live call's sound at once, and with each report from now on."""
        with self._lock:
            if call_id in self._live:
                said = msgspec.structs.replace(self._live.pop(call_id), media_offer=side)
                self._live = {call_id: said, **self._live}
        self._news.set()

    def ask_directory(self, lane_id: str) -> None:
        """Ask which homes may be picked from a list at a lane."""
        with self._lock:
            if lane_id not in self._lanes:
                self._lanes.append(lane_id)
        self._news.set()

    def ask_tasks(self, *done: TaskDone) -> None:
        """Ask which calls to make for the server, and say what came of these."""
        with self._lock:
            self._asks_tasks = True
            self._done = [*self._done, *done][-MAX_DONE:]
        self._news.set()

    # -- the thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._lock:
                is_idle = not (self._live or self._waiting or self._lanes or self._asks_tasks)
            if self._stopping.is_set() and (is_idle or self._tries or self._refused):
                return
            self._news.wait(None if is_idle else self._pause_seconds)
            self._news.clear()
            self._turn()

    def _turn(self) -> None:
        """Send what waits, then a report of the next live calls; after a failure try again next turn."""
        try:
            put_off: set[str] = set()
            while (report := self._first(put_off)) is not None:
                if not self._send(report):
                    put_off.add(report.call_id)
            for report in self._next_live():
                self._send(msgspec.structs.replace(report, step=CallStep.CALLING, leg=None))
            self._bring_directories()
            self._bring_tasks()
            self._tries = 0
        except (requests.RequestException, SyncRefused) as err:
            if not self._tries:
                log.warning("calls cannot be reported: %s", type(err).__name__)
            self._failed()
        except Exception:
            # The thread must outlive an odd answer: the next call needs it.
            log.exception("a call cannot be reported")
            self._failed()

    def _first(self, put_off: Container[str]) -> CallReport | None:
        """Return the first report that waits, but of the calls that are put off to the next turn."""
        with self._lock:
            return next((one for one in self._waiting if one.call_id not in put_off), None)

    @property
    def report_seconds(self) -> float:
        """Return the longest time until the next turn; in shorter turns one call is reported in each."""
        is_answered = any(call_id in self._live for call_id in self._answered)
        return ANSWERED_REPORT_SECONDS if is_answered else REPORT_SECONDS

    @property
    def _pause_seconds(self) -> float:
        return ENDS_EVERY_SECONDS if self._tries >= MAX_TRIES and not self._live else self.report_seconds

    def _next_live(self) -> list[CallReport]:
        count = LIVE_A_TURN if self.report_seconds == REPORT_SECONDS else 1
        with self._lock:
            live = list(self._live.items())
            self._live = dict(live[count:] + live[:count])
        return [report for _call_id, report in live[:count]]

    def _send(self, report: CallReport) -> bool:
        """Send one report and bring the answer; return whether it need not be sent again.

        A change that is refused for now is; a report in between is not, as the next one follows.
        """
        with self._lock:
            is_wanted = report.step is not CallStep.CALLING or report.call_id in self._live
            if is_wanted:
                self._begun.add(report.call_id)
        if is_wanted:
            try:
                state = self._link.post(CALLS_PATH, report, CallState)
                self._note(state, is_over=report.step is CallStep.OVER)
                self._deliver(CallSaid(state))
            except OddAnswer:
                raise
            except SyncRefused as err:
                # The call ends at the gate when no answer has come for some seconds.
                log.warning("the server refuses a report of a call: %s", err)
                if isinstance(err, RefusedForNow) and self._is_tried_again(report):
                    return False
        with self._lock:
            self._waiting = deque(one for one in self._waiting if one is not report)
            if report.step is not CallStep.CALLING:
                self._refused.pop(report.call_id, None)
            if report.step is CallStep.OVER:
                self._begun.discard(report.call_id)
        return True

    def _note(self, state: CallState, *, is_over: bool) -> None:
        if state.stage == "answered" and state.leg is None and not is_over:
            self._answered.add(state.call_id)
        else:
            self._answered.discard(state.call_id)

    def _is_tried_again(self, report: CallReport) -> bool:
        if report.step is CallStep.CALLING:
            return False
        with self._lock:
            tries = self._refused[report.call_id] = self._refused.get(report.call_id, 0) + 1
        return tries < MAX_TRIES

    def _failed(self) -> None:
        self._tries += 1
        if self._tries % MAX_TRIES:
            return
        with self._lock:
            # The server may take a call that opened for one whose gate was lost, until it learns of the end.
            ends = [one for one in self._waiting if one.step is CallStep.OVER]
            self._waiting = deque((*ends, *(one for one in self._waiting if one.call_id in self._live)))
            self._begun &= {one.call_id for one in ends} | self._live.keys()
            self._refused.clear()
            self._lanes.clear()
            self._asks_tasks = False

    def _bring_directories(self) -> None:
        with self._lock:
            lanes, self._lanes = self._lanes, []
        for lane_id in lanes:
            reply = self._link.post(DIRECTORY_PATH, DirectoryAsk(lane_id=lane_id), DirectoryReply)
            self._deliver(DirectoryCame(lane_id, reply.entries))

    def _bring_tasks(self) -> None:
        with self._lock:
            is_asked, done = self._asks_tasks, tuple(self._done)
        if not is_asked:
            return
        key = X25519PrivateKey.generate()
        asked = TelephoneTasksAsk(sealing_public_key=key.public_key().public_bytes_raw(), done=done)
        reply = self._link.post(TELEPHONE_TASKS_PATH, asked, TelephoneTasksReply)
        with self._lock:
            self._done = self._done[len(done) :]
            self._asks_tasks = bool(self._done)
        if reply.key_sealed is None or not reply.tasks:
            return
        sealed = SealedLegs(key_sealed=reply.key_sealed, legs=tuple(task.leg for task in reply.tasks))
        try:
            legs = open_legs(
                key, sealed, TELEPHONE_TASKS_PATH, self._identity.site_id, self._identity.gate_id
            )
        except KeyNotOpened:
            log.exception("numbers to call for the server cannot be opened")
            return
        tasks = zip(reply.tasks, legs, strict=True)
        self._deliver(
            TasksCame(
                tuple(
                    OpenTask(task.task_id, task.purpose, task.language, task.keys_wanted, leg)
                    for task, leg in tasks
                )
            )
        )
