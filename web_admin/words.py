"""The words of states and kinds as people read them, in one place for every page."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

POSTURES: Mapping[str, LazyString] = {
    "normal": _l("Normal"),
    "lockdown": _l("Lockdown"),
    "held_open": _l("Held open"),
    "disabled": _l("Out of use"),
}
DOORS: Mapping[str, LazyString] = {
    "closed": _l("Closed"),
    "expected": _l("Open for one person"),
    "open": _l("Open"),
    "held": _l("Open too long"),
    "forced": _l("Forced open"),
}
DIRECTIONS: Mapping[str, LazyString] = {"in": _l("In"), "out": _l("Out")}
ANTIPASSBACKS: Mapping[str, LazyString] = {
    "off": _l("Off: nobody is counted here"),
    "soft": _l("Tell: it opens, and an event says so"),
    "hard": _l("Refuse: it stays shut until that person has left"),
}
GATE_STATES: Mapping[str, LazyString] = {
    "new": _l("Not paired yet"),
    "paired": _l("Paired"),
    "retired": _l("Retired"),
    "stolen": _l("Reported stolen"),
}
REQUESTS: Mapping[str, LazyString] = {
    "access": _l("See what is held"),
    "correction": _l("Correct something"),
    "deletion": _l("Delete something"),
    "restriction": _l("Stop using something"),
    "complaint": _l("Complaint"),
}
SUBJECTS: Mapping[str, LazyString] = {
    "name": _l("The name"),
    "home": _l("The home"),
    "gates": _l("The gates and hours"),
    "other": _l("Something else"),
}
OUTCOMES: Mapping[str, LazyString] = {
    "answered": _l("Answered"),
    "refused": _l("Refused"),
    "withdrawn": _l("Taken back"),
}
EVENTS: Mapping[str, LazyString] = {
    "access": _l("Passage"),
    "door_opened": _l("Door opened"),
    "door_closed": _l("Door closed"),
    "door_held_clear": _l("Door closed again"),
    "no_entry": _l("Opened, nobody came"),
    "exit_request": _l("Left by the exit button"),
    "guard_button": _l("Opened with the guard's button"),
    "intercom_opening": _l("Opened through the intercom"),
    "door_found_open": _l("Door found open at the start"),
    "hold_ended": _l("No longer held open"),
    "hold_refused": _l("Not held open: this kind of drive is only opened once"),
    "antipassback_violated": _l("Came in twice without leaving"),
    "on_battery_clear": _l("Mains power is back"),
    "battery_low_clear": _l("The battery is charged again"),
    "obstacle_clear": _l("The way of the barrier is free again"),
    "fire_clear": _l("The fire release has ended"),
    "tamper_clear": _l("The device is closed again"),
    "button_stuck_clear": _l("The button is free again"),
    "alarm_on_battery": _l("The gate runs on its battery"),
    "alarm_battery_low": _l("The battery is nearly empty"),
    "alarm_obstacle": _l("The barrier's safety input stays active"),
    "alarm_button_stuck": _l("A button stays pressed, or its wire is loose"),
    "alarm_lane_memory_damaged": _l("What the gate remembered of its doors was damaged"),
    "alarm_contact_flapping": _l("The door contact flutters: look at its magnet and its cable"),
    "alarm_override": _l("A staff card or the emergency code opened the gate"),
    "contact_flapping_clear": _l("The door contact is steady again"),
    "hold_not_open_clear": _l("Held open now: the lock answers again"),
    "alarm_hold_not_open": _l("Was to be held open, but the lock does not answer"),
    "alarm_card_left": _l("A card lies at its reader; it opens nothing until it is taken away"),
    "camera_clear": _l("The camera sees again"),
    "held_open": _l("Held open by staff"),
    "shown_for_face": _l("Own card or PIN shown before a face was taken"),
    "face_enrolled": _l("Face taken at the gate"),
    "face_not_enrolled": _l("Face could not be taken"),
    "face_forgotten": _l("Face forgotten by the gate"),
    "face_answer": _l("Yes, no or taking back a face, answered at the gate"),
    "policy_taken": _l("The gate took new rules"),
    "started": _l("The gate started"),
    "device_back": _l("A device is back"),
    "alarm_door_forced": _l("Door forced open"),
    "alarm_door_held": _l("Door open too long"),
    "alarm_fire": _l("Fire release"),
    "alarm_tamper": _l("A device was tampered with"),
    "alarm_duress": _l("Someone may be under threat"),
    "alarm_duress_at_desk": _l("Someone at the property office's desk may be under threat"),
    "alarm_desk_guessing": _l("Many numbers were typed at the desk, or somebody was not there"),
    "alarm_help": _l("Someone asks for help"),
    "alarm_face_unavailable": _l("Face is not available at this gate, everything else works"),
    "alarm_camera": _l("The camera does not see"),
    "camera_dark": _l("Too dark for the camera"),
    "alarm_device_lost": _l("A device does not answer"),
    "alarm_granted_not_opened": _l("Opening was ordered, the door did not answer"),
    "alarm_many_wrong": _l("Many wrong tries"),
    "alarm_pin_stopped": _l("A home's PINs are stopped at this gate after a hundred wrong numbers"),
    "pin_resumed": _l("A home's PINs open again at this gate"),
    "alarm_policy_refused": _l("The gate refused new rules"),
    "alarm_policy_damaged": _l("The gate's stored rules were damaged; it asks the server for them again"),
    "alarm_journal_damaged": _l("The gate's journal was damaged; the readable part was kept"),
    "alarm_gate_failed": _l("The gate's program failed at one step and goes on"),
    "alarm_gate_forked": _l("Two controllers use the identity of one gate"),
    "alarm_journal_broken": _l("A gate's journal does not add up"),
    "alarm_journal_restarted": _l("A gate began a new journal"),
    "alarm_sign_in_guessing": _l("Somebody guesses at the sign-in of staff"),
    "alarm_entries_set_aside": _l("Entries of a gate's journal were set aside"),
    "alarm_request_unacknowledged": _l("A request waits to be acknowledged"),
    "alarm_request_overdue": _l("A request should have been answered"),
}
SET_ASIDE: Mapping[str, LazyString] = {
    "unreadable": _l("Cannot be read"),
    "changed": _l("Was changed after it was written"),
    "time": _l("Has a time that no clock shows"),
    "text": _l("Has signs that cannot be stored"),
    "value": _l("Has a value of the wrong kind"),
    "not_stored": _l("Could not be stored"),
    "gate_not_trusted": _l("Came while the gate was cloned or stolen"),
}
HEALTHS: Mapping[str, LazyString] = {
    "ok": _l("Works"),
    "lost": _l("Does not answer"),
    "degraded": _l("Works badly"),
}
