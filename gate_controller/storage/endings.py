"""Endings that a change of the policy brings: of credentials, passes and permissions to keep a face."""

from collections.abc import Iterator, Mapping

import msgspec

from gate_controller.contract.records import (
    CredentialRecord,
    CredentialState,
    FaceRecord,
    Record,
    RecordNotUnderstood,
    decode_record,
)


def ended_keys(puts: Mapping[str, msgspec.Raw]) -> Iterator[str]:
    """Yield the keys of credentials and passes that this change ends for good."""
    for key, value in puts.items():
        record = _read(key, value)
        ended = isinstance(record, CredentialRecord) and record.state is CredentialState.ENDED
        if ended or key.startswith("ended_pass:"):
            yield key


def ended_faces(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> tuple[FaceRecord, ...]:
    """Return the face permissions that are gone or now rest on another consent."""
    ended = []
    for key, value in old.items():
        if key.startswith("face:") and bytes(new.get(key, b"")) != bytes(value):
            before = _read(key, bytes(value))
            after = _read(key, new[key]) if key in new else None
            if isinstance(before, FaceRecord) and (
                not isinstance(after, FaceRecord) or after.consent_id != before.consent_id
            ):
                ended.append(before)
    return tuple(ended)


def _read(key: str, value: bytes | msgspec.Raw) -> Record | None:
    """Return a record, None for one of a later version: it counts as not there."""
    try:
        return decode_record(key, value)
    except RecordNotUnderstood:
        return None
