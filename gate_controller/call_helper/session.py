"""Follow what the gate shows of its calls, and say again and again how sound and picture are."""

import asyncio
from collections.abc import Callable
from typing import Literal

import msgspec

from gate_controller.call_helper.gate_end import Devices, GateEnd
from gate_controller.terminal.call_sound import SoundSaid, SoundShown

SAY_EVERY_SECONDS = 0.25


class CallHelper:
    """One lane's helper; it has one call at a time."""

    def __init__(self, devices: Devices) -> None:
        """Take the lane's devices, all closed."""
        self._devices = devices
        self._key = ""
        self.newest: SoundShown | None = None
        """State that the gate showed last: what it took back meanwhile is not opened any more."""
        self._end: GateEnd | None = None

    @property
    def said(self) -> SoundSaid:
        """Return how sound and picture are."""
        end = self._end
        if end is None:
            return SoundSaid()
        return SoundSaid(
            call=self._key,
            offer=end.offer,
            camera_open=end.camera_open,
            trouble=end.trouble,
            is_connected=end.is_connected,
            works=end.works,
        )

    async def follow(self) -> None:
        """Do what the newest state allows: take an answer, open what may be open, close what may not."""
        shown = self.newest
        if self._end is not None and (shown is None or shown.call != self._key):
            end, self._end = self._end, None
            await end.end()
        if shown is None:
            return
        if self._end is None:
            self._key, self._end = shown.call, GateEnd(self._devices, shown.relays)
            await self._end.begin()
        if shown.answer is not None:
            await self._end.accept(shown.answer)
        elif self._end.is_answered:
            await self._end.begin()  # another page takes the call: the one before is cut off now
        await self._end.speak(is_wanted=self._may("speaks"))
        await self._end.film(is_wanted=self._may("picture"))

    def _may(self, what: Literal["speaks", "picture"]) -> bool:
        shown = self.newest
        return shown is not None and shown.call == self._key and bool(getattr(shown, what))


async def serve(helper: CallHelper, lines: asyncio.StreamReader, say: Callable[[bytes], None]) -> None:
    """Follow the lines of the gate until they end, which closes everything; say meanwhile how all is."""
    changed = asyncio.Event()
    saying = asyncio.ensure_future(_say_on(helper, say))
    reading = asyncio.ensure_future(_read_on(helper, lines, changed))
    try:
        while not reading.done():
            await changed.wait()
            changed.clear()
            await helper.follow()
        reading.result()
    finally:
        helper.newest = None
        await helper.follow()
        reading.cancel()
        saying.cancel()


async def _read_on(helper: CallHelper, lines: asyncio.StreamReader, changed: asyncio.Event) -> None:
    try:
        while line := await lines.readline():
            helper.newest = msgspec.json.decode(line, type=SoundShown | None)
            changed.set()
    finally:
        helper.newest = None
        changed.set()


async def _say_on(helper: CallHelper, say: Callable[[bytes], None]) -> None:
    while True:
        say(msgspec.json.encode(helper.said) + b"\n")
        await asyncio.sleep(SAY_EVERY_SECONDS)
