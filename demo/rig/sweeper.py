"""End what a killed demo would leave behind: its server, its gates and its folder.

`python -m demo.rig.sweeper FOLDER` is started with the demo and waits until its standard input ends. The demo
alone holds the other end of that pipe, and the kernel closes it however the demo ends.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

SWEEP_SECONDS = 12.0


@contextmanager
def swept_after(folder: Path) -> Iterator[None]:
    """Have a process wait for the end of this one, however it comes, while the block runs."""
    with subprocess.Popen(
        [sys.executable, "-m", "demo.rig.sweeper", str(folder)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    ):
        yield


def sweep(folder: Path) -> None:
    """End every program of ours that runs in a demo's folder, and remove the folder."""
    give_up = time.monotonic() + SWEEP_SECONDS
    while (left := running_in(folder)) and time.monotonic() < give_up:
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)


def running_in(folder: Path) -> list[int]:
    """Return the processes of this Python whose command line names the folder, without this one."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:  # it has ended, or is none of ours
            continue
        if words[0] == sys.executable and any(_is_inside(word, folder) for word in words):
            found.append(int(path.parent.name))
    return [pid for pid in found if pid != os.getpid()]


def _is_inside(word: str, folder: Path) -> bool:
    return word == str(folder) or word.startswith(f"{folder}/")


def main(argv: Sequence[str]) -> None:
    """Wait for the demo's end, then sweep."""
    sys.stdin.buffer.read()
    sweep(Path(argv[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
