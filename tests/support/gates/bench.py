"""A whole gate in this process, with simulated metal at the other end of real ptys."""

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.assembly.assemble import assemble
from gate_controller.assembly.gate import Gate
from gate_controller.contract.journal_chain import JournalEntry
from gate_controller.contract.records import Record
from gate_controller.contract.signing import public_bytes
from gate_controller.site_file.load import load_config
from gate_controller.storage.journal import Journal
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from gate_controller.storage.secrets import private_key_bytes, write_secret
from hardware.inputs.serial import InputWire
from hardware.interfaces import DeviceState, Health, InputKind
from hardware.readers.cards import CardFormat
from hardware.simulated.input_board import InputBoard
from hardware.simulated.readers import Keypad, LineCardReader, QrScanner
from hardware.simulated.relay_board import RelayBoard
from tests.support.gates.gate_time import GateTime
from tests.support.gates.site_keys import SiteKeys, encoded
from tests.support.gates.waiting import PATIENCE_SECONDS, until

NO_SERVER = "http://127.0.0.1:9"
CARD_KEY, PIN_KEY = b"c" * 32, b"p" * 32
LANE = "north-in"
SITE_FILE = """
[gate]
data_dir = "{root}/data"
secrets_dir = "{root}/secrets"
server_url = "http://127.0.0.1:9"
language = "en"
has_battery_clock = true

[relay.board]
kind = "usb_relay"
port = "{root}/dev/relay"

[lane.north-in]
relay = "board"
lock = "fail_secure_strike"
contact = "no"

[reader.card]
kind = "serial_card"
port = "{root}/dev/card"
lane = "north-in"
bits = 34

[keypad.keys]
kind = "serial_keypad"
port = "{root}/dev/keys"
lane = "north-in"

[scanner.scan]
kind = "serial_code"
port = "{root}/dev/scan"
lane = "north-in"

[inputs.wires]
kind = "serial_inputs"
port = "{root}/dev/inputs"
wires = [
    {{ terminal = "1", lane = "north-in", kind = "door_open" }},
    {{ terminal = "2", lane = "north-in", kind = "exit_button" }},
]
{more}
"""
CAMERA_SHEET = """
[lane.north-in.sheet]
lock = "fail_secure_strike"
fails = "secure"
on_escape_route = false
camera_location = "gate_outside"
camera_view = "the person at the screen"
camera_sign_photo = "binder 1, page 3"
camera_sign_date = 2026-07-01
"""
"""Settings that a site file needs for a lane before it may name a camera there."""
READERS = {"card", "keys", "scan", "wires"}
WIRES = (
    InputWire("1", LANE, InputKind.DOOR_OPEN, False),
    InputWire("2", LANE, InputKind.EXIT_BUTTON, False),
)


