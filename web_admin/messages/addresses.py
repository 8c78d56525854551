"""Decide to which addresses the server connects that a manager typed: of webhooks and of mail servers."""

import ipaddress
import socket
from collections.abc import Collection

from gate_controller.contract.inner_addresses import Address, inner_addresses
from web_admin.messages.errors import NotSent

Ports = Collection[int]


def resolved(host: str, port: int) -> Address:
    """Return where a name leads; raise NotSent where it leads nowhere.

    Looked up once, for a connection to this very address: a name that leads elsewhere a moment later
    changes nothing.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as err:
        raise NotSent("no_such_name") from err
    return ipaddress.ip_address(str(found[0][4][0]).partition("%")[0])


def is_public(address: Address) -> bool:
    """Return whether an address is one of the world: neither this machine nor a private network."""
    return all(
        real.is_global and not real.is_multicast and not real.is_reserved for real in inner_addresses(address)
    )


def trouble_of(address: Address, port: int, *, https: bool, local_ports: Ports) -> str | None:
    """Return why messages may not go to an address, None where they may: the site's network, or the world.

    To this machine only at the ports that `web.toml` names: what listens here for this machine alone, such
    as the reverse proxy's own controls, trusts its clients. Never link-local (where clouds answer
    with their own secrets), multicast or reserved; without TLS to this machine alone.
    """
    reached = inner_addresses(address)
    if any(real.is_loopback for real in reached):
        return None if port in local_ports else "webhook_local_port"
    forbidden = any(
        real.is_link_local or real.is_multicast or real.is_unspecified or real.is_reserved for real in reached
    )
    return None if https and not forbidden else "webhook_forbidden_address"
