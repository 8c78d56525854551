"""Texts of the gate's screen, by key; English here, other languages in `translations/`.

Short sentences, no blame, no reason for a refusal: people behind the person can read it. Only what can be
done better at the camera is said, never that a face is not the right one.
"""

from flask_babel import gettext as _

from gate_controller.terminal.view import Screen


def page_texts() -> dict[str, str]:
    """Return all texts in the current locale: labels by name, `title.*`, `text.*`, `message.*`, `mend.*`."""
    return {
        **_labels(),
        **{f"title.{screen}": text for screen, text in _titles().items()},
        **{f"text.{screen}": text for screen, text in _lines().items()},
        **{f"message.{key}": text for key, text in _messages().items()},
        **{f"mend.{key}": text for key, text in _mends().items()},
    }


def _labels() -> dict[str, str]:
    return {
        "ways": _("Ways in"),
        "method.card": _("Card"),
        "method.pin": _("PIN"),
        "method.qr": _("QR code"),
        "method.face": _("Face"),
        "tools": _("Help and settings"),
        "help": _("Help"),
        "help_called": _("Guard called"),
        "help_waits": _("Call waits for the network"),
        "help.calling": _("Calling the guard"),
        "help.talking": _("Guard on the line"),
        "slower": _("More time"),
        "forgot_card": _("I forgot my card"),
        "zero": _("Press 0, and this screen is read aloud."),
        "read": _("Read aloud"),
        "take_face": _("Yes, register it"),
        "call.home": _("Call a home"),
        "call.courier": _("Courier"),
        "call.list": _("List of homes"),
        "call.number": _("Type the number"),
        "call.more": _("More"),
        "call.guard": _("Call the guard"),
        "call.end": _("End the call"),
        "another_way": _("No, another way"),
        "keep_face": _("No, keep it and let me in"),
        "take_back": _("Delete my face"),
        "add_look": _("Add another scan"),
        "take_back_yes": _("Withdraw my consent"),
        "my_face": _("My face"),
        "own_face": _("Add or delete my face"),
        "read_on": _("Next"),
        "page": _("Page"),
        "or_keys": _("On the keypad"),
        "cancel": _("Back"),
        "keypad": _("Number pad"),
        "key.clear": _("Clear"),
        "key.enter": _("OK"),
        "key.dash": _("Dash"),
        "typed_home": _("Home number"),
        "typed_count": _("Digits typed"),
        "seconds": _("seconds"),
        "progress": _("Pictures taken"),
        "notice.handler_name": _("Who handles it"),
        "notice.handler_contact": _("How to reach them"),
        "notice.purpose": _("What it is for"),
        "notice.method": _("How it works"),
        "notice.retention": _("How long it is kept"),
        "notice.necessity": _("Do you need it?"),
        "notice.effect": _("What it means for you"),
        "notice.rights": _("Your rights"),
        "notice.complaints": _("Where to complain"),
        "camera.closed": _("Camera off"),
        "camera.codes_only": _("Camera on: QR only"),
        "camera.looking": _("Camera on: your face"),
        "camera.call": _("Camera on while you speak"),
        "note.offline": _("No connection to the office. The gate still works."),
        "note.clock": _("The clock is being checked. Card and PIN work."),
        "note.help": _("The guard has been called. Please wait here."),
        "note.help.calling": _("Calling the guard by telephone. Please wait here."),
        "note.help.talking": _("The guard is on the line. Please speak."),
        "note.help.no_one": _("No one answered. The guard has an alarm. Please wait here."),
        "note.camera": _("The camera cannot see. Face is off here; all other ways work."),
        "note.lost_card": _("Card reader out of order: use another way or press help."),
        "note.lost_pin": _("Keypad out of order: use another way or press help."),
        "note.lost_qr": _("QR codes cannot be read: use another way or press help."),
        "note.sound_no_microphone": _("They cannot hear you. They can still write to you or open."),
        "note.sound_no_camera": _("They cannot see you. Say who you are."),
        "note.sound_lost": _("The sound was cut off. They can still write to you or open."),
        "note.camera_in_call": _("When they answer, the camera is on while you speak."),
        "note.camera_dark": _("It is too dark for the camera. Please use another way."),
        "note.help_waits": _(
            "No connection: the guard is called as soon as it is back. Please ask nearby too."
        ),
        "note.slower": _("You now have three times as long."),
        "no_script": _("This screen is not working. Hold your card to the reader, or call the guard."),
    }


