"""Hold an act of the office back where it takes something from someone, until a person has read what.

The form's fields travel in the page with a signed mark of what was shown. When they come back, the act goes
on if it would change the same and nothing that it concerns has moved; otherwise the page is shown again.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from flask import current_app, flash, render_template, request
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.wrappers import Response

from gate_controller.contract.languages import LANGUAGES
from web_admin.access.patterns import ALWAYS
from web_admin.access.sent import Sent
from web_admin.accounts.permissions import current_may
from web_admin.action.base import Action
from web_admin.action.lock_outs import FIELD, LockOutRefused
from web_admin.core.database import undo_and_read_on, undo_request_session
from web_admin.core.refusal import ActionRefused
from web_admin.later.rules import Loss, takes_more
from web_admin.web.comparison_turns import NoTurn, turn_to_compare
from web_admin.web.consequences import SHOWN, Foreseen, Line, Week, foresee, heading, lines_of, losses_of
from web_admin.web.for_good import ForGood
from web_admin.web.forms import AgainForm
from web_admin.web.later import (
    PLANNED_FIELD,
    SHOWN_FIELD,
    WORD_FIELD,
    is_looked_at,
    may_begin_later,
    plan,
    running_act,
    sent_fields,
)
from web_admin.web.lock_out import ask_why
from web_admin.web.page import Page, to
from web_admin.web.places import site_gates
from web_admin.web.rehearsal import NotingEffects, store_and_compare, store_first, with_and_without
from web_admin.web.send_once import planned_before
from web_admin.web.silent_gates import gates_that_wait
from web_admin.web.site import current_site, request_now, site_zone
from web_admin.web.times import local_time

SHOWN_FOR = timedelta(hours=1)
SAID_AFTER = 2
"""Sentences that the next page has of an act that could not wait; they travel in a cookie."""

_log = logging.getLogger(__name__)


class _Mark(NamedTuple):
    """A mark of what was shown, to whom and when."""

    digest: str
    at: float


class _Shown(NamedTuple):
    """The sentences of one week, as many as a page has at once, and the others."""

    heading: str
    lines: Sequence[Line]
    others: Sequence[Line]


def held_back(
    act: Action,
    form: FlaskForm,
    noting: NotingEffects,
    back: Response,
    begins_at: datetime | None = None,
    refusal: LockOutRefused | None = None,
    *,
    is_trial: bool = False,
    ends: ForGood | None = None,
) -> Page | None:
    """Undo an action that takes something from people, and return the page of it; None where it may go on.

    So is one that ends something (`for_good.py`), whether or not gates are sent anything.

    One that is to begin later is undone as well, once it was read, and stored as it was sent.
    `refusal` is of an action that keeps residents out and was compared before it was undone
    (`keep_comparison`): the page asks for a reason as well. A trial need not have published anything: what it
    stands for may only give.
    """
    if not noting.has_published and refusal is None and (ends is None or begins_at is not None):
        if begins_at is None:
            return None
        if is_trial:
            return _planned(act, form, {}, (), begins_at)
        undo_request_session()
        raise ActionRefused(None, _l("Only what changes who may pass can begin later."))
    now = request_now()
    comparison = with_and_without(noting, current_site().site_id, begins_at or now)
    foreseen = foresee(comparison)
    run = running_act()
    if run is not None:
        now_taken = losses_of(comparison, foreseen)
        run.takes_more = refusal is not None or takes_more(run.act.sent.losses, now_taken)
        return _undone(back) if run.takes_more else None
    digest = _digest(comparison.before, foreseen, ends)
    was_read, why_again = _read_before(digest, now)
    if was_read and ends is not None and not ends.has_its_word():
        was_read, why_again = False, str(_("Nothing was done: type the word “%(word)s”.", word=ends.word))
    is_to_be_read = foreseen.is_to_be_read or ends is not None or (is_looked_at() and not is_trial)
    if refusal is None and (was_read or not is_to_be_read):
        if begins_at is None:
            return None
        return _planned(act, form, _sentences(foreseen), losses_of(comparison, foreseen), begins_at)
    shown = [_shown(foreseen, week, begins_at) for week in foreseen.weeks]
    undo_and_read_on()
    page = render_template(
        "manage/act_preview.html",
        form=form,
        why=None if refusal is None else ask_why(refusal),
        shown=shown,
        ends=ends,
        word_field=WORD_FIELD,
        never=foreseen.never,
        gates_that_wait=gates_that_wait(site_gates() if noting.has_published else ()),
        fields=[one for one in sent_fields() if refusal is None or one[0] != FIELD],
        planned_act=request.form.get(PLANNED_FIELD),
        may_begin_later=may_begin_later(),
        begins_at=begins_at,
        begins_as_typed=_as_typed(begins_at),
        button=AgainForm(formdata=None),
        mark_field=SHOWN_FIELD,
        mark=_serializer().dumps(_Mark(digest, now.timestamp())),
        why_again=why_again if refusal is None else None,
        action=request.full_path.rstrip("?"),
        back=back.location,
    )
    return page if refusal is None else (page, 422)


def _as_typed(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(site_zone()).strftime("%Y-%m-%dT%H:%M")


def _undone(back: Response) -> Response:
    undo_request_session()
    return back


def _planned(
    act: Action,
    form: FlaskForm,
    sentences: Mapping[str, tuple[str, ...]],
    losses: tuple[Loss, ...],
    begins_at: datetime,
) -> Response:
    undo_request_session()
    if not planned_before(act, form):
        plan(act, begins_at, losses, sentences)
        flash(_("Planned. It begins %(when)s.", when=local_time(begins_at)), "success")
    return to("later.show_list")


def _sentences(foreseen: Foreseen) -> Mapping[str, tuple[str, ...]]:
    """Return by language what the list says of it: others read it."""
    sentences = {}
    for language in LANGUAGES:
        with force_locale(language):
            lines = [
                line.text for week in foreseen.weeks for line in lines_of(foreseen, week, names_people=False)
            ]
            sentences[language] = tuple(lines[:SHOWN])
    return sentences


def _read_before(digest: str, now: datetime) -> tuple[bool, str | None]:
    """Return whether just this was read within the hour, and why it is shown again where it was not."""
    sent_back = request.form.get(SHOWN_FIELD)
    if not sent_back:
        return False, None
    mark = _read_mark(sent_back)
    is_fresh = mark is not None and now - datetime.fromtimestamp(mark.at, now.tzinfo) < SHOWN_FOR
    was_read = mark is not None and is_fresh and mark.digest == digest
    return was_read, None if was_read else _why_again(is_fresh=is_fresh)


def _why_again(*, is_fresh: bool) -> str:
    if is_fresh:
        return str(_("Something changed since you saw this. Nothing was done; this is what it does now."))
    return str(_("This was open for more than an hour. Nothing was done; this is what it does now."))


def _shown(foreseen: Foreseen, week: Week, begins_at: datetime | None) -> _Shown:
    lines = lines_of(foreseen, week, names_people=current_may("see_people"))
    return _Shown(heading(week, is_planned=begins_at is not None), lines[:SHOWN], lines[SHOWN:])


def store(noting: NotingEffects) -> None:
    """Store what this request did, an act that cannot wait, and show nothing of what it changed."""
    with store_first(noting, current_site().site_id):
        pass


def say_effects(noting: NotingEffects) -> None:
    """Store what this request did, an act that cannot wait, and show on the next page what it changed.

    Where that cannot be worked out, the act is in effect all the same.
    """
    if not noting.has_published:
        return
    try:
        foreseen = _foresee_stored(noting)
        lines = [
            line.text
            for week in foreseen.weeks[:1]
            for line in lines_of(foreseen, week, names_people=False)
            if line.is_loss
        ]
    except NoTurn:
        lines = [_("Done. The people affected could not be worked out.")]
    except Exception:
        if not noting.is_stored:
            raise
        _log.exception("an urgent act is in effect; what it takes from people could not be worked out")
        undo_request_session()
        lines = [_("Done. The people affected could not be worked out.")]
    if lines:
        flash(" ".join(lines[:SAID_AFTER]), "info")


def _foresee_stored(noting: NotingEffects) -> Foreseen:
    comparison = store_and_compare(noting, current_site().site_id, request_now())
    if not noting.concerns_many(comparison):
        return foresee(comparison)
    with turn_to_compare(noting.compared_by):
        return foresee(comparison)


# -- the mark of what was shown ------------------------------------------------------------------------


def _digest(before: Sent, foreseen: Foreseen, ends: ForGood | None) -> str:
    """Return a digest of who asks for what, what it takes from whom, and the state of all that it concerns.

    Times are left out: those of an act for some hours move with each press.
    """
    concerned = {person_id for effect in foreseen.effects for person_id in effect.person_ids}
    state = [
        (part.gates, {one: part.people[one] for one in concerned & part.people.keys()})
        for part in before.parts
    ]
    effects = [[replace(effect, when=ALWAYS) for effect in week.effects] for week in foreseen.weeks]
    # The reason of a lock-out is chosen on the page itself.
    fields = [one for one in sent_fields() if one[0] != FIELD]
    said = () if ends is None else ends.sentences()
    whole = [current_user.id, request.path, fields, effects, state, said]
    plain = msgspec.to_builtins(whole, str_keys=True, order="deterministic")
    return hashlib.sha256(msgspec.json.encode(plain)).hexdigest()


def _read_mark(text: str) -> _Mark | None:
    try:
        digest, at = _serializer().loads(text)
        return _Mark(str(digest), float(at))
    except (BadSignature, TypeError, ValueError):
        return None


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="act-preview")
