"""Pages of disclosures to the police or a court: recorded first, then handed over, counted in public."""

from collections.abc import Sequence

from flask import Blueprint, Response, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, Field, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from web_admin.accounts.permissions import allowed, role_names
from web_admin.core.database import request_session
from web_admin.people.listings import ids_of_name
from web_admin.privacy.disclosures import MAX_SCOPE_CHARS, DisclosureRequest, passages_for, record_disclosure
from web_admin.privacy.models import Disclosure
from web_admin.privacy.queries import disclosures_of
from web_admin.web.context import form_page, get_or_404, submit, typed
from web_admin.web.fields import options
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page, to
from web_admin.web.site import current_site

bp = Blueprint("disclosures", __name__, url_prefix="/manage/disclosures")

SHOWN = 100


class DisclosureForm(OnceForm):
    """The authority, its document, what it asks for, and what the office decides."""

    authority = StringField(_l("Authority"), validators=[Length(max=120)])
    document = StringField(
        _l("Document"), validators=[Length(max=120)], description=_l("Its number and date.")
    )
    scope = TextAreaField(
        _l("What it asks for"), validators=[Length(max=MAX_SCOPE_CHARS)], render_kw={"rows": 3}
    )
    home = StringField(
        _l("Home number"),
        validators=[Length(max=20)],
        description=_l("Only where it is about one person's passages: home and name as on record."),
    )
    name = StringField(_l("Name or nickname"), validators=[Length(max=60)])
    first_day = DateField(_l("From"), validators=[Optional()])
    last_day = DateField(_l("Until"), validators=[Optional()])
    outcome = RadioField(
        _l("Decision"),
        choices=options([("given", _l("Hand over what it asks for")), ("refused", _l("Refuse"))]),
        validators=[InputRequired(_l("Choose one."))],
    )
    reason = TextAreaField(
        _l("On which law, and why"), validators=[Length(max=MAX_SCOPE_CHARS)], render_kw={"rows": 3}
    )

    def validate_name(self, field: Field) -> None:
        """Refuse a person of whom there is not exactly one."""
        if (typed(self.home).strip() or typed(field).strip()) and len(self.people()) != 1:
            raise ValidationError(_("There is not exactly one person of this name in this home."))

    def people(self) -> Sequence[str]:
        """Return the ids of the persons of this name in this home."""
        return ids_of_name(
            request_session(), current_site().site_id, typed(self.home).strip(), typed(self.name).strip()
        )

    def asked(self) -> DisclosureRequest:
        """Return the typed request, after validation."""
        return DisclosureRequest(
            typed(self.authority),
            typed(self.document),
            typed(self.scope),
            typed(self.outcome),
            typed(self.reason),
            next(iter(self.people()), None),
            self.first_day.data,
            self.last_day.data,
        )


@bp.get("/")
@allowed("record_disclosures")
def show_list() -> str:
    """List the disclosures, newest first."""
    return _list(AgainForm(formdata=None))


def _list(button: AgainForm) -> str:
    rows = disclosures_of(request_session(), current_site().site_id, SHOWN)
    return render_template("manage/disclosures.html", rows=rows, button=button)


@bp.route("/new", methods=["GET", "POST"])
@allowed("record_disclosures")
def new() -> Page:
    """Put a request of an authority and the decision on record."""
    form = DisclosureForm()
    answer = submit(
        form,
        lambda act: record_disclosure(act, form.asked(), role_names()[0]),
        saved=_("On record. It counts in the public report."),
        back=to("disclosures.show_list"),
    )
    return answer or form_page("manage/disclosure_new.html", form)


@bp.post("/<disclosure_id>/passages.csv")
@allowed("record_disclosures")
def take(disclosure_id: str) -> Page:
    """Return the passages that a record allows, as a file; that it was taken is on record too."""
    get_or_404(request_session(), Disclosure, disclosure_id)
    form = AgainForm()
    answer = submit(
        form,
        lambda act: passages_for(act, disclosure_id),
        back=to("disclosures.show_list"),
        then=lambda file: _sent(file, f"disclosure-{disclosure_id}.csv"),
    )
    return answer or (_list(form), 422)


def _sent(file: bytes, name: str) -> Response:
    response = Response(file, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
