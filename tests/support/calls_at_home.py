"""Calls to the homes of a small compound: a home that takes them, its people, and a call that rings."""

from datetime import timedelta
from typing import Any

from tests.support.compounds.resident import Compound
from web_admin.calls.models import HomeCall, HomeCallWishes
from web_admin.calls.pushes import show_call
from web_admin.calls.reach import called_persons
from web_admin.compound.models import Person
from web_admin.messages.models import OutboxMessage
from web_admin.messages.push_delivery import CALL
from web_admin.messages.push_models import PushPhone
from web_admin.people.actions import add_person

PAGE_AT_ONCE = [{"step": "page", "from": 0}, {"step": "guard", "from": 45}]


def home_of(compound: Compound) -> str:
    """Return the first person's home."""
    with compound.session() as session:
        return str(session.get_one(Person, compound.person_id).home_id)


def take_calls(compound: Compound, **wishes: Any) -> None:
    """Switch calls on in the first person's home."""
    home_id = home_of(compound)
    with compound.session() as session:
        made = HomeCallWishes(home_id=home_id, site_id=compound.site_id, takes_calls=True)
        made.changed_at, made.changed_by = compound.clock(), compound.person_id
        for name, value in wishes.items():
            setattr(made, name, value)
        session.merge(made)


def another_at_home(compound: Compound, name: str = "Lin Na", **more: Any) -> str:
    """Return one more person of the first person's home."""
    home_id = home_of(compound)
    with compound.act("manager") as act:
        return add_person(act, display_name=name, home_id=home_id, language="en", **more).person_id


def rings(compound: Compound, call_id: str = "one", gate_id: str = "north", **more: Any) -> str:
    """Let a gate call the first person's home now, phones included; return the call's id."""
    home_id, now = home_of(compound), compound.clock()
    with compound.session() as session:
        facts = {
            "call_id": call_id,
            "site_id": compound.site_id,
            "gate_id": gate_id,
            "lane_id": f"{gate_id}-in",
            "home_id": home_id,
            "purpose": "home",
            "stage": "ringing",
            "plan": PAGE_AT_ONCE,
            "started_at": now,
            "ends_at": now + timedelta(seconds=60),
            "has_telephone": False,
            "sealing_public_key": b"k" * 32,
            "pushed_at": now,
        }
        call = HomeCall(**facts | more)
        session.add(call)
        session.flush()
        show_call(session, call, called_persons(session, home_id), now)
    return call_id


def change(compound: Compound, call_id: str = "one", **values: Any) -> None:
    """Set what the gate, or another part of the server, changes of a call."""
    with compound.session() as session:
        call = session.get_one(HomeCall, call_id)
        for name, value in values.items():
            setattr(call, name, value)


def call_now(compound: Compound, call_id: str = "one") -> HomeCall:
    with compound.session() as session:
        found = session.get_one(HomeCall, call_id)
        session.expunge(found)
        return found


def show_calls_on(compound: Compound, person_id: str, phone_id: str = "phone") -> None:
    with compound.session() as session:
        session.add(
            PushPhone(
                phone_id=phone_id,
                site_id=compound.site_id,
                person_id=person_id,
                service="fcm.googleapis.com",
                endpoint_sha256=phone_id.encode(),
                subscription_sealed=b"sealed",
                kinds=[CALL],
                created_at=compound.clock(),
            )
        )


def shown_on_phones(compound: Compound) -> list[tuple[str, str, str]]:
    """Return phone, kind and text of what waits to be sent there."""
    with compound.session() as session:
        rows = session.query(OutboxMessage).filter_by(channel="push")
        return sorted((row.target, row.kind, str(row.body["text"])) for row in rows)
