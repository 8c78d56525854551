"""Microphone and loudspeaker of a gate without a screen: `arecord` and `aplay` of the system's alsa-utils.

They open what the system's ALSA names, PipeWire's devices too. The wheels of PyAV bring an ALSA of their own,
which reads neither the system's settings nor its plugins.
"""

import asyncio
import fractions
import logging
import subprocess
from collections.abc import Callable
from subprocess import DEVNULL, PIPE
from typing import cast

import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

log = logging.getLogger(__name__)

RATE = 48_000
FRAME_SAMPLES = RATE // 50
"""Samples of 20 ms, the length of a packet of Opus."""
RAW = ("-q", "-f", "S16_LE", "-r", str(RATE), "-c", "1", "-t", "raw", "--buffer-time=100000")
AHEAD_BYTES = 2 * RATE // 5
"""Sound of 0.4 s that may wait for the loudspeaker; what comes beyond is dropped, or the delay would stay."""
WAITING_BYTES, WAITING_TURNS = 2**16, 8
"""Pipe and reader together hold no more."""
WAITING_SECONDS = 0.005
"""Nothing waits where nothing comes for so long; a device gives sound every 20 ms or less often."""
LOUD = 600.0
"""Root mean square of samples of 16 bits: quieter is the noise of a room and no voice."""
HANGOVER_SECONDS = 0.3
"""Time in which the end of a voice still comes out of the loudspeaker and off the walls."""


class Recorder:
    """The microphone: `arecord` runs while it is open."""

    def __init__(self, device: str) -> None:
        """Remember the device; nothing is open yet."""
        self._command = ("arecord", *RAW, "-D", device)
        self._process: subprocess.Popen[bytes] | None = None
        self._transport: asyncio.BaseTransport | None = None
        self._sound = asyncio.StreamReader()

    async def open(self) -> None:
        """Begin to record; raise OSError where `arecord` is not installed."""
        process = self._process = subprocess.Popen(self._command, stdin=DEVNULL, stdout=PIPE)
        sound = self._sound = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(sound)
        loop = asyncio.get_running_loop()
        self._transport, _protocol = await loop.connect_read_pipe(lambda: protocol, process.stdout)

    async def read(self, count: int) -> bytes:
        """Return so many bytes; raise IncompleteReadError once the device gives no more."""
        return await self._sound.readexactly(count)

    async def drop_waiting(self) -> None:
        """Drop what was recorded before anyone listened, or it would stay a delay of the whole call."""
        for _turn in range(WAITING_TURNS):
            try:
                await asyncio.wait_for(self._sound.read(WAITING_BYTES), WAITING_SECONDS)
            except TimeoutError:
                return

    async def close(self) -> None:
        """Close the device; twice changes nothing."""
        self._sound.feed_eof()
        process, transport = self._process, self._transport
        self._process = self._transport = None
        await _end(process, transport)


class Player:
    """The loudspeaker: `aplay` runs while it is open."""

    def __init__(self, device: str) -> None:
        """Remember the device; nothing is open yet."""
        self._command = ("aplay", *RAW, "-D", device)
        self._process: subprocess.Popen[bytes] | None = None
        self._transport: asyncio.WriteTransport | None = None
        self._is_missing = False
        self._played_bytes = 0

    @property
    def has_worked(self) -> bool:
        """Return whether it has taken sound for a second: `aplay` ends at once where there is no device."""
        return self._played_bytes > 2 * RATE and not self.is_lost

    @property
    def is_lost(self) -> bool:
        """Return whether `aplay` is not installed or has ended, so that a visitor hears nothing."""
        return self._is_missing or (self._transport is not None and self._transport.is_closing())

    async def open(self) -> None:
        """Begin to play; raise OSError where `aplay` is not installed."""
        self._is_missing = True
        process = self._process = subprocess.Popen(self._command, stdin=PIPE, stdout=DEVNULL)
        self._is_missing = False
        loop = asyncio.get_running_loop()
        self._transport, _protocol = await loop.connect_write_pipe(asyncio.Protocol, process.stdin)

    def write(self, sound: bytes) -> None:
        """Play it next; drop it where much waits already, or the loudspeaker is gone."""
        transport = self._transport
        if transport is None or transport.is_closing() or transport.get_write_buffer_size() >= AHEAD_BYTES:
            return
        transport.write(sound)
        self._played_bytes += len(sound)

    async def close(self) -> None:
        """Close the device; twice changes nothing."""
        process, transport = self._process, self._transport
        self._process = self._transport = None
        await _end(process, transport)


