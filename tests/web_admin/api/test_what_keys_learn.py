"""What a key learns of people and of silent alarms: no more than was meant, and people read of it."""

import base64
import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from web_admin.accounts.names import shown_names
from web_admin.alarms.actions import SILENT_KINDS, raise_alarm
from web_admin.alarms.models import Alarm
from web_admin.credentials.cards import issue_card
from web_admin.gates.actions import save_lane
from web_admin.gates.rules import LaneSpec
from web_admin.journal.models import AuditEntry, GateEvent
from web_admin.messages.models import OutboxMessage
from web_admin.messages.subscription_models import NotificationSubscription

LATER = timedelta(seconds=30)


def written_by_a_gate(now, seq, kind, reason=None):
    """Return an entry of the north gate's journal."""
    said = {"reason": reason, "method": "card"} if reason else {}
    return GateEvent(
        journal_id="j",
        gate_id="north",
        seq=seq,
        kind=kind,
        lane_id="north-in",
        at=now,
        received_at=now,
        facts={"lane_id": "north-in"} | said,
        personal={},
        salt=b"s",
        personal_digest=bytes(32),
        previous=bytes(32),
        digest=bytes(32),
    )


@pytest.mark.parametrize("kind", SILENT_KINDS)
def test_no_silent_alarm_is_shown_to_or_quietened_by_a_key(caller, compound, act, caplog, kind):
    raise_alarm(act.session, act.site_id, kind, compound.clock(), gate_id="north")
    act.session.add(written_by_a_gate(compound.clock(), 901, kind))
    act.session.commit()
    compound.clock.now += LATER
    silent = act.session.scalars(select(Alarm).where(Alarm.kind == kind)).one()
    act.session.commit()
    shown = caller.get("/alarms?open=false")["alarms"] + caller.get("/events?limit=200")["events"]
    assert shown
    assert kind not in {one["kind"] for one in shown}
    assert caller.call("POST", f"/alarms/{silent.alarm_id}/acknowledge", {}).status_code == 404
    assert f"refused: key {caller.key_id} got 404 at POST api_alarms.see_alarm" in caplog.messages
    act.session.refresh(silent)
    assert silent.acknowledged_at is None


def test_a_silent_alarm_leaves_no_gap_in_what_a_key_reads(caller, compound, act):
    now = compound.clock()
    act.session.add_all([written_by_a_gate(now, seq, "access", "granted") for seq in (901, 903)])
    act.session.commit()
    compound.clock.now += LATER
    without = caller.get("/events?limit=200")
    act.session.add(written_by_a_gate(now, 902, "alarm_duress"))
    act.session.commit()
    having = caller.get("/events?limit=200")
    assert having["events"] == without["events"]
    assert {len(event["event_id"]) for event in having["events"]} == {16}
    assert len({event["event_id"] for event in having["events"]}) == len(having["events"])
    # Nothing in an answer is, or holds, a number of the journal.
    assert not {"seq", "journal_id"} & set(having["events"][-1])
    opened = base64.urlsafe_b64decode(having["after"])
    assert b"north" not in opened
    assert len({len(caller.get(f"/events?limit={limit}")["after"]) for limit in (1, 5, 200)}) == 1


def test_a_system_that_suspends_a_card_does_not_read_where_its_holder_is(caller, compound, act):
    person_id = compound.persons["林薇"]
    card = issue_card(act, person_id, 4_299_001)
    act.session.commit()
    issue_card(act, person_id, 4_299_002)
    act.session.commit()
    path = f"/cards/{card.credential_id}/suspend"
    assert caller.call("POST", path, {"reason": "lost"}).status_code == 200
    now = compound.clock()
    reasons = ("credential_suspended", "person_suspended", "credential_ended", "outside_hours", "granted")
    rows = [written_by_a_gate(now, 910 + n, "access", reason) for n, reason in enumerate(reasons)]
    act.session.add_all(rows)
    act.session.commit()
    compound.clock.now += LATER
    passages = [event["facts"] for event in caller.get("/events?limit=200&kind=access")["events"]]
    assert {facts["reason"] for facts in passages} == {"granted"}, "a refusal says where the holder is"


def test_a_place_with_one_byte_changed_is_refused(caller):
    sealed = bytearray(base64.urlsafe_b64decode(caller.get("/events")["after"]))
    sealed[20] ^= 1
    forged = base64.urlsafe_b64encode(sealed).decode()
    assert caller.call("GET", f"/events?after={forged}").status_code == 422


def test_the_holder_of_a_card_reads_which_system_asked_whose_it_is(caller, compound, act):
    holder = compound.persons["林薇"]
    issue_card(act, holder, 4242077)
    act.session.commit()
    assert caller.get("/cards?number=4242077")["cards"][0]["person_id"] == holder
    looked = act.session.scalars(select(AuditEntry).where(AuditEntry.kind == "card_looked_up")).one()
    actor = str(looked.facts["actor_id"])
    assert (looked.person_id, actor) == (holder, f"key:{caller.key_id}")
    assert shown_names(act.session, [actor]) == {actor: "Property software"}
    assert "4242077" not in json.dumps(dict(looked.facts) | dict(looked.personal or {}))


def test_a_holder_is_notified_that_a_system_looked_and_not_staff(caller, compound, act):
    holder = compound.persons["林薇"]
    act.session.add(
        NotificationSubscription(
            person_id=holder,
            channel="mail",
            address="lin@example.org",
            kinds=["looked_at"],
            confirmed_at=act.now,
        )
    )
    issue_card(act, holder, 4242078)
    act.session.commit()
    caller.get("/cards?number=4242078")
    shown = str(act.session.scalars(select(OutboxMessage.body)).all())
    assert "另一系统查询了您的门卡属于谁" in shown
    assert "工作人员" not in shown


def test_a_courier_gets_a_code_where_one_way_in_has_no_keypad(caller, compound, act):
    save_lane(act, "east", LaneSpec("east-in", "East, in", "in", ("card", "qr")))
    act.session.commit()
    made = caller.call("POST", "/visitor-codes", {"person_id": compound.persons["林薇"], "gate": 2})
    assert made.status_code == 201, made.text
