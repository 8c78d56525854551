"""What a gate costs without visitors: processor time and memory with six devices at rest.

The peer is a process that holds six serial ports with pyserial and waits on each in a thread.
"""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gate_controller.storage.secrets import write_secret
from hardware.simulated.osdp_reader import OsdpBus
from tests.bench.big_site import records_of
from tests.bench.figure import Figure, beside
from tests.support.compounds.people import card, lane, person, records
from tests.support.gates.bench import CARD_KEY, bench_gate

SETTLE_SECONDS, WATCHED_SECONDS = 6.0, 20.0
CREDENTIALS = 10_000
OSDP = """
[osdp_line.gatehouse]
port = "{root}/dev/osdp"

[osdp_reader.osdp-in]
line = "gatehouse"
address = 5
lane = "north-in"
bits = 34
"""
BARE = """
import sys, threading, serial
def wait(path):
    port = serial.Serial(path, 9600, timeout=1.0)
    while True:
        port.read(64)
for path in sys.argv[1:]:
    threading.Thread(target=wait, args=(path,), daemon=True).start()
print("up", flush=True)
threading.Event().wait()
"""


def measure() -> Iterator[Figure]:
    """Yield the share of one core and the memory of a gate with six devices at rest, without face."""
    with tempfile.TemporaryDirectory(prefix="menjin-bench-") as folder:
        root = Path(folder)
        key = secrets.token_bytes(16)
        more = OSDP.format(root=root)
        with bench_gate(root, more=more) as bench, OsdpBus(root / "dev" / "osdp", name="osdp") as bus:
            bus.add(5, key)
            write_secret(root / "secrets", "osdp-osdp-in.key", key)
            small = records(person(), card(7, CARD_KEY), lane())
            bench.give_policy(records_of(CREDENTIALS, CARD_KEY, gates=1) | small)
            command = [sys.executable, "-m", "menjin", "gate", "run", str(bench.write_site_file())]
            with _running(command) as gate:
                bench.relay.wait_for_off(1, timeout_seconds=30)
                gate_share, gate_mib = at_rest(gate)
            ports = [str(root / "dev" / name) for name in ("relay", "card", "keys", "scan", "inputs", "osdp")]
            with _running([sys.executable, "-c", BARE, *ports]) as bare:
                bare_share, bare_mib = at_rest(bare)
    peer = "six pyserial readers"
    yield beside("rest", "processor, six devices", gate_share, "% of a core", peer, bare_share)
    yield beside("rest", f"memory, {CREDENTIALS} credentials, no face", gate_mib, "MiB", peer, bare_mib)


@contextmanager
def _running(command: list[str]) -> "Iterator[subprocess.Popen[bytes]]":
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


def at_rest(process: "subprocess.Popen[bytes]", seconds: float = WATCHED_SECONDS) -> tuple[float, float]:
    """Return per cent of one core over some seconds, and resident MiB after them."""
    time.sleep(SETTLE_SECONDS)
    before, began = _processor_seconds(process.pid), time.monotonic()
    time.sleep(seconds)
    share = (_processor_seconds(process.pid) - before) / (time.monotonic() - began) * 100
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return share, int(line.split()[1]) / 1024


def _processor_seconds(process_id: int) -> float:
    """Return user and system time so far (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
