"""What an installer's tools receive: a device of unknown kind, and whatever answers at a camera's address."""

import socket
import threading
from contextlib import suppress

from hardware.cameras.rtsp_diagnosis import RtspLogin, why_not
from hardware.identify.format_guess import find
from hardware.readers.cards import CardFormat
from hardware.simulated.framed_readers import tag_frame
from hardware.simulated.readers import printed_line
from tests.fuzz.target import Target

CARD = 0x12AB34CD
LOGIN = RtspLogin("gate", "very-secret")


def check_format_guess(data: bytes) -> None:
    """The taps of an unknown device; 0xFE means the silence between two taps."""
    finding = find(data.split(b"\xfe"))
    assert finding.guesses or finding.trouble
    for guess in finding.guesses:
        assert all(0 <= card.number < 1 << card.bits for card in guess.cards)


class Answerer:
    """Something at a camera's address that says the same to everyone who asks."""

    def __init__(self) -> None:
        """Listen on the loopback address."""
        self.answer = b""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"rtsp://127.0.0.1:{self._server.getsockname()[1]}/stream"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._server.accept()
            with connection, suppress(OSError):
                for piece in self.answer.split(b"\xfe"):
                    connection.recv(4096)
                    connection.sendall(piece)
                    if b"\r\n\r\n" not in piece:
                        # Who asks waits for the rest of such an answer: hang up instead.
                        break


_answerers: list[Answerer] = []


def check_rtsp(data: bytes) -> None:
    """The answers of what claims to be a camera: one clause, without the login. 0xFE ends an answer."""
    if not _answerers:
        _answerers.append(Answerer())
    (there,) = _answerers
    there.answer = data
    said = why_not(there.address, LOGIN, timeout_seconds=1.0)
    assert said
    assert LOGIN.password not in said


REFUSED = b'RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Digest realm="a", nonce="b"\r\n\r\n'
TARGETS = (
    Target(
        "format_guess",
        check_format_guess,
        (
            *(printed_line(CARD, CardFormat(34, radix)) * 2 for radix in ("dec", "hex")),
            tag_frame(CARD) + b"\xfe" + tag_frame(1),
            b"1\xfe2\xfe#",
            b"\x027\x03\xfe\x02E\x03",
            b"I3=1\n\xfeI3=0\n",
        ),
    ),
    Target(
        "rtsp",
        check_rtsp,
        (b"RTSP/1.0 200 OK\r\n\r\n", REFUSED + b"\xfe" + REFUSED, b"HTTP/1.1 404 No\r\n\r\n"),
    ),
)
