"""A helper that was busy opens nothing that the gate has taken back meanwhile."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from gate_controller.call_helper.gate_end import Devices
from gate_controller.call_helper.session import CallHelper
from gate_controller.contract.call_media import MediaSide
from gate_controller.terminal.call_sound import SoundShown
from hardware.cameras.camera import GrabbingCamera
from hardware.errors import DeviceUnavailable
from tests.support.media_side import SIDE

LENT = SoundShown(call="a", picture=True)


async def tries_to_open(taken_back: SoundShown | None) -> int:
    """Lend the camera, say something else while the helper begins, and count how often it was opened."""
    opened = []

    def open_source() -> None:
        opened.append(1)
        raise DeviceUnavailable("it is counted alone")

    camera = GrabbingCamera(open_source, name="eye")
    helper = CallHelper(Devices("none", "none", camera, cancels_echo=True, monotonic_seconds=lambda: 0.0))
    helper.newest = LENT
    busy = asyncio.ensure_future(helper.follow())
    await asyncio.sleep(0)  # it is beginning by now
    helper.newest = taken_back
    await busy
    helper.newest = None
    await helper.follow()
    return len(opened)


def test_a_camera_that_was_taken_back_while_the_helper_began_is_not_opened() -> None:
    with ThreadPoolExecutor(1) as thread:  # a browser of other tests may have a loop in this one
        results = [
            thread.submit(asyncio.run, tries_to_open(newest)).result()
            for newest in (LENT, SoundShown(call="a"), SoundShown(call="b", picture=True), None)
        ]
    assert results == [1, 0, 0, 0]


def test_a_page_that_is_never_met_is_lost_after_a_while() -> None:
    now = [0.0]

    async def troubles() -> list[str]:
        devices = Devices("none", "none", None, cancels_echo=True, monotonic_seconds=lambda: now[0])
        helper = CallHelper(devices)
        helper.newest = SoundShown(call="one")
        await helper.follow()
        helper.newest = SoundShown(call="one", answer=SIDE)
        await helper.follow()
        seen = []
        for now[0] in (14.0, 16.0):
            seen.append(helper.said.trouble)
        helper.newest = None
        await helper.follow()
        return seen

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, troubles()).result() == ["", "lost"]


def test_a_page_from_which_the_call_is_taken_hears_nothing_more_though_no_other_has_come() -> None:
    async def offers() -> list[MediaSide | None]:
        helper = CallHelper(Devices("none", "none", None, cancels_echo=True, monotonic_seconds=lambda: 0.0))
        seen = []
        for answer in (None, SIDE, None):
            helper.newest = SoundShown(call="one", answer=answer)
            await helper.follow()
            seen.append(helper.said.offer)
        helper.newest = None
        await helper.follow()
        return seen

    with ThreadPoolExecutor(1) as thread:
        first, met, again = thread.submit(asyncio.run, offers()).result()
    assert first == met
    assert again not in (None, first)
