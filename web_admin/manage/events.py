"""Pages of events without names, one person's passages for a stated reason, and why a gate stayed shut."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, render_template, request, stream_with_context
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from gate_controller.contract.records import Method
from gate_controller.rules.decision import Reason
from web_admin.accounts.permissions import allowed, current_may, role_names
from web_admin.action.base import record
from web_admin.compound.gate_names import names_of_lanes
from web_admin.compound.models import Gate, Person
from web_admin.compound.queries import all_gates, person_by_id
from web_admin.core import texts as core_texts
from web_admin.core.csv_text import csv_for_spreadsheets, csv_text, harmless
from web_admin.core.database import current_menjin, request_session
from web_admin.core.orm import Fact
from web_admin.core.parameters import moment_of, number_of, wall_clock_of
from web_admin.core.sealed_places import opened_place, sealed_place
from web_admin.credentials.texts import METHODS
from web_admin.events import details
from web_admin.events import texts as words
from web_admin.events.queries import (
    KINDS,
    QUIET,
    RESULTS,
    EventFilter,
    EventQuery,
    Place,
    each,
    event_at,
    events,
    events_page,
    filter_of,
    named_passages,
    place_of,
    refusals_near,
)
from web_admin.events.reason_texts import for_staff
from web_admin.events.usage import DayOfHours, passages_by_hour
from web_admin.events.why_refused import NothingPublished, explained, why_refused
from web_admin.journal.models import GateEvent
from web_admin.manage.gate_lists import FEW_GATES, MAX_FILTER_CHARS
from web_admin.privacy.own_lookups import record_lookup
from web_admin.web.context import current_action, get_or_404, typed
from web_admin.web.fields import MAX_REASON_CHARS, lookup_reason_field
from web_admin.web.forms import OnceForm
from web_admin.web.looked_for import SEALED, looked_for, sealed_text
from web_admin.web.page import Page
from web_admin.web.places import RecordedNames, named_places, recorded_names, site_gates
from web_admin.web.site import current_site, request_now, site_zone

bp = Blueprint("events", __name__, url_prefix="/manage/events")

PAGE_ROWS = 50
REFUSALS_SHOWN = 12


SUGGESTIONS_AT_MOST = 300
"""Names that the browser completes a place with; what is typed is looked for among all."""


@dataclass(frozen=True, slots=True)
class PlaceField:
    """How a form asks where: `is_text` where there are too many gates to choose one in a list."""

    is_text: bool
    chosen: str
    suggestions: Sequence[str]


class ExportForm(OnceForm):
    """Why someone takes events out of the house; the journal keeps it."""

    why = StringField(
        _l("What is it for?"),
        description=_l("Kept in the journal with your account, the time and the filter."),
        validators=[
            InputRequired(_l("A reason is needed.")),
            Length(min=4, max=MAX_REASON_CHARS, message=_l("Write the reason in a few words.")),
        ],
        render_kw={"autocomplete": "off"},
    )


class LookupForm(OnceForm):
    """Why someone looks at a named person's passages; that person can read it."""

    reason = lookup_reason_field()


def _place() -> Place | None:
    sealed = opened_place(current_menjin().sealer, request.args.get("before", ""), tuple[datetime, str, int])
    if sealed is not None:
        return sealed
    if not current_may("acknowledge_alarm"):
        return None  # a guessed number would reveal how many entries precede it
    at, _dot, rest = request.args.get("before", "").partition("~")
    gate_id, _dot, seq = rest.partition("~")
    moment, number = moment_of(at), number_of(seq)
    return (moment, gate_id, number) if moment is not None and number is not None else None


def _event_or_404(gate_id: str, seq: str) -> GateEvent:
    sealed = opened_place(current_menjin().sealer, seq, int)
    typed_number = number_of(seq) if current_may("acknowledge_alarm") else None
    number = sealed if sealed is not None else typed_number
    journal_id = request.args.get("journal", "")
    event = event_at(request_session(), gate_id, journal_id, number) if number is not None else None
    if event is None:
        abort(404)
    return event


def _by_day(
    rows: Sequence[GateEvent], *, folds: bool
) -> list[tuple[date, list[tuple[bool, list[GateEvent]]]]]:
    """Return events by day of the site, each day in runs: quiet ones, which the page folds, and others."""
    days = groupby(rows, key=lambda event: event.at.astimezone(site_zone()).date())
    return [
        (day, [(quiet, list(run)) for quiet, run in groupby(of_day, lambda row: folds and row.kind in QUIET)])
        for day, of_day in days
    ]


