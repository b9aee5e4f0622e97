"""Which addresses may be connected to, and what an administrator's list changes of it."""

from __future__ import annotations

import pytest

from operations.reach import Reach, literal

METADATA = "an address of a cloud's metadata service"
LINK_LOCAL = "a link-local address"
NOBODY = "the address of no host"
MULTICAST = "a multicast address"
BROADCAST = "the broadcast address"
OPEN = Reach()


# ---- without a list


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("169.254.169.254", METADATA),
        ("168.63.129.16", METADATA),
        ("100.100.100.200", METADATA),
        ("192.0.0.192", METADATA),
        ("fd00:ec2::254", METADATA),
        ("fd00:ec2::23", METADATA),
        ("fd00:0ec2:0000::0254", METADATA),
        ("fd20:ce::254", METADATA),
        ("fd00:c1::a9fe:a9fe", METADATA),
        ("fd00:42::42", METADATA),
        ("169.254.0.0", LINK_LOCAL),
        ("169.254.170.2", LINK_LOCAL),
        ("169.254.255.255", LINK_LOCAL),
        ("fe80::1", LINK_LOCAL),
        ("fe80::1%eth0", LINK_LOCAL),
        ("fe80::a9fe:a9fe%2", LINK_LOCAL),
        ("febf:ffff::1", LINK_LOCAL),
        ("0.0.0.0", NOBODY),
        ("0.1.2.3", NOBODY),
        ("::", NOBODY),
        ("224.0.0.1", MULTICAST),
        ("239.255.255.250", MULTICAST),
        ("ff02::1", MULTICAST),
        ("ff0e::1", MULTICAST),
        ("255.255.255.255", BROADCAST),
    ],
)
def test_what_is_no_store_is_refused(address: str, kind: str) -> None:
    assert OPEN.refused(address) == kind


@pytest.mark.parametrize(
    "address",
    [
        "::ffff:169.254.169.254",  # mapped
        "::ffff:a9fe:a9fe",
        "::169.254.169.254",  # compatible
        "::ffff:0:169.254.169.254",  # translated
        "64:ff9b::169.254.169.254",  # NAT64
        "64:ff9b:1::169.254.169.254",  # NAT64 of a network's own, with a prefix of 96 bits
        "64:ff9b:1:a9fe:a9:fe00::",  # and of 48
        "2002:a9fe:a9fe::1",  # 6to4
        "2001:0:a9fe:a9fe:0:0:0:0",  # Teredo: the server
        "2001:0:102:304::5601:5601",  # Teredo: the client, its bits turned round
        "fd00::5efe:169.254.169.254",  # ISATAP
        "2001:db8::200:5efe:169.254.169.254",
    ],
)
def test_it_is_refused_in_every_form_that_ipv6_has_for_it(address: str) -> None:
    assert OPEN.refused(address) == METADATA


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"),
        *("10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "fc00::1", "fd12:3456::1"),
        *("169.253.255.255", "169.255.0.0", "168.63.129.15", "100.100.100.201", "1.0.0.0"),
        *("fe7f:ffff::1", "fec0::1", "fd00:ec3::254", "223.255.255.255", "240.0.0.1"),
        *("52.216.0.1", "2600:1f18::1", "2002:a00:1::1", "64:ff9b::10.0.0.1", "2001:db8::1"),
        *("64:ff9b:1::10.0.0.1", "64:ff9b:1:a00:0:100::"),
    ],
)
def test_every_other_address_may_be_reached_also_loopback_and_private_ones(address: str) -> None:
    assert OPEN.refused(address) == ""
    assert OPEN.lists("store.example.org", address)


# ---- with a list


