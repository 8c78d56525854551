"""Pages of acts on several people: preview by name, the act, its result, and its undo."""

import json
from collections.abc import Mapping
from functools import partial

from flask import Blueprint, abort, flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.wrappers import Response
from wtforms import SelectField

from web_admin.accounts.names import shown_names
from web_admin.accounts.permissions import allowed, current_may
from web_admin.action.suspension_reasons import RULES
from web_admin.core.database import current_menjin, request_session
from web_admin.core.refusal import ActionRefused
from web_admin.gates.queries import hours_names
from web_admin.manage.bulk_choice import NEEDS, chosen_ids
from web_admin.manage.grant_form import GrantForm
from web_admin.people.actions import GrantSpec, new_grant
from web_admin.people.additions import hours_name, named_hours
from web_admin.people.bulk_actions import (
    OF_SEVERAL,
    BulkResult,
    grant_hours,
    invite_people,
    plan_act,
    suspend_people,
    undo_bulk_act,
)
from web_admin.people.bulk_queries import UNDO_FOR, bulk_act, candidates_of, may_be_undone, what_became
from web_admin.people.bulk_rules import UNDOABLE, BulkKind, Plan
from web_admin.people.invitations import INVITATION_HOURS
from web_admin.people.print_runs import INVITATIONS, PINS, begin_run_for
from web_admin.people.queries import wanted_of
from web_admin.web.context import current_action, press, show_refusal, submit, typed
from web_admin.web.fields import hours_options, lane_options, options
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.looked_for import sealed_text
from web_admin.web.page import Page, to
from web_admin.web.places import lane_names, site_lanes
from web_admin.web.send_once import made_once, once_token
from web_admin.web.silent_gates import say_saved
from web_admin.web.site import current_site, request_now, site_zone

bp = Blueprint("bulk", __name__, url_prefix="/manage/people/bulk")


class WhyForm(OnceForm):
    """Why several people are suspended; the reasons that need a second account are not among them."""

    reason = SelectField(_l("Reason"), choices=options([(one.value, RULES[one].word) for one in OF_SEVERAL]))


@bp.route("", methods=["GET", "POST"])
@allowed("edit_people")
def preview() -> Page:
    """Show by name for whom an act is to be done and who is left out, and ask what the act needs."""
    if request.method != "POST":
        return _to_list()
    kind, people = _asked_kind(), chosen_ids()
    if kind is None:
        return _to_list()
    answers = request.form if request.form.get("step") == "hours" else None
    form, spec = _form_of(kind, answers), None
    form.once.data = once_token()  # the list, open in one window, may lead to several acts
    try:
        plan = plan_act(current_action(), kind, people)
    except ActionRefused as refusal:
        flash(str(refusal.message), "danger")
        return _to_list()
    if isinstance(form, GrantForm):
        if answers is None:
            return _page(kind, people, plan, form, asks_hours=True)
        spec = _checked_spec(form)
        if spec is None:
            return _page(kind, people, plan, form, asks_hours=True), 422
        plan = plan_act(current_action(), kind, people, spec)
    return _page(kind, people, plan, form, spec)


@bp.route("/do", methods=["GET", "POST"])
@allowed("edit_people")
def act() -> Page:
    """Do the act for those of the preview for whom it still is."""
    if request.method != "POST":
        return _to_list()
    kind, people = _asked_kind(), chosen_ids()
    if kind is None:
        return _to_list()
    form = _form_of(kind, request.form)
    answer = _acted(kind, form, people)
    if answer is not None:
        return answer
    asks_hours = isinstance(form, GrantForm) and bool(form.errors)  # what was chosen is gone meanwhile
    spec = form.spec() if isinstance(form, GrantForm) and not asks_hours else None
    try:
        plan = plan_act(current_action(), kind, people, spec)
    except ActionRefused as refusal:
        flash(str(refusal.message), "danger")
        return _to_list()
    return _page(kind, people, plan, form, spec, asks_hours=asks_hours), 422


@bp.get("/<int(max=2147483647):seq>")
@allowed("edit_people")
def show(seq: int) -> str:
    """Show an act on several people, what became of it for each, and whether it can be undone."""
    session, site_id, now = request_session(), current_site().site_id, request_now()
    past = bulk_act(session, site_id, seq)
    if past is None:
        abort(404)
    became = what_became(session, site_id, past, now)
    return render_template(
        "manage/bulk_done.html",
        past=past,
        people=candidates_of(session, site_id, past.things, now),
        became=became,
        may_be_undone=may_be_undone(past, became, now),
        left=sum(state == "in_force" for state in became.values()),
        undo_until=past.at + UNDO_FOR,
        by=shown_names(session, [past.actor_id]).get(past.actor_id, past.actor_id),
        button=AgainForm(formdata=None),
    )


