"""Start a lane's call helper with each call, hand it what the gate shows, and take its word.

    none ── a call begins ──> runs ── the call ends ──> its input is closed ──> ended, or killed after 0.6 s
                                │
                                └── it ends in a call: the call goes on without sound

The helper is a process of its own: a fault in a library of sound or pictures ends no lane, and its memory is
free again after the call.
"""

import contextlib
import io
import logging
import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, cast

import msgspec

from gate_controller.terminal.call_sound import SoundSaid, SoundShown

log = logging.getLogger(__name__)

ENDS_SECONDS = 0.6
"""Time that a helper has to close its devices, before the gate takes the camera back (`camera_lease`)."""
SILENT_SECONDS = 0.8
"""A helper that has the camera and says nothing for so long is ended, likewise."""
MAX_LINE_BYTES = 8192
WORDS_A_SECOND = 50
"""Words of one helper at most; it needs four."""


@dataclass(slots=True)
class _Running:
    call: str
    process: subprocess.Popen[bytes]
    stdin: IO[bytes]
    stdout: IO[bytes]
    shown: SoundShown | None = None
    heard_seconds: float = 0.0
    has_camera: bool = False
    ended: threading.Event = field(default_factory=threading.Event)


class CallHelpers:
    """The helpers of all lanes that have one; `show` and `close` are for the controller's thread."""

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        take: Callable[[str, SoundSaid], None],
        monotonic_seconds: Callable[[], float],
    ) -> None:
        """Remember each lane's command; `take` gets a lane and its helper's word, on another thread."""
        self._commands, self._take, self._seconds = commands, take, monotonic_seconds
        self._running: dict[str, _Running] = {}
        self._ending: dict[str, _Running] = {}
        self._not_started: dict[str, str] = {}
        """By lane the call whose helper did not start."""

    def show(self, lane_id: str, shown: SoundShown | None) -> None:
        """Hand over the state of the lane's call; None ends the helper."""
        if lane_id not in self._commands:
            return
        running = self._running.get(lane_id)
        if running is not None and (shown is None or shown.call != running.call):
            self._ending[lane_id] = self._running.pop(lane_id)
            self._end(running)
            running = None
        if shown is None or self._not_started.get(lane_id) == shown.call:
            return
        if running is None:
            ending = self._ending.get(lane_id)
            if ending is not None and not ending.ended.is_set():
                return  # one holder of the devices, and of the memory
            try:
                running = self._running[lane_id] = self._start(lane_id, shown.call)
            except (OSError, RuntimeError) as err:
                log.error("the call helper of lane %s does not start: %s", lane_id, err)
                self._not_started[lane_id] = shown.call
                self._take(lane_id, SoundSaid(call=shown.call, trouble="no_helper"))
                return
        if running.has_camera and self._seconds() - running.heard_seconds > SILENT_SECONDS:
            log.error("the call helper of lane %s has the camera and says nothing: it is ended", lane_id)
            running.process.kill()
        if shown != running.shown and not running.ended.is_set():
            running.shown = shown
            self._write(running, msgspec.json.encode(shown))

    def close(self) -> None:
        """End every helper."""
        for running in self._running.values():
            self._end(running)
        for running in (*self._running.values(), *self._ending.values()):
            running.ended.wait(2 * ENDS_SECONDS)

    def _start(self, lane_id: str, call: str) -> _Running:
        pipe = subprocess.PIPE
        process = subprocess.Popen(self._commands[lane_id], stdin=pipe, stdout=pipe, bufsize=0)
        running = _Running(call, process, cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout))
        os.set_blocking(running.stdin.fileno(), False)
        threading.Thread(
            target=self._listen, args=(lane_id, running), name=f"call helper {lane_id}", daemon=True
        ).start()
        return running

    def _write(self, running: _Running, line: bytes) -> None:
        # A helper that hangs reads nothing: the gate's own thread must not wait for it.
        try:
            is_written = running.stdin.write(line + b"\n") == len(line) + 1
        except OSError:
            is_written = False
        if not is_written:
            log.error("the call helper takes no more words: the call goes on without sound")
            running.process.kill()

    def _end(self, running: _Running) -> None:
        with contextlib.suppress(OSError):  # it has ended before
            running.stdin.close()
        killer = threading.Timer(ENDS_SECONDS, running.process.kill)
        killer.daemon = True
        killer.start()

    def _listen(self, lane_id: str, running: _Running) -> None:
        """Hand up what the helper says until it has ended."""
        said, words, second = SoundSaid(), 0, self._seconds()
        with io.BufferedReader(cast(io.RawIOBase, running.stdout)) as lines:
            while line := lines.readline(MAX_LINE_BYTES):
                try:
                    said = msgspec.json.decode(line, type=SoundSaid)
                except msgspec.MsgspecError as err:
                    log.error("the call helper of lane %s says what is no word of it: %s", lane_id, err)
                    running.process.kill()
                    break
                now_seconds = self._seconds()
                running.heard_seconds, running.has_camera = now_seconds, said.camera_open
                words, second = (words + 1, second) if now_seconds < second + 1 else (0, now_seconds)
                if words > WORDS_A_SECOND:
                    log.error("the call helper of lane %s says too much: it is ended", lane_id)
                    running.process.kill()
                    break
                self._take(lane_id, said)
        code = running.process.wait()
        running.has_camera = False
        running.ended.set()
        if code:
            log.error("the call helper of lane %s ended with %s", lane_id, code)
        # With it its devices are closed, whatever it said last.
        self._take(lane_id, SoundSaid(call=running.call, offer=said.offer, trouble="no_helper"))
