"""Note within a transaction which gates to wake; they are woken when it is committed, not before."""

from collections.abc import Callable, Collection

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction, sessionmaker

from gate_controller.contract.bell import wake_up_subject

_NOTED = "menjin_rings"

Wake = Callable[[Collection[str]], None]
"""Takes the subjects of wake-ups; it never waits."""


def wake_after_commit(session: Session, site_id: str, gate_ids: Collection[str]) -> None:
    """Let these gates ask soon after this transaction; without a bell they do so anyway."""
    noted: set[str] = session.info.setdefault(_NOTED, set())
    noted.update(wake_up_subject(site_id, gate_id) for gate_id in gate_ids)


def hear_commits(opens: sessionmaker[Session], wake: Wake) -> None:
    """Wake the gates that the transactions of these sessions noted, when they are committed as a whole."""

    @event.listens_for(opens, "after_soft_rollback")
    def _taken_back(session: Session, previous: SessionTransaction) -> None:
        if previous.parent is None:
            session.info.pop(_NOTED, None)

    @event.listens_for(opens, "after_commit")
    def _committed(session: Session) -> None:
        if not session.in_nested_transaction():
            noted: set[str] = session.info.pop(_NOTED, set())
            if noted:
                wake(noted)
