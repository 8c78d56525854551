"""Start the version of the gate that is to run, and go back to the one before where a new one fails.

    ROOT/launch.py              this file, copied: no update replaces it, so it imports nothing but Python
    ROOT/root.json              the signing keys that this gate trusts (The Update Framework)
    ROOT/versions/0.3.0/lib/    one version, with everything that it imports
    ROOT/versions/state.json    which version runs, and how far an update is: the one truth
    ROOT/versions/current       a link to the version that runs, for people; made from the state

Usage: python3 launch.py ROOT gate run SITE.toml. A state is on the disk before what it says is done, so
that a power cut at any moment leaves a version that opens:

    kept ─ fetched ─ switched ─ trial ─ kept
                         └────────┴──── rolled_back, after starts that came to nothing or by its own judgement
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

ROOT_VARIABLE = "MENJIN_ROOT"
"""Tells the gate where its versions are; without it the gate takes no updates."""
EXIT_NEXT = 75
"""The gate ends so that the version of the state runs next."""
MAX_STARTS = 2
"""So often a new version may be started before it has to have been kept."""
TRIAL_SECONDS = 900.0
"""Within these a new version judges itself."""
LATEST_JUDGEMENT_SECONDS = TRIAL_SECONDS + 300.0
"""After these a new version that has said nothing is stopped."""
STOP_SECONDS = 10.0
LOOK_SECONDS = 5.0
KEPT, FETCHED, SWITCHED, TRIAL, ROLLED_BACK = "kept", "fetched", "switched", "trial", "rolled_back"
_CODE = "import sys; sys.path.insert(0, sys.argv.pop(1)); import menjin; sys.exit(menjin.main())"


@dataclass(frozen=True)
class State:
    """How far an update is. `version` is the one that the step is about, `previous` the one before it."""

    step: str
    version: str
    previous: str = ""
    order_id: str = ""
    starts: int = 0
    """How often the version was started on trial."""
    waits: bool = False
    """The version on trial has judged itself, and waits for a quiet moment to end."""
    why: str = ""
    """Why it was rolled back."""
    reported: bool = True
    """True once the outcome is in the gate's journal."""
    healthy: tuple[str, ...] = ()
    """The devices that worked under the previous version."""
    had_policy: bool = False

    @property
    def running(self) -> str:
        """Return the version that is to run."""
        return self.version if self.step in (KEPT, SWITCHED, TRIAL) else self.previous


class NoVersion(Exception):
    """No version of the gate is there; says where it was looked for."""


def lib_of(root: Path, version: str) -> Path:
    """Return where a version's modules are."""
    return root / "versions" / version / "lib"


def read_state(root: Path) -> State:
    """Return the state; one that cannot be read is made from the versions that are there.

    Raises NoVersion without any.
    """
    path = root / "versions" / "state.json"
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        known = {each.name for each in fields(State)}
        state = State(**{name: value for name, value in said.items() if name in known})
        if lib_of(root, state.running).is_dir():
            return replace(state, healthy=tuple(state.healthy))
        if state.previous and lib_of(root, state.previous).is_dir():
            return replace(state, step=ROLLED_BACK, why="its files are gone", reported=False)
    except (OSError, ValueError, TypeError, AttributeError) as err:
        print(f"menjin launch: {path}: {err}", file=sys.stderr)
    return State(KEPT, _some_version(root))


def _some_version(root: Path) -> str:
    """Return the version that the link names, or else the one that was put there last."""
    link = root / "versions" / "current"
    if link.is_symlink() and lib_of(root, link.readlink().name).is_dir():
        return link.readlink().name
    whole = [lib.parent for lib in (root / "versions").glob("*/lib") if not lib.parent.name.startswith(".")]
    if not whole:
        raise NoVersion(f"{root / 'versions'} has no version of the gate; install it again")
    return max(whole, key=lambda folder: folder.stat().st_mtime_ns).name


def write_state(root: Path, state: State) -> None:
    """Put a state on the disk, whole or not at all."""
    folder = root / "versions"
    part = folder / ".state.json"
    with part.open("w", encoding="utf-8") as file:
        json.dump(asdict(state), file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, folder / "state.json")  # noqa: PTH105 - one call for the disk, which tests count
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def point_at(root: Path, version: str) -> None:
    """Let the link name a version, by one rename."""
    link = root / "versions" / "current"
    if link.is_symlink() and str(link.readlink()) == version:
        return
    part = link.with_name(".current")
    part.unlink(missing_ok=True)
    os.symlink(version, part)  # noqa: PTH211
    os.replace(part, link)  # noqa: PTH105
    sync_folder(link.parent)


def next_start(root: Path) -> State:
    """Return the state to start by, after counting a start on trial or going back; it is on the disk."""
    state = read_state(root)
    if state.step in (SWITCHED, TRIAL):
        if state.starts >= MAX_STARTS:
            state = rolled_back(state, state.why or f"it ended {state.starts} times before it was kept")
        else:
            state = replace(state, step=TRIAL, starts=state.starts + 1, waits=False)
        write_state(root, state)
    point_at(root, state.running)
    return state


def rolled_back(state: State, why: str) -> State:
    """Return the state in which the version before runs."""
    return replace(state, step=ROLLED_BACK, why=why[:200], waits=False, reported=False)


def run(root: Path, arguments: Sequence[str], python: str = sys.executable) -> int:
    """Run the gate until it ends on its own or by a signal; return its exit code."""
    gate: subprocess.Popen[bytes] | None = None
    stops: list[int] = []

    def stop(number: int, _frame: object) -> None:
        stops.append(number)
        if gate is not None and gate.poll() is None:
            gate.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    while True:
        try:
            state = next_start(root)
        except NoVersion as err:
            print(f"menjin launch: {err}", file=sys.stderr)
            return 2
        except OSError as err:
            # A full or worn disk: what ran last runs on, and no trial is begun that could not be ended.
            print(f"menjin launch: {err}", file=sys.stderr)
            state = read_state(root)
            if state.step in (SWITCHED, TRIAL):
                state = replace(state, step=ROLLED_BACK)
        if stops:
            return 0
        lib = str(lib_of(root, state.running))
        # -I: no variable and no folder of the user adds modules to those of the version.
        command = [python, "-I", "-c", _CODE, lib, *arguments]
        gate = subprocess.Popen(command, env={**os.environ, ROOT_VARIABLE: str(root)})
        if stops:
            gate.send_signal(stops[0])
        status = _wait(gate, root, is_trial=state.step == TRIAL)
        if stops or status != EXIT_NEXT:
            return status if status >= 0 else 128 - status


def _wait(gate: "subprocess.Popen[bytes]", root: Path, *, is_trial: bool) -> int:
    """Return the gate's status; a version on trial that says nothing for too long is stopped for good."""
    ends = time.monotonic() + LATEST_JUDGEMENT_SECONDS
    while is_trial:
        try:
            return gate.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            state = read_state(root)
            is_trial = state.step == TRIAL
        if is_trial and not state.waits and time.monotonic() >= ends:
            write_state(root, rolled_back(state, "it did not say whether it is well"))
            gate.terminate()
            try:
                gate.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                gate.kill()
                gate.wait()
            return EXIT_NEXT
    return gate.wait()


def remove_others(root: Path, keep: Sequence[str]) -> None:
    """Remove versions that are neither of these, and what an update left half done."""
    for folder in (root / "versions").iterdir():
        is_version = (folder / "lib").is_dir() or folder.name.startswith(".new-")
        if is_version and not folder.is_symlink() and folder.name not in keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(run(Path(sys.argv[1]), sys.argv[2:]))
