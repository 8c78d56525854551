"""The kinds of events: what gates write into their journals, and the alarms that gates and server raise.

Stored for years and sent over the wire, so they are added to and never renamed. A kind of an unknown newer
gate may arrive; the server stores it and shows it as it is.
"""

from enum import StrEnum

ALARM_PREFIX = "alarm_"


class EventKind(StrEnum):
    """What happened. Its words for people are in `web_admin/events/texts.py`."""

    ACCESS = "access"
    DOOR_OPENED = "door_opened"
    DOOR_CLOSED = "door_closed"
    DOOR_HELD_CLEAR = "door_held_clear"
    DOOR_FOUND_OPEN = "door_found_open"
    NO_ENTRY = "no_entry"
    EXIT_REQUEST = "exit_request"
    GUARD_BUTTON = "guard_button"
    INTERCOM_OPENING = "intercom_opening"
    HELD_OPEN = "held_open"
    HOLD_ENDED = "hold_ended"
    HOLD_REFUSED = "hold_refused"
    HOLD_NOT_OPEN_CLEAR = "hold_not_open_clear"
    ANTIPASSBACK_VIOLATED = "antipassback_violated"
    PIN_RESUMED = "pin_resumed"
    SHOWN_FOR_FACE = "shown_for_face"
    FACE_ANSWER = "face_answer"
    FACE_ENROLLED = "face_enrolled"
    FACE_NOT_ENROLLED = "face_not_enrolled"
    FACE_FORGOTTEN = "face_forgotten"
    FACE_LOOK_DROPPED = "face_look_dropped"
    FACE_MISSED = "face_missed"
    """A look at a face found no one, and a person who was looked for came in there a moment later."""
    POLICY_TAKEN = "policy_taken"
    STARTED = "started"
    DEVICE_BACK = "device_back"
    CAMERA_DARK = "camera_dark"
    CAMERA_CLEAR = "camera_clear"
    CONTACT_FLAPPING_CLEAR = "contact_flapping_clear"
    ON_BATTERY_CLEAR = "on_battery_clear"
    BATTERY_LOW_CLEAR = "battery_low_clear"
    OBSTACLE_CLEAR = "obstacle_clear"
    FIRE_CLEAR = "fire_clear"
    TAMPER_CLEAR = "tamper_clear"
    BUTTON_STUCK_CLEAR = "button_stuck_clear"

    # Alarms of a gate.
    ALARM_DOOR_FORCED = "alarm_door_forced"
    ALARM_DOOR_HELD = "alarm_door_held"
    ALARM_FIRE = "alarm_fire"
    ALARM_TAMPER = "alarm_tamper"
    ALARM_DURESS = "alarm_duress"
    ALARM_HELP = "alarm_help"
    """Sounds again and again, where the sound is on, until staff acknowledge it."""
    ALARM_OVERRIDE = "alarm_override"
    ALARM_CARD_LEFT = "alarm_card_left"
    ALARM_MANY_WRONG = "alarm_many_wrong"
    ALARM_PIN_STOPPED = "alarm_pin_stopped"
    ALARM_GRANTED_NOT_OPENED = "alarm_granted_not_opened"
    ALARM_HOLD_NOT_OPEN = "alarm_hold_not_open"
    ALARM_ON_BATTERY = "alarm_on_battery"
    ALARM_BATTERY_LOW = "alarm_battery_low"
    ALARM_OBSTACLE = "alarm_obstacle"
    ALARM_BUTTON_STUCK = "alarm_button_stuck"
    ALARM_CONTACT_FLAPPING = "alarm_contact_flapping"
    ALARM_DEVICE_LOST = "alarm_device_lost"
    ALARM_CAMERA = "alarm_camera"
    ALARM_FACE_UNAVAILABLE = "alarm_face_unavailable"
    ALARM_POLICY_REFUSED = "alarm_policy_refused"
    ALARM_POLICY_DAMAGED = "alarm_policy_damaged"
    ALARM_JOURNAL_DAMAGED = "alarm_journal_damaged"
    ALARM_LANE_MEMORY_DAMAGED = "alarm_lane_memory_damaged"
    ALARM_GATE_FAILED = "alarm_gate_failed"

    # Alarms of the server.
    ALARM_GATE_FORKED = "alarm_gate_forked"
    ALARM_JOURNAL_BROKEN = "alarm_journal_broken"
    ALARM_JOURNAL_RESTARTED = "alarm_journal_restarted"
    ALARM_ENTRIES_SET_ASIDE = "alarm_entries_set_aside"
    ALARM_SIGN_IN_GUESSING = "alarm_sign_in_guessing"
    ALARM_DESK_GUESSING = "alarm_desk_guessing"
    """An account typed many numbers at the desk, or a person reported that they are not there."""
    ALARM_DURESS_AT_DESK = "alarm_duress_at_desk"
    ALARM_REQUEST_UNACKNOWLEDGED = "alarm_request_unacknowledged"
    ALARM_REQUEST_OVERDUE = "alarm_request_overdue"


def is_alarm(kind: str) -> bool:
    """Return whether staff must acknowledge events of this kind; also one of a newer gate."""
    return kind.startswith(ALARM_PREFIX)
