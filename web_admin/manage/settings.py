"""Pages of settings: the compound, its look, its mail server, and the values of web.toml, read-only."""

from flask import Blueprint, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response
from wtforms import BooleanField, FileField, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from web_admin.accounts.permissions import allowed, current_may
from web_admin.calls.allowed_numbers import settings_of
from web_admin.core.config import whole_numbers
from web_admin.core.database import current_menjin, request_session
from web_admin.core.refusal import ActionRefused
from web_admin.core.texts import LANGUAGES
from web_admin.messages.errors import NotSent
from web_admin.messages.mail import PASSWORD_FILE, mail_password
from web_admin.messages.outbox import mail_is_set_up, put_message
from web_admin.messages.queries import mail_server_of, mails_of, people_with_mail, webhooks_of
from web_admin.messages.texts import STATES, kind_text, trouble_text
from web_admin.settings.actions import (
    MAX_CONTACT_CHARS,
    has_cards,
    remove_mail_server,
    save_accent,
    save_logo,
    save_mail_server,
    save_site,
    timezones,
    too_large,
)
from web_admin.settings.drawing import LOGO
from web_admin.settings.queries import look_of
from web_admin.web.context import current_action, form_page, press, show_refusal, submit, typed
from web_admin.web.fields import options
from web_admin.web.for_good import ForGood
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page, to
from web_admin.web.site import current_site, request_now

bp = Blueprint("settings", __name__)

LISTED_MAILS = 20
MAX_LOGO_REQUEST_BYTES = 4 * LOGO.bytes
"""So much of a request is read that a logo somewhat too large gets the action's own sentence."""
TOO_LARGE = too_large(LOGO)


class SiteForm(OnceForm):
    """The compound's name, contact, language, card numbers, pause of faces and time zone."""

    name = StringField(
        _l("Name of the compound"),
        description=_l("Residents and visitors read it on every page."),
        validators=[InputRequired(_l("Type a name.")), Length(max=80)],
    )
    office_contact = StringField(
        _l("How to reach the office"),
        description=_l("Such as a telephone number and office hours. Public."),
        validators=[Length(max=MAX_CONTACT_CHARS)],
    )
    language = SelectField(
        _l("First language"),
        description=_l(
            "Gate screens, mails and new residents begin in it. Visitors read Chinese if their browser lists "
            "it, otherwise English."
        ),
        choices=options(LANGUAGES),
    )
    card_bits = RadioField(
        _l("Form of card numbers"),
        description=_l("24 bits where any reader sends only 26-bit numbers. Each gate's file says the same."),
        choices=options([("32", _l("32 bits")), ("24", _l("24 bits"))]),
    )
    face_pause_hours = IntegerField(
        _l("Face pauses so many hours after a reader has failed"),
        description=_l(
            "From 0 to 48. Face then opens for no one whose other ways in have no working reader "
            "at that gate, until one works again."
        ),
        validators=[InputRequired(_l("Type a number."))],
        render_kw={"min": 0, "max": 48},
    )
    timezone = SelectField(_l("Time zone"), choices=[])
    zone_confirmed = BooleanField(_l("Yes, count every weekly hour and holiday in the new zone"))


class LookForm(OnceForm):
    """A colour of the site's own."""

    accent = StringField(
        _l("Colour of buttons and links"),
        description=_l(
            "As # and six digits. Text in this colour must be readable; the dark theme's shades "
            "are made from it. Leave empty for the default."
        ),
        validators=[Length(max=7)],
        render_kw={"placeholder": "#0b5d4e", "autocomplete": "off"},
    )


class LogoForm(OnceForm):
    """A logo of the site's own."""

    logo = FileField(
        _l("Logo, an SVG drawing"),
        description=_l("Shapes and colours, at most 32 kB. No pixels: this server keeps no pictures."),
        render_kw={"accept": ".svg,image/svg+xml", "data-max-bytes": LOGO.bytes, "data-too-large": TOO_LARGE},
    )


class MailForm(OnceForm):
    """The server that takes the site's mail."""

    host = StringField(_l("Mail server"), validators=[InputRequired(_l("Type a name.")), Length(max=200)])
    port = IntegerField(_l("Port"), default=587, validators=[InputRequired(_l("Type a number."))])
    security = RadioField(
        _l("Protection"),
        default="starttls",
        choices=options(
            [
                ("starttls", _l("STARTTLS (usual, port 587)")),
                ("tls", _l("TLS from the start (port 465)")),
                ("none", _l("None: a server on this machine only")),
            ]
        ),
    )
    username = StringField(
        _l("User name (may stay empty)"), validators=[Length(max=200)], render_kw={"autocomplete": "off"}
    )
    sender = StringField(
        _l("Sender's address"),
        validators=[InputRequired(_l("Type an e-mail address.")), Length(max=200)],
        render_kw={"inputmode": "email", "autocomplete": "off"},
    )


@bp.get("/manage/settings")
@allowed("see_settings")
def show() -> str:
    """Show every setting: those changed here, and those of a file with its place."""
    session, site, config = request_session(), current_site(), current_menjin().config
    return render_template(
        "manage/settings.html",
        site=site,
        look=look_of(session, site.site_id),
        mail=mail_server_of(session, site.site_id),
        hooks=webhooks_of(session, site.site_id),
        calls=settings_of(session, site.site_id),
        config=config,
        file_settings=[(one, getattr(config, one.name)) for one in whole_numbers()],
        database="PostgreSQL" if config.database_url.startswith("postgresql") else "SQLite",
    )


