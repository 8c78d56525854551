"""What the server logs is closed to other accounts, and nothing that is sent starts a line of it."""

import json
import os
import socket
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import menjin
from tests.served.fleets import first_cell
from tests.served.served_compound import ServedCompound, serve_compound
from web_admin.core.config import WebConfig

FORGED = "FORGED"
BREAKS = ("%0d%0a", "%0a", "%0d", "%E2%80%A8", "%C2%85", "%0b")


@pytest.fixture
def logging_server(
    web_config: WebConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ServedCompound]:
    monkeypatch.setenv("MENJIN_LOG_REQUESTS", "1")
    with serve_compound(web_config, tmp_path) as served:
        yield served


def send_raw(served: ServedCompound, head: bytes) -> bytes:
    """Send a request as it is, which no client would, and return the answer's first line."""
    where = urlsplit(served.address)
    with socket.create_connection((where.hostname, where.port), timeout=60) as connection:
        connection.sendall(head)
        return connection.makefile("rb").readline()


def test_nothing_that_is_sent_starts_a_line_in_the_log(logging_server: ServedCompound) -> None:
    served, browser = logging_server, logging_server.browser()
    before = len(served.log_lines())
    browser.get("/staff/sign-in")
    for line_break in ("\r\n", "\n", "\r", "\u2028", "\x85"):
        browser.post("/staff/sign-in", {"email": f"a@b.example{line_break}{FORGED}", "password": FORGED})
    for line_break in BREAKS:
        browser.get(f"/no{line_break}{FORGED}?x={line_break}{FORGED}")
        browser.get(f"/manage/people/{line_break}{FORGED}")
    for raw_break in (b"\r\n ", b"\x85", b"\x0b", b"\n\t", b"\r"):
        for name in (b"User-Agent", b"X-Request-ID", b"X-Forwarded-For", b"Referer"):
            send_raw(
                served,
                b"GET /manage/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                + name
                + b": a"
                + raw_break
                + FORGED.encode()
                + b"\r\n\r\n",
            )
    written = served.log.read_text(encoding="utf-8").splitlines()[before:]
    assert [line for line in written if line.lstrip().startswith(FORGED)] == []
    lines = [json.loads(line) for line in written]  # a part of a line is no JSON
    assert len([line for line in lines if "request" in line]) > len(BREAKS), "the requests are in the log"


def open_to_others(folder: Path) -> list[str]:
    """Return the files below a folder that accounts beside its owner may read or write."""
    return [
        f"{path.relative_to(folder)} {stat.filemode(path.stat().st_mode)}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    ]


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Give every file to everyone, where the product does not say otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_no_other_account_reads_or_writes_the_ledger_or_what_commands_write_of_it(tmp_path: Path) -> None:
    made = first_cell(tmp_path)
    exported = tmp_path / "exported"
    exported.mkdir()
    data_dir = ["--data-dir", str(made)]
    with closing(sqlite3.connect(made / "menjin.sqlite3")) as connection:
        before = connection.execute("SELECT * FROM audit_entry ORDER BY seq").fetchall()
        assert before, "the ledger begins with the site"
        for arguments in (
            ["export-ledger", str(exported / "ledger.jsonl")],
            ["housekeeping"],
            ["audit-verify"],
            ["staff-link", "manager@example.org"],
        ):
            assert menjin.main(["web", *arguments, *data_dir]) == 0, arguments
        after = connection.execute("SELECT * FROM audit_entry ORDER BY seq").fetchall()
    assert after[: len(before)] == before, "a command changed what was written"
    assert (exported / "ledger.jsonl").stat().st_size > 0
    assert open_to_others(made) == []
    assert open_to_others(exported) == []
