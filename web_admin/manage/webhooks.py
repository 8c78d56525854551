"""Pages of webhooks: addresses of other systems, their keys and last messages."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.core.database import current_menjin, request_session
from web_admin.messages.actions import add_webhook, remove_webhook, rotate_key, send_again, send_test
from web_admin.messages.models import OutboxMessage, Webhook
from web_admin.messages.queries import messages_to
from web_admin.messages.texts import STATES, WEBHOOK_KINDS, kind_text, trouble_text
from web_admin.web.context import do, get_or_404, typed
from web_admin.web.fields import CheckList, options
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page

bp = Blueprint("webhooks", __name__, url_prefix="/manage/settings/webhooks")

LISTED_MESSAGES = 20


class WebhookForm(OnceForm):
    """A new address."""

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
    if form.validate_on_submit():
        made = do(
            form,
            lambda act: add_webhook(
                act,
                name=typed(form.name),
                url=typed(form.url),
                kinds=form.kinds.data or [],
                local_ports=current_menjin().config.webhook_ports,
            ),
        )
        if made is not None:
            hook, key = made
            return render_template("manage/webhook_key.html", hook=hook, key=key)
        if not form.errors and not form.form_errors:
            return redirect(url_for("settings.show"), 303)
    page = render_template("manage/webhook_new.html", form=form)
    return page if not form.is_submitted() else (page, 422)


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
def test(webhook_id: str) -> Response:
    """Send a test."""

    def work(act: Action) -> bool:
        send_test(act, webhook_id)
        return True

    if _pressed(webhook_id, work):
        flash(_("On its way. Load this page again to see what came of it."), "success")
    return redirect(url_for("webhooks.show", webhook_id=webhook_id), 303)


@bp.post("/<webhook_id>/key")
@allowed("edit_settings")
def change_key(webhook_id: str) -> Page:
    """Make another key and show it this one time."""
    hook = get_or_404(request_session(), Webhook, webhook_id)
    form = AgainForm()
    key = do(form, lambda act: rotate_key(act, webhook_id)) if form.validate_on_submit() else None
    if key is not None:
        return render_template("manage/webhook_key.html", hook=hook, key=key, changed=True)
    return redirect(url_for("webhooks.show", webhook_id=webhook_id), 303)


@bp.post("/<webhook_id>/remove")
@allowed("edit_settings")
def remove(webhook_id: str) -> Response:
    """Send nothing there any more."""

    def work(act: Action) -> bool:
        remove_webhook(act, webhook_id)
        return True

    if _pressed(webhook_id, work):
        flash(_("Removed. Nothing goes there any more."), "success")
    return redirect(url_for("settings.show"), 303)


@bp.post("/messages/<message_id>/again")
@allowed("edit_settings")
def again(message_id: str) -> Response:
    """Retry a failed message."""
    message = get_or_404(request_session(), OutboxMessage, message_id)
    form = AgainForm()

    def work(act: Action) -> bool:
        send_again(act, message_id)
        return True

    if form.validate_on_submit() and do(form, work):
        flash(_("It is tried once more."), "success")
    if message.channel == "webhook":
        return redirect(url_for("webhooks.show", webhook_id=message.target), 303)
    return redirect(url_for("settings.edit_mail"), 303)


def _pressed(webhook_id: str, work: Callable[[Action], bool]) -> bool:
    get_or_404(request_session(), Webhook, webhook_id)
    form = AgainForm()
    done = bool(form.validate_on_submit() and do(form, work))
    for error in form.form_errors:
        flash(str(error), "danger")
    return done
