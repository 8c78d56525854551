"""Presentation attacks on disk: one folder a kind, in it pictures, folders of frames, and videos.

Unreadable files are listed by name and do not stop the run; the size of a file is limited first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import cv2
import numpy as np

from face_laboratory.still_pictures import read_picture
from gate_controller.face.engines.errors import UnusablePicture
from hardware.cameras.pictures import MAX_PICTURE_PIXELS
from hardware.interfaces import Frame

PICTURES = (".jpg", ".jpeg", ".png")
MAX_VIDEO_BYTES = 500_000_000
MAX_ITEM_SECONDS = 12.0
MAX_FRAMES_A_SECOND = 15.0
MAX_SIDE_PIXELS = 640
"""The size at which engines search."""
STILL_FRAMES_A_SECOND = 6.0
USUAL_FRAMES_A_SECOND = 25.0
SENSOR_NOISE = 2.0
"""Standard deviation in grey levels: a picture, and a clip that restarts, come through a camera."""


@dataclass(frozen=True, slots=True)
class Item:
    species: str
    path: Path


def list_items(folder: Path) -> list[Item]:
    """Return every item under `folder`, by kind and name; raise UnusablePicture when there is none."""
    if not folder.is_dir():
        raise UnusablePicture(f"{folder} is no folder. Give one with a folder for each kind of attack.")
    items = [
        Item(species.name, path)
        for species in sorted(folder.iterdir())
        if species.is_dir() and not species.name.startswith(".")
        for path in sorted(species.iterdir())
        if not path.name.startswith(".")
    ]
    if not items:
        raise UnusablePicture(
            f"{folder} holds no attacks. Put pictures or videos into a folder for each kind."
        )
    return items


def frames_of(item: Item, seed: int = 0) -> Iterator[tuple[Frame, float]]:
    """Yield frames (height × width × 3, the caller's own) with their seconds, at most MAX_ITEM_SECONDS.

    A picture is shown for that long; a clip that ends restarts. Both then with a sensor's noise, as no
    camera gives the same pixels twice. Raise UnusablePicture, naming the file.
    """
    chance = np.random.default_rng(seed)
    first = item.path
    if first.is_dir():
        names = [path for path in sorted(first.iterdir()) if path.suffix.lower() in PICTURES]
        if not names:
            raise UnusablePicture(f"{first} holds no JPEG or PNG frames.")
        rounds: Iterator[Iterator[tuple[Frame, float]]] = (_folder(names) for _ in count())
    elif first.suffix.lower() in PICTURES:
        rounds = (_still(first) for _ in count())
    else:
        _check_video(first)
        rounds = (_video(first) for _ in count())
    began = 0.0
    for number, one_round in enumerate(rounds):
        seconds = 0.0
        for frame, seconds in one_round:
            if began + seconds > MAX_ITEM_SECONDS:
                return
            noisy = number > 0 or first.suffix.lower() in PICTURES
            yield (_noisy(frame, chance) if noisy else frame), began + seconds
        began += seconds + 1 / MAX_FRAMES_A_SECOND


def _noisy(frame: Frame, chance: np.random.Generator) -> Frame:
    noise = chance.normal(0.0, SENSOR_NOISE, frame.shape).astype(np.float32)
    return np.asarray(np.clip(frame + noise, 0, 255), dtype=np.uint8)


def _still(path: Path) -> Iterator[tuple[Frame, float]]:
    picture = _fitted(read_picture(path))
    for number in range(int(MAX_ITEM_SECONDS * STILL_FRAMES_A_SECOND) + 1):
        yield picture.copy(), number / STILL_FRAMES_A_SECOND


def _folder(names: list[Path]) -> Iterator[tuple[Frame, float]]:
    for number, path in enumerate(names):
        yield _fitted(read_picture(path)), number / MAX_FRAMES_A_SECOND


def _check_video(path: Path) -> None:
    try:
        if not path.is_file() or path.stat().st_size > MAX_VIDEO_BYTES:
            raise UnusablePicture(f"{path} is no file of at most {MAX_VIDEO_BYTES:,} bytes.")
        with path.open("rb") as file:
            start = file.read(12)
    except OSError as fault:
        raise UnusablePicture(f"{path} cannot be read: {fault.strerror}.") from fault
    # By what it holds, never by its name: a playlist would have the decoder open other files.
    is_video = start[4:8] == b"ftyp" or start[:4] == b"\x1aE\xdf\xa3" or start[8:12] == b"AVI "
    if not is_video:
        raise UnusablePicture(
            f"{path} is no JPEG, PNG, MP4, MOV, AVI, MKV or WebM file, and no folder of frames."
        )


def _video(path: Path) -> Iterator[tuple[Frame, float]]:
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        pixels = video.get(cv2.CAP_PROP_FRAME_WIDTH) * video.get(cv2.CAP_PROP_FRAME_HEIGHT)
        if not video.isOpened() or not 0 < pixels <= MAX_PICTURE_PIXELS:
            raise UnusablePicture(f"{path} is no readable video of at most {MAX_PICTURE_PIXELS:,} pixels.")
        rate = video.get(cv2.CAP_PROP_FPS)
        frames_a_second = rate if 1 <= rate <= 240 else USUAL_FRAMES_A_SECOND
        due = 0.0
        for number in range(int(MAX_ITEM_SECONDS * frames_a_second) + 1):
            if not video.grab():
                break
            seconds = number / frames_a_second
            if seconds < due:
                continue
            due = seconds + 1 / MAX_FRAMES_A_SECOND - 1e-6
            read, frame = video.retrieve()
            if read:
                yield _fitted(np.asarray(frame, dtype=np.uint8)), seconds
        if due == 0.0:
            raise UnusablePicture(f"{path} holds no frame that can be read.")
    except cv2.error as fault:
        raise UnusablePicture(f"{path} is no readable video.") from fault
    finally:
        video.release()


def _fitted(frame: Frame) -> Frame:
    scale = MAX_SIDE_PIXELS / max(frame.shape[:2])
    if scale >= 1:
        return frame
    size = (max(1, round(frame.shape[1] * scale)), max(1, round(frame.shape[0] * scale)))
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
