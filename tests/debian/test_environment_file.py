"""What the package's commands read of web.env is what systemd reads: asked of systemd's own program."""

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.debian.setup_commands import loaded
from tests.support.wheels import ROOT

GENERATOR = Path("/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator")
"""It reads environment.d by the function that reads a unit's EnvironmentFile=, and prints what it got."""
PROGRAM = ROOT / "deploy/debian/server/environment.py"
PIECES = (
    "A",
    "B",
    "_c",
    "export A",
    "é",
    "=",
    "==",
    '"',
    "'",
    "\\",
    "\\\n",
    "\n",
    "\n",
    "\r\n",
    " ",
    "\t",
    "#",
    ";",
    "\n# c",
    "\n; c\\",
    "x",
    "y z",
    '"a b"',
    "'q'",
    '\\"',
    "`",
    "https://gate.example.org",
    "\nA=",
    "\nB=",
    '\nA="',
    "\n_c='",
    "门",
)


@pytest.fixture(scope="module")
def environment() -> Any:
    return loaded("environment", "server")


def as_systemd(text: str) -> dict[str, str]:
    """What systemd reads. It prints a value in double quotes where it has to, with C's escapes."""
    with TemporaryDirectory() as folder:
        place = Path(folder) / "environment.d"
        place.mkdir()
        (place / "web.conf").write_bytes(text.encode())
        said = subprocess.run([GENERATOR], env={"XDG_CONFIG_HOME": folder}, capture_output=True, check=True)
    found = (line.partition("=") for line in said.stdout.decode().split("\n") if line)
    return {name: unquoted(value) for name, _equals, value in found}


def unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    controls = {"n": "\n", "t": "\t", "r": "\r"}
    return re.sub(r"\\(.)", lambda found: controls.get(found[1], found[1]), value[1:-1], flags=re.DOTALL)


@pytest.mark.wide
@pytest.mark.skipif(not GENERATOR.exists(), reason="systemd is not installed here")
@given(text=st.lists(st.sampled_from(PIECES), max_size=24).map("".join))
@settings(deadline=None)
def test_it_is_read_as_systemd_reads_it(environment: Any, text: str) -> None:
    # Here alone systemd passes over an empty value; a unit's file sets it (tests/debian/test_packages.py).
    named = (one for one in environment.assignments(text) if one.has_value and one.value)
    said = as_systemd(text)
    said.pop("QT_ACCESSIBILITY", None)  # a file of this machine's own says it
    assert {one.key: one.value for one in named if environment.NAME.fullmatch(one.key)} == said


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('A="https://gate.example.org"', "https://gate.example.org"),
        ("A='a b'  ", "a b"),
        ("A=a \\\nb  ", "a b"),
        ('A="a\\$b\\d"', "a$b\\d"),
        ("A=a#b ;c", "a#b ;c"),
        ('A="one\ntwo"', "one\ntwo"),
        ("A=1\nA=2", "2"),
        ("A=1\nA=", ""),
        ("# A=0 \\\nA=1", "1"),
        (" A = x ", "x"),
        ('A="x "', "x "),
    ],
)
def test_what_the_manual_page_says_of_quotes_ends_and_comments(
    environment: Any, line: str, value: str
) -> None:
    assert environment.read(line)["A"] == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A=1\nexport B=2\n", "line 2: 'export B' is no name"),
        ("A=1\n\nMENJIN\n", "line 3: no NAME=VALUE"),
        ('A="1\nB=2\n', "line 1: the value of A has a quote that does not end"),
        ("A=\x01\n", "line 1: the value of A has a control character"),
    ],
)
def test_what_systemd_would_ignore_is_named_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "web.env").write_text(text)
    check = [sys.executable, PROGRAM, "check", tmp_path / "web.env"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert (done.returncode, f"{tmp_path}/web.env: {said}" in done.stderr) == (1, True), done.stderr


def test_a_command_gets_what_the_service_gets(tmp_path: Path) -> None:
    file = tmp_path / "web.env"
    file.write_text("MENJIN_PUBLIC_URL=\"https://gate.example.org\"  \nMORE='a b'\n")
    shows = ["sh", "-c", 'echo "$MENJIN_PUBLIC_URL|$MORE|$KEPT"']

    def says() -> str:
        run = [sys.executable, PROGRAM, "run", file, *shows]
        more = {"KEPT": "1", "PATH": os.environ["PATH"]}
        return subprocess.run(run, capture_output=True, text=True, check=True, env=more).stdout

    assert says() == "https://gate.example.org|a b|1\n"
    file.unlink()
    assert says() == "||1\n"
