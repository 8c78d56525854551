"""Addresses that a gate and its server may use: HTTPS, and HTTP on the loopback of one machine.

There is no setting for anything else: one that exists is used, and what it gives away (codes of pairing,
who passes when) leaks unnoticed.
"""

import ipaddress
import re

LEGAL = "legal is https://, and http:// to this machine alone"
_PLAIN = re.compile(
    r"http://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::[0-9]{1,5})?(?:/[\x21-\x5b\x5d-\x7e]*)?"
)
"""Strict, so that no other reader of the same text can find another host in it."""


def in_the_clear(url: str) -> str | None:
    """Return why this address may not be spoken over, None when it is HTTPS or HTTP on the loopback.

    Loopback is 127.0.0.0/8, ::1 (RFC 6890) and the name `localhost` (RFC 6761).
    """
    if url.lower().startswith("https://") or is_loopback(url):
        return None
    return f"{url} is not encrypted; {LEGAL}"


def is_loopback(url: str) -> bool:
    """Return whether an address is http:// and leads to this very machine."""
    found = _PLAIN.fullmatch(url.lower())
    if found is None:
        return False
    host = found["host"].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
