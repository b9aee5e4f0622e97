"""The gate before connections: both lanes connect to what may be reached, and to nothing else."""

from __future__ import annotations

import gc
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pycurl
import pytest
from cryptography import x509

from operations import connection, gate
from operations.base import SUCCESSFUL, Again, Outcome, Store, Target
from operations.gate import Refused, gate_for, guard
from operations.perform import perform
from operations.proof import prove
from operations.reach import Reach
from operations.request import RequestTemplate
from operations.sender import CurlSender
from tests.operations.certificates import Authority
from tests.operations.http_store import CLOSE, TAG, HttpStore, client_of, reply, send_all

NAME = "store.test"
METADATA = "169.254.169.254"
ROW = Target("photos", "a.jpg")


class Names:
    """What names resolve to, as both lanes see it; `told` may be changed at any time."""

    def __init__(self) -> None:
        self.told: dict[str, list[str]] = {}
        self.asked: list[str] = []
        self._really = socket.getaddrinfo

    def getaddrinfo(self, host: str, port: Any, *rest: Any, **more: Any) -> list[Any]:
        """In place of socket's."""
        self.asked.append(host)
        return [
            place
            for address in self.told.get(host, [host])
            for place in self._really(address, port, *rest, **more)
        ]

    def for_libcurl(self, port: int, *, again: bool = False) -> list[str]:
        """libcurl's RESOLVE; `again`: forget what was told before."""
        told = [f"{name}:{port}:{','.join(found)}" for name, found in self.told.items()]
        return [f"-{name}:{port}" for name in self.told if again] + told


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    found = Names()
    monkeypatch.setattr(gate.socket, "getaddrinfo", found.getaddrinfo)
    return found


def guarded(url: str, *listed: str, **config: Any) -> Store:
    """A store that is reached through a gate."""
    its_gate = gate_for(Reach.parse(listed), url)
    client = client_of(url, **config)
    guard(client, its_gate)
    return Store(client, gate=its_gate)


def sender_of(store: Store) -> CurlSender:
    template = RequestTemplate(TAG, store, "photos", versions=False)
    prove(template)
    return CurlSender(template, 4)


@pytest.fixture
def resolving(monkeypatch: pytest.MonkeyPatch, names: Names) -> Callable[[int], None]:
    """Lets libcurl resolve what `names` tells, for a port."""

    def resolve(port: int) -> None:
        options = connection.network_options

        def with_names(client: Any) -> dict[int, Any]:
            return {**options(client), pycurl.RESOLVE: names.for_libcurl(port)}

        monkeypatch.setattr(connection, "network_options", with_names)

    return resolve


Lane = Callable[[Store], Outcome]


def by_boto3(store: Store) -> Outcome:
    return perform(TAG, store, ROW)


def by_libcurl(store: Store) -> Outcome:
    (outcome,) = send_all(sender_of(store), [ROW]).values()
    return outcome


in_both_lanes = pytest.mark.parametrize("lane", [by_boto3, by_libcurl])


def is_refused(outcome: Outcome, reason: str) -> bool:
    """Whether it is an end, told in a sentence."""
    assert (outcome.succeeded, outcome.error_code) == (False, "EndpointRefused"), outcome
    assert (outcome.http_status, outcome.again) == (None, Again.NEVER)
    assert reason in outcome.message
    return True


@pytest.fixture
def store() -> Iterator[HttpStore]:
    with HttpStore(lambda _: reply()) as running:
        yield running


# ---- what an address alone decides


@in_both_lanes
@pytest.mark.parametrize(
    ("host", "kind"),
    [
        (METADATA, "an address of a cloud's metadata service"),
        ("2852039166", "an address of a cloud's metadata service"),
        ("0xa9fea9fe", "an address of a cloud's metadata service"),
        ("169.254.170.2", "a link-local address"),
        ("[fe80::1]", "a link-local address"),
        ("[fd00:ec2::254]", "an address of a cloud's metadata service"),
        ("[::ffff:169.254.169.254]", "an address of a cloud's metadata service"),
        ("0.0.0.0", "the address of no host"),
    ],
)
def test_an_endpoint_that_is_no_store_is_refused_and_the_reason_told(
    lane: Lane, host: str, kind: str
) -> None:
    store = guarded(f"http://{host}:80")

    with pytest.raises(Refused, match=kind) as refusal:
        store.s3.head_bucket(Bucket="photos")
    assert "LADING_ENDPOINTS" in str(refusal.value)
    if lane is by_libcurl:
        with pytest.raises(Refused, match=kind):
            lane(store)
    else:
        assert is_refused(lane(store), kind)


