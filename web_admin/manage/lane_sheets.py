"""Pages of lane sheets: measurements, broken rules, print."""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, g, render_template, request
from flask_babel import LazyString
from flask_babel import gettext as _

from gate_controller.contract.lane_sheet import Finding, LaneSheet, must_findings
from web_admin.accounts.permissions import allowed
from web_admin.compound.models import Lane
from web_admin.core import texts as core_texts
from web_admin.core.database import request_session
from web_admin.gates import sheet_texts
from web_admin.gates.sheet_status import LaneStatus, facts_of, lane_status, sheet_row, sheet_rows
from web_admin.gates.sheets import findings_about, save_draft, save_sheet, sheets_of
from web_admin.manage.lane_sheet_form import SheetForm
from web_admin.web.context import form_page, get_or_404, submit
from web_admin.web.page import Page, to
from web_admin.web.silent_gates import say_saved
from web_admin.web.site import current_site, request_now, site_zone

bp = Blueprint("sheets", __name__, url_prefix="/manage/lanes")


@dataclass(frozen=True, slots=True)
class Reading:
    """One line of a readable sheet: label, value ("" where nothing was said), what is wrong with it."""

    label: LazyString
    value: str
    findings: tuple[Finding, ...]


@bp.get("/<lane_id>/sheet")
@allowed("see_gates")
def show(lane_id: str) -> str:
    """Show a lane's sheet, whether the lane is live, and what is wrong; the page prints as a form."""
    lane = get_or_404(request_session(), Lane, lane_id)
    row = sheet_row(request_session(), lane_id)
    live, draft = sheets_of(row)
    shown = live or draft or LaneSheet()
    findings = findings_about(request_session(), lane, shown, _today())
    return render_template(
        "manage/lane_sheet.html",
        lane=lane,
        row=row,
        status=lane_status(row),
        has_sheet=live is not None or draft is not None,
        is_draft=live is None,
        has_draft=draft is not None,
        groups=[(title, _readings(names, shown, findings)) for title, names in sheet_texts.GROUPS],
        findings=findings,
        finding_text=sheet_texts.finding_text,
    )


@bp.route("/<lane_id>/sheet/edit", methods=["GET", "POST"])
@allowed("edit_gates")
def edit(lane_id: str) -> Page:
    """Change a sheet: keep it as a draft, or put the lane live; show every broken rule at its field."""
    lane = get_or_404(request_session(), Lane, lane_id)
    form = SheetForm()
    if not form.is_submitted():
        live, draft = sheets_of(sheet_row(request_session(), lane_id))
        form.fill(draft or live or LaneSheet())
    answer, back = None, to("sheets.show", lane_id=lane_id)
    if request.form.get("intent") != "live":
        kept = _("The draft was kept. The lane stays as it was.")
        answer = submit(form, lambda act: save_draft(act, lane_id, form.sheet()), saved=kept, back=back)
    elif form.validate_on_submit() and not _show_broken(form, lane):
        answer = submit(
            form,
            lambda act: save_sheet(act, lane_id, form.sheet()),
            saved=lambda _row: say_saved(_("The lane is live."), [lane.gate]),
            back=back,
        )
    return answer or form_page("manage/lane_sheet_edit.html", form, lane=lane, groups=sheet_texts.GROUPS)


def _show_broken(form: SheetForm, lane: Lane) -> bool:
    """Show every rule that keeps the lane from going live beside its field; return whether there is one."""
    rows = sheet_rows(request_session(), current_site().site_id)
    findings = must_findings(form.sheet(), facts_of(lane, rows))
    for finding in findings:
        field = form[finding.key]
        field.errors = [*field.errors, sheet_texts.finding_text(finding)]
    if findings:
        form.form_errors.append(
            _("The lane does not go live yet: see the marked fields. A draft can be kept at any time.")
        )
    return bool(findings)


def _readings(names: tuple[str, ...], sheet: LaneSheet, findings: tuple[Finding, ...]) -> list[Reading]:
    return [
        Reading(
            sheet_texts.LABELS[name],
            _value_text(name, getattr(sheet, name)),
            tuple(finding for finding in findings if finding.key == name),
        )
        for name in names
    ]


def _value_text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(sheet_texts.YES_NO["yes" if value else "no"])
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return ", ".join(str(height) for height in value)
    if name in sheet_texts.CHOICES and value is not None:
        return str(core_texts.word(sheet_texts.CHOICES[name], str(value)))
    return "" if value is None else str(value)


def _today() -> date:
    return request_now().astimezone(site_zone()).date()


def _status_of_lane(lane: Lane) -> LaneStatus:
    """Return the status of a lane; the site's sheets are read once a request."""
    if "menjin_sheets" not in g:
        g.menjin_sheets = sheet_rows(request_session(), current_site().site_id)
    return lane_status(g.menjin_sheets.get(lane.lane_id))


@bp.app_context_processor
def _for_every_page() -> dict[str, object]:
    return {"lane_status": _status_of_lane, "lane_status_text": sheet_texts.lane_status_text}
