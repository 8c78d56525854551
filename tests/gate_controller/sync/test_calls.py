"""Reports of a call: in order, several times a second while it lives, and none while no call does."""

import http.server
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.call_media import MediaSide
from gate_controller.contract.calls import (
    CALLS_PATH,
    CallEnd,
    CallReport,
    CallState,
    CallStep,
    DirectoryEntry,
    DirectoryReply,
)
from gate_controller.contract.messages import Refusal
from gate_controller.storage.policy_store import GateIdentity
from gate_controller.sync.calls import (
    ANSWERED_REPORT_SECONDS,
    ENDS_EVERY_SECONDS,
    LIVE_A_TURN,
    MAX_TRIES,
    REPORT_SECONDS,
    CallReports,
)
from gate_controller.sync.link import ServerLink
from gate_controller.sync.news import CallSaid, DirectoryCame, SyncNews
from tests.support.gates.waiting import until

CALLING = CallReport(call_id="c-1", lane_id="north-in", home="31203", sealing_public_key=b"k" * 32)
SIDE = MediaSide(ufrag="gOL7", pwd="Ci9NwetAurW1JR4xaZykc0Xz", fingerprint=bytes(32), candidates=())
ENTRY = DirectoryEntry(label="Chen", home="31203", shown="3-1203")


@dataclass
class CallServer:
    """An HTTP server that answers each report of a call, or turns it away."""

    status: int = 200
    refused: dict[CallStep, int] = field(default_factory=dict)
    """How often reports of a step are refused for now before one is taken."""
    refused_with: int = 503
    is_proxy: bool = False
    answered: set[str] = field(default_factory=set)
    """Calls that a page has answered."""
    reports: list[CallReport] = field(default_factory=list)
    counters: list[int] = field(default_factory=list)
    holds: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        outer = self
        self.holds.set()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.holds.wait(10)
                outer.counters.append(int(self.headers["Menjin-Counter"]))
                status = outer.status
                answer: msgspec.Struct = DirectoryReply(entries=(ENTRY,))
                if self.path == CALLS_PATH:
                    report = msgspec.json.decode(body, type=CallReport)
                    outer.reports += [report] * (not outer.is_proxy)
                    is_answered = report.call_id in outer.answered
                    answer = CallState(call_id=report.call_id, stage="answered" if is_answered else "ringing")
                    if outer.refused.get(report.step, 0):
                        outer.refused[report.step] -= 1
                        status = outer.refused_with
                if status != 200:
                    answer = Refusal(error="refused", detail="not this one")
                data = b"<html>" if outer.is_proxy else msgspec.json.encode(answer)
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def steps(self) -> list[CallStep]:
        return [report.step for report in self.reports]


@dataclass
class Line:
    """The reports of a gate, and what they bring."""

    calls: CallReports
    link: ServerLink
    news: queue.SimpleQueue[SyncNews]


@pytest.fixture
def server() -> Iterator[CallServer]:
    made = CallServer()
    yield made
    made.holds.set()
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def line(server: CallServer) -> Iterator[Line]:
    news: queue.SimpleQueue[SyncNews] = queue.SimpleQueue()
    counter = iter(range(1, 100_000))
    link = ServerLink(server.url, None, "north", Ed25519PrivateKey.generate(), counter.__next__)
    calls = CallReports(link, GateIdentity("s", "north", b"r" * 32), news.put)
    calls.start()
    yield Line(calls, link, news)
    calls.stop()
    link.close()


def over(end: CallEnd = CallEnd.CANCELLED) -> CallReport:
    return msgspec.structs.replace(CALLING, step=CallStep.OVER, end=end)


def test_a_call_is_reported_again_and_again_until_it_is_over(line: Line, server: CallServer) -> None:
    line.calls.say(CALLING)
    until(lambda: len(server.reports) >= 3)
    line.calls.say(msgspec.structs.replace(CALLING, step=CallStep.LEG_RINGS, leg=0))
    until(lambda: CallStep.LEG_RINGS in server.steps())
    line.calls.say(over())
    until(lambda: server.steps()[-1] is CallStep.OVER)
    assert line.news.get(timeout=5) == CallSaid(CallState(call_id="c-1", stage="ringing"))
    assert server.counters == sorted(server.counters)
    assert server.steps().count(CallStep.LEG_RINGS) == 1
    until(lambda: not line.calls._live and not line.calls._begun)


