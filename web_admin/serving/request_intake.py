"""Receive requests: choose the part of the server, and buffer bodies until complete."""

import threading
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from typing import IO, cast

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
    client_of,
)
from web_admin.sync.fast_path import TRIED_VARIABLE

SYNC_PREFIX = PAIR_PATH[: PAIR_PATH.index("/", 1) + 1]
LONGEST_CHUNK_LINE = 1024
_NOT_SIGNED = {PAIR_PATH, PAIR_COMMIT_PATH, PAIR_REVEAL_PATH, PAIR_STATE_PATH}
_WORDS = {
    400: ("request_unreadable", "This is no request that a server can read."),
    408: ("too_slow", "The request did not arrive in time. Send it again."),
    503: ("server_busy", "The server has too much to do at the moment. Try again in a minute."),
}
"""By status: the stable word for a gate, and the sentence."""


class Refused(Error):  # type: ignore[misc]  # its base has no types
    """An answer of the server itself, in the form that its reader understands."""

    def __init__(self, code: int, *, to_gate: bool, error: Error | None = None) -> None:
        """Take the status, and an error of waitress's where its words say what is wrong."""
        self.code, self._to_gate = code, to_gate
        self.reason = HTTPStatus(code).phrase if error is None else error.reason
        if error is None:
            self._word, sentence = _WORDS[code]
        else:
            self._word, sentence = "request_refused", f"{self.reason}: {error.body}"
        super().__init__(sentence)

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Return status, headers and body."""
        del ident
        if self._to_gate:
            body, kind = msgspec.json.encode(Refusal(error=self._word, detail=self.body)), "application/json"
        else:
            body, kind = f"{self.body}\n".encode(), "text/plain; charset=utf-8"
        return f"{self.code} {self.reason}", [("Content-Type", kind), ("Cache-Control", "no-store")], body


class Intake:
    """Bodies on their way to one part of the server: pages, gates or tombstones."""

    def __init__(self, body_bytes: int, client_bytes: int, total_bytes: int = BODY_BYTES_IN_FILES) -> None:
        """Take the largest body, and how many bytes one client and all together may have in files."""
        self.body_bytes, self._client_bytes, self._total_bytes = body_bytes, client_bytes, total_bytes
        self._lock = threading.Lock()
        self._kept_of: Counter[str] = Counter()
        self._receiving: dict[str, dict[int, ArrivingRequest]] = {}

    @property
    def kept_bytes(self) -> int:
        """Return the bytes in files of all clients."""
        return self._kept_of.total()

    def take(self, client: str, count: int) -> bool:
        """Reserve bytes; return False, and reserve nothing, where they do not fit. Safe from any thread."""
        with self._lock:
            of_client = self._kept_of[client] + count
            if self.kept_bytes + count > self._total_bytes or of_client > self._client_bytes:
                return False
            self._kept_of[client] = of_client
            return True

    def give_back(self, client: str, count: int) -> None:
        """Release reserved bytes. Safe from any thread."""
        with self._lock:
            self._kept_of[client] -= count
            if not self._kept_of[client]:
                del self._kept_of[client]

    def begin(self, request: "ArrivingRequest") -> "ArrivingRequest | None":
        """Note a body that begins to arrive; return the oldest of its client where it has too many."""
        with self._lock:
            of_client = self._receiving.setdefault(request.client, {})
            oldest = next(iter(of_client.values())) if len(of_client) >= BODIES_OF_A_CLIENT else None
            of_client[id(request)] = request
            return oldest

    def end(self, request: "ArrivingRequest") -> None:
        """Forget a body that is complete or never will be; twice changes nothing."""
        with self._lock:
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


class BoundedBody:
    """A body: a little of it in memory, the rest in a file without a name, what is too much only counted.

    It has what waitress asks of its own buffers of bodies.
    """

    def __init__(self, client: str, intake: Intake) -> None:
        """Start empty."""
        self._client, self._intake = client, intake
        self._kept = OverflowableBuffer(BODY_BYTES_IN_MEMORY + 1)
        self._reserved = 0
        self.arrived_bytes = 0
        self.is_too_large = False
        self.has_no_room = False

    def append(self, part: bytes) -> None:
        """Take what arrived."""
        self.arrived_bytes += len(part)
        self.is_too_large = self.is_too_large or self.arrived_bytes > self._intake.body_bytes
        wanted = max(0, self.arrived_bytes - BODY_BYTES_IN_MEMORY) - self._reserved
        if self.is_too_large or self.has_no_room:
            self._drop()
        elif wanted and not self._intake.take(self._client, wanted):
            self.has_no_room = True
            self._drop()
        else:
            self._reserved += wanted
            self._kept.append(part)

    def getfile(self) -> IO[bytes]:
        """Return what is kept, to be read."""
        return cast(IO[bytes], self._kept.getfile())

    def get(self) -> bytes:
        """Return what is kept; it is left as it is."""
        return bytes(self._kept.get())

    def close(self) -> None:
        """Give everything back; twice changes nothing."""
        self._kept.close()
        self._release()

    def __len__(self) -> int:
        """Return how many bytes arrived; of a body that is too large the app refuses by this number."""
        return self.arrived_bytes

    def _drop(self) -> None:
        self._kept.close()
        self._kept = OverflowableBuffer(1)
        self._release()

    def _release(self) -> None:
        self._intake.give_back(self._client, self._reserved)
        self._reserved = 0


class ArrivingRequest(HTTPRequestParser):  # type: ignore[misc]  # its base has no types
    """A request until it is complete, and until it is answered."""

    body_rcv: FixedStreamReceiver | ChunkedReceiver | None
    chunked: bool
    completed: bool
    error: Error | None
    expect_continue: bool

    def __init__(
        self, adjustments: Adjustments, peer: str, intakes: Intakes, refuse: Callable[[Refused], None]
    ) -> None:
        """Take who sends, which parts of the server there are, and what refuses it while it arrives."""
        super().__init__(adjustments)
        self._intakes, self.client = intakes, client_of({}, peer, 0)
        self._peer, self.refuse = peer, refuse
        self.path = ""  # that of a request line which cannot be read
        self.is_sync = False
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
        return b"" if self._body is None else self._body.get()

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
        oldest = self._intake.begin(self)
        if oldest is not None:
            oldest.refuse(Refused(503, to_gate=oldest.is_sync))

    def received(self, data: bytes) -> int:
        """Take bytes of this request; return how many of them were its own."""
        consumed = int(super().received(data))
        if self.chunked and self.body_rcv is not None and not self.completed:
            line = max(len(self.body_rcv.control_line), len(self.body_rcv.trailer))
            if line > LONGEST_CHUNK_LINE:
                self.error, self.completed = Refused(400, to_gate=self.is_sync), True
        if self.completed:
            self._intake.end(self)
            if self._body is not None and self._body.has_no_room and self.error is None:
                self.error = Refused(503, to_gate=self.is_sync)
            elif self.error is not None and not isinstance(self.error, Refused):
                self.error = Refused(self.error.code, to_gate=self.is_sync, error=self.error)
        return consumed

    def close(self) -> None:
        """Give the body's place back."""
        self._intake.end(self)
        if self.body_rcv is not None:
            super().close()
