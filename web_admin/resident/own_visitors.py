"""Read a resident's own visitors as rows of lists, for every page that shows one; no routes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import abort, g
from flask_babel import gettext

from gate_controller.contract.credential_kinds import has_ended_by_time
from web_admin.action.base import Action
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.database import request_session
from web_admin.credentials.queries import visitor_codes_of
from web_admin.resident.blueprint import site_of
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow
from web_admin.visitors.queries import pass_of, passes_for_once, series_of, visits_of_series
from web_admin.visitors.uses import Use, state_with_uses, uses_of
from web_admin.visitors.weekly import next_visit, series_state
from web_admin.web.gate_sets import NamesInPasses

SHOWN_PASSES = 30
KEPT_DAYS = 30


@dataclass(frozen=True, slots=True)
class ShownPass:
    row: VisitorPassRow
    state: str
    gates: str
    uses: list[Use]


@dataclass(frozen=True, slots=True)
class ShownSeries:
    """A weekly invitation as a row of the list; `begins` is its running or next visit."""

    row: VisitorSeriesRow
    state: str
    gates: str
    uses: list[Use]
    begins: datetime | None


@dataclass(frozen=True, slots=True)
class ShownCode:
    row: CredentialRow
    uses: list[Use]


def _names_here(site_id: str) -> NamesInPasses:
    """Return the names of gates and places, read once for a page with several lists."""
    if "names_in_passes" not in g:
        g.names_in_passes = NamesInPasses(site_id)
    names: NamesInPasses = g.names_in_passes
    return names


def own_passes(person: Person, act: Action) -> list[ShownPass]:
    """Return the passes that a person gave out, newest first, without the visits of weekly ones."""
    ended_after = act.now - timedelta(days=KEPT_DAYS)
    rows = passes_for_once(act.session, person.person_id, ended_after, SHOWN_PASSES)
    uses = uses_of(act.session, [row.pass_id for row in rows])
    names = _names_here(person.site_id)
    return [_shown_pass(row, act, names, uses.get(row.pass_id, [])) for row in rows]


def _shown_pass(row: VisitorPassRow, act: Action, names: NamesInPasses, uses: list[Use]) -> ShownPass:
    return ShownPass(
        row, state_with_uses(row, uses, act.now), gettext(", ").join(names.of(row.gate_numbers)), uses
    )


def own_series(person: Person, act: Action) -> list[ShownSeries]:
    """Return a person's weekly invitations, newest first."""
    last_day_after = (act.now - timedelta(days=KEPT_DAYS)).date()
    rows = series_of(act.session, person.person_id, last_day_after, SHOWN_PASSES)
    return shown_series(rows, person, act)


def shown_series(rows: Sequence[VisitorSeriesRow], person: Person, act: Action) -> list[ShownSeries]:
    """Return weekly invitations with their state and the uses of their visits."""
    zone = ZoneInfo(site_of(person).timezone)
    visits = visits_of_series(act.session, [row.series_id for row in rows])
    used: dict[str, list[Use]] = {row.series_id: [] for row in rows}
    for pass_id, uses in uses_of(act.session, list(visits)).items():
        used[visits[pass_id]].extend(uses)
    names = _names_here(person.site_id)
    shown = []
    for row in rows:
        visit = next_visit(row, zone, act.now)
        shown.append(
            ShownSeries(
                row,
                series_state(row, zone, act.now),
                gettext(", ").join(names.of(row.gate_numbers)),
                sorted(used[row.series_id], key=lambda use: use.at, reverse=True),
                visit[1] if visit is not None and row.withdrawn_at is None else None,
            )
        )
    return shown


def own_codes(person: Person, act: Action) -> list[ShownCode]:
    """Return the visitor codes that still open, and those that were used within a day."""
    rows = visitor_codes_of(act.session, person.person_id, ends_after=act.now - timedelta(days=1))
    uses = uses_of(act.session, [row.credential_id for row in rows])
    shown = [ShownCode(row, uses.get(row.credential_id, [])) for row in rows]
    return [code for code in shown if code.uses or not has_ended_by_time(code.row, act.now)]


def own_pass(person: Person, pass_id: str) -> VisitorPassRow:
    """Return the person's own pass; answer 404 for anyone else's."""
    row = pass_of(request_session(), person.person_id, pass_id)
    if row is None:
        abort(404)
    return row
