"""Which addresses of the internet a page may be fetched from: those anybody could reach, and no other.

For IPv6 that is the one block given out to the public, less what in it means something else; a form that
carries an IPv4 address inside is refused whatever that address is.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence

import httpx

from knowledge.web.errors import AddressRefused, WebUnavailable

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Sequence[str]]
Accepts = Callable[[IpAddress], bool]

LONGEST_ADDRESS = 2_000

# A name, with foreign letters spelled out, or an address in numbers.
_HOST = re.compile(rb"[a-z0-9._:-]+")

_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
# Protocols, 6to4, documentation; the rest of the block is for hosts.
_SPECIAL_V6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
# 6to4 relays, and what answers for the platform inside Azure: both look public.
_SPECIAL_V4 = tuple(map(ipaddress.IPv4Network, ("192.88.99.0/24", "168.63.129.16/32")))


def is_public(address: IpAddress) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        special = address.is_multicast or any(address in network for network in _SPECIAL_V4)
        return address.is_global and not special
    return address in _PUBLIC_V6 and not any(address in network for network in _SPECIAL_V6)


def is_any(_address: IpAddress) -> bool:
    """For what the installation itself names."""
    return True


def parse_address(text: str, ports: frozenset[int] | None) -> httpx.URL:
    """Raises AddressRefused."""
    # What httpx would quietly put right is not what others see in it.
    if (
        len(text) > LONGEST_ADDRESS
        or "\\" in text
        or any(ord(char) <= 0x20 or ord(char) == 0x7F for char in text)
    ):
        raise AddressRefused("This is no plain web address.")
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as error:
        raise AddressRefused("This is no plain web address.") from error
    if url.scheme not in ("http", "https") or not _HOST.fullmatch(url.raw_host):
        raise AddressRefused("Only pages at http and https addresses can be read.")
    if url.userinfo:
        raise AddressRefused("An address with a name or password in it is not read.")
    if ports is not None and port_of(url) not in ports:
        raise AddressRefused("Only pages at the usual ports are read.")
    return url.copy_with(fragment=None)


def port_of(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def ask_system(host: str, port: int) -> Sequence[str]:
    """Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def choose_address(host: str, port: int, resolve: Resolve, accepts: Accepts) -> str:
    """The one to connect to; all that the name stands for must be fit. Raises AddressRefused,
    WebUnavailable."""
    try:
        found = [ipaddress.ip_address(text) for text in resolve(host, port)]
    except (OSError, UnicodeError, ValueError) as error:
        raise WebUnavailable(f"There is no site called {host[:100]}.") from error
    if not found:
        raise WebUnavailable(f"There is no site called {host[:100]}.")
    if not all(accepts(address) for address in found):
        raise AddressRefused("This address does not lead to a public site.")
    return str(found[0])