@pytest.mark.parametrize(
    ("entry", "host", "is_listed"),
    [
        ("store.example.org", "store.example.org", True),
        ("Store.Example.ORG.", "store.example.org", True),
        ("store.example.org", "STORE.example.org.", True),
        ("store.example.org", "photos.store.example.org", False),
        ("store.example.org", "otherstore.example.org", False),
        ("store.example.org", "example.org", False),
        ("*.example.org", "store.example.org", True),
        ("*.example.org", "photos.store.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "badexample.org", False),
        ("*.example.org", "example.org.evil.net", False),
        ("minio", "minio", True),
        ("minio", "minio.evil.net", False),
        ("10.0.0.0/8", "store.example.org", False),
    ],
)
def test_a_name_is_listed_as_it_is_or_below_a_star(entry: str, host: str, is_listed: bool) -> None:
    assert Reach.parse([entry]).lists(host, "192.0.2.1") is is_listed


@pytest.mark.parametrize(
    ("entry", "address", "is_listed"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.0.0.0/8", "::ffff:10.1.2.3", True),
        ("10.0.0.0/8", "64:ff9b::10.1.2.3", True),
        ("10.0.0.0/8", "2002:a01:203::1", False),  # it is a router that has the address
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        ("::1", "::1", True),
        ("[::1]", "::1", True),
        ("fd00::/8", "fd12::1", True),
        ("0.0.0.0/0", "fd12::1", False),
    ],
)
def test_an_address_is_listed_by_itself_or_by_its_network(
    entry: str, address: str, is_listed: bool
) -> None:
    assert Reach.parse([entry]).lists("store.example.org", address) is is_listed


@pytest.mark.parametrize(
    ("entries", "address", "kind"),
    [
        (["169.254.10.20"], "169.254.10.20", ""),
        (["169.254.10.20"], "169.254.10.21", LINK_LOCAL),
        (["169.254.0.0/16"], "169.254.10.20", ""),
        (["169.254.0.0/16"], "169.254.169.254", METADATA),
        (["169.254.169.254"], "169.254.169.254", ""),
        (["169.254.169.254"], "::ffff:169.254.169.254", ""),
        (["fe80::/10"], "fe80::1%eth0", ""),
        (["100.64.0.0/10"], "100.100.100.200", METADATA),
        (["0.0.0.0/0"], "169.254.169.254", METADATA),
        (["0.0.0.0/0"], "169.254.10.20", LINK_LOCAL),
        (["::/0"], "fd00:ec2::254", METADATA),
        (["metadata.example.org"], "169.254.169.254", METADATA),
    ],
)
def test_only_an_entry_that_means_it_lifts_what_is_refused(
    entries: list[str], address: str, kind: str
) -> None:
    assert Reach.parse(entries).refused(address) == kind


# ---- what is written


@pytest.mark.parametrize(
    "entry",
    [
        *("http://store.example.org", "store.example.org:9000", "127.0.0.1:9000", "[::1]:9000"),
        *(
            "store.example.org/path",
            "a b",
            "*",
            "*.",
            "*.*.example.org",
            "s3.*.example.org",
            "-a.org",
        ),
        *("10.0.0", "10.0.0.256", "10.0.0.0/33", "0x7f.1", "2130706433", "::1::", "-a.org"),
    ],
)
def test_what_is_neither_name_nor_address_nor_network_is_told(entry: str) -> None:
    with pytest.raises(ValueError, match="is none of these") as fault:
        Reach.parse(["store.example.org", entry])

    assert repr(entry) in str(fault.value)


def test_an_address_with_the_size_of_a_network_is_told_with_its_network() -> None:
    with pytest.raises(ValueError, match=r"'10\.1\.2\.3/8' .* write 10\.0\.0\.0/8"):
        Reach.parse(["10.1.2.3/8"])


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("169.254.169.254", "169.254.169.254"),
        ("2852039166", "169.254.169.254"),
        ("0xa9fea9fe", "169.254.169.254"),
        ("0xA9.0376.43518", "169.254.169.254"),
        ("169.254.43518", "169.254.169.254"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:a9fe:a9fe", "::ffff:a9fe:a9fe"),
        ("store", ""),
        ("store.example.org", ""),
        ("0xcafe.example.org", ""),
        ("1.2.3.4.5", ""),
    ],
)
def test_an_address_is_seen_in_every_spelling_that_resolvers_take(host: str, address: str) -> None:
    assert literal(host) == address
