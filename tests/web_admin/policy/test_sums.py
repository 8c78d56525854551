"""The sums of published records: begun once, carried on by publications, and never trusted when damaged."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select, update

from gate_controller.contract.features import SUM_DIGEST
from gate_controller.contract.messages import PolicyManifest, policy_digest, record_digest
from gate_controller.contract.records import PolicyRefused
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from tests.support.compounds.with_gates import add_card, add_gate, add_person
from tests.support.statements import POSTGRESQL, locking, statements_of, verbs
from tests.web_admin.policy.counted import add_stairs, counted
from tests.web_admin.policy.published import stored
from tests.web_admin.policy.taking_gate import TakingGate
from web_admin.compound.models import CredentialRow, Gate, Person, Site
from web_admin.compound.policy_models import PolicyRecordRow, PolicySumsRow, forget_published
from web_admin.core.database import Menjin
from web_admin.policy import sums
from web_admin.policy.effects import PolicyEffects
from web_admin.policy.publish import publish_policy
from web_admin.policy.sums import begin_sums

pytestmark = pytest.mark.both_databases


@pytest.fixture
def menjin(web_config, database, sealer, now):
    return Menjin(web_config, database, sealer, lambda: now, PolicyEffects(sealer))


@pytest.fixture
def lin(database, sealer, site, north, now):
    """A person with a card at a gate that takes sums and has its first policy."""
    with database.session() as session:
        person = add_person(session, site, None, ["north-in"], now)
        add_card(session, sealer, person, 7, now)
        publish_policy(session, sealer, site, now)
    north.knows = (SUM_DIGEST,)
    return person.person_id


@pytest.fixture
def gate(tmp_path, database, site, north, clock):
    """The gate's own store, which takes what the server answers."""
    with database.session() as session:
        root = session.get_one(Site, site).root_public_key
    store = PolicyStore(tmp_path / "policy", GateIdentity(site, "north", root), clock.now)
    yield TakingGate(store, north, clock)
    store.close()


def card_more(database, sealer, site, person_id, number, now):
    with database.session() as session:
        add_card(session, sealer, session.get_one(Person, person_id), number, now)
        publish_policy(session, sealer, site, now, person_ids=[person_id])


def digest_of_whole(session, gate_id):
    return policy_digest(
        {key: record_digest(value) for key, value in stored(session, gate_id).items()}, "lthash16"
    )


def kept(session, gate_id):
    row = session.get(PolicySumsRow, gate_id, populate_existing=True)
    return None if row is None else (row.version, row.digest)


def is_of_whole(database, gate_id="north"):
    """Return whether a gate's sums are those of all its records, at its version."""
    with database.session() as session:
        version = session.get_one(Gate, gate_id).published_version
        return kept(session, gate_id) == (version, digest_of_whole(session, gate_id))


def test_a_gate_gets_sums_once_they_are_begun_and_publications_carry_them_on(
    menjin, database, sealer, site, now, gate, lin
):
    assert gate.asks() == "sha256"
    assert begin_sums(menjin, now) == 1
    assert gate.asks() == "lthash16", "the same version by another digest"
    for number in (8, 9):
        card_more(database, sealer, site, lin, number, now)
        assert is_of_whole(database)
        assert (gate.asks(), gate.store.have[1]) == ("lthash16", number - 6)
    with database.session() as session:
        assert session.get_one(Gate, "north").published_digest is None, "the older digest was not worked out"
    assert begin_sums(menjin, now) == 0


def test_an_older_gate_gets_the_older_digest_and_no_word_of_another(
    menjin, database, sealer, site, now, gate, north, lin
):
    north.knows = ()
    gate.asks()
    assert begin_sums(menjin, now) == 0
    card_more(database, sealer, site, lin, 8, now)
    north.have = gate.store.have
    reply = north.ask(now)
    assert reply.knows is msgspec.UNSET
    assert set(msgspec.json.decode(reply.policy.manifest)) == {
        "site_id",
        "gate_id",
        "epoch",
        "version",
        "issued_at",
        "digest",
    }
    with database.session() as session:
        records = {key: record_digest(value) for key, value in stored(session, "north").items()}
        assert kept(session, "north") is None
    assert msgspec.json.decode(reply.policy.manifest, type=PolicyManifest).digest == policy_digest(records)
    assert gate.asks() == "sha256"


