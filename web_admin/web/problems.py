"""Refusals of a page's forms: noted while the page is written, summed up at its top."""

from dataclasses import dataclass

from flask import g


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal in words; `place` is the id of the sentence beside its field, "" for a whole form."""

    text: str
    place: str


def note_problem(text: object, place: str = "") -> str:
    """Note a refusal that a template shows, for the summary; return nothing to write."""
    noted: list[Problem] = g.setdefault("menjin_problems", [])
    problem = Problem(str(text), place)
    if problem.text not in {known.text for known in noted if not (known.place and place)}:
        noted.append(problem)
    return ""


def noted_problems() -> list[Problem]:
    """Return what this page refuses, in the order of the page."""
    noted: list[Problem] = g.get("menjin_problems", [])
    return noted
