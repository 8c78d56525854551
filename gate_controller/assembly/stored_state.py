"""State of a gate from its disk: identity, last good policy, keys, and the damage that was found."""

import logging
from datetime import datetime
from pathlib import Path

import msgspec

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.policy import PolicySnapshot
from gate_controller.contract.records import PolicyRefused
from gate_controller.contract.signing import SignatureRefused, certified_key
from gate_controller.lane.memory import LaneMemory
from gate_controller.rules.identify import GateKeys
from gate_controller.storage.journal import Journal
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from gate_controller.storage.secrets import IDENTITY, SecretsUnusable, read_secret

log = logging.getLogger(__name__)


def read_identity(secrets_dir: Path) -> GateIdentity:
    """Return who this gate is; raise SecretsUnusable when it was never paired."""
    body = read_secret(secrets_dir, IDENTITY, size=None)
    try:
        return msgspec.json.decode(body, type=GateIdentity)
    except (msgspec.MsgspecError, ValueError) as err:
        raise SecretsUnusable(f"{secrets_dir / IDENTITY}: {err}; pair the gate again") from err


def report_damage(journal: Journal, store: PolicyStore, lane_memory: LaneMemory, now: datetime) -> None:
    """Record that a database was set aside, and how much of the journal could be carried over."""
    if journal.salvaged is not None:
        journal.append(EventKind.ALARM_JOURNAL_DAMAGED, {"salvaged": journal.salvaged}, {}, now)
    if store.damaged is not None:
        detail = f"set aside as {store.damaged.name}"
        journal.append(EventKind.ALARM_POLICY_DAMAGED, {"detail": detail}, {}, now)
    if lane_memory.damaged is not None:
        detail = f"set aside as {lane_memory.damaged.name}"
        journal.append(EventKind.ALARM_LANE_MEMORY_DAMAGED, {"detail": detail}, {}, now)


def last_good_policy(store: PolicyStore) -> PolicySnapshot | None:
    """Return the stored policy, None before the first one and where the file was changed from outside."""
    try:
        return store.load()
    except PolicyRefused as err:
        # Shut until the server has sent a whole policy again: the file was changed from outside.
        log.error("the stored policy is refused and asked for again: %s", err)
        store.forget_policy()
        return None


def stored_keys(
    store: PolicyStore, identity: GateIdentity, card_key: bytes, pin_key: bytes
) -> GateKeys | None:
    """Return the keys for presentations, None before the server has sent its pass key."""
    certificate = store.certificate("pass")
    if certificate is None:
        return None
    try:
        pass_key = certified_key(identity.root_public_key, certificate, identity.site_id, "pass")
    except SignatureRefused as err:
        log.error("the stored pass key is refused and asked for again: %s", err)
        return None
    return GateKeys(card_key, pin_key, pass_key)