async def _end(process: subprocess.Popen[bytes] | None, transport: asyncio.BaseTransport | None) -> None:
    # Not asyncio's own process: its `wait` waits for ever for sound that was recorded and is read by no one.
    if transport is not None:
        transport.close()
    if process is not None:
        process.kill()
        await asyncio.to_thread(process.wait)


class VoiceSwitch:
    """Rest the microphone while the loudspeaker is loud, where nothing else cancels the echo."""

    def __init__(self, monotonic_seconds: Callable[[], float], *, cancels_echo: bool) -> None:
        """Take a clock; with a device that cancels the echo both sides may speak at once."""
        self._seconds, self._cancels_echo = monotonic_seconds, cancels_echo
        self._rests_until = float("-inf")

    def heard(self, samples: NDArray[np.int16]) -> None:
        """Take what the loudspeaker plays next."""
        level = float(np.sqrt(np.mean(np.square(samples.astype(np.float64))))) if samples.size else 0.0
        if level > LOUD:
            self._rests_until = self._seconds() + HANGOVER_SECONDS

    @property
    def microphone_rests(self) -> bool:
        """Return whether the microphone sends silence now."""
        return not self._cancels_echo and self._seconds() < self._rests_until


class Microphone(MediaStreamTrack):
    """The sound at the gate, in frames of 20 ms."""

    kind = "audio"

    def __init__(self, recorder: Recorder, switch: VoiceSwitch) -> None:
        """Take a recorder that is open."""
        super().__init__()
        self._recorder, self._switch = recorder, switch
        self._samples = 0
        self._began_seconds = 0.0
        self.has_failed = False
        """True once the device gives no more sound, and was not closed."""

    @property
    def has_worked(self) -> bool:
        """Return whether sound has come."""
        return self._samples > 0

    async def recv(self) -> AudioFrame:
        """Return the next frame; raise MediaStreamError once the microphone gives nothing more."""
        loop = asyncio.get_running_loop()
        if self.readyState != "live":
            raise MediaStreamError
        if not self._began_seconds:
            await self._recorder.drop_waiting()
            self._began_seconds = loop.time()
        try:
            data = await self._recorder.read(2 * FRAME_SAMPLES)
        except asyncio.IncompleteReadError as err:
            self.has_failed = self.readyState == "live"
            self.stop()
            raise MediaStreamError from err
        # A device gives sound at its pace; one that only replays a file gives it at once.
        await asyncio.sleep(max(0.0, self._began_seconds + self._samples / RATE - loop.time()))
        samples = np.frombuffer(data, dtype=np.int16)
        if self._switch.microphone_rests:
            samples = np.zeros_like(samples)
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, self._samples
        frame.time_base = fractions.Fraction(1, RATE)
        self._samples += FRAME_SAMPLES
        return frame


async def play(track: MediaStreamTrack, player: Player, switch: VoiceSwitch) -> None:
    """Play a track until it ends; without a loudspeaker read it all the same, or the library keeps it."""
    try:
        await player.open()
    except OSError as err:
        log.error("the loudspeaker does not open: %s", err)
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
    while True:
        try:
            received = await track.recv()
        except MediaStreamError:
            return
        for frame in resampler.resample(cast(AudioFrame, received)):
            samples = frame.to_ndarray().reshape(-1).astype(np.int16, copy=False)
            switch.heard(samples)
            player.write(samples.tobytes())
