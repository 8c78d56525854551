"""Steps with a QR code on a phone."""

import time

from demo.judge import Outcome, opens, refused
from demo.stage import Stage
from gate_controller.lane.camera_state import SAME_CODE_SECONDS
from gate_controller.terminal.view import Screen


def qr_opens(stage: Stage) -> Outcome:
    """The phone's own code, made offline: to the scanner as text, to the camera as a picture."""
    resident, ends = stage.member("resident"), stage.gates["north"]
    phone = stage.phone_of("resident")
    phone.switch("qr", True)
    phone.register_key()
    stage.wait_synced("north", "south")
    scanner = ends.metal.scanners["north-in"]
    ms = opens(stage, "north", "north-in", lambda: scanner.scan(phone.code()), person_id=resident.person_id)
    seen_ms = opens(
        stage, "north", "north-in", lambda: _hold_to_camera(stage, phone.code()), person_id=resident.person_id
    )
    ends.metal.clear_view()
    return Outcome(ms, f"scanner; a picture of the next code before the camera took {seen_ms:.1f} ms")


def _hold_to_camera(stage: Stage, text: str) -> int:
    ends = stage.gates["north"]
    if ends.screen is None:
        return 0
    ends.screen.press("method", method="qr")
    ends.screen.wait_for(Screen.SHOW_CODE)
    # The camera opens only now; it needs a frame or two without a person before the phone is held up.
    time.sleep(0.3)
    return ends.metal.show_code(text)


def qr_online_code_opens(stage: Stage) -> Outcome:
    """A code signed by the site, for a browser that holds no key."""
    resident, scanner = stage.member("resident"), stage.gates["south"].metal.scanners["south-in"]
    phone = stage.phone_of("resident")
    phone.online_code()  # the first one makes the credential, which the gates must learn of
    stage.wait_synced("north", "south")
    text = phone.online_code()
    ms = opens(stage, "south", "south-in", lambda: scanner.scan(text), person_id=resident.person_id)
    return Outcome(ms, "a code signed by the site, good for 30 s")


def qr_used_twice_refused(stage: Stage) -> Outcome:
    """The same code again, after the time in which one phone is read twice."""
    scanner = stage.gates["north"].metal.scanners["north-in"]
    text = stage.phone_of("resident").code()
    opens(stage, "north", "north-in", lambda: scanner.scan(text))
    time.sleep(SAME_CODE_SECONDS + 0.2)
    refused(stage, "north", "north-in", lambda: scanner.scan(text), "code_replayed")
    return Outcome(None, "the second time code_replayed")


def qr_unused_after_45_s_refused(stage: Stage) -> Outcome:
    """A code that was made 45 s ago and never shown."""
    scanner = stage.gates["south"].metal.scanners["south-in"]
    text = stage.phone_of("resident").code(made_seconds_ago=45)
    refused(stage, "south", "south-in", lambda: scanner.scan(text), "code_stale")
    return Outcome(None, "made 45 s ago, never shown: code_stale")


def qr_forged_refused(stage: Stage) -> Outcome:
    """A code for the resident's credential, signed with another person's key."""
    scanner = stage.gates["north"].metal.scanners["north-in"]
    text = stage.phone_of("resident").forged_code()
    refused(stage, "north", "north-in", lambda: scanner.scan(text), "code_forged")
    return Outcome(None, "signed with another key: code_forged")


def visitor_pass_opens(stage: Stage) -> Outcome:
    """A pass made on the phone, sent to a visitor, shown at a gate that never received it."""
    scanner = stage.gates["south"].metal.scanners["south-in"]
    text = stage.phone_of("resident").visitor_pass("Aunt Li", 2)
    ms = opens(stage, "south", "south-in", lambda: scanner.scan(text))
    return Outcome(ms, "a visitor's signed pass at the south gate")


def visitor_pass_outside_hours_refused(stage: Stage) -> Outcome:
    """A pass can never do more than its issuer: now is outside the hours of a resident on shifts."""
    scanner = stage.gates["south"].metal.scanners["south-in"]
    text = stage.phone_of("shifted").visitor_pass("Plumber", 2)
    refused(stage, "south", "south-in", lambda: scanner.scan(text), "outside_hours")
    return Outcome(None, "a good pass outside its issuer's hours: outside_hours")
