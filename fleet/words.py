"""The words of `menjin fleet` at a terminal, in the language of who types; `run` chooses it."""

from pathlib import Path

import fleet
from gate_controller.command_line.spoken import Catalogue

_ = Catalogue(Path(fleet.__file__).parent / "translations")


class FleetRefused(Exception):
    """The command cannot be done as asked; says what is wrong, where, and what to do. Nothing was changed."""
