"""A person at a terminal: reads what a program says, then types; over a real pseudo-terminal."""

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

LONGEST_WAIT_SECONDS = 300.0


class Terminal:
    """A program with a terminal of its own; `screen` is all that it has shown."""

    def __init__(
        self, words: Sequence[str | Path], *, folder: Path | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        """Start the program; the terminal is the one that /dev/tty means to it."""
        ours, its = pty.openpty()
        self._line, self._seen, self.screen = ours, 0, ""
        # In a session of its own, whose terminal this is.
        self._program = subprocess.Popen(
            ["setsid", "--ctty", *words], stdin=its, stdout=its, stderr=its, cwd=folder, env=env
        )
        os.close(its)

    def sees(self, text: str) -> str:
        """Wait until a text appears that was not waited for yet; return what came up to it."""
        give_up = time.monotonic() + LONGEST_WAIT_SECONDS
        while text not in self.screen[self._seen :]:
            assert self._reads(give_up), f"{text!r} does not come:\n{self.screen}"
        end = self.screen.index(text, self._seen) + len(text)
        before, self._seen = self.screen[self._seen : end], end
        return before

    def types(self, text: str) -> None:
        """Type a line."""
        os.write(self._line, f"{text}\n".encode())

    def ends(self) -> int:
        """Wait for the program's end; return its status."""
        give_up = time.monotonic() + LONGEST_WAIT_SECONDS
        while self._reads(give_up):
            pass
        return self._program.wait(timeout=LONGEST_WAIT_SECONDS)

    def reads(self) -> bool:
        """Wait for the next that is shown; return False at the program's end."""
        return self._reads(time.monotonic() + LONGEST_WAIT_SECONDS)

    def _reads(self, give_up: float) -> bool:
        """Read what is there; return False at its end."""
        ready, _, _ = select.select([self._line], [], [], max(0.0, give_up - time.monotonic()))
        assert ready, f"nothing more is shown:\n{self.screen}"
        with suppress(OSError):  # Linux says so when the last program has closed the other end
            if came := os.read(self._line, 65536):
                self.screen += came.decode(errors="replace").replace("\r\n", "\n")
                return True
        return False

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it; a program that still runs is ended by that."""
        os.close(self._line)
        with suppress(subprocess.TimeoutExpired):
            self._program.wait(timeout=30)
        if self._program.poll() is None:
            self._program.kill()
            self._program.wait()
