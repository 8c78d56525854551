"""Page that sets the responsible contact for personal data and where to complain."""

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField
from wtforms.validators import Length

from gate_controller.contract.languages import DEFAULT_LANGUAGE, Language
from web_admin.accounts.permissions import allowed
from web_admin.core.database import request_session
from web_admin.privacy.contact import MAX_CHANNEL_CHARS, contact_of, save_contact
from web_admin.web.context import form_page, submit, typed
from web_admin.web.forms import OnceForm
from web_admin.web.page import Page, to
from web_admin.web.site import current_site

bp = Blueprint("contact", __name__, url_prefix="/manage/privacy")


class ContactForm(OnceForm):
    """The person responsible, and the authorities to complain to, in both languages."""

    responsible_name = StringField(_l("Name or post"), validators=[Length(max=120)])
    responsible_contact = StringField(
        _l("How to reach them"),
        description=_l("Such as a telephone number and an e-mail address."),
        validators=[Length(max=120)],
    )


CHANNELS = {
    Language.ZH: _l("Where to complain further, in Chinese"),
    Language.EN: _l("Where to complain further, in English"),
}
for _language, _label in CHANNELS.items():
    setattr(
        ContactForm,
        f"channels_{_language}",
        TextAreaField(
            _label,
            validators=[Length(max=MAX_CHANNEL_CHARS)],
            render_kw={"rows": 3},
            description=""
            if _language is not DEFAULT_LANGUAGE
            else _l("Authorities with telephone or address. Every refusal names them."),
        ),
    )


@bp.route("/contact", methods=["GET", "POST"])
@allowed("edit_privacy")
def edit() -> Page:
    """Set the responsible contact and where people can complain; publish it at once."""
    form = ContactForm()
    if not form.is_submitted():
        row = contact_of(request_session(), current_site().site_id)
        if row is not None:
            form.responsible_name.data = row.responsible_name
            form.responsible_contact.data = row.responsible_contact
            for language in CHANNELS:
                form[f"channels_{language}"].data = row.channels.get(language, "")
    channels = {language: form[f"channels_{language}"] for language in CHANNELS}
    answer = submit(
        form,
        lambda act: save_contact(
            act,
            name=typed(form.responsible_name),
            contact=typed(form.responsible_contact),
            channels={language: typed(field) for language, field in channels.items()},
        ),
        saved=_("Published. Everyone can read it now."),
        back=to("privacy.settings"),
    )
    return answer or form_page("manage/contact.html", form, channels=list(channels.values()))
