"""Page that asks a lane sheet in parts: one question at a time, and only what this lane needs."""

from collections.abc import Sequence

from flask import Blueprint, flash, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from gate_controller.contract.lane_sheet import Finding, LaneSheet, must_findings
from web_admin.accounts.permissions import allowed
from web_admin.compound.models import Lane
from web_admin.core.database import request_session
from web_admin.gates import sheet_texts
from web_admin.gates.sheet_parts import SheetPart, parts_of, with_what_follows
from web_admin.gates.sheet_status import facts_of, sheet_row, sheet_rows
from web_admin.gates.sheets import save_draft, save_sheet, sheets_of
from web_admin.manage.lane_sheet_form import SheetForm
from web_admin.web.back_to_first_hour import back_to, kept
from web_admin.web.context import form_page, get_or_404, submit
from web_admin.web.page import Page, to
from web_admin.web.silent_gates import say_saved
from web_admin.web.site import current_site

bp = Blueprint("sheet_parts", __name__, url_prefix="/manage/lanes")


@bp.route("/<lane_id>/sheet/parts", methods=["GET", "POST"])
@allowed("edit_gates")
def ask(lane_id: str) -> Page:
    """Ask one part of a sheet and keep it as a draft; the last part puts the lane live."""
    lane = get_or_404(request_session(), Lane, lane_id)
    live, draft = sheets_of(sheet_row(request_session(), lane_id))
    sheet = draft or live or LaneSheet()
    parts = parts_of(sheet)
    part = next((one for one in parts if one.key == request.args.get("part")), parts[0])
    form = SheetForm()
    if not form.is_submitted():
        form.fill(sheet)
    form.keep_only(part.fields)
    if form.validate_on_submit():
        said = with_what_follows(form.added_to(sheet, part.fields))
        broken = must_findings(said, facts_of(lane, sheet_rows(request_session(), current_site().site_id)))
        if not _show_broken(form, part, broken):
            following = _following(parts_of(said), part)
            keep = save_sheet if following is None and not broken else save_draft
            sheet_page = to("sheets.show", lane_id=lane_id)
            if submit(form, lambda act: keep(act, lane_id, said), back=sheet_page) is not None:
                return _lead_on(lane, said, following, broken)  # also where it was kept before
    return form_page(
        "manage/lane_sheet_part.html",
        form,
        lane=lane,
        part=part,
        parts=parts,
        number=parts.index(part) + 1,
        before=parts[parts.index(part) - 1] if part is not parts[0] else None,
        is_last=part is parts[-1],
        kept=kept(),
    )


def _following(parts: Sequence[SheetPart], part: SheetPart) -> SheetPart | None:
    place = next((index for index, one in enumerate(parts) if one.key == part.key), -1)
    return parts[place + 1] if place + 1 < len(parts) else None


def _lead_on(
    lane: Lane, sheet: LaneSheet, following: SheetPart | None, broken: Sequence[Finding]
) -> Response:
    """Lead to the next part, after the last one to what keeps the lane from going live, or to its sheet."""
    if following is None and not broken:
        say_saved(_("The lane is live."), [lane.gate])
        return back_to("sheets.show", lane_id=lane.lane_id)
    if following is None:
        flash(sheet_texts.finding_text(broken[0]), "danger")
        following = _part_about(sheet, broken[0].key)
    return to("sheet_parts.ask", lane_id=lane.lane_id, part=following.key, **kept())


def _part_about(sheet: LaneSheet, field: str) -> SheetPart:
    parts = parts_of(sheet)
    return next((part for part in parts if field in part.fields), parts[0])


def _show_broken(form: SheetForm, part: SheetPart, broken: Sequence[Finding]) -> bool:
    """Show beside its field what this part breaks; return whether it breaks anything.

    What a lock does without power is not always asked: on an escape route the way out has to fit it.
    """
    found = False
    for finding in broken:
        name = "free_exit" if part.key == "exit" and finding.key == "fails" else finding.key
        if name in part.fields:
            form[name].errors = [*form[name].errors, sheet_texts.finding_text(finding)]
            found = True
    return found
