"""Call numbers through baresip, a program of its own that holds the SIP account and the sound.

    away ── connected, old calls hung up ──> here ── connection lost ──> away
      │ every 2 s it is tried again           (each call counts as ended, LOST said once)

Invariants:
- A key counts only as an event of the called leg of a call that was dialled here (RFC 4733, or SIP INFO
  where the other side sends that). Tones in the sound of either side are none: baresip looks for none.
- A key counts only once the program has said that this call's sound is encrypted, in a call whose signalling
  is TLS. The program takes plain RTP from any address, so anyone of the network could press plain keys.
- Sound of this place goes to no one whose call was dialled to hear a file alone: the program has confirmed
  the file before it dials.
- A call that comes in, and one that the called side lets the program make, is hung up at once and reported
  to no one.
- An exchange that is gone or refuses the account is reported once, and calls are tried all the same: an
  address of another place needs none.
- An event of a call that is not known, or was reported as ended, changes nothing.

Source of commands and events: baresip 1.1.0, `modules/menu` and `src/event.c`, and traces of it.
"""

import contextlib
import threading
from dataclasses import dataclass
from pathlib import Path

from hardware.errors import DeviceUnavailable, HardwareError
from hardware.interfaces import CallChange, CallReport, CallStage, DeviceState, Health
from hardware.telephones.control import Control, Fields

TRY_AGAIN_SECONDS = 2.0
READ_SECONDS = 0.5
KEYS = frozenset("0123456789*#")
REGISTRATION, NOT_REGISTERED = "registration", "ERR"
"""Token of our question, and how the program marks an account that it could not register (trace of 1.1.0)."""
REGISTERED = {"REGISTER_OK": True, "REGISTER_FAIL": False}
SOUND, FILE = "sound", "aufile"
NO_FILES = "the telephone program plays no files; its settings need `module aufile.so`"
PLAYS = "switch audio device"
"""How the program confirms a source of sound; of a module that it lacks it says otherwise, and also `ok`."""
SECURE = "0"
"""Event of the encryption; the others ask a person to compare codes."""
DTLS = "RTP"
"""How the program names sound whose keys both sides made by DTLS; `RTCP` is its statistics alone."""
ENCRYPTED = frozenset(
    {DTLS, "AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"}
)  # not AES_CM_128_HMAC_SHA1_32, whose tags are short enough to be guessed
PLAIN = "plain"
OPENS_NOTHING = "the sound of calls is not encrypted, so that keys of telephones open nothing; docs/calls.md"
RINGS = frozenset({"CALL_RINGING", "CALL_PROGRESS"})
BEGUN = RINGS | {"CALL_OUTGOING", "CALL_ANSWERED", "CALL_ESTABLISHED"}


@dataclass(slots=True)
class _Dialled:
    """A call that was ordered: its number here, and its id once the program has said it."""

    number: int
    call_id: str = ""
    is_given_up: bool = False
    waits_for_sound: str = ""
    """Address that is dialled once the program has confirmed what is heard there."""
    is_answered: bool = False
    is_encrypted: bool = False
    waits_to_say: str = ""
    """Source of sound that is heard once keys count."""


