"""Trusted-proxy arithmetic, and addresses in every spelling."""

import ipaddress

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from salesos.client_address import client_address, is_within, parse_address, parse_network, validate_network

PROXIES = ["10.0.0.0/8", "2001:db8:aaaa::/48", "unix"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        (" 203.0.113.9 ", "203.0.113.9"),
        ("203.0.113.9:443", "203.0.113.9"),
        ('"203.0.113.9"', "203.0.113.9"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ('"[2001:db8::1]:443"', "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("[::ffff:203.0.113.9]:80", "203.0.113.9"),
        ("::ffff:cb00:7109", "203.0.113.9"),
        ("fe80::1%eth0", "fe80::1"),
        ("", None),
        ("unknown", None),
        ("_hidden", None),
        ("1.2.3", None),
        ("203.0.113.256", None),
        ("203.0.113.09", None),
        ("[", None),
        ("٣.٣.٣.٣", None),
    ],
)
def test_an_address_is_read_as_peers_and_proxies_write_it(text, address):
    assert parse_address(text) == (ipaddress.ip_address(address) if address else None)


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "address"),
    [
        ("203.0.113.9", "", "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # an undeclared peer's header is ignored
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),  # what stands left is the caller's own text
        ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.2.3.4", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.2.3.4, 10.9.9.9", "198.51.100.1"),
        ("10.0.0.1", "10.5.5.5, 10.2.3.4", "10.5.5.5"),
        ("10.0.0.1", "198.51.100.1:5000 ,\t[2001:db8:aaaa::1]:80", "198.51.100.1"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", ",, 198.51.100.1, ,", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, nonsense", None),
        ("10.0.0.1", "nonsense, 198.51.100.1", "198.51.100.1"),
        ("", "198.51.100.1", "198.51.100.1"),  # a Unix socket
        ("", "", None),
    ],
)
def test_the_callers_address_is_counted_from_the_right(peer, forwarded_for, address):
    assert client_address(peer, forwarded_for, PROXIES) == (ipaddress.ip_address(address) if address else None)


def test_a_unix_socket_is_trusted_only_where_it_is_declared():
    assert client_address("", "198.51.100.1", ["10.0.0.0/8"]) is None


@given(st.lists(st.sampled_from(["198.51.100.1", "10.1.1.1", "2001:db8::7"])), st.text(max_size=40))
def test_nothing_that_a_caller_writes_to_the_left_changes_the_address(hops, forged):
    honest = ", ".join(["192.0.2.77", *hops])
    assert client_address("10.0.0.1", f"{forged}, {honest}", PROXIES) == client_address("10.0.0.1", honest, PROXIES)


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("203.0.113.9", "203.0.113.9", "203.0.113.8"),
        ("203.0.113.77/24", "203.0.113.0", "203.0.114.0"),
        ("::ffff:203.0.113.0/120", "203.0.113.5", "203.0.114.5"),
        ("::ffff:203.0.113.9", "203.0.113.9", "203.0.113.8"),
        ("2001:db8::/32", "2001:db8::1", "203.0.113.9"),
        ("::/0", "2001:db8::1", "203.0.113.9"),
    ],
)
def test_a_network_holds_its_addresses(network, inside, outside):
    assert is_within(parse_address(inside), [network])
    assert not is_within(parse_address(outside), [network])
    assert not is_within(None, [network])
    assert not is_within(parse_address(inside), [])


@pytest.mark.parametrize(
    "text", ["", "x", "203.0.113.0/33", "203.0.113.0/-1", "203.0.113", "2001:db8::/129", "*", "fe80::1%eth0"]
)
def test_what_is_no_network_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the standard library's own
        parse_network(text)
    with pytest.raises(ValidationError, match="is not an IPv4 or IPv6 address or network"):
        validate_network(text)
