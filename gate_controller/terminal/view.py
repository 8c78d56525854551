"""Interface between controller and screen: a person's presses, and the view that the screen shows.

The controller owns all state. A press becomes one action; after every change the controller hands down
one whole view, which replaces the last. The page keeps only the sound and the
running seconds, so a reloaded or second screen shows the same.
"""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from gate_controller.contract.calls import CallFor
from gate_controller.contract.languages import DEFAULT_LANGUAGE
from gate_controller.contract.records import Method
from gate_controller.terminal.call_shown import CallShown
from gate_controller.terminal.call_sound import SoundNote, SoundSaid, SoundShown

ENTER_KEY = "#"
CLEAR_KEY = "*"


class Screen(StrEnum):
    """Subject of the screen now. A server out of reach is no screen: see `TerminalView.online`."""

    IDLE = "idle"
    """The ways in, side by side."""
    SHOW_CARD = "show_card"
    """Someone pressed card: hold it to the reader."""
    TYPING_HOME = "typing_home"
    """The home number, for a PIN, a visitor's code or a face; `typed_home` grows."""
    TYPING_PIN = "typing_pin"
    """The PIN or visitor's code; only `typed_count` grows."""
    FORGOT_CARD = "forgot_card"
    """Someone pressed that they have no card with them: the other ways, and help."""
    SHOW_CODE = "show_code"
    """Someone pressed QR: hold it to the scanner or camera."""
    FACE_LOOKING = "face_looking"
    """The camera looks for seconds; `message` is a hint word, `seconds_left` runs, cancel ends it."""
    CHOOSE = "choose"
    """The ways in by number, for who has a keypad alone."""
    FACE_NOTICE = "face_notice"
    """The notice about face, a short page at a time: `notice_field`, `notice_text`; enter reads on."""
    FACE_ASK = "face_ask"
    """Take your face here? No comes first; `message` says whether a consent exists already."""
    FACE_CONFIRM = "face_confirm"
    """Someone said yes: their own card, or their PIN (`typed_count`), once more is what counts."""
    FACE_GUARDIAN = "face_guardian"
    """A minor said yes: a guardian's own card or PIN within `seconds_left`."""
    FACE_OFFICE = "face_office"
    """The yes was sent; the gate waits for the office's word."""
    FACE_KEPT = "face_kept"
    """Someone whose face is kept here has shown their own card or PIN: leave it, or take it back."""
    FACE_ENROL = "face_enrol"
    """Enrolment runs; `steps_done` of `steps_needed`, `message` is a hint word, cancel ends it."""
    CALL_NUMBER = "call_number"
    """The number of the home to call: `call.home` grows."""
    CALL_LIST = "call_list"
    """A page of the homes that can be picked by a label of their own: `call.entries`."""
    CALLING = "calling"
    """The home `call.home` is called."""
    CALL_ANSWERED = "call_answered"
    """It has answered; `prompt` is the sentence that it chose, if any."""
    CALL_OVER = "call_over"
    """The call has ended as `message` says; `call.offers_guard` asks whether to call the guard."""
    WAITING = "waiting"
    """The controller works on what it was given."""
    GRANTED = "granted"
    """The gate is open; `seconds_left`, when given, is for how long."""
    REFUSED = "refused"
    """The gate stays shut. The page shows one neutral line, the same for every reason, after `mend`."""
    DELAYED = "delayed"
    """A method waits after failures, for `seconds_left`; `methods_offered` are the ones that do not."""
    DONE = "done"
    """Something ended well that opens nothing; `message` says what (`enrolled`, `forgotten`)."""
    HELD_OPEN = "held_open"
    """The lane is held open for everyone."""
    DISABLED = "disabled"
    """The lane is out of use."""
    LOCKDOWN = "lockdown"
    """No one may come in; the way out is free."""
    FIRE = "fire"
    """The fire input is active: doors are released, leave."""
    FAULT = "fault"
    """The gate cannot open now; `message` may be `starting` or `granted_not_opened`."""


Key = Annotated[str, msgspec.Meta(pattern=r"^[0-9#*-]\Z")]
Language = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2,3}(_[A-Za-z]{2,4})?\Z")]


class KeyTyped(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="key", tag_field="act"):
    """One key: a digit, `#` (enter), `*` (clear) or `-`. Its repr hides the key, which may be of a PIN."""

    key: Key

    def __repr__(self) -> str:
        """Name the action and not the key."""
        return "KeyTyped(...)"


class MethodPressed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="method", tag_field="act"):
    """The button of a way in; for face this is the person's request that the camera look."""

    method: Method


class ForgotCardPressed(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="forgot_card", tag_field="act"
):
    """Ask what to do without the card."""


class ConfirmPressed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="confirm", tag_field="act"):
    """Yes to what the screen asks."""


class DeclinePressed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="decline", tag_field="act"):
    """No to what the screen asks, and in by another way."""


class OwnFacePressed(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="own_face", tag_field="act"
):
    """Add or take back one's own face: the gate asks for a card or PIN, and the camera stays shut."""


class CancelPressed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="cancel", tag_field="act"):
    """Stop what goes on and return to the ways in."""


class HelpPressed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="help", tag_field="act"):
    """Ring the guard."""


class CallPressed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="call", tag_field="act"):
    """Call a home, as a visitor or as a courier: the screen asks which."""

    purpose: CallFor


