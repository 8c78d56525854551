"""Paired gates that hear their bells at a broker, and ask when rung: `python -m tests.bench.fleet_bells`.

A process of its own, as `fleet_gates` is. Standard input is one JSON object (`Bells`); standard output is a
line once every gate hears its bell, and one object (`Rung`).
"""

import asyncio
import ssl
import sys
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gate_controller.broker.line import address_of
from gate_controller.contract.bell import answer_nonce, pass_claims, token, wake_up_subject
from gate_controller.contract.features import BELL, SUM_DIGEST
from gate_controller.contract.messages import (
    ASK_PATH,
    RECEIPT_DOMAIN,
    RECEIPTS_PATH,
    AskRequest,
    BellPass,
    ForgetReceipt,
    PolicyManifest,
    ReceiptBatch,
    SignedReceipt,
    sign_struct,
)
from gate_controller.contract.signing import public_bytes
from tests.bench.fleet_gates import Known, Line, signed_request


class Bells(msgspec.Struct):
    """What to play: wait for rings, ask, and end when every gate has this version of the policy."""

    address: str
    gates: list[Known]
    broker_ca: str
    until_version: int
    seconds: float = 120.0
    forgets: str = ""
    """A person whose face each gate forgets with that version, and signs so."""


class Rung(msgspec.Struct):
    """When each gate had the version, and when its receipt was answered."""

    gates: list[Known]
    failures: list[str]
    had_version_at: list[float]
    signed_at: list[float]


class _Answer(msgspec.Struct):
    policy: "_Policy | None" = None
    change: "_Change | None" = None
    bell_pass: BellPass | None = None


class _Policy(msgspec.Struct):
    manifest: bytes


class _Change(msgspec.Struct):
    puts: dict[str, msgspec.Raw]


class _Face(msgspec.Struct):
    consent_id: str


class _Gate(Line):
    """One gate that asks when it is rung."""

    def __init__(self, known: Known, number: int) -> None:
        super().__init__(number)
        self.known = known
        self._key = Ed25519PrivateKey.from_private_bytes(known.key)
        self._bell_key = Ed25519PrivateKey.generate()
        self._sealing_key = X25519PrivateKey.generate()
        self._bell: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._site_id = ""
        self._consents: dict[str, str] = {}

    async def ask(self, host: str, port: int, *, for_pass: bool = False) -> BellPass | None:
        """Ask once and take what comes."""

        def request() -> bytes:
            have = (0, 0) if for_pass else self.known.have  # all of it, to know which consents it holds
            question = AskRequest(
                have_epoch=have[0],
                have_version=have[1],
                gate_time=datetime.now(UTC),
                clock_sure=True,
                journal_seq=0,
                knows=(BELL, SUM_DIGEST),
                bell_key=public_bytes(self._bell_key) if for_pass else msgspec.UNSET,
                sealing_public_key=self._sealing_key.public_key().public_bytes_raw(),
            )
            return signed_request(ASK_PATH, msgspec.json.encode(question), self.known, self._key)

        answer = msgspec.json.decode(await self.answer(host, port, request), type=_Answer)
        if answer.policy is not None:
            manifest = msgspec.json.decode(answer.policy.manifest, type=PolicyManifest)
            self.known.have, self._site_id = (manifest.epoch, manifest.version), manifest.site_id
        for key, record in answer.change.puts.items() if answer.change is not None else ():
            kind, _, person_id = key.partition(":")
            if kind == "face":
                self._consents[person_id] = msgspec.json.decode(record, type=_Face).consent_id
        return answer.bell_pass

    async def hear(self, host: str, port: int, ca: str) -> None:
        """Get a pass, ask as a gate does that has one, and connect to the broker with it."""
        given = await self.ask(host, port, for_pass=True)
        await self.ask(host, port)
        self._sealing_key = X25519PrivateKey.generate()  # the next question's, while it has time for that
        if given is None:
            raise ValueError("the server gave no pass")
        broker, its_port = address_of(given.servers[0])
        context = ssl.create_default_context(cafile=ca)
        reader, writer = await asyncio.open_connection(broker, its_port, ssl=context, server_hostname=broker)
        self._bell = reader, writer
        nonce = msgspec.json.decode((await reader.readline()).partition(b" ")[2])["nonce"]
        subject = wake_up_subject(self._site_id, self.known.gate_id)
        claims = pass_claims(
            given.account,
            public_bytes(self._bell_key),
            subject,
            given.issued_at,
            given.issued_at + given.seconds,
        )
        shown = {
            "verbose": False,
            "jwt": token(claims, given.signature),
            "lang": "bench",
            "version": "1",
            "sig": answer_nonce(self._bell_key, nonce),
        }
        words = f"\r\nSUB {subject} 1\r\nPING\r\n"
        writer.write(b"CONNECT " + msgspec.json.encode(shown) + words.encode())
        while (said := await reader.readline()).strip() != b"PONG":
            if not said or said.startswith(b"-ERR"):
                raise ValueError(f"the broker says {said!r}")

    async def rung(self) -> None:
        """Wait until the bell rings."""
        assert self._bell is not None
        reader, writer = self._bell
        while not (said := await reader.readline()).startswith(b"MSG"):
            if not said:
                raise ValueError("the broker hung up")
            if said.startswith(b"PING"):
                writer.write(b"PONG\r\n")

    async def forget(self, host: str, port: int, person_id: str) -> None:
        """Sign that a person's face is gone, and hand that over."""
        receipt = ForgetReceipt(
            site_id=self._site_id,
            gate_id=self.known.gate_id,
            person_id=person_id,
            consent_id=self._consents[person_id],
            forgotten_at=datetime.now(UTC),
            blob_found=True,
            journal_seq=0,
        )
        body, signature = sign_struct(self._key, RECEIPT_DOMAIN, receipt)
        batch = msgspec.json.encode(
            ReceiptBatch(receipts=(SignedReceipt(receipt=body, signature=signature),))
        )
        await self.answer(host, port, lambda: signed_request(RECEIPTS_PATH, batch, self.known, self._key))

    def close(self) -> None:
        """Close both connections."""
        super().close()
        if self._bell is not None:
            self._bell[1].close()


async def _played(orders: Bells) -> Rung:
    at = urlsplit(orders.address)
    host, port = at.hostname or "127.0.0.1", at.port or 80
    gates = [_Gate(known, number) for number, known in enumerate(orders.gates)]
    rung = Rung(orders.gates, [], [], [])

    async def plays(gate: _Gate) -> None:
        while gate.known.have[1] < orders.until_version:
            await gate.rung()
            await gate.ask(host, port)
        rung.had_version_at.append(time.time())
        if orders.forgets:
            await gate.forget(host, port, orders.forgets)
            rung.signed_at.append(time.time())

    try:
        async with asyncio.timeout(orders.seconds), asyncio.TaskGroup() as tasks:
            for gate in gates:
                await gate.hear(host, port, orders.broker_ca)
                tasks.create_task(plays(gate))  # from now on: it has to answer the broker
            print("ready", flush=True)
    except TimeoutError:
        rung.failures.append("a bell did not ring, or a gate did not get the change")
    for gate in gates:
        gate.close()
    return rung


def main() -> int:
    """Play what the standard input says and write what came of it."""
    orders = msgspec.json.decode(sys.stdin.buffer.read(), type=Bells)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(_played(orders))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
