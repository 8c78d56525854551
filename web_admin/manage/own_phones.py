"""Requests by which a member of staff has alarms shown in this browser."""

from flask import Blueprint, flash, request
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from web_admin.accounts.permissions import allowed
from web_admin.core.database import current_menjin, request_session
from web_admin.core.refusal import ActionRefused
from web_admin.messages.push_phones import Owner, add_phone, remove_phone
from web_admin.web.context import current_action
from web_admin.web.forms import AgainForm
from web_admin.web.page import to

bp = Blueprint("own_phones", __name__)


@bp.post("/manage/account/phone")
@allowed("acknowledge_alarm")
def add() -> Response:
    """Show alarms in this browser from now on."""
    if AgainForm().validate_on_submit():
        sent = (request.form.get(name, "") for name in ("endpoint", "p256dh", "auth"))
        named = current_menjin().config.push_services
        try:
            add_phone(current_action(), _own(), *sent, kinds=(), named=named)
        except ActionRefused as refused:
            message = str(refused.message)
            request_session().rollback()
            flash(message, "danger")
        else:
            flash(_("Alarms come to this phone."), "success")
    return to("own.show", _anchor="phones")


@bp.post("/manage/account/phone/remove")
@allowed("acknowledge_alarm")
def remove() -> Response:
    """Show no more alarms in one browser."""
    if AgainForm().validate_on_submit():
        remove_phone(current_action(), _own(), request.form.get("phone", ""))
        flash(_("Removed. No more alarms come to that phone."), "success")
    return to("own.show", _anchor="phones")


def _own() -> Owner:
    return Owner(account_id=current_user.id)
