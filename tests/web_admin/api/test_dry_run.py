"""A call that is tried changes nothing and says what it would change; one that is mistyped does nothing."""

import json
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import select

from tests.web_admin.api.calling import CALLS
from web_admin.access.difference import Change, Difference, Entry
from web_admin.api.dry_run import show_difference
from web_admin.compound.models import CredentialRow, Home, Lane, Person
from web_admin.credentials.actions import end_credential, suspend_credential
from web_admin.credentials.cards import issue_card
from web_admin.tables import METADATA


class OneCard(NamedTuple):
    """A card and whose it is; plain ids, since a row that is read keeps SQLite for itself."""

    credential_id: str
    person_id: str


WEEK = timedelta(days=7)
WRITES = [call for calls in CALLS.values() for call in calls if call[0] != "GET"]


def rows(act) -> dict[str, list[str]]:
    """Return everything that is stored, but when and how often a key called."""
    act.session.rollback()
    stored = {}
    for table in (one for one in METADATA.sorted_tables if one.name != "limit_count"):
        columns = [column for column in table.columns if column.name != "last_used_on"]
        stored[table.name] = sorted(str(tuple(row)) for row in act.session.execute(select(*columns)))
    act.session.rollback()
    return stored


LOST = {"reason": "lost"}


@pytest.fixture
def one_card(act, compound):
    """Give one of two cards of a person who has no other way in: a key takes no last one."""
    person_id = compound.persons["林薇"]
    for row in act.session.scalars(
        select(CredentialRow).where(CredentialRow.person_id == person_id, CredentialRow.state != "ended")
    ):
        end_credential(act, row.credential_id, "lost")
    issue_card(act, person_id, 770_003)
    card = issue_card(act, person_id, 770_001)
    act.session.commit()
    given = OneCard(card.credential_id, person_id)
    act.session.rollback()
    return given


def body_of(method: str, path: str, act, card_id: str) -> tuple[str, object]:
    """Return a call that would be done, on rows that exist."""
    person = act.session.scalars(
        select(Person).where(Person.ended_at.is_(None), Person.home_id.is_not(None))
    ).first()
    home = act.session.scalars(select(Home)).first()
    ids = {"/people": person.person_id, "/cards": card_id, "/homes": home.home_id}
    bodies = {
        "POST /people": {"name": "New", "home_id": home.home_id, "kind": "resident"},
        "PATCH /people/x": {"name": "Other"},
        "POST /homes": {"number": "77-1"},
        "PATCH /homes/x": {"number": "77-2"},
        "POST /people/x/cards": {"number": "0000770002"},
        "POST /cards/x/suspend": LOST,
        "POST /cards/x/end": LOST,
    }
    first = "/" + path.split("/")[1]
    act.session.rollback()
    return path.replace("x", ids.get(first, "0" * 16), 1) if "/x" in path else path, bodies.get(
        f"{method} {path}", {}
    )


@pytest.mark.wide
def test_no_call_that_is_tried_changes_anything(caller, act, one_card):
    before, statuses = rows(act), {}
    for method, path in WRITES:
        where, body = body_of(method, path, act, one_card.credential_id)
        answer = caller.call(method, f"{where}?dry_run=true", body, **{"Idempotency-Key": "k" * 20})
        statuses[method, path] = answer.status_code
        assert answer.status_code != 200 or answer.get_json()["dry_run"] is True
        assert rows(act) == before, (method, path)
    tried = [call for call, status in statuses.items() if status == 200]
    assert {("POST", "/people"), ("POST", "/cards/x/suspend"), ("POST", "/people/x/move-out")} <= set(tried)
    assert set(statuses.values()) <= {200, 404, 422}


def test_it_says_of_how_many_people_when_and_where_and_of_few_only_that_there_are_some():
    begins = datetime(2026, 3, 2, tzinfo=UTC)
    day, no_time = ((begins, begins + timedelta(days=1)),), ()
    many, few, more = ("a", "b", "c", "d", "e"), ("f", "g", "h", "i"), ("j",)
    found = Difference(
        begins,
        begins + WEEK,
        changes=(
            Change(None, ("north-in",), day, no_time, many),
            Change(None, ("east-in",), day, no_time, few),
            Change(None, ("south-in",), no_time, day, more),
            Change("card", ("north-in",), day, no_time, many),
        ),
        entries=(Entry(day, no_time, many), Entry(no_time, day, few)),
        no_way_in=frozenset(many),
        face_alone=frozenset(),
        ways_beside_face={},
    )
    shown = show_difference(found)
    lost = [{"from": "2026-03-02T00:00:00+00:00", "until": "2026-03-03T00:00:00+00:00"}]
    some = {"people": "fewer than five", "lost": [], "gained": []}
    assert shown["no_way_in"] == 5
    assert shown["entry"] == [{"people": 5, "lost": lost, "gained": []}, some]
    assert shown["lanes"] == [
        {"lane_ids": ["north-in"], "people": 5, "lost": lost, "gained": []},
        {"lane_ids": [], **some},
    ]


