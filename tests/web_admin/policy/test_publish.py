"""Publishing: each gate gets what it needs, promise 1 holds before anything is written."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update

from gate_controller.contract.features import FACE_BESIDE
from gate_controller.contract.messages import open_manifest, policy_digest, record_digest
from gate_controller.contract.pins import argon2_tag, card_tag, gate_pin_tag
from gate_controller.contract.policy import compile_policy
from gate_controller.contract.records import Method, PolicyRefused, Posture, decode_record
from tests.support.compounds.with_gates import add_card, add_gate, add_home, add_person, add_pin
from tests.web_admin.policy.published import ALL_METHODS, add_sums, give_face, stored
from web_admin.compound.keys import create_site
from web_admin.compound.models import CalendarDay, CredentialRow, Gate, GrantRow, Hours, Lane, Person, Site
from web_admin.compound.policy_models import PolicySumsRow
from web_admin.custody.models import Notice
from web_admin.custody.shares import FACE_PURPOSE, destroy_shares
from web_admin.face.ways_in import NO_OTHER_WAY
from web_admin.policy.publish import (
    change_since,
    publish_policy,
    records_for_gate,
    signed_manifest,
)
from web_admin.visitors.models import VisitorPassRow

pytestmark = pytest.mark.both_databases


def test_a_gate_receives_only_people_who_may_pass_it(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        add_gate(session, sealer, site, "south", 2, ALL_METHODS)
        home = add_home(session, site, "3-1502")
        both = add_person(session, site, home, ["north-in", "south-in"], now)
        north = add_person(session, site, None, ["north-in"], now)
        cards = [add_card(session, sealer, both, 111, now), add_card(session, sealer, north, 222, now)]
        publish_policy(session, sealer, site, now)
        here, there = stored(session, "north"), stored(session, "south")
    personal = {f"person:{both.person_id}", f"credential:{cards[0].credential_id}", f"home:{home.home_id}"}
    assert set(there) == {"site", "lane:south-in", *personal}
    of_north = {f"person:{north.person_id}", f"credential:{cards[1].credential_id}"}
    assert set(here) == {"site", "lane:north-in", *personal, *of_north}
    assert decode_record("person:x", there[f"person:{both.person_id}"]).grants[0].lanes == ("south-in",)


def test_no_name_of_a_person_reaches_a_gate(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        add_person(session, site, None, ["north-in"], now).display_name = "Zhang San"
        publish_policy(session, sealer, site, now)
        assert b"Zhang" not in b"".join(stored(session, "north").values())


def test_tags_are_under_the_key_of_the_gate(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        add_gate(session, sealer, site, "south", 2, ALL_METHODS)
        home = add_home(session, site, "3-1502")
        person = add_person(session, site, home, ["north-in", "south-in"], now, ("card", "pin"))
        card = add_card(session, sealer, person, 4711, now)
        pin = add_pin(session, sealer, person, home, "482915", now)
        publish_policy(session, sealer, site, now)
        tags = {}
        for gate_id in ("north", "south"):
            gate = session.get_one(Gate, gate_id)
            records = stored(session, gate_id)
            card_key = sealer.open(gate.card_key_sealed, purpose="gate-key")
            pin_key = sealer.open(gate.pin_key_sealed, purpose="gate-key")
            record = decode_record("credential:x", records[f"credential:{card.credential_id}"])
            assert record.tag == card_tag(4711, card_key)
            tags[gate_id] = record.tag
            record = decode_record("credential:x", records[f"credential:{pin.credential_id}"])
            assert record.tag == gate_pin_tag(argon2_tag("482915", home.pin_salt), pin_key)
            assert record.home_id == home.home_id
    assert tags["north"] != tags["south"]


def test_a_lane_with_face_alone_is_refused_and_nothing_is_written(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        publish_policy(session, sealer, site, now)
    with pytest.raises(PolicyRefused, match=r"north-in.*promise 1"), database.session() as session:
        session.execute(update(Lane).values(methods=["face"]))
        publish_policy(session, sealer, site, now)
    with database.session() as session:
        assert session.get_one(Site, site).version == 1
        assert decode_record("lane:x", stored(session, "north")["lane:north-in"]).methods[0] is Method.CARD


def test_face_alone_at_some_hour_is_refused(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ["card", "face"])
        session.add(
            Hours(
                hours_id="day",
                site_id=site,
                name="day",
                spans=[{"days": ["mon"], "from_minute": 480, "until_minute": 1200}],
            )
        )
        session.flush()
        session.get_one(Lane, "north-in").method_hours = {"card": "day"}
        with pytest.raises(PolicyRefused, match="only face"):
            publish_policy(session, sealer, site, now)


def test_a_lane_that_names_unknown_hours_is_refused(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ["card"])
        session.get_one(Lane, "north-in").posture_hours = {"nights": "lockdown"}
        with pytest.raises(PolicyRefused, match="nights"):
            publish_policy(session, sealer, site, now)


def test_a_person_left_with_face_alone_is_published_without_face_and_paused(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        person = add_person(session, site, None, ["north-in"], now)
        card = add_card(session, sealer, person, 1, now)
        give_face(session, sealer, site, person, now)
        other = add_person(session, site, None, ["north-in"], now)
        publish_policy(session, sealer, site, now)
        assert f"face:{person.person_id}" in stored(session, "north")
        card.state = "ended"
        publish_policy(session, sealer, site, now)
        records = stored(session, "north")
    assert f"face:{person.person_id}" not in records
    assert decode_record("person:x", records[f"person:{person.person_id}"]).methods == (Method.CARD,)
    assert f"person:{other.person_id}" in records
    assert person.face_paused_reason == NO_OTHER_WAY


def test_a_face_that_no_lane_takes_any_more_is_paused_as_well(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ["card"])
        person = add_person(session, site, None, ["north-in"], now)
        card = add_card(session, sealer, person, 1, now)
        give_face(session, sealer, site, person, now)
        publish_policy(session, sealer, site, now)
        assert person.face_paused_reason is None
        card.state = "ended"
        publish_policy(session, sealer, site, now)
        assert person.face_paused_reason == NO_OTHER_WAY


def test_face_is_not_published_where_the_other_way_is_not_offered(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ["card", "face"])
        home = add_home(session, site, "3-1502")
        person = add_person(session, site, home, ["north-in"], now, ("pin",))
        add_pin(session, sealer, person, home, "482915", now)
        give_face(session, sealer, site, person, now)
        publish_policy(session, sealer, site, now)
        assert f"face:{person.person_id}" not in stored(session, "north")


@pytest.mark.parametrize("knows", [[FACE_BESIDE], []])
def test_a_face_is_published_until_the_last_other_way_at_its_lane_ends(database, sealer, site, now, knows):
    """A code that works elsewhere keeps no face here."""
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ["card", "pin", "face"])
        session.get_one(Gate, "north").knows = knows
        person = add_person(session, site, None, ["north-in"], now, ("card", "qr"))
        add_card(session, sealer, person, 7, now).valid_until = now + timedelta(hours=1)
        code = CredentialRow(credential_id="b" * 16, person_id=person.person_id, kind="qr", created_at=now)
        session.add(code)
        give_face(session, sealer, site, person, now)
        publish_policy(session, sealer, site, now)
        face = decode_record("face:x", stored(session, "north")[f"face:{person.person_id}"])
        assert face.valid_until == now + timedelta(hours=1)
        publish_policy(session, sealer, site, now + timedelta(hours=1))
        assert f"face:{person.person_id}" not in stored(session, "north")


@pytest.mark.parametrize(("knows", "is_published"), [([FACE_BESIDE], True), ([], False)])
def test_hours_of_the_other_way_keep_a_face_where_the_gate_decides_each_minute_and_nowhere_else(
    database, sealer, site, now, knows, is_published
):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, list(Method))
        session.get_one(Gate, "north").knows = knows
        days = {"days": ["mon"], "from_minute": 480, "until_minute": 1200}
        session.add(Hours(hours_id="day", site_id=site, name="Day", spans=[days]))
        session.flush()
        session.get_one(Lane, "north-in").method_hours = {"pin": "day"}
        home = add_home(session, site, "3-1502")
        person = add_person(session, site, home, ["north-in"], now, ("pin",))
        add_pin(session, sealer, person, home, "482915", now)
        give_face(session, sealer, site, person, now)
        publish_policy(session, sealer, site, now)
        assert (f"face:{person.person_id}" in stored(session, "north")) is is_published
        session.get_one(Lane, "north-in").method_hours = {}
        publish_policy(session, sealer, site, now)
        record = decode_record("face:x", stored(session, "north")[f"face:{person.person_id}"])
        assert record.valid_until is None


@pytest.mark.parametrize(
    "change", ["withdrawn", "paused", "not chosen", "no share", "switched off", "outdated"]
)
def test_face_needs_live_consent_choice_and_share(database, sealer, site, now, change):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        person = add_person(session, site, None, ["north-in"], now)
        add_card(session, sealer, person, 1, now)
        consent = give_face(session, sealer, site, person, now)
        publish_policy(session, sealer, site, now)
        assert f"face:{person.person_id}" in stored(session, "north")
        notice = Notice(
            purpose=FACE_PURPOSE, version=2, language="en", fields={}, sha256=b"", published_at=now
        )
        acts = {
            "withdrawn": lambda: setattr(consent, "withdrawn_at", now),
            "paused": lambda: setattr(person, "face_paused_reason", "invited_again"),
            "not chosen": lambda: setattr(person, "methods", ["card"]),
            "no share": lambda: destroy_shares(session, person.person_id, "withdrawn", now),
            "switched off": lambda: setattr(session.get_one(Site, site), "face_enabled", False),
            "outdated": lambda: session.add(notice),
        }
        acts[change]()
        publish_policy(session, sealer, site, now)
        records = stored(session, "north")
    assert f"face:{person.person_id}" not in records
    assert Method.FACE not in decode_record("person:x", records[f"person:{person.person_id}"]).methods


def test_a_credential_that_cannot_be_opened_blocks_no_other(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        person = add_person(session, site, None, ["north-in"], now)
        broken = add_card(session, sealer, person, 1, now)
        whole = add_card(session, sealer, person, 2, now)
        broken.secret_sealed = bytes(40)
        publish_policy(session, sealer, site, now)
        records = stored(session, "north")
    assert f"credential:{whole.credential_id}" in records
    assert f"credential:{broken.credential_id}" not in records


def test_a_home_that_no_gate_would_take_blocks_no_other(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        person = add_person(session, site, add_home(session, site, "penthouse"), ["north-in"], now)
        publish_policy(session, sealer, site, now)
        records = stored(session, "north")
        compile_policy(records, epoch=1, version=1, issued_at=now)
    assert f"person:{person.person_id}" in records
    assert [key for key in records if key.startswith("home:")] == []


def test_a_stolen_gate_receives_no_person_any_more(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        add_person(session, site, None, ["north-in"], now)
        publish_policy(session, sealer, site, now)
        session.get_one(Gate, "north").state = "stolen"
        publish_policy(session, sealer, site, now)
        assert set(stored(session, "north")) == {"site", "lane:north-in"}


def test_a_withdrawn_pass_is_published_until_it_would_have_ended(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        for pass_id, hours in (("a" * 16, 1), ("b" * 16, -1)):
            session.add(
                VisitorPassRow(
                    pass_id=pass_id,
                    site_id=site,
                    label="",
                    gate_numbers=[1],
                    valid_from=now,
                    valid_until=now + timedelta(hours=hours),
                    uses=0,
                    text="",
                    created_at=now,
                    withdrawn_at=now,
                )
            )
        publish_policy(session, sealer, site, now)
        assert [k for k in stored(session, "north") if k.startswith("ended_pass")] == [
            f"ended_pass:{'a' * 16}"
        ]


def test_publishing_without_a_change_makes_no_new_version(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        add_person(session, site, None, ["north-in"], now)
        first = publish_policy(session, sealer, site, now)
        second = publish_policy(session, sealer, site, now)
    assert (first.version, first.gates["north"].added) == (1, 3)
    assert (second.version, second.gates) == (1, {})


def test_the_manifest_opens_with_the_pinned_root_and_covers_the_records(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        add_person(session, site, None, ["north-in"], now)
        publish_policy(session, sealer, site, now)
        gate = session.get_one(Gate, "north")
        signed = signed_manifest(session, sealer, gate, now)
        root = session.get_one(Site, site).root_public_key
        records = stored(session, "north")
    manifest = open_manifest(signed, root, site_id=site, gate_id="north")
    assert (manifest.epoch, manifest.version, manifest.issued_at) == (1, 1, now)
    assert manifest.digest == policy_digest({key: record_digest(value) for key, value in records.items()})
    with pytest.raises(PolicyRefused):
        open_manifest(signed, bytes(32), site_id=site, gate_id="north")


# -- differences, over random histories --------------------------------------------------------------


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["card", "end_card", "move", "suspend", "grant", "leave", "posture", "hours"]),
        st.integers(0, 3),
        st.booleans(),
    ),
    min_size=1,
    max_size=12,
)


def act(session, sealer, site, now, persons, homes, step, nth):
    kind, who, flag = step
    person = session.get_one(Person, persons[who])
    acts = {
        "card": lambda: add_card(session, sealer, person, nth, now),
        "end_card": lambda: session.execute(
            update(CredentialRow).where(CredentialRow.person_id == person.person_id).values(state="ended")
        ),
        "move": lambda: setattr(person, "home_id", homes[int(flag)]),
        "suspend": lambda: setattr(person, "suspended", flag),
        "grant": lambda: session.execute(
            update(GrantRow)
            .where(GrantRow.person_id == person.person_id)
            .values(lanes=["north-in"] if flag else ["north-in", "south-in"])
        ),
        "leave": lambda: setattr(person, "ended_at", now),
        "posture": lambda: setattr(
            session.get_one(Lane, "north-in"), "posture", "lockdown" if flag else "normal"
        ),
        "hours": lambda: session.execute(
            update(GrantRow)
            .where(GrantRow.person_id == person.person_id)
            .values(hours_id="day" if flag else None)
        ),
    }
    acts[kind]()
    session.expire_all()
    return person.person_id


@pytest.mark.wide
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS, every=st.integers(1, 4))
def test_changes_lead_to_the_same_policy_as_the_whole_and_scoped_as_full(database, sealer, now, steps, every):
    with database.session() as session:
        for table in (
            "policy_record",
            "policy_sums",
            "grant_row",
            "credential",
            "person",
            "home",
            "hours",
            "lane_sheet",
            "lane",
            "gate",
        ):
            session.execute(_delete(table))
        site = create_site(session, sealer, "S", "Asia/Shanghai", "en", "x", now)[0].site_id
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        add_gate(session, sealer, site, "south", 2, ALL_METHODS)
        session.add(
            Hours(
                hours_id="day",
                site_id=site,
                name="day",
                spans=[{"days": ["mon"], "from_minute": 0, "until_minute": 600}],
            )
        )
        homes = [add_home(session, site, number).home_id for number in ("1-1", "1-2")]
        persons = [add_person(session, site, None, ["north-in", "south-in"], now).person_id for _ in range(4)]
        publish_policy(session, sealer, site, now)
        held: dict[str, dict[str, bytes]] = {"north": {}, "south": {}}
        for gate_id in held:
            add_sums(session, gate_id)
        have = {"north": (0, 0), "south": (0, 0)}
        for nth, step in enumerate(steps, start=1):
            changed = act(session, sealer, site, now, persons, homes, step, nth)
            with_others = step[0] not in ("card", "end_card")
            publish_policy(session, sealer, site, now, person_ids=[changed], with_others=with_others)
            for gate_id in held if nth % every == 0 or nth == len(steps) else ():
                gate = session.get_one(Gate, gate_id)
                change = change_since(session, gate, *have[gate_id])
                have[gate_id] = _take(held[gate_id], change, gate, have[gate_id])
        for gate_id, records in held.items():
            gate = session.get_one(Gate, gate_id)
            assert records == stored(session, gate_id)
            assert records == records_for_gate(session, sealer, gate, now)
            digests = {key: record_digest(value) for key, value in records.items()}
            of_sums = session.get_one(PolicySumsRow, gate_id, populate_existing=True)
            assert (of_sums.version, of_sums.digest) == (
                gate.published_version,
                policy_digest(digests, "lthash16"),
            )
            assert publish_policy(session, sealer, site, now).gates == {}


def _delete(table):
    return text(f"DELETE FROM {table}")  # noqa: S608 - a name from the list above


def _take(records, change, gate, have):
    for part in [change] if change is not None else []:
        assert (part.base_epoch, part.base_version) in {(0, 0), have}
        for _ in range(part.base_version == 0):
            records.clear()
        for key in part.deletes:
            records.pop(key, None)
        records.update({key: bytes(value) for key, value in part.puts.items()})
        assert msgspec.json.decode(msgspec.json.encode(part), type=type(part)) == part
    return (1, gate.published_version)


def test_calendar_hours_and_lane_tables_reach_the_gate_whole(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        span = {"days": ["mon", "holiday"], "from_minute": 1320, "until_minute": 360}
        session.add_all(
            [
                Hours(hours_id=h, site_id=site, name=h, spans=[span])
                for h in ("face-hours", "nights", "unused")
            ]
        )
        session.add(CalendarDay(site_id=site, day=now.date(), kind="holiday", name="春节"))
        session.flush()
        lane = session.get_one(Lane, "north-in")
        lane.method_hours, lane.posture_hours = {"face": "face-hours"}, {"nights": "lockdown"}
        publish_policy(session, sealer, site, now)
        policy = compile_policy(stored(session, "north"), epoch=1, version=1, issued_at=now).policy
    assert policy.calendar.exceptions == {now.date(): "holiday"}
    assert set(policy.hours) == {"face-hours", "nights"}
    assert policy.lanes["north-in"].method_hours == {Method.FACE: "face-hours"}
    assert policy.lanes["north-in"].posture_hours == {"nights": Posture.LOCKDOWN}


def test_a_home_stays_while_someone_of_it_may_pass_and_goes_with_the_last(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        home, other = add_home(session, site, "1-1"), add_home(session, site, "1-2")
        first, second = (add_person(session, site, home, ["north-in"], now) for _ in range(2))
        publish_policy(session, sealer, site, now)
        first.home_id = other.home_id
        publish_policy(session, sealer, site, now, person_ids=[first.person_id])
        assert {f"home:{home.home_id}", f"home:{other.home_id}"} <= set(stored(session, "north"))
        second.ended_at = now
        publish_policy(session, sealer, site, now, person_ids=[second.person_id])
        assert [key for key in stored(session, "north") if key.startswith("home:")] == [
            f"home:{other.home_id}"
        ]
