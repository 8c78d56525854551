"""A gate with two lanes that have about everything, and two gates to add like it."""

from dataclasses import replace

from gate_controller.contract.calendars import Span
from web_admin.action.base import Action
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.gate_list import NewGate
from web_admin.gates.hours import save_hours
from web_admin.gates.rules import LaneSpec

IN = LaneSpec(
    "north-in",
    "In",
    "in",
    ("card", "pin", "qr"),
    pulse_seconds=4.0,
    slow_pulse_seconds=20.0,
    staff_hold_minutes=45,
)
OUT = LaneSpec("north-out", "Out", "out", ("card",), antipassback="soft")
NEW = (NewGate("stair-1", "Stair 1"), NewGate("stair-2", "Stair 2"))


def make_north(act: Action) -> None:
    """Add a gate with two lanes of which the way in has about everything that a lane can have."""
    add_gate(act, "north", "North")
    hours = save_hours(act, None, "Daytime", [Span(("mon",), 480, 1200)])
    save_lane(act, "north", OUT)
    save_lane(
        act,
        "north",
        replace(
            IN,
            method_hours={"pin": hours.hours_id},
            interlock_with=("north-out",),
            antipassback="hard",
            area_is_closed=True,
            posture="held_open",
            posture_hours={hours.hours_id: "held_open"},
        ),
    )
