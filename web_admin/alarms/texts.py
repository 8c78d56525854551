"""Texts of alarms, for pages and for messages in their reader's language."""

from collections.abc import Mapping

from gate_controller.contract.event_kinds import EventKind
from web_admin.core.in_a_language import N_

ALARMS: Mapping[str, str] = {
    EventKind.ALARM_ON_BATTERY: N_("The gate runs on its battery"),
    EventKind.ALARM_BATTERY_LOW: N_("The battery is nearly empty"),
    EventKind.ALARM_OBSTACLE: N_("The barrier's safety input stays active"),
    EventKind.ALARM_BUTTON_STUCK: N_("A button stays pressed, or its wire is loose"),
    EventKind.ALARM_LANE_MEMORY_DAMAGED: N_("What the gate remembered of its doors was damaged"),
    EventKind.ALARM_CONTACT_FLAPPING: N_("The door contact flutters: look at its magnet and its cable"),
    EventKind.ALARM_OVERRIDE: N_("A staff card or the emergency code opened the gate"),
    EventKind.ALARM_HOLD_NOT_OPEN: N_("Was to be held open, but the lock does not answer"),
    EventKind.ALARM_CARD_LEFT: N_("A card was left on a reader; it opens nothing until it is taken away"),
    EventKind.ALARM_DOOR_FORCED: N_("Door forced open"),
    EventKind.ALARM_DOOR_HELD: N_("Door open too long"),
    EventKind.ALARM_FIRE: N_("Fire release"),
    EventKind.ALARM_TAMPER: N_("A device was tampered with"),
    EventKind.ALARM_DURESS: N_("Someone may be under threat"),
    EventKind.ALARM_DURESS_AT_DESK: N_("Someone at the property office's desk may be under threat"),
    EventKind.ALARM_DESK_GUESSING: N_("Many numbers were typed at the desk, or the person was not there"),
    EventKind.ALARM_HELP: N_("Someone asks for help"),
    EventKind.ALARM_FACE_UNAVAILABLE: N_("Face is not available at this gate, everything else works"),
    EventKind.ALARM_CAMERA: N_("The camera does not see"),
    EventKind.ALARM_DEVICE_LOST: N_("A device does not answer"),
    EventKind.ALARM_LAST_READER_LOST: N_("No reader works at this lane any more: face alone is left"),
    EventKind.ALARM_GRANTED_NOT_OPENED: N_("Opening was ordered, the door did not answer"),
    EventKind.ALARM_MANY_WRONG: N_("Many wrong tries"),
    EventKind.ALARM_PIN_STOPPED: N_("A home's PINs are stopped at this gate after a hundred wrong numbers"),
    EventKind.ALARM_POLICY_REFUSED: N_("The gate refused new rules"),
    EventKind.ALARM_POLICY_DAMAGED: N_(
        "The gate's stored rules were damaged; it asks the server for them again"
    ),
    EventKind.ALARM_JOURNAL_DAMAGED: N_("The gate's journal was damaged; the readable part was kept"),
    EventKind.ALARM_GATE_FAILED: N_("The gate's program failed at one step and goes on"),
    EventKind.ALARM_UPDATE_ROLLED_BACK: N_("Update failed; the gate is back on the previous version"),
    EventKind.ALARM_UPDATE_REFUSED: N_("A gate was ordered to go back to an older version and refused"),
    EventKind.ALARM_GATE_FORKED: N_("Two controllers use the identity of one gate"),
    EventKind.ALARM_JOURNAL_BROKEN: N_("A gate's journal has gaps"),
    EventKind.ALARM_JOURNAL_RESTARTED: N_("A gate began a new journal"),
    EventKind.ALARM_SIGN_IN_GUESSING: N_("Password guessing at the staff sign-in"),
    EventKind.ALARM_ENTRIES_SET_ASIDE: N_("Some entries of a gate's journal were set aside"),
    EventKind.ALARM_CALL_NUMBERS: N_(
        "A gate called very many homes and gets no more telephone numbers today"
    ),
    EventKind.ALARM_REQUEST_UNACKNOWLEDGED: N_("A request waits to be acknowledged"),
    EventKind.ALARM_REQUEST_OVERDUE: N_("A request should have been answered"),
    EventKind.ALARM_GATE_SILENT: N_("A gate has no contact with the server"),
    EventKind.ALARM_GATE_BEHIND: N_("A gate keeps old rules"),
    EventKind.ALARM_GATE_CLOCK: N_("A gate's clock is not right"),
    EventKind.ALARM_GATE_DISK: N_("A gate's disk is nearly full"),
    EventKind.ALARM_SERVER_CLOCK: N_("The server's clock is not right"),
    EventKind.ALARM_SERVER_DISK: N_("The server's disk is nearly full"),
    EventKind.ALARM_SERVER_TASKS: N_("Tasks of the server fail or do not run"),
    EventKind.ALARM_CERTIFICATE: N_("The certificate of the address ends soon or is refused"),
    EventKind.ALARM_BACKUP_OLD: N_("There is no recent backup"),
    EventKind.ALARM_MAIL_FAILING: N_("Mail and messages are not delivered"),
    EventKind.ALARM_ACT_HELD: N_("A scheduled change was not made and waits for a decision"),
}
