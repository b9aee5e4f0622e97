"""What a reader of a listing gives, how it shares the work, and that it leaves nothing behind."""

from __future__ import annotations

import gc
import json
import time
import uuid
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from jobs.errors import JobFailure
from tests.conftest import PutObjects
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

    from jobs.generator import ManifestGenerator

UUIDS = [str(uuid.UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128))
         for number in range(20_000)]  # fmt: skip
DATES = [f"data/{year}/{month:02}/{day:02}/{number:04}.jpg" for year in range(2018, 2024)
         for month in range(1, 13) for day in range(1, 29) for number in range(10)]  # fmt: skip
COMMON = [f"very/long/common/prefix/of/all/keys/{number:08}" for number in range(20_000)]
UNEVEN = [f"a/{n}" for n in range(300)] + [f"tenant/blob_{key}" for key in UUIDS] + ["z"]
NO_KEYS = (
    "ManifestGenerationNoKeys",
    "Manifest generation found no keys matching the filter criteria.",
)


def below(*prefixes: str) -> ManifestGenerator:
    return generator(Filter={"KeyNameConstraint": {"MatchAnyPrefix": list(prefixes)}})


# ---- what comes


def test_rows_name_bucket_and_encoded_key(s3: S3Client, put_objects: PutObjects) -> None:
    put_objects("a.jpg", "b c,d+e.jpg", 'q"x', "ü/日本.jpg")

    reader = reader_of(s3)

    assert sorted(rows_of(reader)) == [
        b"photos,%C3%BC/%E6%97%A5%E6%9C%AC.jpg",
        b"photos,a.jpg",
        b"photos,b%20c%2Cd%2Be.jpg",
        b"photos,q%22x",
    ]
    assert (reader.bucket, reader.bytes_read) == ("photos", 0)


def test_with_versions_every_version_comes_and_no_delete_marker(
    s3: S3Client, put_objects: PutObjects
) -> None:
    put_objects("old.jpg")
    s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    put_objects("old.jpg", "gone.jpg")
    s3.delete_object(Bucket="photos", Key="gone.jpg")
    told = s3.list_object_versions(Bucket="photos")["Versions"]

    rows = rows_of(reader_of(s3, versions=True, threads=1))

    assert sorted(rows) == sorted(
        f"photos,{version['Key']},{version['VersionId']}".encode() for version in told
    )
    assert len(rows) == 3
    assert b"photos,old.jpg,null" in rows


def test_the_current_objects_are_listed_without_versions_in_the_same_bucket(
    s3: S3Client, put_objects: PutObjects
) -> None:
    s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
    put_objects("a", "a", "gone")
    s3.delete_object(Bucket="photos", Key="gone")

    assert rows_of(reader_of(s3)) == [b"photos,a"]


def test_only_what_begins_with_one_of_the_prefixes_is_listed(s3: S3Client) -> None:
    bucket = FakeBucket(["2019/a", "2019/b", "2020/c", "2021/d", "20"])

    rows = rows_of(reader_of(bucket.client(), below("2019/", "2019/b", "2020/", "none/")))

    assert keys_of(rows) == ["2019/a", "2019/b", "2020/c"]
    listed = {asked["prefix"] for asked in bucket.asked if "prefix" in asked}
    assert listed == {"2019/", "2020/", "none/"}


def test_no_more_rows_come_than_are_asked_for() -> None:
    reader = reader_of(FakeBucket(UUIDS[:2500]).client())

    taken = []
    while not reader.ended:
        taken.append(len(reader.take(700)))  # fewer, where the store lets it wait for too long

    assert (max(taken), sum(taken)) == (700, 2500)
    assert reader.take(700) == []


def test_take_returns_though_nothing_has_matched_yet() -> None:
    bucket, answers = FakeBucket(COMMON), Event()
    bucket.refuse = lambda *_: None if answers.wait(30) else (500, "take waited for the listing")
    reader = reader_of(bucket.client(), generator(Filter={"ObjectSizeGreaterThanBytes": 5}))

    taken = reader.take(100)

    assert (taken, reader.ended) == ([], False)
    reader.close()
    asked = len(bucket.asked)
    answers.set()
    assert threads_of_readers() == []
    assert len(bucket.asked) <= asked + 8, "each ends after its present request"


