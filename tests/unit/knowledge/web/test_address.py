"""Which addresses a page may come from: property tests over whole networks, and the forms that hide one."""

import ipaddress
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.web.address import IpAddress, choose_address, is_public, parse_address
from knowledge.web.errors import AddressRefused, WebUnavailable

NOT_PUBLIC = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/29",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "168.63.129.16/32",
    "::/128",
    "::1/128",
    "::/96",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/32",
    "2001:20::/28",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "fc00::/7",
    "fd00:ec2::/64",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
]


def addresses_in(network: str) -> st.SearchStrategy[IpAddress]:
    whole = ipaddress.ip_network(network)
    last = int(whole.broadcast_address)
    kind = type(whole.network_address)
    return st.integers(int(whole.network_address), last).map(kind)


@given(st.sampled_from(NOT_PUBLIC).flatmap(addresses_in))
def test_nothing_of_a_network_that_is_not_public_is_accepted(address: IpAddress) -> None:
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_public_only_as_itself(address: ipaddress.IPv4Address) -> None:
    """In no form of IPv6 that carries it inside."""
    packed = int(address)
    carriers = (
        (0x0000_FFFF << 32) | packed,
        packed,
        (0x0064_FF9B << 96) | packed,
        (0x2002 << 112) | (packed << 80),
        (0x2001_0000 << 96) | (packed ^ 0xFFFF_FFFF),
    )
    assert not any(is_public(ipaddress.IPv6Address(carrier)) for carrier in carriers)
    if is_public(address):
        assert address.is_global
        assert not any((address.is_private, address.is_loopback, address.is_link_local, address.is_multicast))


@given(st.ip_addresses())
def test_what_python_calls_private_is_never_public(address: IpAddress) -> None:
    special = (
        address.is_private,
        address.is_loopback,
        address.is_link_local,
        address.is_multicast,
        address.is_reserved,
        address.is_unspecified,
    )
    assert not (is_public(address) and any(special))


@pytest.mark.parametrize(
    "text", ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001:80e::200e", "2400:cb00::1"]
)
def test_public_sites_are_accepted(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


def test_one_unfit_address_of_a_name_is_enough_to_refuse_it() -> None:
    def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["1.1.1.1", "10.0.0.1"]

    with pytest.raises(AddressRefused):
        choose_address("both.example", 80, resolve, is_public)
    assert choose_address("one.example", 80, lambda *_: ["1.1.1.1", "1.0.0.1"], is_public) == "1.1.1.1"


@pytest.mark.parametrize("found", [[], ["no address"], OSError("no such name")])
def test_a_name_that_stands_for_nothing_is_said_to_be_none(found: Sequence[str] | OSError) -> None:
    def resolve(_host: str, _port: int) -> Sequence[str]:
        if isinstance(found, OSError):
            raise found
        return found

    with pytest.raises(WebUnavailable):
        choose_address("nowhere.example", 80, resolve, is_public)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
    ],
)
def test_loopback_is_refused_however_it_is_written(host: str) -> None:
    from knowledge.web.address import ask_system

    url = parse_address(f"http://{host}/", frozenset({80}))
    with pytest.raises((AddressRefused, WebUnavailable)):
        choose_address(url.host, 80, ask_system, is_public)


@pytest.mark.parametrize(
    "text",
    [
        "ftp://site.example/",
        "file:///etc/passwd",
        "gopher://site.example/",
        "//site.example/",
        "site.example",
        "javascript:alert(1)",
        "http://",
        "http:///path",
        "https://user@site.example/",
        "https://u:p@site.example/",
        "http://site.example:22/",
        "http://site.example:8080/",
        "https://site.example:6379/",
        "http://a b.example/",
        "http://site.example/\r\nHost: other",
        "http://site.example\\@other.example/",
        "http://[::1/",
        "http://x:y/",
        "http://site.example/" + "a" * 2_000,
        "",
    ],
)
def test_what_is_no_plain_web_address_is_refused(text: str) -> None:
    with pytest.raises(AddressRefused):
        parse_address(text, frozenset({80, 443}))


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    for given_text in (text, f"http://{text}", f"https://site.example/{text}"):
        try:
            url = parse_address(given_text, frozenset({80, 443}))
        except AddressRefused:
            continue
        assert url.scheme in ("http", "https")
        assert url.host
        assert not url.userinfo
        # What is connected to and what is checked are read from the same parse, which is stable.
        assert parse_address(str(url), frozenset({80, 443})) == url
