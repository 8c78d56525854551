"""Numbers that a gate may call for a home; server and gate refuse all others by this one rule.

The metadata of libphonenumber has the numbers of each country by kind, those that cost extra among them; what
it lacks does not exist. An exchange dials a SIP user as well, so a user is a number, an extension of the
exchange or a name, and nothing that an exchange could take for anything else.
"""

import re

import phonenumbers
from babel.core import get_global
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, shortnumberinfo

SIP = "sip:"
ABROAD = "00"
"""How a number of another country begins in most."""
LONGEST_EXTENSION = 5
_ADDRESS = re.compile(r"sip:(?:(?P<user>[^@\s]+)@)?(?P<host>[A-Za-z0-9.-]+(?::[0-9]{1,5})?)")
"""Without passwords, parameters and headers, so that one reading of the host is the only one."""
_EXTENSION = re.compile(r"(?![2-8]11\Z)[2-8][0-9]{2,4}")
"""Numbers of help and of services begin with 0, 1 or 9, or are those of `N11` and of the next line."""
_HELP = frozenset({"2611", "333", "355", "555", "666", "819", "888"})
_NAME = re.compile(r"(?!sos\Z)[a-z]{2}[a-z0-9._-]{0,30}", re.ASCII | re.IGNORECASE)
"""A single letter may be a pause or a prefix to an exchange."""
MAX_DIGITS_OF_NAME = 6
_DIALLED = re.compile(r"\+?[0-9]{6,17}")
_ORDINARY = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
    }
)
_NOWHERE = "ZZ"
_NO_COUNTRY = "001"
"""How the metadata marks satellites and services of the whole world."""


def country_of(timezone: str) -> str:
    """Return the country whose numbers are dialled without a country code there, "" where none is known."""
    zone = get_global("zone_aliases").get(timezone, timezone)
    country = str(get_global("zone_territories").get(zone, _NOWHERE))
    return "" if country == _NOWHERE else country


def split_address(number: str) -> tuple[str, str] | None:
    """Return user and host of a SIP address, the user "" without one; None of what is none."""
    address = _ADDRESS.fullmatch(number)
    return None if address is None else (address["user"] or "", address["host"].lower())


def is_callable(number: str, country: str) -> bool:
    """Return whether a number is a telephone's: not of help, short, dear, or an order to an exchange.

    `country` is that of numbers without a country code (`country_of`).
    """
    if not number.startswith(SIP):
        return _is_dialled(number, country)
    address = split_address(number)
    if address is None:
        return False
    user, _host = address
    return not user or _is_name(user) or _is_dialled(user, country)


def whole_number(dialled: str, country: str) -> str | None:
    """Return a dialled number of an ordinary telephone with its country code; None of any other."""
    if _DIALLED.fullmatch(dialled) is None:
        return None
    try:
        number = phonenumbers.parse(dialled, country or None)
    except phonenumbers.NumberParseException:
        return None
    whole = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    at_home = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    # The metadata also reads what stands before a number, such as a choice of carrier.
    as_written = {whole, ABROAD + whole[1:], "".join(filter(str.isdigit, at_home))}
    if dialled not in as_written or not phonenumbers.is_valid_number(number) or not _is_ordinary(number):
        return None
    return whole


def _is_dialled(digits: str, country: str) -> bool:
    if _EXTENSION.fullmatch(digits) is not None:
        return digits not in _HELP
    return whole_number(digits, country) is not None


def _is_name(user: str) -> bool:
    digits = sum(map(str.isdigit, user))
    return _NAME.fullmatch(user) is not None and digits <= MAX_DIGITS_OF_NAME


def _is_ordinary(number: PhoneNumber) -> bool:
    country = phonenumbers.region_code_for_number(number)
    if country in (None, _NO_COUNTRY) or phonenumbers.number_type(number) not in _ORDINARY:
        return False
    area_length = phonenumbers.length_of_geographical_area_code(number)
    if not area_length:
        return True
    # Behind the code of an area: +86 28 10086, +86 28 168 12345.
    in_area = phonenumbers.parse(phonenumbers.national_significant_number(number)[area_length:], country)
    is_short = shortnumberinfo.is_valid_short_number_for_region(in_area, country)
    return not is_short and phonenumbers.number_type(in_area) != PhoneNumberType.PREMIUM_RATE