@pytest.mark.parametrize("keys", [[], ["a", "b"]])
def test_a_listing_that_finds_nothing_is_a_failure_of_the_job(keys: list[str]) -> None:
    reader = reader_of(
        FakeBucket(keys).client(), generator(Filter={"ObjectSizeGreaterThanBytes": 5})
    )

    with pytest.raises(JobFailure) as told:
        rows_of(reader)

    assert (told.value.code, told.value.reason) == NO_KEYS
    assert threads_of_readers() == []


@pytest.mark.parametrize(("found", "fails"), [(0, True), (1, False)])
def test_a_successor_knows_whether_anything_was_found_before(found: int, fails: bool) -> None:
    saved = {"bucket": "photos", "versions": False, "order": "bytes", "listed": 9, "found": found,
             "ranges": [{"prefix": "", "after": "b", "version": None, "until": None}]}  # fmt: skip
    reader = reader_of(FakeBucket(["a", "b"]).client(), checkpoint=saved)

    if not fails:
        assert rows_of(reader) == []
        return
    with pytest.raises(JobFailure) as told:
        rows_of(reader)
    assert told.value.code == "ManifestGenerationNoKeys"


def test_a_checkpoint_is_json_that_names_the_unfinished_ranges() -> None:
    reader = reader_of(FakeBucket(["a/1", "a/2", "b"]).client())
    assert reader.checkpoint() == {}

    reader.take(2)

    assert json.loads(json.dumps(reader.checkpoint())) == {
        "bucket": "photos",
        "versions": False,
        "order": "bytes",
        "listed": 3,
        "found": 2,
        "ranges": [{"prefix": "", "after": "a/2", "version": None, "until": None}],
    }
    reader.take(2)
    assert reader.checkpoint()["ranges"] == []
    assert reader_of(FakeBucket([]).client(), checkpoint=reader.checkpoint()).ended


# ---- sharing the work


@pytest.mark.parametrize(
    "keys", [UUIDS, DATES, COMMON, UNEVEN], ids=["uuids", "dates", "common", "uneven"]
)
def test_a_bucket_is_listed_side_by_side_however_its_keys_look(keys: list[str]) -> None:
    bucket = FakeBucket(keys, seconds=0.05)

    rows = rows_of(reader_of(bucket.client(), page_size=200))

    assert keys_of(rows) == sorted(keys)
    assert bucket.most_at_once >= 6
    assert len(bucket.asked) < 2 * len(keys) / 200


@pytest.mark.parametrize("count", [1, 10, 900])
def test_few_objects_cost_two_requests(count: int) -> None:
    bucket = FakeBucket(UUIDS[:count])

    rows_of(reader_of(bucket.client()))

    assert len(bucket.asked) == 2


def test_probes_in_vain_are_no_more_than_pages() -> None:
    """Keys that cannot be cut: each is all of its own kind, and much longer than a guess."""
    keys = [chr(0x4E00 + number) * 30 for number in range(2000)]
    bucket = FakeBucket(keys, seconds=0.002)

    rows_of(reader_of(bucket.client(), page_size=20))

    assert bucket.probes <= 2 * 2000 / 20


def test_little_is_listed_ahead_of_who_takes() -> None:
    bucket = FakeBucket(UUIDS)
    reader = reader_of(bucket.client(), threads=2, page_size=100)

    reader.take(1)
    time.sleep(1)

    assert sum(int(asked["max-keys"]) for asked in bucket.asked) < 6000
    assert len(rows_of(reader)) == len(UUIDS) - 1


# ---- leaving nothing behind


def test_the_threads_end_when_all_is_listed() -> None:
    rows_of(reader_of(FakeBucket(UUIDS[:3000]).client()))

    assert threads_of_readers() == []