def test_a_gate_whose_program_goes_back_gets_the_older_digest_and_its_sums_go(
    menjin, database, sealer, site, now, gate, north, lin
):
    gate.asks()
    begin_sums(menjin, now)
    assert gate.asks() == "lthash16"
    north.knows = ()
    assert gate.asks() == "sha256"
    card_more(database, sealer, site, lin, 8, now)
    assert gate.asks() == "sha256"
    assert begin_sums(menjin, now) == 0
    with database.session() as session:
        assert kept(session, "north") is None


def test_wrong_sums_are_refused_by_the_gate_taken_by_the_older_digest_and_begun_afresh(
    menjin, database, sealer, site, now, gate, north, lin
):
    gate.asks()
    begin_sums(menjin, now)
    assert gate.asks() == "lthash16"
    with database.session() as session:
        # As a fault of the program would: the sums fit their digest, but not the records.
        wrong = bytes(2048)
        session.execute(update(PolicySumsRow).values(sums=wrong, digest=sums.digest_of_sums(wrong)))
    card_more(database, sealer, site, lin, 8, now)
    with pytest.raises(PolicyRefused, match="add up"):
        gate.asks()
    assert not gate.store.takes_sums
    north.knows = ()
    assert (gate.asks(), gate.store.have[1]) == ("sha256", 2)
    begin_sums(menjin, now)
    north.knows = (SUM_DIGEST,)  # the gate was started again
    gate.asks()
    assert begin_sums(menjin, now) == 1
    card_more(database, sealer, site, lin, 9, now)
    assert is_of_whole(database)
    gate.store.takes_sums = True
    assert gate.asks() == "lthash16"


def test_damaged_sums_are_not_carried_on_but_begun_again(
    menjin, database, sealer, site, now, gate, lin, caplog
):
    gate.asks()
    begin_sums(menjin, now)
    with database.session() as session:
        session.execute(update(PolicySumsRow).values(sums=b"\1" + bytes(2047)))
    card_more(database, sealer, site, lin, 8, now)
    assert "the sums of gate north are damaged" in caplog.text
    assert gate.asks() == "sha256"
    assert begin_sums(menjin, now) == 1
    assert is_of_whole(database)
    with database.session() as session:
        session.execute(update(PolicySumsRow).values(sums=b"\1" + bytes(2047)))
    assert begin_sums(menjin, now) == 1
    assert is_of_whole(database)


def test_whole_sums_of_an_older_version_are_not_carried_on_but_begun_again(
    menjin, database, sealer, site, now, gate, lin
):
    gate.asks()
    begin_sums(menjin, now)
    card_more(database, sealer, site, lin, 8, now)
    with database.session() as session:
        row = session.get_one(PolicySumsRow, "north")
        older = {"version": row.version, "sums": row.sums, "digest": row.digest}
    card_more(database, sealer, site, lin, 9, now)
    with database.session() as session:
        # As a server of before the sums leaves them, which publishes without carrying them on.
        session.execute(update(PolicySumsRow).values(older))
    card_more(database, sealer, site, lin, 10, now)
    with database.session() as session:
        assert kept(session, "north") == (older["version"], older["digest"])
    assert gate.asks() == "sha256"
    assert begin_sums(menjin, now) == 1
    assert is_of_whole(database)
    assert gate.asks() == "lthash16"


def test_sums_that_are_begun_have_no_record_that_was_deleted(menjin, database, sealer, site, now, gate, lin):
    with database.session() as session:
        session.get_one(Person, lin).ended_at = now
        publish_policy(session, sealer, site, now, person_ids=[lin])
        deleted = select(PolicyRecordRow.key).where(PolicyRecordRow.value.is_(None))
        assert f"person:{lin}" in session.scalars(deleted).all()
    gate.asks()
    assert begin_sums(menjin, now) == 1
    assert is_of_whole(database)
    assert gate.asks() == "lthash16"


def test_a_publication_that_comes_between_keeps_old_sums_out(
    menjin, database, sealer, site, now, gate, lin, monkeypatch
):
    gate.asks()
    real = sums.changed_sums

    def meanwhile(*parts):
        monkeypatch.setattr(sums, "changed_sums", real)
        card_more(database, sealer, site, lin, 8, now)
        return real(*parts)

    monkeypatch.setattr(sums, "changed_sums", meanwhile)
    assert begin_sums(menjin, now) == 0
    assert gate.asks() == "sha256"
    assert begin_sums(menjin, now) == 1
    assert is_of_whole(database)


def test_sums_are_begun_and_deleted_while_the_site_of_their_gate_is_locked_against_publications(
    menjin, database, site, now, gate, north, lin
):
    gate.asks()
    for knows in ((SUM_DIGEST,), ()):
        north.knows = knows
        gate.asks()
        ((table, statement),) = locking(database, lambda: begin_sums(menjin, now))
        assert table == "site"
        assert str(statement.compile(dialect=POSTGRESQL)).endswith("FOR NO KEY UPDATE")
        with database.session() as session:
            assert session.scalars(statement).all() == [site]


