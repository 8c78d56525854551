"""Answer what gates ask of calls: how a call goes, the directory, calls to make for the server."""

from datetime import datetime
from typing import cast

from flask import Response, current_app

from gate_controller.contract.calls import (
    CALLS_PATH,
    DIRECTORY_PATH,
    TELEPHONE_TASKS_PATH,
    CallReport,
    CallState,
    DirectoryAsk,
    DirectoryReply,
    TelephoneTasksAsk,
    TelephoneTasksReply,
)
from gate_controller.contract.sealed_keys import KeyUnusable
from web_admin.calls.directory import directory
from web_admin.calls.made_calls import next_tasks
from web_admin.calls.reports import report
from web_admin.compound.models import Gate
from web_admin.core.database import DatabaseSession, Menjin
from web_admin.gates.ask_bounds import ASKS_A_SECOND, AskBounds
from web_admin.sync.requests import SyncRefused, gates_blueprint, json_of, signed_call

CALL_BODY = 16 * 1024

_READ_REPORT = json_of(CallReport)
_READ_DIRECTORY_ASK = json_of(DirectoryAsk)
_READ_TASKS_ASK = json_of(TelephoneTasksAsk)

bp = gates_blueprint("sync_calls")


@bp.post(CALLS_PATH)
def calls() -> Response:
    """Take what a gate says of a call, and answer what it shall do."""
    return signed_call(CALL_BODY, _READ_REPORT, _take_report)


def _take_report(
    menjin: Menjin, session: DatabaseSession, gate: Gate, said: CallReport, now: datetime
) -> CallState:
    _not_too_often(gate.gate_id)
    try:
        return report(menjin, session, gate, said, now)
    except KeyUnusable as err:
        raise SyncRefused(400, "sealing_key_unusable", str(err)) from err


@bp.post(DIRECTORY_PATH)
def homes() -> Response:
    """Answer which homes may be picked at a lane."""
    return signed_call(CALL_BODY, _READ_DIRECTORY_ASK, _list_homes)


def _list_homes(
    menjin: Menjin, session: DatabaseSession, gate: Gate, asked: DirectoryAsk, now: datetime
) -> DirectoryReply:
    del menjin
    _not_too_often(gate.gate_id)
    return directory(session, gate, asked.lane_id, now)


@bp.post(TELEPHONE_TASKS_PATH)
def telephone_tasks() -> Response:
    """Take what came of calls that the server asked for, and answer the next."""
    return signed_call(CALL_BODY, _READ_TASKS_ASK, _take_results)


def _take_results(
    menjin: Menjin, session: DatabaseSession, gate: Gate, asked: TelephoneTasksAsk, now: datetime
) -> TelephoneTasksReply:
    _not_too_often(gate.gate_id)
    try:
        return next_tasks(menjin, session, gate, asked, now)
    except KeyUnusable as err:
        raise SyncRefused(400, "sealing_key_unusable", str(err)) from err


def _not_too_often(gate_id: str) -> None:
    """Count what a gate asks of calls, apart from its check-ins: those are answered whatever comes here."""
    if not cast(AskBounds, current_app.extensions["menjin_call_bounds"]).take(gate_id):
        raise SyncRefused(
            429, "calls_too_often", f"at most {ASKS_A_SECOND} messages of calls a second are answered"
        )
