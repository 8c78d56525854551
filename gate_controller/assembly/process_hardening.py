"""Keep keys and templates of the running gate out of swap, core files and other programs' hands.

What the kernel refuses is reported, and never keeps the gate from starting: the unit file's own
limits (LimitCORE, MemorySwapMax, LimitMEMLOCK in deploy/menjin-gate.service) come first, and this is
the second line. Calls as in prctl(2), setrlimit(2) and mlockall(2).
"""

import ctypes
import os
import resource
from collections.abc import Iterator
from pathlib import Path

PR_SET_DUMPABLE = 4
MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4
SWAPS = Path("/proc/swaps")
OWN_CGROUP = Path("/proc/self/cgroup")
CGROUPS = Path("/sys/fs/cgroup")


def harden_process() -> tuple[str, ...]:
    """Allow no core file, no debugger and no swap; return what could not be had, with the remedy."""
    troubles = [*_no_core(), *_no_dump()]
    if not may_lock_memory():
        return (*troubles, *swap_trouble())
    # On fault: only pages that are used are locked. Without it every mapping is read in whole, and
    # memory grows (docs/decisions).
    if _libc().mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0:
        why = os.strerror(ctypes.get_errno())
        return (*troubles, *(f"{trouble} (mlockall: {why})" for trouble in swap_trouble()))
    return tuple(troubles)


def may_lock_memory() -> bool:
    """Return whether all memory may be locked, now and later.

    A limit that is high enough now and not later would make a thread or a buffer fail in the middle of
    the night, so that only a process without a limit locks anything.
    """
    return os.geteuid() == 0 or resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY


def swap_trouble(swaps: Path = SWAPS, own_cgroup: Path = OWN_CGROUP, cgroups: Path = CGROUPS) -> list[str]:
    """Return what is wrong where this process may be swapped to disk, or nothing.

    Without swap, or in a control group with none (MemorySwapMax=0), unlocked memory stays in memory.
    """
    try:
        devices = [line.split()[0] for line in swaps.read_text().splitlines()[1:] if line.strip()]
    except OSError:
        devices = []
    if not devices or _swap_of_group(own_cgroup, cgroups) == "0":
        return []
    return [
        f"keys and faces in memory may be written to swap ({', '.join(devices)}): start the gate from its "
        "unit (MemorySwapMax=0, LimitMEMLOCK=infinity), or switch swap off: swapoff -a"
    ]


def _swap_of_group(own_cgroup: Path, cgroups: Path) -> str:
    try:
        path = next(line[3:] for line in own_cgroup.read_text().splitlines() if line.startswith("0::"))
        return (cgroups / path.strip("/") / "memory.swap.max").read_text().strip()
    except (OSError, StopIteration):
        return ""


def _no_core() -> Iterator[str]:
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError) as err:
        yield f"a crash may write memory into a core file ({err}): set LimitCORE=0 in the unit"


def _no_dump() -> Iterator[str]:
    # A core that is piped to a program ignores the limit above; a process that is not dumpable has none,
    # and another process of the same user may not read its memory.
    if _libc().prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        yield f"other processes of this user may read the gate's memory: {os.strerror(ctypes.get_errno())}"


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
