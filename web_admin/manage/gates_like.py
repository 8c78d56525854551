"""Page that adds many gates like one that there is, from a pasted list."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.compound.models import Gate
from web_admin.core.database import request_session
from web_admin.gates.gate_list import LineProblem, LinesRefused, read_gates
from web_admin.gates.gates_like import add_gates_like
from web_admin.web.context import do, get_or_404, typed
from web_admin.web.forms import OnceForm
from web_admin.web.page import Page

bp = Blueprint("gates_like", __name__, url_prefix="/manage/gates")

MAX_LIST_CHARS = 200_000
SHOWN_LINES = 50
"""How many wrong lines have a sentence each; of more the page says how many there are."""
SHOWN_NAME_CHARS = 30


class GatesLikeForm(OnceForm):
    """A list of gates, one on a line."""

    gates = TextAreaField(
        _l("New gates"),
        description=_l("One gate on a line, as copied from a spreadsheet: its name, then perhaps a tab or "
                       "comma and a short name for cables and settings files. Without one it gets its own, "
                       "like stair-12 or gate-12."),
        validators=[InputRequired(_l("Type at least one gate, each on a line.")),
                    Length(max=MAX_LIST_CHARS, message=_l("This list is too long. Add it in parts."))],
        render_kw={"rows": 10, "autocapitalize": "none", "spellcheck": "false"},
    )


@bp.route("/<gate_id>/more", methods=["GET", "POST"])
@allowed("edit_gates")
def add(gate_id: str) -> Page:
    """Add gates with the lanes of this one; every wrong line of the list gets a sentence."""
    gate = get_or_404(request_session(), Gate, gate_id)
    form = GatesLikeForm()
    if form.validate_on_submit():
        problems: list[LineProblem] = []

        def work(act: Action) -> list[Gate]:
            try:
                return add_gates_like(act, gate_id, read_gates(typed(form.gates)))
            except LinesRefused as refusal:
                problems.extend(refusal.problems)
                raise

        added = do(form, work)
        if added is not None:
            flash(_said_of(len(added)), "success")
        if not form.errors:
            return redirect(url_for("gates.show_list"), 303)
        if problems:
            form.gates.errors = _sentences(problems)
    page = render_template("office/gates_like.html", form=form, gate=gate)
    return page if not form.is_submitted() else (page, 422)


def _said_of(count: int) -> str:
    said: str = ngettext(
        "%(num)d gate was added. Complete each lane's sheet at its door, then pair the controller.",
        "%(num)d gates were added. Complete each lane's sheet at its door, then pair the controllers.",
        count,
    )
    return said


def _sentences(problems: list[LineProblem]) -> list[str]:
    """Return a sentence for each wrong line, and one for those that are too many to show."""
    said = [
        _("Line %(line)s, “%(name)s”: %(problem)s", line=problem.line, problem=problem.message,
          name=problem.name[:SHOWN_NAME_CHARS])
        if problem.name else _("Line %(line)s: %(problem)s", line=problem.line, problem=problem.message)
        for problem in problems[:SHOWN_LINES]
    ]
    more = len(problems) - SHOWN_LINES
    if more > 0:
        said.append(ngettext("%(num)d more line has something to correct.",
                             "%(num)d more lines have something to correct.", more))
    return said
