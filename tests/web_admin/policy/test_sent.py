"""The server compares what gates are sent: people, hours, faces, codes, older gates, stolen ones."""

import random  # noqa: TID251 - the same each time
from datetime import timedelta

import pytest

from gate_controller.contract.features import LOST_READERS, known
from gate_controller.contract.records import Method
from gate_controller.rules.decision import Reason
from tests.support.compounds.with_gates import add_card, add_gate, add_home, add_person, add_pin
from tests.support.sent_records import sent_by_records
from tests.web_admin.policy.published import ALL_METHODS, give_face
from web_admin.access.answers import where_may, who_may
from web_admin.access.difference import difference
from web_admin.access.sent import Sent
from web_admin.access.sweep import Way
from web_admin.access.weeks import lane_week, person_week
from web_admin.compound.models import CalendarDay, CredentialRow, Gate, GrantRow, Hours, Lane, Site
from web_admin.core.sealing import seal_pin_tag
from web_admin.events.why_refused import why_refused
from web_admin.policy.effects import PolicyEffects
from web_admin.policy.publish import publish_policy, records_for_gate
from web_admin.policy.sent import sent_to_gates

pytestmark = pytest.mark.both_databases

WEEK = timedelta(days=7)
NOON = [{"days": ["mon"], "from_minute": 720, "until_minute": 780}]


@pytest.fixture
def session(database, sealer, site, now):
    """Give a compound with three gates, one of them stolen, and people with all that bounds them."""
    with database.session() as session:
        for number, gate_id in enumerate(("north", "south", "east"), 1):
            add_gate(session, sealer, site, gate_id, number, ALL_METHODS)
        session.get_one(Gate, "south").knows = list(known())
        session.get_one(Gate, "east").state = "stolen"
        session.get_one(Site, site).face_pause_hours = 12
        night = [{"days": ["mon", "fri", "holiday"], "from_minute": 1320, "until_minute": 360}]
        session.add(Hours(hours_id="night", site_id=site, name="night", spans=night))
        session.add(CalendarDay(site_id=site, day=(now + timedelta(days=2)).date(), kind="holiday"))
        session.get_one(Lane, "north-in").method_hours = {"pin": "night"}
        session.get_one(Lane, "south-in").posture_hours = {"night": "lockdown"}
        lanes = ["north-in", "south-in", "east-in", "nowhere-in"]
        home = add_home(session, site, "3-1502")
        for number in range(8):
            person = add_person(session, site, home, lanes[number % 2 :], now, ("card", "pin", "qr"))
            card = add_card(session, sealer, person, 100 + number, now)
            add_pin(session, sealer, person, home, f"{1000 + number}", now)
            (grant,) = session.query(GrantRow).filter_by(person_id=person.person_id)
            grant.hours_id = "night" if number == 3 else None
            grant.valid_until = now + timedelta(days=3) if number == 4 else None
            card.valid_until = now + timedelta(days=1, hours=number) if number in (2, 5) else None
            card.state = "suspended" if number == 6 else "active"
            person.suspended = number == 7
            if number in (1, 2, 5):
                give_face(session, sealer, site, person, now, version=number)
            if number in (0, 2):
                phone = {"credential_id": f"{number:016x}", "kind": "qr", "created_at": now}
                session.add(CredentialRow(person_id=person.person_id, **phone))
            if number == 5:
                code = CredentialRow(
                    credential_id="00000000000000c0",
                    person_id=person.person_id,
                    kind="visitor_code",
                    secret_sealed=seal_pin_tag(sealer, b"t" * 32),
                    valid_from=now,
                    valid_until=now + timedelta(hours=5),
                    lanes=["south-in"],
                    created_at=now,
                )
                session.add(code)
        session.flush()
        publish_policy(session, sealer, site, now)
        yield session


def published(session, sealer, site, now) -> Sent:
    gates = {
        gate.gate_id: records_for_gate(session, sealer, gate, now)
        for gate in session.query(Gate).filter_by(site_id=site)
    }
    return sent_by_records(gates, now=now)


@pytest.mark.wide
def test_it_is_what_each_gate_is_sent(session, sealer, site, now):
    worked_out, sent = sent_to_gates(session, sealer, site, now), published(session, sealer, site, now)
    people = {person_id for part in sent.parts for person_id in part.people}
    assert len(people) == 8
    found, published_so = (
        {
            (person_id, lane_id): (answer.ways, answer.own, answer.face_alone)
            for person_id in people
            for lane_id, answer in where_may(known, person_id, now, now + WEEK).items()
        }
        for known in (worked_out, sent)
    )
    assert found == published_so
    ways = {way for answer in found.values() for way in answer[0]}
    assert ways == set(Way)
    assert not who_may(worked_out, "east-in", now)
    assert not difference(worked_out, sent, now, now + WEEK)


def test_gates_of_an_older_version_are_sent_what_they_take(session, sealer, site, now):
    by_gate = {
        gate.gate_id: gate for part in sent_to_gates(session, sealer, site, now).parts for gate in part.gates
    }
    assert LOST_READERS in known()
    assert [by_gate[one].site.face_pause_hours for one in ("north", "south")] == [48, 12]
    sites = {
        part.gates[0].gate_id: part.gates[0].site for part in published(session, sealer, site, now).parts
    }
    assert {gate_id: gate.site for gate_id, gate in by_gate.items()} == sites


