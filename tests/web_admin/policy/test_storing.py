"""What differs for a gate is stored and counted, and nothing else is touched."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.messages import record_digest
from gate_controller.contract.record_sums import NO_RECORDS, changed_sums, digest_of_sums
from gate_controller.contract.records import (
    CardCredential,
    CredentialState,
    HomeRecord,
    PersonRecord,
    PolicyRefused,
    SiteRecord,
    decode_record,
    encode_record,
)
from tests.support.compounds.with_gates import add_card, add_gate, add_person
from tests.support.statements import statements_of, verbs
from web_admin.compound.models import Gate
from web_admin.compound.policy_models import ENDED_PUBLISHED_FOR, PolicyRecordRow, PolicySumsRow
from web_admin.policy import storing
from web_admin.policy.facts import GateFacts
from web_admin.policy.storing import GateChange, WantedRecords, store

HOUR = timedelta(hours=1)


def wire(record):
    value = encode_record(record)
    return value, record_digest(value)


SITE = wire(SiteRecord("s", "Court", "Asia/Shanghai"))
OTHER_SITE = wire(SiteRecord("s", "Yard", "Asia/Shanghai"))
PERSON = wire(PersonRecord("p", (), ()))
OTHER = wire(PersonRecord("p", (), (), slow_pass=True))


class Stores:
    """Two gates in one open transaction."""

    def __init__(self, session, sealer, site, now):
        self.session, self.sealer, self.site, self.now = session, sealer, site, now
        for number, gate_id in enumerate(("north", "south"), 1):
            add_gate(session, sealer, site, gate_id, number, ["card"])

    def store(
        self,
        version,
        north=None,
        south=None,
        scope=None,
        states=None,
        after=timedelta(),
        with_others=True,
    ):
        """Store what the gates that are named should have."""
        states = states or {}
        wanted = [
            WantedRecords(
                GateFacts(gate_id, 1, states.get(gate_id, "paired"), [], version - 1, [], None, None), records
            )
            for gate_id, records in (("north", north), ("south", south))
            if records is not None
        ]
        return store(self.session, wanted, scope, version, self.now + after, with_others=with_others)

    def rows(self, gate_id="north"):
        self.session.expire_all()
        rows = self.session.scalars(select(PolicyRecordRow).where(PolicyRecordRow.gate_id == gate_id))
        return {row.key: (row.value, row.digest, row.version) for row in rows}


@pytest.fixture
def stores(database, sealer, site, now):
    with database.session() as session:
        yield Stores(session, sealer, site, now)


def test_what_is_new_changed_and_gone_is_counted_and_stored_at_its_version(stores):
    assert stores.store(1, {"site": SITE, "person:p": PERSON}) == {"north": GateChange(2, 0, 0)}
    assert stores.rows() == {"site": (*SITE, 1), "person:p": (*PERSON, 1)}
    assert stores.store(2, {"site": SITE, "person:p": OTHER}) == {"north": GateChange(0, 1, 0)}
    assert stores.rows() == {"site": (*SITE, 1), "person:p": (*OTHER, 2)}
    assert stores.store(3, {"site": SITE}) == {"north": GateChange(0, 0, 1)}
    assert stores.rows() == {"site": (*SITE, 1), "person:p": (None, b"", 3)}
    assert stores.store(4, {"site": SITE}) == {}, "what is gone is not gone again"
    assert stores.store(5, {"site": SITE, "person:p": PERSON}) == {"north": GateChange(1, 0, 0)}
    assert stores.rows()["person:p"] == (*PERSON, 5)


def test_each_gate_is_compared_with_its_own_records(stores):
    stores.store(1, {"site": SITE, "person:p": PERSON}, {"site": SITE})
    changes = stores.store(2, {"site": SITE}, {"site": SITE, "person:p": PERSON})
    assert changes == {"north": GateChange(0, 0, 1), "south": GateChange(1, 0, 0)}
    assert stores.store(3, {"site": OTHER_SITE}) == {"north": GateChange(0, 1, 0)}
    assert stores.rows("south")["site"] == (*SITE, 1), "a gate that is not named keeps what it has"


@pytest.mark.parametrize(
    ("scope", "others", "gone"),
    [
        ({"person:p"}, True, {"person:p", "site", "lane:a", "hours:h", "face_notice:zh", "ended_pass:e"}),
        ({"person:p"}, False, {"person:p"}),
        (set(), True, {"site", "lane:a", "hours:h", "face_notice:zh", "ended_pass:e"}),
        (None, True, {"person:p", "person:q", "site", "lane:a", "hours:h", "face_notice:zh", "ended_pass:e"}),
    ],
)
def test_only_what_is_within_the_scope_is_compared(stores, scope, others, gone):
    keys = ("person:p", "person:q", "site", "lane:a", "hours:h", "face_notice:zh", "ended_pass:e")
    for key in keys:
        value, digest = PERSON
        row = PolicyRecordRow(gate_id="north", key=key, value=value, digest=digest, version=1)
        stores.session.add(row)
    stores.session.flush()
    changes = stores.store(2, {}, scope=scope, with_others=others)
    assert changes == {"north": GateChange(0, 0, len(gone))}
    assert {key for key, (value, _digest, _version) in stores.rows().items() if value is None} == gone


def test_a_personal_record_that_no_gate_takes_goes_alone_and_is_named(stores, caplog):
    no_home = wire(HomeRecord("h", "not a number", b"s" * 16))
    assert stores.store(1, {"home:h": no_home, "person:p": PERSON}) == {"north": GateChange(1, 0, 0)}
    assert set(stores.rows()) == {"person:p"}
    assert "left out of the policy" in caplog.text
    assert "home:h" in caplog.text
    home = wire(HomeRecord("h", "3-1502", b"s" * 16))
    stores.store(2, {"home:h": home, "person:p": PERSON})
    assert stores.store(3, {"home:h": no_home, "person:p": PERSON}) == {"north": GateChange(0, 0, 1)}
    assert stores.rows()["home:h"] == (None, b"", 3)


def test_what_is_the_same_for_many_gates_is_judged_once(stores, monkeypatch):
    judged = []

    def note(key, value):
        judged.append((key, value))
        return decode_record(key, value)

    monkeypatch.setattr(storing, "decode_record", note)
    stores.store(1, {"site": SITE, "person:p": PERSON}, {"site": SITE, "person:p": OTHER})
    assert judged == [("site", SITE[0]), ("person:p", PERSON[0]), ("person:p", OTHER[0])]


def test_a_record_of_the_site_that_no_gate_takes_is_refused(stores):
    with pytest.raises(PolicyRefused):
        stores.store(1, {"person:p": PERSON, "site": (b"{}", record_digest(b"{}"))})
    assert stores.rows() == {}


@pytest.fixture
def carded(stores):
    """Return a card that both gates have, and its record there."""
    person = add_person(stores.session, stores.site, None, ["north-in"], stores.now)
    card = add_card(stores.session, stores.sealer, person, 7, stores.now)
    record = CardCredential(card.credential_id, person.person_id, tag=b"t" * 32)
    there = {f"credential:{card.credential_id}": wire(record)}
    stores.store(1, there, there)
    return card, there


def end(stores, card, ago=HOUR):
    card.state, card.ended_at, card.ended_reason = "ended", stores.now - ago, "lost"
    stores.session.flush()


def state_at(stores, card, gate_id="north"):
    value, digest, version = stores.rows(gate_id)[f"credential:{card.credential_id}"]
    if value is None:
        return None, version
    assert digest == record_digest(value)
    return decode_record("credential:", value).state, version


def test_an_ended_credential_is_marked_where_it_was_and_left_so(stores, carded):
    card, there = carded
    end(stores, card)
    assert stores.store(2, {}, there) == {"north": GateChange(0, 1, 0)}
    assert state_at(stores, card) == (CredentialState.ENDED, 2)
    assert state_at(stores, card, "south") == (CredentialState.ACTIVE, 1)
    assert stores.store(3, {}, there) == {}
    assert stores.store(4, {}, {}) == {"south": GateChange(0, 1, 0)}
    assert state_at(stores, card) == (CredentialState.ENDED, 2)
    assert stores.store(5, {}, {}, after=ENDED_PUBLISHED_FOR) == {
        "north": GateChange(0, 0, 1),
        "south": GateChange(0, 0, 1),
    }


def test_two_that_ended_are_each_marked_at_the_gate_that_loses_it_alone(stores, carded):
    first, there = carded
    person = add_person(stores.session, stores.site, None, ["north-in"], stores.now)
    second = add_card(stores.session, stores.sealer, person, 8, stores.now)
    record = CardCredential(second.credential_id, person.person_id, tag=b"s" * 32)
    other = {f"credential:{second.credential_id}": wire(record)}
    stores.store(2, there | other, there | other)
    for card in (first, second):
        end(stores, card)
    stores.store(3, other, there)
    assert (state_at(stores, first), state_at(stores, second)) == (
        (CredentialState.ENDED, 3),
        (CredentialState.ACTIVE, 2),
    )
    assert (state_at(stores, first, "south"), state_at(stores, second, "south")) == (
        (CredentialState.ACTIVE, 1),
        (CredentialState.ENDED, 3),
    )


def test_a_credential_that_lives_elsewhere_ended_long_ago_or_has_no_holder_is_left_out(stores, carded):
    card, there = carded
    stores.store(2, {}, there)
    assert state_at(stores, card) == (None, 2)
    end(stores, card, ENDED_PUBLISHED_FOR)
    stores.store(3, {}, {})
    assert state_at(stores, card, "south") == (None, 3)
    stores.store(4, there)
    card.ended_at = stores.now - ENDED_PUBLISHED_FOR + timedelta(seconds=1)
    stores.session.flush()
    stores.store(5, {})
    assert state_at(stores, card) == (CredentialState.ENDED, 5)


def test_a_stolen_gate_is_left_no_credential_not_even_an_ended_one(stores, carded):
    card, _there = carded
    end(stores, card)
    stores.store(2, {}, {}, states={"north": "stolen"})
    assert state_at(stores, card) == (None, 2)
    assert state_at(stores, card, "south") == (CredentialState.ENDED, 2)


def test_more_rows_than_one_statement_takes_are_all_stored_by_as_few_as_can_be(stores, database, monkeypatch):
    monkeypatch.setattr(storing, "ROWS_AT_ONCE", 2)
    people = {f"person:{number}": wire(PersonRecord(str(number), (), ())) for number in range(5)}
    with statements_of(database) as seen:
        assert stores.store(1, people) == {"north": GateChange(5, 0, 0)}
    assert verbs(seen) == ["SELECT", *["INSERT"] * 3, "SELECT"], "what is there, and which gates have sums"
    assert stores.rows() == {key: (*value, 1) for key, value in people.items()}


def test_sums_that_there_are_follow_what_is_stored(stores):
    stores.store(1, {"site": SITE, "person:p": PERSON}, {"site": SITE})
    sums = changed_sums(NO_RECORDS, [("site", SITE[1]), ("person:p", PERSON[1])])
    row = PolicySumsRow(gate_id="north", version=1, sums=sums, digest=digest_of_sums(sums))
    stores.session.add(row)
    stores.session.flush()
    stores.store(2, {"site": OTHER_SITE})
    stores.session.expire_all()
    kept = stores.session.get_one(PolicySumsRow, "north")
    expected = changed_sums(NO_RECORDS, [("site", OTHER_SITE[1])])
    assert (kept.version, kept.digest) == (2, digest_of_sums(expected))
    assert stores.session.get(PolicySumsRow, "south") is None
    assert stores.session.get_one(Gate, "north").published_version == 0, "that is noted elsewhere"
