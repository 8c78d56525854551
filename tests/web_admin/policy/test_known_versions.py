"""A gate knows a version: what changed since, when its policy is too old, and what it does not take."""

from datetime import timedelta

import pytest

from gate_controller.contract.features import known
from tests.support.compounds.with_gates import add_card, add_gate, add_home, add_person
from tests.web_admin.policy.published import ALL_METHODS
from web_admin.compound.models import CredentialRow, Gate, Lane, Person, Site
from web_admin.policy.known_versions import known_versions
from web_admin.policy.publish import publish_policy

pytestmark = pytest.mark.both_databases


@pytest.fixture
def session(database, sealer, site, now):
    """Give a compound whose two gates know all that is published."""
    with database.session() as session:
        for number, gate_id in enumerate(("north", "south"), 1):
            add_gate(session, sealer, site, gate_id, number, ALL_METHODS)
        home = add_home(session, site, "3-1502")
        for number in range(2):
            person = add_person(session, site, home, ["north-in", "south-in"], now, ("card",))
            add_card(session, sealer, person, 100 + number, now)
            person.display_name = f"person {number}"
        session.flush()
        for gate in session.query(Gate):
            gate.knows = list(known())
        publish_policy(session, sealer, site, now)
        for gate in session.query(Gate):
            gate.have_epoch = session.get_one(Site, site).epoch
            gate.have_version, gate.last_seen_at = gate.published_version, now
        session.flush()
        yield session


def of(session, now, gate_id="north", about=None):
    gates = session.query(Gate).order_by(Gate.gate_id).all()
    return known_versions(session, gates, now, about)[gate_id]


def test_a_gate_in_contact_that_has_everything_decides_as_is_set(session, now):
    knows = of(session, now)
    assert (knows.version, knows.changed, knows.is_as_set) == (knows.newest, 0, True)
    assert knows.too_old_at is None


def test_of_a_silent_gate_what_changed_since_is_counted_for_everyone_and_for_one_person(
    session, sealer, site, now
):
    first, second = (person.person_id for person in session.query(Person).order_by(Person.display_name))
    later = now + timedelta(days=21)
    session.query(CredentialRow).filter_by(person_id=first).one().state = "suspended"
    session.get_one(Gate, "south").last_seen_at = later
    session.flush()
    publish_policy(session, sealer, site, later)
    session.flush()
    knows = of(session, later)
    assert knows.version < knows.newest
    assert (knows.changed, knows.is_silent, knows.is_as_set) == (1, True, False)
    assert knows.too_old_at == now + timedelta(days=session.get_one(Site, site).max_policy_age_days)
    assert [of(session, later, about=person_id).changed for person_id in (first, second)] == [1, 0]
    # The hours of a lane decide on everyone.
    session.get_one(Lane, "north-in").methods = ["card"]
    session.flush()
    publish_policy(session, sealer, site, later)
    assert [of(session, later, about=person_id).changed for person_id in (first, second)] == [2, 1]
    assert not of(session, later, "south").is_silent


def test_after_a_restore_versions_cannot_be_compared(session, site, now):
    session.get_one(Site, site).epoch += 1
    session.flush()
    assert of(session, now).changed is None
    assert not of(session, now).is_as_set


def test_a_gate_of_an_older_version_takes_fewer_records(session, now):
    session.get_one(Gate, "north").knows = []
    session.flush()
    assert (of(session, now).takes_fewer, of(session, now, "south").takes_fewer) == (True, False)


def test_a_gate_without_a_controller_knows_nothing_and_a_stolen_one_is_not_asked(session, now):
    for state in ("new", "stolen"):
        session.get_one(Gate, "north").state = state
        session.flush()
        assert known_versions(session, session.query(Gate).all(), now).keys() == {"south"}
