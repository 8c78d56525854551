"""Pages of webhooks: addresses of other systems, their keys and last messages."""

from flask import Blueprint, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from web_admin.accounts.permissions import allowed
from web_admin.core.database import current_menjin, request_session
from web_admin.messages.actions import add_webhook, remove_webhook, rotate_key, send_again, send_test
from web_admin.messages.models import OutboxMessage, Webhook
from web_admin.messages.queries import messages_to
from web_admin.messages.texts import STATES, WEBHOOK_KINDS, kind_text, trouble_text
from web_admin.web.context import form_page, get_or_404, press, submit, typed
from web_admin.web.fields import CheckList, options
from web_admin.web.for_good import ForGood
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page, to

bp = Blueprint("webhooks", __name__, url_prefix="/manage/settings/webhooks")

LISTED_MESSAGES = 20


class WebhookForm(OnceForm):
    name = StringField(
        _l("Name"),
        description=_l("Which system it is, such as “Property software”."),
        validators=[InputRequired(_l("Type a name.")), Length(max=60)],
    )
    url = StringField(
        _l("Address"),
        description=_l(
            "https://… in the world or in your own network; on this machine at ports the operator opened."
        ),
        validators=[InputRequired(_l("Type an address.")), Length(max=500)],
        render_kw={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"},
    )
    kinds = CheckList(_l("What it receives"), choices=options(WEBHOOK_KINDS))


@bp.route("/new", methods=["GET", "POST"])
@allowed("edit_settings")
def new() -> Page:
    """Add an address and show its key this one time."""
    form = WebhookForm()
    answer = submit(
        form,
        lambda act: add_webhook(
            act,
            name=typed(form.name),
            url=typed(form.url),
            kinds=form.kinds.data or [],
            local_ports=current_menjin().config.webhook_ports,
        ),
        back=to("settings.show"),
        then=lambda made: render_template("manage/webhook_key.html", hook=made[0], key=made[1]),
    )
    return answer or form_page("manage/webhook_new.html", form)


@bp.get("/<webhook_id>")
@allowed("edit_settings")
def show(webhook_id: str) -> str:
    """Show an address with its last messages."""
    hook = get_or_404(request_session(), Webhook, webhook_id)
    return render_template(
        "manage/webhook.html",
        hook=hook,
        kinds=WEBHOOK_KINDS,
        messages=messages_to(request_session(), webhook_id, LISTED_MESSAGES),
        states=STATES,
        trouble_text=trouble_text,
        kind_text=kind_text,
        button=AgainForm(formdata=None),
    )


@bp.post("/<webhook_id>/test")
@allowed("edit_settings")
def test(webhook_id: str) -> Page:
    get_or_404(request_session(), Webhook, webhook_id)
    return press(
        lambda act: send_test(act, webhook_id),
        saved=_("Sending. Load this page again to see the result."),
        back=to("webhooks.show", webhook_id=webhook_id),
    )


@bp.post("/<webhook_id>/key")
@allowed("edit_settings")
def change_key(webhook_id: str) -> Page:
    """Make another key and show it this one time."""
    hook = get_or_404(request_session(), Webhook, webhook_id)
    back = to("webhooks.show", webhook_id=webhook_id)
    answer = submit(
        AgainForm(),
        lambda act: rotate_key(act, webhook_id),
        back=back,
        for_good=lambda _act: ForGood(
            [
                _(
                    "The key that “%(name)s” has now ends in a day. Enter the new one there until then.",
                    name=hook.name,
                )
            ]
        ),
        then=lambda key: render_template("manage/webhook_key.html", hook=hook, key=key, changed=True),
    )
    return answer or back


@bp.post("/<webhook_id>/remove")
@allowed("edit_settings")
def remove(webhook_id: str) -> Page:
    """Send nothing there any more, after what follows was read; for a day that can be undone."""
    hook = get_or_404(request_session(), Webhook, webhook_id)
    return press(
        lambda act: remove_webhook(act, webhook_id),
        for_good=lambda _act: ForGood(
            [_("“%(name)s” receives nothing any more. What waits is not sent later.", name=hook.name)],
            is_undone_for_a_day=True,
        ),
        saved=_("Removed. Nothing goes there any more."),
        back=to("settings.show"),
    )


@bp.post("/messages/<message_id>/again")
@allowed("edit_settings")
def again(message_id: str) -> Page:
    message = get_or_404(request_session(), OutboxMessage, message_id)
    to_webhook = message.channel == "webhook"
    back = to("webhooks.show", webhook_id=message.target) if to_webhook else to("settings.edit_mail")
    answer = submit(
        AgainForm(),
        lambda act: send_again(act, message_id),
        saved=_("It is tried once more."),
        back=back,
    )
    return answer or back
