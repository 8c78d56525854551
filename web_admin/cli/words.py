"""The words of `menjin web` at a terminal, in the language of who types; `run` chooses it."""

from pathlib import Path

import web_admin
from gate_controller.command_line.spoken import Catalogue
from web_admin.core.refusal import WorkRefused

_ = Catalogue(Path(web_admin.__file__).parent / "translations")


def in_words(refused: WorkRefused) -> str:
    """Return why work was refused, in the language of who types."""
    return _(refused.text, **refused.values)
