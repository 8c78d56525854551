"""Read a gate's disk from outside."""

import subprocess
from pathlib import Path


def read_from_outside(path: Path) -> bytes:
    """Return a file's bytes, read by another process.

    A process that closes any handle of an SQLite file loses all its locks on it, and its own open
    connections with them (https://www.sqlite.org/howtocorrupt.html, section 2.2).
    """
    return subprocess.run(["cat", "--", str(path)], check=True, capture_output=True).stdout
