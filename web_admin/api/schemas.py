"""Schemas of the API: an undeclared field is rejected."""

from collections.abc import Mapping

from marshmallow import Schema, ValidationError, validate, validates_schema
from marshmallow.fields import AwareDateTime, Boolean, Dict, Integer, List, Nested, String

from gate_controller.contract.languages import LANGUAGES
from gate_controller.contract.passes import PLACE_NUMBERS
from web_admin.action.base import MAX_TEXT_CHARS
from web_admin.action.suspension_reasons import OF_KEYS
from web_admin.gates.rules import MAX_NAME_CHARS
from web_admin.visitors.actions import MAX_CODE_MINUTES
from web_admin.visitors.gate_sets import MAX_USES

PAGE_LIMIT = 200
KINDS = ("resident", "helper", "staff")

TEXT = validate.Regexp(r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$")
"""One line without controls: what else is no text, the actions refuse.

Halves of pairs of surrogates are refused before. Named here, they would forbid rare Chinese characters where
ECMA-262 reads the pattern without its u flag, and other languages could not read the pattern at all.
"""
NAME = [validate.Length(1, MAX_TEXT_CHARS), TEXT]
ID_PATTERN = r"^[0-9a-f]{16}$"
TEXT_ID = validate.Regexp(ID_PATTERN)
ID_OR_NOTHING = [validate.Length(max=16), validate.Regexp(r"^([0-9a-f]{16})?$")]
HOME_PATTERN = r"^(?=[0-9-]{1,20}$)([0-9]+-)*[0-9]*[1-9][0-9]*(-[0-9]+)*$"
"""Digits with dashes between them, not zeros alone: emergency codes are typed after those.

The length comes first: the rest tries long digits in every way.
"""
WORD = [validate.Length(max=64), validate.Regexp(r"^[A-Za-z0-9_-]*$")]
TODAY = {"description": "Its name for people, which can change at any time; the id stays."}
FUTURE = {"description": "In the future; otherwise the answer is 422."}


class PageQuery(Schema):
    """One page of a list: what comes after an id, at most so many."""

    after = String(load_default="", validate=ID_OR_NOTHING)
    limit = Integer(load_default=100, validate=validate.Range(1, PAGE_LIMIT))


class NewHome(Schema):
    """A household's unit."""

    number = String(
        required=True,
        validate=[
            validate.Length(1, 20),
            validate.Regexp(HOME_PATTERN, error="Digits with dashes between them, not all zeros."),
        ],
        metadata={"example": "3-1203"},
    )


class HomeOut(Schema):
    """A home; gates know it by its number."""

    home_id = String(required=True)
    number = String(required=True)


class HomesOut(Schema):
    """A page of homes; `after` asks for the next one, null at the end."""

    homes = List(Nested(HomeOut), required=True)
    after = String(required=True, allow_none=True)


class PeopleQuery(PageQuery):
    """Choice of people to list."""

    home_id = String(load_default="", validate=ID_OR_NOTHING)
    with_ended = Boolean(load_default=False)


class NewPerson(Schema):
    """Somebody who may pass. New people start with a card only; they choose other ways themselves."""

    name = String(required=True, validate=NAME)
    home_id = String(load_default=None, allow_none=True, validate=TEXT_ID)
    kind = String(load_default="resident", validate=validate.OneOf(KINDS))
    language = String(load_default=LANGUAGES[0], validate=validate.OneOf(LANGUAGES))


class PersonEdit(Schema):
    """Corrections of a person; a field that is left out stays."""

    name = String(validate=NAME)
    language = String(validate=validate.OneOf(LANGUAGES))
    slow_pass = Boolean()

    @validates_schema
    def _refuse_nothing(self, data: Mapping[str, object], **_more: object) -> None:
        if not data:
            raise ValidationError("Send at least one of name, language and slow_pass.")


class PersonOut(Schema):
    """A person, without which ways in they chose: that is theirs to know."""

    person_id = String(required=True)
    name = String(required=True)
    home_id = String(required=True, allow_none=True)
    kind = String(required=True)
    language = String(required=True)
    slow_pass = Boolean(required=True)
    suspended = Boolean(required=True)
    created_at = AwareDateTime(required=True)
    ended_at = AwareDateTime(required=True, allow_none=True)


class PeopleOut(Schema):
    """A page of people; `after` asks for the next one, null at the end."""

    people = List(Nested(PersonOut), required=True)
    after = String(required=True, allow_none=True)


class NewCard(Schema):
    """A card for a person: the number as printed, as at the desk: decimal, hex, or facility and number."""

    number = String(
        required=True, validate=[validate.Length(1, 40), TEXT], metadata={"example": "0012345678"}
    )
    label = String(load_default="", validate=[validate.Length(max=60), TEXT])
    valid_from = AwareDateTime(load_default=None, allow_none=True)
    valid_until = AwareDateTime(load_default=None, allow_none=True, metadata=FUTURE)


class CardQuery(Schema):
    """Number of a card whose holder is asked for."""

    number = String(required=True, validate=[validate.Length(1, 40), TEXT])


class CardSuspend(Schema):
    """Why a card is suspended: a closed list, in which no debt is. Its holder reads it."""

    reason = String(required=True, validate=validate.OneOf([reason.value for reason in OF_KEYS]))


class CardEnd(Schema):
    """Why a card ends."""

    reason = String(load_default="lost", validate=validate.OneOf(("lost", "damaged", "returned", "replaced")))


class CardOut(Schema):
    """A card. Its number is never given out."""

    card_id = String(required=True)
    person_id = String(required=True)
    label = String(required=True)
    state = String(required=True)
    valid_from = AwareDateTime(required=True, allow_none=True)
    valid_until = AwareDateTime(required=True, allow_none=True)
    created_at = AwareDateTime(required=True)
    ended_at = AwareDateTime(required=True, allow_none=True)


class CardsOut(Schema):
    """Cards of one person, or the one with a number."""

    cards = List(Nested(CardOut), required=True)


class NewPass(Schema):
    """A visitor's pass. Without `person_id` the site itself invites; a counted pass names one gate.

    Without `gates` it is for a set, which follows what moves: the `way` to the person's home, or `all`.
    The site's own way leads over the outer gates and into the `building` with which homes begin, like 3-1.
    """

    label = String(required=True, validate=[validate.Length(1, 60), TEXT])
    gates = List(
        Integer(validate=validate.Range(1, PLACE_NUMBERS.start - 1)),
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, 32),
    )
    gate_set = String(load_default="way", validate=validate.OneOf(("way", "all")))
    building = String(load_default=None, allow_none=True, validate=TEXT_ID)
    person_id = String(load_default=None, allow_none=True, validate=TEXT_ID)
    valid_from = AwareDateTime(load_default=None, allow_none=True)
    valid_until = AwareDateTime(load_default=None, allow_none=True, metadata=FUTURE)
    uses = Integer(load_default=0, validate=validate.Range(0, MAX_USES))


