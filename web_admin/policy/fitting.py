"""Publish again for gates whose program knows other features of the contract than before."""

from datetime import datetime

from sqlalchemy import select

from web_admin.compound.models import Gate
from web_admin.core.database import Menjin


def fit_policies(menjin: Menjin, now: datetime) -> int:
    """Publish the whole policy of each compound in which a gate knows other features; return how many.

    Not in the gate's own question: that holds the gate's row, for which a publication waits.
    """
    with menjin.database.session() as session:
        gates = session.scalars(select(Gate).where(Gate.state == "paired")).all()
        site_ids = sorted({gate.site_id for gate in gates if gate.knows != gate.published_knows})
        for site_id in site_ids:
            menjin.effects.publish(session, site_id, now, None)
    return len(site_ids)
