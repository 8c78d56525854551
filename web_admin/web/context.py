"""Shared context of manager pages: the site, the action's actor, forms from their action to their answer."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal, TypeVar

from flask import abort, flash, g, render_template, request
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import Field, FieldList, FormField

from web_admin.accounts.permissions import role_names
from web_admin.action.base import Action, new_action
from web_admin.action.lock_outs import FIELD, LockOutRefused
from web_admin.compound.models import CredentialRow, Gate, Lane
from web_admin.core.database import (
    DatabaseSession,
    current_menjin,
    request_session,
    undo_and_read_on,
    undo_request_session,
)
from web_admin.core.orm import Base
from web_admin.core.parameters import makes_sense
from web_admin.core.refusal import ActionRefused
from web_admin.gates.models import PairAttempt
from web_admin.settings.models import SiteLook
from web_admin.settings.queries import the_look
from web_admin.web.comparison_turns import NoTurn, refuse_without_turn
from web_admin.web.for_good import ForGood
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.later import (
    CANNOT_WAIT,
    asked_begin,
    is_timed,
    may_begin_later,
    note_done,
    refuse_if_over,
    running_act,
)
from web_admin.web.page import Page
from web_admin.web.preview import held_back, say_effects
from web_admin.web.rehearsal import NotingEffects, comparing_apart, effects_of_request, keep_comparison
from web_admin.web.send_once import done_before
from web_admin.web.site import current_site, request_now, site_zone
from web_admin.web.undo import keep_changes, values_before

Row = TypeVar("Row", bound=Base)
Result = TypeVar("Result")
Preview = Literal["first", "after", "named"]
"""Where an act says what it takes from people: `submit`."""


def own_look() -> SiteLook:
    """Return the site's own look, an empty one where it has none or is not set up."""
    if "menjin_look" not in g:
        look = the_look(request_session())
        g.menjin_look = look or SiteLook(office_contact="", accent=None, logo_svg=None)
    found: SiteLook = g.menjin_look
    return found


def actor_id() -> str:
    """Return the id under which journals name the signed-in account."""
    return f"staff-{current_user.id}"


def current_action(channel: Literal["manager", "desk"] = "manager") -> Action:
    """Return who does what, when, for the domain's actions."""
    act = new_action(
        replace(current_menjin(), effects=effects_of_request()),
        request_session(),
        current_site().site_id,
        actor_id(),
        channel,
        now=request_now(),
        role=next(iter(role_names()), ""),
    )
    return replace(act, because=request.form.get(FIELD, ""))


def site_id_of(session: DatabaseSession, row: Base) -> str:
    """Return whose compound a row is: its own site's or that of what it belongs to.

    Raises TypeError for a table that says neither: it would be shown to anyone who knows an id.
    """
    if isinstance(row, Lane):
        return row.gate.site_id
    if isinstance(row, CredentialRow):
        return row.person.site_id
    if isinstance(row, PairAttempt):
        return session.get_one(Gate, row.gate_id).site_id
    site_id: object = getattr(row, "site_id", None)
    if not isinstance(site_id, str):
        raise TypeError(f"nothing says whose a row of {type(row).__name__} is")
    return site_id


def row_of_site(session: DatabaseSession, kind: type[Row], key: str) -> Row | None:
    """Return a row of this site; None where there is none or it is another site's."""
    row = session.get(kind, key)
    return row if row is not None and site_id_of(session, row) == current_site().site_id else None


def get_or_404(session: DatabaseSession, kind: type[Row], key: str) -> Row:
    """Return a row of this site, or answer 404."""
    row = row_of_site(session, kind, key)
    if row is None:
        abort(404)
    return row


def submit(
    form: FlaskForm,
    action: Callable[[Action], Result],
    *,
    back: Response,
    saved: str | Callable[[Result], str | None] = "",
    then: Callable[[Result], Page] | None = None,
    preview: Preview = "first",
    trial: Callable[[Action], object] | None = None,
    for_good: Callable[[Action], ForGood | None] | None = None,
) -> Page | None:
    """Run the action of a form that was sent and lead on; return None where the form is to be shown.

    That is a form that was not sent, or one that was refused: then the reasons are beside its fields, and
    what the action had begun is undone. A form that was already sent does nothing: the page says so, and
    leads back. `saved` is the sentence after the action, or a function of the result that returns or shows
    one; `then` makes the answer from the result where that is not `back`.

    An action that takes something from someone is undone, and the answer is the page of what it takes, from
    which one press goes on (`preview.py`). `preview` says where that is so: "first"; "after" for what cannot
    wait, which is done, stored and then says what it took; "named" where the form's own page has named it.
    `trial` does in place of a long action what it may take, and is always undone; one that is to begin later
    is stored after it. `for_good` returns what follows from an act that ends something, None where this one
    ends nothing: it is read first, whatever it takes.
    """
    if not form.validate_on_submit():
        return None

    def run(noting: NotingEffects) -> Page | None:
        return _submitted(form, action, noting, back, saved, then, preview, trial, for_good)

    account = actor_id() if running_act() is None else None
    try:
        if preview == "first":
            refuse_without_turn(account)
        return comparing_apart(run, account, is_urgent=preview == "after")
    except NoTurn as refusal:
        undo_and_read_on()
        show_refusal(form, refusal)
        return None


