"""Texts of each reason: for the person, for staff, and what to do.

One table for every page; `docs/reasons.md` is the same table for readers. A stored reason this
version does not know (a newer gate may send one) is named instead of guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from gate_controller.rules.decision import Reason


@dataclass(frozen=True, slots=True)
class ReasonText:
    """Three sentences about one reason."""

    resident: LazyString
    staff: LazyString
    to_do: LazyString


def _text(resident: LazyString, staff: LazyString, to_do: LazyString) -> ReasonText:
    return ReasonText(resident, staff, to_do)


_NOTHING = _l("Nothing to do.")
_ASK_OFFICE = _l("Ask the property office.")

REASON_TEXTS: Mapping[Reason, ReasonText] = {
    Reason.GRANTED: _text(_l("The gate opened for you."), _l("Granted: the rules allow it."), _NOTHING),
    Reason.HELD_OPEN: _text(
        _l("The gate was held open."),
        _l("The lane is held open; no credential is needed."),
        _NOTHING,
    ),
    Reason.UNKNOWN_LANE: _text(
        _l("This gate is not set up yet."),
        _l("The gate has a lane that the policy does not name."),
        _l("Check the lane's name in the gate's settings and on the gates page."),
    ),
    Reason.LANE_LOCKDOWN: _text(
        _l("The gate was locked for everyone at that time."),
        _l("The lane is in lockdown."),
        _l("Ask the guard for help; staff end the lockdown on the gates page."),
    ),
    Reason.LANE_DISABLED: _text(
        _l("This gate was out of use. Please take another one."),
        _l("The lane is disabled."),
        _l("Use another gate; staff put the lane back in use on the gates page."),
    ),
    Reason.CREDENTIAL_UNKNOWN: _text(
        _l("The gate did not know this card or code."),
        _l("No credential at this gate fits; it may be new and not yet published, or from elsewhere."),
        _l("Try again in a minute; if it stays so, have the card read and issued at the office."),
    ),
    Reason.CREDENTIAL_ENDED: _text(
        _l("This card or code was ended and cannot be used again."),
        _l("The credential is ended; ended credentials never work again."),
        _l("Use another way in, or get a new card, PIN or code."),
    ),
    Reason.CREDENTIAL_SUSPENDED: _text(
        _l("This card or code is suspended."),
        _l("The credential is suspended, by its owner or by staff."),
        _l("Ask who suspended it: they resume it, or the property manager does."),
    ),
    Reason.PERSON_SUSPENDED: _text(
        _l("Your access is paused at the moment."),
        _l("The person is suspended."),
        _ASK_OFFICE,
    ),
    Reason.NOT_YET_VALID: _text(
        _l("It was too early: this is not valid yet."),
        _l("The first valid moment has not come yet."),
        _l("Come back when it starts, or have the dates changed."),
    ),
    Reason.EXPIRED: _text(
        _l("This is no longer valid."),
        _l("The last valid moment has passed."),
        _l("Get a new one, or have the dates changed."),
    ),
    Reason.USED_UP: _text(
        _l("This pass was already used as often as it allows."),
        _l("This pass or visitor code has no uses left."),
        _l("The host can make a new pass."),
    ),
    Reason.PIN_WRONG: _text(
        _l("The home number or the digits were wrong."),
        _l("No PIN or visitor code of that home fits the digits."),
        _l("Type the home number and the digits again; a new PIN can be made on the phone page."),
    ),
    Reason.CODE_UNREADABLE: _text(
        _l("The gate could not read this code."),
        _l("The code is not from this system."),
        _l("Make the screen brighter and hold the code still, about a hand away."),
    ),
    Reason.CODE_FORGED: _text(
        _l("The code's signature was not right."),
        _l("The signature does not fit the registered key: an old phone key, or a made-up code."),
        _l("Open My code again while online; if it happens to others too, contact the manager."),
    ),
    Reason.CODE_STALE: _text(
        _l("The code was too old, or the phone's clock was wrong."),
        _l("The code's time is more than 30 s old or more than 15 s ahead."),
        _l("Tap the code to renew it; open the page once while online to correct the clock."),
    ),
    Reason.CODE_REPLAYED: _text(
        _l("This code had been used already."),
        _l("A code of the same second or a later one was already accepted: reused or copied."),
        _l("Tap the code to renew it and show it again."),
    ),
    Reason.PASS_WITHDRAWN: _text(
        _l("This visitor pass was withdrawn."),
        _l("The pass was withdrawn before its end."),
        _l("The host can make a new pass."),
    ),
    Reason.PASS_FOR_ANOTHER_GATE: _text(
        _l("This pass is for another gate."),
        _l("The pass or visitor code is not for this gate."),
        _l("Go to the gate that the pass names."),
    ),
    Reason.FACE_NO_MATCH: _text(
        _l("The face did not match. That is not your fault; every other way in works."),
        _l("No enrolled face of that home matched."),
        _l("Use the card, PIN or code."),
    ),
    Reason.FACE_NO_FACE: _text(
        _l("The camera saw no face. Stand in front of it, about an arm's length away."),
        _l("No face was in view until the look ended."),
        _l("Stand in front of the camera, or use another way in."),
    ),
    Reason.FACE_TWO_FACES: _text(
        _l("Two faces were in view, so the gate used neither."),
        _l("Two faces of like size were in view."),
        _l("One person at a time before the camera, or another way in."),
    ),
    Reason.FACE_TOO_SMALL: _text(
        _l("The face was too far from the camera."),
        _l("The face in view was too small to compare."),
        _l("Come closer; if it happens to many, move the camera."),
    ),
    Reason.FACE_TOO_DARK: _text(
        _l("It was too dark for the camera."),
        _l("The face in view was too dark to compare."),
        _l("Use another way in; if it happens every evening, give the camera light."),
    ),
    Reason.FACE_BLURRED: _text(
        _l("The picture of the face was blurred."),
        _l("The frames were blurred: movement, or a lens that is dirty or out of focus."),
        _l("Hold still; if it happens to many, clean and focus the lens."),
    ),
    Reason.FACE_TURNED_AWAY: _text(
        _l("The face was turned away from the camera."),
        _l("The face was turned away when it had to be straight."),
        _l("Look straight at the camera, or use another way in."),
    ),
    Reason.FACE_COVERED: _text(
        _l("Mouth or nose was covered, by a mask or a scarf."),
        _l("The mouth of the face in view was covered."),
        _l("Take the mask off for a moment, or use another way in."),
    ),
    Reason.FACE_NOT_LIVE: _text(
        _l("The camera saw the same picture again and again, not a moving person."),
        _l("The same pixels came again: a frozen camera, or a picture that was fed in."),
        _l("Try again; if it stays so, look at the camera on the health page."),
    ),
    Reason.FACE_LOOKS_FLAT: _text(
        _l("The gate did not see a real turn of the head."),
        _l("What was shown moved like something flat: a picture, or a face without light and shadow."),
        _l("Turn the head slowly with light on the face, or use another way in."),
    ),
    Reason.FACE_HOLD_STILL: _text(
        _l("The head moved before it was asked to."),
        _l("The head turned before the screen had asked for it, or without time to read it."),
        _l("Look straight until the arrow comes, then turn."),
    ),
    Reason.FACE_TURN_MORE: _text(
        _l("The head was not turned far enough to the side that was asked for."),
        _l("The turn that was asked for was not seen in time."),
        _l("Turn the head further, to the side of the arrow."),
    ),
    Reason.FACE_TURN_OTHER_WAY: _text(
        _l("The head was turned to the other side than was asked for."),
        _l("The head turned to the other side than the screen had asked for."),
        _l("Turn the head to the side of the arrow."),
    ),
    Reason.FACE_TOO_FAST: _text(
        _l("The head turned or moved too fast to be followed."),
        _l("The face jumped or turned faster than the camera could follow."),
        _l("Turn the head slowly, or use another way in."),
    ),
    Reason.FACE_SWAPPED: _text(
        _l("Another person came into view during the check."),
        _l("The face before and after the turn was not the same one."),
        _l("One person at a time before the camera, or another way in."),
    ),
    Reason.FACE_AMBIGUOUS: _text(
        _l("Two faces of the home are so alike that the gate could not distinguish them."),
        _l("Two enrolled faces were as alike to the one before the camera."),
        _l("Use the card, PIN or code."),
    ),
    Reason.FACE_TIME_IS_UP: _text(
        _l("The time was over before the gate could decide."),
        _l("The look ran out of time without anything that was wrong with the frames."),
        _l("Try again, or use another way in."),
    ),
    Reason.FACE_UNAVAILABLE: _text(
        _l("Face was not available at this gate. Every other way in works."),
        _l("The face part is off, its camera fails, or its lease has ended."),
        _l("Use another way; staff look at the gate's devices on the health page."),
    ),
    Reason.FACE_ALONE: _text(
        _l("Too few other ways of yours worked at this gate then, so face did not open it either."),
        _l("Too few other ways of theirs worked at the lane: hours, an end, a lost reader, PINs that wait."),
        _l("Get a card at the office or make a new PIN: once another way works there, face does too."),
    ),
    Reason.METHOD_NOT_OFFERED: _text(
        _l("This gate does not take this way in at that hour."),
        _l("The lane does not offer this method now."),
        _l("Use another way in; the gate's screen shows which it takes."),
    ),
    Reason.METHOD_NOT_CHOSEN: _text(
        _l("You turned this way in off."),
        _l("The person has not chosen this method."),
        _l("Switch it on under My ways in; only the person decides."),
    ),
    Reason.SECOND_METHOD: _text(
        _l("You chose two-step entry at this hour. The gate waited for the second way."),
        _l("The person's own wish asks for a second method at this hour, and none followed."),
        _l("Show a second way within half a minute; the wish is changed under My ways in."),
    ),
    Reason.METHOD_DELAYED: _text(
        _l("Too many wrong tries: this way in was waiting for a moment. The others worked."),
        _l("The method waits after failed tries at this terminal or for this home."),
        _l("Wait a moment, or use another way in."),
    ),
    Reason.METHOD_STOPPED: _text(
        _l(
            "Too many wrong PINs were typed for your home, so its PINs were stopped at this gate. "
            "Cards and QR codes worked."
        ),
        _l("A hundred wrong PINs were typed for this home here; its PINs open nothing at this gate."),
        _l("Show your card or code there and then type your PIN, or make a new PIN; both resume it."),
    ),
    Reason.NO_GRANT: _text(
        _l("You have no permission for this gate."),
        _l("No grant of this person names this lane."),
        _ASK_OFFICE,
    ),
    Reason.OUTSIDE_HOURS: _text(
        _l("You may not pass this gate at this hour."),
        _l("The grant's hours do not cover this moment."),
        _l("Come back within your hours, or ask the property office to change them."),
    ),
    Reason.CLOCK_UNSURE: _text(
        _l("The gate's clock may be wrong. Cards and PINs still work."),
        _l("The gate's clock is unsure, so nothing time-bound may open."),
        _l("Use card or PIN; staff check the gate's clock and battery."),
    ),
    Reason.POLICY_TOO_OLD: _text(
        _l("The gate was out of contact for too long. Residents' cards and PINs still work."),
        _l("The gate's policy is older than the site allows, so nothing time-bound may open."),
        _l("Use card or PIN; staff restore the gate's connection."),
    ),
    Reason.ANTIPASSBACK: _text(
        _l("You came in through this gate and have not left through it."),
        _l("A second way in without a way out, at a lane with strict anti-passback."),
        _l("Ask the guard, who can open the gate; the record is cleared automatically after a night."),
    ),
    Reason.INTERLOCKED: _text(
        _l("The other door was still open."),
        _l("A lane that this one is interlocked with was open or had just been released."),
        _l("Wait until the other door has closed, then try again."),
    ),
    Reason.OVERRIDE: _text(
        _l("The gate opened, although it was locked or out of use."),
        _l("A staff card or the emergency code opened the lane in spite of its mode."),
        _l("Check who used it. Change the emergency code after each use."),
    ),
    Reason.ORDER_FORGED: _text(
        _l("An opening from the office was refused."),
        _l("The order's signature does not fit this site, gate or lane."),
        _l("Contact the server's operator: orders should always fit."),
    ),
    Reason.ORDER_EXPIRED: _text(
        _l("An opening from the office came too late."),
        _l("The command expired before it reached the gate."),
        _l("Look at the lane, then order again."),
    ),
    Reason.ORDER_REPEATED: _text(
        _l("An opening from the office had been carried out already."),
        _l("The order was already run once; it never runs twice."),
        _l("Look at the lane, then order again if needed."),
    ),
    Reason.CALL_OVER: _text(
        _l("An answer came after the call had ended."),
        _l("The call at this lane was over or was another one; an answer opens in its own call alone."),
        _l("None: the visitor can call again."),
    ),
    Reason.NOT_OF_HOME: _text(
        _l("A call was answered by a person of another home."),
        _l("Only people of the home that was called can open in the call."),
        _l("Check whether this person has moved; their telephone belongs to their home of today."),
    ),
}


def for_resident(reason: str) -> LazyString:
    """Return the sentence for the person it happened to; `reason` is a Reason or its stored word."""
    known = _known(reason)
    return known.resident if known else _l("The gate said: %(word)s.", word=reason)


def for_staff(reason: str) -> LazyString:
    """Return the sentence for people who run the site."""
    known = _known(reason)
    return known.staff if known else _l("A reason this version does not know: %(word)s.", word=reason)


def what_to_do(reason: str) -> LazyString:
    """Return the next step, for either."""
    known = _known(reason)
    return known.to_do if known else _ASK_OFFICE


def _known(reason: str) -> ReasonText | None:
    try:
        return REASON_TEXTS[Reason(reason)]
    except ValueError:
        return None
