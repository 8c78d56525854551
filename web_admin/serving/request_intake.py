"""Receive requests: choose the part of the server, and buffer bodies until complete."""

import msgspec
from waitress.adjustments import Adjustments  # type: ignore[import-untyped]  # it has no types
from waitress.buffers import OverflowableBuffer  # type: ignore[import-untyped]  # likewise
from waitress.parser import HTTPRequestParser, ParsingError  # type: ignore[import-untyped]  # likewise
from waitress.receiver import ChunkedReceiver, FixedStreamReceiver  # type: ignore[import-untyped]  # likewise
from waitress.utilities import Error  # type: ignore[import-untyped]  # likewise

from gate_controller.contract.messages import (
    PAIR_COMMIT_PATH,
    PAIR_PATH,
    PAIR_REVEAL_PATH,
    PAIR_STATE_PATH,
    TOMBSTONES_PATH,
    Refusal,
)
from web_admin.cells.rules import host_of
from web_admin.serving.connection_limits import (
    BODIES_OF_A_CLIENT,
    BODY_BYTES_IN_FILES,
    BODY_BYTES_IN_MEMORY,
    PAGE_BODY_BYTES,
    PAGE_BYTES_OF_A_CLIENT,
    SYNC_BODY_BYTES,
    SYNC_BYTES_OF_A_CLIENT,
    TOMBSTONES_BODY_BYTES,
    TOMBSTONES_BYTES_IN_FILES,
    BodyBudget,
    client_of,
)
from web_admin.sync.fast_path import TRIED_VARIABLE

SYNC_PREFIX = PAIR_PATH[: PAIR_PATH.index("/", 1) + 1]
LONGEST_CHUNK_LINE = 1024
_NOT_SIGNED = {PAIR_PATH, PAIR_COMMIT_PATH, PAIR_REVEAL_PATH, PAIR_STATE_PATH}


class Refused(Error):  # type: ignore[misc]  # its base has no types
    """An answer of the server itself, in the form that its reader understands."""

    def __init__(self, code: int, reason: str, word: str, sentence: str, *, to_gate: bool) -> None:
        """Take the status, its standard words, the stable word for a gate and the sentence."""
        super().__init__(sentence)
        self.code, self.reason = code, reason
        self._word, self._to_gate = word, to_gate

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Return status, headers and body."""
        del ident
        if self._to_gate:
            body, kind = msgspec.json.encode(Refusal(error=self._word, detail=self.body)), "application/json"
        else:
            body, kind = f"{self.body}\n".encode(), "text/plain; charset=utf-8"
        return f"{self.code} {self.reason}", [("Content-Type", kind), ("Cache-Control", "no-store")], body


def too_slow(to_gate: bool) -> Refused:
    """Return the answer to a request that did not arrive in time."""
    return Refused(
        408,
        "Request Timeout",
        "too_slow",
        "The request did not arrive in time. Send it again.",
        to_gate=to_gate,
    )


def busy(to_gate: bool) -> Refused:
    """Return the answer to a request for which there is no room."""
    return Refused(
        503,
        "Service Unavailable",
        "server_busy",
        "The server has too much to do at the moment. Try again in a minute.",
        to_gate=to_gate,
    )


def unreadable(to_gate: bool) -> Refused:
    """Return the answer to a request that breaks the rules of HTTP."""
    return Refused(
        400,
        "Bad Request",
        "request_unreadable",
        "This is no request that a server can read.",
        to_gate=to_gate,
    )


class Intake:
    """What one part of the server keeps of bodies on their way: pages, gates or tombstones."""

    def __init__(self, body_bytes: int, client_bytes: int, total_bytes: int = BODY_BYTES_IN_FILES) -> None:
        """Take the largest body, and how many bytes one client and all together may have in files."""
        self.body_bytes = body_bytes
        self.budget = BodyBudget(total_bytes, client_bytes)
        self._receiving: dict[str, dict[int, ArrivingRequest]] = {}

    def begin(self, request: "ArrivingRequest") -> "ArrivingRequest | None":
        """Note a body that begins to arrive; return the oldest of its client where it has too many."""
        of_client = self._receiving.setdefault(request.client, {})
        oldest = next(iter(of_client.values())) if len(of_client) >= BODIES_OF_A_CLIENT else None
        of_client[id(request)] = request
        return oldest

    def end(self, request: "ArrivingRequest") -> None:
        """Forget a body that is complete or never will be; twice changes nothing."""
        of_client = self._receiving.get(request.client, {})
        of_client.pop(id(request), None)
        if not of_client:
            self._receiving.pop(request.client, None)


class Intakes:
    """The parts of the server: none takes room from another."""

    def __init__(self, trusted_proxies: int) -> None:
        """Take how many proxies in front say the truth about the client's address."""
        self.trusted_proxies = trusted_proxies
        self.pages = Intake(PAGE_BODY_BYTES, PAGE_BYTES_OF_A_CLIENT)
        self.sync = Intake(SYNC_BODY_BYTES, SYNC_BYTES_OF_A_CLIENT)
        self.tombstones = Intake(TOMBSTONES_BODY_BYTES, TOMBSTONES_BYTES_IN_FILES, TOMBSTONES_BYTES_IN_FILES)


