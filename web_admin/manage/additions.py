"""Pages to approve or refuse people whom homes added, where the site requires it."""

from flask import Blueprint
from flask_babel import gettext as _

from web_admin.accounts.permissions import allowed
from web_admin.compound.models import Person
from web_admin.core.database import request_session
from web_admin.people.members import agree_to_addition, refuse_addition
from web_admin.web.context import get_or_404, press
from web_admin.web.for_good import ForGood
from web_admin.web.page import Page, to
from web_admin.web.silent_gates import say_saved

bp = Blueprint("additions", __name__, url_prefix="/manage/people/<person_id>/addition")


@bp.post("/<any(agree, refuse):answer>")
@allowed("edit_people")
def decide(person_id: str, answer: str) -> Page:
    """Approve or refuse a person whom a home added."""
    person = get_or_404(request_session(), Person, person_id)
    decision = agree_to_addition if answer == "agree" else refuse_addition
    return press(
        lambda act: decision(act, person_id),
        for_good=None
        if answer == "agree"
        else lambda _act: ForGood(
            [_("%(name)s is out again, and nothing of theirs opens.", name=person.display_name)], people=1
        ),
        saved=lambda _done: say_saved(_("Saved.")),
        back=to("person.show", person_id=person_id),
    )
