"""Gates that are given an update, and what they report of it."""

from datetime import timedelta

from gate_controller.contract.updates import UpdateStatus
from web_admin.compound.models import Gate
from web_admin.core.database import current_menjin
from web_admin.updates.actions import (
    note_update,
    settle_rollouts,
)

PAGE = "/manage/updates/"


def reports(compound, gate_id: str, step: str, *, why: str = "") -> None:
    with compound.act() as act:
        gate = act.session.get_one(Gate, gate_id)
        if step == "kept":
            gate.program = gate.ordered_version
        note_update(
            gate, UpdateStatus(step=step, version=gate.ordered_version, order_id=gate.ordered_id, why=why)
        )


def settles(compound, later: timedelta = timedelta()) -> None:
    with compound.app.app_context():
        settle_rollouts(current_menjin(), compound.clock() + later)
