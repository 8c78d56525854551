"""Card number formats of other systems, and detection of the format that a sheet uses.

One card is 0007123456 on its print, 108,45678 in one system, 006CB2EE in another and EEB26C00 where the
bytes are turned round: all digits, and none says which it is. So nothing is guessed: cards of the sheet
are tapped at the desk, and a form counts when it makes every tapped number out of what the sheet says.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from web_admin.compound.models import Site
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import MAX_CARD_NUMBER, canonical_card, parse_card_number

AS_PRINTED = "printed"
MIN_TAPS = 2

Reader = Callable[[str], int]
"""Takes a text without blanks and returns a number, 0 for one that is not of this form."""


def _decimal(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) else 0


def _facility(text: str) -> int:
    parts = re.fullmatch(r"([0-9]{1,3})[,/:;.-]([0-9]{1,5})|([0-9]{1,3})([0-9]{5})", text)
    if parts is None:
        return 0
    facility, number = int(parts[1] or parts[3]), int(parts[2] or parts[4])
    return facility << 16 | number if facility < 2**8 and number < 2**16 else 0


def _hex_digits(text: str) -> str:
    plain = re.sub(r"(?<=[0-9A-F])[:-](?=[0-9A-F])", "", text.upper()).removeprefix("0X")
    return plain if re.fullmatch(r"[0-9A-F]{1,8}", plain) else ""


def _hex(text: str) -> int:
    return int(_hex_digits(text) or "0", 16)


def _hex_reversed(text: str) -> int:
    digits = _hex_digits(text)
    return _reversed(int(digits or "0", 16), 3 if len(digits) <= 6 else 4)


def _reversed(number: int, count: int) -> int:
    return int.from_bytes(number.to_bytes(count, "big"), "little") if number < 1 << 8 * count else 0


FORMS: Mapping[str, tuple[LazyString, Reader]] = {
    AS_PRINTED: (_("As printed on the card (recognised by its format)"), parse_card_number),
    "decimal": (_("Up to 10 digits: 0007123456"), _decimal),
    "facility": (_("3 + 5 digits: 108,45678 or 10845678"), _facility),
    "hex": (_("Hexadecimal: 006CB26E"), _hex),
    "decimal_reversed_4": (_("Digits, four bytes turned round"), lambda text: _reversed(_decimal(text), 4)),
    "decimal_reversed_3": (_("Digits, three bytes turned round"), lambda text: _reversed(_decimal(text), 3)),
    "hex_reversed": (_("Hexadecimal, bytes turned round: 6EB26C00"), _hex_reversed),
}


@dataclass(frozen=True, slots=True)
class Tap:
    """A card's cell of the sheet, and the number that the desk reader read from the card."""

    row: int
    cell: str
    number: int


@dataclass(frozen=True, slots=True)
class Proof:
    """The forms that fit all taps and differ somewhere in the column; proven when there is one."""

    forms: tuple[str, ...]
    misfits: tuple[int, ...] = ()

    @property
    def form(self) -> str | None:
        """Return the one form that is proven, None where none or several fit."""
        return self.forms[0] if len(self.forms) == 1 else None


def read_card(text: str, form: str, site: Site) -> int:
    """Return the site's own number of a card that is written in a form; raise ActionRefused."""
    number = _number(text, form)
    if not 1 <= number <= MAX_CARD_NUMBER:
        said = FORMS[form][0]
        raise ActionRefused("number", _("This is not a card number of the form “%(form)s”.", form=said))
    return canonical_card(number, site)


def prove(taps: Sequence[Tap], column: Sequence[str], site: Site) -> Proof:
    """Return which forms fit all taps; those that read the whole column alike count as one.

    `misfits` are the rows of taps that no form fits at all: another card, most likely.
    """
    fits = {
        tap.row: [form for form in FORMS if _canonical(tap.cell, form, site) == tap.number] for tap in taps
    }
    misfits = tuple(row for row, forms in fits.items() if not forms)
    found: dict[tuple[int, ...], str] = {}
    for form in FORMS:
        if all(form in forms for forms in fits.values()):
            found.setdefault(tuple(_canonical(cell, form, site) for cell in column), form)
    return Proof(tuple(found.values()), misfits)


def _canonical(text: str, form: str, site: Site) -> int:
    try:
        return read_card(text, form, site)
    except ActionRefused:
        return 0


def _number(text: str, form: str) -> int:
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    if form == AS_PRINTED:
        return parse_card_number(text)
    return FORMS[form][1](plain)
