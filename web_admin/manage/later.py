"""Page of acts that begin later, by day, with what each takes from people, and of acts that can be undone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from flask import Blueprint, current_app, flash, render_template
from flask_babel import LazyString, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from web_admin.accounts.names import shown_names
from web_admin.accounts.permissions import access_of, allowed, current_may
from web_admin.action.base import Action
from web_admin.compound.queries import persons_by_id
from web_admin.core.database import current_menjin, request_session
from web_admin.core.job_models import JOBS_KEPT_FOR, LongJob
from web_admin.gates.queries import hours_names
from web_admin.later.acts import HELD, IS_OVER, LaterAct, Sent, open_acts, withdraw_act
from web_admin.later.past import DONE, Done, PastAct, past_acts
from web_admin.manage.import_forms import planned
from web_admin.manage.lane_modes import HOLD_HOURS, MODES
from web_admin.web.acts import ACTS
from web_admin.web.context import get_or_404, press
from web_admin.web.forms import AgainForm
from web_admin.web.language import page_language
from web_admin.web.later import PLANNED_FIELD, fields_again
from web_admin.web.page import Page, to
from web_admin.web.places import lane_names
from web_admin.web.silent_gates import say_saved
from web_admin.web.site import current_site, request_now, site_zone
from web_admin.web.times import local_time
from web_admin.web.undo import IS_UNDONE, Part, is_too_late, names_of_parts, parts_of, undo_act

WHY_HELD: Mapping[str, LazyString] = {
    "more": _l("It would now affect more people or rights than when it was planned, so nothing was done."),
    "refused": _l("At its time it was refused, so nothing was done."),
    "account": _l("The account that planned it may not do it any more, so nothing was done."),
    "restored": _l("The server was restored from a backup: it may have been withdrawn or done since."),
    "failed": _l("At its time it failed, so nothing was done."),
}

bp = Blueprint("later", __name__, url_prefix="/manage/later")


@bp.get("")
@allowed("edit_gates")
def show_list() -> str:
    """List acts that begin later, first those that wait for a person, then by day; and what can be undone."""
    session, sealer, site_id = request_session(), current_menjin().sealer, current_site().site_id
    acts = [one for one in open_acts(session, sealer, site_id) if _may_do(one.sent)]
    past = [one for one in past_acts(session, sealer, site_id, request_now()) if _may_do(one.done)]
    return render_template(
        "manage/later.html",
        held=[one for one in acts if one.state == HELD],
        days=list(_by_day([one for one in acts if one.state != HELD])),
        titles={page: act.title for page, act in ACTS.items()},
        past=past,
        undoable=_last_of_their_parts(past),
        about=_about({one.job_id: one.sent for one in acts} | {one.job_id: one.done for one in past}),
        words_of_hold=WHY_HELD,
        language=page_language(),
        fields_again=fields_again,
        planned_field=PLANNED_FIELD,
        kept_days=JOBS_KEPT_FOR.days,
        names=shown_names(session, [one.author_id for one in acts] + [one.author_id for one in past]),
        button=AgainForm(formdata=None),
    )


def _last_of_their_parts(past: Sequence[PastAct]) -> frozenset[str]:
    """Return the acts, of those given with the last one first, after which no other changed the same."""
    seen: set[Part] = set()
    last = set()
    for one in past:
        parts = parts_of(one.done) if one.state == DONE else frozenset()
        if parts and seen.isdisjoint(parts) and not is_too_late(one, request_now()):
            last.add(one.job_id)
        seen |= parts
    return frozenset(last)


def _about(acts: Mapping[str, Sent | Done]) -> Mapping[str, str]:
    """Return by act what it changes: names of hours, lanes or people as they are now, else as it was sent."""
    session, site_id = request_session(), current_site().site_id
    hours = hours_names(session, site_id)
    lanes = lane_names()
    people = persons_by_id(session, {one.args.get("person_id", "") for one in acts.values()})

    def name(one: Sent | Done) -> str:
        args, fields = one.args, dict(one.fields) if isinstance(one, Sent) else {}
        person = people.get(args.get("person_id", ""))
        found = (
            person.display_name if person is not None else "",
            lanes.get(args.get("lane_id", ""), ""),
            hours.get(args.get("hours_id", "") or fields.get("hours_id", ""), ""),
            args.get("day", ""),
            fields.get("name", ""),
            fields.get("day", ""),
            _rows_of(fields.get("sheet", "")),
            _mode_of(fields) if one.endpoint in ("now.set_posture", "now.hold_open") else "",
            *(names_of_parts(one) if isinstance(one, Done) else ()),
        )
        return " · ".join(dict.fromkeys(one for one in found if one))

    return {job_id: name(one) for job_id, one in acts.items()}


def _rows_of(sealed_sheet: str) -> str:
    """Return how long a planned sheet is, "" where there is none: its names are on no page."""
    sheet = planned(sealed_sheet) if sealed_sheet else None
    rows = len(sheet.text.splitlines()) - 1 if sheet is not None else 0
    return str(ngettext("%(num)d row", "%(num)d rows", rows)) if sheet is not None else ""


def _mode_of(fields: Mapping[str, str]) -> str:
    """Return which mode a lane is put into, and until when or for how long."""
    mode = dict(MODES).get(fields.get("posture", ""), "")
    until = fields.get("until", "")
    if until:
        ends_at = datetime.fromisoformat(until).replace(tzinfo=site_zone())
        length = str(_("until %(time)s", time=local_time(ends_at)))
    else:
        length = str(HOLD_HOURS[int(fields.get("hours", "1"))])
    return " · ".join(str(one) for one in (mode, length) if one)


def _may_do(act: Sent | Done) -> bool:
    """Return whether the signed-in account may send the form itself."""
    access = access_of(current_app, act.endpoint)
    return access is not None and current_may(access[1])


def _by_day(acts: list[LaterAct]) -> Iterator[tuple[object, list[LaterAct]]]:
    zone = site_zone()
    for _day, of_day in groupby(acts, key=lambda one: one.begins_at.astimezone(zone).date()):
        listed = list(of_day)
        yield listed[0].begins_at, listed


@bp.post("/<job_id>/undo")
@allowed("edit_gates")
def undo(job_id: str) -> Page:
    """Undo an act, after what that takes from people was read; one that changed again since stays."""
    past = past_acts(request_session(), current_menjin().sealer, current_site().site_id, request_now())
    own = [one.job_id for one in past if _may_do(one.done)]
    return _pressed(job_id, own, IS_UNDONE, undo_act, lambda _done: say_saved(_("Undone.")))


@bp.post("/<job_id>/withdraw")
@allowed("edit_gates")
def withdraw(job_id: str) -> Page:
    """Withdraw an act that has not begun; one that has begun is over already."""
    acts = open_acts(request_session(), current_menjin().sealer, current_site().site_id)
    own = [one.job_id for one in acts if _may_do(one.sent)]
    return _pressed(job_id, own, IS_OVER, withdraw_act, _("Withdrawn. Nothing changes at that time."))


def _pressed(
    job_id: str,
    own: Sequence[str],
    is_over: LazyString,
    action: Callable[[Action, str], None],
    saved: str | Callable[[None], str | None],
) -> Page:
    get_or_404(request_session(), LongJob, job_id)
    back = to("later.show_list")
    if job_id in own:
        return press(lambda act: action(act, job_id), saved=saved, back=back)
    flash(str(is_over), "danger")
    return back
