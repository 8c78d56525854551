"""Start a lane's call helper with each call, hand it what the gate shows, and take its word.

    none ── a call begins ──> runs ── the call ends ──> its input is closed ──> ended, or killed after 1 s
                                │
                                └── it ends in a call: the call goes on without sound

The helper is a process of its own: a fault in a library of sound or pictures ends no lane, and its memory is
free again after the call.
"""

import contextlib
import logging
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, cast

import msgspec

from gate_controller.terminal.call_sound import SoundSaid, SoundShown

log = logging.getLogger(__name__)

ENDS_SECONDS = 1.0
"""Time that a helper has to close its devices; the same in which the gate takes the camera back."""
MAX_LINE_BYTES = 8192


@dataclass(slots=True)
class _Running:
    call: str
    process: subprocess.Popen[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]
    shown: SoundShown | None = None
    ended: threading.Event = field(default_factory=threading.Event)


class CallHelpers:
    """The helpers of all lanes that have one; `show` and `close` are for the controller's thread."""

    def __init__(self, commands: Mapping[str, Sequence[str]], take: Callable[[str, SoundSaid], None]) -> None:
        """Remember each lane's command; `take` gets a lane and its helper's word, on another thread."""
        self._commands, self._take = commands, take
        self._running: dict[str, _Running] = {}

    def show(self, lane_id: str, shown: SoundShown | None) -> None:
        """Hand over the state of the lane's call; None ends the helper."""
        if lane_id not in self._commands:
            return
        running = self._running.get(lane_id)
        if running is not None and (shown is None or shown.call != running.call):
            del self._running[lane_id]
            self._end(running)
            running = None
        if shown is None:
            return
        if running is None:
            running = self._running[lane_id] = self._start(lane_id, shown.call)
        if shown != running.shown and not running.ended.is_set():
            running.shown = shown
            self._write(running, msgspec.json.encode(shown))

    def close(self) -> None:
        """End every helper."""
        for lane_id in list(self._running):
            running = self._running.pop(lane_id)
            self._end(running)
            running.ended.wait(2 * ENDS_SECONDS)

    def _start(self, lane_id: str, call: str) -> _Running:
        pipe = subprocess.PIPE
        process = subprocess.Popen(self._commands[lane_id], stdin=pipe, stdout=pipe)
        running = _Running(call, process, cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout))
        threading.Thread(
            target=self._listen, args=(lane_id, running), name=f"call helper {lane_id}", daemon=True
        ).start()
        return running

    def _write(self, running: _Running, line: bytes) -> None:
        try:
            running.stdin.write(line + b"\n")
            running.stdin.flush()
        except OSError:
            log.error("the call helper takes no more words: the call goes on without sound")

    def _end(self, running: _Running) -> None:
        with contextlib.suppress(OSError):  # it has ended before
            running.stdin.close()
        killer = threading.Timer(ENDS_SECONDS, running.process.kill)
        killer.daemon = True
        killer.start()

    def _listen(self, lane_id: str, running: _Running) -> None:
        """Hand up what the helper says until it has ended."""
        said = SoundSaid()
        with running.stdout as lines:
            while line := lines.readline(MAX_LINE_BYTES):
                try:
                    said = msgspec.json.decode(line, type=SoundSaid)
                except msgspec.MsgspecError as err:
                    log.error("the call helper of lane %s says what is no word of it: %s", lane_id, err)
                    running.process.kill()
                    break
                self._take(lane_id, said)
        code = running.process.wait()
        running.ended.set()
        if code:
            log.error("the call helper of lane %s ended with %s", lane_id, code)
        # With it its devices are closed, whatever it said last.
        self._take(lane_id, SoundSaid(call=said.call, offer=said.offer, trouble="lost" if said.call else ""))
