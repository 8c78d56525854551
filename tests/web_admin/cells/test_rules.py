"""Names, hosts and leases of cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web_admin.cells.rules import (
    LEASE_SECONDS,
    Lease,
    host_asked,
    host_of,
    host_of_address,
    is_dead,
    is_name,
    is_of_another,
    seen_now,
    taken_twice,
)


@pytest.mark.parametrize("name", ["a", "willow-court", "7", "-", "x" * 40])
def test_a_name_is_of_small_letters_digits_and_hyphens(name):
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "A", "x" * 41, "a.b", "a/b", "..", "小区", "a\n", "a b", "a_b"])
def test_no_other_name_is_one(name):
    assert not is_name(name)


@pytest.mark.parametrize(
    "header", ["a.example", "A.Example", "a.example:443", "a.example.", "A.EXAMPLE.:8000", "a.example:1"]
)
def test_case_port_and_final_dot_make_no_other_host(header):
    assert host_of(header) == "a.example"


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "a.example b.example",
        "a.example, b.example",
        "a.example,b.example",
        "b.example@a.example",
        "a.example/",
        "a.example:",
        "a.example:x",
        "a.example:123456",
        "a.example..",
        "http://a.example",
        "a\x00",
        "a.example\t",
        "[::1",
        "::1",
        "-",
        "ａ.example",
        "a" * 300,
    ],
)
def test_what_is_no_host_is_no_ones(header):
    assert host_of(header) is None


@given(st.text(max_size=60))
def test_a_host_that_was_read_is_read_alike_again(header):
    found = host_of(header)
    assert found is None or (host_of(found) == found and found in header.lower())


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://a.example", "a.example"),
        ("https://A.example:8443", "a.example"),
        ("http://[::1]:8000", "[::1]"),
        ("https://柳园.example", "xn--fcsz90b.example"),
    ],
)
def test_the_host_of_an_address_is_as_browsers_send_it(url, host):
    assert host_of_address(url) == host


@pytest.mark.parametrize(
    ("proxies", "headers", "host"),
    [
        (0, {"HOST": "a.example", "X_FORWARDED_HOST": "b.example"}, "a.example"),
        (1, {"HOST": "inside", "X_FORWARDED_HOST": "b.example"}, "b.example"),
        (1, {"HOST": "inside", "X_FORWARDED_HOST": "forged.example, b.example"}, "b.example"),
        (2, {"HOST": "inside", "X_FORWARDED_HOST": "forged.example, b.example, middle"}, "b.example"),
        (2, {"HOST": "a.example", "X_FORWARDED_HOST": "b.example"}, "a.example"),
        (1, {"HOST": "a.example"}, "a.example"),
        (0, {"HOST": "a.example, b.example"}, None),
        (0, {}, None),
    ],
)
def test_a_forwarded_host_counts_where_so_many_proxies_are_trusted(proxies, headers, host):
    assert host_asked(headers, proxies) == host


def test_what_two_cells_have_is_named_with_both():
    assert taken_twice([("b", "x"), ("a", "x"), ("c", "y")]) == {"x": ["a", "b"]}


HERE = Lease("here/1", "boot-1", 10, 0)


def test_a_lease_of_an_earlier_start_of_this_machine_is_no_ones():
    assert not is_of_another(HERE, "here/1", "boot-2")
    assert not is_of_another(HERE, "renamed/2", "boot-1")
    assert is_of_another(HERE, "there/2", "boot-2")


def test_machines_that_do_not_know_their_start_differ_by_name():
    assert is_of_another(Lease("here/1", "", 10, 0), "there/2", "")
    assert not is_of_another(Lease("here/1", "", 10, 0), "here/1", "")


def test_a_lease_is_dead_once_it_has_not_moved_for_two_minutes():
    seen = seen_now(None, HERE, 0.0)
    assert not is_dead(seen_now(seen, HERE, LEASE_SECONDS - 1), LEASE_SECONDS - 1)
    assert is_dead(seen_now(seen, HERE, LEASE_SECONDS), LEASE_SECONDS)
    moved = Lease("here/1", "boot-1", 10, 1)
    assert not is_dead(seen_now(seen, moved, LEASE_SECONDS), LEASE_SECONDS)
