"""Versions of the gate's program as wheels of this checkout, and a gate that its launcher runs."""

import base64
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from gate_controller.updates.launcher import State, read_state, write_state
from tests.support.gates.bench import BenchGate
from tests.support.gates.waiting import until

CHECKOUT = Path(__file__).resolve().parents[3]
PACKAGES = ("hardware", "gate_controller")
LAUNCHER = CHECKOUT / "gate_controller" / "updates" / "launcher.py"
WHEN = (2026, 1, 1, 0, 0, 0)
TAP_AGAIN_SECONDS = 5.0

AUDITED = """
import os, signal, sys
versions, trace, last = os.environ["FAULT_AT"].split("|")
def changed(event, args):
    if event == "open":
        name, _mode, flags = args
        writes = (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if not writes or not isinstance(name, (str, bytes, os.PathLike)):
            return
    elif event in ("os.rename", "os.symlink"):
        name = args[1]
    elif event in ("os.remove", "os.mkdir", "os.rmdir"):
        name = args[0]
    else:
        return
    name = os.fsdecode(name)
    if not name.startswith(versions):
        return
    place = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(place, f"{event} {name[len(versions):]}\\n".encode())
    os.close(place)
    if last and sum(1 for _line in open(trace)) == int(last):
        os.killpg(0, signal.SIGKILL)
sys.addaudithook(changed)
"""
"""Writes down each change of names and files under a folder; cuts the power before the one of a number."""
LAUNCHED = (
    AUDITED
    + """
sys.argv[:] = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
import launch
from pathlib import Path
sys.exit(launch.run(Path(sys.argv[1]), sys.argv[2:], os.environ["FAULT_PYTHON"]))
"""
)
GATE = (
    AUDITED
    + """
assert sys.argv[1:3] == ["-I", "-c"], sys.argv
code = sys.argv[3]
sys.argv[:] = ["-c", *sys.argv[4:]]
exec(code)
"""
)


