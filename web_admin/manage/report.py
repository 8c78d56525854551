"""Pages that publish the next issue of the public report."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import Length

from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.core.database import current_menjin, request_session
from web_admin.privacy.report import (
    MAX_WORDS_CHARS,
    Words,
    build_report,
    open_periods,
    publish_report,
)
from web_admin.privacy.texts import REPORT_TERMS
from web_admin.web.context import current_site, do, request_now, typed
from web_admin.web.fields import options
from web_admin.web.forms import OnceForm
from web_admin.web.page import Page

bp = Blueprint("report", __name__)


class ReportForm(OnceForm):
    """Which half-year, who approved it, and what people add to the figures."""

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
    report = None
    if form.validate_on_submit():
        words = Words(typed(form.approved_by), typed(form.voice), typed(form.plan))
        period = periods[form.period.data]
        if preview:
            report = build_report(request_session(), current_site(), period, words, config, request_now())
        else:

            def work(act: Action) -> int:
                return publish_report(act, period, words, config).number

            number = do(form, work)
            if number is not None:
                flash(_("Issue %(number)s is published.", number=number), "success")
                return redirect(url_for("report.one_issue", number=number), 303)
            if not form.errors:
                return redirect(url_for("report.newest"), 303)
    page = render_template(
        "manage/report.html",
        form=form,
        report=report,
        has_periods=bool(periods),
        report_terms=REPORT_TERMS,
    )
    return (page, 422) if form.errors else page
