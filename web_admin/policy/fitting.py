"""Publish again for gates whose program knows other features of the contract than before."""

import logging
from datetime import datetime

from sqlalchemy import select

from gate_controller.contract.features import of_records
from gate_controller.contract.records import PolicyRefused
from web_admin.compound.models import Gate
from web_admin.core.database import Menjin

_log = logging.getLogger(__name__)


def fit_policies(menjin: Menjin, now: datetime) -> int:
    """Publish to each gate that knows other features; return for how many compounds.

    Not in the gate's own question: that holds the gate's row, for which a publication waits. Each compound
    in a transaction of its own; PolicyRefused of one is raised after the others are published.
    """
    differing: dict[str, list[str]] = {}
    with menjin.database.session() as session:
        for gate in session.scalars(select(Gate).where(Gate.state == "paired").order_by(Gate.gate_id)):
            if of_records(gate.knows) != of_records(gate.published_knows):
                differing.setdefault(gate.site_id, []).append(gate.gate_id)
    refused: PolicyRefused | None = None
    for site_id, gate_ids in sorted(differing.items()):
        try:
            with menjin.database.session() as session:
                menjin.effects.publish(session, site_id, now, None, gate_ids)
        except PolicyRefused as err:
            _log.error("compound %s: its gates get no newer features", site_id)
            refused = err
    if refused is not None:
        raise refused
    return len(differing)
