"""Actions on weekly invitations, such as every Tuesday from 9 to 12 until Christmas.

No signed pass lives that long. Each visit gets a pass of its own, signed at most twelve hours before it
begins and for its hours alone, after checking the issuer's rights again: what was withdrawn, or what the
issuer may no longer do, is never signed.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from web_admin.action.base import Action, begin, checked_text, finish, new_id, own_person_id
from web_admin.compound.age_bands import today_at
from web_admin.compound.models import Site
from web_admin.core.refusal import ActionRefused
from web_admin.visitors.actions import check_may_invite, issue_pass
from web_admin.visitors.gate_sets import LISTED, GateChoice, numbers_of
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow, VisitorVisit
from web_admin.visitors.pass_states import PassState

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
MAX_SERIES_DAYS = 92
SIGNED_AHEAD = timedelta(hours=12)
"""How long before a visit its pass is signed, so that it can be opened at home and work without network."""

Visit = tuple[date, datetime, datetime]
"""The day of a visit, when it begins and when it ends (aware)."""


def issue_series(
    act: Action,
    *,
    issuer_person_id: str | None,
    label: str,
    days: Sequence[str],
    starts_minute: int,
    ends_minute: int,
    last_day: date,
    gate_numbers: Sequence[int] = (),
    gate_set: str = LISTED,
    place_id: str | None = None,
) -> VisitorSeriesRow:
    """Begin a weekly invitation today; issuer None is the manager.

    Raises ActionRefused when it has no day, lasts longer than 92 days or reaches further than the issuer.
    """
    site = begin(act)
    text = checked_text("label", label, max_chars=60)
    row = VisitorSeriesRow(
        series_id=new_id(),
        site_id=act.site_id,
        issuer_person_id=issuer_person_id,
        label=text,
        author_id=None if issuer_person_id is not None else act.actor_id,
        gate_numbers=[],
        gate_set=gate_set,
        place_id=place_id,
        days=_checked_days(days),
        starts_minute=starts_minute,
        ends_minute=ends_minute,
        first_day=today_at(site, act.now),
        last_day=last_day,
        created_at=act.now,
    )
    _check_times(row)
    zone = ZoneInfo(site.timezone)
    first, last = next_visit(row, zone, act.now), _last_visit(row, zone)
    if first is None or last is None:
        raise ActionRefused("last_day", _("No such day comes before then. Choose a later end."))
    check_may_invite(act, issuer_person_id)
    chosen = GateChoice(gate_numbers, gate_set, place_id)
    start = max(first[1], act.now)
    row.gate_numbers = numbers_of(act, chosen, issuer_person_id, start, last[2], 0)
    act.session.add(row)
    finish(
        act,
        "weekly_pass_issued",
        {"series_id": row.series_id, "gates": len(row.gate_numbers), "days": " ".join(row.days)},
        personal={"label": text},
        person_id=issuer_person_id,
        touches=(),
    )
    return row


def withdraw_series(act: Action, series_id: str) -> None:
    """End a weekly invitation, and the passes of its visits with it."""
    begin(act)
    row = act.session.get(VisitorSeriesRow, series_id)
    if row is None or row.site_id != act.site_id:
        raise ActionRefused("pass", _("There is no such pass."))
    if own_person_id(act) not in (None, row.issuer_person_id):
        raise ActionRefused(None, _("You can change only what is your own."))
    if row.withdrawn_at is None:
        row.withdrawn_at = act.now
        _withdraw_visits(act, series_id)
    finish(act, "weekly_pass_withdrawn", {"series_id": series_id}, person_id=row.issuer_person_id, touches=())


def reopen_series(act: Action, series_id: str) -> None:
    """Let a weekly invitation go on that was withdrawn by mistake, and its visits; raise ActionRefused."""
    begin(act)
    row = act.session.get(VisitorSeriesRow, series_id)
    if row is None or row.site_id != act.site_id:
        raise ActionRefused("pass", _("This pass is not known here."))
    if row.withdrawn_at is not None:
        passes = select(VisitorVisit.pass_id).where(VisitorVisit.series_id == series_id)
        act.session.execute(
            update(VisitorPassRow)
            .where(VisitorPassRow.pass_id.in_(passes), VisitorPassRow.withdrawn_at == row.withdrawn_at)
            .values(withdrawn_at=None)
        )
        row.withdrawn_at = None
        finish(
            act, "weekly_pass_reopened", {"series_id": series_id}, person_id=row.issuer_person_id, touches=()
        )


def end_series_of(act: Action, person_id: str) -> None:
    """End every weekly invitation of a person who leaves; the caller withdraws their passes."""
    act.session.execute(
        update(VisitorSeriesRow)
        .where(VisitorSeriesRow.issuer_person_id == person_id, VisitorSeriesRow.withdrawn_at.is_(None))
        .values(withdrawn_at=act.now)
    )


def pass_due(act: Action, series_id: str) -> VisitorPassRow | None:
    """Return the pass of the visit that runs or begins within twelve hours, signed on first asking.

    None between visits. Raises ActionRefused when the issuer may not invite any more.
    """
    row = act.session.get_one(VisitorSeriesRow, series_id)
    zone = ZoneInfo(act.session.get_one(Site, row.site_id).timezone)
    due = visit_due(row, zone, act.now)
    if due is None:
        return None
    signed = signed_for(act.session, series_id, due[0])
    if signed is not None:
        return signed
    automatic = replace(act, channel="system")
    begin(automatic)
    # Another request may have signed it while this waited for the site.
    signed = signed_for(act.session, series_id, due[0])
    if signed is not None or visit_due(row, zone, act.now) is None:
        return signed
    made = issue_pass(
        automatic,
        issuer_person_id=row.issuer_person_id,
        label=row.label,
        gate_numbers=row.gate_numbers,
        gate_set=row.gate_set,
        place_id=row.place_id,
        valid_from=due[1],
        valid_until=due[2],
    )
    made.author_id = row.author_id
    act.session.add(VisitorVisit(pass_id=made.pass_id, series_id=series_id, day=due[0]))
    act.session.flush()
    return made


def signed_for(session: Session, series_id: str, day: date) -> VisitorPassRow | None:
    """Return the pass that was signed for a day of a weekly invitation."""
    return session.scalar(
        select(VisitorPassRow)
        .join(VisitorVisit, VisitorVisit.pass_id == VisitorPassRow.pass_id)
        .where(VisitorVisit.series_id == series_id, VisitorVisit.day == day)
    )


def next_visit(row: VisitorSeriesRow, zone: ZoneInfo, now: datetime) -> Visit | None:
    """Return the visit that runs at this moment, or the next one; None after the last."""
    day = max(row.first_day, now.astimezone(zone).date() - timedelta(days=1))
    while day <= row.last_day:
        visit = _visit(row, zone, day)
        if DAYS[day.weekday()] in row.days and visit[2] > now:
            return visit
        day += timedelta(days=1)
    return None


def series_state(row: VisitorSeriesRow, zone: ZoneInfo, now: datetime) -> PassState:
    """Return the state of a weekly invitation: live during a visit, not yet between two."""
    if row.withdrawn_at is not None:
        return "withdrawn"
    visit = next_visit(row, zone, now)
    if visit is None:
        return "ended"
    return "live" if visit[1] <= now else "not_yet"


def visit_due(row: VisitorSeriesRow, zone: ZoneInfo, now: datetime) -> Visit | None:
    """Return the visit that runs or begins within twelve hours; None between visits and once withdrawn."""
    visit = next_visit(row, zone, now) if row.withdrawn_at is None else None
    return visit if visit is not None and visit[1] - SIGNED_AHEAD <= now else None


def _visit(row: VisitorSeriesRow, zone: ZoneInfo, day: date) -> Visit:
    midnight = datetime.combine(day, time(), zone)  # adding to it counts on the wall clock, as people do
    return day, midnight + timedelta(minutes=row.starts_minute), midnight + timedelta(minutes=row.ends_minute)


def _last_visit(row: VisitorSeriesRow, zone: ZoneInfo) -> Visit | None:
    back = (row.last_day - timedelta(days=count) for count in range(7))
    days = [day for day in back if day >= row.first_day and DAYS[day.weekday()] in row.days]
    return _visit(row, zone, days[0]) if days else None


def _checked_days(days: Sequence[str]) -> list[str]:
    if not days or set(days) - set(DAYS):
        raise ActionRefused("days", _("Choose at least one day of the week."))
    return [day for day in DAYS if day in days]


def _check_times(row: VisitorSeriesRow) -> None:
    if not 0 <= row.starts_minute < row.ends_minute <= DAY_MINUTES:
        raise ActionRefused("ends_at", _("The end must come after the start, on the same day."))
    if row.last_day < row.first_day:
        raise ActionRefused("last_day", _("This end is in the past. Choose a later one."))
    if row.last_day - row.first_day > timedelta(days=MAX_SERIES_DAYS):
        raise ActionRefused("last_day", _("A weekly pass lasts 92 days at most. Renew it then."))


def _withdraw_visits(act: Action, series_id: str) -> None:
    passes = select(VisitorVisit.pass_id).where(VisitorVisit.series_id == series_id)
    act.session.execute(
        update(VisitorPassRow)
        .where(VisitorPassRow.pass_id.in_(passes), VisitorPassRow.withdrawn_at.is_(None))
        .values(withdrawn_at=act.now)
    )
