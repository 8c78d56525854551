"""A call that is tried changes nothing and says what it would change; one that is mistyped does nothing."""

import json
from datetime import timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import select

from tests.web_admin.api.calling import CALLS
from web_admin.access.difference import difference
from web_admin.compound.models import CredentialRow, Home, Lane, Person
from web_admin.credentials.actions import end_credential, suspend_credential
from web_admin.credentials.cards import issue_card
from web_admin.policy.sent import sent_to_gates
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


@pytest.mark.wide
def test_it_says_what_the_call_then_does(caller, act, one_card):
    path = f"/people/{one_card.person_id}/move-out"
    tried = caller.post(f"{path}?dry_run=true", status=200)
    before = sent_to_gates(act.session, act.sealer, act.site_id, act.now)
    act.session.rollback()
    caller.post(path, status=200)
    after = sent_to_gates(act.session, act.sealer, act.site_id, act.now)
    done = difference(before, after, act.now, act.now + WEEK)
    assert tried["no_way_in"] == len(done.no_way_in) == 1
    assert done.no_way_in == {one_card.person_id}
    lost = [{"from": begins.isoformat(), "until": ends.isoformat()} for begins, ends in done.entries[0].lost]
    assert tried["entry"] == [{"people": 1, "lost": lost, "gained": []}]
    assert {lane for one in tried["lanes"] for lane in one["lane_ids"]} == {
        lane for one in done.changes for lane in one.lane_ids
    }


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


def test_an_auditor_reads_how_many_may_pass_and_who_has_no_way_in(caller_with, caller, act, one_card):
    auditor = caller_with("access:read")
    before = auditor.get("/access/lanes")
    assert before["people"] > before["without_a_way_in"]
    most = {
        lane["lane_id"]: max((one["people"] for one in lane["week"]), default=0) for lane in before["lanes"]
    }
    assert max(most.values()) > 1
    for row in act.session.scalars(
        select(CredentialRow).where(
            CredentialRow.person_id == one_card.person_id, CredentialRow.state == "active"
        )
    ).all():
        suspend_credential(act, row.credential_id)
    act.session.commit()
    after = auditor.get("/access/lanes")
    assert after["without_a_way_in"] == before["without_a_way_in"] + 1
    act.session.rollback()
    people = act.session.scalars(select(Person)).all()
    assert not [one for one in people if one.person_id in json.dumps(after)]