def make_wheel(
    folder: Path,
    version: str,
    changed: Mapping[str, str] | None = None,
    packages: Sequence[str] = PACKAGES,
) -> Path:
    """Write the gate's part of this checkout as a wheel of a version; `changed` are files that differ."""
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"menjin-{version}-py3-none-any.whl"
    info = f"menjin-{version}.dist-info"
    files = {"menjin.py": (CHECKOUT / "menjin.py").read_bytes()}
    for package in packages:
        for path in sorted((CHECKOUT / package).rglob("*")):
            if path.is_file() and path.suffix not in (".pyc", ".po"):
                files[str(path.relative_to(CHECKOUT))] = path.read_bytes()
    files |= {name: text.encode() for name, text in (changed or {}).items()}
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: menjin\nVersion: {version}\n".encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/entry_points.txt"] = _entry_points().encode()
    record = "".join(f"{name},sha256={_digest(body)},{len(body)}\n" for name, body in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name, body in files.items():
            packed.writestr(zipfile.ZipInfo(name, WHEN), body)
    return wheel


def _entry_points() -> str:
    """Return the drivers that this checkout registers, as its wheel does."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    drivers = project["entry-points"]["menjin.drivers"].items()
    return "[menjin.drivers]\n" + "".join(f"{name} = {place}\n" for name, place in drivers)


def _digest(body: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()


def lay_out(root: Path, wheel: Path, version: str, trusted: Path) -> None:
    """Install a first version as the first boot does: launcher, trusted keys, one version."""
    lib = root / "versions" / version / "lib"
    lib.mkdir(parents=True)
    shutil.unpack_archive(wheel, lib, "zip")
    shutil.copyfile(LAUNCHER, root / "launch.py")
    shutil.copyfile(trusted, root / "root.json")
    write_state(root, State("kept", version))


@dataclass
class LaunchedGate:
    """A bench's gate, run by its launcher in a process group of its own."""

    bench: BenchGate
    root: Path
    trace: Path
    process: "subprocess.Popen[bytes] | None" = None
    log: list[int] = field(default_factory=list)

    def start(self, cut_at: int | None = None) -> None:
        """Start the launcher; the power is cut before the change of names or files with that number."""
        self.trace.write_text("")
        python = self.trace.with_suffix(".sh")
        python.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{GATE}' \"$@\"\n")
        python.chmod(0o700)
        fault = f"{self.root / 'versions'}/|{self.trace}|{cut_at or ''}"
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                LAUNCHED,
                str(self.root / "launch.py"),
                str(self.root),
                "gate",
                "run",
                str(self.bench.write_site_file()),
            ],
            env={**os.environ, "FAULT_AT": fault, "FAULT_PYTHON": str(python), "MENJIN_LOG_LEVEL": "ERROR"},
            start_new_session=True,
        )

    @property
    def runs(self) -> bool:
        """Return whether the launcher runs."""
        return self.process is not None and self.process.poll() is None

    def starts_again(self) -> None:
        """Do what systemd does: start the launcher again where it ended."""
        if not self.runs:
            self.start()

    def state(self) -> State:
        """Return how far the update is."""
        return read_state(self.root)

    def answers(self) -> bool:
        """Return whether the gate that runs holds the ports of its readers."""
        wanted = {reader.wire.device for reader in (self.bench.card, self.bench.keys, self.bench.scanner)}
        return any(wanted <= _held(pid) for pid in self._gates())

    def version_that_runs(self) -> str:
        """Return the version that the running gate was started with; empty where none runs."""
        for pid in self._gates():
            with suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                return next((Path(os.fsdecode(w)).parent.name for w in words if w.endswith(b"/lib")), "")
        return ""

    def _gates(self) -> list[int]:
        if self.process is None:
            return []
        try:
            listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        except OSError:
            return []
        return [int(pid) for pid in listed.split()]

    def taps(self, number: int) -> None:
        """Hold a card to the reader of the gate once it answers, if it runs."""
        until(lambda: self.answers() or not self.runs, self.state)
        self.bench.card.tap(number)

    def opens(self, number: int) -> bool:
        """Tap a card at the gate that runs; return whether the lock was released for it, or it ended.

        A tap in the moment in which the gate opens the reader's port is discarded with what lay there before:
        the card is held to it again, as a person would.
        """
        before, tapped_at = self._openings(), time.monotonic()
        self.taps(number)

        def has_opened() -> bool:
            nonlocal tapped_at
            if time.monotonic() - tapped_at > TAP_AGAIN_SECONDS:
                tapped_at = time.monotonic()
                self.bench.card.tap(number)
            return self._openings() > before or not self.runs

        until(has_opened, self.state)
        return self._openings() > before

    def _openings(self) -> int:
        return sum(change.on for change in self.bench.relay.changes)

    def end(self) -> None:
        """Stop it in good order."""
        if self.process is not None and self.runs:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=60)

    def cut_power(self) -> None:
        """Kill all of it at once, if anything runs."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=30)


def _held(pid: int) -> set[str]:
    held = set()
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                held.add(str(descriptor.readlink()))
    return held


def wheel_of_installed(folder: Path, name: str) -> Path:
    """Write a wheel of a package that this environment has, pure Python alone."""
    found = metadata.distribution(name)
    wheel = folder / f"{name}-{found.version}-py3-none-any.whl"
    info = f"{name}-{found.version}.dist-info"
    made_here = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
    files = {
        str(path): Path(str(path.locate())).read_bytes()
        for path in found.files or ()
        if path.parts[0] in (name, info) and path.suffix != ".pyc" and path.name not in made_here
    }
    record = "".join(f"{path},sha256={_digest(body)},{len(body)}\n" for path, body in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for path, body in files.items():
            packed.writestr(zipfile.ZipInfo(path, WHEN), body)
    return wheel
