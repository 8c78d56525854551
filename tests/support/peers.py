"""The other ends of the outbox, for tests: a mail server and a receiver of webhooks, on real sockets."""

import contextlib
import datetime
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def make_certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """Return the files of a certificate that vouches for itself, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return paths


# -- mail ------------------------------------------------------------------------------------------


@dataclass
class MailPeer:
    """A mail server's memory and manners: `says` replaces its answer to a command."""

    port: int = 0
    tls: ssl.SSLContext | None = None
    logins: list[str] = field(default_factory=list)
    mails: list[tuple[str, str, bool]] = field(default_factory=list)
    """Receiver, text, and whether it came inside TLS."""
    says: dict[str, str] = field(default_factory=dict)


class _Smtp(socketserver.StreamRequestHandler):
    server: "_MailServer"

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def handle(self) -> None:
        peer = self.server.peer
        self.inside_tls, self.receiver = False, ""
        self._say(peer.says.get("GREETING", "220 peer"))
        while line := self.rfile.readline().decode().strip():
            command = line.split(" ")[0].upper()
            answer = peer.says.get(command) or getattr(self, f"_{command.lower()}")(line)
            self._say(answer)
            if command == "STARTTLS" and answer.startswith("220"):
                self._go_inside_tls()
            if command == "QUIT":
                return

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self.wfile.write(text.encode() + b"\r\n")

    def _go_inside_tls(self) -> None:
        assert self.server.peer.tls is not None
        try:
            self.connection = self.server.peer.tls.wrap_socket(self.request, server_side=True)
        except OSError:
            self.rfile.close()
            self.rfile = open("/dev/null", "rb")  # noqa: PTH123, SIM115 - ends the conversation
            return
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.inside_tls = True

    def _ehlo(self, _line: str) -> str:
        offers = ["AUTH PLAIN", *["STARTTLS"] * (self.server.peer.tls is not None and not self.inside_tls)]
        return "\r\n".join(["250-peer", *[f"250-{offer}" for offer in offers], "250 HELP"])

    def _starttls(self, _line: str) -> str:
        return "220 go"

    def _auth(self, line: str) -> str:
        self.server.peer.logins.append(line)
        return "235 in"

    def _mail(self, _line: str) -> str:
        return "250 ok"

    def _rcpt(self, line: str) -> str:
        self.receiver = line
        return "250 ok"

    def _rset(self, _line: str) -> str:
        return "250 ok"

    def _quit(self, _line: str) -> str:
        return "221 bye"

    def _data(self, _line: str) -> str:
        self._say("354 go")
        data = b""
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            data += line
        if not data.isascii():  # as a relay of the old kind, which does not announce 8BITMIME
            return "554 5.6.1 bytes above 127"
        text = data.decode()
        self.server.peer.mails.append((self.receiver, text, self.inside_tls))
        return self.server.peer.says.get("TEXT", "250 taken")


class _MailServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    peer: MailPeer


@contextlib.contextmanager
def mail_peer(certificate: tuple[Path, Path] | None = None) -> Iterator[MailPeer]:
    """Run a mail server on this machine; with a certificate it offers STARTTLS."""
    peer = MailPeer()
    if certificate is not None:
        peer.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        peer.tls.load_cert_chain(*certificate)
    with _MailServer(("127.0.0.1", 0), _Smtp) as server:
        server.peer = peer
        peer.port = server.server_address[1]
        with _served(server):
            yield peer


# -- webhooks --------------------------------------------------------------------------------------


@dataclass
class HookPeer:
    """A receiver's memory, and the status and headers it answers with."""

    url: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    """Headers in lower case, and body."""


class _Hook(BaseHTTPRequestHandler):
    server: "_HookServer"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        peer = self.server.peer
        peer.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(peer.status)
        for name, value in {"Content-Length": "0", **peer.headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class _HookServer(ThreadingHTTPServer):
    daemon_threads = True
    peer: HookPeer


@contextlib.contextmanager
def hook_peer(certificate: tuple[Path, Path] | None = None) -> Iterator[HookPeer]:
    """Run a receiver of webhooks on this machine; with a certificate inside TLS, as localhost."""
    peer = HookPeer()
    with _HookServer(("127.0.0.1", 0), _Hook) as server:
        server.peer = peer
        peer.url = f"http://127.0.0.1:{server.server_address[1]}/take"
        if certificate is not None:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(*certificate)
            server.socket = tls.wrap_socket(server.socket, server_side=True)
            peer.url = f"https://localhost:{server.server_address[1]}/take"
        with _served(server):
            yield peer


@contextlib.contextmanager
def slow_peer(first: bytes, port: int = 0) -> Iterator[tuple[int, threading.Event]]:
    """Run a receiver that sends these bytes and then one more ten times a second; give port and its end."""
    ended = threading.Event()

    class Slow(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                self.request.sendall(first)
                while not ended.wait(0.1):
                    self.request.sendall(b"a")

    with _Slow(("127.0.0.1", port), Slow) as server, _served(server):
        try:
            yield server.server_address[1], ended
        finally:
            ended.set()


class _Slow(socketserver.ThreadingTCPServer):
    allow_reuse_address = True


@contextlib.contextmanager
def _served(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield
    server.shutdown()
    thread.join()