def _submitted(
    form: FlaskForm,
    action: Callable[[Action], Result],
    noting: NotingEffects,
    back: Response,
    saved: str | Callable[[Result], str | None],
    then: Callable[[Result], Page] | None,
    preview: Preview,
    trial: Callable[[Action], object] | None,
    for_good: Callable[[Action], ForGood | None] | None,
) -> Page | None:
    """Run the action of a form as `submit` does; raise ComparedApart where it is to be run again."""
    act = current_action()
    if isinstance(form, OnceForm) and done_before(act, form, category="info"):
        with suppress(ActionRefused):  # the press that did it has said so
            note_done(act)
        return back
    begins_at: datetime | None = None
    ends: ForGood | None = None
    try:
        refuse_if_over(act)
        if preview == "first":
            begins_at = asked_begin()
        # What begins later is worked out as of its begin, and undone.
        then_act = act if begins_at is None else replace(act, now=begins_at)
        ends = for_good(then_act) if for_good is not None and preview == "first" else None
        before = None if preview == "after" else values_before(act)
        if trial is not None and (page := _tried(trial, then_act, form, noting, back, begins_at)) is not None:
            return page
        result = _whole(action, then_act, noting)
        if preview == "first" and trial is None:
            page = held_back(act, form, noting, back, begins_at, ends=ends)
            if page is not None:
                return page
    except ActionRefused as refusal:
        if isinstance(refusal, LockOutRefused) and refusal.reasons:
            return held_back(act, form, noting, back, begins_at, refusal, ends=ends)
        show_refusal(form, refusal)
        return None
    try:
        note_done(act)
    except ActionRefused as refusal:
        undo_request_session()
        show_refusal(form, refusal)
        return None
    keep_changes(act, before)
    if preview == "after":
        say_effects(noting)
        if may_begin_later() and is_timed():
            flash(str(CANNOT_WAIT), "info")
    sentence = saved if isinstance(saved, str) else saved(result)
    if sentence:
        flash(sentence, "success")
    return back if then is None else then(result)


def _whole(action: Callable[[Action], Result], act: Action, noting: NotingEffects) -> Result:
    """Do an action or nothing of it; what it would do is compared where it has to give a reason."""
    with act.session.begin_nested():
        try:
            return action(act)
        except LockOutRefused as refusal:
            if refusal.reasons:
                keep_comparison(noting, act.site_id, act.now)
            raise


def _tried(
    trial: Callable[[Action], object],
    act: Action,
    form: FlaskForm,
    noting: NotingEffects,
    back: Response,
    begins_at: datetime | None,
) -> Page | None:
    """Do what stands for a long action and undo it; return the page of what it takes, None for nothing."""
    nested = act.session.begin_nested()
    try:
        trial(act)
        return held_back(act, form, noting, back, begins_at, is_trial=True)
    finally:
        if nested.is_active:
            nested.rollback()


def press(
    action: Callable[[Action], Result],
    *,
    back: Response,
    saved: str | Callable[[Result], str | None] = "",
    then: Callable[[Result], Page] | None = None,
    form: FlaskForm | None = None,
    refused: Response | None = None,
    preview: Preview = "first",
    for_good: Callable[[Action], ForGood | None] | None = None,
) -> Page:
    """Run the action of a button as `submit` does; a refusal is shown on the page that it leads back to."""
    form = form or AgainForm()
    answer = submit(form, action, back=back, saved=saved, then=then, preview=preview, for_good=for_good)
    if answer is not None:
        return answer
    for error in form.form_errors:
        flash(str(error), "danger")
    return refused or back


def form_page(template: str, form: FlaskForm, **shown: object) -> Page:
    """Return the page of a form, with 422 where it was sent: only a refused form is shown again."""
    page = render_template(template, form=form, **shown)
    return (page, 422) if form.is_submitted() else page


def show_refusal(form: FlaskForm, refusal: ActionRefused) -> None:
    """Write a refusal beside the field it names, or above the form."""
    field = form._fields.get(refusal.field or "") or _within(form, refusal.field or "")
    while isinstance(field, FormField):
        field = next(iter(field))  # a group has no place of its own for errors
    if field is None:
        form.form_errors.append(refusal.message)
    else:
        field.errors = [*field.errors, refusal.message]


def _within(form: Iterable[Field], name: str) -> Field | None:
    """Return a field inside the groups and lists of a form by its whole name."""
    for field in form:
        if field.name == name:
            return field
        if isinstance(field, (FormField, FieldList)):
            found = _within(field, name)
            if found is not None:
                return found
    return None


def typed(field: Field) -> str:
    """Return the typed text of a field, "" for nothing."""
    return str(field.data or "")


def local_text(moment: datetime) -> str:
    """Return an instant as the site's wall clock, for a form's date and time field."""
    return moment.astimezone(site_zone()).strftime("%Y-%m-%dT%H:%M")


def from_local(naive: datetime | None) -> datetime | None:
    """Return the instant of a form's wall-clock time at the site; answer 400 to a year that no one means."""
    if naive is not None and not makes_sense(naive):
        abort(400)
    return naive.replace(tzinfo=site_zone()).astimezone(UTC) if naive is not None else None
