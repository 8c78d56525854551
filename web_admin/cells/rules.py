"""Rules of cells: their names, the host that a request is for, and whose cell a folder is just now. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

NAME = re.compile(r"[a-z0-9-]{1,40}")
_HOST = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?)\.?(:[0-9]{1,5})?")
HOST_CHARS = 253
LEASE_SECONDS = 120.0
"""For so long the folder's lease has to stay as it is before another machine's is taken for dead."""
RENEW_SECONDS = 30.0


def is_name(name: str) -> bool:
    """Return whether a folder's name is one that a cell may have."""
    return NAME.fullmatch(name) is not None


def host_of(header: str) -> str | None:
    """Return the host that a header names, in lower case, without port and final dot; None for no host."""
    found = _HOST.fullmatch(header.lower())
    return found["host"] if found is not None and len(header) <= HOST_CHARS else None


def host_of_address(public_url: str) -> str | None:
    """Return the host of a cell's address as browsers and gates send it; None where it cannot be sent."""
    name = urlsplit(public_url).hostname or ""
    if ":" in name:
        return host_of(f"[{name}]")
    try:
        return host_of(name if name.isascii() else name.encode("idna").decode("ascii"))
    except UnicodeError:
        return None


def host_asked(headers: Mapping[str, str], trusted_proxies: int) -> str | None:
    """Return the host that a request is for; headers as WSGI names them, without HTTP_.

    What a proxy says counts where so many are trusted as it has passed; anyone else may only say Host. Of two
    Host headers none counts (RFC 9112, section 3.2).
    """
    said = [part.strip() for part in headers.get("X_FORWARDED_HOST", "").split(",") if part.strip()]
    if trusted_proxies and len(said) >= trusted_proxies:
        return host_of(said[-trusted_proxies])
    return host_of(headers.get("HOST", ""))


def taken_twice(owned: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return what several cells have, with their names; takes pairs of a cell's name and what it has."""
    names: dict[str, list[str]] = {}
    for name, thing in owned:
        names.setdefault(thing, []).append(name)
    return {thing: sorted(those) for thing, those in names.items() if len(those) > 1}


@dataclass(frozen=True, slots=True)
class Lease:
    """Process that serves a folder: its machine, that machine's start, its id, and its renewals so far."""

    machine: str
    boot: str
    process: int
    beat: int


@dataclass(frozen=True, slots=True)
class SeenLease:
    """A lease as it was seen first, and when; by a clock that only grows."""

    lease: Lease
    at: float


def is_of_another(lease: Lease, machine: str, boot: str) -> bool:
    """Return whether another machine wrote a lease; one of this machine's earlier starts is no one's.

    Within one start of one machine the lock on the file decides, which ends with its process. A service may
    be kept from knowing the start: `boot` is "" then.
    """
    return lease.machine != machine and (lease.boot != boot or not boot)


def seen_now(before: SeenLease | None, lease: Lease, now: float) -> SeenLease:
    """Return since when a lease has been as it is."""
    return before if before is not None and before.lease == lease else SeenLease(lease, now)


def is_dead(seen: SeenLease, now: float) -> bool:
    """Return whether a lease has not moved for so long that its machine serves no more."""
    return now - seen.at >= LEASE_SECONDS