def test_while_a_page_has_a_call_it_is_reported_more_often_and_one_in_a_turn(
    line: Line, server: CallServer
) -> None:
    server.answered.add("c-2")
    line.calls.say(CALLING)
    assert line.calls.report_seconds == REPORT_SECONDS
    other = msgspec.structs.replace(CALLING, call_id="c-2")
    line.calls.say(other)
    until(lambda: line.calls.report_seconds == ANSWERED_REPORT_SECONDS)
    seen = len(server.reports)
    until(lambda: len(server.reports) >= seen + 4)
    one, two = (report.call_id for report in server.reports[seen + 2 : seen + 4])
    assert one != two, "each in turn"
    line.calls.say(msgspec.structs.replace(other, step=CallStep.OVER, end=CallEnd.ENDED))
    until(lambda: line.calls.report_seconds == REPORT_SECONDS)
    line.calls.say(over())


def test_nothing_is_sent_while_no_call_lives(line: Line, server: CallServer) -> None:
    line.calls.say(CALLING)
    line.calls.say(over())
    line.calls.ask_directory("north-in")
    assert until_directory(line) == DirectoryCame("north-in", (ENTRY,))
    assert server.steps() in ([], [CallStep.CALLING, CallStep.OVER])


def until_directory(line: Line) -> SyncNews:
    while not isinstance(news := line.news.get(timeout=10), DirectoryCame):
        pass
    return news


def test_a_call_that_ended_before_it_could_be_reported_rings_nowhere(line: Line, server: CallServer) -> None:
    server.holds.clear()
    line.calls.say(msgspec.structs.replace(CALLING, call_id="c-0"))
    until(lambda: "c-0" in line.calls._begun)
    line.calls.say(CALLING)
    line.calls.say(over())
    line.calls.say(msgspec.structs.replace(over(), call_id="c-0"))
    server.holds.set()
    until(lambda: CallStep.OVER in server.steps())
    assert {report.call_id for report in server.reports} == {"c-0"}


def test_a_report_that_the_server_refuses_is_sent_once_and_the_next_ones_go_on(
    line: Line, server: CallServer
) -> None:
    server.status = 409
    line.calls.say(msgspec.structs.replace(CALLING, step=CallStep.LEG_RINGS, leg=0))
    until(lambda: len(server.reports) >= 3)
    assert server.steps().count(CallStep.LEG_RINGS) == 1
    assert line.news.empty()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_change_that_is_refused_for_now_comes_again_before_what_follows_it(
    line: Line, server: CallServer, status: int
) -> None:
    server.refused_with = status
    server.refused = {CallStep.LEG_ANSWERED: 2, CallStep.OVER: 2}
    line.calls.say(CALLING)
    line.calls.say(msgspec.structs.replace(CALLING, step=CallStep.LEG_ANSWERED, leg=0))
    until(lambda: CallStep.LEG_ANSWERED in server.steps())
    line.calls.say(over())
    until(lambda: not line.calls._waiting)
    changes = [step for step in server.steps() if step is not CallStep.CALLING]
    assert changes == [CallStep.LEG_ANSWERED] * 3 + [CallStep.OVER] * 3


def test_one_call_that_is_refused_for_now_does_not_stop_another_and_is_given_up_in_the_end(
    line: Line, server: CallServer
) -> None:
    server.refused = {CallStep.LEG_ANSWERED: 10 * MAX_TRIES}
    line.calls.stop()
    again = CallReports(line.link, GateIdentity("s", "north", b"r" * 32), line.news.put)
    other = msgspec.structs.replace(CALLING, call_id="c-2")
    again.say(msgspec.structs.replace(CALLING, step=CallStep.LEG_ANSWERED, leg=0))
    again.say(other)
    again._turn()
    assert [report.call_id for report in server.reports] == ["c-1", "c-2", "c-1", "c-2"]
    for _turn in range(MAX_TRIES):
        again._turn()
    assert server.steps().count(CallStep.LEG_ANSWERED) == MAX_TRIES


