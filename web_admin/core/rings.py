"""Note within a transaction which gates should ask now; they are rung when it is committed, not before."""

from collections.abc import Callable, Collection

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction, sessionmaker

from gate_controller.contract.bell import ring_subject

_NOTED = "menjin_rings"

Ring = Callable[[Collection[str]], None]
"""Takes the subjects of bells; it never waits."""


def ring_after_commit(session: Session, site_id: str, gate_ids: Collection[str]) -> None:
    """Let these gates ask soon after this transaction; without a bell they do so anyway."""
    noted: set[str] = session.info.setdefault(_NOTED, set())
    noted.update(ring_subject(site_id, gate_id) for gate_id in gate_ids)


def hear_commits(opens: sessionmaker[Session], ring: Ring) -> None:
    """Ring what the transactions of these sessions noted, when they are committed as a whole."""

    @event.listens_for(opens, "after_soft_rollback")
    def _taken_back(session: Session, previous: SessionTransaction) -> None:
        if previous.parent is None:
            session.info.pop(_NOTED, None)

    @event.listens_for(opens, "after_commit")
    def _committed(session: Session) -> None:
        if not session.in_nested_transaction():
            noted: set[str] = session.info.pop(_NOTED, set())
            if noted:
                ring(noted)
