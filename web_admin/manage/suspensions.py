"""Page of suspended people: what waits for a second account, what holds, and what an older release left."""

from flask import Blueprint, render_template
from flask_babel import gettext as _

from web_admin.accounts.names import shown_names
from web_admin.accounts.permissions import allowed
from web_admin.compound.suspension_models import Suspension
from web_admin.core.database import request_session
from web_admin.people.suspension_queries import to_decide
from web_admin.people.suspensions import confirm_suspension, withdraw_suspension
from web_admin.web.context import current_action, get_or_404, press
from web_admin.web.forms import AgainForm
from web_admin.web.page import Page, to
from web_admin.web.silent_gates import say_saved
from web_admin.web.site import current_site

bp = Blueprint("suspensions", __name__, url_prefix="/manage/suspensions")


@bp.get("")
@allowed("confirm_suspension")
def show_list() -> str:
    """List whole people whose access is suspended or is to be, and who asked for it."""
    session = request_session()
    rows = to_decide(session, current_site().site_id)
    return render_template(
        "manage/suspensions.html",
        waiting=[pair for pair in rows if pair[0].began_at is None],
        in_force=[pair for pair in rows if pair[0].began_at is not None],
        names=shown_names(session, {row.given_by for row, _person in rows if row.given_by}),
        me=current_action().actor_id,
        button=AgainForm(formdata=None),
    )


@bp.post("/<suspension_id>/confirm")
@allowed("confirm_suspension")
def confirm(suspension_id: str) -> Page:
    """Confirm what another account asked for."""
    get_or_404(request_session(), Suspension, suspension_id)
    return press(
        lambda act: confirm_suspension(act, suspension_id),
        saved=lambda _done: say_saved(_("The person is suspended.")),
        back=to("suspensions.show_list"),
        preview="after",
    )


@bp.post("/<suspension_id>/withdraw")
@allowed("confirm_suspension")
def withdraw(suspension_id: str) -> Page:
    """Withdraw what waits for a second account."""
    get_or_404(request_session(), Suspension, suspension_id)
    return press(
        lambda act: withdraw_suspension(act, suspension_id),
        saved=lambda _done: say_saved(_("Withdrawn. Nothing changed.")),
        back=to("suspensions.show_list"),
    )
