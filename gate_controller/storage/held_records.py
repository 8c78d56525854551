"""The records that a gate holds, once they were found to be what the server signed.

They stay in memory beside their sums, so that a change costs what it changes: nothing that lies on the disk
is believed without adding up all of it, and what was added up is not read from there again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from gate_controller.contract.messages import PolicyChange, PolicyManifest, policy_digest, record_digest
from gate_controller.contract.record_sums import NO_RECORDS, KeyAndDigest, changed_sums, digest_of_sums
from gate_controller.contract.records import PolicyRefused


class NotAddedUp(PolicyRefused):
    """Records are not those that the server signed."""


@dataclass(frozen=True, slots=True)
class HeldRecords:
    """All records of a policy by key; `sums` are theirs where its digest is one of sums."""

    records: Mapping[str, bytes]
    sums: bytes | None

    def after(self, change: PolicyChange, manifest: PolicyManifest) -> "HeldRecords":
        """Return the records after a change; raise NotAddedUp when they are not what was signed."""
        records = dict(self.records)
        came: dict[str, bytes] = {}
        went: dict[str, bytes] = {}
        for key in change.deletes:
            if (old := records.pop(key, None)) is not None:
                went[key] = old
        for key, value in change.puts.items():
            if (old := records.get(key)) is not None:
                went[key] = old
            # A copy, since the value as it came keeps the whole answer in memory.
            records[key] = came[key] = bytes(value)
        if self.sums is None or manifest.digest_kind != "lthash16":
            return added_up(records, manifest)
        sums = changed_sums(self.sums, _digests(came), _digests(went))
        _check(digest_of_sums(sums), manifest)
        return HeldRecords(records, sums)


def added_up(records: Mapping[str, bytes | msgspec.Raw], manifest: PolicyManifest) -> HeldRecords:
    """Return these records once all of them together are what was signed; raise NotAddedUp."""
    held = {key: bytes(value) for key, value in records.items()}
    if manifest.digest_kind != "lthash16":
        _check(policy_digest(dict(_digests(held))), manifest)
        return HeldRecords(held, None)
    sums = changed_sums(NO_RECORDS, _digests(held))
    _check(digest_of_sums(sums), manifest)
    return HeldRecords(held, sums)


def _digests(records: Mapping[str, bytes]) -> Iterable[KeyAndDigest]:
    return ((key, record_digest(value)) for key, value in records.items())


def _check(digest: bytes, manifest: PolicyManifest) -> None:
    if digest != manifest.digest:
        raise NotAddedUp("the records do not add up to what was signed")
