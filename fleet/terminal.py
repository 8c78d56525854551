"""Print what a command says. Parts of it come from machines, which must not move the operator's terminal."""

import sys
import unicodedata
from typing import TextIO

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's categories of what is no mark on paper: controls, directions, line ends, what has no meaning."""
_KEPT = frozenset("\n\t")


def printable(text: str) -> str:
    """Return the text with each unseen character as JSON writes it, so that JSON means what it meant."""
    return "".join(
        one if one in _KEPT or unicodedata.category(one) not in _UNSEEN else _named(one) for one in text
    )


def _named(one: str) -> str:
    units = one.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def out(text: str, *, end: str = "\n") -> None:
    _print(text, sys.stdout, end)


def beside(text: str, *, file: TextIO | None = None) -> None:
    """Print what is said beside the result."""
    _print(text, file or sys.stderr, "\n")


def _print(text: str, file: TextIO, end: str) -> None:
    print(printable(text), file=file, end=end)
