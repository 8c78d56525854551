"""What a publication costs: statements do not grow with the gates, and gates are answered meanwhile."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from gate_controller.contract.calendars import Span
from tests.support.acting import add_lane, household, manager
from tests.support.compounds.with_gates import add_card, add_gate, add_person, add_pin
from tests.web_admin.policy.counted import add_stairs, counted
from web_admin.compound.models import Gate, Person
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.core.effects import NoEffects
from web_admin.credentials.cards import issue_card
from web_admin.gates.actions import add_gate as add_office_gate
from web_admin.gates.actions import save_lane
from web_admin.gates.hours import save_hours, set_calendar_day
from web_admin.gates.orders import mark_gate, order_open, set_override
from web_admin.gates.rules import LaneSpec
from web_admin.people.homes import add_home as add_office_home
from web_admin.policy import publish
from web_admin.policy.effects import PolicyEffects
from web_admin.policy.publish import change_since, publish_policy


@pytest.mark.both_databases
def test_one_card_more_takes_as_many_statements_at_two_gates_as_at_twenty(database, sealer, site, now):
    with database.session() as session:
        person = add_stairs(session, sealer, site, now, 2)[0]

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
    assert counted(database, another_card(202)) == few


@pytest.mark.both_databases
@pytest.mark.wide
def test_many_people_take_as_many_statements_as_one_and_most_of_a_site_no_more_than_all(
    database, sealer, site, now
):
    with database.session() as session:
        one = add_stairs(session, sealer, site, now, 2)[0].person_id
        many = [add_person(session, site, None, ["stair-1-in"], now).person_id for _number in range(1_100)]
        publish_policy(session, sealer, site, now)

    def changed(person_ids):
        def change(session):
            session.execute(update(Person).where(Person.person_id.in_(person_ids)).values(language="en"))
            publish_policy(session, sealer, site, now, person_ids=person_ids)
            assert publish_policy(session, sealer, site, now).gates == {}, "nothing was left out"

        return change

    few = counted(database, changed([one]))
    assert counted(database, changed(many[:501])) == few + 1, "one asks whether they are most"
    assert counted(database, changed(many)) <= few


@pytest.mark.both_databases
def test_one_card_more_is_one_record_more_at_each_gate(database, sealer, site, now):
    with database.session() as session:
        person = add_stairs(session, sealer, site, now, 3)[0]
    with database.session() as session:
        card = add_card(session, sealer, person, 300, now)
        result = publish_policy(session, sealer, site, now, person_ids=[person.person_id])
        assert {gate: (c.added, c.changed, c.removed) for gate, c in result.gates.items()} == {
            f"stair-{number}": (1, 0, 0) for number in (1, 2, 3)
        }
        for gate_id in result.gates:
            gate = session.get_one(Gate, gate_id)
            change = change_since(session, gate, 1, result.version - 1)
            assert set(change.puts) == {f"credential:{card.credential_id}"}
            assert (gate.published_version, change.deletes) == (result.version, ())


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)
def test_gates_are_answered_by_what_they_had_while_a_publication_works(
    database, sealer, site, now, monkeypatch
):
    with database.session() as session:
        person = add_stairs(session, sealer, site, now, 2)[0]
    noting, seen = publish._note_published, []

    def asked_meanwhile():
        """Do as a gate's question does: lock the gate's row, then read what it lacks."""
        with database.session() as session:
            query = select(Gate).where(Gate.gate_id == "stair-1").with_for_update(key_share=True, nowait=True)
            gate = session.scalars(query).one()
            return gate.published_version, change_since(session, gate, 1, 1)

    def note(session, *args, **options):
        assert session.scalar(select(func.max(PolicyRecordRow.version))) == 2
        seen.append(asked_meanwhile())
        noting(session, *args, **options)
        with pytest.raises(OperationalError, match="could not obtain lock"):
            asked_meanwhile()

    monkeypatch.setattr(publish, "_note_published", note)
    with database.session() as session:
        card = add_card(session, sealer, person, 400, now)
        publish_policy(session, sealer, site, now, person_ids=[person.person_id])
    assert seen == [(1, None)]
    version, change = asked_meanwhile()
    assert (version, set(change.puts)) == (2, {f"credential:{card.credential_id}"})


@pytest.mark.both_databases
def test_a_lane_that_changes_is_compared_at_its_own_gate_alone(database, sealer, site, now):
    with database.session() as session:
        act = manager(session, sealer, site, now, PolicyEffects(sealer))
        add_stairs(session, sealer, site, now, 3)
        before = session.get_one(Gate, "stair-3").published_version
        set_override(act, "stair-2-in", "lockdown", "fire", now + timedelta(hours=1))
        assert session.get_one(Gate, "stair-2").published_version == before + 1
        save_lane(act, "stair-2", LaneSpec("stair-2-in", "In", "in", ("card", "pin")))
        assert session.get_one(Gate, "stair-2").published_version == before + 2
        assert session.get_one(Gate, "stair-3").published_version == before
        assert publish_policy(session, sealer, site, now).gates == {}, "nothing else had to be published"


@pytest.mark.both_databases
def test_a_gate_that_is_stolen_loses_its_people_and_no_other_gate_is_worked_out(
    database, sealer, site, now, monkeypatch
):
    worked_out = []
    real = publish._Sources.records

    def noted(sources, gate):
        worked_out.append(gate.gate_id)
        return real(sources, gate)

    with database.session() as session:
        add_stairs(session, sealer, site, now, 3)
        monkeypatch.setattr(publish._Sources, "records", noted)
        mark_gate(manager(session, sealer, site, now, PolicyEffects(sealer)), "stair-2", "stolen")
        stored = session.execute(
            select(PolicyRecordRow.gate_id, PolicyRecordRow.key).where(
                PolicyRecordRow.value.is_not(None), PolicyRecordRow.key.like("person:%")
            )
        ).all()
    assert worked_out == ["stair-2"]
    assert {gate_id for gate_id, _key in stored} == {"stair-1", "stair-3"}


@pytest.mark.both_databases
def test_a_code_for_two_gates_stays_out_whichever_of_them_is_worked_out(database, sealer, site, now):
    with database.session() as session:
        person = add_stairs(session, sealer, site, now, 2)[0]
        code = add_pin(session, sealer, person, person.home, "48291537", now)
        code.kind, code.lanes = "visitor_code", ["stair-1-in", "stair-2-in"]
        session.flush()
        for gate_ids in (["stair-1"], ["stair-2"], None):
            publish_policy(session, sealer, site, now, gate_ids=gate_ids)
            key = PolicyRecordRow.key == f"credential:{code.credential_id}"
            assert session.scalars(select(PolicyRecordRow.gate_id).where(key)).all() == []


def test_acts_that_change_nothing_of_the_policy_publish_nothing(database, sealer, site, now):
    published = []

    class Noted(NoEffects):
        def publish(self, session, site_id, now, person_ids, gate_ids=None, *, with_others=True):
            published.append((person_ids, gate_ids))

    with database.session() as session:
        add_stairs(session, sealer, site, now, 1)
        act = manager(session, sealer, site, now, Noted())
        add_office_gate(act, "south", "South")
        add_office_home(act, "3-1")
        order_open(act, "stair-1-in", "delivery")
    assert published == []


def test_hours_and_holidays_publish_no_person_again(database, sealer, site, now):
    spans = [Span(("mon",), 480, 1080)]
    published = []

    class Noted(NoEffects):
        def publish(self, session, site_id, now, person_ids, gate_ids=None, *, with_others=True):
            published.append(person_ids)

    with database.session() as session:
        act = manager(session, sealer, site, now, Noted())
        hours = save_hours(act, None, "day", spans)
        save_hours(act, hours.hours_id, "day", [Span(("tue",), 480, 1080)])
        set_calendar_day(act, now.date(), "holiday")
    assert published == [(), (), ()]


@pytest.mark.wide
@pytest.mark.both_databases
def test_a_change_of_hours_is_one_record_at_the_gates_where_they_count(database, sealer, site, now):
    with database.session() as session:
        act = manager(session, sealer, site, now, PolicyEffects(sealer))
        add_lane(act)
        hours = save_hours(act, None, "day", [Span(("mon",), 480, 1080)])
        _home, person = household(act)
        issue_card(act, person.person_id, 77)
        person.grants[0].hours_id = hours.hours_id
        session.flush()
        before = publish_policy(session, sealer, site, now).version
        save_hours(act, hours.hours_id, "day", [Span(("tue",), 480, 1080)])
        change = change_since(session, session.get_one(Gate, "north"), 1, before)
    assert set(change.puts) == {f"hours:{hours.hours_id}"}
    assert msgspec.json.decode(change.puts[f"hours:{hours.hours_id}"])["spans"][0]["days"] == ["tue"]
