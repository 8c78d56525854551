"""Port for an action's effects in its own transaction: publish the policy, store outbox messages."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from web_admin.core.orm import Fact


class Watch(Protocol):
    """Holds the policy of before an act, to compare it with that of after it."""

    def kept_out(self, reading: Session | None = None, /) -> Collection[str]:
        """Return whom the act kept out of those whom it can concern; `reading` is a session that sees it."""


AfterCommit = Callable[[Session], None]
"""Work for after the commit of an act; it takes a session that reads the act's result."""


class Effects(Protocol):
    """Parts that an action calls; `create_core` chooses the real ones, and they are kept in `Menjin`."""

    def publish(
        self,
        session: Session,
        site_id: str,
        now: datetime,
        person_ids: Collection[str] | None,
        gate_ids: Collection[str] | None = None,
        *,
        with_others: bool = True,
    ) -> None:
        """Publish the policy, or of it what concerns these persons, to these gates; raise PolicyRefused.

        Without others, all records are left as they are but those of these persons and their credentials.
        """

    def recorded(
        self, session: Session, kind: str, facts: Mapping[str, Fact], person_id: str | None, now: datetime
    ) -> None:
        """Send the messages that follow an entry of the ledger."""

    def watch(
        self, session: Session, site_id: str, now: datetime, person_ids: Collection[str] | None, /
    ) -> Watch:
        """Note what gates are sent of these people, before an act that can concern them; None is everyone."""

    def after_commit(self, work: AfterCommit, /) -> bool:
        """Take what an urgent act does not wait for; return False where its caller does it in the act."""


class NoEffects:
    """Publish nothing and send nothing: for tests of what an action itself changes."""

    def publish(
        self,
        session: Session,
        site_id: str,
        now: datetime,
        person_ids: Collection[str] | None,
        gate_ids: Collection[str] | None = None,
        *,
        with_others: bool = True,
    ) -> None:
        """Do nothing."""

    def recorded(
        self, session: Session, kind: str, facts: Mapping[str, Fact], person_id: str | None, now: datetime
    ) -> None:
        """Do nothing."""

    def watch(
        self,
        _session: Session,
        _site_id: str,
        _now: datetime,
        _person_ids: Collection[str] | None,
    ) -> Watch:
        """Return a watch that finds no one: where nothing is published, no gate keeps anyone out."""
        return _NoOne()

    def after_commit(self, _work: AfterCommit) -> bool:
        """Take nothing."""
        return False


class _NoOne:
    def kept_out(self, _reading: Session | None = None) -> Collection[str]:
        return ()
