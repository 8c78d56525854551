"""My visitors: signed passes as QR codes, eight digits for couriers, and taking both back."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import base45
from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.wrappers import Response

from web_admin.accounts import resident_required
from web_admin.acts import Act, ActRefused
from web_admin.credentials import end_credential
from web_admin.database import current_menjin, request_session
from web_admin.models import CredentialRow, Gate, Person, VisitorPassRow
from web_admin.resident.blueprint import bp, signed_in, site_of, to
from web_admin.resident.qr_picture import svg_of
from web_admin.resident.ways_in import own_credential
from web_admin.visitors import gates_open_to, issue_pass, issue_visitor_code, pass_state, withdraw_pass

SHOWN_PASSES = 30
KEPT_DAYS = 30
CODE_MINUTES = (30, 60, 120)


@dataclass(frozen=True, slots=True)
class ShownPass:
    """A pass as a row of the list."""

    row: VisitorPassRow
    state: str
    gates: str


def pass_link(row: VisitorPassRow) -> str:
    """Return the public address under which a visitor sees the pass; it holds the whole signed pass."""
    data = base64.urlsafe_b64encode(base45.b45decode(row.text)).rstrip(b"=").decode()
    return current_menjin().config.public_url + url_for("visitor_pass.show", text=data)


def gate_names(site_id: str, numbers: list[int]) -> str:
    """Return the names of a pass's gates, in the order of their numbers."""
    rows = request_session().scalars(
        select(Gate.name).where(Gate.site_id == site_id, Gate.number.in_(numbers)).order_by(Gate.number)
    )
    return ", ".join(rows)


def _own_passes(person: Person, act: Act) -> list[ShownPass]:
    rows = request_session().scalars(
        select(VisitorPassRow)
        .where(
            VisitorPassRow.issuer_person_id == person.person_id,
            VisitorPassRow.valid_until > act.now - timedelta(days=KEPT_DAYS),
        )
        .order_by(VisitorPassRow.created_at.desc())
        .limit(SHOWN_PASSES)
    )
    return [_shown(row, act) for row in rows]


def _shown(row: VisitorPassRow, act: Act) -> ShownPass:
    return ShownPass(row, pass_state(row, act.now), gate_names(row.site_id, row.gate_numbers))


def _live_codes(person: Person, act: Act) -> list[CredentialRow]:
    return list(
        request_session().scalars(
            select(CredentialRow)
            .where(
                CredentialRow.person_id == person.person_id,
                CredentialRow.kind == "visitor_code",
                CredentialRow.state == "active",
                CredentialRow.valid_until > act.now,
            )
            .order_by(CredentialRow.valid_until)
        )
    )


def _page(
    person: Person, act: Act, *, errors: Mapping[str, str] | None = None, fresh_code: str | None = None
) -> str:
    local_now = act.now.astimezone(ZoneInfo(site_of(person).timezone))
    return render_template(
        "resident/visitors.html",
        person=person,
        site=site_of(person),
        gates=gates_open_to(act.session, person, act.now),
        passes=_own_passes(person, act),
        codes=_live_codes(person, act),
        errors=errors or {},
        fresh_code=fresh_code,
        form=request.form,
        code_minutes=CODE_MINUTES,
        first_day=local_now.strftime("%Y-%m-%dT%H:%M"),
        tab="visitors",
    )


@bp.get("/visitors")
@resident_required
def visitors() -> str:
    """Show the form for a pass, the form for a code, and what was given out."""
    person, act = signed_in()
    return _page(person, act)


@bp.post("/visitors")
@resident_required
def new_pass() -> str | tuple[str, int] | Response:
    """Make a pass and show it."""
    person, act = signed_in()
    try:
        valid_from, valid_until = _window(act.now, ZoneInfo(site_of(person).timezone))
        row = issue_pass(
            act,
            issuer_person_id=person.person_id,
            label=request.form.get("label", ""),
            gate_numbers=_wanted_gates(person, act),
            valid_from=valid_from,
            valid_until=valid_until,
            uses=1 if request.form.get("uses") == "once" else 0,
        )
    except ActRefused as refused:
        message = str(refused.message)
        act.session.rollback()
        person, act = signed_in()
        return _page(person, act, errors={refused.field or "label": message}), 422
    return to("resident.visitor_pass_page", pass_id=row.pass_id)


