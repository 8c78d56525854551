"""Inject faults from outside, to show that the script would notice them.

`python -m demo.saboteurs KIND SITE.toml` runs a gate with one part replaced. No switch in the product
leads here: the gate's own command does not import this file.
"""

import sys
from dataclasses import replace as replace_fields
from datetime import datetime
from types import ModuleType
from typing import TYPE_CHECKING

import msgspec

from gate_controller.contract.messages import AskReply
from gate_controller.contract.policy import Policy
from gate_controller.control import controller, home_calls, presentations
from gate_controller.lane.state import LaneDesk
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, Decision, GateMemory, Reason
from hardware.inputs import serial as inputs
from hardware.inputs.serial import WireStates
from hardware.interfaces import DeviceReport

if TYPE_CHECKING:
    from demo.stage import Stage

IN_THE_GATE = ("allow_all", "deny_all", "replay", "numb", "hasty")
HASTY_SECONDS = 0.5


def wrapper_of(kind: str | None) -> list[str]:
    """Return the command that runs a gate with this saboteur inside; empty for none."""
    return [sys.executable, "-m", "demo.saboteurs", kind] if kind in IN_THE_GATE else []


def sabotage_stage(kind: str | None, stage: "Stage") -> None:
    """Put the saboteur on the cables, where it is one of those."""
    if kind == "deaf_sync":
        for ends in stage.gates.values():
            ends.cable.tamper = without_news


def without_news(body: bytes) -> bytes:
    """Return the server's answer with every change of policy and every order taken out."""
    reply = msgspec.json.decode(body, type=AskReply)
    return msgspec.json.encode(msgspec.structs.replace(reply, policy=None, change=None, orders=()))


def allow_all(claim: Claim, lane_id: str, policy: Policy, memory: GateMemory, now: datetime) -> Decision:
    """Open for everybody."""
    honest = decide(claim, lane_id, policy, memory, now)
    seconds = policy.lanes[lane_id].pulse_seconds
    return Decision(True, Reason.GRANTED, honest.person_id, honest.credential_id, seconds)


def deny_all(claim: Claim, lane_id: str, policy: Policy, memory: GateMemory, now: datetime) -> Decision:
    """Refuse everyone."""
    honest = decide(claim, lane_id, policy, memory, now)
    return Decision(False, Reason.NO_GRANT, honest.person_id, honest.credential_id)


def replay(claim: Claim, lane_id: str, policy: Policy, memory: GateMemory, now: datetime) -> Decision:
    """Forget what was used before: codes work again and again."""
    return decide(claim, lane_id, policy, replace_fields(memory, uses={}, last_seconds={}), now)


class NumbWires(WireStates):
    """Takes no notice of any contact: doors, buttons, fire."""

    def _change(self, terminal: str, closed: bool | None, now_ns: int) -> list[DeviceReport]:
        del terminal, closed, now_ns
        return []


class HastyCalls(home_calls.HomeCalls):
    """Opens as soon as a visitor calls a home: no one has to answer."""

    def begin(self, desk: LaneDesk, home: str, shown: str, now_seconds: float) -> None:
        """Begin the call, and open."""
        super().begin(desk, home, shown, now_seconds)
        self._presentations.release(desk.lane_id, HASTY_SECONDS)


def put_in_place(module: ModuleType, name: str, broken: object) -> None:
    """Replace what a module uses; raise AttributeError where it has no such name: the gate would be whole."""
    getattr(module, name)
    setattr(module, name, broken)


def main(kind: str, site_file: str) -> int:
    """Run a gate with one part replaced."""
    from gate_controller.cli import run  # noqa: PLC0415 - after the name below is what it will be

    rules = {"allow_all": allow_all, "deny_all": deny_all, "replay": replay}
    if kind in rules:
        put_in_place(presentations, "decide", rules[kind])
    elif kind == "numb":
        put_in_place(inputs, "WireStates", NumbWires)
    elif kind == "hasty":
        put_in_place(controller, "HomeCalls", HastyCalls)
    return run(["run", site_file])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
