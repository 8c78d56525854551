"""Texts of states and kinds of events, for every page."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from gate_controller.contract.event_kinds import EventKind
from web_admin.alarms.texts import ALARMS

EVENTS: Mapping[str, LazyString] = {
    EventKind.ACCESS: _l("Passage"),
    EventKind.DOOR_OPENED: _l("Door opened"),
    EventKind.DOOR_CLOSED: _l("Door closed"),
    EventKind.DOOR_HELD_CLEAR: _l("Door closed again"),
    EventKind.NO_ENTRY: _l("Opened, not used"),
    EventKind.HELP_CALLED: _l("Help was pressed: the guard's telephones are called"),
    EventKind.HELP_ANSWERED: _l("The guard answered the call for help by telephone"),
    EventKind.CALL_BEGAN: _l("A home was called from the gate"),
    EventKind.CALL_OVER: _l("The call to a home ended"),
    EventKind.EXIT_REQUEST: _l("Left by the exit button"),
    EventKind.GUARD_BUTTON: _l("Opened with the guard's button"),
    EventKind.INTERCOM_OPENING: _l("Opened through the intercom"),
    EventKind.DOOR_FOUND_OPEN: _l("Door found open at the start"),
    EventKind.HOLD_ENDED: _l("No longer held open"),
    EventKind.HOLD_REFUSED: _l("Not held open: this kind of drive is only opened once"),
    EventKind.ANTIPASSBACK_VIOLATED: _l("Came in twice without leaving"),
    EventKind.ON_BATTERY_CLEAR: _l("Mains power is back"),
    EventKind.BATTERY_LOW_CLEAR: _l("The battery is charged again"),
    EventKind.OBSTACLE_CLEAR: _l("The way of the barrier is free again"),
    EventKind.FIRE_CLEAR: _l("The fire release has ended"),
    EventKind.TAMPER_CLEAR: _l("The device is closed again"),
    EventKind.BUTTON_STUCK_CLEAR: _l("The button is free again"),
    EventKind.CONTACT_FLAPPING_CLEAR: _l("The door contact is steady again"),
    EventKind.HOLD_NOT_OPEN_CLEAR: _l("Held open now: the lock answers again"),
    EventKind.CAMERA_CLEAR: _l("The camera sees again"),
    EventKind.HELD_OPEN: _l("Held open by staff"),
    EventKind.SHOWN_FOR_FACE: _l("Own card or PIN shown before a face was taken"),
    EventKind.FACE_ENROLLED: _l("Face registered at the gate"),
    EventKind.FACE_NOT_ENROLLED: _l("Face could not be registered"),
    EventKind.FACE_FORGOTTEN: _l("Face deleted by the gate"),
    EventKind.FACE_LOOK_DROPPED: _l("One face scan deleted by the gate"),
    EventKind.FACE_MISSED: _l("Face not recognised, then let in"),
    EventKind.FACE_ANSWER: _l("Consent, refusal or withdrawal for face, given at the gate"),
    EventKind.POLICY_TAKEN: _l("The gate took new rules"),
    EventKind.STARTED: _l("The gate started"),
    EventKind.UPDATE_KEPT: _l("The gate runs a new version of its program"),
    EventKind.DEVICE_BACK: _l("A device is back"),
    EventKind.CAMERA_DARK: _l("Too dark for the camera"),
    EventKind.LAST_READER_CLEAR: _l("A reader works at this lane again"),
    EventKind.PIN_RESUMED: _l("A home's PINs open again at this gate"),
    **{kind: _l(text) for kind, text in ALARMS.items()},
}
SET_ASIDE: Mapping[str, LazyString] = {
    "unreadable": _l("Cannot be read"),
    "changed": _l("Was changed after it was written"),
    "time": _l("Has a time that no clock shows"),
    "text": _l("Has characters that cannot be stored"),
    "value": _l("Has a value of the wrong kind"),
    "not_stored": _l("Could not be stored"),
    "gate_not_trusted": _l("Came while the gate was cloned or stolen"),
}
