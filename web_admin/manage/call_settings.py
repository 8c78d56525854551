"""Page of the settings of calls to homes: which numbers gates may call."""

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import Length

from web_admin.accounts.permissions import allowed
from web_admin.calls.actions import save_call_settings
from web_admin.calls.allowed_numbers import settings_of
from web_admin.calls.gate_telephones import telephones_of_gates
from web_admin.core.database import request_session
from web_admin.web.context import form_page, submit, typed
from web_admin.web.forms import OnceForm
from web_admin.web.page import Page, to
from web_admin.web.site import current_site

bp = Blueprint("call_settings", __name__)


class CallSettingsForm(OnceForm):
    """Beginnings of numbers, and SIP servers."""

    prefixes = TextAreaField(
        _l("Allowed beginnings of numbers"),
        description=_l(
            "One on each line, such as +86 1. The compound pays for these calls, also for those abroad or at "
            "an extra charge: list no more than needed."
        ),
        validators=[Length(max=2000)],
        render_kw={"rows": 4, "inputmode": "tel", "autocomplete": "off"},
    )
    hosts = TextAreaField(
        _l("SIP servers that gates may call"),
        description=_l("One name on each line: a telephone system of the compound, or Home Assistant."),
        validators=[Length(max=4000)],
        render_kw={"rows": 3, "autocomplete": "off", "spellcheck": "false"},
    )


@bp.route("/manage/settings/calls", methods=["GET", "POST"])
@allowed("edit_settings")
def edit() -> Page:
    """Change which numbers gates may call."""
    form = CallSettingsForm()
    if not form.is_submitted():
        stored = settings_of(request_session(), current_site().site_id)
        form.prefixes.data, form.hosts.data = "\n".join(stored.prefixes), "\n".join(stored.hosts)
    answer = submit(
        form,
        lambda act: save_call_settings(act, prefixes=typed(form.prefixes), hosts=typed(form.hosts)),
        saved=_("Saved."),
        back=to("settings.show"),
    )
    telephones = telephones_of_gates(request_session(), current_site().site_id)
    return answer or form_page("manage/call_settings.html", form, telephones=telephones)
