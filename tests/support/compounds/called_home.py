"""A home that gates call: its wishes, its numbers, and calls in every state."""

from datetime import datetime, timedelta

from sqlalchemy import select

from tests.support.calls_at_home import PAGE_AT_ONCE
from web_admin.accounts.models import User
from web_admin.action.base import Action
from web_admin.calls.gate_telephones import DEVICE, VOICE
from web_admin.calls.models import CallNumber, CallSettings, HomeCall, HomeCallWishes
from web_admin.calls.reach import NUMBER_PURPOSE
from web_admin.calls.rules import with_guard
from web_admin.calls.telephone_tasks import begin_proof
from web_admin.compound.models import Gate, Person
from web_admin.people.actions import add_person

CALLS_OF_STATES: dict[str, dict[str, str | int]] = {
    "ringing_call": {"stage": "ringing"},
    "answered_call": {"stage": "answered", "answered_by": "own", "reply": "coming"},
    "others_call": {"stage": "answered", "answered_by": "other"},
    "missed_call": {"stage": "over", "end": "no_answer", "to_guard": True},
    "opened_call": {"stage": "over", "end": "opened", "answered_by": "other"},
    "refused_call": {"stage": "over", "end": "refused", "answered_by": "own"},
    "lost_call": {"stage": "over", "order_id": "lost"},
    "telephone_call": {"stage": "answered", "answered_by": "other", "leg": 0},
}
"""By the word that paths of the gallery name; each is one more minute ago."""
TO_PROVE = "number-2"


def call_home(act: Action, person_id: str) -> None:
    """Let a person's home take calls, with two numbers of theirs and a call in every state."""
    person = act.session.get_one(Person, person_id)
    person.created_at = act.now - timedelta(days=30)  # calls from before they came are not listed
    home_id = str(person.home_id)
    other = add_person(act, display_name="吴桂兰", home_id=home_id).person_id
    act.session.add(CallSettings(site_id=act.site_id, prefixes=["+86"], hosts=[]))
    act.session.add(
        HomeCallWishes(
            home_id=home_id,
            site_id=act.site_id,
            takes_calls=True,
            quiet_from=1320,
            quiet_until=420,
            tested_at=act.now - timedelta(days=6),
            test_result="reached",
            changed_at=act.now,
            changed_by=person_id,
        )
    )
    for place, (number, label) in enumerate((("+862885551234", "座机"), ("+8613900001234", "手机")), start=1):
        act.session.add(
            CallNumber(
                number_id=f"number-{place}",
                person_id=person_id,
                number_sealed=act.sealer.seal(number.encode(), purpose=NUMBER_PURPOSE),
                label=label,
                position=place,
                proved_at=act.now if place == 1 else None,
                created_at=act.now,
            )
        )
    gate = act.session.get_one(Gate, "north")
    gate.device_states = [{"device": name, "health": "ok"} for name in (DEVICE, VOICE)]
    act.session.flush()
    begin_proof(act, TO_PROVE)
    whose = {"own": person_id, "other": other}
    for minutes, (name, facts) in enumerate(CALLS_OF_STATES.items()):
        at = act.now - timedelta(minutes=minutes * (0 if facts["stage"] != "over" else 7))
        answered_by = whose.get(str(facts.get("answered_by")))
        act.session.add(
            HomeCall(
                **facts | {"answered_by": answered_by},
                call_id=name,
                site_id=act.site_id,
                gate_id="north",
                lane_id="north-in",
                home_id=home_id,
                purpose="courier" if name == "missed_call" else "home",
                plan=PAGE_AT_ONCE,
                started_at=at,
                answered_at=at if answered_by else None,
                ends_at=act.now + timedelta(minutes=4),
                has_telephone=False,
                sealing_public_key=bytes(32),
            )
        )
    act.session.flush()


def put_calls_at_guard(act: Action, person_id: str) -> None:
    """Let two visitors call the guard now: one rings, the other has the account of the guard."""
    home_id = str(act.session.get_one(Person, person_id).home_id)
    guard = act.session.scalars(select(User).where(User.email == "guard@example.org")).one()
    for call_id, by, ago_seconds in (("guard-rings", "", 20), ("guard-speaks", f"staff-{guard.id}", 50)):
        begun_at = act.now - timedelta(seconds=ago_seconds)
        act.session.add(
            HomeCall(
                call_id=call_id,
                site_id=act.site_id,
                gate_id="north",
                lane_id="north-in",
                home_id=home_id,
                purpose="home" if by else "courier",
                stage="answered" if by else "ringing",
                to_guard=True,
                reply="wait" if by else None,
                plan=with_guard([], 5, by),
                started_at=begun_at,
                answered_at=act.now if by else None,
                ends_at=act.now + timedelta(minutes=2),
                has_telephone=False,
                sealing_public_key=bytes(32),
            )
        )
    act.session.flush()


def put_past_calls(act: Action, person_id: str, at: datetime) -> None:
    """Store calls of a while ago to a person's home: fourteen that they answered, eight for the guard."""
    person = act.session.get_one(Person, person_id)
    for number in range(22):
        is_answered = number < 14
        act.session.add(
            HomeCall(
                call_id=f"past-{number}",
                site_id=act.site_id,
                gate_id="north",
                lane_id="north-in",
                home_id=str(person.home_id),
                purpose="home",
                stage="over",
                end="opened" if is_answered else "no_answer",
                to_guard=not is_answered,
                plan=PAGE_AT_ONCE,
                started_at=at,
                answered_at=at + timedelta(seconds=9) if is_answered else None,
                answered_by=person_id if is_answered else None,
                ends_at=at + timedelta(minutes=2),
                has_telephone=False,
                sealing_public_key=bytes(32),
            )
        )
    act.session.flush()
