"""Pages of the access review: begin a round, decide row by row, close it with a signed record."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from flask import Blueprint, Response, abort, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as Redirect

from gate_controller.contract.review_record import ReviewRecord, counts_of, digest_of
from web_admin.access_review.actions import (
    KeptRows,
    answer_asked,
    ask,
    begin_round,
    keep,
    keep_several,
    mark_of,
    suspend,
)
from web_admin.access_review.closing import (
    as_file,
    close_round,
    sheet_of,
    signed_review,
    why_not_genuine,
)
from web_admin.access_review.models import ReviewRound, ReviewRow
from web_admin.access_review.queries import (
    RowsPage,
    asked_of_account,
    next_due,
    open_round,
    progress_of,
    round_of,
    rounds_of,
    rows_page,
)
from web_admin.access_review.rules import Kind
from web_admin.access_review.subjects import subjects_of
from web_admin.access_review.suspending import NEEDS, Stop, reasons_for
from web_admin.access_review.texts import ANSWERS, DECISIONS, KINDS, RISKS, WHYS
from web_admin.accounts.names import shown_names
from web_admin.accounts.permissions import allowed, current_may
from web_admin.action.base import Action
from web_admin.core.database import current_menjin, request_session
from web_admin.core.parameters import number_of
from web_admin.web.context import actor_id, press, row_of_site
from web_admin.web.for_good import ForGood
from web_admin.web.forms import AgainForm
from web_admin.web.page import Page, to
from web_admin.web.site import current_site, request_now

ENDED_BY_ROW = frozenset({Kind.ACCOUNT, Kind.KEY, Kind.CODE, Kind.WEBHOOK})
"""Kinds of rows that have no suspension: they end."""

bp = Blueprint("access_review", __name__, url_prefix="/manage/access-review")

SHOWN = {
    "left": _l("Without a decision"),
    "answered": _l("Answered"),
    "decided": _l("Decided"),
    "all": _l("All"),
}
SHOWN_ROWS = 100
"""Of a record, unless all of them are asked for: to print them, or save them as PDF."""
WORDS = {"kinds": KINDS, "whys": WHYS, "risks": RISKS, "decisions": DECISIONS, "answers": ANSWERS}


@bp.get("")
@allowed("review_access")
def show() -> str:
    """Show the round that runs, a page of its rows at a time, or how to begin one; and the records so far."""
    session, site_id = request_session(), current_site().site_id
    running = open_round(session, site_id)
    found = _page_of(running) if running is not None else None
    closed = rounds_of(session, site_id)
    people = {one.closed_by for one in closed}
    for row in found.rows if found is not None else ():
        people |= {row.decided_by, row.asked_by, row.asked_whom}
    return render_template(
        "manage/access_review.html",
        running=running,
        found=found,
        closed=closed,
        due_at=next_due(session, site_id, current_menjin().config.access_review_days),
        names=shown_names(session, people),
        button=AgainForm(formdata=None),
        **WORDS,
        **(_beside(running, found) if running is not None and found is not None else {}),
    )


def _wanted() -> tuple[str, str]:
    """Return which rows, and of which kind ("" for each), the address names."""
    show, kind = request.args.get("show", "left"), request.args.get("kind", "")
    return show if show in SHOWN else "left", kind if kind in KINDS else ""


def _page_of(running: ReviewRound) -> RowsPage:
    show, kind = _wanted()
    number = number_of(request.args.get("page", "1")) or 1
    return rows_page(request_session(), running.round_id, show, kind, number)


def _beside(running: ReviewRound, found: RowsPage) -> dict[str, object]:
    """Return what the page says of a round and its rows beside what they hold."""
    session = request_session()
    show, kind = _wanted()
    keys = [(row.kind, row.subject_id) for row in found.rows]
    groups = _alike(found.rows)
    return {
        "groups": groups,
        "keeps": [[row for row in rows if _may_be_kept_with_others(row)] for rows in groups],
        "show": show,
        "shown": SHOWN,
        "kind": kind,
        "progress": progress_of(session, running.round_id),
        "subjects": subjects_of(session, running.site_id, keys, request_now()),
        "marks": {row.row_id: mark_of(row) for row in found.rows},
        "reasons": {one.value: reasons_for(one) for one in Kind},
        "may_stop": {one.value: current_may(NEEDS[one]) for one in Kind},
    }


def _alike(rows: Sequence[ReviewRow]) -> list[list[ReviewRow]]:
    """Return the rows of a page in groups of one kind, reason and risk, the first of each in its place."""
    groups: defaultdict[tuple[str, str, int], list[ReviewRow]] = defaultdict(list)
    for row in rows:
        groups[row.kind, row.why, row.risk].append(row)
    return list(groups.values())


def _may_be_kept_with_others(row: ReviewRow) -> bool:
    return row.decision is None and row.answer != "not_needed"


def _back() -> Redirect:
    """Return to the same part of the list."""
    kept = {name: request.form.get(name, "")[:20] for name in ("show", "kind", "page")}
    return to("access_review.show", **{name: value for name, value in kept.items() if value})


def _row(row_id: str) -> ReviewRow:
    row = request_session().get(ReviewRow, row_id)
    if row is None or row_of_site(request_session(), ReviewRound, row.round_id) is None:
        abort(404)
    return row


@bp.post("/begin")
@allowed("review_access")
def begin() -> Page:
    return press(
        lambda act: begin_round(act, current_menjin().config.public_url),
        saved=_("The review has begun. Your progress is kept; you can go on another day."),
        back=to("access_review.show"),
    )


@bp.post("/rows/<row_id>/keep")
@allowed("review_access")
def keep_row(row_id: str) -> Page:
    _row(row_id)
    return _decided(lambda act: keep(act, row_id, _seen()), _("Kept."))


@bp.post("/rows/<row_id>/suspend")
@allowed("suspend_people")
def suspend_row(row_id: str) -> Page:
    """Suspend or end what a row is about; needs the right that its own page needs."""
    row = _row(row_id)
    if not current_may(NEEDS[Kind(row.kind)]):
        abort(403)
    stop = Stop(request.form.get("reason", ""))
    return _decided(
        lambda act: suspend(act, row_id, _seen(), stop),
        _("Done: it opens or reads nothing any more."),
        lambda _act: _end_of(Kind(row.kind)),
    )


def _end_of(kind: Kind) -> ForGood | None:
    """Return what follows for what a review does not suspend but end."""
    if kind not in ENDED_BY_ROW:
        return None
    return ForGood([_("It ends at once, and opens, reads or receives nothing any more.")])


def _seen() -> str:
    return request.form.get("seen", "")


def _decided(
    work: Callable[[Action], bool], said: str, for_good: Callable[[Action], ForGood | None] | None = None
) -> Page:
    gone: str = _("It has already ended. That is noted; there is nothing to decide.")
    return press(work, saved=lambda is_live: said if is_live else gone, back=_back(), for_good=for_good)


@bp.post("/rows/<row_id>/ask")
@allowed("review_access")
def ask_row(row_id: str) -> Page:
    """Ask the person, home or account that a row concerns."""
    _row(row_id)
    return press(
        lambda act: ask(act, row_id, _seen(), current_menjin().config.public_url),
        saved=_("Asked. The answer appears here; without one nothing is suspended."),
        back=_back(),
    )


@bp.post("/keep")
@allowed("review_access")
def keep_many() -> Page:
    """Confirm the rows that were ticked."""
    rows = request.form.getlist("row")[:100]

    def said(done: KeptRows) -> str:
        text: str = _("%(count)s rows are kept.", count=done.kept)
        if not done.left_alone:
            return text
        others = _(
            "%(count)s were decided or had ended meanwhile and stay as they are.", count=done.left_alone
        )
        return f"{text} {others}"

    return press(lambda act: keep_several(act, rows), saved=said, back=_back())


@bp.post("/close")
@allowed("review_access")
def close() -> Page:
    """Close the round and sign its record; what is left without an answer is listed in it."""
    left = number_of(request.form.get("left", "")) or 0
    round_id = request.form.get("round_id", "")
    return press(
        lambda act: close_round(act, round_id, left),
        saved=_("Closed and signed. The record below is for your auditors."),
        back=to("access_review.show"),
        then=lambda closed: to("access_review.record", round_id=closed.round_id),
    )


# -- the record ------------------------------------------------------------------------------------


def _closed(round_id: str) -> ReviewRound:
    found = round_of(request_session(), current_site().site_id, round_id)
    if found is None or found.closed_at is None:
        abort(404)
    return found


@bp.get("/<round_id>")
@allowed("review_access")
def record(round_id: str) -> str:
    """Show the signed record of a round, to be read, printed or saved as PDF."""
    of_round = _closed(round_id)
    session = request_session()
    written = signed_review(of_round).record
    whole = request.args.get("rows") == "all"
    rows = written.rows if whole else written.rows[:SHOWN_ROWS]
    people = {written.began_by, written.closed_by, *(row.decided_by for row in rows)}
    trouble = why_not_genuine(of_round, current_site().root_public_key)
    if trouble:
        flash(_("This record was changed after it was signed: %(why)s.", why=trouble), "warning")
    return render_template(
        "manage/access_review_record.html",
        round=of_round,
        record=written,
        rows=rows,
        counts=counts_of(written),
        sha256=digest_of(written),
        check_command=_check_command(written),
        site=current_site(),
        subjects=subjects_of(
            session, of_round.site_id, [(row.kind, row.subject_id) for row in rows], request_now()
        ),
        names=shown_names(session, people),
        **WORDS,
    )


def _check_command(written: ReviewRecord) -> str:
    """Return what an auditor types to check the files; they compare the key with one from elsewhere."""
    name = f"access-review-{written.number}"
    return (
        f"menjin audit access-review {name}.json --csv {name}.csv --root-key {written.site.root_public_key}"
    )


@bp.get("/<round_id>/record.json")
@allowed("review_access")
def record_file(round_id: str) -> Response:
    """Return the signed record as a file that `menjin audit access-review` checks."""
    of_round = _closed(round_id)
    return _file(as_file(of_round), "application/json", f"access-review-{of_round.number}.json")


@bp.get("/<round_id>/record.csv")
@allowed("review_access")
def record_sheet(round_id: str) -> Response:
    """Return the same rows as CSV."""
    of_round = _closed(round_id)
    sheet = sheet_of(signed_review(of_round).record)
    return _file(sheet, "text/csv", f"access-review-{of_round.number}.csv")


def _file(body: bytes, kind: str, name: str) -> Response:
    answer = Response(body, mimetype=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


# -- what an account is asked ----------------------------------------------------------------------


@bp.get("/asked")
@allowed("own_account")
def asked() -> str:
    """Show what the signed-in account is asked in the round that runs."""
    session, site_id = request_session(), current_site().site_id
    rows = asked_of_account(session, site_id, actor_id())
    keys = [(row.kind, row.subject_id) for row in rows]
    return render_template(
        "manage/access_review_asked.html",
        rows=rows,
        subjects=subjects_of(session, site_id, keys, request_now()),
        button=AgainForm(formdata=None),
        **WORDS,
    )


@bp.post("/asked/<row_id>")
@allowed("own_account")
def answer(row_id: str) -> Page:
    """Say whether something of one's own is still needed."""
    _row(row_id)
    return press(
        lambda act: answer_asked(act, row_id, request.form.get("answer", ""), actor_id()),
        saved=_("Thank you. The property office decides."),
        back=to("access_review.asked"),
    )
