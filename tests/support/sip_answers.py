"""Telephones that answer as sipp's scenarios say: busy, unknown, or answered and deaf to hanging up."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.telephones import free_ports

HEADERS = """\
[last_Via:]
[last_From:]
[last_To:];tag=[pid]played[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
"""
SOUND = """\
Content-Type: application/sdp
Content-Length: [len]

v=0
o=played 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [local_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""


def _sent(status: str, rest: str = "Content-Length: 0\n") -> str:
    return f"<send><![CDATA[\nSIP/2.0 {status}\n{HEADERS}{rest}\n]]></send>"


SCENARIOS = {
    "no_account": [_sent("403 Forbidden")],
    "unknown": [_sent("404 Not Found"), '<recv request="ACK"/>'],
    "busy_in_latin_1": [_sent("486 Occup\xe9"), '<recv request="ACK"/>'],
    "busy": [_sent("486 Busy Here"), '<recv request="ACK"/>'],
    "silent_at_the_end": [_sent("180 Ringing"), _sent("200 OK", SOUND), '<recv request="ACK"/>', "<pause/>"],
}
"""The steps of each once it is called; the last one neither hangs up nor answers when the other side does."""


REGISTERS = {"no_account": "REGISTER"}


@contextmanager
def answering(folder: Path, scenario: str) -> Iterator[str]:
    """Run one and yield its address; skip where sipp is not installed, except in CI."""
    program = shutil.which("sipp")
    if program is None and "CI" not in os.environ:
        pytest.skip("sipp is not on this machine: apt install sip-tester")
    assert program is not None, "apt install sip-tester"
    path, (port,) = folder / f"{scenario}.xml", free_ports(1)
    request = REGISTERS.get(scenario, "INVITE")
    steps = "\n".join([f'<recv request="{request}"/>', *SCENARIOS[scenario]])
    text = f'<?xml version="1.0"?><scenario name="{scenario}">\n{steps}\n</scenario>'
    path.write_text(text, encoding="latin-1")
    command = [program, "-sf", str(path), "-i", "127.0.0.1", "-p", str(port), "-nostdin", "-trace_err"]
    with (folder / "sipp.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        yield f"sip:played@127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