@bp.get("/")
@allowed("see_events")
def show_list() -> str:
    """List events without names, newest first; a page begins where the last one ended."""
    return _list(_wanted(), ExportForm(formdata=None))


def _wanted() -> EventFilter:
    """Return the filter of this address; the text of a place is sealed in it."""
    return filter_of({**request.args, "place": looked_for(MAX_FILTER_CHARS)})


def _list(wanted: EventFilter, export_form: ExportForm) -> str:
    gates = all_gates(request_session(), current_site().site_id)  # past events of those out of use stay
    query = _query(wanted, gates)
    rows = events_page(request_session(), query, _place(), PAGE_ROWS + 1)
    last = place_of(rows[PAGE_ROWS - 1]) if len(rows) > PAGE_ROWS else None
    return render_template(
        "manage/events.html",
        rows=rows[:PAGE_ROWS],
        days=_by_day(rows[:PAGE_ROWS], folds=not wanted.chosen()),
        details=details,
        labels=details.emergency_labels(request_session(), rows),
        kinds=[(key, label) for key, (label, _kinds) in KINDS.items()],
        before=sealed_place(current_menjin().sealer, last) if last is not None else None,
        gate_options=[(gate.gate_id, _option(gate)) for gate in gates],
        place=_place_field(gates, wanted),
        where=RecordedNames(gates),
        lanes=list(names_of_lanes(gates).items()),
        reasons=[(reason.value, for_staff(reason.value)) for reason in Reason],
        results=RESULTS.items(),
        reason_text=for_staff,
        methods=[(m.value, METHODS[m.value]) for m in Method],
        wanted=wanted,
        in_address={**wanted.chosen(), "place": None, SEALED: sealed_text(wanted.place)},
        export_form=export_form,
        hours=_hours([gate.gate_id for gate in gates]) if not wanted.chosen() else None,
    )


def _query(wanted: EventFilter, gates: Sequence[Gate]) -> EventQuery:
    """Return the events at the places that were chosen, by the filter."""
    places = named_places(wanted.place, gates)
    return events(
        wanted,
        places.gate_ids,
        site_zone(),
        with_silent=current_may("acknowledge_alarm"),
        lane_ids=places.lane_ids,
    )


def _place_field(gates: Sequence[Gate], wanted: EventFilter) -> PlaceField:
    """Return what the form asks the place with: choices of few gates, else a text that is completed."""
    names = {gate.gate_id: gate.name for gate in gates} | names_of_lanes(gates)
    chosen = wanted.place or names.get(wanted.lane) or names.get(wanted.gate) or ""
    return PlaceField(len(gates) > FEW_GATES, chosen, [gate.name for gate in gates[:SUGGESTIONS_AT_MOST]])


def _option(gate: Gate) -> str:
    """Return a gate's name in the filter, which finds past events of one out of use as well."""
    return str(_l("%(gate)s (out of use)", gate=gate.name)) if gate.state == "retired" else gate.name


def _hours(gate_ids: list[str]) -> list[DayOfHours] | None:
    """Return the picture of the last days for the first page of the list, None for the others."""
    if "before" in request.args:
        return None
    return passages_by_hour(request_session(), gate_ids, request_now(), site_zone())


@bp.post("/export")
@allowed("see_events")
def export() -> Page:
    """Send the filtered events as a file without names, and record who took it and why."""
    form, wanted = ExportForm(), filter_of(request.form)
    if not form.validate_on_submit():
        return _list(wanted, form), 422
    gates = all_gates(request_session(), current_site().site_id)
    query = _query(wanted, gates)
    # What was typed may be anything; the ledger keeps what it meant.
    facts: dict[str, Fact] = {name: value for name, value in wanted.chosen().items() if name != "place"}
    facts |= {"gates": len(named_places(wanted.place, gates).gate_ids)} if wanted.place else {}
    record(current_action(), "events_exported", facts, personal={"reason": typed(form.why)})
    heads = [
        str(head)
        for head in (_l("When"), _l("Where"), _l("What"), _l("Way in"), _l("Result"), _l("The gate said"))
    ]
    where, zone = RecordedNames(gates), site_zone()
    database = current_menjin().database

    def lines() -> Iterator[bytes]:
        yield csv_for_spreadsheets([heads])
        with database.snapshot() as session:
            for event in each(session, query):
                yield csv_text([[harmless(cell) for cell in _cells(event, where, zone)]]).encode()

    answer = Response(stream_with_context(lines()), mimetype="text/csv")
    day = request_now().astimezone(zone).date()
    answer.headers["Content-Disposition"] = f"attachment; filename=events-{day.isoformat()}.csv"
    return answer