class PassBrief(Schema):
    """A pass without the text that opens."""

    pass_id = String(required=True)
    label = String(required=True)
    gates = List(Integer(), required=True)
    gate_set = String(required=True)
    person_id = String(required=True, allow_none=True)
    valid_from = AwareDateTime(required=True)
    valid_until = AwareDateTime(required=True)
    uses = Integer(required=True)
    state = String(required=True)


class PassOut(PassBrief):
    """A pass; `code` is the text that its QR picture holds, and opens: treat it as a key."""

    code = String(required=True)


class PassesOut(Schema):
    """A page of passes, without their codes; `after` asks for the next one, null at the end."""

    passes = List(Nested(PassBrief), required=True)
    after = String(required=True, allow_none=True)


class NewVisitorCode(Schema):
    """A typed code for a courier: one use, at one gate, at the home's number, for at most two hours.

    `gate` is needed where the person may use the keypads of several gates.
    """

    person_id = String(required=True, validate=TEXT_ID)
    gate = Integer(load_default=None, allow_none=True, validate=validate.Range(1, 65535))
    minutes = Integer(load_default=60, validate=validate.Range(1, MAX_CODE_MINUTES))


class VisitorCodeOut(Schema):
    """Keys that the courier types: the home's number, #, the code, #. Shown in this answer only."""

    credential_id = String(required=True)
    home_number = String(required=True)
    gate = Integer(required=True)
    code = String(required=True)
    valid_until = AwareDateTime(required=True)


class EventsQuery(PageQuery):
    """Choice of entries; `after` is the one of the answer before."""

    after = String(
        load_default="", validate=[validate.Length(max=400), validate.Regexp(r"^[A-Za-z0-9_=-]*$")]
    )
    gate_id = String(load_default="", validate=WORD)
    kind = String(load_default="", validate=WORD)


class EventOut(Schema):
    """An entry of a gate's signed journal, without persons; its id is stable and tells no order."""

    event_id = String(required=True)
    gate_id = String(required=True)
    gate_name = String(required=True, metadata=TODAY)
    at = AwareDateTime(required=True)
    kind = String(required=True)
    lane_id = String(required=True, allow_none=True)
    lane_name = String(required=True, allow_none=True, metadata=TODAY)
    facts = Dict(keys=String(), required=True)


class EventsOut(Schema):
    """Entries in the order in which they came in; ask again with `after`, which is never null."""

    events = List(Nested(EventOut), required=True)
    after = String(required=True)


class GatesQuery(Schema):
    """Choice of gates; those out of use are left out unless asked for."""

    with_out_of_use = Boolean(load_default=False)


class LaneOut(Schema):
    """A lane; its id is its short name and stays, its name can change."""

    lane_id = String(required=True)
    name = String(required=True)
    direction = String(required=True)


class GateOut(Schema):
    """A gate; its id is its short name and stays, its name can change."""

    gate_id = String(required=True)
    number = Integer(required=True)
    name = String(required=True)
    out_of_use = Boolean(required=True)
    lanes = List(Nested(LaneOut), required=True)


class GateListOut(Schema):
    """Gates in the order of their numbers."""

    gates = List(Nested(GateOut), required=True)


class NewName(Schema):
    """A name for people, without invisible signs; two gates have two names."""

    name = String(required=True, validate=[validate.Length(1, MAX_NAME_CHARS), TEXT])


class AlarmsQuery(Schema):
    """Open alarms, or the newest of all."""

    open = Boolean(load_default=True)


class AlarmSeen(Schema):
    """Findings about an alarm."""

    note = String(load_default="", validate=[validate.Length(max=MAX_TEXT_CHARS), TEXT])


class AlarmOut(Schema):
    """Something a guard should look at."""

    alarm_id = String(required=True)
    kind = String(required=True)
    gate_id = String(required=True, allow_none=True)
    gate_name = String(required=True, allow_none=True, metadata=TODAY)
    lane_id = String(required=True, allow_none=True)
    lane_name = String(required=True, allow_none=True, metadata=TODAY)
    raised_at = AwareDateTime(required=True)
    acknowledged_at = AwareDateTime(required=True, allow_none=True)


class AlarmsOut(Schema):
    """Alarms, newest first."""

    alarms = List(Nested(AlarmOut), required=True)
