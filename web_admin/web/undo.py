"""Undo an act of the office: set again what was before it, through the same actions that changed it.

What a page with an inverse in `ACTS` may change is read before and after it and kept (`later/past.py`). It is
undone as long as all of that is as the act left it, and what was ended within a day.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from flask import request
from flask_babel import lazy_gettext as _l

from web_admin.action.base import Action, begin, one_publication, record
from web_admin.core.refusal import ActionRefused
from web_admin.later.past import Change, Done, PastAct, Values, changes_between, keep, note_undone, past_act
from web_admin.web.acts import INVERSES, Args, Inverse

IS_UNDONE = _l("This was undone already, or was too long ago.")
Part = tuple[Inverse, str, str]
"""A part that is changed: its kind, its lane where it is a lane's, and its id."""


def values_before(act: Action) -> Values | None:
    """Return what this request's page may change, as it is; None where it cannot be undone."""
    inverse = INVERSES.get(request.endpoint or "")
    return None if inverse is None else _read(inverse, act, _args())


def keep_changes(act: Action, before: Values | None) -> None:
    """Keep what this request's act has changed, so that it can be undone."""
    if before is None:
        return
    endpoint, args = str(request.endpoint), _args()
    act.session.flush()
    changes = changes_between(before, _read(INVERSES[endpoint], act, args))
    if changes:
        keep(act, Done(endpoint, args, changes))


def parts_of(done: Done) -> frozenset[Part]:
    """Return what an act has changed, as another act that changed the same says it."""
    inverse, lane_id = INVERSES[done.endpoint], done.args.get("lane_id", "")
    return frozenset((inverse, lane_id, key) for key in done.changes)


def names_of_parts(done: Done) -> list[str]:
    """Return the names of what an act has changed, where the address of its page does not say them."""
    name = INVERSES[done.endpoint].name
    return [name(key, change.after or change.before) for key, change in done.changes.items()]


def is_too_late(past: PastAct, now: datetime) -> bool:
    """Return whether an act is so long ago that it cannot be undone any more."""
    return now > past.at + INVERSES[past.done.endpoint].lasts


def undo_act(act: Action, job_id: str) -> None:
    """Set again what was before an act; raise ActionRefused where something of it has changed since."""
    begin(act)
    kept = past_act(act, job_id)
    if kept is None or is_too_late(kept, act.now):
        raise ActionRefused(None, IS_UNDONE)
    inverse, args, changes = INVERSES[kept.done.endpoint], kept.done.args, kept.done.changes
    now = _read(inverse, act, args)
    if any(now.get(key) != change.after for key, change in changes.items()):
        raise ActionRefused(None, _l("It was changed again since. Nothing was undone."))
    if len(changes) == 1:
        _put(inverse, act, args, changes)
    else:
        with one_publication(act) as quiet:
            _put(inverse, quiet, args, changes)
    note_undone(act, kept.job_id)
    record(act, "act_undone", {"job_id": kept.job_id})


def _put(inverse: Inverse, act: Action, args: Args, changes: Mapping[str, Change]) -> None:
    for key, change in changes.items():
        before = change.before
        inverse.put(act, args, key, None if before is None else msgspec.convert(before, inverse.shape))


def _args() -> Args:
    return {name: str(value) for name, value in (request.view_args or {}).items()}


def _read(inverse: Inverse, act: Action, args: Args) -> Values:
    """Return the values as what is stored of them is read again: plain."""
    values: Values = msgspec.json.decode(msgspec.json.encode(inverse.read(act, args)))
    return values
