"""Decide which numbers the gates of a site may call.

A home's number costs the site money, and numbers exist that cost much: without a list of beginnings that
the manager chose, no telephone is called.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from flask_babel import lazy_gettext as _
from sqlalchemy.orm import Session

from gate_controller.contract.calls import Number
from web_admin.calls.models import CallSettings

MAX_LISTED = 50
PREFIX = re.compile(r"\+?[0-9]{1,15}\Z")
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,98}[a-z0-9])?(:[0-9]{1,5})?\Z")
SIP = "sip:"
NOT_CALLED = _("This compound's gates do not call such numbers.")
ABROAD = "00"
"""How a number of another country begins in most: where `0` is listed, it is not."""
_ONE_DIGIT = "1", "7"
_THREE_DIGITS = frozenset(
    map(str, (*range(21, 27), 29, 35, 37, 38, 42, 50, 59, 67, 68, 69, 80, 85, 87, 88, 96, 97, 99))
)
"""How country codes of three digits begin; all other codes but those of one digit have two (ITU-T E.164)."""
SHORTEST_AT_HOME = 7
"""No number of emergencies, or of a company's own telephones, gets a country code."""
_ADDRESS = re.compile(r"sip:(?:(?P<user>[A-Za-z0-9._+*-]+)@)?(?P<host>[A-Za-z0-9.-]+(?::[0-9]{1,5})?)")
"""Without passwords, parameters and headers, so that one reading of the host is the only one."""
_DIALLED = re.compile(r"\+?[0-9*]{6,}\Z")
"""A user of an exchange that it may dial outside as a number; its own telephones have shorter ones."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Beginnings of numbers, and hosts of SIP addresses, that gates may call."""

    prefixes: Sequence[str] = ()
    hosts: Sequence[str] = ()

    @property
    def has_telephones(self) -> bool:
        """Return whether any telephone can be called at all."""
        return bool(self.prefixes or self.hosts)


def settings_of(session: Session, site_id: str) -> Allowed:
    """Return what the gates of a site may call."""
    row = session.get(CallSettings, site_id)
    return Allowed() if row is None else Allowed(row.prefixes, row.hosts)


def plain_number(text: str) -> str | None:
    """Return a number without blanks, dashes and brackets as gates dial it; None where it is none."""
    typed = text.strip()
    is_sip = typed.lower().startswith(SIP)
    number = SIP + typed[len(SIP) :] if is_sip else re.sub(r"[\s()./-]", "", typed)
    try:
        return msgspec.convert(number, Number)
    except msgspec.ValidationError:
        return None


def is_allowed(allowed: Allowed, number: str) -> bool:
    """Return whether gates may call a number: its beginning, or its SIP host, is on the list.

    A number behind a SIP host needs both: an exchange dials it outside, at the compound's cost.
    """
    if number.startswith(SIP):
        address = _ADDRESS.fullmatch(number)
        if address is None or address["host"].lower() not in allowed.hosts:
            return False
        user = re.sub(r"[.-]", "", address["user"] or "")
        return _DIALLED.match(user) is None or _has_listed_beginning(allowed, user)
    return _has_listed_beginning(allowed, number)


def _has_listed_beginning(allowed: Allowed, number: str) -> bool:
    listed = [one for one in allowed.prefixes if one.startswith(ABROAD) or not number.startswith(ABROAD)]
    return any(number.startswith(prefix) for prefix in listed)


def number_to_call(allowed: Allowed, number: str) -> str | None:
    """Return a number as gates dial it, with the country code that people leave out; None: no such call."""
    if is_allowed(allowed, number):
        return number
    if number.startswith((SIP, "+")):
        return None
    if number.startswith(ABROAD):
        full = {"+" + number.removeprefix(ABROAD)}
    elif len(number) >= SHORTEST_AT_HOME:
        full = {f"+{code}{number.removeprefix('0')}" for code in map(_country, allowed.prefixes) if code}
    else:
        full = set()
    fitting = [one for one in full if is_allowed(allowed, one)]
    return fitting[0] if len(fitting) == 1 else None


def in_words(prefix: str) -> str:
    """Return the beginning of a number with its country code apart, as people read it."""
    code = _country(prefix)
    return f"+{code} {prefix[len(code) + 1 :]}".rstrip() if code else prefix


def _country(prefix: str) -> str:
    digits = prefix.removeprefix("+") if prefix.startswith("+") else ""
    if digits[:1] in _ONE_DIGIT:
        return digits[:1]
    length = 3 if digits[:2] in _THREE_DIGITS else 2
    return digits[:length] if len(digits) >= length else ""
