"""Pages of the import of people: an empty sheet to fill in, a check that writes nothing, then all or no one.

The yes checks the sheet once more: a card may have been given meanwhile. A long sheet is read in by a
job of its own (`operations/jobs.py`), whose page may be left. One that is planned waits sealed, and is
checked again at its time.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask import Blueprint, abort, flash, make_response, render_template, request
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response

from web_admin.accounts.permissions import allowed, current_may
from web_admin.action.base import Action
from web_admin.core.csv_text import MAX_BYTES, TOO_LARGE
from web_admin.core.database import current_menjin, request_session
from web_admin.core.job_models import LongJob
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.card_formats import FORMS
from web_admin.later.acts import IS_OVER
from web_admin.manage.import_forms import (
    ConfirmForm,
    ProofForm,
    SheetForm,
    ShownSheet,
    planned,
    shown,
    signed,
)
from web_admin.manage.import_proof import proven_form, suggest_rows
from web_admin.operations import jobs as long_jobs
from web_admin.people_import.apply import ImportCounts, apply_people
from web_admin.people_import.check import ImportPlan, SheetOptions, check_people
from web_admin.people_import.job import SheetToRead, sealed_form
from web_admin.people_import.sheet import EMPTY_SHEETS, HEADERS, empty_sheet, empty_workbook, sheet_text
from web_admin.web.context import current_action, show_refusal, submit, typed
from web_admin.web.language import page_language
from web_admin.web.later import PLANNED_FIELD, is_looked_at, running_act, sealed_field
from web_admin.web.page import Page, to
from web_admin.web.places import site_gates
from web_admin.web.silent_gates import sentences_on_saved
from web_admin.web.site import current_site

bp = Blueprint("people_import", __name__, url_prefix="/manage/people/import")

MAX_REQUEST_BYTES = 4 * MAX_BYTES
"""Read in full, so that a file somewhat too large gets its sentence and not a broken connection."""
ROWS_SHOWN = 200
"""Of each part of a preview; the counts are of all."""
ROWS_AT_ONCE = 200
"""A sheet that does more than this is a job."""
JOBS_SHOWN = 5

CSV = "text/csv; charset=utf-8"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts of an import that was done, or the job that will do it."""

    done: ImportCounts
    job_id: str | None = None


