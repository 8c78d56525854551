"""Decide which numbers the gates of a site may call.

A home's number costs the site money, and numbers exist that cost much: without a list of beginnings that
the manager chose, no telephone is called.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy.orm import Session

from gate_controller.contract.calls import Number
from web_admin.calls.models import CallSettings

MAX_LISTED = 50
PREFIX = re.compile(r"\+?[0-9]{1,15}\Z")
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,98}[a-z0-9])?(:[0-9]{1,5})?\Z")
SIP = "sip:"
_ADDRESS = re.compile(r"sip:(?:[A-Za-z0-9._+*-]+@)?(?P<host>[A-Za-z0-9.-]+(?::[0-9]{1,5})?)")
"""Without passwords, parameters and headers, so that one reading of the host is the only one."""


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
    """Return whether gates may call a number: its beginning, or its SIP host, is on the list."""
    if number.startswith(SIP):
        address = _ADDRESS.fullmatch(number)
        return address is not None and address["host"].lower() in allowed.hosts
    return any(number.startswith(prefix) for prefix in allowed.prefixes)
