"""Where Lading may connect to, whatever endpoint a role or a function names.

Who may set an endpoint can make Lading's machines send requests there. Private networks and
loopback are where stores live, so they may be reached. What answers for the machine itself or for
nobody may not: link-local addresses, the metadata services of clouds, which hand out credentials,
and groups of hosts. An administrator may list the hosts and networks that there are; then no other
is reached.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from socket import inet_aton
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from ipaddress import IPv4Network

    Address = IPv4Address | IPv6Address
    Network = IPv4Network | IPv6Network

METADATA = "an address of a cloud's metadata service"
REFUSED: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), kind)
    for network, kind in (
        ("169.254.169.254", METADATA),  # AWS, Azure, Google, OpenStack and most others
        ("168.63.129.16", METADATA),  # Azure
        ("100.100.100.200", METADATA),  # Alibaba
        ("192.0.0.192", METADATA),  # Oracle
        ("fd00:ec2::/32", METADATA),  # AWS: metadata, and credentials of pods
        ("fd20:ce::254", METADATA),  # Google
        ("fd00:c1::a9fe:a9fe", METADATA),  # Oracle
        ("fd00:42::42", METADATA),  # Scaleway
        ("169.254.0.0/16", "a link-local address"),
        ("fe80::/10", "a link-local address"),
        ("0.0.0.0/8", "the address of no host"),
        ("::", "the address of no host"),
        ("224.0.0.0/4", "a multicast address"),
        ("ff00::/8", "a multicast address"),
        ("255.255.255.255", "the broadcast address"),
    )
)
SAME = tuple(map(IPv6Network, ("::ffff:0:0/96", "64:ff9b::/96")))
"""Where the last 32 bits are the IPv4 address that is reached: mapped, and NAT64."""
LAST_BITS = (*SAME, *map(IPv6Network, ("::/96", "::ffff:0:0:0/96")))
"""Where they are one that is meant: as well compatible, and translated (RFC 2765)."""
OWN_NAT64 = IPv6Network("64:ff9b:1::/48")
"""NAT64 of a network's own (RFC 8215), which has it last, or around the byte that is kept free."""
SIX_TO_FOUR = IPv6Network("2002::/16")
TEREDO = IPv6Network("2001::/32")
ISATAP = (0x0000_5EFE, 0x0200_5EFE)
"""The third quarter of an IPv6 address whose last is an IPv4 address (RFC 5214)."""
NAME = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?"
)
NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
"""The last label of what is meant as an IPv4 address, however it is written."""


@dataclass(frozen=True)
class Reach:
    """What may be reached. Without names and networks all but REFUSED, else only these."""

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """From host names, `*.` before one for all below it, addresses and networks.

        Raises ValueError with what is wrong with an entry.
        """
        names, networks = set(), []
        for entry in entries:
            if is_name(entry):
                names.add(entry.lower().rstrip("."))
            else:
                networks.append(network_of(entry))
        return cls(frozenset(names), tuple(networks))

    def lists(self, host: str, address: str) -> bool:
        """Whether an address of a host is listed by either; without a list everything is."""
        return self.lists_name(host) or self.lists_address(address)

    def lists_name(self, host: str) -> bool:
        """Whether a host is listed by its name, or there is no list."""
        if not (self.names or self.networks):
            return True
        host = host.lower().rstrip(".")
        labels = host.split(".")
        above = {f"*.{'.'.join(labels[start:])}" for start in range(1, len(labels))}
        return host in self.names or not above.isdisjoint(self.names)

    def lists_address(self, address: str) -> bool:
        """Whether an address lies in a network that is listed."""
        found = reached(ip_address(address.partition("%")[0]))
        return any(found in network for network in self.networks)

    def refused(self, address: str) -> str:
        """Of what kind an address is that is refused by default; empty where it is not.

        A listed network that is wider than what is refused does not mean to lift that.
        """
        for one in forms(address):
            for network, kind in REFUSED:
                if one in network and not self._lifts(one, network):
                    return kind
        return ""

    def _lifts(self, address: Address, refused: Network) -> bool:
        return any(
            address in listed
            and listed.version == refused.version
            and listed.prefixlen >= refused.prefixlen
            for listed in self.networks
        )


def is_name(entry: str) -> bool:
    """True for a host name, perhaps with `*.` before it; no address looks like one."""
    name = entry.lower().removeprefix("*.").rstrip(".")
    return bool(NAME.fullmatch(name)) and not NUMBER.fullmatch(name.rpartition(".")[2])


def network_of(entry: str) -> Network:
    """The network that an entry means; an address is one of its own. Raises ValueError."""
    text = entry[1:-1] if entry.startswith("[") and entry.endswith("]") else entry
    try:
        return ip_network(text)
    except ValueError as error:
        if str(error).endswith("has host bits set"):
            told = (
                f"{entry!r} is an address within a network: write {ip_network(text, strict=False)}"
            )
            raise ValueError(told) from None
        raise ValueError(f"{entry!r} is none of these") from None


def literal(host: str) -> str:
    """The address that stands in the place of a host's name, in whatever spelling; else empty."""
    with suppress(ValueError):
        return str(ip_address(host.partition("%")[0]))
    with suppress(OSError):
        if NUMBER.fullmatch(host.rpartition(".")[2]):
            # As resolvers do: also 2852039166, 0xa9fea9fe and 169.254.43518.
            return str(IPv4Address(inet_aton(host)))
    return ""


def reached(address: Address) -> Address:
    """The IPv4 address that an IPv6 address is another form of, else the address itself."""
    if any(address in network for network in SAME):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def forms(address: str) -> Iterator[Address]:
    """An address, and the IPv4 addresses within it, if there are any, to which it may lead."""
    found = ip_address(address.partition("%")[0])
    yield found
    if isinstance(found, IPv4Address) or int(found) <= 1:  # :: and ::1 are their own
        return
    number = int(found)
    if any(found in network for network in LAST_BITS) or (number >> 32) & 0xFFFF_FFFF in ISATAP:
        yield IPv4Address(number & 0xFFFF_FFFF)
    elif found in OWN_NAT64:
        around = ((number >> 64) & 0xFFFF) << 16 | (number >> 40) & 0xFFFF
        yield from (IPv4Address(bits) for bits in (around, number & 0xFFFF_FFFF) if bits)
    elif found in SIX_TO_FOUR:
        yield IPv4Address((number >> 80) & 0xFFFF_FFFF)
    elif found in TEREDO:
        yield IPv4Address((number >> 64) & 0xFFFF_FFFF)
        yield IPv4Address(~number & 0xFFFF_FFFF)
