"""Pages of compliance audits: when the next one is due, its figures from the records, findings and fixes."""

from flask import Blueprint, Response, jsonify, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.core.database import current_menjin, request_session
from web_admin.privacy.audits import (
    MAX_WORDS_CHARS,
    audit_due,
    begin_audit,
    close_audit,
    open_audit,
    save_audit,
)
from web_admin.privacy.models import ComplianceAudit
from web_admin.privacy.queries import audits_of
from web_admin.privacy.texts import AUDIT_HEADS, MINORS_FIGURES
from web_admin.web.context import form_page, get_or_404, submit, typed
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page, to
from web_admin.web.site import current_site, request_now

bp = Blueprint("audits", __name__, url_prefix="/manage/audits")

SHOWN = 50
WORDS = Length(max=MAX_WORDS_CHARS)


class NewAuditForm(OnceForm):
    auditor = StringField(
        _l("Who audits"),
        validators=[InputRequired(_l("Fill this in.")), Length(max=120)],
        description=_l("The body or the office, not a person's name. No one does more than three in a row."),
    )
    is_independent = BooleanField(_l("They are independent of those who run the gates"))
    scope = TextAreaField(
        _l("What is looked at"),
        validators=[InputRequired(_l("Fill this in.")), WORDS],
        description=_l("Suggested are the heads of the official guideline; take away what does not apply."),
        render_kw={"rows": 12},
    )


class WordsForm(OnceForm):
    """Findings of an audit, and the answers to them."""

    findings = TextAreaField(_l("What was found"), validators=[WORDS], render_kw={"rows": 8})
    fixes = TextAreaField(
        _l("What was done or will be done, and by when"), validators=[WORDS], render_kw={"rows": 8}
    )


@bp.get("/")
@allowed("edit_privacy")
def show_list() -> str:
    """List audits, newest first, and say when the next one is due."""
    session, site = request_session(), current_site()
    return render_template(
        "manage/audits.html",
        rows=audits_of(session, site.site_id, SHOWN),
        due=audit_due(session, site, request_now()),
        open_one=open_audit(session, site.site_id),
    )


@bp.route("/new", methods=["GET", "POST"])
@allowed("edit_privacy")
def new() -> Page:
    form = NewAuditForm()
    if not form.is_submitted():
        form.scope.data = "\n".join(f"{number}. {head}" for number, head in enumerate(AUDIT_HEADS, 1))
    answer = submit(
        form,
        lambda act: begin_audit(
            act,
            current_menjin().config,
            auditor=typed(form.auditor),
            is_independent=bool(form.is_independent.data),
            scope=typed(form.scope),
        ),
        back=to("audits.show_list"),
        then=lambda audit: to("audits.show", audit_id=audit.audit_id),
    )
    return answer or form_page("manage/audit_new.html", form)


def _row(audit_id: str) -> ComplianceAudit:
    return get_or_404(request_session(), ComplianceAudit, audit_id)


@bp.get("/<audit_id>")
@allowed("edit_privacy")
def show(audit_id: str) -> str:
    """Show an audit: its figures, findings and fixes."""
    return _page(_row(audit_id))


def _page(row: ComplianceAudit, **forms: OnceForm) -> str:
    words = WordsForm(formdata=None)
    words.findings.data, words.fixes.data = row.findings, row.fixes
    return render_template(
        "manage/audit.html",
        row=row,
        minors=row.figures["minors"],
        labels=MINORS_FIGURES,
        **{"form": words, "button": AgainForm(formdata=None)} | forms,
    )


@bp.get("/<audit_id>.json")
@allowed("edit_privacy")
def figures(audit_id: str) -> Response:
    """Return all figures of an audit as a file for the auditor."""
    row = _row(audit_id)
    answer = jsonify(
        period_from=row.period_from.isoformat(), period_until=row.period_until.isoformat(), **row.figures
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="audit-{row.period_until}.json"'
    return answer


@bp.post("/<audit_id>")
@allowed("edit_privacy")
def write(audit_id: str) -> Page:
    """Store what was found so far; with `close` also close the audit."""
    row = _row(audit_id)
    form = WordsForm()
    closes = "close" in request.form
    answer = submit(
        form,
        lambda act: _write(act, row, form, closes=closes),
        saved=_("The audit is closed.") if closes else _("Recorded."),
        back=to("audits.show", audit_id=audit_id),
    )
    return answer or (_page(row, form=form), 422)


def _write(act: Action, row: ComplianceAudit, form: WordsForm, *, closes: bool) -> None:
    save_audit(act, row.audit_id, typed(form.findings), typed(form.fixes))
    if closes:
        close_audit(act, row.audit_id)
