"""Simulated telephone program and the telephones behind it: baresip's control port on a real socket.

    with TelephoneLine() as line:
        line.control_port                     for `[telephone] control_port`
        line.wait_ringing("+8628123456")      a telephone rings
        line.answer(...), line.press(..., "9"), line.hang_up(...), line.reject(...)
        line.call_in("+4930111")              a call that comes in at the gate
        line.stop_program(), line.start_program()

One control connection at a time, as baresip has it: the newest one ends the one before. Its commands and
events are those of baresip 1.1.0; a test takes a trace of that and compares. It lies about sound: there is
none.
"""

import contextlib
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from hardware.errors import DeviceRefused
from hardware.telephones.control import Fields, NetstringReader, netstring

GATE = "sip:gate@127.0.0.1"
BACKLOG = 4
PLAYED = frozenset({"alsa", "aufile"})
"""Modules of sound that it has; a test may take one away."""
BY_PEER, BY_USER, REJECTED = "Connection reset by peer", "Connection reset by user", "486 Rejected"


class Talk(Enum):
    """How far a call is."""

    RINGING = "ringing"
    TALKING = "talking"


@dataclass(slots=True)
class _Call:
    number: str
    talk: Talk = Talk.RINGING
    call_id: str = field(default_factory=lambda: secrets.token_hex(8))
    comes_in: bool = False


