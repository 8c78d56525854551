"""The box on a person's own phone while the desk asks whether they are there."""

from flask import flash
from flask_babel import gettext
from werkzeug.wrappers import Response

from web_admin.desk.actions import answer_by_phone
from web_admin.resident.blueprint import bp, signed_in
from web_admin.web.page import to
from web_admin.web.resident_session import resident_required


@bp.post("/desk/<visit_id>/<any(yes, no):answer>")
@resident_required
def answer_desk(visit_id: str, answer: str) -> Response:
    """Record the answer that the person is at the desk, or is not."""
    _person, act = signed_in()
    answer_by_phone(act, visit_id, is_there=answer == "yes")
    flash(
        gettext("The desk can continue. Your records show what is done there.")
        if answer == "yes"
        else gettext(
            "Refused. Nothing was shown, and the property manager is notified. Suspend your card "
            "below if it is gone."
        ),
        "done",
    )
    return to("resident.my_code")