def _titles() -> dict[Screen, str]:
    return {
        Screen.IDLE: _("Welcome"),
        Screen.SHOW_CARD: _("Your card, please"),
        Screen.FORGOT_CARD: _("You can still come in"),
        Screen.TYPING_HOME: _("Your home number"),
        Screen.TYPING_PIN: _("Your PIN"),
        Screen.SHOW_CODE: _("Your QR code, please"),
        Screen.FACE_LOOKING: _("Look at the camera"),
        Screen.CHOOSE: _("Choose by number"),
        Screen.FACE_NOTICE: _("Before you decide"),
        Screen.FACE_ASK: _("Register your face at this gate?"),
        Screen.FACE_CONFIRM: _("To say yes: show your card or PIN again"),
        Screen.FACE_GUARDIAN: _("Your guardian's card or PIN, please"),
        Screen.FACE_OFFICE: _("Asking the property office"),
        Screen.FACE_KEPT: _("Your face is kept at this gate"),
        Screen.FACE_ENROL: _("Look at the camera"),
        Screen.CALL_NUMBER: _("Which home?"),
        Screen.CALL_LIST: _("Who are you visiting?"),
        Screen.CALLING: _("Calling {home}"),
        Screen.CALL_ANSWERED: _("{home} has answered"),
        Screen.CALL_OVER: _("The call has ended"),
        Screen.WAITING: _("One moment"),
        Screen.GRANTED: _("Please come in"),
        Screen.REFUSED: _("This did not open"),
        Screen.DELAYED: _("Please wait a little"),
        Screen.DONE: _("Done"),
        Screen.HELD_OPEN: _("The gate is open"),
        Screen.DISABLED: _("This gate is closed"),
        Screen.LOCKDOWN: _("No one can come in now"),
        Screen.FIRE: _("Fire alarm: leave now"),
        Screen.FAULT: _("The gate is not ready"),
    }


def _lines() -> dict[Screen, str]:
    return {
        Screen.IDLE: _("Hold up your card or type your home number. Other ways: # #."),
        Screen.SHOW_CARD: _("Hold it to the reader."),
        Screen.FORGOT_CARD: _("Do you know your PIN? Press PIN. If not, press Help (# # 9) and wait here."),
        Screen.TYPING_HOME: _("Type it, then press OK. For 3-1203, 31203 will do."),
        Screen.TYPING_PIN: _("Type your PIN or visitor code, then press OK."),
        Screen.SHOW_CODE: _("Hold it in front of the reader, a hand's width away."),
        Screen.FACE_LOOKING: _("Stay where you are. You can stop at any time."),
        Screen.CHOOSE: _("Press a number on the keypad."),
        Screen.FACE_NOTICE: _("Read to the end, or say no at any time."),
        Screen.FACE_ASK: _("It is your choice. If you say no, nothing changes."),
        Screen.FACE_CONFIRM: _("Show your card, or type your PIN and OK. Nothing is recorded before."),
        Screen.FACE_GUARDIAN: _("The guardian shows their card, or types their PIN and OK."),
        Screen.FACE_OFFICE: _("This takes some seconds. Nothing is recorded yet."),
        Screen.FACE_KEPT: _("It is used only when you ask. You can delete it at once."),
        Screen.FACE_ENROL: _("Hold still. You can stop at any time."),
        Screen.CALL_NUMBER: _("Type its number, then press OK. For 3-1203, 31203 will do."),
        Screen.CALL_LIST: _("Press the home, or its number on the keypad."),
        Screen.CALLING: _("Please wait here."),
        Screen.CALL_ANSWERED: _("One moment: their answer comes here."),
        Screen.CALL_OVER: _("You can call again, or press help."),
        Screen.WAITING: _("We are checking."),
        Screen.GRANTED: _("The gate is open."),
        Screen.REFUSED: _("Try again or another way, or press help."),
        Screen.DELAYED: _("The other ways work now. Or press help."),
        Screen.DONE: _("Everything is saved."),
        Screen.HELD_OPEN: _("Please walk through."),
        Screen.DISABLED: _("Please use another gate or press help."),
        Screen.LOCKDOWN: _("You can always get out. Press help if you need it."),
        Screen.FIRE: _("The doors are released. Walk out and keep away from the gate."),
        Screen.FAULT: _("Please press help, or call the guard."),
    }


def _mends() -> dict[str, str]:
    """Return what to do better at the camera, by the journal's word for how a look ended."""
    return {
        "face_no_face": _("No face was in view. Stand in front of the camera."),
        "face_two_faces": _("Two faces were in view. One person at a time, please."),
        "face_too_small": _("You were too far away. Come a little closer."),
        "face_too_dark": _("It was too dark for the camera. Another way is quicker."),
        "face_blurred": _("The picture was blurred. Hold still for a moment."),
        "face_turned_away": _("The face was turned away. Look straight at the camera."),
        "face_covered": _("Mouth or nose was covered. Take the mask off for a moment, or use another way."),
        "face_not_live": _(
            "The camera saw the same picture again and again. Please try once more, or use another way."
        ),
        "face_looks_flat": _("No turn of the head was seen. Turn it slowly, with light on your face."),
        "face_hold_still": _("Look straight first, and turn your head only when the arrow comes."),
        "face_turn_more": _("The head was not turned far enough. Turn it to the side of the arrow."),
        "face_turn_other_way": _("The head was turned to the other side. Turn it to the side of the arrow."),
        "face_too_fast": _("That was too fast. Turn your head a little slower."),
        "face_swapped": _("Another person came into view. One person at a time, please."),
    }


