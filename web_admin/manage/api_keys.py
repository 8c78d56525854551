"""Pages of API keys for other systems: create, show once, revoke."""

from datetime import timedelta

from flask import Blueprint, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from web_admin.accounts.api_keys import end_api_key, make_api_key
from web_admin.accounts.models import ApiKey
from web_admin.accounts.permissions import allowed
from web_admin.accounts.queries import api_keys_of
from web_admin.core.database import request_session
from web_admin.web.context import form_page, get_or_404, press, submit, typed
from web_admin.web.fields import CheckList, options
from web_admin.web.for_good import ForGood
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page, to
from web_admin.web.site import current_site, request_now

bp = Blueprint("api_keys", __name__, url_prefix="/manage/keys")

SCOPE_WORDS = {
    "people:read": _l("Read people and homes"),
    "people:write": _l("Add and correct people, let them move out"),
    "cards:read": _l("Read cards, and find whose a card is"),
    "cards:write": _l("Give, suspend and end cards"),
    "passes:read": _l("Read visitors' passes"),
    "passes:write": _l("Make and withdraw visitors' passes and codes"),
    "events:read": _l("Read events and alarms, without persons"),
    "alarms:write": _l("Acknowledge alarms"),
    "metrics:read": _l("Read numbers about gates and server, for a monitor"),
    "overview:read": _l("Read how the compound is, in counts and ages, for a head office"),
    "access:read": _l("Read how many people may pass where and when, for an auditor"),
    "gates:read": _l("Read what gates and lanes are called"),
    "gates:write": _l("Give gates and lanes other names"),
}
LIVES = (("30", _l("30 days")), ("90", _l("90 days")), ("365", _l("One year")))
LISTED_ENDED = 20


class KeyForm(OnceForm):
    name = StringField(
        _l("Which system is it for?"),
        description=_l(
            "Such as “Property software”. Make one for each system, so that you can end it separately."
        ),
        validators=[InputRequired(_l("Say what it is for.")), Length(max=60)],
    )
    scopes = CheckList(_l("It may"), choices=options(SCOPE_WORDS))
    days = SelectField(_l("It ends after"), choices=options(LIVES), default="365")


@bp.get("/")
@allowed("manage_api_keys")
def show_list() -> str:
    """List the keys, never their text."""
    now = request_now()
    rows = api_keys_of(request_session(), current_site().site_id)
    live = [row for row in rows if row.ended_at is None and now < row.valid_until]
    ended = [row for row in rows if row not in live]
    return render_template(
        "manage/api_keys.html",
        live=live,
        ended=ended[:LISTED_ENDED],
        scope_words=SCOPE_WORDS,
        button=AgainForm(formdata=None),
    )


@bp.route("/new", methods=["GET", "POST"])
@allowed("manage_api_keys")
def new() -> Page:
    """Make a key and show it this one time."""
    form = KeyForm()
    answer = submit(
        form,
        lambda act: make_api_key(
            act,
            name=typed(form.name),
            scopes=form.scopes.data or [],
            valid_until=act.now + timedelta(days=int(form.days.data)),
        ),
        back=to("api_keys.show_list"),
        then=lambda made: render_template("manage/api_key_once.html", made=made, scope_words=SCOPE_WORDS),
    )
    return answer or form_page("manage/api_key_new.html", form)


@bp.post("/<key_id>/end")
@allowed("manage_api_keys")
def end(key_id: str) -> Page:
    """End a key, after what follows was read; for a day that can be undone."""
    row = get_or_404(request_session(), ApiKey, key_id)
    return press(
        lambda act: end_api_key(act, key_id),
        for_good=lambda _act: _follows(row),
        saved=_("Ended. The other system is refused from now on."),
        back=to("api_keys.show_list"),
    )


def _follows(row: ApiKey) -> ForGood:
    used = (
        _("It was last used on %(day)s.", day=row.last_used_on)
        if row.last_used_on
        else _("It was never used.")
    )
    return ForGood(
        [_("The system with the key “%(name)s” is refused at once.", name=row.name), used],
        is_undone_for_a_day=True,
    )
