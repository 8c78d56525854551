"""Effects of an action: publish the policy to gates, notify subscribed people."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from gate_controller.contract.records import PolicyRefused
from web_admin.access.comparison import Comparison
from web_admin.access.lock_outs import kept_out
from web_admin.access.sent import Sent
from web_admin.core.effects import AfterCommit
from web_admin.core.orm import Fact
from web_admin.core.sealing import Sealer
from web_admin.messages.subscriptions import notify_of_entry
from web_admin.policy.people_facts import others_bound_to_hours
from web_admin.policy.publish import publish_policy
from web_admin.policy.sent import sent_to_gates


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

    def watch(
        self, session: Session, site_id: str, now: datetime, person_ids: Collection[str] | None
    ) -> "PolicyWatch":
        """Note what gates are sent of these people, before an act that can concern them; None is everyone."""
        return PolicyWatch(session, self.sealer, site_id, now, person_ids)

    def after_commit(self, _work: AfterCommit) -> bool:
        """Take nothing: who commits is not known here."""
        return False


class PolicyWatch:
    """Holds the policy of some people before an act; `comparison` is with that of after it, once compared."""

    def __init__(
        self,
        session: Session,
        sealer: Sealer,
        site_id: str,
        now: datetime,
        person_ids: Collection[str] | None,
    ) -> None:
        """Read what gates are sent in this transaction so far."""
        self._session, self._sealer, self._site_id, self._now = session, sealer, site_id, now
        self.person_ids = person_ids
        # An act changes no grant of those whom it cannot concern: read once, it holds for after it as well.
        self._bound_elsewhere = others_bound_to_hours(session, site_id, person_ids)
        self._before = self._sent(session)
        self.comparison: Comparison | None = None

    def kept_out(self, reading: Session | None = None) -> Collection[str]:
        """Compare with what gates are sent by now, and return who is kept out."""
        comparison = self.compare(reading)
        return () if comparison is None else kept_out(comparison)

    def compare(self, reading: Session | None = None) -> Comparison | None:
        """Return the policy of before beside that of now, of which nothing is worked out yet.

        None where a gate would not take the one or the other: that is not published and keeps out no one.
        """
        after = self._sent(reading or self._session)
        if self._before is not None and after is not None:
            self.comparison = Comparison(self._before, after, self._now)
        return self.comparison

    def _sent(self, session: Session) -> Sent | None:
        try:
            return sent_to_gates(
                session,
                self._sealer,
                self._site_id,
                self._now,
                self.person_ids,
                bound_elsewhere=self._bound_elsewhere,
            )
        except PolicyRefused:
            return None
