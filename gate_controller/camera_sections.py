"""What a site file says of cameras."""

from typing import Annotated, Literal

import msgspec

from gate_controller.output_sections import Section
from gate_controller.policy import Id


class CameraSection(Section, frozen=True, kw_only=True):
    """A camera, a video file or a folder of frames; `always_reads_codes` is shown on the screen."""

    kind: Literal["v4l2", "file", "folder"]
    source: str
    lane: Id
    frames_per_second: Annotated[float, msgspec.Meta(gt=0, le=120)] = 15.0
