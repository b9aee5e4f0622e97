"""Answers of a store that would lead elsewhere: nobody else gets a request, signed or not."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from jobs import services, stores
from operations import gate
from operations.base import Outcome, Store, Target
from operations.gate import Refused, gate_for
from operations.perform import perform
from operations.proof import prove
from operations.reach import Reach
from operations.request import RequestTemplate
from operations.sender import CurlSender
from tests.conftest import MakeRole
from tests.operations.http_store import TAG, HttpStore, reply, send_all

ROW = Target("photos", "a.jpg")
REGIONS = [
    *("cn-north-1", "aws-global", "evil.example", "x@{victim}"),
]
StoreAt = Callable[[str], Store]


@pytest.fixture
def victim() -> Iterator[HttpStore]:
    """Where requests would be led. Nobody may come here."""
    with HttpStore() as store:
        yield store


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The hosts that either lane was about to connect to."""
    hosts: set[str] = set()
    against, addresses_of = gate.Gate.against, gate.addresses_of

    def seen_against(self: gate.Gate, host: str, address: str) -> str:
        hosts.update((host, address))
        return against(self, host, address)

    def seen_lookup(host: str, port: int | None = None) -> list[str]:
        hosts.add(host)
        return addresses_of(host, port)

    monkeypatch.setattr(gate.Gate, "against", seen_against)
    monkeypatch.setattr(gate, "addresses_of", seen_lookup)
    return hosts


def xml(code: str, **elements: str) -> bytes:
    told = "".join(f"<{name}>{text}</{name}>" for name, text in elements.items())
    return f"<Error><Code>{code}</Code><Message>Go.</Message>{told}</Error>".encode()


def evil_answers(victim: str) -> Iterator[bytes]:
    """Every way to say "over there" that S3, or HTTP, has."""
    url, place = f"http://{victim}/photos/a.jpg", f"<{victim}>; rel=next"
    for status in (301, 302, 303, 307, 308):
        yield reply(status, Location=url)
        yield reply(status, xml("PermanentRedirect", Endpoint=victim, Bucket="photos"))
        yield reply(
            status, xml("TemporaryRedirect", Endpoint=url, Bucket=victim), Location=url, Link=place
        )
    for region in REGIONS:
        told = region.format(victim=victim)
        for status, code in (
            (301, "PermanentRedirect"),
            (307, "TemporaryRedirect"),
            (400, "AuthorizationHeaderMalformed"),
            (400, "IllegalLocationConstraintException"),
        ):
            body = xml(code, Region=told, Endpoint=victim)
            yield reply(status, body, Location=url, x_amz_bucket_region=told)
    yield reply(200, Refresh=f"0; url={url}", Content_Location=url, Location=url)
    yield reply(200, Alt_Svc=f'h2="{victim}"; ma=3600, http/1.1="{victim}"')
    yield reply(401, xml("AccessDenied"), WWW_Authenticate=f'Negotiate realm="{url}"')
    yield reply(407, xml("AccessDenied"), Proxy_Authenticate="Basic", Location=url)
    yield reply(421, xml("Misdirected"), Location=url)
    yield reply(503, xml("SlowDown", Endpoint=victim), Retry_After="0", Location=url)


def place_of(store: HttpStore) -> str:
    return f"127.0.0.1:{store.port}"


@pytest.fixture
def store_at(make_role: MakeRole) -> StoreAt:
    """A store as jobs have it, at an endpoint."""
    numbers = itertools.count()

    def made(url: str) -> Store:
        role = make_role(f"role-{next(numbers)}", endpoint_url=url, addressing="path")
        return stores.store_for(role)

    return made


def by_boto3(store: Store) -> Outcome:
    return perform(TAG, store, ROW)


def by_libcurl(store: Store) -> Outcome:
    template = RequestTemplate(TAG, store, "photos", versions=False)
    prove(template)
    sender = CurlSender(template, 1)
    try:
        send_all(sender, [ROW])
        (outcome,) = send_all(sender, [ROW]).values()  # once more, with what was learnt
    finally:
        sender.close()
    return outcome


CALLS: list[Callable[[Store], Any]] = [
    by_boto3,
    by_libcurl,
    lambda store: store.s3.head_bucket(Bucket="photos"),
    lambda store: store.s3.get_object(Bucket="photos", Key="a.jpg"),
    lambda store: store.s3.list_objects_v2(Bucket="photos"),
]