@bp.url_value_preprocessor
def read_whole_sheets(_endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Allow a large body to accounts that may add people, before anything reads the form."""
    if request.method == "POST" and current_may("edit_people"):
        request.max_content_length = MAX_REQUEST_BYTES
        request.max_form_memory_size = MAX_REQUEST_BYTES


@bp.teardown_request
def forget_sheet(_error: BaseException | None) -> None:
    """Close the sent file at once: a large one waits in a nameless file on the disk."""
    request.close()


@bp.errorhandler(RequestEntityTooLarge)
def too_large(error: HTTPException) -> Page | HTTPException:
    """Show beside the field that the file is too large."""
    if not current_may("edit_people"):
        return error
    form = SheetForm(formdata=None)
    show_refusal(form, ActionRefused("file", TOO_LARGE))
    return _page(form), 413


@bp.get("/template.<ending>")
@allowed("edit_people")
def template(ending: str) -> Response:
    """Send an empty sheet whose header is in the asked language or the page's."""
    language = request.args.get("language", page_language())
    if ending not in ("csv", "xlsx"):
        abort(404)
    response = make_response(empty_sheet(language) if ending == "csv" else empty_workbook(language))
    response.headers["Content-Type"] = CSV if ending == "csv" else WORKBOOK
    response.headers["Content-Disposition"] = f'attachment; filename="menjin-people.{ending}"'
    return response


@bp.route("", methods=["GET", "POST"])
@allowed("edit_people")
def check() -> Page:
    """Read a sheet and show what it would do, or each field that is wrong; write nothing."""
    form = SheetForm()
    if not form.validate_on_submit():
        page = _page(form)
        return page if not form.is_submitted() else (page, 422)
    try:
        text = _read_unlocked(form.file.data.read(MAX_BYTES + 1))
        options = SheetOptions(form.card_form.data, bool(form.is_complete.data))
        return _checked(form, ShownSheet(text, options))
    except ActionRefused as refusal:
        show_refusal(form, refusal)
        return _page(form), 422


def _read_unlocked(data: bytes) -> str:
    """Return a file's text, read outside of any transaction: that of a POST keeps others from writing."""
    request_session().commit()  # nothing was written yet; this gives the lock back
    return sheet_text(data)


def _preview(sheet: ShownSheet) -> ImportPlan:
    """Return the effect of a sheet on the current compound; runs in the background."""
    act, may_name = current_action(), current_may("see_card_holder")
    request_session().commit()  # reading who asks has begun a transaction, which in a POST may write
    with current_menjin().database.snapshot() as session:
        reading = replace(act, session=session, publishes=False)
        return check_people(reading, sheet.text.encode(), sheet.options, names_holders=may_name)


def _checked(
    form: SheetForm, sheet: ShownSheet, proof: ProofForm | None = None, *, proven: bool = False
) -> Page:
    plan = _preview(sheet)
    if not plan.problems and not plan.rows:
        raise ActionRefused("file", _l("The file has no people. Add a row for each person."))
    refused = proof is not None and bool(proof.errors or proof.form_errors)
    if proof is None:
        proof = ProofForm(formdata=None)
        suggest_rows(proof, plan)
    proof.sheet.data = signed(replace(sheet, does=plan.digest))
    confirm_form = ConfirmForm(formdata=None)
    confirm_form.sheet.data = proof.sheet.data
    confirm_form.planned_act.data = request.form.get(PLANNED_FIELD, "")
    page = _page(form, plan, None if plan.problems else confirm_form, sheet.options, proof, proven=proven)
    return (page, 422) if plan.problems or refused else page


@bp.post("/prove")
@allowed("edit_people")
def prove() -> Page:
    """Detect from tapped cards how the sheet writes its numbers, and check it again that way."""
    proof = ProofForm()
    upload = SheetForm(formdata=None)
    sheet = shown(typed(proof.sheet)) if proof.validate_on_submit() or proof.sheet.data else None
    if sheet is None:
        return _too_old(upload)
    try:
        plan = _preview(sheet)
        found = proven_form(proof, plan) if not proof.errors else None
        if found is None:
            return _checked(upload, sheet, proof)
        upload.card_form.data = found
        options = SheetOptions(found, sheet.options.is_complete)
        return _checked(upload, ShownSheet(sheet.text, options), proven=True)
    except ActionRefused as refusal:
        show_refusal(upload, refusal)
        return _page(upload), 422


@bp.post("/confirm")
@allowed("edit_people")
def confirm() -> Page:
    """Apply the shown plan once, or at its time; do nothing where it would do something else by now."""
    form, upload = ConfirmForm(), SheetForm(formdata=None)
    sheet = _sheet_of(form) if form.validate_on_submit() else None
    if sheet is None:
        return _too_old(upload)
    if is_looked_at() and not typed(form.sheet):
        return _now(upload, sheet)
    reading = _Reading(sheet, names_holders=current_may("see_card_holder"))
    answer = submit(
        form, reading.read_in, back=to("people.show_list"), then=_after_reading, trial=reading.try_what_ends
    )
    if answer is not None:
        return answer
    for message in (one for messages in form.errors.values() for one in messages):
        flash(str(message), "danger")
    page = make_response(_now(upload, sheet))
    page.status_code = 422
    return page


def _sheet_of(form: ConfirmForm) -> ShownSheet | None:
    """Return the sheet that was checked, or a planned one that begins or is looked at first."""
    waited = sealed_field("sheet") if running_act() is not None or not typed(form.sheet) else None
    return shown(typed(form.sheet)) if waited is None else planned(waited)


def _now(upload: SheetForm, sheet: ShownSheet) -> Page:
    """Show what a sheet would do now, with the button that does it."""
    try:
        return _checked(upload, sheet)
    except ActionRefused as refusal:
        show_refusal(upload, refusal)
        return _page(upload), 422


def _after_reading(outcome: Outcome) -> Page:
    """Lead to the job, or say what was done."""
    if outcome.job_id is not None:
        request_session().commit()  # the thread is to find its job
        long_jobs.start(current_menjin(), outcome.job_id)
        return to("people_import.job", job_id=outcome.job_id)
    done = outcome.done
    said = done_sentence(done.added, done.changed, done.ended, done.home_cards)
    following = _("Next: print the new people's invitations under “Print for buildings”.")
    flash(f"{said} {following}" if done.added else said, "success")
    return to("people.show_list")


@dataclass
class _Reading:
    """Reads a sheet in, and keeps what its check found last."""

    sheet: ShownSheet
    names_holders: bool
    plan: ImportPlan | None = None

    def read_in(self, act: Action) -> Outcome:
        """Do what the sheet says, or let a job do it; raise ActionRefused where it has problems by now."""
        plan = self._checked(act)
        if plan.does_nothing:
            return Outcome(ImportCounts(0, 0, 0, 0))
        count = len(plan.rows) - len(plan.of("same")) + len(plan.ended)
        # No person waits at the page of a planned sheet.
        if count <= ROWS_AT_ONCE or running_act() is not None:
            return Outcome(apply_people(act, plan))
        job_id = long_jobs.put_job(
            act.session,
            act.sealer,
            act.site_id,
            kind="import_people",
            author_id=act.actor_id,
            payload=sealed_form(SheetToRead(self.sheet.text, self.sheet.options)),
            total=count,
            now=act.now,
        )
        return Outcome(ImportCounts(0, 0, 0, 0), job_id)

    def try_what_ends(self, act: Action) -> None:
        """Do of the sheet what can take something from someone: no one is added, no card finds a holder."""
        plan = self._checked(act)
        rows = tuple(row for row in plan.rows if row.action == "change" and not row.from_home_cards)
        apply_people(act, replace(plan, rows=rows))

    def _checked(self, act: Action) -> ImportPlan:
        data = self.sheet.text.encode()
        self.plan = check_people(act, data, self.sheet.options, names_holders=self.names_holders)
        if self.plan.problems:
            raise ActionRefused("file", _l("People or cards were changed meanwhile. Read the file again."))
        if not self.plan.does_nothing and self.plan.digest != self.sheet.does:
            raise ActionRefused("file", _l("The sheet would now do something different. Check it again."))
        return self.plan


@bp.get("/jobs/<job_id>")
@allowed("edit_people")
def job(job_id: str) -> Page:
    """Show how far a long sheet is; the page may be left, and takes up what a crash left behind."""
    row = long_jobs.job_of(request_session(), job_id)
    if row is None or row.site_id != current_site().site_id:
        abort(404)
    menjin = current_menjin()
    if long_jobs.is_due(row, menjin.clock()):
        long_jobs.start(menjin, job_id)
    return render_template("manage/import_job.html", job=row, said=_said(row))


def _said(row: LongJob) -> list[tuple[str, str]]:
    if row.state != "done":
        return []
    counts = (int(row.result.get(name) or 0) for name in ("added", "changed", "ended", "home_cards"))
    return sentences_on_saved(done_sentence(*counts), site_gates())


def done_sentence(added: int, changed: int, ended: int, home_cards: int) -> str:
    """Return what was done in one sentence, without zero counts."""
    parts = [
        (added, _("added: %(count)s", count=added)),
        (changed, _("changed: %(count)s", count=changed)),
        (ended, _("moved out: %(count)s", count=ended)),
        (home_cards, _("cards bound to homes: %(count)s", count=home_cards)),
    ]
    said = [text for count, text in parts if count]
    what = _(", ").join(said)
    return str(_("Read in: %(what)s.", what=what)) if said else str(_("Nothing had to be changed."))


def _too_old(upload: SheetForm) -> Page:
    refusal = _l("This check is too old or was made for someone else. Read the file again.")
    show_refusal(upload, ActionRefused("file", IS_OVER if is_looked_at() else refusal))
    return _page(upload), 422


def _page(
    form: SheetForm,
    plan: ImportPlan | None = None,
    confirm_form: ConfirmForm | None = None,
    options: SheetOptions | None = None,
    proof: ProofForm | None = None,
    *,
    proven: bool = False,
) -> str:
    shown_jobs = 0 if plan is not None else JOBS_SHOWN
    jobs = long_jobs.newest_jobs(request_session(), current_site().site_id, "import_people", shown_jobs)
    return render_template(
        "manage/import.html",
        empty_sheets=EMPTY_SHEETS,
        form=form,
        plan=plan,
        wrong=_by_row(plan),
        confirm_form=confirm_form,
        proof=proof,
        proven=proven,
        card_form=FORMS[(options or SheetOptions()).card_form][0],
        rows_shown=ROWS_SHOWN,
        jobs=[(row, _said(row)) for row in jobs],
        words_of=dict(zip(HEADERS["en"], HEADERS.get(page_language(), HEADERS["en"]), strict=True)),
    )


def _by_row(plan: ImportPlan | None) -> Mapping[int, Mapping[str, LazyString]]:
    by_row: dict[int, dict[str, LazyString]] = defaultdict(dict)
    for problem in plan.problems if plan is not None else ():
        by_row[problem.row][problem.field] = problem.message
    return by_row
