"""Decide which numbers the gates of a site may call.

A home's number costs the site money, and numbers exist that cost much: without a list of beginnings that
the manager chose, no telephone is called.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from flask_babel import lazy_gettext as _
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
from sqlalchemy.orm import Session

from gate_controller.contract.calls import Number
from gate_controller.contract.telephone_numbers import (
    ABROAD,
    LONGEST_EXTENSION,
    SIP,
    country_of,
    is_callable,
    split_address,
    whole_number,
)
from web_admin.calls.models import CallSettings
from web_admin.compound.models import Site

MAX_LISTED = 50
PREFIX = re.compile(r"\+?[0-9]{1,15}\Z")
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,98}[a-z0-9])?(:[0-9]{1,5})?\Z")
NOT_CALLED = _("This compound's gates do not call such numbers.")
SHORTEST_AT_HOME = 7
"""No number of emergencies, or of a company's own telephones, gets a country code."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Beginnings of numbers, and hosts of SIP addresses, that gates may call."""

    prefixes: Sequence[str] = ()
    hosts: Sequence[str] = ()
    country: str = ""
    """Country of numbers that are listed without a country code: that of the site's time zone."""

    @property
    def has_telephones(self) -> bool:
        return bool(self.prefixes or self.hosts)


def settings_of(session: Session, site_id: str) -> Allowed:
    """Return what the gates of a site may call."""
    row = session.get(CallSettings, site_id)
    if row is None:
        return Allowed()
    return Allowed(row.prefixes, row.hosts, country_of(session.get_one(Site, site_id).timezone))


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
    """Return whether gates may call a number: a telephone whose beginning, or SIP host, is on the list.

    A number behind a SIP host needs both: an exchange dials it outside, at the compound's cost.
    """
    if not is_callable(number, allowed.country):
        return False
    address = split_address(number)
    if address is None:
        return has_listed_beginning(allowed, number)
    user, host = address
    is_inside = len(user) <= LONGEST_EXTENSION or user[0].isalpha()
    return host in allowed.hosts and (is_inside or has_listed_beginning(allowed, user))


def has_listed_beginning(allowed: Allowed, number: str) -> bool:
    """Return whether a number begins as one that the manager listed; where `0` is listed, `00` is not."""
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
    codes = digits[:1], digits[:2], digits[:3]
    return next((code for code in codes if code and int(code) in COUNTRY_CODE_TO_REGION_CODE), "")


def one_telephone(allowed: Allowed, number: str) -> str:
    """Return the same for each way in which one telephone can be written, or dialled by an exchange."""
    address = split_address(number)
    dialled = number if address is None else address[0]
    return whole_number(dialled, allowed.country) or number.lower()
