"""The table `[face]` of the site file."""

from pathlib import Path
from typing import Annotated

import msgspec

from hardware.driver import Settings

EngineName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
"""An installed engine's; one that is not installed leaves face off, and the gate opens by all other ways."""


class FaceSection(Settings, frozen=True, kw_only=True):
    """Face engine of this gate, if it has one; the policy decides its uses.

    `models_dir` holds the weights where they are not those of the installed package; `alone` lets
    people be recognised without a home's number while the engine's error budget fits. With `only_beside` a
    face opens only beside a card, PIN or code of its owner, for whom it is one of two ways they asked for.
    """

    enabled: bool = False
    engine: EngineName = "yunet-sface"
    models_dir: Path | None = None
    alone: bool = True
    only_beside: bool = False
