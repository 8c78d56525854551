"""Texts of the catalogue in a language that the caller names, where no page is asked for."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from gate_controller.command_line.spoken import Catalogue
from gate_controller.contract.languages import LANGUAGES, Language


def N_(text: str) -> str:  # noqa: N802 - the name that the extractor looks for
    """Mark a text for translation that is translated elsewhere."""
    return text


@cache
def texts_in(language: str) -> Callable[..., str]:
    """Return what gives texts of one language with their values; English for one that is none of ours."""
    spoken = Catalogue(Path(__file__).parents[1] / "translations")
    spoken.speak(Language(language) if language in LANGUAGES else None)
    return spoken
