"""What the office sets about hours, holidays, interlocks, anti-passback and emergency codes, and who types
such a code."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from gate_controller.control.messages import Message
from hardware.interfaces import KeyPress
from tests.world.acts_at_gates import gate_of, lane_of, show
from tests.world.acts_of_people import ALL_LANES, person_of
from tests.world.cell import DONE
from tests.world.first_day import GATES, HOURS, LANES
from tests.world.plan import Step
from tests.world.world import World
from web_admin.action.base import Action
from web_admin.compound.models import Lane
from web_admin.credentials.emergency_codes import end_emergency_code, make_emergency_code
from web_admin.gates.actions import save_lane
from web_admin.gates.hours import save_hours, set_calendar_day
from web_admin.gates.rules import spec_of
from web_admin.people.actions import GrantSpec, set_grants

METHOD_HOURS: tuple[dict[str, str], ...] = (
    {"pin": "day"},
    {"qr": "day"},
    {"pin": "night", "face": "night"},
    {"qr": "working days"},
    {"pin": "day", "face": "day"},
    {},
)
"""Method to the name of hours; the card is offered always wherever face is."""
DAY_KINDS = ("holiday", "sun", "mon", None)
PASSBACK = ("off", "soft", "hard")
MAX_CODES = 6


def change_lane(world: World, lane_id: str, **changes: object) -> str:
    """Save a lane with some settings changed, as its page does."""

    def change(act: Action) -> None:
        lane = act.session.get_one(Lane, lane_id)
        spec = spec_of(lane)
        for name, value in changes.items():
            object.__setattr__(spec, name, value)
        save_lane(replace(act, because="works"), lane.gate_id, spec)

    return world.cell.do(change)


def set_method_hours(world: World, step: Step) -> str:
    """Give ways in of a lane hours, or take them away."""
    lane_id = ALL_LANES[step.first % len(ALL_LANES)]
    wanted = METHOD_HOURS[step.second % len(METHOD_HOURS)]
    named = {
        method: world.has.hours[name]
        for method, name in wanted.items()
        if method in world.server.lanes[lane_id].methods
    }
    return f"{lane_id} {wanted} {change_lane(world, lane_id, method_hours=named)}"


def change_hours(world: World, step: Step) -> str:
    """Change what named hours are, wherever they are in use."""
    name = sorted(HOURS)[step.first % len(HOURS)]
    span = HOURS[name][step.second % 2]
    hours_id = world.has.hours[name]
    done = world.cell.do(lambda act: save_hours(replace(act, because="works"), hours_id, name, [span]))
    return f"{name} {done}"


def set_holiday(world: World, step: Step) -> str:
    """Make today or one of the next days a holiday or another day of the week, or an ordinary day again."""
    zone = ZoneInfo(world.server.zone)
    day = world.now.astimezone(zone).date() + timedelta(days=max(0, step.first % 4 - 1))
    kind = DAY_KINDS[step.second % len(DAY_KINDS)]
    done = world.cell.do(lambda act: set_calendar_day(replace(act, because="works"), day, kind))
    return f"{day} {kind} {done}"


def grant_at_hours(world: World, step: Step) -> str:
    """Let a person pass at some hours alone."""
    person_id, name = person_of(world, step), sorted(HOURS)[step.second % len(HOURS)]
    specs = [GrantSpec(ALL_LANES, world.has.hours[name])]
    return f"{name} {world.cell.do(lambda act: set_grants(replace(act, because='asked'), person_id, specs))}"


def set_interlock(world: World, step: Step) -> str:
    """Let a way in wait for the other lane of its gate, or not any more."""
    gate_id = ("north", "east")[step.first % 2]
    others = (f"{gate_id}-out",) if step.second % 3 else ()
    return f"{gate_id} {others} {change_lane(world, f'{gate_id}-in', interlock_with=others)}"


def set_antipassback(world: World, step: Step) -> str:
    """Count who is inside at a gate; the way out first, since a way in relies on it."""
    gate_id, kind = ("north", "east")[step.first % 2], PASSBACK[step.second % len(PASSBACK)]
    ways = [(f"{gate_id}-out", "soft" if kind == "hard" else kind), (f"{gate_id}-in", kind)]
    if kind == "off":
        ways.reverse()
    came = [change_lane(world, lane_id, antipassback=value, area_is_closed=True) for lane_id, value in ways]
    return f"{gate_id} {kind} {came}"


def make_code(world: World, step: Step) -> str:
    """Make an emergency code for all lanes of one gate or for its way in alone, and write it down."""
    lanes = LANES[GATES[step.first % len(GATES)]][: 1 + step.dice % 2]
    if len(world.has.emergency_codes) >= MAX_CODES:
        return "enough"
    made: list[str] = []
    hold_minutes = (0, 5)[step.second % 2]
    before = set(world.server.emergency_codes)
    came = world.cell.do(
        lambda act: made.append(
            make_emergency_code(act, label="ambulance", lanes=lanes, hold_minutes=hold_minutes)
        )
    )
    if came == DONE:
        (credential_id,) = set(world.server.emergency_codes) - before
        world.has.emergency_codes.append((credential_id, made[0]))
    return f"{lanes} {came}"


def end_code(world: World, step: Step) -> str:
    if not world.has.emergency_codes:
        return "no code"
    credential_id = world.has.emergency_codes[step.first % len(world.has.emergency_codes)][0]
    return world.cell.do(lambda act: end_emergency_code(act, credential_id))


def type_code(world: World, step: Step) -> str:
    """Type home 0 and a code that was made at some time, at any lane."""
    if not world.has.emergency_codes:
        return "no code"
    credential_id, digits = world.has.emergency_codes[step.first % len(world.has.emergency_codes)]
    gate = gate_of(world, step.second)
    lane_id = lane_of(gate, step.dice)
    messages: list[Message] = [KeyPress(f"keys-{lane_id}", key, 0) for key in f"0#{digits}#"]
    return show(world, gate, lane_id, messages, "emergency code", (credential_id,))
