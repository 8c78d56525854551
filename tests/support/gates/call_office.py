"""A server played to one gate, for its calls to homes: it signs orders and seals numbers as ours does."""

import http.server
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from gate_controller.contract.call_media import MediaSide
from gate_controller.contract.calls import (
    CALL_ORDER_DOMAIN,
    CALLS_PATH,
    DIRECTORY_PATH,
    GUARD_LEG,
    TELEPHONE_TASKS_PATH,
    CallEnd,
    CallLeg,
    CallOrder,
    CallReport,
    CallState,
    CallStep,
    DirectoryEntry,
    DirectoryReply,
    QuickReply,
    SignedCallOrder,
    TaskDone,
    TelephoneTask,
    TelephoneTasksAsk,
    TelephoneTasksReply,
    seal_legs,
)
from gate_controller.contract.features import CALLS
from gate_controller.contract.messages import (
    ASK_PATH,
    EVENTS_PATH,
    Accepted,
    AskReply,
    EventsReply,
    RawEventBatch,
    sign_struct,
)
from tests.support.gates.site_keys import SiteKeys
from tests.support.gates.waiting import until

PERSON = "00000000000000a1"


@dataclass
class CallOffice:
    """The server's present answer, and all that the gate has reported of calls."""

    site: SiteKeys
    legs: tuple[CallLeg, ...] = ()
    stage: str = "ringing"
    end: CallEnd | None = None
    to_guard: bool = False
    offers_guard: bool = False
    reply: QuickReply | None = None
    opens: SignedCallOrder | None = None
    media_answer: MediaSide | None = None
    entries: tuple[DirectoryEntry, ...] = ()
    reports: list[CallReport] = field(default_factory=list)
    acknowledged: int = 0
    task_leg: CallLeg | None = None
    """A number to be proved, given to the gate once."""
    done: list[TaskDone] = field(default_factory=list)

    def answer(self, path: str, body: bytes) -> msgspec.Struct:
        """Return what the server says to a question."""
        if path == ASK_PATH:
            return AskReply(
                server_time=datetime.now(UTC),
                ask_again_seconds=1.0,
                acknowledged_seq=self.acknowledged,
                pass_certificate=self.site.certificates["pass"],
                knows=(CALLS,),
            )
        if path == EVENTS_PATH:
            batch = msgspec.json.decode(body, type=RawEventBatch)
            self.acknowledged = max(msgspec.json.decode(one)["seq"] for one in batch.entries)
            return EventsReply(acknowledged_seq=self.acknowledged)
        if path == DIRECTORY_PATH:
            return DirectoryReply(entries=self.entries)
        if path == TELEPHONE_TASKS_PATH:
            return self._tasks(msgspec.json.decode(body, type=TelephoneTasksAsk))
        if path == CALLS_PATH:
            return self._call(msgspec.json.decode(body, type=CallReport))
        return Accepted(count=0)

    def _tasks(self, asked: TelephoneTasksAsk) -> TelephoneTasksReply:
        self.done += asked.done
        leg, self.task_leg = self.task_leg, None
        if leg is None:
            return TelephoneTasksReply()
        key, site_id = asked.sealing_public_key, self.site.site_id
        sealed = seal_legs(key, (leg,), TELEPHONE_TASKS_PATH, site_id, "north")
        task = TelephoneTask(task_id="t-1", purpose="proof", language="zh", keys_wanted=4, leg=sealed.legs[0])
        return TelephoneTasksReply(key_sealed=sealed.key_sealed, tasks=(task,))

    def _call(self, report: CallReport) -> CallState:
        self.reports.append(report)
        answered = [one.leg for one in self.reports if one.step is CallStep.LEG_ANSWERED]
        leg = GUARD_LEG if answered and self.to_guard else next(iter(answered), None)
        sealed = None
        if self.legs and self.stage == "ringing":
            key = report.sealing_public_key
            sealed = seal_legs(key, self.legs, report.call_id, self.site.site_id, "north")
        return CallState(
            call_id=report.call_id,
            stage=self.stage,  # type: ignore[arg-type]  # a test's own word
            end=self.end,
            to_guard=self.to_guard,
            offers_guard=self.offers_guard,
            reply=self.reply,
            legs=sealed,
            leg=leg,
            opens=self.opens,
            media_answer=self.media_answer,
        )

    # -- what people at the server's pages do --------------------------------------------------------

    @property
    def call_id(self) -> str:
        """Return the id of the last call that the gate has reported."""
        until(lambda: bool(self.reports))
        return self.reports[-1].call_id

    def order(self, person_id: str = PERSON, **changes: object) -> SignedCallOrder:
        """Return a signed order of the call that goes on, with changes."""
        fields: dict[str, object] = {
            "order_id": secrets.token_hex(8),
            "call_id": self.call_id,
            "site_id": self.site.site_id,
            "gate_id": "north",
            "lane_id": "north-in",
            "issued_at": datetime.now(UTC),
            "valid_seconds": 10,
            "person_id": person_id,
        }
        order = CallOrder(**{**fields, **changes})  # type: ignore[arg-type]  # a table of field values
        body, signature = sign_struct(self.site.keys["order"], CALL_ORDER_DOMAIN, order)
        return SignedCallOrder(order=body, signature=signature, certificate=self.site.certificates["order"])

    def over(self) -> CallReport:
        """Return the gate's report of the end, once it has come."""
        until(lambda: any(report.step is CallStep.OVER for report in self.reports))
        return next(report for report in self.reports if report.step is CallStep.OVER)

    def steps(self) -> list[CallStep]:
        """Return what was reported, but for the reports in between."""
        return [report.step for report in self.reports if report.step is not CallStep.CALLING]


@contextmanager
def call_office(site: SiteKeys) -> Iterator[tuple[CallOffice, str]]:
    """Serve an office on the loopback; yield it and its address."""
    office = CallOffice(site)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            data = msgspec.json.encode(office.answer(self.path, body))
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield office, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
