"""Make the cameras that a site file names, and try one for the installer."""

import logging
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from gate_controller.assembly.devices import make_by_driver, of_kind
from gate_controller.control.messages import Message
from gate_controller.lane.camera_watch import WatchedCamera
from gate_controller.lane.hands_free import AskedCamera, HandsFreeCodes
from gate_controller.site_file.config import GateConfig
from gate_controller.storage.secrets import SecretsUnusable
from hardware.cameras.installed import NO_OPENCV, has_opencv
from hardware.cameras.rtsp_diagnosis import RtspLogin, parse_login
from hardware.cameras.trouble import WORDS, Sight, Trouble, glance, looked, opened
from hardware.driver import CameraSettings, Place
from hardware.errors import BadDeviceSetting, HardwareError
from hardware.interfaces import Camera

if TYPE_CHECKING:
    from hardware.cameras.camera import GrabbingCamera

log = logging.getLogger(__name__)

WITHOUT_LOGIN = frozenset({"v4l2", "file", "folder"})
FRAME_TIMEOUT_SECONDS = 0.5
FIRST_FRAME_SECONDS = 3.0


def login_file(name: str) -> str:
    """Return the name of the file, in the secrets folder, with a network camera's login."""
    return f"camera-{name}.login"


def read_login(secrets_dir: Path, name: str) -> RtspLogin | None:
    """Return a camera's login, None where it has no file.

    Raise SecretsUnusable when others may read the file and BadDeviceSetting when it holds no login;
    neither repeats what it holds.
    """
    path = secrets_dir / login_file(name)
    try:
        mode = path.stat().st_mode
        line = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as err:
        raise SecretsUnusable(f"{path}: cannot be read; it must be text of the gate's own user") from err
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SecretsUnusable(f"{path} can be read by others; run: chmod 600 {path}")
    return parse_login(line, where=str(path))


def make_camera(name: str, section: CameraSettings, secrets_dir: Path) -> "GrabbingCamera":
    """Return a camera, still closed; raise BadDeviceSetting, also without OpenCV, and SecretsUnusable."""
    if not has_opencv():
        raise BadDeviceSetting(f"{name}: {NO_OPENCV}")
    # Imported here: a gate without a camera has no OpenCV.
    from hardware.cameras.camera import GrabbingCamera  # noqa: PLC0415

    login = None if section.kind in WITHOUT_LOGIN else read_login(secrets_dir, name)
    place = Place(name=name, login=login)
    return of_kind(make_by_driver("camera", section, place), GrabbingCamera, place)


def make_lane_cameras(
    config: GateConfig, put: Callable[[Message], None], monotonic: Callable[[], float]
) -> tuple[dict[str, WatchedCamera | AskedCamera], dict[str, HandsFreeCodes]]:
    """Return each lane's closed camera for face and codes, and the code searches, not started."""
    cameras: dict[str, WatchedCamera | AskedCamera] = {}
    hands_free: dict[str, HandsFreeCodes] = {}
    if config.camera and not has_opencv():
        # The gate opens by all other ways; `menjin gate check` says it as well.
        log.error("no camera is used: %s", NO_OPENCV)
        return {}, {}
    for name, section in config.camera.items():
        watched = WatchedCamera(
            make_camera(name, section, config.gate.secrets_dir),
            section.lane,
            put,
            monotonic,
            may_repeat=section.kind == "folder",
        )
        cameras[section.lane] = watched
        if section.hands_free_codes:
            hands_free[section.lane] = HandsFreeCodes(watched, section.lane, put, monotonic)
            cameras[section.lane] = hands_free[section.lane].asked
    return cameras, hands_free


def describe_camera(
    camera: Camera, seconds: float, monotonic: Callable[[], float], *, may_repeat: bool = False
) -> tuple[bool, str]:
    """Look through a camera for some seconds; return whether it sees, and what was seen, in words.

    Covered takes 6 s of pictures and frozen 5 s: a shorter look says only what one picture can show.
    """
    sizes: set[tuple[int, int]] = set()
    frames, sight, first_at = 0, Sight(), 0.0
    try:
        camera.open()
        began = now = monotonic()
        sight = opened(sight, began)
        while now - began < (seconds if frames else FIRST_FRAME_SECONDS):
            frame = camera.newest_frame(FRAME_TIMEOUT_SECONDS)
            now = monotonic()
            if frame is None:
                continue
            frames += 1
            first_at = first_at or now
            sizes.add((frame.shape[1], frame.shape[0]))
            sight = looked(sight, glance(frame), now, may_repeat=may_repeat)
            frame.fill(0)
    except HardwareError as err:
        return False, str(err)
    finally:
        camera.close()
    if not frames:
        return False, f"opened, and {WORDS[Trouble.LOST]}"
    rate = (frames - 1) / (now - first_at) if now > first_at and frames > 1 else 0.0
    shown = " and ".join(f"{width} x {height}" for width, height in sorted(sizes))
    seen = f"{shown}, {rate:.0f} pictures a second" if rate >= 1 else f"{shown}, less than 1 picture a second"
    trouble = sight.trouble or sight.verdict
    if trouble is not None:
        return False, f"{seen}; {WORDS[trouble]}"
    return True, seen