@pytest.mark.parametrize("forgotten", [True, False])
def test_the_threads_of_a_reader_end_when_it_is_closed_or_forgotten(forgotten: bool) -> None:
    chosen = generator(AskEachObject=True, Filter={"ObjectReplicationStatuses": ["NONE"]})
    reader: Any = reader_of(FakeBucket(UUIDS, seconds=0.01).client(), chosen)
    reader.take(1)

    if forgotten:
        del reader
        gc.collect()
    else:
        reader.close()

    assert threads_of_readers() == []


def test_nothing_is_asked_before_the_first_take() -> None:
    bucket = FakeBucket(["a"])

    reader = reader_of(bucket.client())

    assert (bucket.asked, reader.ended, reader.bucket) == ([], False, "photos")


# ---- a store with an order of its own


def test_a_store_that_orders_keys_by_components_is_listed_in_its_order_and_never_cut() -> None:
    keys = ["a", "a/1", "a/2", "a-b", "a.c/1", "b", *(f"x/{n}/y" for n in range(50))]
    bucket = FakeBucket(keys, order=lambda key: key.split("/"), server="SeaweedFS 4.48")

    rows = rows_of(reader_of(bucket.client(), page_size=3))

    assert keys_of(rows) == sorted(keys)
    assert bucket.probes == 1, "that which asks what the store is"
    begins = {asked["start-after"] for asked in bucket.asked if "start-after" in asked}
    assert all(begin.endswith("/") for begin in begins)


def by_component(things: list[Thing]) -> FakeBucket:
    return FakeBucket(things, order=lambda key: key.split("/"), server="SeaweedFS 4.48")


def test_of_versions_in_such_a_store_only_a_single_page_is_believed() -> None:
    things = [Thing("a/x", f"v{number}") for number in range(1001)]

    with pytest.raises(JobFailure) as told:
        rows_of(reader_of(by_component(things).client(), versions=True))

    assert told.value.code == "ManifestGenerationFailed"
    assert told.value.reason.endswith(
        "it loses versions from one page to the next, and there are over 1,000."
    )


def test_a_successor_finds_its_place_in_the_single_page() -> None:
    things = [Thing(key, f"v{number}") for key in ("a/x", "a-b", "c") for number in range(10)]
    bucket = by_component(things)
    rows: list[bytes] = []
    saved: dict[str, Any] = {}
    while len(rows) < 30:
        reader = reader_of(bucket.client(), versions=True, checkpoint=saved)
        rows += reader.take(7)
        saved = reader.checkpoint()
        reader.close()

    assert sorted(rows) == sorted(f"photos,{one.key},{one.version_id}".encode() for one in things)
    assert not any("key-marker" in asked for asked in bucket.asked)


def test_a_successor_that_does_not_find_its_place_says_so() -> None:
    saved = {"bucket": "photos", "versions": True, "order": "slashes", "listed": 9, "found": 1,
             "ranges": [{"prefix": "", "after": "a", "version": "v9", "until": None}]}  # fmt: skip
    reader = reader_of(by_component([Thing("a")]).client(), versions=True, checkpoint=saved)

    with pytest.raises(JobFailure, match="the version that it listed last is gone"):
        rows_of(reader)


def test_versions_and_delete_markers_may_come_one_kind_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    things = [Thing(key, f"{key}{n}", is_marker=n == 1) for key in "abc" for n in range(3)]
    bucket = FakeBucket(things)
    written = bucket.listing

    def by_kind(arguments: dict[str, str]) -> str:
        head, *rest = written(arguments).split("<DeleteMarker>")
        markers = [one.partition("</DeleteMarker>") for one in rest]
        body = head + "".join(tail for _, _, tail in markers)
        ends = "".join(f"<DeleteMarker>{one}</DeleteMarker>" for one, _, _ in markers)
        return body.replace("</ListVersionsResult>", f"{ends}</ListVersionsResult>")

    monkeypatch.setattr(bucket, "listing", by_kind)

    rows = rows_of(reader_of(bucket.client(), versions=True, page_size=4))

    assert sorted(rows) == sorted(
        f"photos,{thing.key},{thing.version_id}".encode() for thing in things if not thing.is_marker
    )
