"""Gates that hand over their journals as fast as they are taken: `python -m tests.bench.fleet_events`.

It runs as a process of its own. Standard input is one JSON object (`Journals`). Every batch is made and
signed before the line `ready`, so that only sending and taking is timed; a gate sends the next one when the
last was answered, and each fifth once more, as after an answer that was lost. Standard output is one object
(`Taken`).
"""

import asyncio
import sys
import time
from collections import deque
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.journal_chain import GENESIS, HEAD_DOMAIN, Head, SignedHead, chain_entry
from gate_controller.contract.messages import EVENTS_PATH, EventBatch, EventsReply
from gate_controller.contract.signing import sign
from tests.bench.fleet_gates import Known, Line, signed_request

SENT_AGAIN = 5


class Journals(msgspec.Struct):
    """Which gates send what: passages of these people, by person and card."""

    address: str
    site_id: str
    gates: list[Known]
    people: list[tuple[str, str]]
    batches: int
    entries: int
    """In one batch."""
    at_once: int = 16


class Taken(msgspec.Struct):
    """How long it took until the last answer, and what failed."""

    seconds: float
    sent_again: int
    failures: list[str]
    gates: list[Known]


class _Sender(Line):
    """One gate with its requests, in their order."""

    def __init__(self, journals: Journals, known: Known, number: int) -> None:
        super().__init__(number)
        self.requests = deque(_requests(journals, known))

    async def send(self, host: str, port: int) -> None:
        """Send everything; raise ValueError where an answer does not acknowledge all of a batch."""
        while self.requests:
            upto, request = self.requests.popleft()
            reply = await self.answer(host, port, lambda: request)  # noqa: B023 - called before the next
            acknowledged = msgspec.json.decode(reply, type=EventsReply).acknowledged_seq
            if acknowledged != upto:
                raise ValueError(f"acknowledged to {acknowledged}, sent to {upto}")


def _requests(journals: Journals, known: Known) -> list[tuple[int, bytes]]:
    """Return signed requests with the number of their last entry."""
    key = Ed25519PrivateKey.from_private_bytes(known.key)
    lane_id, begins = f"{known.gate_id}-in", datetime.now(UTC) - timedelta(hours=1)
    previous, seq, made = GENESIS, 0, []
    for number in range(journals.batches):
        entries = []
        for _entry in range(journals.entries):
            seq += 1
            person_id, credential_id = journals.people[seq % len(journals.people)]
            facts = {"lane_id": lane_id, "method": "card", "opens": True, "reason": "granted"}
            personal = {"person_id": person_id, "credential_id": credential_id}
            entry = chain_entry(
                previous, seq, begins + timedelta(milliseconds=seq), "access", facts, personal
            )
            entries.append(entry)
            previous = entry.digest
        head = msgspec.json.encode(Head(journals.site_id, known.gate_id, seq, previous))
        signed = SignedHead(head, sign(key, HEAD_DOMAIN, head))
        body = msgspec.json.encode(EventBatch(entries=tuple(entries), head=signed))
        for _time in range(2 if number % SENT_AGAIN == 0 else 1):
            made.append((seq, signed_request(EVENTS_PATH, body, known, key)))
    return made


async def _play(journals: Journals) -> Taken:
    at = urlsplit(journals.address)
    host, port = at.hostname or "127.0.0.1", at.port or 80
    senders = [_Sender(journals, known, number) for number, known in enumerate(journals.gates)]
    waiting, failures = deque(senders), list[str]()
    requests = sum(len(sender.requests) for sender in senders)

    async def send_in_turn() -> None:
        while waiting:
            sender = waiting.popleft()
            try:
                await sender.send(host, port)
            except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError) as fault:
                failures.append(f"{type(fault).__name__}: {fault}"[:200])
            sender.close()

    print("ready", flush=True)
    started = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for _sender in range(journals.at_once):
            tasks.create_task(send_in_turn())
    sent_again = requests - journals.batches * len(senders)
    return Taken(time.monotonic() - started, sent_again, failures, journals.gates)


def main() -> int:
    """Send what the standard input says and write what came of it."""
    journals = msgspec.json.decode(sys.stdin.buffer.read(), type=Journals)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(_play(journals))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