def _wanted_gates(person: Person, act: Act) -> list[int]:
    """Return the numbers of the chosen gates; "all" is every gate open to this person."""
    wanted = request.form.get("gate_numbers", "")
    if wanted == "all":
        return [gate.number for gate in gates_open_to(act.session, person, act.now)]
    return [int(wanted)] if wanted.isdecimal() and len(wanted) <= 5 else []


def _window(now: datetime, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """Return the chosen start and end: the next 24 hours, tomorrow, or two typed moments."""
    when = request.form.get("when", "day")
    if when == "tomorrow":
        day = (now.astimezone(zone) + timedelta(days=1)).date()
        start = datetime.combine(day, time(), zone)
        return start.astimezone(UTC), datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    if when == "typed":
        return _typed("valid_from", zone), _typed("valid_until", zone)
    return None, None


def _typed(field: str, zone: ZoneInfo) -> datetime:
    try:
        typed = datetime.fromisoformat(request.form.get(field, ""))
        return typed.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ActRefused(field, _l("Choose a day and a time.")) from None


def own_pass(person: Person, pass_id: str) -> VisitorPassRow:
    """Return the person's own pass; answer 404 for anyone else's."""
    row = request_session().get(VisitorPassRow, pass_id)
    if row is None or row.issuer_person_id != person.person_id:
        abort(404)
    return row


@bp.get("/visitors/<pass_id>")
@resident_required
def visitor_pass_page(pass_id: str) -> str:
    """Show one pass with its code and its link."""
    person, act = signed_in()
    row = own_pass(person, pass_id)
    return render_template(
        "resident/visitor_pass.html",
        person=person,
        site=site_of(person),
        shown=_shown(row, act),
        picture=svg_of(row.text, gettext("Visitor pass")),
        link=pass_link(row),
        tab="visitors",
    )


@bp.post("/visitors/<pass_id>/withdraw")
@resident_required
def withdraw_visitor_pass(pass_id: str) -> Response:
    """Take a pass back."""
    person, act = signed_in()
    withdraw_pass(act, own_pass(person, pass_id).pass_id)
    flash(gettext("The pass is withdrawn. Gates that are online refuse it within seconds."), "done")
    return to("resident.visitors")


@bp.post("/visitors/code")
@resident_required
def new_visitor_code() -> str | tuple[str, int]:
    """Make eight digits for one visit, shown on this answer only."""
    person, act = signed_in()
    minutes = request.form.get("minutes", "")
    lanes = [
        lane.lane_id
        for gate in gates_open_to(act.session, person, act.now)
        for lane in gate.lanes
        if "pin" in lane.methods and any(lane.lane_id in grant.lanes for grant in person.grants)
    ]
    try:
        code = issue_visitor_code(
            act,
            home_id=person.home_id or "",
            issuer_person_id=person.person_id,
            lanes=lanes,
            valid_minutes=int(minutes) if minutes in map(str, CODE_MINUTES) else 0,
        )
    except ActRefused as refused:
        message = str(refused.message)
        act.session.rollback()
        person, act = signed_in()
        return _page(person, act, errors={"code": message}), 422
    return _page(person, act, fresh_code=code)


@bp.post("/visitors/codes/<credential_id>/end")
@resident_required
def end_visitor_code(credential_id: str) -> Response:
    """Take a visitor code back."""
    person, act = signed_in()
    row = own_credential(person, credential_id, "visitor_code")
    end_credential(act, row.credential_id, "withdrawn by its host")
    flash(gettext("The visitor code opens nothing any more."), "done")
    return to("resident.visitors")
