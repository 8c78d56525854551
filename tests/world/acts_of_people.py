"""What residents do on their phones and what staff do in the office and at the desk: the acts that pages
call."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from tests.support.acting import NOTICE
from tests.support.compounds.assessments import assess
from tests.support.suspending import suspend_for_days
from tests.world.cell import DONE
from tests.world.first_day import GATES, LANES
from tests.world.plan import Step
from tests.world.world import World
from web_admin.action.base import Action
from web_admin.credentials.actions import (
    choose_methods,
    end_credential,
    resume_credential,
    suspend_credential,
)
from web_admin.credentials.cards import issue_card
from web_admin.credentials.pins import issue_pin
from web_admin.custody.gate_reports import clear_tampering
from web_admin.custody.models import GateFaceRow, Notice
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.actions import give_face_consent, record_refusal, withdraw_face
from web_admin.face.notices import publish_notice
from web_admin.gates.orders import (
    clear_override,
    lockdown_site,
    order_open,
    set_override,
    unlock_site,
)
from web_admin.operations import housekeeping
from web_admin.people.actions import GrantSpec, move_out, set_grants
from web_admin.people.suspensions import resume_person
from web_admin.restore import actions as restore
from web_admin.visitors.actions import issue_pass, withdraw_pass

METHODS = (
    ("card",),
    ("card", "pin"),
    ("pin",),
    ("card", "qr"),
    ("card", "pin", "qr"),
    ("card", "face"),
    ("qr",),
    ("pin", "face"),
    ("qr", "face"),
    ("card", "pin", "face"),
)
ALL_LANES = tuple(lane_id for gate_id in GATES for lane_id in LANES[gate_id])
PLACES = (ALL_LANES, ("north-in", "north-out"), ("south-in",), ())
HOUSEKEEPING = (
    "faces_settled",
    "faces_used",
    "faces_ended",
    "stolen_gates_counted",
    "policies_fitted",
    "sums_begun",
    "wrapping_keys_destroyed",
)
"""Those that concern gates and faces."""
POSTURES = ("lockdown", "disabled", "normal")


def person_of(world: World, step: Step) -> str:
    """Return someone who lived or worked here on the first day, more often one with a yes to face."""
    people = [*world.has.person_ids, *sorted(world.server.live_consents())]
    return people[step.first % len(people)]


def newest_notice(act: Action) -> int:
    """Return the version that a person reads now."""
    rows = select(Notice.version).where(Notice.purpose == FACE_PURPOSE).order_by(Notice.version.desc())
    return act.session.scalars(rows).first() or 0


def by_phone(world: World, person_id: str, doing: Callable[[Action], object]) -> str:
    """Let a person do something on their own phone."""
    return world.cell.do(doing, "phone", person_id, "")


def live_credential(world: World, person_id: str, number: int) -> str:
    """Return one of a person's credentials that has not ended; "" where there is none."""
    server = world.server
    own = [
        one for one, row in server.credentials.items() if row.person_id == person_id and row.state != "ended"
    ]
    return own[number % len(own)] if own else ""


# -- residents -------------------------------------------------------------------------------------


def give_consent(world: World, step: Step) -> str:
    """Say yes to face on the phone."""
    person_id = person_of(world, step)
    return by_phone(world, person_id, lambda act: give_face_consent(act, person_id, newest_notice(act), "zh"))


def withdraw(world: World, step: Step) -> str:
    """Take it back, on the phone or in the office; now and then anyone at all, with a yes or without."""
    given = sorted(world.server.live_consents())
    seldom = step.second % 5 == 0 or not given
    person_id = person_of(world, step) if seldom else given[step.first % len(given)]
    if step.second % 4 == 0:
        return world.cell.do(lambda act: withdraw_face(act, person_id))
    return by_phone(world, person_id, lambda act: withdraw_face(act, person_id))


def refuse(world: World, step: Step) -> str:
    """Say no to face."""
    person_id = person_of(world, step)
    return by_phone(world, person_id, lambda act: record_refusal(act, person_id, 1, "zh"))