class BoundedBody(OverflowableBuffer):  # type: ignore[misc]  # its base has no types
    """A body: a little of it in memory, the rest in a file, what is too much only counted."""

    buf: OverflowableBuffer | None
    strbuf: bytes

    def __init__(self, client: str, intake: Intake) -> None:
        """Start empty."""
        super().__init__(BODY_BYTES_IN_MEMORY + 1)
        self._client, self._intake = client, intake
        self._reserved = 0
        self.arrived_bytes = 0
        self.is_too_large = False
        self.has_no_room = False

    def append(self, part: bytes) -> None:
        """Take what arrived."""
        self.arrived_bytes += len(part)
        self.is_too_large = self.is_too_large or self.arrived_bytes > self._intake.body_bytes
        if self.is_too_large or self.has_no_room:
            self._drop()
            return
        wanted = max(0, self.arrived_bytes - BODY_BYTES_IN_MEMORY) - self._reserved
        if wanted and not self._intake.budget.take(self._client, wanted):
            self.has_no_room = True
            self._drop()
            return
        self._reserved += wanted
        super().append(part)

    def close(self) -> None:
        """Give everything back; twice changes nothing."""
        super().close()
        self._release()

    def _drop(self) -> None:
        if self.buf is not None:
            self.buf.close()
        self.buf, self.strbuf = None, b""
        self._release()

    def _release(self) -> None:
        self._intake.budget.give_back(self._client, self._reserved)
        self._reserved = 0


class ArrivingRequest(HTTPRequestParser):  # type: ignore[misc]  # its base has no types
    """A request until it is complete, and until it is answered."""

    body_rcv: FixedStreamReceiver | ChunkedReceiver | None
    chunked: bool
    completed: bool
    error: Error | None
    expect_continue: bool

    def __init__(self, adjustments: Adjustments, peer: str, intakes: Intakes) -> None:
        """Take who sends and which parts of the server there are."""
        super().__init__(adjustments)
        self._intakes, self.client = intakes, client_of({}, peer, 0)
        self._peer = peer
        self.path = ""  # that of a request line which cannot be read
        self.is_sync = False
        self.displaced: ArrivingRequest | None = None
        self._body: BoundedBody | None = None

    @property
    def was_tried(self) -> bool:
        """Return whether a batch left it to be worked out in full."""
        return TRIED_VARIABLE in self.headers

    def note_tried(self) -> None:
        """Note that a batch left it, for the app as well."""
        self.headers[TRIED_VARIABLE] = "1"

    @property
    def is_in_memory(self) -> bool:
        """Return whether no part of the body lies in a file."""
        return self._body is not None and self._body.arrived_bytes <= BODY_BYTES_IN_MEMORY

    @property
    def body(self) -> bytes:
        """Return the body that has arrived; it is left as it is."""
        return b"" if self._body is None else bytes(self._body.get())

    @property
    def _intake(self) -> Intake:
        if not self.is_sync:
            return self._intakes.pages
        return self._intakes.tombstones if self.path == TOMBSTONES_PATH else self._intakes.sync

    def parse_header(self, header_plus: bytes) -> None:
        """Read the head, then prepare a bounded place for the body; raise ParsingError."""
        try:
            super().parse_header(header_plus)
        except ValueError as err:
            # A length of more digits than Python reads (4,300): uncaught it ends the connection unanswered.
            raise ParsingError("a number in the head is too long") from err
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            # RFC 9112 section 6.3: two lengths may hide a second request from the proxy in front.
            raise ParsingError("Content-Length and Transfer-Encoding together")
        if self.proxy_netloc and host_of(self.proxy_netloc) != host_of(self.headers.get("HOST", "")):
            # RFC 9112 section 3.2.2: which of the two the app would believe is no matter of taste.
            raise ParsingError("the target names another host than the Host header")
        self.client = client_of(self.headers, self._peer, self._intakes.trusted_proxies)
        self.is_sync = self.path.startswith(SYNC_PREFIX) and self.path not in _NOT_SIGNED
        if self.body_rcv is None:
            return
        if self.expect_continue and self.content_length > self._intake.body_bytes:
            # This sender waits for a word before it sends: the app's refusal is that word.
            self.expect_continue, self.body_rcv = False, None
            self.headers["CONNECTION"] = "close"
            return
        self._body = self.body_rcv.buf = BoundedBody(self.client, self._intake)
        self.displaced = self._intake.begin(self)

    def received(self, data: bytes) -> int:
        """Take bytes of this request; return how many of them were its own."""
        consumed = int(super().received(data))
        if self.chunked and self.body_rcv is not None and not self.completed:
            line = max(len(self.body_rcv.control_line), len(self.body_rcv.trailer))
            if line > LONGEST_CHUNK_LINE:
                self.error, self.completed = unreadable(self.is_sync), True
        if self.completed:
            self._complete()
        return consumed

    def close(self) -> None:
        """Give the body's place back."""
        self._intake.end(self)
        if self.body_rcv is not None:
            super().close()

    def _complete(self) -> None:
        self._intake.end(self)
        if self.error is not None and not isinstance(self.error, Refused):
            self.error = Refused(
                self.error.code,
                self.error.reason,
                "request_refused",
                f"{self.error.reason}: {self.error.body}",
                to_gate=self.is_sync,
            )
        if self._body is None or self.error is not None:
            return
        if self._body.has_no_room:
            self.error = busy(self.is_sync)
        elif self._body.is_too_large:
            # The app says in words what it takes at most; it refuses by this number and reads nothing.
            self.headers["CONTENT_LENGTH"] = str(self._body.arrived_bytes)
