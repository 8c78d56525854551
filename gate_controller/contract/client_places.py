"""The place of a client's address, as limits count it: server and head office count alike."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

ADDRESSES_KEPT = 4096
"""Size of the cache of `place_of_address`, in addresses; each request of a gate asks it."""


@lru_cache(maxsize=ADDRESSES_KEPT)
def place_of_address(address: str) -> str:
    """Return the address block of one household or attacker: one of IPv4, a /64 of IPv6."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return parsed.packed[:8].hex()
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
