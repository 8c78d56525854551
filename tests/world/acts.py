"""Every kind of step, and how often it comes."""

from tests.world import acts_at_gates as at_gates
from tests.world import acts_of_faults as faults
from tests.world import acts_of_hours as hours
from tests.world import acts_of_people as people
from tests.world import acts_of_reviews as reviews
from tests.world import acts_of_thieves as thieves
from tests.world.plan import Kind
from tests.world.world import Act

TABLE: tuple[tuple[str, Act, int], ...] = (
    ("turn", at_gates.turn, 80),
    ("tick", at_gates.tick, 2),
    ("card", at_gates.tap_card, 20),
    ("come back", at_gates.come_back, 5),
    ("pin", at_gates.type_pin, 4),
    ("code", at_gates.show_code, 6),
    ("pass", at_gates.show_pass, 5),
    ("exit button", at_gates.press_exit, 2),
    ("door", at_gates.move_door, 2),
    ("enrol", at_gates.enrol, 5),
    ("face", at_gates.look_for_face, 5),
    ("withdraw at gate", at_gates.withdraw_at_gate, 2),
    ("consent", people.give_consent, 5),
    ("withdraw", people.withdraw, 5),
    ("refuse", people.refuse, 1),
    ("choose", people.choose, 5),
    ("stop own", people.stop_own, 4),
    ("resume own", people.resume_own, 3),
    ("new pin", people.new_pin, 2),
    ("give pass", people.give_pass, 4),
    ("end pass", people.end_pass, 2),
    ("lose card", people.lose_card, 5),
    ("lose bag", people.lose_bag, 2),
    ("suspend card", people.suspend_card, 4),
    ("resume card", people.resume_card, 4),
    ("new card", people.new_card, 3),
    ("stop person", people.stop_person, 3),
    ("grant", people.grant, 3),
    ("leave", people.leave, 2),
    ("posture", people.set_posture, 2),
    ("lockdown", people.lock_down, 1),
    ("order", people.order, 9),
    ("stolen", people.report_stolen, 1),
    ("clear tampering", people.clear, 2),
    ("method hours", hours.set_method_hours, 4),
    ("hours", hours.change_hours, 2),
    ("holiday", hours.set_holiday, 3),
    ("grant at hours", hours.grant_at_hours, 2),
    ("interlock", hours.set_interlock, 3),
    ("passback", hours.set_antipassback, 3),
    ("make code", hours.make_code, 2),
    ("end code", hours.end_code, 1),
    ("type code", hours.type_code, 4),
    ("keep in review", reviews.keep_in_review, 1),
    ("suspend in review", reviews.suspend_in_review, 2),
    ("ask in review", reviews.ask_in_review, 1),
    ("notice", people.change_notice, 1),
    ("housekeeping", people.keep_house, 1),
    ("power cut", faults.cut_power, 3),
    ("pull later", faults.pull_later, 6),
    ("kill server later", faults.kill_server_later, 3),
    ("part", faults.part, 4),
    ("old answer", faults.answer_of_old, 3),
    ("clock", faults.shift_clock, 2),
    ("tamper", faults.tamper, 2),
    ("backup", faults.back_up, 3),
    ("restore", faults.restore, 2),
    ("leave out", faults.leave_out, 1),
    ("decide restored", faults.decide_restored, 2),
    ("thief asks", thieves.ask_as_gate, 2),
    ("forge receipt", thieves.forge_receipt, 4),
    ("guard at pages", thieves.guard_at_pages, 2),
    ("desk act", thieves.desk_act, 1),
)
ACTS = {what: act for what, act, _weight in TABLE}
PASSING = ("card", "come back", "pin", "code", "pass", "face", "exit button", "type code")
"""These come more often together, where many people pass."""
KINDS = tuple(
    Kind(what, weight, always=what == "turn", of_a_crowd=what in PASSING) for what, _act, weight in TABLE
)
