"""The table `[face]` of the site file."""

from pathlib import Path
from typing import Literal

from gate_controller.site_file.outputs import Section


class FaceSection(Section, frozen=True, kw_only=True):
    """Whether this gate has a face engine and which; what may use it is the policy's to say.

    `models_dir` holds the weights where they are not those of the installed package; `alone` lets
    people be recognised without a home's number while the engine's error budget fits.
    """

    enabled: bool = False
    engine: Literal["yunet-sface", "face_recognition"] = "yunet-sface"
    models_dir: Path | None = None
    alone: bool = True
