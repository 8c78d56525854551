"""Ask a network camera why its stream cannot be read; used after OpenCV failed, which says nothing.

One DESCRIBE, and a second with the login when the camera asks for one (RFC 2326; RFC 2617 without
`qop`, and basic). The login is never part of what is returned or raised.
"""

import base64
import hashlib
import re
import socket
import time
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, urlsplit

from hardware.errors import BadDeviceSetting

RTSP_PORT = 554
LONGEST_ANSWER_BYTES = 16_384
UNAUTHORIZED = 401
NOT_FOUND = 404
OK = 200


@dataclass(frozen=True, slots=True)
class RtspLogin:
    """A user and password; never printed."""

    user: str = field(repr=False)
    password: str = field(repr=False)


def parse_login(line: str, *, where: str) -> RtspLogin:
    """Return the login in one line `user:password`; raise BadDeviceSetting naming only the file."""
    user, colon, password = line.strip("\r\n").partition(":")
    if not colon or not user or not password or "\n" in password:
        raise BadDeviceSetting(f"{where} must hold one line, user:password, as set at the camera")
    return RtspLogin(user, password)


def check_address(address: str, *, name: str) -> SplitResult:
    """Return the parts of an rtsp:// address; raise BadDeviceSetting for another, or one with a login."""
    try:
        parts = urlsplit(address)
        legal = parts.scheme == "rtsp" and bool(parts.hostname) and (parts.port or RTSP_PORT) > 0
    except ValueError:
        legal = False
    if not legal:
        raise BadDeviceSetting(f"{name}: source must be an address such as rtsp://192.0.2.7/stream1")
    if "@" in parts.netloc:
        raise BadDeviceSetting(
            f"{name}: source holds a user or password; write them into the secrets folder, in "
            f"camera-{name}.login, as one line user:password, and leave them out of source"
        )
    return parts


def with_login(address: str, login: RtspLogin | None) -> str:
    """Return the address as FFmpeg takes it, with the login inside: never to be shown."""
    if login is None:
        return address
    who = f"{quote(login.user, safe='')}:{quote(login.password, safe='')}"
    return address.replace("rtsp://", f"rtsp://{who}@", 1)


def why_not(address: str, login: RtspLogin | None, *, timeout_seconds: float = 2.0) -> str:
    """Return in one plain clause why a stream cannot be read."""
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or RTSP_PORT
    try:
        with socket.create_connection((host, port), timeout_seconds) as connection:
            connection.settimeout(timeout_seconds)
            status, head = _describe(connection, address, 1, "")
            if status == UNAUTHORIZED:
                if login is None:
                    return "the camera asks for a login and there is no login file for it"
                status, _ = _describe(connection, address, 2, _authorization(address, login, head))
                if status == UNAUTHORIZED:
                    return "the camera refuses the login; check user and password in the login file"
    except TimeoutError:
        return f"nothing answers at {host}, port {port}; check the address, the cable and the camera's power"
    except OSError as err:
        return f"{host}, port {port} cannot be reached ({err.strerror or 'no such name'}); check the address"
    except ValueError:
        return f"what answers at {host}, port {port} speaks no RTSP"
    if status == NOT_FOUND:
        return f"the camera has no stream called {parts.path or '/'}; its manual says how it is called"
    if status != OK:
        return f"the camera answers with the error {status}"
    return "the camera answers, and sends no pictures that OpenCV reads; set it to H.264 or MJPEG"


def _describe(connection: socket.socket, address: str, number: int, authorization: str) -> tuple[int, str]:
    """Return status and head of the answer to DESCRIBE; raise ValueError when it is no RTSP."""
    asked = f"DESCRIBE {address} RTSP/1.0\r\nCSeq: {number}\r\nAccept: application/sdp\r\n{authorization}\r\n"
    connection.sendall(asked.encode())
    heard = b""
    give_up = time.monotonic() + (connection.gettimeout() or 0)
    while b"\r\n\r\n" not in heard:
        # What sends a byte now and then would never run into the time-out of one read.
        if time.monotonic() > give_up:
            raise TimeoutError
        piece = connection.recv(4096)
        heard += piece
        if not piece or len(heard) > LONGEST_ANSWER_BYTES:
            raise ValueError("no whole answer")
    head = heard.partition(b"\r\n\r\n")[0].decode("latin-1")
    status = re.match(r"RTSP/1\.\d (\d{3})", head)
    if status is None:
        raise ValueError("no RTSP")
    return int(status.group(1)), head


def _authorization(address: str, login: RtspLogin, head: str) -> str:
    challenge = re.search(r"(?im)^WWW-Authenticate:\s*Digest\s+(.*)$", head)
    if challenge is None:
        both = base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
        return f"Authorization: Basic {both}\r\n"
    said = dict(re.findall(r'(\w+)="([^"]*)"', challenge.group(1)))
    realm, nonce = said.get("realm", ""), said.get("nonce", "")
    response = _md5(f"{_md5(f'{login.user}:{realm}:{login.password}')}:{nonce}:{_md5(f'DESCRIBE:{address}')}")
    return (
        f'Authorization: Digest username="{login.user}", realm="{realm}", nonce="{nonce}", '
        f'uri="{address}", response="{response}"\r\n'
    )


def _md5(text: str) -> str:
    # RFC 2617 knows nothing better; the camera decides, not we.
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
