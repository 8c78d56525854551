"""One line of `menjin gate check`: the part, the result, and the remedy."""

import json
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How it went. A warning asks for a look; only WRONG makes the command fail."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "WRONG"


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One thing that was tried: `part` is a table of the site file, `name` which of them."""

    verdict: Verdict
    part: str
    name: str
    text: str

    @property
    def ok(self) -> bool:
        """Return whether there is nothing to do."""
        return self.verdict is Verdict.OK

    def __str__(self) -> str:
        return f"{self.verdict.value:<8}{self.part} {self.name}: {self.text}" if self.name else self._short()

    def as_json(self) -> str:
        return json.dumps(
            {"verdict": self.verdict.value.lower(), "part": self.part, "name": self.name, "text": self.text},
            ensure_ascii=False,
        )

    def _short(self) -> str:
        return f"{self.verdict.value:<8}{self.part}: {self.text}"


def fine(part: str, name: str, text: str) -> CheckLine:
    """Return a line about something that works."""
    return CheckLine(Verdict.OK, part, name, text)


def warning(part: str, name: str, text: str) -> CheckLine:
    """Return a line about something to look at."""
    return CheckLine(Verdict.WARNING, part, name, text)


def wrong(part: str, name: str, text: str) -> CheckLine:
    """Return a line about something that does not work."""
    return CheckLine(Verdict.WRONG, part, name, text)
