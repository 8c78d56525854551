"""Speak with a running baresip over its control port: netstrings of JSON, one command or event each.

Source: baresip 1.1.0, `modules/ctrl_tcp/ctrl_tcp.c`; netstrings: https://cr.yp.to/proto/netstrings.txt.
"""

import json
import socket
from collections.abc import Iterator, Mapping

from hardware.errors import DeviceRefused, DeviceUnavailable

MAX_MESSAGE_BYTES = 65_536
MAX_LENGTH_DIGITS = 5
Fields = Mapping[str, object]


class NetstringReader:
    """Cut a stream of bytes into JSON objects."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._held = b""

    def take(self, data: bytes) -> Iterator[Fields]:
        """Yield each object that is whole; raise DeviceRefused on bytes that are no netstring of one."""
        self._held += data
        while True:
            length, colon, rest = self._held.partition(b":")
            if not colon and len(length) <= MAX_LENGTH_DIGITS and (length.isdigit() or not length):
                return
            if not colon or not length.isdigit() or len(length) > MAX_LENGTH_DIGITS:
                raise DeviceRefused("bytes that are no netstring")
            size = int(length)
            if size > MAX_MESSAGE_BYTES:
                raise DeviceRefused(f"a message of {size} bytes; {MAX_MESSAGE_BYTES} are taken")
            if len(rest) <= size:
                return
            if rest[size : size + 1] != b",":
                raise DeviceRefused("a netstring that does not end with a comma")
            body, self._held = rest[:size], rest[size + 1 :]
            yield _object(body)


def _object(body: bytes) -> Fields:
    try:
        # A reason or an address of the other side comes as it is, in whatever letters that side uses.
        fields = json.loads(body.decode(errors="replace"))
    except (ValueError, RecursionError) as err:
        raise DeviceRefused("a message that is no JSON") from err
    if not isinstance(fields, dict):
        raise DeviceRefused("a message that is no JSON object")
    return fields


def netstring(fields: Fields) -> bytes:
    """Return a command as it is sent."""
    body = json.dumps(fields).encode()
    return b"%d:%s," % (len(body), body)


class Control:
    """One connection to the control port; `send` may be called from any thread, `read` from one."""

    def __init__(self, port: int, *, connect_seconds: float = 2.0) -> None:
        """Connect to the loopback; raise DeviceUnavailable when no program listens there."""
        try:
            self._socket = socket.create_connection(("127.0.0.1", port), connect_seconds)
        except OSError as err:
            raise DeviceUnavailable(f"no telephone program answers on port {port}: {err}") from err
        self._reader = NetstringReader()

    def send(self, command: str, params: str = "", token: str = "") -> None:
        """Send a command; raise DeviceUnavailable when the program has gone."""
        message = netstring({"command": command, "params": params, "token": token})
        try:
            self._socket.sendall(message)
        except OSError as err:
            raise DeviceUnavailable(f"the telephone program has gone: {err}") from err

    def read(self, timeout_seconds: float) -> tuple[Fields, ...]:
        """Return what arrives within the time.

        Raise DeviceUnavailable once the connection has ended, and DeviceRefused on nonsense.
        """
        try:
            self._socket.settimeout(timeout_seconds)
            data = self._socket.recv(MAX_MESSAGE_BYTES)
        except TimeoutError:
            return ()
        except OSError as err:
            raise DeviceUnavailable(f"the telephone program has gone: {err}") from err
        if not data:
            raise DeviceUnavailable("the telephone program has ended the connection")
        return tuple(self._reader.take(data))

    def close(self) -> None:
        self._socket.close()
