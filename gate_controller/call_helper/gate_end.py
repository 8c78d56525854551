"""The gate's end of one call's connection, which offers itself before any device is open.

An end is begun, accepts an answer, and is ended. Where a second answer comes, the page that answered was
loaded again: this end then offers itself with a new key. Microphone and camera open once the gate shows
that they may.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)

from gate_controller.call_helper.descriptions import answer_of, side_of
from gate_controller.call_helper.pictures import CameraPicture
from gate_controller.call_helper.sounds import Microphone, Player, Recorder, VoiceSwitch, play
from gate_controller.contract.call_media import MediaRelays, MediaSide
from gate_controller.terminal.call_sound import SoundPart, SoundTrouble
from hardware.errors import DeviceUnavailable
from hardware.interfaces import Camera

log = logging.getLogger(__name__)
LOST = frozenset({"disconnected", "failed", "closed"})
"""`closed` is the page's own word that it goes, as one that is loaded again gives."""
CONNECTS_SECONDS = 15.0
"""An end that has met no packet of the page for so long is lost, as browsers have it."""


@dataclass(frozen=True, slots=True)
class Devices:
    """Devices of the lane, all closed; `camera` is None where calls have no picture."""

    microphone: str
    loudspeaker: str
    camera: Camera | None
    cancels_echo: bool
    monotonic_seconds: Callable[[], float]


