"""Let an act of the office begin later: a time beside its form, and what was sent is stored and not done.

When its time has come it is sent again as it was (`operations/later_runs.py`), with its author's rights.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import g, request
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from web_admin.accounts.permissions import current_may
from web_admin.action.base import Action, record
from web_admin.action.lock_outs import FIELD
from web_admin.core.database import current_menjin, request_session
from web_admin.core.parameters import makes_sense
from web_admin.core.refusal import ActionRefused
from web_admin.later.acts import (
    DONE,
    IS_OVER,
    WITHDRAWN,
    LaterAct,
    Sent,
    end_attempt,
    end_same_act,
    is_open,
    open_act,
    plan_act,
)
from web_admin.later.rules import Loss
from web_admin.web.acts import FOR_LATER
from web_admin.web.site import current_site, request_now, site_zone

WHEN_FIELD, LATER, BEGINS_FIELD = "when", "later", "begins_at"
PLANNED_FIELD, SHOWN_FIELD, WORD_FIELD = "planned_act", "shown_effects", "typed_word"
OWN_FIELDS = frozenset({"csrf_token", WHEN_FIELD, BEGINS_FIELD, PLANNED_FIELD, SHOWN_FIELD, WORD_FIELD})
SEALED_FIELDS = frozenset({"sheet"})
"""Fields with names and numbers of a whole compound: they stay at the server, out of the page of the list."""
CANNOT_WAIT = _l("This cannot wait, so it was done at once.")
NO_TIME = _l("Choose the day and the time at which it is to begin.")


@dataclass
class LaterRun:
    """An act whose time has come, and what became of it: whether it takes more than was read, or is done."""

    act: LaterAct
    takes_more: bool = False
    is_done: bool = False


class TooLate(Exception):
    """Another process has the act that this one runs, or it was withdrawn: nothing of it is done."""


def running_act() -> LaterRun | None:
    """Return the act for later that this request runs, None for what a person sent."""
    run: LaterRun | None = g.get("menjin_later_run")
    return run


def may_begin_later() -> bool:
    """Return whether the act that this request sends, or shows a form of, may begin later.

    That is for accounts that may open the list of planned acts, from which it can be withdrawn.
    """
    return request.endpoint in FOR_LATER and current_may("edit_gates")


def asked_begin() -> datetime | None:
    """Return when the form that was sent is to begin, None for at once; raise ActionRefused.

    A time that was typed counts whichever button was pressed.
    """
    typed, sent_act = request.form.get(BEGINS_FIELD, ""), FOR_LATER.get(str(request.endpoint))
    if sent_act is None or not is_timed():
        return None
    if not may_begin_later():
        raise ActionRefused(None, _l("Only a manager may plan this. Leave the time empty."))
    try:
        naive = datetime.fromisoformat(typed).replace(tzinfo=None)
    except ValueError:
        raise ActionRefused(None, NO_TIME) from None
    if not makes_sense(naive):
        raise ActionRefused(None, NO_TIME)
    now, begins_at = request_now(), naive.replace(tzinfo=site_zone()).astimezone(UTC)
    if begins_at <= now:
        raise ActionRefused(None, _l("This time is in the past. Choose a later one."))
    if begins_at > now + sent_act.most_ahead:
        raise ActionRefused(None, sent_act.too_far)
    return begins_at


def has_its_time() -> bool:
    """Return whether what was sent is to begin later, or is a planned act that begins now or waited."""
    return is_timed() or was_planned()


def is_timed() -> bool:
    """Return whether a form was sent with a time at which it is to begin."""
    return bool(request.form.get(BEGINS_FIELD) or request.form.get(WHEN_FIELD) == LATER)


def is_looked_at() -> bool:
    """Return whether a person looks at a planned act that waited for one."""
    return bool(request.form.get(PLANNED_FIELD))


def was_planned() -> bool:
    """Return whether what was sent is a planned act, which begins now or waited for a person."""
    return running_act() is not None or is_looked_at()


def begins() -> datetime:
    """Return when what was sent begins: its planned time, even where the server was off then, or now.

    Raises ActionRefused for a time that makes no sense.
    """
    run = running_act()
    return run.act.begins_at if run is not None else asked_begin() or request_now()


def refuse_if_over(act: Action) -> None:
    """Raise ActionRefused where a person looks at a planned act that is over since."""
    planned = request.form.get(PLANNED_FIELD)
    if planned and not is_open(act.session, act.site_id, planned):
        raise ActionRefused(None, IS_OVER)


def sent_fields() -> list[tuple[str, str]]:
    """Return the fields of the form that was sent, without those that say how and when."""
    return [(name, value) for name, value in request.form.items(multi=True) if name not in OWN_FIELDS]


def fields_again(sent: Sent) -> list[tuple[str, str]]:
    """Return the fields of a planned act that its page has when a person looks at it.

    Its reason for a lock-out is chosen again, and what stays at the server is `sealed_field` there.
    """
    return [one for one in sent.fields if one[0] != FIELD and one[0] not in SEALED_FIELDS]


def sealed_field(name: str) -> str | None:
    """Return a field of the planned act that this request begins or shows to a person; None for neither."""
    run, planned = running_act(), request.form.get(PLANNED_FIELD)
    if run is not None:
        sent: Sent | None = run.act.sent
    elif planned:
        menjin = current_menjin()
        act = open_act(request_session(), menjin.sealer, current_site().site_id, planned)
        sent = act.sent if act is not None and act.sent.path == _sent_to() else None
    else:
        sent = None
    return None if sent is None else dict(sent.fields).get(name)


def _sent_to() -> str:
    return request.full_path.rstrip("?")


def plan(
    act: Action, begins_at: datetime, losses: tuple[Loss, ...], sentences: Mapping[str, tuple[str, ...]]
) -> None:
    """Store what was sent in place of doing it; raise ActionRefused when too much is planned already.

    Where it is one that waited for a person, it waits for its new time instead.
    """
    sent = Sent(
        current_user.id,
        str(request.endpoint),
        _sent_to(),
        {name: str(value) for name, value in (request.view_args or {}).items()},
        tuple(sent_fields()),
        losses,
        sentences,
    )
    plan_act(act, sent, begins_at)
    if planned := request.form.get(PLANNED_FIELD):
        end_same_act(act, planned, sent.path, WITHDRAWN)


def note_done(act: Action) -> None:
    """Note in its own transaction that a planned act is done, at its time or by a person; raise TooLate."""
    run, planned = running_act(), request.form.get(PLANNED_FIELD)
    if run is not None:
        if not end_attempt(act.session, run.act, act.now):
            raise TooLate(run.act.job_id)
        record(act, "planned_act_begun", {"job_id": run.act.job_id})
        run.is_done = True
    elif planned:
        end_same_act(act, planned, _sent_to(), DONE)
