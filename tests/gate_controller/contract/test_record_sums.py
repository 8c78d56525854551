"""The sums of a set of records: changed by what comes and goes, they are those of the whole."""

import hashlib
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_controller.contract.messages import policy_digest
from gate_controller.contract.record_sums import NO_RECORDS, SUMS_BYTES, changed_sums, digest_of_sums
from tests.support.examples import examples

KEYS = st.sampled_from([f"person:{n}" for n in range(6)] + ["site", "lane:入口"])
DIGESTS = st.integers(0, 3).map(lambda number: bytes([number]) * 32)
STEPS = st.lists(st.dictionaries(KEYS, st.none() | DIGESTS, max_size=5), max_size=8)


def naive(records: dict[str, bytes]) -> bytes:
    """Add up number by number, as the paper writes it."""
    sums = [0] * (SUMS_BYTES // 2)
    for key, digest in records.items():
        drawn = hashlib.shake_128(b"menjin/record-sums/1\0" + key.encode() + digest).digest(SUMS_BYTES)
        pairs = zip(drawn[::2], drawn[1::2], strict=True)
        sums = [(had + low + 256 * high) % 2**16 for had, (low, high) in zip(sums, pairs, strict=True)]
    return b"".join(number.to_bytes(2, "little") for number in sums)


@settings(max_examples=examples(100))
@given(STEPS)
def test_changes_lead_to_the_sums_of_the_whole(steps: list[dict[str, bytes | None]]) -> None:
    records: dict[str, bytes] = {}
    sums = NO_RECORDS
    for step in steps:
        went = [(key, records.pop(key)) for key in step if key in records]
        came = [(key, digest) for key, digest in step.items() if digest is not None]
        records.update(came)
        sums = changed_sums(sums, came, went)
        assert sums == changed_sums(NO_RECORDS, records.items())
        assert digest_of_sums(sums) == policy_digest(records, "lthash16")
    assert sums == naive(records)


@pytest.mark.wide
def test_many_records_carry_into_no_other_number() -> None:
    record = ("person:1", bytes(32))
    once = changed_sums(NO_RECORDS, [record])
    assert changed_sums(NO_RECORDS, [record] * (2 * 2**16 + 1)) == once
    assert changed_sums(once, [record] * 2**16, [record] * (2**16 + 1)) == NO_RECORDS


def test_the_largest_numbers_stay_within_theirs() -> None:
    full = array("H", [2**16 - 1] * (SUMS_BYTES // 2)).tobytes()
    record = ("site", bytes(32))
    up = array("H", changed_sums(full, [record]))
    drawn = array("H", changed_sums(NO_RECORDS, [record]))
    assert list(up) == [(number - 1) % 2**16 for number in drawn]
    assert changed_sums(up.tobytes(), [], [record]) == full


def test_gates_and_servers_of_other_versions_have_the_same_digest() -> None:
    records = {"site": bytes(32), "person:1": b"\1" * 32}
    assert policy_digest({}, "lthash16").hex().startswith("924a4a453dd7989be1f4c73cbca9fe1c")
    assert policy_digest(records, "lthash16").hex().startswith("65dd1795d4ea70b6605aedd69dc2d6d7")
    assert policy_digest(records).hex().startswith("c2d0aba96193a90a4f2bedd0c782b421")