class GateEnd:
    """One call's end. Every method is called from the one loop, one after the other."""

    def __init__(self, devices: Devices, relays: MediaRelays | None) -> None:
        """Take the lane's devices, and the call's relays (TURN); nothing is open yet."""
        self._devices, self._relays = devices, relays
        self._switch = VoiceSwitch(devices.monotonic_seconds, cancels_echo=devices.cancels_echo)
        self._recorder = Recorder(devices.microphone)
        self._player = Player(devices.loudspeaker)
        self._microphone: Microphone | None = None
        self._picture: CameraPicture | None = None
        self._playing: asyncio.Task[None] | None = None
        self._answers: set[str] = set()
        self.is_answered = False
        self._answered_seconds = 0.0
        self._connection: RTCPeerConnection | None = None
        self._sound_sender: RTCRtpSender | None = None
        self._picture_sender: RTCRtpSender | None = None
        self._failed: set[SoundTrouble] = set()
        self._worked: set[SoundPart] = set()
        self.offer: MediaSide | None = None
        self.camera_open = False

    @property
    def trouble(self) -> SoundTrouble:
        """Return what does not work, the worst first."""
        if self._is_lost:
            return "lost"
        if "no_microphone" in self._failed or (self._microphone is not None and self._microphone.has_failed):
            return "no_microphone"
        if self._player.is_lost:
            return "no_loudspeaker"
        has_no_picture = self._picture is not None and self._picture.has_failed
        return "no_camera" if has_no_picture or "no_camera" in self._failed else ""

    @property
    def is_connected(self) -> bool:
        """Return whether the page that answered is met."""
        return self._connection is not None and self._connection.connectionState == "connected"

    @property
    def works(self) -> tuple[SoundPart, ...]:
        """Return the devices that have worked in this call."""
        if self._microphone is not None and self._microphone.has_worked:
            self._worked.add("microphone")
        if self._player.has_worked:
            self._worked.add("loudspeaker")
        if self._picture is not None and self._picture.has_worked:
            self._worked.add("camera")
        return tuple(sorted(self._worked))

    @property
    def _is_lost(self) -> bool:
        if self._connection is None:
            return False
        state = self._connection.connectionState
        waited_seconds = self._devices.monotonic_seconds() - self._answered_seconds
        never_met = self.is_answered and not self.is_connected and waited_seconds > CONNECTS_SECONDS
        return state in LOST or never_met

    async def begin(self) -> None:
        """Offer this end: all its addresses, and the digest of a new key."""
        await self._leave()
        self.is_answered = False
        # Without a configuration the library asks a server on the internet for its own address.
        connection = self._connection = RTCPeerConnection(RTCConfiguration(_servers(self._relays)))
        sound = connection.addTransceiver("audio", direction="sendrecv")
        picture = connection.addTransceiver("video", direction="sendonly")
        _only(sound, "audio", "audio/opus")
        _only(picture, "video", "video/VP8")
        self._sound_sender, self._picture_sender = sound.sender, picture.sender
        connection.on("track", self._heard)
        await connection.setLocalDescription(await connection.createOffer())
        self.offer = side_of(connection.localDescription.sdp)
        # The library stops what it sends to a page that goes; the devices below are open still.
        if self._microphone is not None and not self._microphone.has_failed:
            self._microphone = Microphone(self._recorder, self._switch)
        if self._picture is not None and not self._picture.has_failed and self._devices.camera is not None:
            self._picture = CameraPicture(self._devices.camera)
        sound.sender.replaceTrack(self._microphone)
        picture.sender.replaceTrack(self._picture)

    async def accept(self, answer: MediaSide) -> None:
        """Take the side of who answered, once; one of another page makes this end offer itself again."""
        if answer.ufrag in self._answers:
            return
        self._answers.add(answer.ufrag)
        if self.is_answered or self._connection is None:
            await self.begin()
            return
        self.is_answered, self._answered_seconds = True, self._devices.monotonic_seconds()
        description = RTCSessionDescription(sdp=answer_of(answer), type="answer")
        await self._connection.setRemoteDescription(description)

    async def speak(self, *, is_wanted: bool) -> None:
        """Open the microphone, or close it."""
        if not is_wanted:
            microphone, self._microphone = self._microphone, None
            self._send_sound(None)
            if microphone is not None:
                microphone.stop()
            await self._recorder.close()
        elif self._microphone is None and "no_microphone" not in self._failed:
            try:
                await self._recorder.open()
            except OSError as err:
                log.error("the microphone does not open: %s", err)
                self._failed.add("no_microphone")
                return
            self._microphone = Microphone(self._recorder, self._switch)
            self._send_sound(self._microphone)

    async def film(self, *, is_wanted: bool) -> None:
        """Open the camera, which the gate's program has closed, or close it."""
        camera = self._devices.camera
        if camera is None:
            return
        if not is_wanted:
            picture, self._picture = self._picture, None
            if picture is not None:
                picture.stop()
            self._send_picture(None)
            if self.camera_open:
                await asyncio.to_thread(camera.close)
                self.camera_open = False
        elif self._picture is None and "no_camera" not in self._failed:
            self.camera_open = True
            try:
                await asyncio.to_thread(camera.open)
            except DeviceUnavailable as err:
                log.error("the camera does not open: %s", err)
                self._failed.add("no_camera")
                self.camera_open = False
                return
            self._picture = CameraPicture(camera)
            self._send_picture(self._picture)

    async def end(self) -> None:
        """Close the connection and every device; the camera first."""
        await self.film(is_wanted=False)
        await self.speak(is_wanted=False)
        await self._leave()
        self.offer = None

    async def _leave(self) -> None:
        playing, self._playing = self._playing, None
        if playing is not None:
            playing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await playing
        await self._player.close()
        # The library stops a track with its connection; the devices stay open for the next one.
        self._send_sound(None)
        self._send_picture(None)
        connection, self._connection = self._connection, None
        self._sound_sender = self._picture_sender = None
        if connection is not None:
            await connection.close()

    def _heard(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio" and self._playing is None:
            self._playing = asyncio.ensure_future(play(track, self._player, self._switch))

    def _send_sound(self, track: MediaStreamTrack | None) -> None:
        if self._sound_sender is not None:
            self._sound_sender.replaceTrack(track)

    def _send_picture(self, track: MediaStreamTrack | None) -> None:
        if self._picture_sender is not None:
            self._picture_sender.replaceTrack(track)


def _servers(relays: MediaRelays | None) -> list[RTCIceServer]:
    # The library reads no IPv6 address in brackets, and refuses all for one.
    urls = [url for url in relays.urls if "[" not in url] if relays is not None else []
    return [RTCIceServer(urls, relays.username, relays.credential)] if relays is not None and urls else []


def _only(transceiver: "object", kind: str, type_of_codec: str) -> None:
    codecs = RTCRtpSender.getCapabilities(kind).codecs
    chosen = [codec for codec in codecs if codec.mimeType.lower() == type_of_codec.lower()]
    transceiver.setCodecPreferences(chosen)  # type: ignore[attr-defined]
