"""Which addresses a link may lead to: public ones, on the ports of the web; nothing of our own network or cloud.

A name is resolved once and the connection goes to the very address that was judged, so that a name which answers
something else the next time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Place = tuple[str, int]
"""An address and a port, as text and number."""

PORTS = (80, 443)
ADDRESSES_TRIED = 3
"""Of a name with many; one that has no way to IPv6 learns so at once."""

# What `is_global` lets pass in some version of Python, or what only a cloud's own network answers.
_NEVER_4 = [
    IPv4Network("0.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),
    IPv4Network("168.63.129.16/32"),  # Azure's own services
    IPv4Network("192.0.0.0/24"),  # protocol assignments; Oracle's cloud metadata
    IPv4Network("192.31.196.0/24"),
    IPv4Network("192.52.193.0/24"),
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
    IPv4Network("192.175.48.0/24"),
    IPv4Network("198.18.0.0/15"),
    IPv4Network("224.0.0.0/3"),  # multicast, reserved, broadcast
]
_GLOBAL_6 = IPv6Network("2000::/3")
"""All that is given out for use (RFC 4291, 2.4): neither mapped, compatible nor translated IPv4 lies in it."""
_NEVER_6 = [
    IPv6Network("2001::/23"),  # protocol assignments, Teredo and ORCHID among them
    IPv6Network("2001:db8::/32"),
    IPv6Network("2002::/16"),  # 6to4: IPv4 in disguise
    IPv6Network("2620:4f:8000::/48"),
    IPv6Network("3fff::/20"),
]


class Forbidden(Exception):  # noqa: N818 - a state, told nobody
    """A link leads where this server does not go."""


def is_public(address: Address) -> bool:
    """Whether an address belongs to a machine on the public internet, as anybody sees it."""
    if not address.is_global or address.is_multicast:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NEVER_4)
    # A scope names an interface of ours: no public address has one.
    return address.scope_id is None and address in _GLOBAL_6 and not any(address in network for network in _NEVER_6)


def resolved(host: str, port: int, allowed: frozenset[Place] = frozenset()) -> list[Place]:
    """Where a name leads, to connect to in this order; `allowed` are places beside the public ones, for tests.

    Raises Forbidden where any of its addresses is none for us: no honest name mixes them. Raises OSError.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    places = list(dict.fromkeys((str(place[0]), port) for *_, place in found))
    for address, _ in places:
        if (address, port) not in allowed and not (port in PORTS and is_public(ip_address(address))):
            raise Forbidden(f"{host} leads to {address}, port {port}")
    return places[:ADDRESSES_TRIED]
