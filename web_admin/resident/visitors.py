"""Pages of the own visitors: passes, their state and uses, and withdrawal."""

from flask import abort, flash, render_template
from flask_babel import gettext

from gate_controller.contract.records import CredentialKind
from web_admin.compound.models import Person
from web_admin.core.database import request_session
from web_admin.credentials.actions import end_credential
from web_admin.resident.ask_first import asks_first
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.resident.own_visitors import _shown_pass, own_pass, shown_series
from web_admin.resident.own_ways import own_credential
from web_admin.visitors.actions import withdraw_pass
from web_admin.visitors.models import VisitorSeriesRow
from web_admin.visitors.queries import one_series_of
from web_admin.visitors.uses import uses_of
from web_admin.visitors.weekly import withdraw_series
from web_admin.web.gate_sets import NamesInPasses
from web_admin.web.links import pass_link
from web_admin.web.page import Page, to
from web_admin.web.qr_picture import svg_of
from web_admin.web.resident_session import resident_required


def _own_weekly(person: Person, series_id: str) -> VisitorSeriesRow:
    row = one_series_of(request_session(), person.person_id, series_id)
    if row is None:
        abort(404)
    return row


@bp.get("/visitors/<pass_id>")
@resident_required
def visitor_pass_page(pass_id: str) -> str:
    """Show one pass with its code, its link and where it was used."""
    person, act = signed_in()
    row = own_pass(person, pass_id)
    uses = uses_of(act.session, [pass_id]).get(pass_id, [])
    return render_template(
        "resident/visitor_pass.html",
        person=person,
        site=site_of(person),
        shown=_shown_pass(row, act, NamesInPasses(person.site_id), uses),
        picture=svg_of(row.text, gettext("Visitor pass")),
        link=pass_link(row),
        tab="visitors",
    )


@bp.post("/visitors/<pass_id>/withdraw")
@resident_required
def withdraw_visitor_pass(pass_id: str) -> Page:
    person, act = signed_in()
    row = own_pass(person, pass_id)
    asked = asks_first(
        gettext("Withdraw this pass?"),
        gettext("The code and the link of “%(label)s” open nothing any more.", label=row.label),
        gettext("Withdraw it"),
        to("resident.visitor_pass_page", pass_id=pass_id).location,
    )
    if asked is not None:
        return asked
    withdraw_pass(act, row.pass_id)
    flash(gettext("The pass is withdrawn. Gates that are online refuse it within seconds."), "done")
    return to("resident.visitors")


@bp.get("/visitors/weekly/<series_id>")
@resident_required
def weekly_pass_page(series_id: str) -> str:
    """Show a weekly pass with its link, its next visit and where it was used."""
    person, act = signed_in()
    (shown,) = shown_series([_own_weekly(person, series_id)], person, act)
    return render_template(
        "resident/visitor_weekly.html",
        person=person,
        site=site_of(person),
        shown=shown,
        link=pass_link(shown.row),
        tab="visitors",
    )


@bp.post("/visitors/weekly/<series_id>/withdraw")
@resident_required
def withdraw_weekly_pass(series_id: str) -> Page:
    """Take a weekly pass back, with all its visits."""
    person, act = signed_in()
    row = _own_weekly(person, series_id)
    asked = asks_first(
        gettext("Withdraw this pass?"),
        gettext("All visits of “%(label)s” end: the link opens nothing any more.", label=row.label),
        gettext("Withdraw it"),
        to("resident.weekly_pass_page", series_id=series_id).location,
    )
    if asked is not None:
        return asked
    withdraw_series(act, row.series_id)
    flash(gettext("The pass is withdrawn. Gates that are online refuse it within seconds."), "done")
    return to("resident.visitors")


@bp.post("/visitors/codes/<credential_id>/end")
@resident_required
def end_visitor_code(credential_id: str) -> Page:
    person, act = signed_in()
    row = own_credential(person, credential_id, CredentialKind.VISITOR_CODE)
    asked = asks_first(
        gettext("Withdraw this code?"),
        gettext("The visitor code opens nothing any more."),
        gettext("Withdraw it"),
        to("resident.visitors").location,
    )
    if asked is not None:
        return asked
    end_credential(act, row.credential_id, "withdrawn by its host")
    flash(gettext("The visitor code opens nothing any more."), "done")
    return to("resident.visitors")
