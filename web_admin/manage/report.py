"""Pages that publish the next issue of the public report."""

from flask import Blueprint, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import Length

from web_admin.accounts.permissions import allowed
from web_admin.core.database import current_menjin, request_session
from web_admin.privacy.report import (
    MAX_WORDS_CHARS,
    Words,
    build_report,
    open_periods,
    publish_report,
)
from web_admin.privacy.texts import REPORT_TERMS
from web_admin.web.context import submit, typed
from web_admin.web.fields import options
from web_admin.web.forms import OnceForm
from web_admin.web.page import Page, to
from web_admin.web.site import current_site, request_now

bp = Blueprint("report", __name__)


class ReportForm(OnceForm):
    """Half-year, approval and added texts of a report."""

    period = SelectField(_l("Half-year"))
    approved_by = StringField(_l("Approved by"), validators=[Length(max=120)])
    voice = TextAreaField(
        _l("What the residents' committee says"),
        validators=[Length(max=MAX_WORDS_CHARS)],
        description=_l("Printed as it was written. May stay empty."),
        render_kw={"rows": 4},
    )
    plan = TextAreaField(
        _l("What is planned, and what came of the last plan"),
        validators=[Length(max=MAX_WORDS_CHARS)],
        render_kw={"rows": 4},
    )

    def words(self) -> Words:
        """Return what was typed, after validation."""
        return Words(typed(self.approved_by), typed(self.voice), typed(self.plan))


@bp.route("/manage/report", methods=["GET", "POST"])
@allowed("edit_privacy")
def publish() -> Page:
    """Publish the report of a half-year that is over, or look at it first."""
    return _publish(preview=False)


@bp.post("/manage/report/preview")
@allowed("edit_privacy")
def preview() -> Page:
    """Show the report as it would go out, without publishing it."""
    return _publish(preview=True)


def _publish(*, preview: bool) -> Page:
    form = ReportForm()
    still_open = open_periods(request_session(), current_site(), request_now())
    periods = {first.isoformat(): (first, last) for first, last in still_open}
    form.period.choices = options((key, f"{first} – {last}") for key, (first, last) in periods.items())
    config = current_menjin().config
    answer = report = None
    if not preview:
        answer = submit(
            form,
            lambda act: publish_report(act, periods[form.period.data], form.words(), config).number,
            saved=lambda number: _("Issue %(number)s is published.", number=number),
            back=to("report.newest"),
            then=lambda number: to("report.one_issue", number=number),
        )
    elif form.validate_on_submit():
        period = periods[form.period.data]
        report = build_report(request_session(), current_site(), period, form.words(), config, request_now())
    if answer is not None:
        return answer
    page = render_template(
        "manage/report.html",
        form=form,
        report=report,
        has_periods=bool(periods),
        report_terms=REPORT_TERMS,
    )
    return (page, 422) if form.errors else page