@pytest.mark.parametrize("call", CALLS, ids=["boto3", "libcurl", "head", "get", "list"])
def test_no_answer_of_a_store_sends_a_request_elsewhere(
    call: Callable[[Store], Any], victim: HttpStore, asked: set[str], store_at: StoreAt
) -> None:
    answers = list(evil_answers(place_of(victim)))
    for answer in answers:
        with HttpStore(lambda _, answer=answer: answer) as evil:  # type: ignore[misc]
            store = store_at(evil.url)
            with suppress(ClientError, BotoCoreError):  # of what is said then tell other tests
                call(store)
            store.s3.close()
            assert evil.seen, answer

    assert victim.connections == 0
    assert asked == {"127.0.0.1"}


def test_a_second_answer_that_leads_away_is_followed_no_more_than_the_first(
    victim: HttpStore, asked: set[str], store_at: StoreAt
) -> None:
    """First a region, which is followed at the same endpoint, then another place."""
    away = f"http://{place_of(victim)}/photos/a.jpg"
    answers = itertools.cycle(
        [
            reply(301, xml("PermanentRedirect", Region="eu-central-1")),
            reply(307, xml("TemporaryRedirect", Endpoint=place_of(victim)), Location=away),
        ]
    )
    with HttpStore(lambda _: next(answers)) as evil:
        for lane in (by_boto3, by_libcurl):
            with suppress(BotoCoreError):
                assert not lane(store_at(evil.url)).succeeded

    assert victim.connections == 0
    assert asked == {"127.0.0.1"}


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_function_is_not_called_elsewhere(
    victim: HttpStore, asked: set[str], make_role: MakeRole, status: int
) -> None:
    away = reply(status, b"{}", Location=f"http://{place_of(victim)}/2015-03-31/functions/f")
    with HttpStore(lambda _: away) as evil:
        services.set_function("000000000000", "f", evil.url)
        functions = stores.Functions(make_role())

        with pytest.raises(ClientError) as refusal:
            functions.client_for("f").invoke(FunctionName="f", Payload=b"{}")

    assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert victim.connections == 0
    assert asked == {"127.0.0.1"}


@pytest.mark.parametrize(
    "bucket",
    [
        "arn:aws:s3:us-east-1:123456789012:accesspoint/photos",
        "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap",
        "arn:aws:s3-object-lambda:us-east-1:123456789012:accesspoint/photos",
        "arn:aws:s3-outposts:us-east-1:123456789012:outpost/op-01/accesspoint/photos",
    ],
)
def test_a_bucket_that_is_an_arn_leads_to_no_other_host(
    bucket: str, asked: set[str], store_at: StoreAt
) -> None:
    store = store_at("http://store.invalid")

    with pytest.raises(BotoCoreError):
        store.s3.get_object(Bucket=bucket, Key="a.jpg")

    assert all(f".{host}".endswith(".store.invalid") for host in asked)


@pytest.mark.parametrize(
    ("host", "passes"),
    [
        ("store.test", True),
        ("photos.store.test", True),
        ("otherstore.test", False),
        ("store.test.evil.example", False),
        ("s3.us-east-1.amazonaws.com", False),
        ("127.0.0.1", False),
    ],
)
def test_a_client_of_an_endpoint_sends_to_its_host_and_below_it_alone(
    host: str, passes: bool
) -> None:
    told = gate_for(Reach(), "http://store.test:9000").against_name(host)

    assert bool(told) is not passes
    if not passes:
        assert told == f"The request would go to {host}, which is not the endpoint store.test."


def test_a_request_that_is_made_for_another_host_is_not_even_signed(
    asked: set[str], store_at: StoreAt
) -> None:
    """Should botocore ever follow an answer elsewhere."""

    def lead_away(request: Any, **_: Any) -> None:
        request.url = request.url.replace("127.0.0.1", "127.0.0.2")

    with HttpStore() as here:
        s3, signed = store_at(here.url).s3, []
        s3.meta.events.register("before-sign.s3", lambda **_: signed.append(True))
        s3.meta.events.register_first("request-created.s3.HeadBucket", lead_away)

        with pytest.raises(Refused, match="which is not the endpoint"):
            s3.head_bucket(Bucket="photos")

    assert (here.seen, signed, asked) == ([], [], set())
