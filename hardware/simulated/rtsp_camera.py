"""Simulated network camera: RTSP over TCP with interleaved JPEG frames, on a real socket of this machine.

    with RtspTwin(CameraScene(), login="gate:secret") as camera:
        camera.address            rtsp://127.0.0.1:PORT/main, without the login
        camera.unplug() / replug()   off the network, and back under the same address
        camera.hang() / go_on()      connections stay, no frame comes any more
        camera.login = "gate:new"    the password was changed at the camera
        camera.readers               how many programs look now

RTSP as in RFC 2326, digest sign-in as in RFC 2069, JPEG in RTP as in RFC 2435. It lies about what
most cameras send (H.264), and it takes any number of readers.
"""

import contextlib
import hashlib
import re
import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable

import cv2
import numpy as np

from hardware.interfaces import Frame

LONGEST_PAYLOAD_BYTES = 1400
JPEG_PAYLOAD_TYPE = 26
CLOCK_HZ = 90_000
ACCEPT_SECONDS = 0.1
SESSION = "12345678"


def rtp_packets(jpeg: bytes, sequence: int, timestamp: int) -> list[bytes]:
    """Return one baseline JPEG as RTP packets with the tables in the first (RFC 2435, section 3.1)."""
    tables, kind, width, height, scan = _parts(jpeg)
    packets: list[bytes] = []
    offset = 0
    while offset < len(scan):
        header = struct.pack(">I", offset) + bytes([kind, 255, width // 8, height // 8])
        if offset == 0:
            header += struct.pack(">BBH", 0, 0, len(tables)) + tables
        piece = scan[offset : offset + LONGEST_PAYLOAD_BYTES]
        offset += len(piece)
        marker = 0x80 if offset == len(scan) else 0
        number = (sequence + len(packets)) & 0xFFFF
        packets.append(
            struct.pack(">BBHII", 0x80, marker | JPEG_PAYLOAD_TYPE, number, timestamp & 0xFFFFFFFF, 1)
            + header
            + piece
        )
    return packets


def _parts(jpeg: bytes) -> tuple[bytes, int, int, int, bytes]:
    """Return quantisation tables, RTP type, width, height and scan of a baseline JPEG."""
    tables, kind, width, height, at = b"", 1, 0, 0, 2
    while True:
        marker, length = struct.unpack(">HH", jpeg[at : at + 4])
        body = jpeg[at + 4 : at + 2 + length]
        if marker == 0xFFDB:
            for start in range(0, len(body), 65):
                tables += body[start + 1 : start + 65]
        elif marker == 0xFFC0:
            height, width = struct.unpack(">HH", body[1:5])
            kind = 0 if body[7] == 0x21 else 1
        elif marker == 0xFFDA:
            return tables, kind, width, height, jpeg[at + 2 + length : -2]
        at += 2 + length


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


class RtspTwin:
    """A camera at 127.0.0.1 that streams what `next_frame` gives."""

    may_be_renamed = False
    """A camera with another address is another camera to the gate."""

    def __init__(
        self,
        next_frame: Callable[[], Frame],
        *,
        name: str = "rtsp camera",
        login: str | None = None,
        frames_per_second: float = 15.0,
        jpeg_quality: int = 90,
    ) -> None:
        """Listen at once on a free port; `login` is `user:password`, None for a camera without."""
        self.name = name
        self._next_frame = next_frame
        self.login = login
        self._period_seconds = 1 / frames_per_second
        self._frames_per_second = frames_per_second
        self._quality = jpeg_quality
        self._nonce = secrets.token_hex(8)
        self._hung = threading.Event()
        self._away = threading.Event()
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._port = 0
        self._listener: threading.Thread | None = None
        self.readers = 0
        self.replug()

    @property
    def address(self) -> str:
        return f"rtsp://127.0.0.1:{self._port}/main"

    @property
    def is_plugged(self) -> bool:
        return self._listener is not None

    def unplug(self) -> None:
        """Drop every connection and listen no longer."""
        self._away.set()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        if self._listener is not None:
            self._listener.join()
            self._listener = None
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def replug(self, *, renamed: bool = False) -> None:
        """Listen again under the same address; ValueError where it is to have another one."""
        if renamed:
            raise ValueError(f"{self.name}: a camera with another address is another camera to the gate")
        if self._listener is not None:
            return
        self._away.clear()
        server = socket.create_server(("127.0.0.1", self._port))
        server.settimeout(ACCEPT_SECONDS)
        self._port = server.getsockname()[1]
        self._listener = threading.Thread(target=self._accept, args=(server,), name="rtsp twin")
        self._listener.start()

    def hang(self) -> None:
        """Send no frame any more, and keep the connections."""
        self._hung.set()

    def go_on(self) -> None:
        """Send frames again."""
        self._hung.clear()

    def close(self) -> None:
        """Leave the network for good."""
        self.unplug()

    def __enter__(self) -> "RtspTwin":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self, server: socket.socket) -> None:
        with server:
            while not self._away.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with self._lock:
                    self._connections.add(connection)
                thread = threading.Thread(target=self._serve, args=(connection,), name="rtsp twin reader")
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        sending, over = threading.Lock(), threading.Event()
        streamer = threading.Thread(target=self._stream, args=(connection, sending, over), name="rtsp stream")
        try:
            with connection, connection.makefile("rb") as requests:
                while (request := _read_request(requests.readline, requests.read)) is not None:
                    method, uri, headers = request
                    answer = self._answer(method, uri, headers)
                    with sending:
                        connection.sendall(answer)
                    if method == "PLAY" and answer.startswith(b"RTSP/1.0 200"):
                        streamer.start()
                    if method == "TEARDOWN":
                        break
        except OSError:
            pass  # the reader went away, or the cable did
        finally:
            over.set()
            if streamer.ident is not None:  # else it never played
                streamer.join()
            with self._lock:
                self._connections.discard(connection)

    def _answer(self, method: str, uri: str, headers: dict[str, str]) -> bytes:
        lines = [f"CSeq: {headers.get('cseq', '0')}"]
        if self.login is not None and method != "OPTIONS" and not self._signed_in(method, uri, headers):
            lines.append(f'WWW-Authenticate: Digest realm="camera", nonce="{self._nonce}"')
            return _message("401 Unauthorized", lines)
        if not uri.split("?", maxsplit=1)[0].startswith(self.address):
            return _message("404 Not Found", lines)
        match method:
            case "OPTIONS":
                return _message("200 OK", [*lines, "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"])
            case "DESCRIBE":
                sdp = (
                    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\n"
                    "m=video 0 RTP/AVP 26\r\nc=IN IP4 0.0.0.0\r\n"
                    f"a=framerate:{self._frames_per_second:g}\r\na=control:track1\r\n"
                )
                about = ["Content-Type: application/sdp", f"Content-Base: {self.address}/"]
                return _message("200 OK", [*lines, *about], sdp)
            case "SETUP" if "interleaved" not in headers.get("transport", ""):
                return _message("461 Unsupported Transport", lines)
            case "SETUP":
                transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
                return _message("200 OK", [*lines, transport, f"Session: {SESSION}"])
            case _:
                return _message("200 OK", [*lines, f"Session: {SESSION}"])

    def _signed_in(self, method: str, uri: str, headers: dict[str, str]) -> bool:
        said = dict(re.findall(r'(\w+)="([^"]*)"', headers.get("authorization", "")))
        user, _, password = (self.login or "").partition(":")
        first, second = _md5(f"{user}:camera:{password}"), _md5(f"{method}:{said.get('uri', uri)}")
        return said.get("response") == _md5(f"{first}:{self._nonce}:{second}")

    def _stream(self, connection: socket.socket, sending: threading.Lock, over: threading.Event) -> None:
        sequence, began = 0, time.monotonic()
        due = began
        self.readers += 1
        try:
            while not over.wait(max(0.0, due - time.monotonic())):
                due = max(due, time.monotonic() - 1) + self._period_seconds
                if self._hung.is_set():
                    continue
                frame = self._next_frame()
                timestamp = int((time.monotonic() - began) * CLOCK_HZ)
                jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, self._quality])[1]
                packets = rtp_packets(np.asarray(jpeg, np.uint8).tobytes(), sequence, timestamp)
                sequence += len(packets)
                with sending:
                    connection.sendall(b"".join(b"$\0" + struct.pack(">H", len(p)) + p for p in packets))
        except OSError:
            return  # the reader went away, or the cable did
        finally:
            self.readers -= 1


def _message(status: str, lines: list[str], body: str = "") -> bytes:
    length = [f"Content-Length: {len(body)}"] if body else []
    return ("\r\n".join([f"RTSP/1.0 {status}", *lines, *length]) + "\r\n\r\n" + body).encode()


def _read_request(
    read_line: Callable[[], bytes], read: Callable[[int], bytes]
) -> tuple[str, str, dict[str, str]] | None:
    """Return method, address and headers of the next request; skip what a reader sends between."""
    while (line := read_line()) in (b"\r\n",) or line.startswith(b"$"):
        if line.startswith(b"$"):
            # A receiver report: the line carries its length and may end anywhere.
            frame = (line + read(4))[:4] if len(line) < 4 else line
            missing = struct.unpack(">H", frame[2:4])[0] + 4 - len(line)
            read(max(0, missing))
    if not line:
        return None
    method, _, rest = line.decode("latin-1").partition(" ")
    headers: dict[str, str] = {}
    while (field := read_line().decode("latin-1").strip()) != "":
        name, _, value = field.partition(":")
        headers[name.strip().lower()] = value.strip()
    return method, rest.rpartition(" ")[0], headers
