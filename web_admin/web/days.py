"""Texts of weekdays: Monday–Friday, Sunday."""

from collections.abc import Iterable

from flask_babel import gettext as _

from gate_controller.contract.calendars import WEEKDAYS
from web_admin.core import texts as core_texts
from web_admin.core.texts import DAYS

LEAST_RUN = 3
"""Two days in a row are named one by one."""


def day_text(days: Iterable[str]) -> str:
    """Return the days of a span, with days in a row drawn together; other kinds of day come last."""
    chosen = list(days)
    runs: list[list[str]] = []
    for number, day in enumerate(WEEKDAYS):
        if day in chosen:
            follows = bool(runs) and runs[-1][-1] == WEEKDAYS[number - 1]
            runs[-1].append(day) if follows else runs.append([day])
    said = [text for run in runs for text in _run_text(run)]
    said += [str(core_texts.word(DAYS, day)) for day in chosen if day not in WEEKDAYS]
    joined: str = _(", ").join(said)
    return joined


def _run_text(run: list[str]) -> list[str]:
    names = [str(core_texts.word(DAYS, day)) for day in run]
    if len(run) < LEAST_RUN:
        return names
    return [_("%(first)s–%(last)s", first=names[0], last=names[-1])]
