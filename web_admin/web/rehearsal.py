"""Compare what gates are sent with and without what a request has done so far, in its own transaction.

One mechanism for calls that are tried (`api/dry_run.py`) and for the office's forms (`preview.py`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import g

from web_admin.access.sent import Sent
from web_admin.compound.models import Site
from web_admin.core.database import DatabaseSession, current_menjin, request_session
from web_admin.core.effects import Effects
from web_admin.core.orm import Fact
from web_admin.policy.sent import sent_to_gates

LOOKS_AHEAD = timedelta(days=7)


@dataclass
class NotingEffects:
    """The real effects, whether they published, and of whom records may have changed: None is everyone."""

    effects: Effects
    person_ids: set[str] | None
    has_published: bool = False

    def publish(
        self,
        session: DatabaseSession,
        site_id: str,
        now: datetime,
        person_ids: Collection[str] | None,
        gate_ids: Collection[str] | None = None,
        *,
        with_others: bool = True,
    ) -> None:
        """Publish in the same transaction, so that the rules refuse what they would refuse."""
        self.has_published = True
        if person_ids is None or self.person_ids is None:
            self.person_ids = None
        else:
            self.person_ids |= set(person_ids)
        self.effects.publish(session, site_id, now, person_ids, gate_ids, with_others=with_others)

    def recorded(
        self,
        session: DatabaseSession,
        kind: str,
        facts: Mapping[str, Fact],
        person_id: str | None,
        now: datetime,
    ) -> None:
        """Store the messages in the same transaction."""
        self.effects.recorded(session, kind, facts, person_id, now)


def note_effects() -> NotingEffects:
    """Note from now on of whom this request's actions change records."""
    g.menjin_noting = noting = NotingEffects(current_menjin().effects, set())
    return noting


def effects_of_request() -> Effects:
    """Return what this request's actions publish with."""
    noting: NotingEffects | None = g.get("menjin_noting")
    return noting or current_menjin().effects


def with_and_without(noting: NotingEffects, site_id: str, now: datetime) -> tuple[Sent, Sent]:
    """Return what gates are sent as it is stored, and as it is after what this transaction did so far."""
    with current_menjin().database.snapshot() as stored:
        return _compared(stored, noting, site_id, now)


def store_and_compare(noting: NotingEffects, site_id: str, now: datetime) -> tuple[Sent, Sent]:
    """Commit what this request did; return what gates were sent before it, and what they are sent now.

    Nothing of the comparison is done before the commit, so it delays no gate.
    """
    with current_menjin().database.snapshot() as stored:
        stored.get(Site, site_id)  # a snapshot is of the moment of its first question
        request_session().commit()
        return _compared(stored, noting, site_id, now)


def _compared(
    stored: DatabaseSession, noting: NotingEffects, site_id: str, now: datetime
) -> tuple[Sent, Sent]:
    """Return both for the people whose records changed; for everyone where records of lanes or hours did."""
    sealer, person_ids = current_menjin().sealer, noting.person_ids
    before = sent_to_gates(stored, sealer, site_id, now, person_ids)
    after = sent_to_gates(request_session(), sealer, site_id, now, person_ids)
    if person_ids is not None and [part.gates for part in before.parts] != [
        part.gates for part in after.parts
    ]:
        before = sent_to_gates(stored, sealer, site_id, now)
        after = sent_to_gates(request_session(), sealer, site_id, now)
    return before, after
