"""Pages of the console: all compounds at one look, and each with its figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from flask import Blueprint, Response, abort, current_app, render_template, request

from head_office.judging import URGENT, View, ordered, totals, view

bp = Blueprint("console", __name__)
STATES = ("", "needs", "bad", "no_answer", "good")
SHOWN_REASONS = 4
CALM_SHOWN = 12
"""So many compounds that are well are shown at once; more are folded away."""


@dataclass(frozen=True, slots=True)
class Region:
    """One group of the company's list: its compounds in the order of the file."""

    name: str
    views: Sequence[View]

    @property
    def needing(self) -> int:
        """Return how many of its compounds need a person."""
        return sum(one.level != "good" for one in self.views)


def _views() -> tuple[list[View], str]:
    office = current_app.extensions["head_office"]
    known, now = office.known(), office.clock()
    answers = office.storage.answers()
    views = [view(one, answers.get((one.word, one.address)), now) for one in known.compounds]
    return views, known.trouble


def _regions(views: Sequence[View]) -> list[Region]:
    def group_of(one: View) -> str:
        return one.compound.group

    return [Region(name, list(found)) for name, found in groupby(sorted(views, key=group_of), group_of)]


@bp.get("/")
def show() -> str:
    """Show every compound: what needs a person first, what is well folded away."""
    views, trouble = _views()
    text = request.args.get("q", "")[:80].strip()
    state = request.args.get("state", "")
    group = request.args.get("group")
    state = state if state in STATES else ""
    found = [one for one in ordered(views) if _is_wanted(one, text.casefold(), state, group)]
    return render_template(
        "console.html",
        totals=totals(views),
        regions=_regions(views),
        file_trouble=trouble,
        needing=[one for one in found if one.level != "good"],
        calm=[one for one in found if one.level == "good"],
        text=text,
        state=state,
        group=group,
        is_narrowed=bool(text or state or group is not None),
        has_compounds=bool(views),
        shown_reasons=SHOWN_REASONS,
        calm_shown=CALM_SHOWN,
        urgent=URGENT,
        every=current_app.extensions["head_office"].settings.ask_every_seconds,
    )


def _is_wanted(one: View, text: str, state: str, group: str | None) -> bool:
    if group is not None and one.compound.group != group:
        return False
    if text and text not in f"{one.compound.name} {one.compound.word} {one.compound.group}".casefold():
        return False
    if state == "needs":
        return one.level != "good"
    if state == "no_answer":
        return not one.answers
    return state in ("", one.level)


@bp.get("/compounds/<word>")
def one_compound(word: str) -> str:
    """Show what one compound answered last."""
    views, _trouble = _views()
    found = next((one for one in views if one.compound.word == word), None)
    if found is None:
        abort(404)
    return render_template("compound.html", one=found, seen=found.seen, urgent=URGENT)


@bp.get("/healthz")
def healthz() -> Response:
    """Answer a monitor that the program serves."""
    return Response("ok\n", mimetype="text/plain")
