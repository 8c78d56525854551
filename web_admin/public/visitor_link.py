"""Page of a visitor's link: the code, the gates and until when; no account, no names.

Where the browser runs scripts and reaches the server, the code is a copy that lasts 45 seconds and is
renewed every 15: a photograph of it opens nothing a minute later. Otherwise it is the pass itself.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from zoneinfo import ZoneInfo

from babel.dates import get_timezone_name
from flask import Blueprint, Response, abort, make_response, render_template, request
from flask_babel import force_locale, get_locale, gettext, ngettext
from werkzeug.exceptions import NotFound

from gate_controller.contract.languages import LANGUAGES
from gate_controller.contract.records import Method
from web_admin.accounts.permissions import note_refusal, public
from web_admin.action.base import new_action
from web_admin.compound.models import Site
from web_admin.compound.queries import person_by_id, site_by_id
from web_admin.core.database import current_menjin, request_session
from web_admin.core.refusal import ActionRefused
from web_admin.visitors.links import linked, renewed_text
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow
from web_admin.visitors.pass_states import pass_state
from web_admin.visitors.reach import reads_passes
from web_admin.visitors.uses import state_with_uses, uses_of
from web_admin.visitors.weekly import next_visit, pass_due, series_state, signed_for, visit_due
from web_admin.web.gate_sets import LONG_LIST, NamesInPasses
from web_admin.web.qr_picture import png_of, svg_of
from web_admin.web.wechat import in_wechat

bp = Blueprint("visitor_pass", __name__, url_prefix="/v")

SHOWS_CODE = ("live", "not_yet")


@dataclass(frozen=True, slots=True)
class Invitation:
    """Target of a link. `signed` is the pass to show now, None between the visits of a weekly one.

    `state`: not_yet, live, used, ended, withdrawn, or paused while the issuer may not invite.
    """

    site: Site
    row: VisitorPassRow | VisitorSeriesRow
    signed: VisitorPassRow | None
    state: str
    begins: datetime | None
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class PlanGate:
    """A gate of the plan: which ways a code is read there, and whether this pass opens it."""

    number: int
    name: str
    directions: tuple[str, ...]
    opens: bool


def _invitation(text: str) -> Invitation:
    """Return the invitation of an address; answer 404 unless it is one of ours."""
    menjin, session = current_menjin(), request_session()
    row = linked(session, menjin.sealer, text)
    if row is None:
        abort(404)
    site = site_by_id(session, row.site_id)
    return _once(site, row) if isinstance(row, VisitorPassRow) else _weekly(site, row)


def _once(site: Site, row: VisitorPassRow) -> Invitation:
    uses = uses_of(request_session(), [row.pass_id]).get(row.pass_id, []) if row.uses else []
    state = state_with_uses(row, uses, current_menjin().clock())
    signed = row if state in SHOWS_CODE and row.text else None
    return Invitation(site, row, signed, state, row.valid_from, row.valid_until)


def _weekly(site: Site, row: VisitorSeriesRow) -> Invitation:
    menjin, session = current_menjin(), request_session()
    now, zone = menjin.clock(), ZoneInfo(site.timezone)
    visit, running = next_visit(row, zone, now), visit_due(row, zone, now)
    begins, ends = (visit[1], visit[2]) if visit is not None else (None, None)
    due = signed_for(session, row.series_id, running[0]) if running is not None else None
    if running is not None and due is None:
        try:
            # A transaction of its own: this one only reads, and SQLite does not let a reader become a writer
            # once a gate has written in between.
            with menjin.database.session() as writing:
                act = new_action(menjin, writing, site.site_id, "visitor-page", "system", now=now)
                due = pass_due(act, row.series_id)
        except ActionRefused:
            return Invitation(site, row, None, "paused", begins, ends)
    state = pass_state(due, now) if due is not None else series_state(row, zone, now)
    return Invitation(site, row, due if state in SHOWS_CODE else None, state, begins, ends)


def _private(view: Callable[[str], Response]) -> Callable[[str], Response]:
    """Keep a visitor's page out of caches and search engines."""

    @wraps(view)
    def answered(text: str) -> Response:
        response = view(text)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return answered