@in_both_lanes
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_loopback_may_be_reached(lane: Lane, family: int) -> None:
    with HttpStore(lambda _: reply(), family=family) as store:
        assert lane(guarded(store.url)) == SUCCESSFUL


@in_both_lanes
def test_an_address_that_is_listed_may_be_reached_and_its_neighbour_not(
    lane: Lane, store: HttpStore
) -> None:
    assert lane(guarded(store.url, "127.0.0.1")) == SUCCESSFUL
    assert lane(guarded(store.url, "10.0.0.0/8", "127.0.0.0/8")) == SUCCESSFUL

    with pytest.raises(Refused, match=r"127\.0\.0\.1 is not in LADING_ENDPOINTS"):
        guarded(store.url, "127.0.0.2").s3.head_bucket(Bucket="photos")
    assert len(store.seen) == 2


# ---- what a name resolves to


@in_both_lanes
def test_a_name_is_refused_for_the_address_that_it_has_when_it_is_connected_to(
    lane: Lane, names: Names, resolving: Callable[[int], None]
) -> None:
    names.told = {NAME: [METADATA]}
    resolving(80)

    outcome = lane(guarded(f"http://{NAME}"))

    assert is_refused(outcome, f"{NAME} is at {METADATA}, an address of a cloud's metadata service")


@in_both_lanes
def test_a_listed_name_is_refused_where_it_leads_to_metadata(
    lane: Lane, names: Names, resolving: Callable[[int], None]
) -> None:
    names.told = {NAME: [METADATA]}
    resolving(80)

    assert is_refused(lane(guarded(f"http://{NAME}", NAME)), f"{NAME} is at {METADATA}")


@in_both_lanes
@pytest.mark.parametrize("listed", [(), (NAME,), ("*.test",), ("127.0.0.0/8",)])
def test_a_name_that_may_be_reached_is_as_long_as_one_of_its_addresses_may(
    lane: Lane,
    names: Names,
    resolving: Callable[[int], None],
    store: HttpStore,
    listed: tuple[str, ...],
) -> None:
    names.told = {NAME: [METADATA, "127.0.0.1"]}
    resolving(store.port)

    assert lane(guarded(f"http://{NAME}:{store.port}", *listed)) == SUCCESSFUL


@in_both_lanes
def test_a_name_outside_the_listed_networks_is_refused(
    lane: Lane, names: Names, resolving: Callable[[int], None], store: HttpStore
) -> None:
    names.told = {NAME: ["127.0.0.1"]}
    resolving(store.port)

    outcome = lane(guarded(f"http://{NAME}:{store.port}", "10.0.0.0/8"))

    assert is_refused(outcome, f"{NAME} (127.0.0.1) is not in LADING_ENDPOINTS")
    assert store.connections == 0


def test_a_name_that_is_not_listed_is_not_even_looked_up(names: Names) -> None:
    with pytest.raises(Refused, match=f"{NAME} is not in LADING_ENDPOINTS"):
        guarded(f"http://{NAME}", "other.test").s3.head_bucket(Bucket="photos")

    assert names.asked == []


