"""Which addresses of the network messages may go to."""

import ipaddress

import pytest

from web_admin.messages.addresses import is_public, trouble_of

pytestmark = pytest.mark.both_databases


@pytest.mark.parametrize(
    ("address", "plain", "inside_tls"),
    [
        ("127.0.0.1", True, True),
        ("::1", True, True),
        ("192.168.7.20", False, True),
        ("10.1.2.3", False, True),
        ("fd00::7", False, True),
        ("93.184.215.14", False, True),
        ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("64:ff9b::a9fe:a9fe", False, False),
        ("2002:a9fe:a9fe::1", False, False),
        ("2001:0:c000:207::5601:5601", False, False),
        ("fe80::1", False, False),
        ("224.0.0.1", False, False),
        ("0.0.0.0", False, False),  # noqa: S104 - nothing listens, it is refused
        ("255.255.255.255", False, False),
    ],
)
def test_messages_go_to_the_world_the_sites_network_or_this_machine_and_nowhere_else(
    address, plain, inside_tls
):
    parsed = ipaddress.ip_address(address)
    troubles = [trouble_of(parsed, 9000, https=https, local_ports=(9000,)) for https in (False, True)]
    assert [trouble is None for trouble in troubles] == [plain, inside_tls]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:4700::1", True),
        ("127.0.0.1", False),
        ("192.168.7.20", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("::ffff:10.0.0.1", False),
        ("::1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::7f00:1", False),
        ("64:ff9b::5db8:d70e", True),
        ("::7f00:1", False),
        ("2001:0:5db8:d70e::80ff:fffe", False),
        ("fd00::7", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
    ],
)
def test_what_counts_as_an_address_of_the_world(address, public):
    assert is_public(ipaddress.ip_address(address)) is public