def _calls() -> dict[str, str]:
    """Return how calls to homes go and end; none says whether there is such a home, or anyone in."""
    return {
        "call_courier": _("For a parcel: type the number of its home, then press OK."),
        "call_speak": _("Please speak."),
        "call_from": _("This is the answer of {home}."),
        "call_ask_guard": _("Call the guard?"),
        "call_to_guard": _("The guard is being called. Please wait here."),
        "call_guard_called": _("Calling the guard"),
        "call_guard_answered": _("The guard has answered"),
        "call_guard_reads": _("One moment: their answer comes here."),
        "call_from_guard": _("This is the answer of the guard."),
        "call_sent_away": _("They cannot open now"),
        "call_ended": _("They have ended the call"),
        "call_no_answer": _("No one answered"),
        "call_no_calls": _("{home} takes no calls now. Check the number, or ask the guard."),
        "call_too_many": _("Too many calls. Please wait a few minutes."),
        "call_failed": _("No connection"),
        "reply_coming": _("I am coming."),
        "reply_wait": _("Please wait a moment."),
        "reply_leave_at_door": _("Please leave it at our front door."),
        "reply_leave_with_guard": _("Please leave it with the guard."),
        "reply_not_now": _("Not now, sorry."),
    }


def _messages() -> dict[str, str]:
    return {
        **_calls(),
        "starting": _("The gate is starting. One moment."),
        "screen_lost": _("This screen has lost contact with the gate. Your card may still work."),
        "granted_not_opened": _("You may come in, but the gate did not move. Please press help."),
        "card_reader_lost": _("The card reader does not answer. Please choose another way."),
        "card_or_pin_first": _("Show your own card or type your PIN first."),
        "own_card_or_pin": _("Show your own card, or type home number, OK and PIN."),
        "type_pin_to_add_face": _(
            "No face of this home can be recognised here. Type your PIN, then press OK."
        ),
        "face_after_notice": _("That was the whole notice. Nothing is recorded unless you say yes."),
        "face_agreed": _("You agreed. Your face stays in this gate. You can delete it at any time."),
        "face_not_for_you": _("You cannot add a face here. Your other ways in still work."),
        "face_on_phone": _(
            "This compound asks for more than a press. Say yes on your own phone, then come back."
        ),
        "face_needs_office": _("The office cannot be reached. Nothing was kept. Please try again later."),
        "face_no_answer": _("The office has not answered. Nothing was kept. You can try again later."),
        "face_refused": _("The office could not accept your consent. Nothing was kept. Please ask there."),
        "another_way": _("Your face was not recognised. Please use your card, PIN or code."),
        "pin_stopped": _(
            "Too many wrong PINs: this home's PINs are stopped here. Show your card or code "
            "first, then type your PIN."
        ),
        "face_alone": _(
            "Too few other ways of yours work here, so face is paused. Press help, or look at your phone."
        ),
        "second_method": _("Thank you. Now your second way in."),
        "face_after_card": _("Show your card first. For two-step entry, then look at the camera."),
        "home_for_face": _("The camera compares you with your home only. Type it, press OK, then look."),
        "zero_reads": _(
            "Reading aloud. Type your home number, then press hash. For all ways, press star, then hash "
            "twice."
        ),
        "camera_of_call": _("The camera is in a call now. Please use another way, or end the call first."),
        "code_to_scanner": _("Hold it to the scanner. The camera cannot see now."),
        "no_face": _("Stand in front of the camera."),
        "two_faces": _("One person at a time, please."),
        "too_small": _("Come a little closer."),
        "too_dark": _("It is too dark here. Another way is quicker."),
        "blurred": _("Hold still for a moment."),
        "turned_away": _("Look straight at the camera."),
        "covered": _("Take the mask off for a moment, or use another way."),
        "look_straight": _("Look straight at the camera."),
        "straight_again": _("Now look straight again."),
        "hold_still": _("Hold still for a moment."),
        "turn_more": _("Turn a little further."),
        "turn_other_way": _("Now turn to the other side."),
        "too_fast": _("A little slower, please."),
        "looks_flat": _("Stand so that the light falls on your face."),
        "swapped": _("One person at a time, please."),
        "turn_left": _("Turn your head a little to the left."),
        "turn_right": _("Turn your head a little to the right."),
        "enrolled": _("Your face now works at this gate. You can delete it at any time."),
        "look_added": _("Your new scan was added. You can delete it on your phone."),
        "unlike_other_looks": _(
            "This is not the face you registered before. Nothing was kept. To start again, delete "
            "your face first."
        ),
        "not_enrolled": _("That did not work. Nothing was kept. You can try again or use another way."),
        "forgotten": _("Your face has been deleted from this gate."),
        "exit": _("Goodbye. The gate is open."),
    }
