"""Run the steps in their order and judge each; a failed step does not stop the others."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from demo.actors.gate_screen import ScreenSilent
from demo.actors.phone import PageRefused
from demo.judge import Outcome, StepFailed
from demo.rig.processes import StartRefused
from demo.stage import Stage
from demo.steps.calls import call_answered_opens, courier_once
from demo.steps.devices import fire_observed_never_locks, stuck_relay_alarm
from demo.steps.faces import face_enrol_at_gate, face_opens, withdraw_to_forgotten
from demo.steps.office import (
    ended_card_refused,
    preview_names_who_stands_outside,
    server_down_card_opens,
)
from demo.steps.ways_in import card_opens, pin_opens, qr_opens, unknown_card_refused, visitor_pass_opens

Step = Callable[[Stage], Outcome]

STEPS: tuple[Step, ...] = (
    card_opens,
    unknown_card_refused,
    pin_opens,
    qr_opens,
    visitor_pass_opens,
    face_enrol_at_gate,
    face_opens,
    withdraw_to_forgotten,
    call_answered_opens,
    courier_once,
    preview_names_who_stands_outside,
    ended_card_refused,
    server_down_card_opens,
    stuck_relay_alarm,
    fire_observed_never_locks,
)
STEP_NAMES = tuple(step.__name__ for step in STEPS)


@dataclass(frozen=True, slots=True)
class StepResult:
    step: str
    ok: bool
    ms: float | None
    detail: str
    seconds: float


def play(stage: Stage) -> Iterator[StepResult]:
    """Play every step and yield how it went; a step that fails ends only itself."""
    for step in STEPS:
        stage.trace.step = step.__name__
        began = time.monotonic()
        try:
            outcome = step(stage)
            ok, ms, detail = True, outcome.ms, outcome.detail
        except (StepFailed, PageRefused, ScreenSilent, StartRefused, TimeoutError) as err:
            ok, ms, detail = False, None, str(err)
        except Exception as err:  # noqa: BLE001 - any error in a step is that step's failure
            ok, ms, detail = False, None, f"{type(err).__name__}: {str(err).partition(chr(10))[0]}"
        yield StepResult(
            step.__name__, ok, None if ms is None else round(ms, 2), detail, time.monotonic() - began
        )
    stage.trace.step = "end"