@dataclass
class BenchGate:
    """The gate's files, the metal around it, and the gate itself while it runs."""

    root: Path
    site: SiteKeys
    relay: RelayBoard
    card: LineCardReader
    keys: Keypad
    scanner: QrScanner
    inputs: InputBoard
    more: str = ""
    server_url: str = NO_SERVER
    server_ca: Path | None = None
    lane: str = LANE
    has_scanner: bool = True
    """False where the site file names no scanner: the camera alone reads codes."""
    gate: Gate | None = None
    time: GateTime = field(default_factory=GateTime)
    _thread: threading.Thread | None = field(default=None, repr=False)
    _markers: int = 0

    def give_policy(self, records: Mapping[str, Record], *, version: int = 1) -> None:
        """Put a signed policy into the gate's store, as the sync thread does."""
        now = datetime.now(UTC)
        store = PolicyStore(self.root / "data" / "policy.sqlite3", self.identity, now)
        signed, change = self.site.signed_policy(encoded(records), version=version, issued_at=now)
        store.take(signed, change, now)
        store.trust("pass", self.site.certificates["pass"])
        store.close()

    @property
    def identity(self) -> GateIdentity:
        return GateIdentity(self.site.site_id, "north", public_bytes(self.site.root))

    def write_site_file(self) -> Path:
        path = self.root / "site.toml"
        text = SITE_FILE.format(root=self.root, more=self.more)
        if not self.has_scanner:
            text = text.partition("[scanner.")[0] + text[text.index("[inputs.") :]
        if self.server_ca is not None:
            text = text.replace("language =", f'server_ca = "{self.server_ca}"\nlanguage =')
        path.write_text(text.replace(NO_SERVER, self.server_url).replace(LANE, self.lane))
        return path

    def start(self, *, also: Collection[str] = (), without: Collection[str] = ()) -> Gate:
        """Start the gate in a thread and return once its readers, and these devices, are up.

        `without` are readers that are unplugged.
        """
        path = self.write_site_file()
        self.gate = gate = assemble(load_config(path), self.time.clocks, site_file=path)
        self._thread = threading.Thread(target=gate.run, name="gate")
        self._thread.start()
        unplugged = {*without, *(() if self.has_scanner else ("scan",))}
        awaited = READERS.union(also).difference(unplugged)
        status = gate.controller.status
        until(lambda: awaited <= {d.device for d in status().devices if d.health == "ok"}, status)
        return gate

    def handled(self) -> None:
        """Return once the running gate has handled everything that was in its queue until now."""
        gate = self._running()
        self._markers += 1
        name = f"marker-{self._markers}"
        # No device of the site: its first report that it is well is noted, and recorded nowhere.
        gate.inbox.put(DeviceState(name, Health.OK, ""))
        until(lambda: any(device.device == name for device in gate.controller.status().devices))

    def passes(self, seconds: float) -> None:
        """Advance the gate's clock, and return once the gate has done what was due by then."""
        # A decision is on the disk before all that follows from it is done: that belongs to the time before.
        self.handled()
        self.time.move_on(seconds)
        # The gate ticks with the first message after its clock has moved, and has ended that at the second.
        self.handled()
        self.handled()

    def watches(self, lane_id: str = LANE) -> None:
        """Return once a lane's contact has spoken: before that its door is not watched."""
        desk = self._running().controller._parts.desks[lane_id]
        until(lambda: desk.door.is_seen)

    def posture(self, lane_id: str = LANE) -> str:
        """Return what the running gate reports of a lane."""
        lanes = self._running().controller.status().lanes
        return next(lane.posture for lane in lanes if lane.lane_id == lane_id)

    def health(self, device: str) -> str:
        """Return how a device of the running gate is, empty before its first report."""
        devices = self._running().controller.status().devices
        return next((one.health for one in devices if one.device == device), "")

    def _running(self) -> Gate:
        assert self.gate is not None, "the gate was not started"
        return self.gate

    def stop(self) -> None:
        """Stop the gate and wait for it, and for its last order on the way to the relay board."""
        if self.gate is not None and self._thread is not None:
            self.gate.stop()
            self._thread.join(timeout=PATIENCE_SECONDS)
            assert not self._thread.is_alive()
            self.gate = None
            obeyed(self.relay)

    def entries(self) -> tuple[JournalEntry, ...]:
        """Return the whole journal, read while the gate is stopped."""
        journal = Journal(self.root / "data" / "journal.sqlite3", datetime.now(UTC))
        try:
            return journal.entries_after(0, 100_000)
        finally:
            journal.close()

    def decisions(self) -> list[tuple[str, str, bool]]:
        """Return method, reason and whether it opened, of every decision in the journal."""
        return [
            (str(e.facts["method"]), str(e.facts["reason"]), bool(e.facts["opens"]))
            for e in self.entries()
            if e.kind == "access"
        ]


def obeyed(relay: RelayBoard) -> RelayBoard:
    """Return a board once it has obeyed every order that was sent to it."""
    relay.wire.wait_until_heard(PATIENCE_SECONDS)
    return relay


@contextmanager
def bench_gate(root: Path, *, more: str = "") -> Iterator[BenchGate]:
    """Lay out a paired gate's files and plug its metal in; stop and unplug at the end."""
    site = SiteKeys.make()
    secrets_dir = root / "secrets"
    write_secret(secrets_dir, "gate.key", private_key_bytes(Ed25519PrivateKey.generate()))
    write_secret(secrets_dir, "card.key", CARD_KEY)
    write_secret(secrets_dir, "pin.key", PIN_KEY)
    write_secret(secrets_dir, "face.key", b"f" * 32)
    dev = root / "dev"
    dev.mkdir(parents=True, exist_ok=True)
    with (
        RelayBoard(dev / "relay", name="relay") as relay,
        LineCardReader(dev / "card", CardFormat(34, "hex"), name="card") as card,
        Keypad(dev / "keys", name="keys") as keys,
        QrScanner(dev / "scan", name="scan") as scanner,
        InputBoard(dev / "inputs", WIRES, name="inputs") as inputs,
    ):
        bench = BenchGate(root, site, relay, card, keys, scanner, inputs, more)
        write_secret(secrets_dir, "identity.json", msgspec.json.encode(bench.identity))
        try:
            yield bench
        finally:
            bench.stop()
