"""A command whose reader has gone, as before `| head`, ends without a word."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    ("--help",),
    ("--version",),
    ("web", "--help"),
    ("gate", "check", "--help"),
    ("audit", "--help"),
    ("face", "models", "list", "--json"),
    ("qr", "read", "nothing.png", "--json"),
)


@pytest.mark.first_set
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_command_with_unread_output_ends_quietly(arguments: tuple[str, ...]) -> None:
    readable, writable = os.pipe()
    os.close(readable)
    done = subprocess.run(
        [sys.executable, "-m", "menjin", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=writable,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=120,
    )
    os.close(writable)
    assert (done.stderr, done.returncode in (0, 141)) == ("", True)  # argparse itself is silent, with 0
