"""Try something in a fork, which may take so long and no longer."""

import os
import resource
import signal
from collections.abc import Callable
from time import process_time

SPARE_SECONDS = 5
TIMES_UNCHANGED = 5
"""With a change something may compute this many times what it took without, and the spare seconds."""
PATIENCE = 6
"""By the clock it may take this many times longer: the machine may be busy."""


def noticed_in_a_fork(try_it: Callable[[], str]) -> tuple[str, str]:
    """Return what became of a mutant, and what `try_it` returned there: the test that noticed, or nothing."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            by = try_it()
            os.write(writing, by.encode())
            os._exit(1 if by else 0)
        finally:
            os._exit(2)  # try_it raised: the change was noticed
    os.close(writing)
    with os.fdopen(reading) as pipe:
        by = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGALRM, signal.SIGXCPU):
        return "time-out", by
    return ("survived" if status == 0 else "killed"), by


def allow(unchanged_seconds: float) -> None:
    """End this process if what comes now takes much longer than it did without a change."""
    limit = int(SPARE_SECONDS + TIMES_UNCHANGED * unchanged_seconds)
    signal.alarm(PATIENCE * limit)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(process_time()) + limit, hard))
