"""Pages to approve or refuse people whom homes added, where the site requires it."""

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.compound.models import Person
from web_admin.core.database import request_session
from web_admin.people.members import agree_to_addition, refuse_addition
from web_admin.web.context import do, get_or_404
from web_admin.web.forms import AgainForm
from web_admin.web.silent_gates import say_saved

bp = Blueprint("additions", __name__, url_prefix="/manage/people/<person_id>/addition")


@bp.post("/<any(agree, refuse):answer>")
@allowed("edit_people")
def decide(person_id: str, answer: str) -> Response:
    """Approve or refuse a person whom a home added."""
    get_or_404(request_session(), Person, person_id)
    form = AgainForm()

    def work(act: Action) -> bool:
        (agree_to_addition if answer == "agree" else refuse_addition)(act, person_id)
        return True

    if form.validate_on_submit() and do(form, work):
        say_saved(_("Saved."))
    for error in form.form_errors:
        flash(str(error), "danger")
    return redirect(url_for("person.show", person_id=person_id), 303)
