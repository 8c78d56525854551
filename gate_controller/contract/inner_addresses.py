"""The IPv4 addresses that an IPv6 address leads to: rules for addresses judge these."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052; a network translates what is sent to it."""
_COMPATIBLE = IPv6Network("::/96")


def inner_addresses(address: Address) -> tuple[Address, ...]:
    """Return what packets to an address may reach: the IPv4 addresses in it, else the address itself.

    Mapped, 6to4 (RFC 3056), Teredo (RFC 4380: its server and its client), NAT64.
    """
    if not isinstance(address, IPv6Address):
        return (address,)
    if address in NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return (IPv4Address(address.packed[12:]),)
    inner = address.ipv4_mapped or address.sixtofour
    return (inner,) if inner is not None else address.teredo or (address,)
