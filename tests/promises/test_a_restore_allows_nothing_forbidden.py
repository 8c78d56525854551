"""A restore allows nothing that a gate forbade when the old server was lost, until staff decide.

Over random histories of a compound and its two gates: a backup is made at one moment, the gates receive what
follows at moments of their own, the server is lost, a copy of the backup takes its place and the gates hand
over what they hold. Then every card and PIN is tried at every lane at several moments. Does not cover: what
no gate has received, and a gate that does not say what it holds.
"""

import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from gate_controller.contract.calendars import DAY_KINDS, Span
from tests.support.compounds.restored_gates import StoringGate, copied, opens
from tests.support.compounds.with_gates import add_card, add_gate, add_home, add_person, add_pin
from tests.support.examples import examples
from tests.support.suspending import suspend_for_days
from web_admin.action.base import Action
from web_admin.compound.keys import create_site
from web_admin.compound.models import CredentialRow, Hours, Person
from web_admin.core.database import Database, make_engine
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import Sealer
from web_admin.credentials.actions import (
    choose_methods,
    end_credential,
    resume_credential,
    suspend_credential,
)
from web_admin.gates.hours import save_hours
from web_admin.gates.orders import clear_override, set_override
from web_admin.people.actions import GrantSpec, move_out, set_grants
from web_admin.people.suspensions import resume_person
from web_admin.policy.effects import PolicyEffects
from web_admin.policy.publish import publish_policy
from web_admin.restore.actions import begin_restoring
from web_admin.restore.reviews import ALLOWED, decide, open_reviews
from web_admin.tables import METADATA

GATES = ("north", "south")
LANES = ("north-in", "south-in")
LATER = (timedelta(minutes=1), timedelta(hours=3), timedelta(hours=30))
NIGHT = [Span(tuple(DAY_KINDS), 22 * 60, 24 * 60)]

Step = tuple[str, int]


def _grants(lanes: tuple[str, ...], **more: object) -> list[GrantSpec]:
    return [GrantSpec(lanes, **more)]  # type: ignore[arg-type]  # what a grant takes


def _asked(act: Action) -> Action:
    return replace(act, because="asked")


ACTS: dict[str, Callable[[Action, str, str], object]] = {
    "suspend card": lambda act, card, person: suspend_credential(act, card),
    "resume card": lambda act, card, person: resume_credential(act, card),
    "end card": lambda act, card, person: end_credential(act, card, "lost"),
    "suspend person": lambda act, card, person: suspend_for_days(act, person),
    "resume person": lambda act, card, person: resume_person(act, person),
    "move out": lambda act, card, person: move_out(act, person),
    "no grant": lambda act, card, person: set_grants(_asked(act), person, []),
    "one gate": lambda act, card, person: set_grants(_asked(act), person, _grants(("south-in",))),
    "all gates": lambda act, card, person: set_grants(act, person, _grants(LANES)),
    "until soon": lambda act, card, person: set_grants(
        _asked(act), person, _grants(LANES, valid_until=act.now + timedelta(hours=2))
    ),
    "at night": lambda act, card, person: set_grants(
        _asked(act), person, _grants(LANES, hours_id=_night(act))
    ),
    "card alone": lambda act, card, person: choose_methods(act, person, ["card"]),
    "PIN alone": lambda act, card, person: choose_methods(act, person, ["pin"]),
    "lockdown": lambda act, card, person: set_override(
        act, "north-in", "lockdown", "why", act.now + timedelta(hours=5)
    ),
    "out of use": lambda act, card, person: set_override(
        act, "south-in", "disabled", "why", act.now + timedelta(hours=40)
    ),
    "as usual": lambda act, card, person: clear_override(act, "north-in"),
}
WORDS = [*sorted(ACTS), "sync north", "sync south", "sync south"]
STEPS = st.tuples(st.sampled_from(WORDS), st.integers(0, 2))
HISTORIES = st.lists(STEPS, min_size=1, max_size=10)


def _night(act: Action) -> str:
    known = act.session.scalars(select(Hours.hours_id)).first()
    return known or save_hours(act, None, "night", NIGHT).hours_id


def _filled(path: Path, sealer: Sealer, now: datetime) -> tuple[Database, str]:
    database = Database(make_engine(f"sqlite:///{path}"))
    METADATA.create_all(database.engine)
    with database.session() as session:
        site, _pem = create_site(session, sealer, "Willow Court", "Asia/Shanghai", "en", "passphrase", now)
        for number, gate_id in enumerate(GATES, start=1):
            add_gate(session, sealer, site.site_id, gate_id, number, ["card", "pin", "qr"])
        home = add_home(session, site.site_id, "3-1502")
        for number in range(3):
            person = add_person(session, site.site_id, home, list(LANES), now, ("card", "pin"))
            add_card(session, sealer, person, 11 + number, now)
            add_pin(session, sealer, person, home, f"48291{number}", now)
        publish_policy(session, sealer, site.site_id, now)
        return database, site.site_id


