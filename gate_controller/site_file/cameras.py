"""Camera tables of a site file."""

from typing import Annotated, Literal

import msgspec

from gate_controller.contract.records import Id
from gate_controller.site_file.outputs import Section


class CameraSection(Section, frozen=True, kw_only=True):
    """A USB camera, a network camera, a video file or a folder of frames.

    `hands_free_codes` keeps the camera open to read QR codes without a press; the screen shows that for
    as long as it is open. A network camera's login is in the secrets folder, never here.
    """

    kind: Literal["v4l2", "rtsp", "file", "folder"]
    source: str
    lane: Id
    frames_per_second: Annotated[float, msgspec.Meta(gt=0, le=120)] = 15.0
    hands_free_codes: bool = False
