"""Which valid calls each operation of the interface may refuse: rules that its document cannot express."""

from schemathesis import Case, Response

_TEXT = "Please use letters, digits and signs only."  # no pattern lists what Unicode has not assigned
_INVISIBLE = "There is an invisible sign in this name."  # a pattern would list hundreds of them
_BLANK = "Please fill this in."  # Unicode has more blanks than a pattern's \s
_PAST = "This end is in the past."  # a document has no clock
_ORDER = "The end must come after the start."  # no field is compared with another
_NO_HOME = "There is no such home."  # which homes exist is data
_NO_PERSON = "There is no such person."  # which people exist is data
_HOME_EXISTS = "exists already."  # likewise
_MOVED_OUT = "This person has moved out."  # what has happened to a person is data
_NO_CARD = "This is not a card number."  # readers' formats are many, and settings choose among them
_CARD_RANGE = "A card number is between 1 and 4294967295."  # a number in a text has no range
_CARD_ENDED = "ended"  # what has happened to a card is data
_CARD_KEPT = "Home "  # whether a card is held, and in which home, is data
_CARD_HELD = "This card is in use already."  # likewise
_TEN_CARDS = "This person has ten cards."  # likewise
_GATES = "One of these gates does not exist here."  # which gates exist is data
_ONE_GATE = "A pass for a number of visits names exactly one gate"  # a rule over two fields
_READS_NO_QR = "reads no QR codes."  # which readers a gate has is data
_START = "A visitor's pass starts within the next 30 days."  # a document has no clock
_LENGTH = "A visitor's pass is valid for 7 days at most."  # the length of two times
_NO_RIGHT = "may not reach further than your own right to pass there."  # rights are data
_MAY_NOT = "cannot invite visitors."  # likewise
_NOT_A_MEMBER = "Visitors are invited by the members of a home."  # who is a helper or a child is data
_NOT_AT_HOME = "This person has no home here."  # likewise
_CHOOSE_GATE = "Choose the gate at which the code is to be typed."  # whether there is one keypad or more
_NO_KEYPAD = "has no keypad."  # which readers a lane has is data
_MANY_CODES = "This home has twenty open codes."  # how many there are is data
_PLACE = "after: send what an answer gave."  # a sealed text

RULES: dict[str, tuple[str, ...]] = {
    "POST /api/v1/homes": (_HOME_EXISTS,),
    "PATCH /api/v1/homes/{home_id}": (_HOME_EXISTS,),
    "POST /api/v1/homes/{home_id}/end": ("People live in home",),  # who lives where is data
    "PATCH /api/v1/gates/{gate_id}": (_TEXT, _BLANK, _INVISIBLE, "Another gate is called"),  # names are data
    "PATCH /api/v1/lanes/{lane_id}": (_TEXT, _BLANK, _INVISIBLE),
    "POST /api/v1/people": (_TEXT, _BLANK, _NO_HOME),
    "PATCH /api/v1/people/{person_id}": (_TEXT, _BLANK, _MOVED_OUT),
    "POST /api/v1/people/{person_id}/move-out": (_MOVED_OUT,),
    "GET /api/v1/cards": (_NO_CARD, _CARD_RANGE),
    "POST /api/v1/people/{person_id}/cards": (
        _NO_CARD,
        _CARD_RANGE,
        _TEXT,
        _PAST,
        _ORDER,
        _MOVED_OUT,
        _CARD_KEPT,
        _CARD_HELD,
        _TEN_CARDS,
    ),
    "POST /api/v1/cards/{card_id}/suspend": (_CARD_ENDED, _MOVED_OUT),
    "POST /api/v1/cards/{card_id}/resume": (_CARD_ENDED, _MOVED_OUT),
    "POST /api/v1/cards/{card_id}/end": (_MOVED_OUT,),
    "POST /api/v1/passes": (
        _TEXT,
        _BLANK,
        _PAST,
        _ORDER,
        _GATES,
        _ONE_GATE,
        _READS_NO_QR,
        _START,
        _LENGTH,
        _NO_RIGHT,
        _MAY_NOT,
        _NOT_A_MEMBER,
        _MOVED_OUT,
        _NO_PERSON,
    ),
    "POST /api/v1/visitor-codes": (
        _NOT_AT_HOME,
        _CHOOSE_GATE,
        _NO_KEYPAD,
        _MANY_CODES,
        _NO_RIGHT,
        _MAY_NOT,
        _NOT_A_MEMBER,
        _MOVED_OUT,
    ),
    "GET /api/v1/events": (_PLACE,),
    "POST /api/v1/alarms/{alarm_id}/acknowledge": (_TEXT,),
}


def refused_by_a_rule(case: Case, response: Response) -> bool:
    """Return whether the answer is 422 with the sentence of a rule of this operation."""
    if response.status_code != 422:
        return False
    return any(rule in response.json()["message"] for rule in RULES.get(case.operation.label, ()))
