"""Where a link may lead, and where never, in every disguise."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import pytest

from server.fetch.addresses import ADDRESSES_TRIED, Forbidden, is_public, resolved

OURS = [
    "0.0.0.1", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255",
    "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255",
    "192.0.0.1", "192.0.0.9", "192.0.0.10", "192.0.0.192", "192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1",
    "192.168.0.1", "192.175.48.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8", "::127.0.0.1", "::8.8.8.8", "64:ff9b::8.8.8.8", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1",
    "2001::1", "2001:0:7f00:1::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::",
    "2002:0808:0808::1", "2620:4f:8000::1", "3fff::1", "fc00::1", "fd00:ec2::254", "fdff::1", "fe80::1", "fec0::1",
    "ff02::1", "ff0e::1", "5f00::1", "4000::1", "2001:4860:4860::8888%1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "93.184.215.14", "172.15.0.1", "172.32.0.1", "192.167.1.1", "223.255.255.254",
    "2606:4700::1", "2a00:1450::1",
]  # fmt: skip


@pytest.mark.parametrize("address", OURS)
def test_nothing_of_ours_is_reached(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_internet_is(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "::1", "::ffff:127.0.0.1", "169.254.169.254"],
)
def test_no_spelling_of_an_address_gets_through(host: str) -> None:
    with pytest.raises((Forbidden, OSError)):
        resolved(host, 80)


@pytest.mark.parametrize("port", [0, 22, 25, 53, 79, 81, 6379, 8080, 8443, 65535])
def test_only_the_ports_of_the_web_are_asked(port: int) -> None:
    with pytest.raises(Forbidden):
        resolved("1.1.1.1", port)
    assert resolved("1.1.1.1", 443) == [("1.1.1.1", 443)]


def test_a_name_with_one_address_of_ours_is_forbidden_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*addresses: str) -> None:
        found: list[Any] = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    answer("93.184.215.14", "10.0.0.1")
    with pytest.raises(Forbidden):
        resolved("two-faced.example", 80)
    answer(*[f"93.184.215.{number}" for number in range(9)])
    assert len(resolved("many.example", 80)) == ADDRESSES_TRIED
