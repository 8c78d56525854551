"""Run a lane's helper: `python -m gate_controller.call_helper SITE_FILE LANE`; the gate starts it."""

import asyncio
import sys
import time
from pathlib import Path

from gate_controller.assembly.cameras import make_camera
from gate_controller.call_helper.gate_end import Devices
from gate_controller.call_helper.session import CallHelper, serve
from gate_controller.site_file.load import load_config
from hardware.interfaces import Camera


def devices_of(site_file: Path, lane_id: str) -> Devices:
    """Return the devices that a site file names for a lane's calls; raise ConfigRefused and KeyError."""
    config = load_config(site_file)
    section = next(one for one in config.call_sound.values() if one.lane == lane_id)
    camera: Camera | None = None
    if section.picture:
        name, settings = next((name, one) for name, one in config.camera.items() if one.lane == lane_id)
        camera = make_camera(name, settings, config.gate.secrets_dir)
    return Devices(section.microphone, section.loudspeaker, camera, section.cancels_echo, time.monotonic)


async def run(site_file: Path, lane_id: str) -> None:
    """Serve the gate over the two pipes it gave."""
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)

    def say(line: bytes) -> None:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()

    await serve(CallHelper(devices_of(site_file, lane_id)), lines, say)


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), sys.argv[2]))