def choose(world: World, step: Step) -> str:
    """Choose ways in on the phone."""
    person_id, methods = person_of(world, step), METHODS[step.second % len(METHODS)]
    return by_phone(world, person_id, lambda act: choose_methods(act, person_id, methods))


def stop_own(world: World, step: Step) -> str:
    """Suspend a card, PIN or phone of one's own: it was lost."""
    person_id = person_of(world, step)
    credential_id = live_credential(world, person_id, step.second)
    return by_phone(world, person_id, lambda act: suspend_credential(act, credential_id))


def resume_own(world: World, step: Step) -> str:
    """Resume it; what staff suspended stays suspended."""
    person_id = person_of(world, step)
    credential_id = live_credential(world, person_id, step.second)
    row = world.server.credentials.get(credential_id)
    came = by_phone(world, person_id, lambda act: resume_credential(act, credential_id))
    if came == DONE and row is not None and row.state == "suspended":
        others = set(row.suspended_by.split() or ["office"]) - {"owner"}
        if others:
            world.breaches.append(f"{person_id} resumed {credential_id}, suspended by {sorted(others)}")
    return came


def new_pin(world: World, step: Step) -> str:
    """Get a new PIN in place of the old one."""
    person_id = person_of(world, step)
    made: list[str] = []
    came = world.cell.do(lambda act: made.append(issue_pin(act, person_id)))
    if came == DONE:
        live = [
            one
            for one, row in world.server.credentials.items()
            if (row.person_id, row.kind, row.state) == (person_id, "pin", "active")
        ]
        world.has.pins[person_id] = (live[0], made[0])
    return came


def give_pass(world: World, step: Step) -> str:
    """Invite a visitor, for one or two entries at one gate."""
    person_id, number, uses = person_of(world, step), 1 + step.second % len(GATES), 1 + step.dice % 2
    kept: list[tuple[str, str, int, str]] = []

    def issue(act: Action) -> None:
        row = issue_pass(
            act,
            issuer_person_id=person_id,
            label="guest",
            gate_numbers=[number],
            uses=uses,
            valid_until=act.now + timedelta(hours=20),
        )
        kept.append((row.pass_id, row.text, uses, person_id))

    came = by_phone(world, person_id, issue)
    world.has.passes += kept if came == DONE else []
    return came


def end_pass(world: World, step: Step) -> str:
    """Withdraw a visitor's pass."""
    if not world.has.passes:
        return "no pass"
    pass_id = world.has.passes[step.first % len(world.has.passes)][0]
    return world.cell.do(lambda act: withdraw_pass(act, pass_id))


# -- staff -----------------------------------------------------------------------------------------


def lose_card(world: World, step: Step) -> str:
    """Report a card as lost at the office: it ends for good."""
    credential_id = live_credential(world, person_of(world, step), step.second)
    return world.cell.do(lambda act: end_credential(act, credential_id, "lost"))


def lose_bag(world: World, step: Step) -> str:
    """Report everything that a person had as lost."""
    person_id, came = person_of(world, step), ""
    while credential_id := live_credential(world, person_id, 0):
        ending = credential_id
        came = world.cell.do(lambda act, one=ending: end_credential(act, one, "lost"))  # type: ignore[misc]
        if came != DONE:
            break
    return came


def suspend_card(world: World, step: Step) -> str:
    """Suspend a card, as a guard at night or as the office."""
    credential_id, role = live_credential(world, person_of(world, step), step.second), _role(step)
    return world.cell.do(lambda act: suspend_credential(act, credential_id), "manager", f"{role}-1", role)


def resume_card(world: World, step: Step) -> str:
    """Resume a card; a guard may resume only what guards suspended."""
    credential_id, role = live_credential(world, person_of(world, step), step.second), _role(step)
    row = world.server.credentials.get(credential_id)
    came = world.cell.do(lambda act: resume_credential(act, credential_id), "manager", f"{role}-1", role)
    if came == DONE and role == "guard" and row is not None and row.state == "suspended":
        others = set(row.suspended_by.split() or ["office"]) - {"guard"}
        if others:
            world.breaches.append(f"a guard resumed {credential_id}, suspended by {sorted(others)}")
    return came