@bp.get("/<text>")
@public
@_private
def show(text: str) -> Response:
    """Show the pass in this link, in the language that was asked for, else the browser's."""
    with _language():
        invitation = _invitation(text)
        site, signed = invitation.site, invitation.signed
        zone = ZoneInfo(site.timezone)
        names = NamesInPasses(site.site_id)
        plan = _plan(names, invitation.row)
        opened = [gate.name for gate in plan if gate.opens]
        return make_response(
            render_template(
                "resident/visitor_link.html",
                site=site,
                text=text,
                shown=invitation,
                row=invitation.row,
                weekly=isinstance(invitation.row, VisitorSeriesRow),
                plan=plan,
                opened_gates=_in_a_row(opened),
                long_list=LONG_LIST,
                opens_one=len(opened) == 1,
                zone=get_timezone_name(zone, locale=get_locale()),
                # Before it is live there is no copy that renews, and in WeChat the card below has the code.
                shows_frame=invitation.state == "live" or not in_wechat(),
                picture=svg_of(signed.text, gettext("Visitor pass")) if signed is not None else None,
            )
        )


@bp.errorhandler(NotFound)
def _leads_nowhere(error: NotFound) -> tuple[str, int] | NotFound:
    """Show a visitor with a truncated or expired link what to do; the front page is none of theirs."""
    note_refusal(404, "")
    if request.endpoint != "visitor_pass.show":
        return error
    with _language():
        return render_template("resident/visitor_link_none.html"), 404


@bp.get("/<text>/now")
@public
@_private
def now(text: str) -> Response:
    """Return the state of the pass and a copy for the next 45 seconds, null while there is none."""
    menjin = current_menjin()
    invitation = _invitation(text)
    copy = None
    if invitation.signed is not None:
        copy = renewed_text(request_session(), menjin.sealer, invitation.signed, menjin.clock())
    return make_response({"state": invitation.state, "text": copy})


@bp.get("/<text>/pass.png")
@public
@_private
def picture(text: str) -> Response:
    """Return the pass itself as a picture with its times, to be saved or sent on."""
    invitation = _invitation(text)
    signed = invitation.signed
    if signed is None:
        abort(404)
    zone = ZoneInfo(invitation.site.timezone)
    ends = (signed.valid_from, signed.valid_until)
    times = [moment.astimezone(zone).strftime("%Y-%m-%d %H:%M") for moment in ends]
    return Response(png_of(signed.text, times), mimetype="image/png")


def _language() -> AbstractContextManager[None]:
    wanted = request.args.get("language")
    chosen: AbstractContextManager[None] = force_locale(wanted) if wanted in LANGUAGES else nullcontext()
    return chosen


def _in_a_row(gates: list[str]) -> str:
    """Return the names of few gates, the number of many: the plan below has them all."""
    if len(gates) > LONG_LIST:
        return str(ngettext("%(num)d gate", "%(num)d gates", len(gates)))
    return str(gettext(", ")).join(gates)


def _plan(names: NamesInPasses, row: VisitorPassRow | VisitorSeriesRow) -> list[PlanGate]:
    """Return the gates of the compound, of many those alone that the pass opens.

    A gate opens for a pass where it reads codes and its issuer may pass there.
    """
    plan: list[PlanGate] = []
    issuer = row.issuer_person_id and person_by_id(request_session(), row.issuer_person_id)
    own = None if not issuer else {lane_id for grant in issuer.grants for lane_id in grant.lanes}
    opened = [
        gate
        for gate in names.opened(row.gate_numbers)
        if reads_passes(gate) and (own is None or any(lane.lane_id in own for lane in gate.lanes))
    ]
    for gate in names.gates if len(names.gates) <= LONG_LIST else opened:
        read = {lane.direction for lane in gate.lanes if Method.QR in lane.methods}
        directions = tuple(word for word in ("in", "out") if word in read)
        plan.append(PlanGate(gate.number, gate.name, directions, gate in opened))
    return plan