@bp.post("/<int(max=2147483647):seq>/undo")
@allowed("edit_people")
def undo(seq: int) -> Page:
    """Undo an act for those for whom it is still in force."""
    past = bulk_act(request_session(), current_site().site_id, seq)
    if past is None:
        abort(404)
    if not current_may(NEEDS[past.kind]):
        abort(403)
    return press(
        lambda act: undo_bulk_act(act, seq),
        saved=partial(_say_undone, past.kind),
        back=to("bulk.show", seq=seq),
    )


def _say_undone(kind: str, count: int) -> None:
    done = ngettext("Undone for %(num)d person.", "Undone for %(num)d people.", count)
    if kind == "invite":
        flash(done, "success")
    else:
        say_saved(done)


# -- shared ----------------------------------------------------------------------------------------


def _asked_kind() -> BulkKind | None:
    """Return the act that the form asks for; None, and say so, where it names none of them."""
    kind = request.form.get("act", "")
    if kind not in NEEDS:
        flash(_("Choose what to do for these people."), "danger")
        return None
    if not current_may(NEEDS[kind]):
        abort(403)
    return kind


def _to_list() -> Response:
    wanted = wanted_of(request.form)
    return to(
        "people.show_list",
        find=sealed_text(wanted.text),
        building=wanted.building or None,
        kind=wanted.kind or None,
        state=wanted.state or None,
    )


def _form_of(kind: BulkKind, answers: Mapping[str, str] | None) -> OnceForm:
    if kind == "suspend":
        return WhyForm(answers)
    if kind != "hours":
        return AgainForm(answers)
    form = GrantForm(answers)
    form.lanes.choices = lane_options(site_lanes())
    form.hours_id.choices = hours_options(
        (row.hours_id, hours_name(row)) for row in named_hours(request_session(), current_site().site_id)
    )
    return form


def _checked_spec(form: GrantForm) -> GrantSpec | None:
    """Return the hours that were chosen; None where the form says what is wrong with them."""
    if not form.validate_on_submit():
        return None
    try:
        new_grant(current_action(), form.spec())
    except ActionRefused as refusal:
        show_refusal(form, refusal)
        return None
    return form.spec()


def _acted(kind: BulkKind, form: OnceForm, people: list[str]) -> Page | None:
    """Return the answer after the act; None where its form was refused."""
    if kind == "invite":
        return _invited(form, people)
    if kind in ("print_invitations", "print_pins"):
        of = INVITATIONS if kind == "print_invitations" else PINS
        return submit(
            form,
            lambda act: begin_run_for(act, of, people),
            back=_to_list(),
            then=lambda run: to("print_runs.show", run_id=run.run_id),
        )
    if isinstance(form, GrantForm):
        return submit(
            form,
            lambda act: grant_hours(act, people, form.spec()),
            back=_to_list(),
            then=partial(_done, kind),
        )
    return submit(
        form,
        lambda act: suspend_people(act, people, typed(form.reason)),
        back=_to_list(),
        then=partial(_done, kind),
    )


def _invited(form: OnceForm, people: list[str]) -> Page | None:
    """Return the page of the codes, the same for a form that was sent twice; None where it was refused."""
    if not form.validate_on_submit():
        return None
    act = current_action()
    try:
        with act.session.begin_nested():
            made = made_once(act, "people", lambda: _codes(invite_people(act, people)))
    except ActionRefused as refusal:
        show_refusal(form, refusal)
        return None
    return _codes_page(*json.loads(made)) if made is not None else _to_list()


def _codes(done: BulkResult) -> str:
    return json.dumps([done.seq, dict(done.codes)])


def _page(
    kind: BulkKind,
    people: list[str],
    plan: Plan,
    form: OnceForm,
    spec: GrantSpec | None = None,
    *,
    asks_hours: bool = False,
) -> str:
    return render_template(
        "manage/bulk_preview.html",
        kind=kind,
        plan=plan,
        form=form,
        spec=spec,
        asks_hours=asks_hours,
        people=people,
        wanted=wanted_of(request.form),
        undoable=UNDOABLE[kind],
        undo_hours=int(UNDO_FOR.total_seconds() // 3600),
        hours=hours_names(request_session(), current_site().site_id),
        lanes=lane_names(),
        local=lambda moment: moment.astimezone(site_zone()).strftime("%Y-%m-%dT%H:%M") if moment else "",
        invitation_hours=INVITATION_HOURS,
    )


def _done(kind: BulkKind, done: BulkResult) -> Response:
    if kind == "suspend":
        say_saved(ngettext("%(num)d person is suspended.", "%(num)d people are suspended.", done.count))
    else:
        say_saved(ngettext("%(num)d person has new hours.", "%(num)d people have new hours.", done.count))
    return to("bulk.show", seq=done.seq)


def _codes_page(seq: int, codes: dict[str, str]) -> str:
    address = current_menjin().config.public_url.rstrip("/")
    people = candidates_of(request_session(), current_site().site_id, codes, request_now())
    return render_template(
        "manage/bulk_codes.html",
        seq=seq,
        people=people,
        codes=codes,
        links={
            person_id: address + url_for("resident.welcome", code=code) for person_id, code in codes.items()
        },
        hours=INVITATION_HOURS,
    )