def _role(step: Step) -> str:
    return ("manager", "guard")[step.dice % 2]


def new_card(world: World, step: Step) -> str:
    """Give a person a card: a new one, or one that was handed back."""
    person_id = person_of(world, step)
    known = sorted(world.has.credentials_of_card)
    number = known[step.second % len(known)] if step.dice % 3 == 0 else world.has.next_card
    made: list[str] = []
    came = world.cell.do(lambda act: made.append(issue_card(act, person_id, number).credential_id))
    if came == DONE:
        world.has.next_card += number == world.has.next_card
        world.has.credentials_of_card.setdefault(number, []).append(made[0])
    return came


def stop_person(world: World, step: Step) -> str:
    """Suspend everything of a person, or resume it."""
    person_id = person_of(world, step)
    if world.server.persons[person_id].suspended:
        return world.cell.do(lambda act: resume_person(act, person_id))
    account = f"manager-{step.dice % 9 + 1}"  # one account alone does it once a month
    return world.cell.do(lambda act: suspend_for_days(act, person_id), "manager", account)


def grant(world: World, step: Step) -> str:
    """Change where a person may pass."""
    person_id, lanes = person_of(world, step), PLACES[step.second % len(PLACES)]
    specs = [GrantSpec(lanes)] if lanes else []
    return world.cell.do(lambda act: set_grants(replace(act, because="asked"), person_id, specs))


def leave(world: World, step: Step) -> str:
    """Move out."""
    person_id = person_of(world, step)
    return world.cell.do(lambda act: move_out(act, person_id))


def set_posture(world: World, step: Step) -> str:
    """Lock down a lane or put it out of use for some hours, or give it back its usual posture."""
    lane_id = ALL_LANES[step.first % len(ALL_LANES)]
    posture = POSTURES[step.second % len(POSTURES)]
    if posture == "normal":
        return world.cell.do(lambda act: clear_override(act, lane_id))
    until = world.now + timedelta(hours=1 + step.dice % 20)
    return world.cell.do(lambda act: set_override(act, lane_id, posture, "drill", until))


def lock_down(world: World, step: Step) -> str:
    """Lock down every way in, or end it; the ways out stay as they are."""
    before = {one: lane.override for one, lane in world.server.lanes.items() if lane.direction == "out"}
    if step.first % 2:
        came = world.cell.do(unlock_site)
        return f"end {came}"
    came = world.cell.do(lambda act: lockdown_site(act, "drill", act.now + timedelta(hours=2)))
    after = {one: lane.override for one, lane in world.server.lanes.items() if lane.direction == "out"}
    if after != before:
        world.breaches.append("a lockdown of the site changed a way out")
    return came


def order(world: World, step: Step) -> str:
    """Open a lane from afar."""
    lane_id = ALL_LANES[step.first % len(ALL_LANES)]
    return world.cell.do(lambda act: order_open(act, lane_id, "a parcel"))


def report_stolen(world: World, step: Step) -> str:
    """Mark a gate as stolen."""
    gate_id = GATES[step.first % len(GATES)]
    if [row.state for row in world.server.gates.values()].count("paired") < 3:
        return "one is enough"
    return world.cell.do(lambda act: restore.report_stolen(act, gate_id))


def clear(world: World, step: Step) -> str:
    """Look into a gate that reported tampering, and say so."""
    gate_id = GATES[step.first % len(GATES)]

    def say(act: Action) -> None:
        row = act.session.get(GateFaceRow, gate_id)
        clear_tampering(act, gate_id, (row.tamper_id if row is not None else None) or "none")

    return world.cell.do(say)


def change_notice(world: World, step: Step) -> str:
    """Publish a new notice about face, and have it assessed."""

    def change(act: Action) -> None:
        publish_notice(act, FACE_PURPOSE, NOTICE)
        assess(act)

    return world.cell.do(change)


def keep_house(world: World, step: Step) -> str:
    """Run the housekeeping of the server."""
    done = {name: housekeeping.STEPS[name](world.cell.menjin, world.now) for name in HOUSEKEEPING}
    return f"{done}"