def test_many_live_calls_are_reported_in_turn_and_one_with_new_sound_first(
    line: Line, server: CallServer
) -> None:
    line.calls.stop()
    calls = CallReports(line.link, GateIdentity("s", "north", b"r" * 32), line.news.put)
    for number in range(3 * LIVE_A_TURN):
        calls.say(msgspec.structs.replace(CALLING, call_id=f"c-{number}"))
    calls._turn()
    del server.reports[: 3 * LIVE_A_TURN]
    calls._turn()
    calls._turn()
    assert [report.call_id for report in server.reports] == [f"c-{n}" for n in range(3 * LIVE_A_TURN)]
    calls.offer_media("c-5", SIDE)
    calls._turn()
    assert server.reports[3 * LIVE_A_TURN].media_offer == SIDE


def test_reports_are_held_up_by_what_else_the_gate_sends_and_by_no_report(
    line: Line, server: CallServer
) -> None:
    server.holds.clear()
    line.calls.say(CALLING)
    until(lambda: line.link.carries)
    assert not line.calls.is_held_up
    line.calls.say(over())
    server.holds.set()
    until(lambda: CallStep.OVER in server.steps() and not line.link.carries)
    server.holds.clear()
    other = threading.Thread(target=line.link.post, args=("/sync/events", CALLING, DirectoryReply))
    other.start()
    until(lambda: line.calls.is_held_up)
    server.holds.set()
    other.join()
    assert not line.calls.is_held_up


def test_what_a_proxy_says_while_the_server_is_away_is_no_answer(line: Line, server: CallServer) -> None:
    server.status, server.is_proxy = 502, True
    line.calls.say(CALLING)
    line.calls.say(msgspec.structs.replace(CALLING, step=CallStep.LEG_RINGS, leg=0))
    until(lambda: line.calls._tries > 0)
    server.status, server.is_proxy = 200, False
    until(lambda: CallStep.LEG_RINGS in server.steps())


def test_a_call_goes_on_after_the_server_was_away(line: Line, server: CallServer) -> None:
    server.server.shutdown()
    server.server.server_close()
    line.calls.say(CALLING)
    until(lambda: line.calls._tries > 0)
    again = CallServer()
    line.link._url = again.url
    until(lambda: CallStep.CALLING in again.steps())
    line.calls.say(over())
    until(lambda: again.steps()[-1] is CallStep.OVER)
    again.server.shutdown()
    again.server.server_close()


def test_how_calls_ended_is_said_after_the_server_was_away_for_long(line: Line, server: CallServer) -> None:
    line.calls.stop()
    again = CallReports(line.link, GateIdentity("s", "north", b"r" * 32), line.news.put)
    calls = ("c-1", "c-2")
    for call_id in calls:
        again.say(msgspec.structs.replace(CALLING, call_id=call_id))
    again._turn()
    url, line.link._url = line.link._url, "http://127.0.0.1:9"
    for call_id in calls:
        again.say(msgspec.structs.replace(CALLING, call_id=call_id, step=CallStep.LEG_ANSWERED, leg=0))
        again.say(msgspec.structs.replace(over(CallEnd.OPENED), call_id=call_id))
    again.say(msgspec.structs.replace(CALLING, call_id="c-3"))
    again.say(msgspec.structs.replace(over(), call_id="c-3"))
    for _turn in range(2 * MAX_TRIES):
        again._turn()
    assert again._pause_seconds == ENDS_EVERY_SECONDS
    line.link._url = url
    del server.reports[:]
    again._turn()
    ends = [(report.call_id, report.step, report.end) for report in server.reports]
    assert ends == [(call_id, CallStep.OVER, CallEnd.OPENED) for call_id in calls]
    assert (again._begun, again._pause_seconds) == (set(), REPORT_SECONDS)
