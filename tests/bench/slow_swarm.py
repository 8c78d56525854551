"""Hold many connections to a server that never come to a request: `python -m tests.bench.slow_swarm`.

It runs as a process of its own, so that what it costs is not taken for the server's time. It says `ready`
once all are open, opens again what the server closed, and ends with its standard input.
"""

import argparse
import select
import socket
import ssl
import sys
import time
from urllib.parse import urlsplit

HEAD = b"GET /staff/sign-in HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
BODY = (
    b"POST /staff/sign-in HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\nemail="
)
SYNC = (
    b"POST /sync/v1/ask HTTP/1.1\r\nHost: localhost\r\nMenjin-Gate: north\r\nMenjin-Counter: 1\r\n"
    b"Menjin-Signature: AAAA\r\nContent-Length: 100000\r\n\r\n"
)
BEGUN = (HEAD, BODY, SYNC)
ADDRESSES = 50
OPENED_IN_A_ROUND = 50


def main() -> int:
    """Attack until the standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("address", help="http://HOST:PORT or https://HOST:PORT of this machine")
    parser.add_argument("--count", type=int, default=500, help="connections (default: %(default)s)")
    parser.add_argument("--bytes-per-second", type=int, default=0, help="0: nothing more after the start")
    arguments = parser.parse_args()
    at = urlsplit(arguments.address)
    held: dict[int, socket.socket] = {}
    said, next_bytes = False, time.monotonic() + 1
    while not select.select([sys.stdin], [], [], 0.02)[0]:
        missing = [number for number in range(arguments.count) if number not in held]
        for number in missing[:OPENED_IN_A_ROUND]:
            held[number] = _opened(at.port or 80, at.scheme == "https", number)
        if not missing and not said:
            print("ready", flush=True)
            said = True
        if arguments.bytes_per_second and time.monotonic() >= next_bytes:
            next_bytes += 1
            _send(held, b"a" * arguments.bytes_per_second)
        _drop_closed(held)
    return 0


def _opened(port: int, tls: bool, number: int) -> socket.socket:
    source = f"127.0.{1 + number % ADDRESSES}.1"
    connection = socket.create_connection(("127.0.0.1", port), 30, source_address=(source, 0))
    if tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = context.wrap_socket(connection, server_hostname="localhost")
    connection.sendall(BEGUN[number % len(BEGUN)])
    connection.setblocking(False)
    return connection


def _send(held: dict[int, socket.socket], part: bytes) -> None:
    for number, connection in list(held.items()):
        try:
            connection.send(part)
        except OSError:
            held.pop(number).close()


def _drop_closed(held: dict[int, socket.socket]) -> None:
    poll = select.poll()
    numbers = {connection.fileno(): number for number, connection in held.items()}
    for descriptor in numbers:
        poll.register(descriptor, select.POLLIN | select.POLLHUP | select.POLLERR)
    for descriptor, _flags in poll.poll(0):
        number = numbers[descriptor]
        try:
            is_over = not held[number].recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError):  # tickets of TLS 1.3, which are no end
            continue
        except OSError:
            is_over = True
        if is_over:
            held.pop(number).close()


if __name__ == "__main__":
    raise SystemExit(main())
