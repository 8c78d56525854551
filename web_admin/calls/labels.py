"""Words under which a gate's directory may list a home: one closed class of characters, and no name."""

import re
import unicodedata
from collections.abc import Iterable

SIGNS = frozenset(" -.,·・、()&'’")
BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0")
"""Fillers of Hangul: letters by their category, blanks on a screen."""
_LABEL = re.compile("(?:LM{0,2}|S)+")
_KINDS = {"L": "L", "Mn": "M", "Mc": "M"}


def is_label(words: str) -> bool:
    """Return whether words are letters and digits, each with two marks at most, and a few signs."""
    kinds = "".join(map(_kind, words))
    return "L" in kinds and _LABEL.fullmatch(kinds) is not None


def _kind(sign: str) -> str:
    category = unicodedata.category(sign)
    if sign in BLANK_LETTERS:
        return "-"
    if sign in SIGNS:
        return "S"
    return "L" if sign.isdecimal() else _KINDS.get(category) or _KINDS.get(category[0], "-")


def names_someone(words: str, names: Iterable[str]) -> bool:
    """Return whether words hold a whole name, however it is spaced, spelled or ordered."""
    label = _parts(words)
    return any(
        "".join(name) in "".join(label) or set(name) <= set(label) for name in map(_parts, names) if name
    )


def _parts(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign if sign.isalnum() else " " for sign in plain).split()
