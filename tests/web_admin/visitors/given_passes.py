"""Passes that residents and the office gave, and acts of one transaction."""

from datetime import timedelta

from tests.support.compounds.managed import ManagedCompound
from web_admin.action.base import Action, new_action
from web_admin.core.database import current_menjin
from web_admin.visitors.actions import issue_pass, withdraw_pass
from web_admin.visitors.models import VisitorUse


def acting(compound: ManagedCompound, work, channel: str = "system", actor_id: str = "staff-1"):
    """Do something in one transaction; return what it returns."""
    with compound.app.app_context(), current_menjin().database.session() as session:
        act = new_action(current_menjin(), session, compound.site_id, actor_id, channel, now=compound.clock())
        return work(act)


def fill(act: Action, persons: dict[str, str]) -> None:
    """Give out passes in every state, by the office and by a resident."""
    for label, changes in {
        "Window cleaner": {},
        "Lift service": {"valid_from": act.now + timedelta(days=2)},
        "Plumber": {},
        "Gardener": {},
    }.items():
        row = issue_pass(act, issuer_person_id=None, label=label, gate_numbers=[1], **changes)
        {"Plumber": withdraw_pass}.get(label, lambda _act, _id: None)(act, row.pass_id)
        act.session.add_all(
            [
                VisitorUse(
                    gate_id="north",
                    journal_id="j",
                    seq=900,
                    lane_id="north-in",
                    at=act.now,
                    shown_id=row.pass_id,
                )
            ]
            * (label == "Gardener")
        )
    issue_pass(act, issuer_person_id=persons["王芳"], label="Secret friend", gate_numbers=[1, 2])