class Baresip:
    """A telephone; `dial`, `say` and `hang_up` may be called from any thread, reports come from its own."""

    def __init__(self, name: str, control_port: int, microphone: str = "") -> None:
        """Remember where the program listens on this machine; nothing is connected yet.

        `microphone` is the program's usual source of sound, as its settings name it; only with one can a
        file be played in its place.
        """
        self.name = name
        self._port = control_port
        self._microphone = microphone
        self._lock = threading.Lock()
        self._control: Control | None = None
        self._calls: list[_Dialled] = []
        self._count = 0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._report: CallReport = lambda _report: None
        self._is_lost_said = False
        self._faults: dict[str, str] = {}

    def start(self, report: CallReport) -> None:
        """Begin to connect in a thread of its own; return at once."""
        self._report = report
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Hang up, end the thread and the connection."""
        with self._lock:
            self._send("hangupall", "all")
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=READ_SECONDS + 1)

    def dial(self, address: str, spoken: str = "", *, only_spoken: bool = False) -> int:
        """Call a number or SIP address; return the call's number. Raise DeviceUnavailable when away.

        `spoken` is a WAV file of 8,000 samples a second; the program ends the call at the end of it. With
        `only_spoken` nothing else is ever heard; raise DeviceUnavailable without a file as well.
        """
        source = self._source(spoken)
        if only_spoken and source == self._microphone:
            raise DeviceUnavailable(f"{self.name}: no file to play in place of the microphone")
        with self._lock:
            if self._control is None:
                raise DeviceUnavailable(
                    f"{self.name}: no telephone program; look at menjin-telephone.service"
                )
            self._count += 1
            call = _Dialled(self._count)
            self._calls.append(call)
            try:
                if source:
                    # Before each call: what was played last stays, also when the gate was started again.
                    self._control.send("ausrc", source, token=f"{SOUND}-{call.number}")
                if only_spoken:
                    call.waits_for_sound = address
                else:
                    self._control.send("dial", address, token=f"dial-{call.number}")
            except DeviceUnavailable:
                self._calls.remove(call)
                raise
            return call.number

    def say(self, call_number: int, spoken: str) -> None:
        """Let the called side of a live call hear what its keys do, or with "" the microphone again."""
        with self._lock:
            source = self._source(spoken)
            for call in self._calls:
                if call.number == call_number and not call.is_given_up and source:
                    is_heard = call.is_encrypted or not spoken
                    call.waits_to_say = "" if is_heard else source
                    if is_heard:
                        self._send("ausrc", source)

    def _source(self, spoken: str) -> str:
        """Return the source of sound as the program names it, "" where its own is never changed.

        A file that is gone is the microphone: the program crashes where it cannot open one (trace of 1.1.0).
        """
        if self._microphone and spoken and Path(spoken).is_file():
            return f"{FILE},{spoken}"
        return self._microphone

    def hang_up(self, call_number: int) -> None:
        """End a call; one that is over or lost needs nothing."""
        with self._lock:
            for call in self._calls:
                if call.number == call_number:
                    call.is_given_up = True
                    if call.call_id:
                        self._send("hangup", call.call_id)

    # -- the thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._connect()
                while not self._stopping.is_set():
                    for fields in self._read():
                        self._take(fields)
            except HardwareError as err:
                self._lost(str(err))
                self._stopping.wait(TRY_AGAIN_SECONDS)
        self._disconnect()

    def _connect(self) -> None:
        control = Control(self._port)
        try:
            control.send("hangupall", "all")  # what an earlier run of the gate has left
            # The program says it once, perhaps before the gate was there.
            control.send("reginfo", "", token=REGISTRATION)
        except DeviceUnavailable:
            control.close()
            raise
        with self._lock:
            self._control = control
        self._is_lost_said = False
        self._faults.clear()
        self._report(DeviceState(self.name, Health.OK, "the telephone program answers"))

    def _read(self) -> tuple[Fields, ...]:
        control = self._control
        return control.read(READ_SECONDS) if control is not None else ()

    def _lost(self, why: str) -> None:
        for call in self._disconnect():
            self._report(CallChange(self.name, call.number, CallStage.ENDED))
        if not self._is_lost_said and not self._stopping.is_set():
            self._is_lost_said = True
            self._report(DeviceState(self.name, Health.LOST, f"{why}; look at menjin-telephone.service"))

    def _disconnect(self) -> list[_Dialled]:
        with self._lock:
            control, self._control = self._control, None
            calls, self._calls = self._calls, []
        if control is not None:
            control.close()
        return calls

    def _take(self, fields: Fields) -> None:
        if fields.get("response"):
            self._answered(fields)
            return
        call_id, kind = str(fields.get("id", "")), fields.get("type")
        if kind in REGISTERED:
            why = str(fields.get("param", ""))
            self._settle_fault(REGISTRATION, "" if REGISTERED[str(kind)] else _not_registered(why))
            return
        if kind == "CALL_INCOMING":
            with self._lock:
                self._send("hangup", call_id)
            return
        with self._lock:
            call = next((one for one in self._calls if call_id and one.call_id == call_id), None)
            if call is not None:
                self._note(call, fields)
            # Not dialled here: the called side may ask the program to call on (REFER), with the sound open.
            is_named = all(one.call_id for one in self._calls)
            if call is None and call_id and is_named and kind in BEGUN:
                self._send("hangup", call_id)
        if call is None:
            return
        change = _change(self.name, call, fields)
        if change is not None:
            self._report(change)
        if kind == "CALL_CLOSED" and call.is_answered:
            self._settle_fault(PLAIN, "" if call.is_encrypted else OPENS_NOTHING)

    def _note(self, call: _Dialled, fields: Fields) -> None:
        kind = fields.get("type")
        call.is_answered |= kind == "CALL_ESTABLISHED"
        if kind == "CALL_MENC" and _is_encrypted(fields):
            call.is_encrypted = True
            if call.waits_to_say:
                self._send("ausrc", call.waits_to_say)
                call.waits_to_say = ""
        if kind == "CALL_CLOSED":
            self._calls.remove(call)

    def _settle_fault(self, of: str, text: str) -> None:
        """Report once that something does not work, and with "" once that it does again."""
        if bool(text) == (of in self._faults):
            return
        if text:
            self._faults[of] = text
        else:
            del self._faults[of]
        first = next(iter(self._faults.values()), "")
        health = Health.FAULTY if first else Health.OK
        self._report(
            DeviceState(self.name, health, first or "the exchange answers, files are played, keys count")
        )

    def _sound_answered(self, number: str, data: str) -> None:
        """Dial what waited for its file; end it where the program cannot play one."""
        is_played = data.startswith(PLAYS)
        with self._lock:
            call = next(
                (one for one in self._calls if one.waits_for_sound and str(one.number) == number), None
            )
            if call is None:
                return
            address, call.waits_for_sound = call.waits_for_sound, ""
            is_dialled = is_played and not call.is_given_up
            if is_dialled:
                self._send("dial", address, token=f"dial-{call.number}")
            else:
                self._calls.remove(call)
        if not is_dialled:
            self._report(CallChange(self.name, call.number, CallStage.ENDED))
        self._settle_fault(SOUND, "" if is_played else NO_FILES)

    def _answered(self, fields: Fields) -> None:
        """Take the program's answer to a dial: the call's id, or that it cannot call."""
        token, data = str(fields.get("token", "")), str(fields.get("data", ""))
        if token == REGISTRATION and NOT_REGISTERED in data:
            self._settle_fault(REGISTRATION, _not_registered("refused, or no answer"))
        if token.startswith(f"{SOUND}-"):
            self._sound_answered(token.removeprefix(f"{SOUND}-"), data)
            return
        with self._lock:
            call = next((one for one in self._calls if token == f"dial-{one.number}"), None)
            if call is None:
                return
            if fields.get("ok") and data.startswith("call id: "):
                call.call_id = data.removeprefix("call id: ").strip()
                if call.is_given_up:
                    self._send("hangup", call.call_id)
                return
            self._calls.remove(call)
        self._report(CallChange(self.name, call.number, CallStage.ENDED))

    def _send(self, command: str, params: str, token: str = "") -> None:
        """Send while the lock is held; the reading thread notices a lost connection, and reports it."""
        if self._control is not None:
            with contextlib.suppress(DeviceUnavailable):
                self._control.send(command, params, token)


def _not_registered(why: str) -> str:
    return f"the exchange takes no registration ({why}); look at its address and account"


def _is_encrypted(fields: Fields) -> bool:
    """Return whether a call's sound is encrypted from now on, by keys that no one of the network has read."""
    event, _, rest = str(fields.get("param", "")).partition(",")
    media, _, how = rest.partition(",")
    is_by_tls = "transport=tls" in str(fields.get("peeruri", "")).lower().split(";")[1:]
    return is_by_tls and (event, media) == (SECURE, "audio") and how in ENCRYPTED


def _change(name: str, call: _Dialled, fields: Fields) -> CallChange | None:
    kind, param = fields.get("type"), fields.get("param")
    if kind in RINGS:
        return CallChange(name, call.number, CallStage.RINGING)
    if kind == "CALL_ESTABLISHED":
        return CallChange(name, call.number, CallStage.ANSWERED)
    if kind == "CALL_CLOSED":
        return CallChange(name, call.number, CallStage.ENDED)
    if kind == "CALL_DTMF_START" and call.is_encrypted and isinstance(param, str) and param in KEYS:
        return CallChange(name, call.number, CallStage.KEY, param)
    return None
