"""Paired gates that ask a server over sockets of their own: `python -m tests.bench.fleet_gates`.

It runs as a process of its own, so that what the gates cost is not taken for the server's time. Standard
input is one JSON object (`Orders`); standard output is a line once each gate has asked twice, and one object
(`Seen`). Each gate keeps one connection and opens another where the server closed it, as real ones do, signs
each request and counts it; forty gates share an address of this machine.
"""

import asyncio
import base64
import resource
import sys
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.features import SUM_DIGEST
from gate_controller.contract.messages import (
    ASK_PATH,
    COUNTER_HEADER,
    GATE_HEADER,
    SIGNATURE_HEADER,
    AskRequest,
    PolicyManifest,
)
from gate_controller.contract.signing import REQUEST_DOMAIN, request_message, sign

GATES_OF_AN_ADDRESS = 40
LONGEST_ANSWER_SECONDS = 30.0
WARM_UP_ASKS = 2


class Known(msgspec.Struct):
    """A gate's id, its private key and the number of its last request."""

    gate_id: str
    key: bytes
    counter: int = 0
    have: tuple[int, int] = (0, 0)
    host: str = "localhost"


class Orders(msgspec.Struct):
    """What to play: without a rate as many asks as `at_once` allows, with one so many a second."""

    address: str
    gates: list[Known]
    seconds: float
    at_once: int = 16
    per_second: float = 0.0
    until_version: int = 0
    """End once every gate has this version of the policy."""
    lead_in_seconds: float = 0.0
    """Ask at that rate for so long before anything is noted: what a start brings with it is over then."""
    with_news: bool = False
    """Say something else each time, as a gate whose door opened: such a question is worked out in full."""


class Seen(msgspec.Struct):
    """What came of it: how long each answer took from when it was due, and when each gate had the version."""

    answer_ms: list[float]
    seconds: float
    failures: list[str]
    gates: list[Known]
    had_version_at: list[float]


class _Answer(msgspec.Struct):
    policy: "_Policy | None" = None


class _Policy(msgspec.Struct):
    manifest: bytes


def signed_request(path: str, body: bytes, known: Known, key: Ed25519PrivateKey) -> bytes:
    """Return a gate's next request as its bytes on the wire, signed and counted."""
    known.counter += 1
    signed = sign(key, REQUEST_DOMAIN, request_message("POST", path, body, known.gate_id, known.counter))
    return (
        f"POST {path} HTTP/1.1\r\nHost: {known.host}\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: application/json\r\n{GATE_HEADER}: {known.gate_id}\r\n"
        f"{COUNTER_HEADER}: {known.counter}\r\n"
        f"{SIGNATURE_HEADER}: {base64.b64encode(signed).decode()}\r\n\r\n"
    ).encode() + body


