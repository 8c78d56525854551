"""Parse the number printed on a card, as a person types it. Pure."""

import re
import unicodedata

MAX_CARD_NUMBER = 2**32 - 1


class NoCardNumber(ValueError):
    """The text is no number of a card."""


def printed_number(text: str) -> int:
    """Return the number: decimal, hexadecimal (0x1234ABCD, 12:34:AB:CD) or facility and number (123,45678).

    The same forms that the manager's page takes. Raise NoCardNumber for anything else, or outside
    1 … 2³² - 1.
    """
    plain = unicodedata.normalize("NFKC", text).strip().upper()
    pair = re.fullmatch(r"(\d{1,3})\s*[,/]\s*(\d{1,5})", plain)
    joined = re.sub(r"(?<=[0-9A-F])[ :-](?=[0-9A-F])", "", plain)
    value = 0
    if pair is not None:
        facility, number = int(pair[1]), int(pair[2])
        value = facility << 16 | number if facility < 2**8 and number < 2**16 else 0
    elif re.fullmatch(r"\d{1,10}", joined) and ":" not in plain:
        value = int(joined)
    elif re.fullmatch(r"(0X)?[0-9A-F]{1,8}", joined):
        value = int(joined.removeprefix("0X"), 16)
    if not 1 <= value <= MAX_CARD_NUMBER:
        raise NoCardNumber(
            f"{text!r} is no card number; type what is printed on the card: digits, 0x and hexadecimal, "
            "or 123,45678"
        )
    return value