def test_of_fewer_than_five_people_it_has_neither_place_nor_time(caller, one_card):
    tried = caller.post(f"/people/{one_card.person_id}/move-out?dry_run=true", status=200)
    few = {"people": "fewer than five", "lost": [], "gained": []}
    assert (tried["no_way_in"], tried["entry"]) == ("fewer than five", [few])
    assert tried["lanes"] == [{"lane_ids": [], **few}]


def test_a_try_needs_the_scope_that_reads_who_may_pass(caller_with, one_card):
    blind = caller_with("cards:write")
    path = f"/cards/{one_card.credential_id}/suspend?dry_run=true"
    answer = blind.call("POST", path, LOST)
    assert (answer.status_code, answer.get_json()["message"]) == (
        403,
        "This key lacks the scope access:read.",
    )
    both = caller_with("cards:write", "access:read")
    assert both.call("POST", path, LOST).status_code == 200


def test_it_names_no_person_and_no_way_in(caller, act, one_card):
    answer = caller.call("POST", f"/people/{one_card.person_id}/move-out?dry_run=true")
    assert answer.status_code == 200
    act.session.rollback()
    people = act.session.scalars(select(Person)).all()
    lanes = {lane.lane_id for lane in act.session.scalars(select(Lane))}
    assert not [one for one in people if one.person_id in answer.text or one.display_name in answer.text]
    words = json.dumps({**answer.get_json(), "lanes": [], "ways_beside_face": []})
    assert lanes and not {"card", "pin", "qr", "face"} & set(words.replace('"', " ").split())


@pytest.mark.wide
@pytest.mark.parametrize("wrong", ["dryrun=true", "dry_run=yes", "dry_run=", "dry_run=true&dry_run=false"])
def test_a_typing_error_does_not_write(caller, act, one_card, wrong):
    before = rows(act)
    answer = caller.call("POST", f"/cards/{one_card.credential_id}/suspend?{wrong}", LOST)
    assert answer.status_code == 422
    assert "dry_run" in answer.get_json()["message"]
    assert rows(act) == before


def test_what_is_refused_is_refused_when_it_is_tried(caller, act, one_card):
    end_credential(act, one_card.credential_id, "lost")
    act.session.commit()
    path = f"/cards/{one_card.credential_id}/suspend"
    refusals = [caller.call("POST", f"{path}{query}", LOST) for query in ("?dry_run=true", "")]
    assert [(one.status_code, one.get_json()["message"]) for one in refusals] == [
        (422, refusals[1].get_json()["message"])
    ] * 2


def test_a_key_that_was_sent_with_a_try_is_still_unused(caller, one_card):
    path, once = f"/cards/{one_card.credential_id}/suspend", {"Idempotency-Key": "k" * 20}
    assert caller.call("POST", f"{path}?dry_run=true", LOST, **once).status_code == 200
    assert caller.call("POST", f"{path}?dry_run=false", LOST, **once).status_code == 200
    assert caller.call("POST", path, LOST, **once).status_code == 409


def test_an_auditor_reads_how_many_may_pass_and_who_has_no_way_in_but_no_small_count(
    caller_with, act, one_card
):
    auditor = caller_with("access:read")
    before = auditor.get("/access/lanes")
    people = act.session.scalars(select(Person.person_id)).all()
    assert (before["people"], before["without_a_way_in"]) == (len(people), "fewer than five")
    assert max(spell["people"] for lane in before["lanes"] for spell in lane["week"]) >= 5
    of_others = CredentialRow.person_id != one_card.person_id
    for row in act.session.scalars(
        select(CredentialRow).where(CredentialRow.state == "active", of_others)
    ).all():
        suspend_credential(act, row.credential_id)
    act.session.commit()
    after = auditor.get("/access/lanes")
    assert after["without_a_way_in"] == len(people) - 1
    assert not [spell for lane in after["lanes"] for spell in lane["week"]]
    assert not [person_id for person_id in people if person_id in json.dumps([before, after])]
