"""Processor time and memory of running processes and those that they started, as the system counts them."""

import os
import resource
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PARENT, OWN, ENDED_CHILDREN = 1, slice(11, 13), slice(13, 15)
"""Fields of /proc/PID/stat after the name."""


@dataclass(frozen=True)
class Meter:
    """One process with its children."""

    process: int

    @classmethod
    def of_parent(cls, child: int) -> "Meter":
        """Return the meter of the process that started this one."""
        return cls(int(_stat(child)[PARENT]))

    def _family(self) -> list[int]:
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process)], capture_output=True, check=False
        )
        return [self.process, *map(int, found.stdout.split())]

    def seconds(self) -> float:
        """Return the processor time so far, of children that have ended too."""
        ticks = sum(map(int, _stat(self.process)[ENDED_CHILDREN]))
        return (ticks + sum(sum(map(int, _stat(one)[OWN])) for one in self._family())) / TICKS

    def own_seconds(self) -> float:
        """Return the processor time so far of this process without its children."""
        return sum(map(int, _stat(self.process)[OWN])) / TICKS

    def mib(self) -> float:
        """Return the memory, shared pages counted in parts."""
        return sum(pss_kib(one) for one in self._family()) / 1024


def _stat(process: int) -> list[str]:
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return ["0"] * 20  # it ended since
    return text.rpartition(")")[2].split()


def pss_kib(process: int) -> int:
    """Return what a process has in memory, 0 where it ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


@contextmanager
def ran(*meters: Meter) -> Iterator[list[float]]:
    """Give a list that has the seconds of processor time of each, once the block has ended."""
    before = [one.seconds() for one in meters]
    spent: list[float] = []
    yield spent
    spent += [one.seconds() - earlier for one, earlier in zip(meters, before, strict=True)]


def seconds_of_command(command: Sequence[str], environment: dict[str, str]) -> float:
    """Run a command to its end; return its processor time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(list(command), check=True, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
