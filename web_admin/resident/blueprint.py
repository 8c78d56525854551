"""The residents' blueprint: the actor, refusals, and the context of every template."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response

from web_admin.accounts.permissions import RESIDENT, access_of, public
from web_admin.action.base import Action
from web_admin.action.phone_verification import refuse_recovered_phone, refuse_unverified_phone
from web_admin.compound.models import Person, Site
from web_admin.compound.queries import site_by_id
from web_admin.core.database import request_session
from web_admin.core.refusal import ActionRefused
from web_admin.desk.models import HOME_PIN
from web_admin.web.context import actor_id
from web_admin.web.desk_session import (
    AT_THE_DESK,
    current_visit,
    is_page_of_visit,
    minutes_left,
    served_now,
    time_left,
    touch_visit,
)
from web_admin.web.language import page_language
from web_admin.web.page import to
from web_admin.web.resident_session import act_of, current_person
from web_admin.web.send_once import once_token
from web_admin.web.times import date_name, day, moment
from web_admin.web.wechat import in_wechat

bp = Blueprint("resident", __name__, url_prefix="/r")

LARGE_TYPE = "large_type"
SAFE_BACK = re.compile(r"/[rv](/[A-Za-z0-9_-]+)*/?")
"""Pages of ours to go back to; nothing that a browser could take for another place."""

_PAGE_AFTER_REFUSAL: Mapping[str, str] = {
    "give_face": "resident.face",
    "withdraw_face_now": "resident.face",
    "refuse_face": "resident.another_way",
    "answer_as_guardian": "resident.ways_in",
    "withdraw_visitor_pass": "resident.visitors",
    "withdraw_weekly_pass": "resident.visitors",
    "end_visitor_code": "resident.visitors",
    **dict.fromkeys(
        ("home_code_again", "end_at_home", "home_pin", "home_card", "agree_at_home", "take_back_at_home"),
        "resident.my_home",
    ),
    "answer_review": "resident.home_review",
    **dict.fromkeys(("add_push_phone", "choose_push_kinds", "remove_push_phone"), "resident.messages"),
    "take_request_back": "resident.requests",
}


def signed_in() -> tuple[Person, Action]:
    """Return who is signed in and the action they begin now, from their phone or served at the desk."""
    person = current_person(request_session())
    served = served_now()
    if served is None:
        return person, act_of(person)
    return person, replace(act_of(person), actor_id=actor_id(), channel="desk", served=served)


def site_of(person: Person) -> Site:
    return site_by_id(request_session(), person.site_id)


@bp.before_request
def _keep_the_visit_apart() -> tuple[str, int] | None:
    """At the desk, refuse what only works on the own phone, and forms that were shown to another person."""
    visit = current_visit()
    endpoint = (request.endpoint or "").rpartition(".")[2]
    if visit is None or access_of(current_app, request.endpoint or "") != (RESIDENT, ""):
        return None
    touch_visit()
    person = current_person(request_session())
    if endpoint not in AT_THE_DESK:
        page = render_template(
            "resident/on_own_phone.html", person=person, site=site_of(person), about=endpoint, tab="ways_in"
        )
        return page, 403
    if request.method == "POST" and not is_page_of_visit():
        return render_template("resident/other_visit.html", person=person, site=site_of(person)), 409
    return None


RECORD_PATHS = ("/r/records", "/r/certificates", "/r/guardian", "/r/requests")
"""Pages that show what is recorded about a person, or what only they may decide."""

OBJECTION_PATH = "/r/requests/new/objection"
"""Shows no record: who is kept out, and can show neither card nor PIN at a gate, objects all the same."""

NAMING_PATHS = ("/r/visitors", "/r/home")
"""Pages that name others: who visits and who lives there."""


@bp.before_request
def _keep_records_from_unproved_visits() -> None:
    """Refuse these pages to a phone that an invitation opened, until its person showed their card or PIN.

    At the desk they are refused to a visit that was opened with a PIN which others of the home know.
    """
    visit = current_visit()
    if visit is None and getattr(current_user, "person_id", None) is None:
        return
    if request.path.startswith(RECORD_PATHS) and request.path != OBJECTION_PATH:
        person, act = signed_in()
        refuse_unverified_phone(act, person)
        if visit is not None and visit.opened_by == HOME_PIN:
            raise ActionRefused(
                None,
                _l(
                    "Your home gave you this PIN, so others may know it. To see your records, use "
                    "your card or your own PIN."
                ),
            )
    elif request.path.startswith(NAMING_PATHS):
        person, act = signed_in()
        refuse_recovered_phone(act, person)


@bp.errorhandler(ActionRefused)
def _say_refusal(refused: ActionRefused) -> Response:
    request_session().rollback()
    flash(str(refused.message), "refused")
    name = (request.endpoint or "").rpartition(".")[2]
    return to(_PAGE_AFTER_REFUSAL.get(name, "resident.ways_in"))


@bp.after_request
def _never_keep(response: Any) -> Any:
    """Keep personal pages out of every cache; the offline shell says otherwise for itself."""
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    if current_visit() is not None:
        # Also without scripts, what is on the screen goes when the visit does.
        seconds = max(1, int(time_left() / timedelta(seconds=1)))
        response.headers["Refresh"] = f"{seconds}; url={url_for('desk.show', over=1)}"
    return response


def unbroken(number: str) -> str:
    """Return a home's number with hyphens at which no line breaks."""
    return number.replace("-", "\N{NON-BREAKING HYPHEN}")


bp.add_app_template_filter(moment, "moment")
bp.add_app_template_filter(day, "day")
bp.add_app_template_filter(date_name, "date_name")
bp.add_app_template_filter(unbroken, "unbroken")


@bp.app_context_processor
def _look() -> dict[str, object]:
    language = page_language()
    return {
        "page_language": language,
        "page_language_tag": language.html_tag,
        "desk_visit": current_visit,
        "desk_minutes_left": minutes_left,
        "large_type": session.get(LARGE_TYPE) is True,
        "in_wechat": in_wechat,
        "once_token": once_token,
    }


@bp.post("/large-type")
@public
def switch_large_type() -> Response:
    """Keep large type on or off in this browser, and go back to where it was switched."""
    session[LARGE_TYPE] = request.form.get("on") == "1"
    session.permanent = True
    back = request.form.get("next", "")
    return redirect(back if SAFE_BACK.fullmatch(back) else url_for("resident.ways_in"), code=303)
