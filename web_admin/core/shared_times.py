"""Give the processes of a server one folder in memory in which they count together."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of a random name is made there


@contextmanager
def counted_together() -> Iterator[None]:
    """Let this process and those it starts count together until the end.

    In memory: where a disk is full, a write into a mapped file ends the process.
    """
    given = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    parent = Path(given) if given else IN_MEMORY
    with tempfile.TemporaryDirectory(
        prefix="menjin-times-", dir=parent if os.access(parent, os.W_OK) else None
    ) as folder:
        os.environ[FOLDER_VARIABLE] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER_VARIABLE]
