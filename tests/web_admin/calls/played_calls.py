"""A gate of a small compound that calls homes, and people of the homes who answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from gate_controller.contract.calls import (
    CALLS_PATH,
    TELEPHONE_TASKS_PATH,
    CallLeg,
    CallOrder,
    CallReport,
    CallState,
    CallStep,
    SealedLegs,
    TaskDone,
    TelephoneTasksAsk,
    TelephoneTasksReply,
    open_call_order,
    open_legs,
)
from gate_controller.contract.signing import public_bytes
from tests.support.clock import SetClock
from tests.support.compounds.managed import PASSWORD, TOTP_SECRET
from tests.support.compounds.resident import Compound
from tests.support.compounds.with_gates import PlayedGate
from web_admin.accounts.models import StaffProfile
from web_admin.accounts.staff import create_staff
from web_admin.action.base import Action
from web_admin.calls.gate_telephones import DEVICE, VOICE
from web_admin.calls.models import CallNumber, CallSettings, HomeCall, HomeCallWishes
from web_admin.calls.reach import NUMBER_PURPOSE
from web_admin.calls.rules import STEPS
from web_admin.compound.models import Gate, Person, Site
from web_admin.people.actions import add_person

HOME, NEIGHBOUR = "31203", "50101"


def set_clock(compound: Compound, seconds: float) -> None:
    """Let the server's clock go on."""
    assert isinstance(compound.clock, SetClock)
    compound.clock.now += timedelta(seconds=seconds)


def two_of_staff(session: Session) -> None:
    """Add two accounts of guards, the first ones: staff-1 and staff-2."""
    for name in ("first", "second"):
        made = create_staff(session, "guard", f"{name}@example.org", PASSWORD, TOTP_SECRET)
        session.flush()
        added_at = datetime(2026, 1, 1, tzinfo=UTC)
        shown_name = f"Guard {name}"
        session.add(
            StaffProfile(account_id=made.id, shown_name=shown_name, added_at=added_at, added_by="tests")
        )


@dataclass
class CallingGate:
    """A gate with a lane, as the server sees it."""

    compound: Compound
    played: PlayedGate
    keys: dict[str, X25519PrivateKey] = field(default_factory=dict)

    def sends(self, call_id: str, step: CallStep = CallStep.CALLING, **more: Any) -> TestResponse:
        """Report on a call."""
        key = self.keys.setdefault(call_id, X25519PrivateKey.generate())
        given = {"lane_id": f"{self.played.gate_id}-in", "home": HOME} | more
        report = CallReport(
            call_id=call_id, step=step, sealing_public_key=key.public_key().public_bytes_raw(), **given
        )
        return self.played.post(CALLS_PATH, report)

    def says(self, call_id: str, step: CallStep = CallStep.CALLING, **more: Any) -> CallState:
        """Report on a call, and return what the gate shall do."""
        response = self.sends(call_id, step, **more)
        assert response.status_code == 200, response.text
        return msgspec.json.decode(response.data, type=CallState)

    def legs(self, call_id: str, state: CallState) -> tuple[CallLeg, ...]:
        """Return the telephones of an answer as the gate opens them; none where none shall ring."""
        if state.legs is None:
            return ()
        return open_legs(self.keys[call_id], state.legs, call_id, self.compound.site_id, self.played.gate_id)

    def order(self, state: CallState) -> CallOrder:
        """Return the order of an answer as the gate checks it."""
        assert state.opens is not None
        with self.compound.session() as session:
            root = session.get_one(Site, self.compound.site_id).root_public_key
        return open_call_order(state.opens, root, site_id=self.compound.site_id, gate_id=self.played.gate_id)

    def asks_for_tasks(self, *done: TaskDone) -> tuple[TelephoneTasksReply, tuple[str, ...]]:
        """Ask for calls to make; return the answer and the numbers as the gate opens them."""
        key = X25519PrivateKey.generate()
        asked = TelephoneTasksAsk(sealing_public_key=key.public_key().public_bytes_raw(), done=done)
        response = self.played.post(TELEPHONE_TASKS_PATH, asked)
        assert response.status_code == 200, response.text
        reply = msgspec.json.decode(response.data, type=TelephoneTasksReply)
        if reply.key_sealed is None:
            return reply, ()
        legs = SealedLegs(key_sealed=reply.key_sealed, legs=tuple(task.leg for task in reply.tasks))
        opened = open_legs(key, legs, TELEPHONE_TASKS_PATH, self.compound.site_id, self.played.gate_id)
        return reply, tuple(leg.number for leg in opened)


def calling_gate(compound: Compound, gate_id: str = "north") -> CallingGate:
    key = Ed25519PrivateKey.generate()
    with compound.session() as session:
        gate = session.get_one(Gate, gate_id)
        gate.public_key, gate.journal_id = public_bytes(key), f"{gate_id}.1"
        gate.device_states = [{"device": name, "health": "ok"} for name in (DEVICE, VOICE)]
    return CallingGate(compound, PlayedGate(compound.app.test_client(), compound.site_id, gate_id, key))


def home_of(compound: Compound, person_id: str) -> str:
    """Return where a person lives."""
    with compound.session() as session:
        home_id = session.get_one(Person, person_id).home_id
    assert home_id is not None
    return home_id


def wants(compound: Compound, person_id: str | None = None, **more: Any) -> None:
    """Switch calls on for the home of a person, by default the first one's, with these wishes."""
    home_id = home_of(compound, person_id or compound.person_id)
    now = compound.clock()
    given = {"takes_calls": True} | more
    with compound.session() as session:
        row = session.get(HomeCallWishes, home_id) or HomeCallWishes(
            home_id=home_id, site_id=compound.site_id, reach=list(STEPS), changed_at=now, changed_by="tests"
        )
        session.add(row)
        for name, value in given.items():
            setattr(row, name, value)


def has_telephone(compound: Compound, person_id: str, number: str, **more: Any) -> str:
    """Give a person a proved telephone that the site's gates may call; return its id."""
    with compound.act() as act:
        row = act.session.get(CallSettings, act.site_id) or CallSettings(site_id=act.site_id, hosts=[])
        row.prefixes = ["+86", "0"]
        act.session.add(row)
        number_id = f"{person_id}-{number}"
        given = {"proved_at": act.now} | more
        act.session.add(
            CallNumber(
                number_id=number_id,
                person_id=person_id,
                number_sealed=act.sealer.seal(number.encode(), purpose=NUMBER_PURPOSE),
                created_at=act.now,
                **given,
            )
        )
        return number_id


def add_partner(compound: Compound, name: str = "Lin Hua", **more: Any) -> str:
    """Add a second adult to the first home."""
    with compound.act() as act:
        person = add_person(
            act, display_name=name, home_id=home_of_first(act, compound), language="en", **more
        )
        return person.person_id


def home_of_first(act: Action, compound: Compound) -> str:
    home_id = act.session.get_one(Person, compound.person_id).home_id
    assert home_id is not None
    return home_id


@contextmanager
def on_phone(compound: Compound, person_id: str) -> Iterator[Action]:
    with compound.act("phone", person_id) as act:
        yield act


def call_row(compound: Compound, call_id: str) -> HomeCall | None:
    """Return a call as the server keeps it."""
    with compound.session() as session:
        row = session.get(HomeCall, call_id)
        session.expunge_all()
        return row