def test_a_fault_behind_the_gate_stays_one_that_is_tried_again(
    names: Names, resolving: Callable[[int], None]
) -> None:
    """Nobody listens at the address that may be reached."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    names.told = {NAME: [METADATA, "127.0.0.1"]}
    resolving(port)
    store = guarded(f"http://{NAME}:{port}")

    for outcome in (by_boto3(store), by_libcurl(store)):
        assert (outcome.error_code, outcome.again) == ("EndpointConnectionError", Again.FAULT)


def test_a_name_that_does_not_resolve_is_a_fault_as_ever() -> None:
    store = guarded("http://nobody.invalid")

    for outcome in (by_boto3(store), by_libcurl(store)):
        assert (outcome.error_code, outcome.again) == ("EndpointConnectionError", Again.FAULT)


# ---- a name that changes between two connections


def test_boto3_looks_again_at_every_connection(names: Names) -> None:
    with HttpStore(lambda _: reply(Connection="close")) as store:
        names.told = {NAME: ["127.0.0.1"]}
        reached = guarded(f"http://{NAME}:{store.port}")
        first = by_boto3(reached)
        names.told = {NAME: [METADATA]}
        second = by_boto3(reached)

        assert first == SUCCESSFUL
        assert is_refused(second, f"{NAME} is at {METADATA}")


def test_libcurl_looks_again_at_every_connection(
    names: Names, resolving: Callable[[int], None]
) -> None:
    with HttpStore(lambda _: [reply(), CLOSE]) as store:
        names.told = {NAME: ["127.0.0.1"]}
        resolving(store.port)
        sender = sender_of(guarded(f"http://{NAME}:{store.port}"))
        first = send_all(sender, [ROW])
        names.told = {NAME: [METADATA]}
        (idle,) = sender._idle
        idle.curl.setopt(pycurl.RESOLVE, names.for_libcurl(store.port, again=True))
        second = send_all(sender, [ROW])

        assert first == {0: SUCCESSFUL}
        assert is_refused(second[0], f"{NAME} is at {METADATA}")
        names.told = {NAME: ["127.0.0.1"]}
        idle.curl.setopt(pycurl.RESOLVE, names.for_libcurl(store.port, again=True))
        assert send_all(sender, [ROW]) == {0: SUCCESSFUL}, "what was refused is forgotten"


@pytest.mark.parametrize("retries", [1, 5])
def test_what_is_refused_is_asked_for_once_however_often_the_client_would_try(
    names: Names, retries: int
) -> None:
    names.told = {NAME: [METADATA]}
    config = {"total_max_attempts": retries, "mode": "standard"}

    with pytest.raises(Refused, match=METADATA):
        guarded(f"http://{NAME}", retries=config).s3.head_bucket(Bucket="photos")

    assert names.asked == [NAME]


def test_connections_are_kept_open_and_the_gate_asked_once_for_each(
    store: HttpStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    against = gate.Gate.against

    def counted(self: gate.Gate, host: str, address: str) -> str:
        asked.append(address)
        return against(self, host, address)

    reached = guarded(f"http://localhost:{store.port}")
    sender = sender_of(reached)
    monkeypatch.setattr(gate.Gate, "against", counted)

    outcomes = send_all(sender, [Target("photos", f"k{number}") for number in range(200)])
    by_libcurl_asked = asked.count("127.0.0.1")
    for _ in range(20):
        by_boto3(reached)

    assert set(outcomes.values()) == {SUCCESSFUL}
    assert by_libcurl_asked <= 4
    assert asked.count("127.0.0.1") <= by_libcurl_asked + 1


def test_a_socket_that_libcurl_was_given_is_held_once(store: HttpStore) -> None:
    sender = sender_of(guarded(store.url))
    send_all(sender, [ROW])

    gc.collect()
    ours = [each for each in gc.get_objects() if type(each) is connection.Handed]

    assert [each for each in ours if each.fileno() >= 0] == []


# ---- TLS and proxies


def test_the_certificate_is_for_the_name_and_not_for_the_address(
    names: Names, resolving: Callable[[int], None], authority: Authority
) -> None:
    with HttpStore(lambda _: reply(), tls=authority.server_for(x509.DNSName(NAME))) as store:
        names.told = {NAME: ["127.0.0.1"]}
        resolving(store.port)
        reached = guarded(f"https://{NAME}:{store.port}", verify=authority.bundle)

        assert (by_boto3(reached), by_libcurl(reached)) == (SUCCESSFUL, SUCCESSFUL)
        assert {seen.headers["host"] for seen in store.seen} == {f"{NAME}:{store.port}"}


@in_both_lanes
def test_behind_a_proxy_it_is_the_name_that_is_looked_at(lane: Lane, store: HttpStore) -> None:
    """The proxy's own address is the administrator's business."""
    proxies = {"proxies": {"http": store.url}}

    assert lane(guarded("http://far.invalid", "far.invalid", **proxies)) == SUCCESSFUL
    assert lane(guarded("http://far.invalid", "*.invalid", "10.0.0.0/8", **proxies)) == SUCCESSFUL
    assert lane(guarded("http://far.invalid", **proxies)) == SUCCESSFUL


@pytest.mark.parametrize(
    ("url", "listed"),
    [
        (f"http://{METADATA}", ()),
        ("http://2852039166", ()),
        ("http://far.invalid", ("near.invalid",)),
        ("http://far.invalid", ("10.0.0.0/8",)),
    ],
)
def test_a_proxy_is_not_asked_for_what_may_not_be_reached(
    store: HttpStore, url: str, listed: tuple[str, ...]
) -> None:
    reached = guarded(url, *listed, proxies={"http": store.url})

    with pytest.raises(Refused):
        reached.s3.head_bucket(Bucket="photos")
    with pytest.raises(Refused):
        sender_of(reached)
    assert store.connections == 0