@bp.route("/manage/settings/site", methods=["GET", "POST"])
@allowed("edit_settings")
def edit_site() -> Page:
    """Change name, contact, language, zone and card form."""
    site = current_site()
    form = SiteForm()
    form.timezone.choices = options((zone, zone) for zone in dict.fromkeys([site.timezone, *timezones()]))
    if not form.is_submitted():
        look = look_of(request_session(), site.site_id)
        form.name.data, form.language.data, form.timezone.data = site.name, site.language, site.timezone
        form.card_bits.data, form.face_pause_hours.data = str(site.card_bits), site.face_pause_hours
        form.office_contact.data = look.office_contact if look is not None else ""
    answer = submit(
        form,
        lambda act: save_site(
            act,
            name=typed(form.name),
            language=typed(form.language),
            timezone=typed(form.timezone),
            zone_confirmed=bool(form.zone_confirmed.data),
            office_contact=typed(form.office_contact),
            card_bits=int(typed(form.card_bits) or site.card_bits),
            face_pause_hours=form.face_pause_hours.data or 0,
        ),
        saved=_("Saved."),
        back=to("settings.show"),
    )
    return answer or form_page("manage/settings_site.html", form, cards_given=has_cards(current_action()))


@bp.route("/manage/settings/look", methods=["GET", "POST"])
@allowed("edit_settings")
def edit_look() -> Page:
    form = LookForm()
    look = look_of(request_session(), current_site().site_id)
    if not form.is_submitted() and look is not None:
        form.accent.data = look.accent or ""
    answer = submit(
        form,
        lambda act: save_accent(act, typed(form.accent)),
        saved=_("Saved."),
        back=to("settings.show"),
    )
    return answer or form_page(
        "manage/settings_look.html",
        form,
        look=look,
        logo_form=LogoForm(formdata=None),
        button=AgainForm(formdata=None),
    )


@bp.post("/manage/settings/logo")
@allowed("edit_settings")
def upload_logo() -> Page:
    """Put a logo in the place of ours, or take ours back."""
    form = LogoForm()
    content = form.logo.data.read() if form.logo.data else b""
    look = look_of(request_session(), current_site().site_id)
    colour_form = LookForm(formdata=None, data={"accent": (look.accent or "") if look is not None else ""})
    answer = submit(
        form, lambda act: save_logo(act, content), saved=_("Saved."), back=to("settings.edit_look")
    )
    return answer or (_look_page(colour_form, form), 422)


def _look_page(colour_form: LookForm, logo_form: LogoForm) -> str:
    return render_template(
        "manage/settings_look.html",
        form=colour_form,
        logo_form=logo_form,
        look=look_of(request_session(), current_site().site_id),
        button=AgainForm(formdata=None),
    )


@bp.url_value_preprocessor
def bound_logos(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Limit the body to the size of a logo, before anything reads the form."""
    if endpoint == "settings.upload_logo":
        request.max_content_length = MAX_LOGO_REQUEST_BYTES


@bp.errorhandler(RequestEntityTooLarge)
def logo_too_large(error: HTTPException) -> Page | HTTPException:
    """Show beside the field that a logo is too large."""
    if request.endpoint != "settings.upload_logo" or not current_may("edit_settings"):
        return error
    form = LogoForm(formdata=None)
    show_refusal(form, ActionRefused("logo", TOO_LARGE))
    return _look_page(LookForm(formdata=None), form), 413


# -- mail ------------------------------------------------------------------------------------------


@bp.route("/manage/settings/mail", methods=["GET", "POST"])
@allowed("edit_settings")
def edit_mail() -> Page:
    """Change who takes the site's mail; the password is put into a file beside."""
    session, site = request_session(), current_site()
    form = MailForm()
    server = mail_server_of(session, site.site_id)
    if not form.is_submitted() and server is not None:
        form.process(obj=server)
    config = current_menjin().config
    answer = submit(
        form,
        lambda act: save_mail_server(
            act,
            host=typed(form.host),
            port=int(form.port.data or 0),
            security=typed(form.security),
            username=typed(form.username),
            sender=typed(form.sender),
            named=config.mail_server,
        ),
        saved=_("Saved."),
        back=to("settings.show"),
    )
    return answer or form_page(
        "manage/settings_mail.html",
        form,
        server=server,
        has_password=_has_password(),
        password_file=PASSWORD_FILE,
        secrets_dir=config.secrets_dir,
        named=config.mail_server,
        button=AgainForm(formdata=None),
        messages=mails_of(session, site.site_id, LISTED_MAILS),
        states=STATES,
        trouble_text=trouble_text,
        kind_text=kind_text,
    )


def _has_password() -> bool:
    try:
        return bool(mail_password(current_menjin().config))
    except NotSent:
        return False


@bp.post("/manage/settings/mail/test")
@allowed("edit_settings")
def test_mail() -> Response:
    """Send a test mail to the signed-in account."""
    form = AgainForm()
    site = current_site()
    if form.validate_on_submit() and mail_is_set_up(request_session(), site.site_id):
        text = _("If you read this, mail from %(site)s works.", site=site.name)
        put_message(
            request_session(),
            site.site_id,
            channel="mail",
            target=str(current_user.email),
            kind="test",
            body={"subject": _("A test from %(site)s", site=site.name), "text": f"{text}\n"},
            now=request_now(),
        )
        flash(_("Sending to your own address. Load this page again to see the result."), "success")
    return to("settings.edit_mail")


@bp.post("/manage/settings/mail/remove")
@allowed("edit_settings")
def remove_mail() -> Page:
    """Send no mail any more, after what follows was read; for a day that can be undone."""
    return press(
        remove_mail_server,
        for_good=lambda act: ForGood(
            [_("No mail is sent any more: no alarm, no link for staff, no message to residents.")],
            people_with_mail(act.session, act.site_id),
            is_undone_for_a_day=True,
        ),
        saved=_("Removed. No mail is sent any more."),
        back=to("settings.show"),
    )
