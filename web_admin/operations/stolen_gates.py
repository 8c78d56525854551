"""Count whom a stolen gate keeps out, after it was given up: marking one as stolen waits for nothing.

The ledger says which gates were marked and which of them were looked at, so a server that stops in between
looks later.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.access.comparison import Comparison
from web_admin.access.lock_outs import kept_out
from web_admin.action.base import begin, new_action, record
from web_admin.action.lock_outs import keep_lock_outs
from web_admin.action.suspension_reasons import SuspensionReason
from web_admin.compound.models import Site
from web_admin.core.database import Menjin
from web_admin.gates.orders import GATE_MARKED
from web_admin.journal.queries import entries_of_kinds
from web_admin.policy.sent import sent_to_gates

COUNTED = "stolen_gate_counted"
LOOKED_THROUGH = 200
"""How many marks of gates back a stolen one is looked for; a compound has a few in its life."""
LOOKED_BACK = timedelta(days=7)
"""Older ones were looked at by a release that did so within the act."""


def count_stolen_gates(menjin: Menjin, now: datetime) -> int:
    """Keep the residents whom newly stolen gates keep out, in every site; return how many they are."""
    with menjin.database.snapshot() as reading:
        site_ids = reading.scalars(select(Site.site_id).order_by(Site.site_id)).all()
        waiting = [
            (site_id, gate_id, actor_id)
            for site_id in site_ids
            for gate_id, actor_id in _not_counted(reading, site_id, now).items()
        ]
    return sum(_count(menjin, site_id, gate_id, actor_id, now) for site_id, gate_id, actor_id in waiting)


def _not_counted(session: Session, site_id: str, now: datetime) -> dict[str, str]:
    """Return the stolen gates that were not looked at, and who marked each."""
    counted: set[str] = set()
    found: dict[str, str] = {}
    for entry in entries_of_kinds(session, site_id, (GATE_MARKED, COUNTED), LOOKED_THROUGH):
        gate_id = str(entry.facts["gate_id"])
        if entry.kind == COUNTED:
            counted.add(gate_id)
        elif entry.facts["state"] == "stolen" and entry.at > now - LOOKED_BACK and gate_id not in counted:
            found[gate_id] = str(entry.facts["actor_id"])
    return found


def _count(menjin: Menjin, site_id: str, gate_id: str, actor_id: str, now: datetime) -> int:
    with menjin.database.snapshot() as reading:  # no gate waits for a comparison
        before = sent_to_gates(reading, menjin.sealer, site_id, now, as_paired=(gate_id,))
        after = sent_to_gates(reading, menjin.sealer, site_id, now)
        out = kept_out(Comparison(before, after, now))
    with menjin.database.session() as session:
        act = new_action(menjin, session, site_id, actor_id, "system", now=now)
        begin(act)
        if gate_id not in _not_counted(session, site_id, now):
            return 0
        record(act, COUNTED, {"gate_id": gate_id})
        return keep_lock_outs(act, GATE_MARKED, out, SuspensionReason.WORKS)
