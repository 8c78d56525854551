"""Page that gives a gate and its lanes other names."""

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import InputRequired

from web_admin.accounts.permissions import allowed
from web_admin.compound.models import Gate
from web_admin.core.database import request_session
from web_admin.core.texts import word
from web_admin.gates.names import lane_field, rename_gate
from web_admin.gates.rules import MAX_NAME_CHARS
from web_admin.gates.texts import DIRECTIONS
from web_admin.web.back_to_first_hour import back_to
from web_admin.web.context import form_page, get_or_404, submit, typed
from web_admin.web.fields import LengthOrAsStored
from web_admin.web.forms import OnceForm
from web_admin.web.page import Page
from web_admin.web.silent_gates import say_saved

bp = Blueprint("gate_names", __name__, url_prefix="/manage/gates")

NEEDED = (InputRequired(_l("Type a name.")), LengthOrAsStored(max=MAX_NAME_CHARS))


class NamesForm(OnceForm):
    """The name of a gate; a field for each of its lanes is added for the gate at hand."""

    name = StringField(_l("Name of the gate"), validators=NEEDED)


@bp.route("/<gate_id>/names", methods=["GET", "POST"])
@allowed("edit_gates")
def change(gate_id: str) -> Page:
    """Give a gate and its lanes other names; what shows them shows the new ones from then on."""
    gate = get_or_404(request_session(), Gate, gate_id)
    of_lanes = {lane_field(lane.lane_id): lane for lane in gate.lanes}
    fields = {
        field: StringField(word(DIRECTIONS, lane.direction), validators=NEEDED)
        for field, lane in of_lanes.items()
    }
    names = {field: lane.name for field, lane in of_lanes.items()}
    form = type("NamesOfGate", (NamesForm,), fields)(data={"name": gate.name, **names})
    answer = submit(
        form,
        lambda act: rename_gate(
            act,
            gate_id,
            typed(form.name),
            {lane.lane_id: typed(form[field]) for field, lane in of_lanes.items()},
        ),
        saved=lambda _gate: say_saved(_("Saved. Every page shows the new names.")),
        back=back_to("gates.show", gate_id=gate_id),
    )
    return answer or form_page("manage/gate_names.html", form, gate=gate, lanes=of_lanes)