def test_a_controller_that_is_replaced_begins_without_sums(menjin, database, sealer, site, now, gate, lin):
    gate.asks()
    begin_sums(menjin, now)
    with database.session() as session:
        forget_published(session, session.get_one(Gate, "north"))
        assert kept(session, "north") is None
        publish_policy(session, sealer, site, now)
        assert kept(session, "north") is None


def test_cards_that_end_and_people_who_leave_are_subtracted(menjin, database, sealer, site, now, gate, lin):
    gate.asks()
    begin_sums(menjin, now)
    with database.session() as session:
        card = session.scalars(select(CredentialRow)).one()
        card.state, card.ended_at = "ended", now
        publish_policy(session, sealer, site, now, person_ids=[lin])
    assert is_of_whole(database)
    assert gate.asks() == "lthash16"
    with database.session() as session:
        session.get_one(Person, lin).ended_at = now
        publish_policy(session, sealer, site, now + timedelta(days=90), person_ids=[lin])
    assert is_of_whole(database)
    assert gate.asks() == "lthash16"
    with database.session() as session:
        session.get_one(Gate, "north").state = "stolen"
        publish_policy(session, sealer, site, now)
    assert is_of_whole(database)


def test_a_question_with_nothing_new_costs_one_statement_with_sums_too(
    menjin, database, sealer, site, clock, gate, north, lin
):
    gate.asks()
    begin_sums(menjin, clock.now)
    for _question in range(2):
        assert gate.asks() == "lthash16"
    with statements_of(database) as asked:
        assert gate.asks() == "lthash16"
    assert verbs(asked) == ["UPDATE"]
    with database.session() as session:
        session.execute(update(PolicySumsRow).values(digest=bytes(32)))
    with pytest.raises(PolicyRefused, match="another digest"):
        gate.asks()


@pytest.mark.parametrize("of", ["stair-1", "stair-2"])
@pytest.mark.parametrize("fault", [{"version": 0}, {"sums": b"\1" + bytes(2047)}], ids=["older", "damaged"])
def test_sums_of_one_gate_that_are_not_carried_on_keep_no_other_from_theirs(
    menjin, database, sealer, site, now, of, fault
):
    with database.session() as session:
        person_id = add_stairs(session, sealer, site, now, 2)[0].person_id
        session.execute(update(Gate).values(knows=[SUM_DIGEST]))
    assert begin_sums(menjin, now) == 2
    with database.session() as session:
        session.execute(update(PolicySumsRow).where(PolicySumsRow.gate_id == of).values(fault))
    card_more(database, sealer, site, person_id, 200, now)
    assert [is_of_whole(database, gate_id) for gate_id in ("stair-1", "stair-2")] == [
        of != "stair-1",
        of != "stair-2",
    ]


def test_each_gate_has_the_digest_of_its_own_sums(menjin, database, sealer, site, now):
    with database.session() as session:
        add_stairs(session, sealer, site, now, 2)
        session.execute(update(Gate).values(knows=[SUM_DIGEST]))
    begin_sums(menjin, now)
    with database.session() as session:
        for gate_id in ("stair-1", "stair-2"):
            assert sums.digest_at(session, gate_id, 1) == digest_of_whole(session, gate_id)
            assert sums.digest_at(session, gate_id, 2) is None


@pytest.mark.wide
def test_sums_take_as_many_statements_at_two_gates_as_at_twenty(menjin, database, sealer, site, now):
    with database.session() as session:
        person = add_stairs(session, sealer, site, now, 2)[0]
        session.execute(update(Gate).values(knows=[SUM_DIGEST]))
    assert begin_sums(menjin, now) == 2

    def another_card(number):
        def change(session):
            add_card(session, sealer, person, number, now)
            publish_policy(session, sealer, site, now, person_ids=[person.person_id])

        return change

    few = counted(database, another_card(201))
    with database.session() as session:
        lanes = [f"more-{number}-in" for number in range(18)]
        for number in range(18):
            add_gate(session, sealer, site, f"more-{number}", 50 + number, ["card"])
        add_person(session, site, None, lanes, now)
        publish_policy(session, sealer, site, now)
        session.execute(update(Gate).values(knows=[SUM_DIGEST]))
    assert begin_sums(menjin, now) == 18
    assert counted(database, another_card(202)) == few
    assert is_of_whole(database, "stair-1") and is_of_whole(database, "more-7")
