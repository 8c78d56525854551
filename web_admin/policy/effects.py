"""Effects of an action: publish the policy to gates, notify subscribed people."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from web_admin.core.orm import Fact
from web_admin.core.sealing import Sealer
from web_admin.messages.subscriptions import notify_of_entry
from web_admin.policy.publish import publish_policy


@dataclass(frozen=True, slots=True)
class PolicyEffects:
    """Effects that are stored in the action's own transaction."""

    sealer: Sealer

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
        """Bring the records of every gate, or of these, up to date; raise PolicyRefused."""
        publish_policy(
            session,
            self.sealer,
            site_id,
            now,
            person_ids=person_ids,
            gate_ids=gate_ids,
            with_others=with_others,
        )

    def recorded(
        self, session: Session, kind: str, facts: Mapping[str, Fact], person_id: str | None, now: datetime
    ) -> None:
        """Put the message into the outbox that the person asked for."""
        notify_of_entry(session, kind, facts, person_id, now)
