"""Fills the store: three buckets, the objects with their versions, the manifests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from jobs.demo import objects
from jobs.demo.plan import COPIES, REPORTS, SOURCE, Contents, Plan
from jobs.demo.store import THREADS, EmbeddedStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Item = TypeVar("Item")
Found = TypeVar("Found")
Advance = Callable[[int], None]
"""Is told how many items are done."""


def in_threads(
    work: Callable[[Item], Found], items: Iterable[Item], advance: Advance
) -> list[Found]:
    """`work` on each item, a few at a time; the results in the items' order.

    Ends at the first exception.
    """
    pool = ThreadPoolExecutor(THREADS)
    found: list[Found] = []
    try:
        for result in pool.map(work, items):
            found.append(result)
            advance(len(found))
    finally:
        pool.shutdown(cancel_futures=True)
    return found


def fill(store: EmbeddedStore, advance: Advance) -> Contents:
    """Make the buckets and put the objects. A few of them get a second version."""
    s3 = store.client()
    for bucket in (SOURCE, COPIES, REPORTS):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=SOURCE, VersioningConfiguration={"Status": "Enabled"})
    keys = objects.all_keys(left_out=store.cannot_hold)
    first = dict(zip(keys, in_threads(lambda key: _put(s3, key), keys, advance), strict=True))
    latest = {key: _put(s3, key, rewritten=True) for key in objects.rewritten_keys(keys)}
    return Contents(first=first, latest={**first, **latest})


def put_manifest(store: EmbeddedStore, plan: Plan) -> None:
    """Put the plan's manifest beside the reports."""
    store.client().put_object(Bucket=REPORTS, Key=plan.manifest_key, Body=plan.manifest)


def _put(s3: S3Client, key: str, *, rewritten: bool = False) -> str:
    body = objects.body(key, rewritten=rewritten)
    return s3.put_object(Bucket=SOURCE, Key=key, Body=body)["VersionId"]