def _cells(event: GateEvent, where: RecordedNames, zone: ZoneInfo) -> list[str]:
    """Return an event's cells; nothing in them says who it was."""
    opens = event.facts.get("opens")
    return [
        event.at.astimezone(zone).isoformat(timespec="seconds"),
        where.of(event),
        str(core_texts.word(words.EVENTS, event.kind)),
        str(core_texts.word(METHODS, event.method)) if event.method else "",
        "" if opens is None else str(RESULTS["opened" if opens else "refused"]),
        str(for_staff(event.reason)) if event.reason else "",
    ]


@bp.route("/person/<person_id>", methods=["GET", "POST"])
@allowed("see_named_passages")
def of_person(person_id: str) -> Page:
    """Ask for a reason, record it where the person sees it, then show their last passages."""
    person = get_or_404(request_session(), Person, person_id)
    form = LookupForm()
    rows = None
    if form.validate_on_submit():
        act = current_action()
        record_lookup(act, person_id, role_names()[0], typed(form.reason))
        rows = named_passages(act.session, current_site().site_id, person_id, PAGE_ROWS)
    page = render_template(
        "manage/passages.html",
        person=person,
        form=form,
        rows=rows,
        reason_text=for_staff,
        where=recorded_names(),
    )
    return (page, 422) if form.errors else page


@bp.route("/who/<gate_id>/<seq>", methods=["GET", "POST"])
@allowed("see_named_passages")
def who(gate_id: str, seq: str) -> Page:
    """Ask for a reason, record it where the person sees it, then name who held or opened a lane."""
    session = request_session()
    gate = get_or_404(session, Gate, gate_id)
    event = _event_or_404(gate_id, seq)
    if not details.can_be_named(event):
        abort(404)
    form = LookupForm()
    person = None
    if form.validate_on_submit():
        person = person_by_id(session, event.person_id)
        record_lookup(current_action(), event.person_id or "", role_names()[0], typed(form.reason))
    page = render_template(
        "manage/who.html",
        form=form,
        event=event,
        gate=gate,
        person=person,
        details=details,
        asked=form.is_submitted() and not form.errors,
    )
    return (page, 422) if form.errors else page


@bp.get("/why")
@allowed("explain_refusals")
def explain() -> str:
    """List what gates refused; each leads to which rule decided."""
    return render_template("manage/why.html", past=None, **_refusals())


def _refusals() -> dict[str, object]:
    """Return what the form of gate and time was filled with, and the refusals that fit."""
    gates, wanted = site_gates(), _wanted()
    around = wall_clock_of(request.args.get("around", ""))
    chosen = [one for one in named_places(wanted.place, gates).gate_ids if wanted.gate in ("", one)]
    near = around.replace(tzinfo=site_zone()) if around is not None else None
    rows = refusals_near(request_session(), chosen, near, REFUSALS_SHOWN)
    return {
        "gates": gates,
        "gate_id": wanted.gate,
        "place_field": _place_field(gates, wanted),
        "rows": rows,
        "reason_text": for_staff,
        "around": around.isoformat(timespec="minutes") if around is not None else "",
        "where": RecordedNames(gates),
    }


@bp.get("/why/<gate_id>/<seq>")
@allowed("explain_refusals")
def explain_past(gate_id: str, seq: str) -> Page:
    """Show why a gate refused then, and what its rules say now, without naming anyone."""
    session = request_session()
    gate = get_or_404(session, Gate, gate_id)
    event = _event_or_404(gate_id, seq)
    if event.reason is None:
        abort(404)
    now_says = None
    if event.person_id is not None and event.lane_id is not None and event.method in set(Method):
        try:
            reason = why_refused(
                session,
                event.person_id,
                event.lane_id,
                Method(event.method),
                request_now(),
            )
        except NothingPublished:
            reason = None
        now_says = explained(reason.value) if reason is not None else None
    return render_template(
        "manage/why.html",
        answer=explained(event.reason),
        past=event,
        minute=event.at.astimezone(site_zone()).strftime("%Y-%m-%dT%H:%M"),
        place=RecordedNames([gate]).of(event),
        now_says=now_says,
    )
