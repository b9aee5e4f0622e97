"""Situations in which every store has to refuse, and what AWS says in each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from operations.base import Outcome, Store, Target
from tests.stores.cases import CASES, Case, Trial
from tests.stores.servers import OWNER, Credentials
from tests.stores.shop import Shop
from tests.stores.trying import Lane, perform_all, sender_of

KEY = "photos/a b+c.jpg"
UNKNOWN = Credentials("lading-unknown", OWNER.secret_access_key)
FORGED = Credentials(OWNER.access_key_id, "not-the-secret-of-the-owner")
NO_VERSIONS = "no versions"


@dataclass(frozen=True)
class Place:
    """A bucket with versions, and two objects in it."""

    bucket: str
    other_version: str | None
    """A version id that belongs to another key."""
    absent_key: str = ""
    """A key that no other operation has been tried on, since some stores make what is missing."""


def arrange(shop: Shop) -> Place:
    """Make the bucket and its objects."""
    bucket = "refusals"
    shop.make_bucket(bucket, versions=True)
    shop.put(bucket, KEY, b"content")
    return Place(bucket, shop.put(bucket, "another", b"content"))


Situation = Callable[[Shop, Place], tuple[Target, Credentials] | None]


def missing_version(shop: Shop, place: Place) -> tuple[Target, Credentials] | None:
    """A version id that the store knows, of another key; None where there are no versions."""
    if place.other_version is None:
        return None
    return Target(place.bucket, KEY, place.other_version), shop.server.owner


SITUATIONS: dict[str, Situation] = {
    "missing key": lambda shop, place: (Target(place.bucket, place.absent_key), shop.server.owner),
    "missing version": missing_version,
    "missing bucket": lambda shop, _: (Target("lading-nowhere", KEY), shop.server.owner),
    "unknown access key": lambda _, place: (Target(place.bucket, KEY), UNKNOWN),
    "forged signature": lambda _, place: (Target(place.bucket, KEY), FORGED),
    "forbidden": lambda shop, place: (Target(place.bucket, KEY), shop.server.reader),
}
ON_AWS = {
    "missing key": "404 NoSuchKey",
    "missing version": "404 NoSuchVersion",
    "missing bucket": "404 NoSuchBucket",
    "unknown access key": "403 InvalidAccessKeyId",
    "forged signature": "403 SignatureDoesNotMatch",
    "forbidden": "403 AccessDenied",
}
TRIED: dict[str, Case] = {
    case.title: case
    for case in CASES
    if case.name in {"S3PutObjectCopy", "S3PutObjectTagging", "S3DeleteObjectTagging"}
    or case.title in {"Replace ACL, canned", "Object Lock legal hold on"}
    if case.title != "Copy with new tags and metadata"
}
"""One case of each operation that is tried in these situations."""


def refuse(shop: Shop, place: Place, case: Case, situation: str, lane: Lane) -> Outcome | None:
    """What the store says to an operation in a situation that cannot be."""
    where = SITUATIONS[situation](shop, replace(place, absent_key=f"{lane.value}/{case.slug}"))
    if where is None:
        return None
    target, who = where
    operation = case.operation(Trial(shop, "refused"))
    store = Store(shop.server.client(who))
    (outcome,) = perform_all(sender_of(lane, operation, store, target), [target])
    return outcome


def said_of(outcome: Outcome | None) -> str:
    """The outcome as it is declared."""
    if outcome is None:
        return NO_VERSIONS
    if outcome.succeeded:
        return f"not refused: {outcome.http_status}"
    return f"{outcome.http_status} {outcome.error_code}"
