"""Say which version of its policy a gate knows, and what of it has changed since."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from gate_controller.contract.features import known, of_records
from web_admin.compound.models import CredentialRow, Gate, Person, Site
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.gates.silence import is_silent
from web_admin.policy.records import KINDS_OF_ONE_PERSON, PERSONAL_KINDS


class KnownVersion(NamedTuple):
    """The version that a gate said it has, of the newest that it is to have.

    `changed` counts the records that changed since; None where the two cannot be compared. `too_old_at` is
    when a silent gate takes its policy for too old: from then on nothing that is bound to a time opens.
    """

    version: int
    newest: int
    changed: int | None
    heard_at: datetime | None
    is_silent: bool
    too_old_at: datetime | None
    takes_fewer: bool

    @property
    def is_as_set(self) -> bool:
        """Return whether nothing is to be said: it is in contact, up to date and takes every record."""
        return self.is_newest and not self.is_silent and not self.takes_fewer

    @property
    def is_newest(self) -> bool:
        """Return whether it decides by what is set now."""
        return self.changed == 0


def known_versions(
    session: Session, gates: Collection[Gate], now: datetime, about: str | None = None
) -> dict[str, KnownVersion]:
    """Return by gate what it knows; absent are those without a controller, and stolen ones.

    With `about`, a person's id, only changes count by which a gate decides on that person.
    """
    paired = [gate for gate in gates if gate.state == "paired"]
    if not paired:
        return {}
    site = session.get_one(Site, paired[0].site_id)
    changed = _changed(session, [gate.gate_id for gate in paired], about)
    return {gate.gate_id: _known_version(gate, site, now, changed.get(gate.gate_id, 0)) for gate in paired}


def _known_version(gate: Gate, site: Site, now: datetime, changed: int) -> KnownVersion:
    silent = is_silent(gate, now)
    too_old = None
    if silent and gate.last_seen_at is not None:
        too_old = gate.last_seen_at + timedelta(days=site.max_policy_age_days)
    return KnownVersion(
        gate.have_version if gate.have_epoch else 0,
        gate.published_version,
        changed if gate.have_epoch == site.epoch else None,
        gate.last_seen_at,
        silent,
        too_old,
        not frozenset(known()) <= of_records(gate.knows),
    )


def _changed(session: Session, gate_ids: Collection[str], about: str | None) -> dict[str, int]:
    query = (
        select(PolicyRecordRow.gate_id, func.count().label("number"))
        .join(Gate, Gate.gate_id == PolicyRecordRow.gate_id)
        .where(PolicyRecordRow.gate_id.in_(gate_ids), PolicyRecordRow.version > Gate.have_version)
        .group_by(PolicyRecordRow.gate_id)
    )
    if about is not None:
        query = query.where(decides_on(session, about))
    return {row.gate_id: row.number for row in session.execute(query)}


def decides_on(session: Session, person_id: str) -> ColumnElement[bool]:
    """Return what is true of the records by which gates decide on one person: theirs, and those of no one."""
    person = session.get(Person, person_id)
    own = session.scalars(select(CredentialRow.credential_id).where(CredentialRow.person_id == person_id))
    home = [f"home:{person.home_id}"] if person is not None and person.home_id is not None else []
    keys = [*(f"{kind}:{person_id}" for kind in KINDS_OF_ONE_PERSON), *home]
    keys += [f"credential:{credential_id}" for credential_id in own]
    of_others = or_(*(PolicyRecordRow.key.like(f"{kind}:%") for kind in PERSONAL_KINDS))
    return or_(~of_others, PolicyRecordRow.key.in_(keys))
