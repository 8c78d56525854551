"""Do the acts for later whose time has come: each is sent again as it was, with its author's rights of now.

What would take more than its author read of is not done: it is held for a person, and so is what is refused.
"""

import logging
from datetime import datetime

from flask import Flask, g, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import Forbidden, HTTPException

from gate_controller.contract.event_kinds import EventKind
from web_admin.accounts.queries import staff_account
from web_admin.action.base import begin, new_action, record
from web_admin.alarms.actions import raise_alarm
from web_admin.core.database import Menjin, request_session
from web_admin.later.acts import LaterAct, claim_act, due_acts, hold_act, long_held, withdraw_act
from web_admin.web.acts import FOR_LATER
from web_admin.web.later import LaterRun, TooLate

LOOK_EVERY_SECONDS = 30.0
"""How often to look for what another process planned; this one knows when its own begin."""
AGAIN_SECONDS = 5.0
"""After a look that found something due: others may be, and what another process has may come back."""

_log = logging.getLogger(__name__)


def run_due(app: Flask) -> int:
    """Do what is due and return how many acts that were."""
    menjin: Menjin = app.extensions["menjin"]
    due = due_acts(menjin.database, menjin.clock())
    for job_id in due:
        act = claim_act(menjin.database, menjin.sealer, job_id, menjin.clock())
        if act is not None:
            _run(app, menjin, act)
    return len(due)


def withdraw_long_held(menjin: Menjin, now: datetime) -> int:
    """Withdraw each act for which no person has decided within a month; return how many those were."""
    with menjin.database.session() as session:
        held = long_held(session, now)
        for site_id, job_id, author_id in held:
            withdraw_act(new_action(menjin, session, site_id, author_id, "system", now=now), job_id)
    return len(held)


def _run(app: Flask, menjin: Menjin, act: LaterAct) -> None:
    try:
        why = _sent_again(app, menjin, act)
    except TooLate:
        return
    except Exception:  # noqa: BLE001 - the act waits for a person, and the log says why
        _log.exception("planned act %s failed; nothing of it was done", act.job_id)
        why = "failed"
    if why is not None:
        _hold(menjin, act, why)


def _hold(menjin: Menjin, act: LaterAct, why: str) -> None:
    """Let the act wait for a person, and raise an alarm about it, of which managers get a mail."""
    now = menjin.clock()
    with menjin.database.session() as session:
        held = new_action(menjin, session, act.site_id, act.author_id, "system", now=now)
        begin(held)
        if hold_act(session, act, why):
            record(held, "planned_act_held", {"job_id": act.job_id, "why": why})
            raise_alarm(session, act.site_id, EventKind.ALARM_ACT_HELD, now, once=True)


def _sent_again(app: Flask, menjin: Menjin, act: LaterAct) -> str | None:
    """Send the form of an act; return why it is held, None where it is done. Raise TooLate."""
    fields: MultiDict[str, str] = MultiDict(act.sent.fields)
    with app.test_request_context(
        act.sent.path, method="POST", data=fields, base_url=menjin.config.public_url
    ):
        account = staff_account(request_session(), act.sent.account_id)
        if account is None or not account.active or request.endpoint not in FOR_LATER:
            return "account"
        request.max_content_length = request.content_length  # it was taken in already
        view = app.view_functions[str(request.endpoint)]
        g._login_user, g.csrf_valid = account, True  # as the two libraries keep them
        g.menjin_later_run = run = LaterRun(act)
        try:
            view(**(request.view_args or {}))
        except Forbidden:
            return "account"
        except HTTPException:
            return "refused"
        if not run.is_done:
            return "more" if run.takes_more else "refused"  # with the context goes what was begun
        request_session().commit()
        return None
