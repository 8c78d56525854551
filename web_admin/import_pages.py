"""People from a sheet: an empty sheet to fill in, a check that writes nothing, then all or nobody.

Between the check and the yes the sheet travels in the page itself, signed with the time and for the
account that saw it. So the server keeps no half-imported names, no other file can be slipped in, and
nobody must find the same file twice. The yes checks it once more: a card may have been given meanwhile.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import LazyString, get_locale, ngettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response
from wtforms import HiddenField

from web_admin.acts import Act, ActRefused
from web_admin.form_once import OnceForm
from web_admin.page_context import actor_id, current_act, current_site, do, request_now, show_refusal, typed
from web_admin.people_import import ImportPlan, apply_people, check_people
from web_admin.people_sheet import HEADERS, MAX_BYTES, decoded, empty_sheet
from web_admin.permissions import allowed, current_may

bp = Blueprint("people_import", __name__, url_prefix="/manage/people/import")

MAX_REQUEST_BYTES = 4 * MAX_BYTES
"""Read in full, so that a file somewhat too large gets its sentence and not a broken connection."""
SHOWN_FOR = timedelta(hours=1)
"""How long a checked sheet may wait for its yes; shorter than a form's token is kept."""

TOO_LARGE = _l("The file is larger than 2 MB. Split it.")

Page = str | Response | tuple[str, int]


class SheetForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """A sheet to check."""

    file = FileField(
        _l("Sheet as a CSV file"),
        description=_l("UTF-8 or GB18030, 2 MB and 5000 rows at most. Reading it changes nothing yet."),
        validators=[FileRequired(_l("Choose a file."))],
        render_kw={"accept": ".csv,text/csv"},
    )


class ConfirmForm(OnceForm):
    """The yes to a sheet that was shown."""

    sheet = HiddenField()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the second check found, and how many were added when it found nothing wrong."""

    plan: ImportPlan
    added: int


@bp.url_value_preprocessor
def read_whole_sheets(_endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Let those who may add people send a sheet, before anything reads the form."""
    if request.method == "POST" and current_may("edit_people"):
        request.max_content_length = MAX_REQUEST_BYTES
        request.max_form_memory_size = MAX_REQUEST_BYTES


@bp.teardown_request
def forget_sheet(_error: BaseException | None) -> None:
    """Close the sent file at once: a large one waits in a nameless file on the disk."""
    request.close()


@bp.errorhandler(RequestEntityTooLarge)
def too_large(error: HTTPException) -> Page | HTTPException:
    """Say beside the field that the file is too large."""
    if not current_may("edit_people"):
        return error
    form = SheetForm(formdata=None)
    show_refusal(form, ActRefused("file", TOO_LARGE))
    return _page(form), 413


@bp.get("/template.csv")
@allowed("edit_people")
def template() -> Response:
    """Send an empty sheet whose header is in the page's language."""
    response = make_response(empty_sheet(str(get_locale() or "zh")))
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="menjin-people.csv"'
    return response


@bp.route("", methods=["GET", "POST"])
@allowed("edit_people")
def check() -> Page:
    """Read a sheet and show what it would add, or each field that is wrong; write nothing."""
    form = SheetForm()
    if not form.validate_on_submit():
        page = _page(form)
        return page if not form.is_submitted() else (page, 422)
    try:
        text = decoded(form.file.data.read(MAX_BYTES + 1))
        plan = check_people(current_act(), text.encode(), names_holders=current_may("see_card_holder"))
    except ActRefused as refusal:
        show_refusal(form, refusal)
        return _page(form), 422
    if plan.problems:
        return _page(form, plan), 422
    if not plan.rows:
        show_refusal(form, ActRefused("file", _l("The file names nobody. Add a row for each person.")))
        return _page(form), 422
    confirm_form = ConfirmForm(formdata=None)
    confirm_form.sheet.data = _signed(text)
    return _page(form, plan, confirm_form)


@bp.post("/confirm")
@allowed("edit_people")
def confirm() -> Page:
    """Add everyone of the sheet that was shown, once; nobody when something is wrong by now."""
    form = ConfirmForm()
    upload = SheetForm(formdata=None)
    text = _shown(typed(form.sheet)) if form.validate_on_submit() else None
    if text is None:
        refusal = _l("This check is too old or was made for someone else. Read the file again.")
        show_refusal(upload, ActRefused("file", refusal))
        return _page(upload), 422
    sees_holders = current_may("see_card_holder")

    def work(act: Act) -> Outcome:
        plan = check_people(act, text.encode(), names_holders=sees_holders)
        return Outcome(plan, 0 if plan.problems else apply_people(act, plan))

    outcome = do(form, work)
    if outcome is not None and outcome.plan.problems:
        return _page(upload, outcome.plan), 422
    if form.errors:
        upload.form_errors.extend(message for messages in form.errors.values() for message in messages)
        return _page(upload), 422
    if outcome is not None:
        flash(ngettext("%(num)d person added.", "%(num)d people added.", outcome.added), "success")
    return redirect(url_for("people.show_list"), 303)


def _page(form: SheetForm, plan: ImportPlan | None = None, confirm_form: ConfirmForm | None = None) -> str:
    return render_template(
        "manager/import.html",
        form=form,
        plan=plan,
        wrong=_by_row(plan),
        confirm_form=confirm_form,
        words_of=dict(zip(HEADERS["en"], HEADERS.get(str(get_locale()), HEADERS["en"]), strict=True)),
    )


def _by_row(plan: ImportPlan | None) -> Mapping[int, Mapping[str, LazyString]]:
    by_row: dict[int, dict[str, LazyString]] = defaultdict(dict)
    for problem in plan.problems if plan is not None else ():
        by_row[problem.row][problem.field] = problem.message
    return by_row


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="people-import")


def _signed(text: str) -> str:
    shown = [current_site().site_id, actor_id(), int(request_now().timestamp()), text]
    signed = _serializer().dumps(shown)
    return signed if isinstance(signed, str) else signed.decode()


def _shown(signed: str) -> str | None:
    """Return the text of a sheet that this account was shown lately; None for anything else."""
    try:
        site_id, actor, shown_at, text = _serializer().loads(signed)
    except BadSignature:
        return None
    waited_seconds = request_now().timestamp() - shown_at
    fits = (site_id, actor) == (current_site().site_id, actor_id())
    return str(text) if fits and waited_seconds <= SHOWN_FOR.total_seconds() else None
