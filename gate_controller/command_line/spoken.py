"""The language in which a command speaks to a person at a terminal, and its words from a catalogue.

Pages have their own choice of a language; here the locale decides, and where it names none of ours a first
question.
"""

import gettext
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from gate_controller.contract.languages import LANGUAGES, WRITTEN_IN, Language

VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""Those of a locale, the strongest first."""
CHOICES = (WRITTEN_IN, *(language for language in Language if language is not WRITTEN_IN))


def language_of(environment: Mapping[str, str]) -> Language | None:
    """Return the language of a locale; None where it names none of ours, as `C.UTF-8`."""
    said = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    code = re.split(r"[_.:@-]", said)[0].lower()
    return Language(code) if code in LANGUAGES else None


def asked_language(ask: Callable[[str], str]) -> Language:
    """Ask for a language by number, code or name until one is given."""
    named = ", ".join(f"{number} {language.own_name}" for number, language in enumerate(CHOICES, 1))
    words = {
        word.lower(): language
        for number, language in enumerate(CHOICES, 1)
        for word in (str(number), language.value, language.own_name)
    }
    while True:
        typed = ask(f"Language / 语言 ({named}): ").strip().lower()
        if typed in words:
            return words[typed]


class Catalogue:
    """Give texts in one language; English, in which they are written, until one is chosen."""

    def __init__(self, translations: Path) -> None:
        self._translations = translations
        self._catalogue = gettext.NullTranslations()

    def speak(self, language: Language | None) -> None:
        """Take another language from now on."""
        codes = [language.value] if language is not None else []
        self._catalogue = gettext.translation(
            "messages", self._translations, codes or [WRITTEN_IN], fallback=True
        )

    def __call__(self, text: str, **values: object) -> str:
        """Return a text of the catalogue with its values in it."""
        said = self._catalogue.gettext(text)
        return said % values if values else said