class Line:
    """The connection of one gate to the server, kept between requests."""

    def __init__(self, number: int) -> None:
        """Take the gate's number, of which its address is one."""
        block = 10 + number // GATES_OF_AN_ADDRESS
        self._source = f"127.{block // 256}.{block % 256}.1"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def answer(self, host: str, port: int, request: Callable[[], bytes]) -> bytes:
        """Return the body of the answer; raise OSError or ValueError where there is no proper one.

        Where the server had closed the connection, the next request is sent over another.
        """
        kept = self._streams is not None
        try:
            reader, head = await self._asked(host, port, request())
        except (asyncio.IncompleteReadError, ConnectionResetError):
            if not kept:
                raise
            self.close()
            reader, head = await self._asked(host, port, request())
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 200"):
            raise ValueError(body[:200].decode(errors="replace"))
        return body

    async def _asked(self, host: str, port: int, request: bytes) -> tuple[asyncio.StreamReader, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(host, port, local_addr=(self._source, 0))
        reader, writer = self._streams
        writer.write(request)
        async with asyncio.timeout(LONGEST_ANSWER_SECONDS):
            return reader, await reader.readuntil(b"\r\n\r\n")

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class _Gate(Line):
    """One gate that asks."""

    def __init__(self, known: Known, number: int, *, with_news: bool = False) -> None:
        super().__init__(number)
        self.known = known
        self._with_news = with_news
        self._key = Ed25519PrivateKey.from_private_bytes(known.key)

    async def ask(self, host: str, port: int) -> None:
        """Ask once; raise OSError or ValueError where there is no proper answer."""
        self._take(await self.answer(host, port, self._request))

    def _request(self) -> bytes:
        known = self.known
        body = msgspec.json.encode(
            AskRequest(
                have_epoch=known.have[0],
                have_version=known.have[1],
                gate_time=datetime.now(UTC),
                clock_sure=True,
                journal_seq=0,
                knows=(SUM_DIGEST,),
                program=f"bench {known.counter % 2}" if self._with_news else msgspec.UNSET,
            )
        )
        return signed_request(ASK_PATH, body, known, self._key)

    def _take(self, body: bytes) -> None:
        policy = msgspec.json.decode(body, type=_Answer).policy
        if policy is not None:
            manifest = msgspec.json.decode(policy.manifest, type=PolicyManifest)
            self.known.have = (manifest.epoch, manifest.version)


class _Play:
    """All gates of this process, asking in turn."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        at = urlsplit(orders.address)
        self._host, self._port = at.hostname or "127.0.0.1", at.port or 80
        self._gates = [
            _Gate(known, number, with_news=orders.with_news) for number, known in enumerate(orders.gates)
        ]
        self._idle = deque(self._gates)
        self._noted_from = 0.0
        self.seen = Seen([], 0.0, [], orders.gates, [])

    async def run(self) -> Seen:
        """Play until the time is up, or until every gate has the version."""
        await self._warm_up()
        print("ready", flush=True)
        started = time.monotonic()
        self._noted_from = started + self._orders.lead_in_seconds
        ends = self._noted_from + self._orders.seconds
        askers = self._orders.at_once if not self._orders.per_second else len(self._gates)
        async with asyncio.TaskGroup() as tasks:
            for number in range(min(askers, len(self._gates))):
                tasks.create_task(self._ask_in_turn(started, ends, number))
        self.seen.seconds = time.monotonic() - self._noted_from
        for gate in self._gates:
            gate.close()
        return self.seen

    async def _warm_up(self) -> None:
        """Let each gate ask twice: the server's process at the other end of its connection then knows it."""
        waiting = list(self._gates)

        async def asks() -> None:
            while waiting:
                gate = waiting.pop()
                for _ask in range(WARM_UP_ASKS):
                    await gate.ask(self._host, self._port)

        async with asyncio.TaskGroup() as tasks:
            for _asker in range(self._orders.at_once):
                tasks.create_task(asks())

    async def _ask_in_turn(self, started: float, ends: float, number: int) -> None:
        rate = self._orders.per_second
        turn = number
        while time.monotonic() < ends and not self._all_have_it():
            due = started + turn / rate if rate else time.monotonic()
            turn += len(self._gates)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            gate = self._gates[number] if rate else self._idle.popleft()
            try:
                await gate.ask(self._host, self._port)
            except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError) as fault:
                if due >= self._noted_from:
                    self.seen.failures.append(f"{type(fault).__name__}: {fault}"[:200])
            else:
                if due >= self._noted_from:
                    self._note(gate, due)
            self._idle.append(gate)

    def _note(self, gate: _Gate, due: float) -> None:
        now = time.monotonic()
        self.seen.answer_ms.append((now - due) * 1000)
        wanted = self._orders.until_version
        if wanted and gate.known.have[1] >= wanted and len(self.seen.had_version_at) < len(self._gates):
            self.seen.had_version_at.append(time.time())

    def _all_have_it(self) -> bool:
        wanted = self._orders.until_version
        return bool(wanted) and all(gate.known.have[1] >= wanted for gate in self._gates)


def main() -> int:
    """Play what the standard input says and write what came of it."""
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Orders)
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    seen = asyncio.run(_Play(orders).run())
    sys.stdout.buffer.write(msgspec.json.encode(seen))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
