"""Pages that add many gates like one that there is: a pasted list, what it would add, then all or none."""

from collections.abc import Sequence

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import HiddenField, TextAreaField
from wtforms.validators import InputRequired, Length

from web_admin.accounts.permissions import allowed
from web_admin.compound.models import Gate
from web_admin.core.database import request_session
from web_admin.core.refusal import ActionRefused
from web_admin.gates.gate_list import LineProblem, LinesRefused, NewGate, read_gates
from web_admin.gates.gates_like import Plan, add_gates_like, plan_gates_like
from web_admin.web.context import current_action, get_or_404, show_refusal, submit, typed
from web_admin.web.forms import OnceForm
from web_admin.web.page import Page, to

bp = Blueprint("gates_like", __name__, url_prefix="/manage/gates")

MAX_LIST_CHARS = 50_000
"""A form of more than 500 kB is refused as a whole; a Chinese character has nine bytes there."""
SHOWN_LINES = 50
"""How many wrong lines have a sentence each, or gates a row; of more the page says how many there are."""
SHOWN_NAME_CHARS = 30


class GatesLikeForm(OnceForm):
    """A list of gates, one on a line."""

    gates = TextAreaField(
        _l("New gates"),
        description=_l(
            "One gate on each line, as copied from a spreadsheet: its name. You can add a tab or "
            "comma and a short name for cables and settings files. Otherwise it gets one, like "
            "stair-12 or gate-12."
        ),
        validators=[
            InputRequired(_l("Type at least one gate, each on a line.")),
            Length(max=MAX_LIST_CHARS, message=_l("This list is too long. Add it in parts.")),
        ],
        render_kw={"rows": 10, "autocapitalize": "none", "spellcheck": "false"},
    )
    shown = HiddenField()
    """The digest of the plan that the page shows."""


@bp.route("/<gate_id>/more", methods=["GET", "POST"])
@allowed("edit_gates")
def add(gate_id: str) -> Page:
    """Show what a list adds to gates with the lanes of this one, and add it once it was shown."""
    gate = get_or_404(request_session(), Gate, gate_id)
    form = GatesLikeForm()
    intent = request.form.get("intent")
    plan = None
    if intent == "change" or not form.is_submitted():
        return render_template("manage/gates_like.html", form=form, gate=gate)
    if form.validate():
        gates = read_gates(typed(form.gates))
        if intent == "add":
            answer = submit(
                form,
                lambda act: add_gates_like(act, gate_id, gates, shown=typed(form.shown)),
                saved=lambda added: _said_of(len(added)),
                back=to("gates.show_list"),
            )
            if answer is not None:
                return answer
        plan = _planned(form, gate_id, gates)
    if plan is None:
        return render_template("manage/gates_like.html", form=form, gate=gate), 422
    form.shown.data = plan.digest
    page = render_template(
        "manage/gates_like_preview.html", form=form, gate=gate, plan=plan, rows_shown=SHOWN_LINES
    )
    return (page, 422) if form.errors else page


def _planned(form: GatesLikeForm, gate_id: str, gates: Sequence[NewGate]) -> Plan | None:
    """Return what the list would add by now; None, with a sentence for each wrong line, where it cannot."""
    try:
        return plan_gates_like(current_action(), gate_id, gates)
    except ActionRefused as refusal:
        form.gates.errors, form.form_errors = [], []
        if isinstance(refusal, LinesRefused):
            form.gates.errors = _sentences(refusal.problems)
        else:
            show_refusal(form, refusal)
        return None


def _said_of(count: int) -> str:
    said: str = ngettext(
        "%(num)d gate was added. Complete each lane's sheet at its door, then pair the controller.",
        "%(num)d gates were added. Complete each lane's sheet at its door, then pair the controllers.",
        count,
    )
    return said


def _sentences(problems: Sequence[LineProblem]) -> list[str]:
    """Return a sentence for each wrong line, and one for those that are too many to show."""
    said = [
        _(
            "Line %(line)s, “%(name)s”: %(problem)s",
            line=problem.line,
            problem=problem.message,
            name=problem.name[:SHOWN_NAME_CHARS],
        )
        if problem.name
        else _("Line %(line)s: %(problem)s", line=problem.line, problem=problem.message)
        for problem in problems[:SHOWN_LINES]
    ]
    more = len(problems) - SHOWN_LINES
    if more > 0:
        said.append(
            ngettext(
                "%(num)d more line has something to correct.",
                "%(num)d more lines have something to correct.",
                more,
            )
        )
    return said
