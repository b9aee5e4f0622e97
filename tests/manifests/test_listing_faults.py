"""A bucket that cannot be listed, and a store that does not list as S3 does: told, never endless,
and never a row twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from jobs.errors import JobFailure
from jobs.manifests.pages import ask
from jobs.manifests.readers import look_at_bucket
from jobs.models import Manifest
from tests.manifests.listed import (
    FakeBucket,
    Thing,
    generator,
    keys_of,
    reader_of,
    rows_of,
    threads_of_readers,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEYS = [f"k{number:04}" for number in range(300)]
OWNER = "111122223333"


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Any:
    yield
    assert threads_of_readers() == []


def failure_of(s3: S3Client, given: Any = None, **values: Any) -> tuple[str, str]:
    """Code and reason of the failure that a reader ends with."""
    with pytest.raises(JobFailure) as told:
        rows_of(reader_of(s3, given, **{"page_size": 10, **values}))
    return told.value.code, told.value.reason


def refusing(status: int, code: str, begin: int = 1) -> FakeBucket:
    """A bucket that refuses every request from the one of number `begin` on."""
    bucket = FakeBucket(KEYS)
    bucket.refuse = lambda number, _: (status, code) if number >= begin else None
    return bucket


# ---- refusals


def test_a_bucket_that_is_missing_is_told(s3: S3Client) -> None:
    nowhere = generator(SourceBucket="arn:aws:s3:::nowhere")

    assert failure_of(s3, nowhere) == ("ManifestNotFound", "The bucket nowhere does not exist.")


@pytest.mark.parametrize(
    ("versions", "permission"), [(False, "s3:ListBucket"), (True, "s3:ListBucketVersions")]
)
def test_a_listing_that_is_forbidden_names_the_permission(versions: bool, permission: str) -> None:
    bucket = refusing(403, "AccessDenied")

    assert failure_of(bucket.client(), versions=versions) == (
        "ManifestAccessDenied",
        f"Listing the bucket photos is forbidden: AccessDenied. The role needs {permission}.",
    )


def test_a_listing_that_is_forbidden_in_mid_way_says_how_far_it_came() -> None:
    bucket = refusing(403, "AccessDenied", begin=5)

    assert failure_of(bucket.client(), threads=1) == (
        "ManifestAccessDenied",
        "Listing the bucket photos is forbidden after 30 objects had been listed: AccessDenied. "
        "The role needs s3:ListBucket.",
    )


def test_a_successor_counts_on() -> None:
    bucket = FakeBucket(KEYS)
    first = reader_of(bucket.client(), page_size=100, threads=1)
    first.take(100)
    saved = first.checkpoint()
    first.close()

    code, reason = failure_of(refusing(403, "AccessDenied").client(), checkpoint=saved)

    assert code == "ManifestAccessDenied"
    assert f"after {saved['listed']} objects had been listed" in reason


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (400, "ExpiredToken", "the role's credentials have expired; set new ones."),
        (403, "SignatureDoesNotMatch", "the role's secret access key is wrong; set it anew."),
    ],
)
def test_credentials_that_are_wrong_are_told_with_advice(
    status: int, code: str, advice: str
) -> None:
    found, reason = failure_of(refusing(status, code).client())

    assert found == "ManifestAccessDenied"
    assert f"{code}; {advice}" in reason


def test_a_bucket_of_another_owner_is_told_apart_from_a_forbidden_one() -> None:
    bucket = FakeBucket(KEYS)
    bucket.refuse = lambda _, arguments: (403, "AccessDenied") if "owner" in arguments else None

    assert failure_of(bucket.client(), generator(ExpectedBucketOwner=OWNER)) == (
        "BucketOwnerMismatch",
        f"The bucket photos does not belong to account {OWNER}.",
    )
    assert bucket.asked[0]["owner"] == OWNER


def test_where_an_owner_is_expected_a_forbidden_bucket_is_still_forbidden() -> None:
    bucket = refusing(403, "AccessDenied")

    code, _ = failure_of(bucket.client(), generator(ExpectedBucketOwner=OWNER))

    assert code == "ManifestAccessDenied"


def test_a_store_without_versions_is_told() -> None:
    bucket = refusing(501, "NotImplemented")

    assert failure_of(bucket.client(), versions=True) == (
        "ManifestGenerationFailed",
        "The store refuses to list the versions of the bucket photos: NotImplemented.",
    )


def test_any_other_refusal_is_told_by_its_code() -> None:
    assert failure_of(refusing(400, "InvalidArgument").client()) == (
        "ManifestGenerationFailed",
        "The store refuses to list the objects of the bucket photos: InvalidArgument.",
    )


@pytest.mark.parametrize(
    ("status", "code"), [(500, "InternalError"), (503, "SlowDown"), (429, "TooManyRequests")]
)
def test_what_may_pass_is_the_stores_own_error(status: int, code: str) -> None:
    with pytest.raises(ClientError) as told:
        rows_of(reader_of(refusing(status, code, begin=4).client(), page_size=10))

    assert told.value.response["Error"]["Code"] == code


def test_a_store_that_cannot_be_reached_is_botocores_own_error() -> None:
    s3 = FakeBucket(KEYS).client()

    def away(request: Any, **_: object) -> None:
        raise EndpointConnectionError(endpoint_url=request.url)

    s3.meta.events.register_first("before-send.s3", away)

    with pytest.raises(EndpointConnectionError):
        rows_of(reader_of(s3))


def test_after_what_may_pass_a_successor_gives_the_rest() -> None:
    """The store stops to answer before all is listed, however far the threads have read ahead."""
    bucket, taken = FakeBucket(KEYS), threading.Event()

    def refuse(number: int, _: Any) -> tuple[int, str] | None:
        return (503, "SlowDown") if number > 15 and taken.wait(30) else None

    bucket.refuse = refuse
    reader = reader_of(bucket.client(), page_size=10, threads=2)
    rows = reader.take(50)
    saved = reader.checkpoint()
    taken.set()
    with pytest.raises(ClientError):
        rows_of(reader)

    bucket.refuse = lambda *_: None
    rows += rows_of(reader_of(bucket.client(), checkpoint=saved))

    assert keys_of(rows) == KEYS


# ---- stores that do not list as S3 does


def odd(what: str) -> tuple[str, str]:
    return (
        "ManifestGenerationFailed",
        f"The store does not list the bucket photos as S3 does: {what}.",
    )


@pytest.mark.parametrize("threads", [1, 8])
def test_a_store_that_does_not_know_start_after_is_told(threads: int) -> None:
    bucket = FakeBucket(KEYS)
    bucket.ignores = {"start-after"}

    assert failure_of(bucket.client(), threads=threads) == odd(
        "it does not go on after the key that it was given (StartAfter)"
    )


@pytest.mark.parametrize("ignored", [{"key-marker"}, {"key-marker", "version-id-marker"}])
def test_a_store_that_does_not_know_key_marker_is_told(ignored: set[str]) -> None:
    bucket = FakeBucket(KEYS)
    bucket.ignores = ignored

    assert failure_of(bucket.client(), versions=True) == odd(
        "it does not go on after the key that it was given (KeyMarker and VersionIdMarker)"
    )


def test_a_store_that_repeats_versions_of_a_key_is_told() -> None:
    bucket = FakeBucket([Thing("a", f"v{number}") for number in range(30)])
    place = bucket.place
    bucket.place = lambda known, is_versions: (  # type: ignore[method-assign]
        0 if "key-marker" in known else place(known, is_versions=is_versions)
    )

    assert failure_of(bucket.client(), versions=True) == odd(
        "it does not go on after the key that it was given (KeyMarker and VersionIdMarker)"
    )


def test_a_store_that_does_not_know_prefix_is_told() -> None:
    bucket = FakeBucket(["a", "b"])
    bucket.ignores = {"prefix"}
    below = generator(Filter={"KeyNameConstraint": {"MatchAnyPrefix": ["b"]}})

    assert failure_of(bucket.client(), below) == odd(
        "it lists keys that do not begin with the Prefix that it was given"
    )


def test_keys_in_another_order_are_told() -> None:
    bucket = FakeBucket(["B", "a"], order=str.lower)

    assert failure_of(bucket.client()) == odd("its keys are not in order")


@pytest.mark.parametrize("threads", [1, 8])
@pytest.mark.parametrize("page_size", [1, 7, 10])
def test_an_order_that_only_shows_at_the_seam_of_two_ranges_loses_no_key_silently(
    threads: int, page_size: int
) -> None:
    keys = [f"{name}{end}" for name in "abcdefgh" for end in ("", "-x", "/1", "/2", "/3", "z")]
    bucket = FakeBucket(keys, order=lambda key: key.split("/"), seconds=0.001)

    code, reason = failure_of(bucket.client(), page_size=page_size, threads=threads)

    assert code == "ManifestGenerationFailed"
    assert reason.startswith("The store does not list the bucket photos as S3 does: ")


def cut_at(place: str) -> dict[str, Any]:
    """The checkpoint of a reader that had cut a bucket in two, and returned nothing yet."""
    ends = [("", place), (place, None)]
    ranges = [{"prefix": "", "after": a, "version": None, "until": until} for a, until in ends]
    return {"order": "bytes", "listed": 0, "found": 0, "ranges": ranges}


def test_a_seam_at_which_keys_would_be_listed_by_nobody_is_told() -> None:
    """Behind `b/1` there is `b!x` in this store, and nothing behind `b-`."""
    bucket = FakeBucket(["a", "b/1", "b!x"], order=lambda key: key.split("/"))

    assert failure_of(bucket.client(), checkpoint=cut_at("b-"), page_size=1, threads=1) == odd(
        "its keys are not in order"
    )


def test_an_object_that_goes_while_a_seam_is_passed_is_no_fault() -> None:
    bucket = FakeBucket(["a", "c"])

    def vanish(number: int, _: dict[str, str]) -> None:
        if number == 3:
            bucket.things, bucket.places = bucket.things[:1], bucket.places[:1]

    bucket.refuse = vanish
    reader = reader_of(bucket.client(), checkpoint=cut_at("b"), page_size=1, threads=1)

    assert keys_of(rows_of(reader)) == ["a"]
    assert len(bucket.asked) == 5, "two pages, two questions about the seam, one page beyond it"


def nothing_but(more: str) -> Callable[[dict[str, str]], str]:
    return lambda _: f"<ListBucketResult><IsTruncated>true</IsTruncated>{more}</ListBucketResult>"


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ("", "it says that there is more, and does not say where"),
        (
            "<NextContinuationToken>same</NextContinuationToken>",
            "it says again and again that there is more, and lists nothing",
        ),
    ],
)
def test_a_store_that_always_says_that_there_is_more_is_told(
    monkeypatch: pytest.MonkeyPatch, more: str, what: str
) -> None:
    bucket = FakeBucket([])
    monkeypatch.setattr(bucket, "listing", nothing_but(more))

    assert failure_of(bucket.client()) == odd(what)


def test_an_empty_page_is_followed_by_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = FakeBucket(["a", "b"])
    listing = bucket.listing

    def first_nothing(arguments: dict[str, str]) -> str:
        if arguments.get("max-keys") == "1" or "continuation-token" in arguments:
            return listing(arguments)
        return nothing_but("<NextContinuationToken>on</NextContinuationToken>")(arguments)

    monkeypatch.setattr(bucket, "listing", first_nothing)

    assert keys_of(rows_of(reader_of(bucket.client()))) == ["a", "b"]


@pytest.mark.parametrize(
    "text", ["<Other/>", "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>"]
)
def test_a_reply_that_is_no_listing_is_no_empty_bucket(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    bucket = FakeBucket([])
    monkeypatch.setattr(bucket, "listing", lambda _: text)

    with pytest.raises(ResponseParserError):
        rows_of(reader_of(bucket.client()))
    with pytest.raises(JobFailure, match="its answer is no listing"):
        look_at_bucket(Manifest(generator=generator().wire_form()), bucket.client())


def test_requests_that_begin_at_once_each_get_their_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """A successor knows the order of keys, so that all of its threads begin with a listing."""
    s3 = FakeBucket(["a"]).client()
    handlers: Any = s3.meta.events._emitter._handlers  # type: ignore[attr-defined]
    append = handlers.append_item

    def slowly(*given: Any, **more: Any) -> None:
        append(*given, **more)
        time.sleep(0.05)

    monkeypatch.setattr(handlers, "append_item", slowly)

    with ThreadPoolExecutor(4) as threads:
        pages = list(threads.map(lambda _: ask(s3, "list_objects_v2", Bucket="photos"), range(4)))

    assert [[entry.key for entry in page.entries] for page in pages] == [["a"]] * 4


def test_a_reply_that_is_cut_off_is_the_stores_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = FakeBucket(KEYS)
    listing = bucket.listing
    monkeypatch.setattr(bucket, "listing", lambda arguments: listing(arguments)[:-200])

    with pytest.raises(ClientError) as told:
        rows_of(reader_of(bucket.client()))

    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 500


def test_objects_that_come_while_a_bucket_is_listed_are_no_fault() -> None:
    bucket = FakeBucket(KEYS, seconds=0.002)
    answer = bucket.listing

    def growing(arguments: dict[str, str]) -> str:
        number = len(bucket.asked)
        if arguments.get("max-keys") == "1":
            key = f"{arguments.get('start-after', 'k')}+{number}"
            things = sorted([*bucket.things, Thing(key)])
            bucket.things, bucket.places = things, [thing.key for thing in things]
        return answer(arguments)

    bucket.listing = growing  # type: ignore[method-assign]

    keys = keys_of(rows_of(reader_of(bucket.client(), page_size=10)))

    assert len(set(keys)) == len(keys)
    assert set(keys) >= set(KEYS)
