"""Pages that take a gate out of use, after they showed what follows, and list those that are."""

from flask import Blueprint, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField
from wtforms.validators import InputRequired

from web_admin.accounts.permissions import allowed, current_may
from web_admin.compound.models import Gate
from web_admin.compound.queries import persons_by_id
from web_admin.core.database import request_session
from web_admin.gates.out_of_use import gates_out_of_use, take_out_of_use, what_follows
from web_admin.web.context import form_page, get_or_404, submit
from web_admin.web.forms import OnceForm
from web_admin.web.page import Page, to
from web_admin.web.site import current_site, request_now

bp = Blueprint("gates_out_of_use", __name__, url_prefix="/manage/gates")

NAMED_PEOPLE = 50


class OutOfUseForm(OnceForm):
    """A box to tick before a gate goes out of use."""

    sure = BooleanField(
        _l("I have read what follows"), validators=[InputRequired(_l("Tick this once you have read it."))]
    )


@bp.get("/out-of-use")
@allowed("see_gates")
def show_list() -> str:
    """List the gates that were taken out of use, the newest first."""
    rows = gates_out_of_use(request_session(), current_site().site_id)
    return render_template("manage/gates_out_of_use.html", rows=rows)


@bp.route("/<gate_id>/out-of-use", methods=["GET", "POST"])
@allowed("edit_gates")
def take(gate_id: str) -> Page:
    """Show what follows from taking a gate out of use, and take it once that was read."""
    gate = get_or_404(request_session(), Gate, gate_id)
    form = OutOfUseForm()
    answer = submit(
        form,
        lambda act: take_out_of_use(act, gate_id),
        saved=lambda gate: _("%(gate)s is out of use. Switch its controller off.", gate=gate.name),
        back=to("gates_out_of_use.show_list"),
        preview="named",
    )
    if answer is not None:
        return answer
    follows = what_follows(request_session(), gate, request_now())
    shown = follows.person_ids[:NAMED_PEOPLE] if current_may("see_people") else ()
    people = persons_by_id(request_session(), shown)
    return form_page(
        "manage/gate_out_of_use.html",
        form,
        gate=gate,
        follows=follows,
        people=[people[person_id] for person_id in shown],
    )