def _do(database: Database, sealer: Sealer, site_id: str, step: Step, now: datetime) -> None:
    word, number = step
    with database.session() as session:
        persons = session.scalars(select(Person).order_by(Person.created_at, Person.person_id)).all()
        cards = select(CredentialRow.credential_id).where(
            CredentialRow.kind == "card", CredentialRow.person_id == persons[number].person_id
        )
        act = Action(session, sealer, site_id, "m", "manager", now, effects=PolicyEffects(sealer))
        with suppress(ActionRefused), session.begin_nested():
            ACTS[word](act, session.scalars(cards).one(), persons[number].person_id)


@settings(
    max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(before=HISTORIES, after=HISTORIES, last=st.booleans())
@example(before=[("sync north", 0)], after=[("suspend card", 0), ("lockdown", 0)], last=True)
@example(before=[("at night", 1)], after=[("no grant", 0), ("until soon", 1), ("card alone", 2)], last=True)
@example(before=[("suspend person", 0)], after=[("resume person", 0), ("move out", 1)], last=True)
@example(before=[("out of use", 0)], after=[("suspend card", 1), ("sync north", 0)], last=False)
def test_nothing_that_a_gate_forbade_before_a_restore_is_allowed_after_it(
    tmp_path_factory, sealer: Sealer, now: datetime, before: list[Step], after: list[Step], last: bool
) -> None:
    folder = tmp_path_factory.mktemp("history")
    database, site_id = _filled(folder / "server.sqlite3", sealer, now)
    with database.session() as session:
        gates = {name: StoringGate.open(session, name, folder / f"{name}.sqlite3", now) for name in GATES}
    moments = (now + timedelta(minutes=number) for number in itertools.count(1))
    _live(database, sealer, site_id, gates, [*before, ("sync north", 0), ("sync south", 0)], moments)
    back = copied(database, folder / "restored.sqlite3")
    heard = [(f"sync {name}", 0) for name in GATES if last]
    _live(database, sealer, site_id, gates, [*after, *heard], moments)
    database.engine.dispose()
    at = next(moments)
    held = {name: gate.policy() for name, gate in gates.items()}
    with back.session() as session:
        begin_restoring(session, sealer, site_id, at)
        credentials = session.scalars(select(CredentialRow.credential_id)).all()
        for gate in gates.values():
            gate.hand_over(session, sealer, at)
    with back.session() as session:
        for gate in gates.values():
            gate.sync(session, sealer, at)
    allowed_again = [
        (credential, name, at + later)
        for name, gate in gates.items()
        for credential in credentials
        for later in LATER
        if opens(gate.policy(), credential, f"{name}-in", at + later)
        and not opens(held[name], credential, f"{name}-in", at + later)
    ]
    _close(gates, back)
    assert allowed_again == []


def test_what_staff_allow_again_opens_again(tmp_path: Path, sealer: Sealer, now: datetime) -> None:
    database, site_id = _filled(tmp_path / "server.sqlite3", sealer, now)
    with database.session() as session:
        gates = {name: StoringGate.open(session, name, tmp_path / f"{name}.sqlite3", now) for name in GATES}
    moments = (now + timedelta(minutes=number) for number in itertools.count(1))
    _live(database, sealer, site_id, gates, [("sync north", 0), ("sync south", 0)], moments)
    back = copied(database, tmp_path / "restored.sqlite3")
    steps = [("suspend card", 0), ("suspend person", 1), ("no grant", 2), ("lockdown", 0)]
    _live(database, sealer, site_id, gates, [*steps, ("sync north", 0), ("sync south", 0)], moments)
    database.engine.dispose()
    at = next(moments)
    with back.session() as session:
        begin_restoring(session, sealer, site_id, at)
        cards = session.scalars(
            select(CredentialRow.credential_id)
            .join(Person)
            .where(CredentialRow.kind == "card")
            .order_by(Person.created_at, Person.person_id)
        ).all()
        for gate in gates.values():
            gate.hand_over(session, sealer, at)
    with back.session() as session:
        rows = [row for row in open_reviews(session, site_id) if row.kind != "gate_here"]
        assert sorted({row.kind for row in rows}) == ["credential", "grants", "lane", "person"]
        act = Action(session, sealer, site_id, "m", "manager", at, effects=PolicyEffects(sealer))
        for row in rows:
            decide(act, row.review_id, ALLOWED)
        assert {row.kind for row in open_reviews(session, site_id)} == {"gate_here"}
        for gate in gates.values():
            gate.sync(session, sealer, at)
    opened = [opens(gates["north"].policy(), card, "north-in", at) for card in cards]
    _close(gates, back)
    assert opened == [True, True, True]


def _live(database: Database, sealer: Sealer, site_id: str, gates, steps: list[Step], moments) -> None:
    for step in steps:
        now = next(moments)
        word, _, name = step[0].partition(" ")
        if word == "sync":
            with database.session() as session:
                gates[name].sync(session, sealer, now)
        else:
            _do(database, sealer, site_id, step, now)


def _close(gates, back: Database) -> None:
    for gate in gates.values():
        gate.store.close()
    back.engine.dispose()
