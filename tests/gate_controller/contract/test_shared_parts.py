"""What records have in common is kept once, and no record says anything else than before."""

from datetime import UTC, datetime

import msgspec

from gate_controller.contract.policy import compile_policy
from gate_controller.contract.records import decode_record
from tests.bench.big_site import records_of
from tests.support.gates.site_keys import encoded

NOW = datetime(2026, 6, 3, 4, 30, tzinfo=UTC)
KEY = b"c" * 32


def test_people_with_equal_grants_and_methods_share_them_and_a_card_has_its_persons_id():
    records = encoded(records_of(8, KEY))
    policy = compile_policy(records, epoch=1, version=1, issued_at=NOW).policy
    people = list(policy.persons.values())
    assert len({id(person.grants) for person in people}) == len({person.grants for person in people}) == 2
    assert len({id(person.methods) for person in people}) == 1
    by_id = {person_id: person_id for person_id in policy.persons}
    assert all(card.person_id is by_id[card.person_id] for card in policy.credentials.values())


def test_a_shared_record_is_equal_to_the_one_that_was_sent():
    records = encoded(records_of(8, KEY))
    policy = compile_policy(records, epoch=1, version=1, issued_at=NOW).policy
    for kept in (*policy.persons.values(), *policy.credentials.values()):
        kind = "person" if kept in policy.persons.values() else "credential"
        key = f"{kind}:{getattr(kept, f'{kind}_id')}"
        assert kept == decode_record(key, records[key])
        assert msgspec.json.encode(kept) == msgspec.json.encode(decode_record(key, records[key]))
