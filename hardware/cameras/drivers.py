"""The settings of cameras, and what makes each of them. OpenCV is loaded when a camera is made."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from hardware.driver import API, AtLane, CameraSettings, Driver, Kind, Place

if TYPE_CHECKING:
    from hardware.cameras.camera import GrabbingCamera

TWINS = "hardware.simulated.camera_benches"
BY_OTHERS = "OpenCV or FFmpeg reads it"
FOR_TRIALS = "it is for trials and nothing is plugged"


class CameraSection(CameraSettings, frozen=True, kw_only=True):
    """A USB camera, a network camera, a video file or a folder of frames.

    `hands_free_codes` keeps the camera open to read QR codes without a press; the screen shows that for
    as long as it is open. A network camera's login is in the secrets folder, never here.
    """

    kind: Annotated[Literal["v4l2", "rtsp", "file", "folder"], Kind]
    source: Annotated[str, msgspec.Meta(description="Its device file, address, file or folder.")]
    lane: AtLane
    frames_per_second: Annotated[
        float,
        msgspec.Meta(
            gt=0, le=120, description="How fast files and folders play.", extra={"unit": "frames/s"}
        ),
    ] = 15.0
    hands_free_codes: Annotated[
        bool, msgspec.Meta(description="Whether it stays open to read codes without a press.")
    ] = False


def make_camera(section: CameraSection, place: Place) -> "GrabbingCamera":
    """Return a camera, still closed; raise BadDeviceSetting."""
    from hardware.cameras.camera import FileCamera, FolderCamera, V4l2Camera  # noqa: PLC0415
    from hardware.cameras.rtsp import RtspCamera  # noqa: PLC0415
    from hardware.cameras.rtsp_diagnosis import RtspLogin  # noqa: PLC0415

    source, pace = section.source, section.frames_per_second
    match section.kind:
        case "v4l2":
            return V4l2Camera(int(source) if source.isdigit() else source, name=place.name)
        case "rtsp":
            login = place.login if isinstance(place.login, RtspLogin) else None
            return RtspCamera(source, name=place.name, login=login)
        case "file":
            return FileCamera(Path(source), name=place.name, frames_per_second=pace)
        case _:
            return FolderCamera(Path(source), name=place.name, frames_per_second=pace, order="cycled")


v4l2 = Driver(
    name="v4l2",
    api=API,
    table="camera",
    settings=CameraSection,
    make=make_camera,
    wiring={
        "en": "Plug the camera into a USB port, or its ribbon into the camera socket with the power off.",
        "zh": "把摄像头插到 USB 口上；排线摄像头要先断电，再插进主板的摄像头座。",
    },
    exempt={
        **dict.fromkeys(("twin", "reads", "stops"), "a V4L2 device is the kernel's"),
        **dict.fromkeys(("reopens", "says once"), "no one may be filmed without asking"),
        "stable name": "the check of the gate warns of one that moves",
        **dict.fromkeys(("golden", "noise"), BY_OTHERS),
    },
)
rtsp = Driver(
    name="rtsp",
    api=API,
    table="camera",
    settings=CameraSection,
    make=make_camera,
    twin=f"{TWINS}:rtsp",
    wiring={
        "en": "Network cable from the camera to the gate's own switch, which feeds it (PoE). "
        "It has no way to the internet.",
        "zh": "用网线把摄像头接到门口自己的交换机上，由它供电（PoE）；不接外网。",
    },
    exempt={
        **dict.fromkeys(("golden", "noise"), BY_OTHERS),
        "says once": "the gate reports a camera that gives no picture once, for every kind",
    },
)
file = Driver(
    name="file",
    api=API,
    table="camera",
    settings=CameraSection,
    make=make_camera,
    twin=f"{TWINS}:film",
    wiring={"en": "No wire: a video file plays.", "zh": "不用接线：播放一个视频文件。"},
    exempt={
        **dict.fromkeys(("reopens", "says once"), FOR_TRIALS),
        **dict.fromkeys(("golden", "noise"), BY_OTHERS),
    },
)
folder = Driver(
    name="folder",
    api=API,
    table="camera",
    settings=CameraSection,
    make=make_camera,
    twin=f"{TWINS}:pictures",
    wiring={"en": "No wire: the pictures of a folder are shown.", "zh": "不用接线：显示一个文件夹里的图片。"},
    exempt={
        **dict.fromkeys(("reopens", "says once"), FOR_TRIALS),
        **dict.fromkeys(("golden", "noise"), BY_OTHERS),
    },
)