class TelephoneLine:
    """Every method may be called from any thread; numbers are those that the gate dials."""

    def __init__(self, control_port: int = 0) -> None:
        """Start the program, by default on a free port of the loopback."""
        self._news = threading.Condition(threading.RLock())
        self._calls: list[_Call] = []
        self._dialled: list[str] = []
        self._control: socket.socket | None = None
        self._listener: socket.socket | None = None
        self._port = control_port
        self.start_program()

    def __enter__(self) -> "TelephoneLine":
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop_program()

    @property
    def control_port(self) -> int:
        """Return where the program listens for commands; the same after a new start."""
        return self._port

    @property
    def dialled(self) -> list[str]:
        """Return every number that was called so far, oldest first."""
        with self._news:
            return list(self._dialled)

    @property
    def calls(self) -> list[tuple[str, Talk]]:
        """Return the number of each call that goes on, and how far it is."""
        with self._news:
            return [(call.number, call.talk) for call in self._calls]

    def talk_of(self, number: str) -> Talk | None:
        """Return how far the call to a number is, None where there is none."""
        with self._news:
            return next((call.talk for call in self._calls if call.number == number), None)

    # -- the program -------------------------------------------------------------------------------

    def start_program(self) -> None:
        """Listen for commands; nothing to do where it does already."""
        with self._news:
            if self._listener is not None:
                return
            listener = socket.create_server(("127.0.0.1", self._port), backlog=BACKLOG)
            self._port = listener.getsockname()[1]
            self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), name="telephone line", daemon=True).start()

    def stop_program(self) -> None:
        """End the program as a crash does: its connection and every call are gone, without an event."""
        with self._news:
            listener, self._listener = self._listener, None
            control, self._control = self._control, None
            self._calls.clear()
            self._news.notify_all()
        for one in (listener, control):
            if one is not None:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                control, _address = listener.accept()
            except OSError:
                return
            with self._news:
                before, self._control = self._control, control
            if before is not None:
                with contextlib.suppress(OSError):
                    before.shutdown(socket.SHUT_RDWR)
            threading.Thread(
                target=self._obey, args=(control,), name="telephone control", daemon=True
            ).start()

    def _obey(self, control: socket.socket) -> None:
        reader = NetstringReader()
        with control, contextlib.suppress(OSError, DeviceRefused):
            while data := control.recv(4096):
                for fields in reader.take(data):
                    with self._news:
                        if self._control is control:
                            self._command(fields)

    def _command(self, fields: Fields) -> None:
        command, params = str(fields.get("command")), str(fields.get("params") or "")
        token = str(fields.get("token") or "")
        match command:
            case "dial":
                call = _Call(params)
                self._dialled.append(params)
                self._send(
                    {"response": True, "ok": True, "data": f"call id: {call.call_id}\n", "token": token}
                )
                self._calls.append(call)
                self._event("CALL_RINGING", call, params)
            case "hangup":
                call_of = {call.call_id: call for call in self._calls}.get(params)
                found = call_of is not None
                if call_of is not None:
                    self._close(call_of, BY_USER)
                answer = "" if found else f"call {params} not found\n"
                self._send({"response": True, "ok": found, "data": answer, "token": token})
            case "hangupall":
                for call in list(self._calls):
                    self._close(call, BY_USER)
                self._send({"response": True, "ok": True, "data": "", "token": token})
            case "ausrc":
                module = params.partition(",")[0]
                plays = f"switch audio device: {params}\n"
                answer = plays if module in PLAYED else f"no such audio-source: {module}\n"
                self._send({"response": True, "ok": True, "data": answer, "token": token})
            case "sndcode":
                self._send({"response": True, "ok": True, "data": "", "token": token})
            case _:
                answer = f"command not found ({command})\n"
                self._send({"response": True, "ok": False, "data": answer, "token": token})
        self._news.notify_all()

    def _send(self, fields: Fields) -> None:
        if self._control is not None:
            with contextlib.suppress(OSError):
                self._control.sendall(netstring(fields))

    def _event(self, kind: str, call: _Call, param: str | None = None) -> None:
        fields: dict[str, object] = {
            "event": True,
            "type": kind,
            "class": "call",
            "accountaor": GATE,
            "direction": "incoming" if call.comes_in else "outgoing",
            "peeruri": f"{call.number};transport=tls",
            "id": call.call_id,
            "remoteaudiodir": "sendrecv",
        }
        self._send(fields if param is None else {**fields, "param": param})

    def _close(self, call: _Call, why: str) -> None:
        self._calls.remove(call)
        self._event("CALL_CLOSED", call, why)
        self._news.notify_all()

    # -- the people at the telephones --------------------------------------------------------------

    def wait_ringing(self, number: str, timeout_seconds: float = 10.0) -> None:
        """Return once a telephone rings; raise TimeoutError."""
        self._wait(lambda: self.talk_of(number) is Talk.RINGING, f"{number} does not ring", timeout_seconds)

    def wait_quiet(self, number: str, timeout_seconds: float = 10.0) -> None:
        """Return once a telephone neither rings nor talks; raise TimeoutError."""
        self._wait(lambda: self.talk_of(number) is None, f"{number} is not quiet", timeout_seconds)

    def answer(self, number: str) -> None:
        """Take the handset; KeyError where the telephone does not ring."""
        with self._news:
            call = self._call(number, Talk.RINGING)
            self._event("CALL_ANSWERED", call, number)
            self._event("CALL_MENC", call, "0,audio,AES_CM_128_HMAC_SHA1_80")
            call.talk = Talk.TALKING
            self._event("CALL_ESTABLISHED", call, number)

    def press(self, number: str, keys: str) -> int:
        """Press keys while talking; return monotonic ns of the last one. KeyError where no one talks."""
        at_ns = 0
        with self._news:
            call = self._call(number, Talk.TALKING)
            for key in keys:
                at_ns = time.monotonic_ns()
                self._event("CALL_DTMF_START", call, key)
                self._event("CALL_DTMF_END", call)
        return at_ns

    def hang_up(self, number: str) -> None:
        """End a call; KeyError where there is none."""
        with self._news:
            self._close(self._call(number, Talk.TALKING), BY_PEER)

    def reject(self, number: str) -> None:
        """Reject a call, as a busy telephone does; KeyError where it does not ring."""
        with self._news:
            self._close(self._call(number, Talk.RINGING), REJECTED)

    def call_in(self, number: str) -> None:
        with self._news:
            call = _Call(number, comes_in=True)
            self._calls.append(call)
            self._event("CALL_INCOMING", call, number)

    def _call(self, number: str, talk: Talk) -> _Call:
        for call in self._calls:
            if call.number == number and call.talk is talk:
                return call
        raise KeyError(number)

    def _wait(self, holds: Callable[[], bool], otherwise: str, timeout_seconds: float) -> None:
        with self._news:
            if not self._news.wait_for(holds, timeout_seconds):
                raise TimeoutError(f"{otherwise}; calls: {[(c.number, c.talk.value) for c in self._calls]}")
