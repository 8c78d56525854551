"""Page of the own home: who lives and helps there, who is invited; it never shows passages."""

from collections.abc import Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from flask import render_template, request

from web_admin.access_review.queries import waits_for_person
from web_admin.action.base import Action
from web_admin.calls.missed import count_new
from web_admin.calls.reach import is_called
from web_admin.compound.age_bands import ADULT
from web_admin.compound.models import Person
from web_admin.compound.queries import known_person
from web_admin.core.database import current_menjin
from web_admin.core.refusal import ActionRefused
from web_admin.people.at_home import people_at_home
from web_admin.people.home_helpers import add_helper
from web_admin.people.members import add_child, invite_member
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.resident.home_forms import code_page, typed_times, wanted_lanes
from web_admin.visitors.reach import gates_open_to
from web_admin.web.agreement_text import agreement_text
from web_admin.web.gate_sets import LONG_LIST, offered_gates
from web_admin.web.language import page_language
from web_admin.web.page import Page, to
from web_admin.web.resident_session import resident_required
from web_admin.web.send_once import done_before, made_once
from web_admin.web.typed_times import day_of

HELPER_WEEKS = 13
"""How long a helper comes unless another end is typed."""


def _page(person: Person, act: Action, *, errors: Mapping[str, Mapping[str, str]] | None = None) -> str:
    people = people_at_home(act, person.home_id) if person.home_id is not None else []
    local_today = act.now.astimezone(ZoneInfo(site_of(person).timezone)).date()
    gates = gates_open_to(act.session, person, act.now)
    return render_template(
        "resident/my_home.html",
        person=person,
        site=site_of(person),
        lives_here=person.kind == "resident" and person.home_id is not None,
        may_add=person.kind == "resident" and person.home_id is not None and person.age_band == ADULT,
        members=[one for one in people if one.person.kind == "resident"],
        helpers=[one for one in people if one.person.kind == "helper"],
        gates=gates,
        offered=offered_gates(person, gates),
        long_list=LONG_LIST,
        waits=bool(current_menjin().config.new_members_wait),
        is_called_helper=person.kind == "helper" and is_called(act.session, person),
        missed_calls=count_new(act.session, person, act.now),
        review_asks=waits_for_person(act.session, act.site_id, person),
        form=request.form,
        agreement_text=agreement_text(),
        errors=errors or {},
        today=local_today.isoformat(),
        usual_end=(local_today + timedelta(weeks=HELPER_WEEKS)).isoformat(),
        tab="my_home",
    )


@bp.get("/home")
@resident_required
def my_home() -> str:
    """Show who lives and helps here."""
    person, act = signed_in()
    return _page(person, act)


def _refused(form: str, refused: ActionRefused, act: Action) -> tuple[str, int]:
    """Show the page again with the refusal beside its field and everything that was typed."""
    field, message = refused.field or "display_name", str(refused.message)
    act.session.rollback()
    person, act = signed_in()
    return _page(person, act, errors={form: {field: message}}), 422


@bp.post("/home/members")
@resident_required
def invite_to_home() -> Page:
    """Invite someone of 14 or older, and show their code this one time."""
    person, act = signed_in()

    def invite() -> str:
        invited, code = invite_member(
            act,
            person.person_id,
            display_name=request.form.get("display_name", ""),
            age_band=request.form.get("age_band", ""),
            language=page_language(),
            waits=bool(current_menjin().config.new_members_wait),
        )
        return f"{invited.person_id} {code}"

    try:
        made = made_once(act, person.person_id, invite)
    except ActionRefused as refused:
        return _refused("member", refused, act)
    if made is None:
        return to("resident.my_home")
    invited_id, _space, code = made.partition(" ")
    return code_page(person, known_person(act.session, invited_id), code)


@bp.post("/home/children")
@resident_required
def add_child_to_home() -> Page:
    """Add a child under 14 with this guardian's agreement."""
    person, act = signed_in()
    if done_before(act):
        return to("resident.my_home")
    try:
        child = add_child(
            act,
            person.person_id,
            display_name=request.form.get("display_name", ""),
            until=day_of("until") if request.form.get("until") else None,
            agrees_to=agreement_text() if request.form.get("agrees") == "yes" else None,
            language=page_language(),
            waits=bool(current_menjin().config.new_members_wait),
        )
    except ActionRefused as refused:
        return _refused("child", refused, act)
    return to("resident.at_home", person_id=child.person_id)


@bp.post("/home/helpers")
@resident_required
def add_helper_to_home() -> Page:
    """Add a helper with gates, hours and an end."""
    person, act = signed_in()
    if done_before(act):
        return to("resident.my_home")
    try:
        helper = add_helper(
            act,
            person.person_id,
            display_name=request.form.get("display_name", ""),
            lanes=wanted_lanes(person, act),
            times=typed_times(),
            language=page_language(),
        )
    except ActionRefused as refused:
        return _refused("helper", refused, act)
    return to("resident.at_home", person_id=helper.person_id)