@pytest.mark.wide
def test_of_one_number_the_last_credential_counts_at_gates_that_have_both(session, sealer, site, now):
    people = [grant.person_id for grant in session.query(GrantRow).order_by(GrantRow.person_id)]
    north = [
        one for one in people if who_may(sent_to_gates(session, sealer, site, now), "north-in", now).get(one)
    ]
    cards = [session.query(CredentialRow).filter_by(person_id=one, kind="card").one() for one in north[:2]]
    cards[0].secret_sealed = cards[1].secret_sealed
    session.flush()
    worked_out, sent = sent_to_gates(session, sealer, site, now), published(session, sealer, site, now)
    hidden = min(cards, key=lambda card: card.credential_id).person_id
    assert Way.CARD not in who_may(worked_out, "north-in", now).get(hidden, ())
    for person_id in north[:2]:
        # Gates are not sent which cards and PINs their people have in hand.
        times = [
            {
                lane_id: (may.ways, may.face_alone)
                for lane_id, may in where_may(of, person_id, now, now + WEEK).items()
            }
            for of in (worked_out, sent)
        ]
        assert times[0] == times[1]


def test_some_people_are_read_as_among_everyone(session, sealer, site, now):
    everyone = sent_to_gates(session, sealer, site, now)
    some = sorted(person_id for part in everyone.parts for person_id in part.people)[:2]
    read = sent_to_gates(session, sealer, site, now, some)
    assert {person_id for part in read.parts for person_id in part.people} == set(some)
    for person_id in some:
        assert where_may(read, person_id, now, now + WEEK) == where_may(everyone, person_id, now, now + WEEK)


def gates_of(sent: Sent):
    return [part.gates for part in sent.parts]


@pytest.mark.wide
def test_with_some_people_gates_have_the_hours_to_which_any_grant_is_bound(session, sealer, site, now):
    session.add(Hours(hours_id="noon", site_id=site, name="noon", spans=NOON))
    one, other, *_others = session.query(GrantRow).order_by(GrantRow.grant_id)
    bound = 0
    for grants, hours_id in (((one,), "noon"), ((one, other), "noon"), ((one, other), None)):
        for grant in grants:
            grant.hours_id = hours_id
        gates = gates_of(sent_to_gates(session, sealer, site, now))
        bound += any("noon" in gate.hours for part in gates for gate in part)
        for some in ((), (one,), (other,), (one, other)):
            person_ids = [grant.person_id for grant in some]
            assert gates_of(sent_to_gates(session, sealer, site, now, person_ids)) == gates
    assert bound == 2, "the test tells nothing apart"


@pytest.mark.wide
@pytest.mark.parametrize("binds", [True, False], ids=["bound", "unbound"])
def test_a_watch_of_some_people_sees_the_hours_of_their_grants_change(session, sealer, site, now, binds):
    session.add(Hours(hours_id="noon", site_id=site, name="noon", spans=NOON))
    grant, *_others = session.query(GrantRow).order_by(GrantRow.grant_id)
    steps = (None, "noon") if binds else ("noon", None)
    grant.hours_id = steps[0]
    before = sent_to_gates(session, sealer, site, now, [grant.person_id])
    watch = PolicyEffects(sealer).watch(session, site, now, [grant.person_id])
    grant.hours_id = steps[1]
    watch.kept_out()
    after = sent_to_gates(session, sealer, site, now, [grant.person_id])
    assert (watch.comparison.before, watch.comparison.after) == (before, after)
    assert gates_of(before) != gates_of(after)


@pytest.mark.wide
def test_a_week_and_a_try_say_what_the_gate_decides_by_the_records_that_are_published_to_it(
    session, sealer, site, now
):
    chance, opened, refused = random.Random(7), 0, set()  # noqa: S311 - the same each time
    for gate in session.query(Gate).filter_by(state="paired"):
        gate.last_seen_at = now
        sent = sent_to_gates(session, sealer, site, now, gate_ids=[gate.gate_id])
        lane_id = f"{gate.gate_id}-in"
        of_lane = lane_week(sent, lane_id, now, now + WEEK)
        for person_id in sorted(sent.parts[-1].people):
            week = person_week(sent, person_id, now, now + WEEK)
            stretches = [
                one for alike in week.granted if lane_id in alike.lane_ids for one in alike.stretches
            ]
            for _ in range(25):
                at = now + timedelta(minutes=chance.randrange(7 * 1440))
                for method in Method:
                    reason = why_refused(session, person_id, lane_id, method, at)
                    said = next((one.said for one in stretches if one.begins <= at < one.ends), None)
                    opens = said is not None and Way(method) in said.opens
                    assert opens is (reason is Reason.GRANTED), (person_id, lane_id, method, at, reason)
                    in_lane = any(
                        person_id in one.person_ids
                        and any(first <= at < last for first, last in one.answer.ways.get(Way(method), ()))
                        for one in of_lane.alike
                    )
                    assert in_lane is opens
                    opened += opens
                    refused |= set() if opens else {reason}
    assert opened > 100
    assert refused >= {Reason.OUTSIDE_HOURS, Reason.METHOD_NOT_OFFERED, Reason.LANE_LOCKDOWN, Reason.EXPIRED}
    assert refused >= {Reason.PERSON_SUSPENDED, Reason.CREDENTIAL_SUSPENDED, Reason.FACE_NO_MATCH}
