"""A head office as `menjin head-office run` serves it, and compounds that answer it well or badly."""

import os
import re
import select
import socket
import ssl
import subprocess
import sys
import threading
import time
from base64 import b32decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
from babel.messages.pofile import read_po
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from head_office.settings import Compound, add_compound
from web_admin.events.texts import EVENTS

ROOT = Path(__file__).resolve().parents[2]
LONGEST_START_SECONDS = 180.0
PASSWORD = "a quiet office above four gates"
KEY = "mjk_0123456789abcdef_" + "A" * 43
STAFF = "wang"
with (ROOT / "web_admin/translations/zh/LC_MESSAGES/messages.po").open("rb") as _file:
    _EVENTS_IN_CHINESE = read_po(_file, locale="zh")


def overview(**changes: object) -> dict[str, object]:
    """Return what a compound of four gates answers that is well, with changes by name (`gates__silent=1`)."""
    said: dict[str, object] = {
        "format": "menjin-overview-1",
        "site": "湖畔花园",
        "program": "0.2.0",
        "schema": "0009",
        "server": "good",
        "backup_age_seconds": 7 * 3600,
        "backup_level": "good",
        "gates": {
            "total": 4,
            "in_contact": 4,
            "silent": 0,
            "silent_for_seconds": None,
            "not_paired": 0,
            "behind": 0,
            "not_well": 0,
        },
        "versions": [{"version": "0.2.0", "gates": 4}],
        "alarms": [],
        "forgettings_pending": {"at_least": 0, "at_most": 0, "oldest_hours": None},
        "ways_in": [
            {"method": "card", "tries": "8420+", "opened_percent": 98},
            {"method": "pin", "tries": "610+", "opened_percent": 93},
            {"method": "qr", "tries": "1330+", "opened_percent": 96},
            {"method": "face", "tries": "210+", "opened_percent": 97},
        ],
        "worse_than_face": [],
        "people_with_face": {
            "at_least": 20,
            "at_most": 29,
            "near": 80_000,
            "close": 95_000,
            "threshold": 100_000,
        },
    }
    for name, value in changes.items():
        place, *inner = name.split("__")
        if inner:
            said[place] = {**said[place], inner[0]: value}  # type: ignore[dict-item]  # a part that is a dictionary
        else:
            said[place] = value
    return said


def alarm(kind: str, count: int, oldest_seconds: int) -> dict[str, object]:
    """Return open alarms of a kind as a compound sends them."""
    said = _EVENTS_IN_CHINESE.get(text := str(EVENTS[kind]._args[0]))
    assert said is not None
    names = {"zh": str(said.string), "en": text}
    return {"kind": kind, "names": names, "count": count, "oldest_seconds": oldest_seconds}


def whole_answer(body: bytes, status: str = "200 OK", headers: Sequence[str] = ()) -> bytes:
    """Return an answer as it goes over the line."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Answerer:
    """A server on this machine that answers each call as it is set to, and keeps what it was asked."""

    listener: socket.socket
    speak: Callable[[socket.socket], None]
    heads: list[str] = field(default_factory=list)
    tls: ssl.SSLContext | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def says(self, body: object, status: str = "200 OK", headers: Sequence[str] = ()) -> None:
        """Answer with this from now on."""
        encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
        self.speak = lambda line: line.sendall(whole_answer(encoded, status, headers))

    def serve(self) -> None:
        """Answer until the listener is closed."""
        while True:
            try:
                line, _address = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(line,), daemon=True).start()

    def _one(self, line: socket.socket) -> None:
        try:
            inside = line if self.tls is None else self.tls.wrap_socket(line, server_side=True)
            with inside:
                head = b""
                while b"\r\n\r\n" not in head:
                    part = inside.recv(65536)
                    if not part:
                        return
                    head += part
                self.heads.append(head.decode("latin-1"))
                self.speak(inside)
        except OSError:
            pass  # the head office went away, as it should from many of these
        finally:
            line.close()


@contextmanager
def answering(body: object = None) -> Iterator[Answerer]:
    """Serve a compound that answers this."""
    listener = socket.create_server(("127.0.0.1", 0))
    made = Answerer(listener, lambda line: None)
    made.says(overview() if body is None else body)
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def add(data_dir: Path, word: str, address: str, *, name: str = "", group: str = "", key: str = KEY) -> None:
    """Put a compound on a head office's list."""
    add_compound(data_dir, Compound(word, name or word, address, group, key))


def command(data_dir: Path, *words: str, typed: str | None = None) -> "subprocess.CompletedProcess[str]":
    """Run one `menjin head-office` command."""
    return subprocess.run(
        [sys.executable, "-m", "menjin", "head-office", *words, "--data-dir", str(data_dir)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LONGEST_START_SECONDS,
        input=typed,
        check=False,
    )


def make_account(data_dir: Path, folder: Path, name: str = STAFF) -> bytes:
    """Make an account by the command and return the secret of its codes."""
    file = folder / f"{name}.password"
    file.write_text(PASSWORD + "\n", encoding="utf-8")
    done = command(data_dir, "account", name, "--password-file", str(file))
    assert done.returncode == 0, done.stderr
    [address] = re.findall(r"otpauth://\S+", done.stdout)
    return b32decode(parse_qs(urlsplit(address).query)["secret"][0])


def code_of(secret: bytes, at: float | None = None) -> str:
    """Return the code of a moment, this one unless given."""
    return TOTP(secret, 6, SHA1(), 30).generate(int(time.time() if at is None else at)).decode()  # noqa: S303


@contextmanager
def serve_head_office(
    data_dir: Path, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Serve a head office by its command and give its address."""
    readable, writable = os.pipe()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "menjin",
                "head-office",
                "run",
                "--data-dir",
                str(data_dir),
                "--port",
                "0",
                "--ready-fd",
                str(writable),
            ],
            cwd=ROOT,
            stdout=output,
            stderr=output,
            pass_fds=(writable,),
            env={**os.environ, **(environment or {})},
        )
    os.close(writable)
    try:
        with os.fdopen(readable) as ready:
            waited, _, _ = select.select([ready], [], [], LONGEST_START_SECONDS)
            address = ready.readline().strip() if waited else ""
        assert address, log.read_text(encoding="utf-8", errors="replace")
        yield address
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0, log.read_text(encoding="utf-8", errors="replace")
