"""Run the steps in their order and judge each; a failed step does not stop the others."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from demo.actors.gate_screen import ScreenSilent
from demo.actors.phone import PageRefused
from demo.judge import Outcome, StepFailed
from demo.rig.processes import StartRefused
from demo.stage import Stage
from demo.steps.access_reviews import review_signed
from demo.steps.beside_face import face_ends_with_the_last_other_way, face_pauses_when_pin_hours_end
from demo.steps.cables import (
    crash_mid_pulse_ends_at_rest,
    modbus_relay_confirms,
    reader_unplugged_and_back,
    relay_unplugged_and_back,
)
from demo.steps.calls import (
    call_answer_replayed_refused,
    call_answered_opens,
    call_leaves_nothing,
    call_sent_away,
    push_wakes_phone,
)
from demo.steps.calls_by_telephone import (
    call_by_telephone_opens,
    call_nobody_falls_to_guard,
    call_tone_from_visitor_refused,
    test_call_monthly,
)
from demo.steps.cards_and_pins import (
    card_opens,
    method_not_chosen_refused,
    pin_opens,
    same_card_same_number_at_every_reader,
    unknown_card_refused,
    visitor_code_opens_once,
    wrong_pin_refused_and_delayed,
)
from demo.steps.consent import enrol_with_another_persons_card_refused, face_enrol_at_gate, under_14_blocked
from demo.steps.couriers import courier_not_wanted_refused, courier_once
from demo.steps.doors import (
    door_forced_alarm,
    door_held_alarm,
    exit_button_no_alarm,
    fire_observed_never_locks,
    granted_nobody_came,
    guard_button_recorded,
)
from demo.steps.face_engines import face_recognition_beside_card_opens, weak_engine_may_not_open
from demo.steps.faces import (
    face_beside_a_card,
    face_opens,
    face_withdrawn_refused,
    stranger_face_refused,
)
from demo.steps.forgetting import certificate_verifies, withdraw_to_forgotten
from demo.steps.lane_sheets import unsafe_lane_sheet_refused
from demo.steps.leases import (
    cloned_gate_gets_no_lease,
    face_after_reboot_offline_unavailable_card_opens,
    face_lease_expires_offline,
)
from demo.steps.liveness import live_person_accepted, print_attack_refused, replay_attack_refused
from demo.steps.lock_outs import api_last_way_in_refused, fee_lockout_refused
from demo.steps.looks import look_dropped, second_look_added
from demo.steps.osdp import osdp_card_opens, osdp_clear_text_reader_ignored, osdp_default_key_refused
from demo.steps.power import power_cycle_no_pulse
from demo.steps.previews import preview_names_who_stands_outside, scheduled_act_waits
from demo.steps.qr_codes import (
    qr_forged_refused,
    qr_online_code_opens,
    qr_opens,
    qr_unused_after_45_s_refused,
    qr_used_twice_refused,
    visitor_pass_opens,
    visitor_pass_outside_hours_refused,
)
from demo.steps.ramp import antipassback, interlock
from demo.steps.server import (
    events_arrive_after_reconnect,
    face_only_lane_refused_by_admin,
    face_only_lane_refused_by_gate,
    lockdown_refuses,
    lost_only_card_never_blocks_publication,
    restored_server_keeps_revocations,
    server_down_card_opens,
)
from demo.steps.staff import duress_pin_silent_alarm, staff_card_opens_offline
from demo.steps.theft import stolen_gate_yields_nothing, stolen_server_yields_nothing

Step = Callable[[Stage], Outcome]

STEPS: tuple[Step, ...] = (
    card_opens,
    same_card_same_number_at_every_reader,
    unknown_card_refused,
    pin_opens,
    wrong_pin_refused_and_delayed,
    qr_opens,
    qr_online_code_opens,
    qr_used_twice_refused,
    qr_unused_after_45_s_refused,
    qr_forged_refused,
    visitor_pass_opens,
    visitor_pass_outside_hours_refused,
    visitor_code_opens_once,
    method_not_chosen_refused,
    face_enrol_at_gate,
    enrol_with_another_persons_card_refused,
    face_opens,
    live_person_accepted,
    print_attack_refused,
    replay_attack_refused,
    under_14_blocked,
    second_look_added,
    face_beside_a_card,
    face_pauses_when_pin_hours_end,
    face_ends_with_the_last_other_way,
    stolen_server_yields_nothing,
    stolen_gate_yields_nothing,
    face_after_reboot_offline_unavailable_card_opens,
    look_dropped,
    stranger_face_refused,
    face_lease_expires_offline,
    withdraw_to_forgotten,
    certificate_verifies,
    face_withdrawn_refused,
    weak_engine_may_not_open,
    face_recognition_beside_card_opens,
    cloned_gate_gets_no_lease,
    lockdown_refuses,
    server_down_card_opens,
    events_arrive_after_reconnect,
    face_only_lane_refused_by_admin,
    face_only_lane_refused_by_gate,
    preview_names_who_stands_outside,
    scheduled_act_waits,
    lost_only_card_never_blocks_publication,
    fee_lockout_refused,
    api_last_way_in_refused,
    power_cycle_no_pulse,
    osdp_card_opens,
    osdp_default_key_refused,
    osdp_clear_text_reader_ignored,
    modbus_relay_confirms,
    door_forced_alarm,
    door_held_alarm,
    granted_nobody_came,
    exit_button_no_alarm,
    guard_button_recorded,
    fire_observed_never_locks,
    relay_unplugged_and_back,
    reader_unplugged_and_back,
    crash_mid_pulse_ends_at_rest,
    staff_card_opens_offline,
    interlock,
    antipassback,
    call_answered_opens,
    push_wakes_phone,
    call_sent_away,
    call_by_telephone_opens,
    call_tone_from_visitor_refused,
    call_nobody_falls_to_guard,
    call_answer_replayed_refused,
    call_leaves_nothing,
    courier_once,
    courier_not_wanted_refused,
    test_call_monthly,
    duress_pin_silent_alarm,
    unsafe_lane_sheet_refused,
    review_signed,
    restored_server_keeps_revocations,  # it signs everybody out, so nothing follows
)
STEP_NAMES = tuple(step.__name__ for step in STEPS)


@dataclass(frozen=True, slots=True)
class StepResult:
    """One line of the demo."""

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