class ListPressed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="list", tag_field="act"):
    """Pick the home to call from the list."""


class LanguagePressed(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="language", tag_field="act"
):
    """Show the screen in this language; always one of the languages the server was given."""

    language: Language


class SlowerPressed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="slower", tag_field="act"):
    """Three times as long, for what is asked now and from now on; or the usual time again."""


TerminalAction = (
    KeyTyped
    | MethodPressed
    | ForgotCardPressed
    | ConfirmPressed
    | DeclinePressed
    | OwnFacePressed
    | CancelPressed
    | HelpPressed
    | CallPressed
    | ListPressed
    | LanguagePressed
    | SlowerPressed
    | SoundSaid
)
"""Everything a person can do on the screen, and what the page itself says of a call's sound."""

METHOD_ORDER = tuple(Method)
Count = Annotated[int, msgspec.Meta(ge=0, le=99)]
CameraTrouble = Literal["", "dark", "covered", "frozen", "lost"]


class HelpCall(StrEnum):
    """How far the call to the guard's telephones is."""

    NONE = ""
    """No telephone is called: the alarm is the call."""
    CALLING = "calling"
    TALKING = "talking"
    NO_ONE = "no_one"
    """Over, and no telephone answered: an alarm was raised."""


MessageKey = Annotated[str, msgspec.Meta(max_length=40, pattern=r"^[a-z_]*\Z")]


class TerminalView(msgspec.Struct, frozen=True, kw_only=True):
    """All that the screen shows at one moment; no PIN digit can be in it.

    Raise ValueError when `methods_offered` are not in the fixed order card, PIN, QR, face.
    """

    screen: Screen
    methods_offered: tuple[Method, ...] = ()
    """The ways in at this lane now. Where face is absent, nothing on the page mentions it."""
    methods_lost: tuple[Method, ...] = ()
    """Those of them that no reader takes now: a note says so."""
    message: MessageKey = ""
    """A stable word (`texts.MESSAGES`); a word the page does not know shows the screen's own line."""
    mend: MessageKey = ""
    """Advice for the next try at the camera (`mend.*`), said before the line of a result."""
    prompt: MessageKey = ""
    """Movement of the head that the person is asked for, or sentence of a called home, shown large; `message`
    is then the line below."""
    typed_home: Annotated[str, msgspec.Meta(max_length=20, pattern=r"^[0-9-]*\Z")] = ""
    typed_count: Count = 0
    """How many characters of a PIN or code were typed: dots."""
    seconds_left: Annotated[int, msgspec.Meta(ge=0, le=3600)] | None = None
    """The page counts down from here; a new view resets it."""
    steps_done: Count = 0
    steps_needed: Count = 0
    notice_field: MessageKey = ""
    """The part of the notice that this page is of (`notice.*` has its heading)."""
    notice_text: Annotated[str, msgspec.Meta(max_length=400)] = ""
    notice_page: Annotated[int, msgspec.Meta(ge=0, le=999)] = 0
    """From 1; 0 on every other screen."""
    notice_pages: Annotated[int, msgspec.Meta(ge=0, le=999)] = 0
    lamp: bool = False
    """True where the page is to be a white lamp for a face session in the dark."""
    read_aloud: bool = False
    """True once a person asked for it by keypad; the page goes on reading as after its own button."""
    camera: Literal["closed", "codes_only", "looking", "call"] = "closed"
    """State of the device itself now, never its last order; in a call the browser has the camera."""
    sound: SoundShown | None = None
    """Sound and picture of the call of a home that goes on."""
    sound_note: SoundNote = ""
    """Note to the visitor about sound and picture."""
    camera_trouble: CameraTrouble = ""
    """Why the camera does not see, as the last look showed; face is not offered then."""
    online: bool = True
    """False shows the note that the office is out of reach, on any screen."""
    clock_sure: bool = True
    help_called: bool = False
    """True while the guard is being called, or was."""
    help_call: HelpCall = HelpCall.NONE
    """How far the call to the guard's telephones is; empty where the call is an alarm alone."""
    calls_offered: bool = False
    """True where homes can be called from here."""
    call: CallShown | None = None
    """On the screens of calls alone."""
    slower: bool = False
    """True while the person has asked for more time."""
    lane_name: Annotated[str, msgspec.Meta(max_length=120)] = ""
    language: Language = DEFAULT_LANGUAGE

    def __post_init__(self) -> None:
        """Refuse methods that are repeated or out of order."""
        if self.methods_offered != tuple(m for m in METHOD_ORDER if m in self.methods_offered):
            raise ValueError(f"methods_offered {self.methods_offered} must be in the order {METHOD_ORDER}")


_ACTIONS: msgspec.json.Decoder[TerminalAction] = msgspec.json.Decoder(TerminalAction)


def decode_action(body: bytes) -> TerminalAction:
    """Return the action in a request's JSON body; raise msgspec.MsgspecError on anything else."""
    try:
        return _ACTIONS.decode(body)
    except (UnicodeDecodeError, RecursionError) as err:
        raise msgspec.DecodeError("no UTF-8, or brackets without end") from err


def encode_view(view: TerminalView) -> bytes:
    """Return a view as the JSON that the page reads; a single line."""
    return msgspec.json.encode(view)
