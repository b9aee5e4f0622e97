"""The probe: what a store's answers and deeds come to, and that nothing is left of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from operations import OPERATION_BY_NAME
from operations.base import Store
from operations.probe import NOT_TRIED, PLANS, Finding, probe

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = ".lading-probe/"
TAGS, ACL, HOLD = "S3PutObjectTagging", "S3PutObjectAcl", "S3PutObjectLegalHold"
COPY, NO_TAGS, KEEP = "S3PutObjectCopy", "S3DeleteObjectTagging", "S3PutObjectRetention"
KEY = "S3UpdateObjectEncryption"
CALL = {
    COPY: "CopyObject",
    TAGS: "PutObjectTagging",
    NO_TAGS: "DeleteObjectTagging",
    ACL: "PutObjectAcl",
    HOLD: "PutObjectLegalHold",
    KEEP: "PutObjectRetention",
    KEY: "UpdateObjectEncryption",
}
COPIED = {"CopyObjectResult": {"ETag": "0"}}

Fake = Callable[..., None]
Reply = tuple[SimpleNamespace, dict[str, Any]]


def reply(status: int, code: str, members: dict[str, Any]) -> Reply:
    """What botocore makes of an answer."""
    error = {"Error": {"Code": code, "Message": "No."}} if code else {}
    about = {"ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}}}
    return SimpleNamespace(status_code=status), {**members, **error, **about}


@pytest.fixture
def fake(s3: S3Client) -> Fake:
    """Let the store answer a call without doing it: fake("PutObjectAcl", 200, deed=…).

    `after` calls are let through first.
    """

    def answer(
        call: str,
        status: int,
        code: str = "",
        *,
        members: dict[str, Any] | None = None,
        deed: Callable[[], object] | None = None,
        after: int = 0,
    ) -> None:
        calls = count()

        def handler(**_: object) -> Reply | None:
            if next(calls) < after:
                return None
            if deed:
                deed()
            return reply(status, code, members or {})

        s3.meta.events.register(f"before-call.s3.{call}", handler)

    return answer


@pytest.fixture
def lock(s3: S3Client) -> str:
    """A bucket with Object Lock."""
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    return "locked"


def scratch_keys(s3: S3Client, bucket: str = "photos") -> list[str]:
    """Keys of all versions and markers under the prefix."""
    reply = s3.list_object_versions(Bucket=bucket, Prefix=PREFIX)
    return [row["Key"] for row in [*reply.get("Versions", []), *reply.get("DeleteMarkers", [])]]


def overwrite(s3: S3Client, bucket: str = "photos") -> None:
    """Put XML in the place of the scratch object."""
    for key in scratch_keys(s3, bucket):
        s3.put_object(Bucket=bucket, Key=key, Body=b"<Tagging/>")


# ---- what the store does


@pytest.mark.parametrize("operation", [TAGS, ACL, NO_TAGS])
def test_an_operation_with_an_effect_works(s3: S3Client, operation: str) -> None:
    assert probe(operation, Store(s3), "photos", PREFIX).finding == Finding.WORKS
    assert scratch_keys(s3) == []


@pytest.mark.parametrize("operation", PLANS)
def test_a_success_without_an_effect_is_ignored_silently(
    s3: S3Client, fake: Fake, lock: str, operation: str
) -> None:
    fake(CALL[operation], 200, members=COPIED if operation == COPY else {})

    found = probe(operation, Store(s3), lock, PREFIX)

    assert found.finding == Finding.IGNORED
    assert found.detail == "It answered 200, and did nothing that can be seen."
    assert scratch_keys(s3, lock) == []


@pytest.mark.parametrize("operation", PLANS)
def test_a_refusal_that_changes_nothing_is_clean(
    s3: S3Client, fake: Fake, lock: str, operation: str
) -> None:
    fake(CALL[operation], 501, "NotImplemented")

    found = probe(operation, Store(s3), lock, PREFIX)

    assert (found.finding, found.http_status, found.error_code) == (
        Finding.REFUSED,
        501,
        "NotImplemented",
    )
    assert scratch_keys(s3, lock) == []


@pytest.mark.parametrize(("status", "code"), [(200, ""), (501, "NotImplemented"), (500, "Oops")])
def test_whatever_the_store_says_a_body_that_changed_is_destroyed(
    s3: S3Client, fake: Fake, status: int, code: str
) -> None:
    fake("PutObjectTagging", status, code, deed=lambda: overwrite(s3))

    found = probe(TAGS, Store(s3), "photos", PREFIX)

    assert found.finding == Finding.DESTROYS
    assert "the object's content was replaced: it begins with '<Tagging/>'" in found.detail
    assert scratch_keys(s3) == []


def test_an_object_that_is_gone_is_destroyed_also_behind_a_delete_marker(
    s3: S3Client, fake: Fake
) -> None:
    versions = {"Bucket": "photos", "VersioningConfiguration": {"Status": "Enabled"}}
    s3.put_bucket_versioning(**versions)  # type: ignore[arg-type]

    def delete() -> None:
        s3.delete_object(Bucket="photos", Key=scratch_keys(s3)[0])

    fake("DeleteObjectTagging", 204, deed=delete)

    found = probe(NO_TAGS, Store(s3), "photos", PREFIX)

    assert (found.finding, found.detail) == (
        Finding.DESTROYS,
        "It answered 204, and the object is gone.",
    )
    assert scratch_keys(s3) == []


def test_a_copy_of_something_else_destroys_what_it_replaces(s3: S3Client, fake: Fake) -> None:
    def copy_nothing() -> None:
        (key,) = scratch_keys(s3)
        s3.put_object(Bucket="photos", Key=f"{PREFIX}copy/{key}", Body=b"")

    fake("CopyObject", 200, members=COPIED, deed=copy_nothing)

    found = probe(COPY, Store(s3), "photos", PREFIX)

    assert found.finding == Finding.DESTROYS
    assert "the copy is not what was copied" in found.detail
    assert scratch_keys(s3) == []


def test_a_hold_that_cannot_be_taken_off_again_is_ignored(
    s3: S3Client, fake: Fake, lock: str
) -> None:
    fake("PutObjectLegalHold", 200, after=1)

    found = probe(HOLD, Store(s3), lock, PREFIX)

    assert found.finding == Finding.IGNORED


# ---- what cannot be known


@pytest.mark.parametrize(
    ("call", "status", "code", "told"),
    [
        (
            "PutObject",
            403,
            "AccessDenied",
            "The role may not write a scratch object to photos: 403",
        ),
        (
            "PutObject",
            404,
            "NoSuchBucket",
            "The role may not write a scratch object to photos: 404",
        ),
        ("GetObject", 403, "AccessDenied", "The role may not read its scratch object: 403"),
        ("PutObjectTagging", 403, "AccessDenied", "The role may not do it to its scratch object"),
        ("PutObjectTagging", 503, "SlowDown", "The store gave no clear answer: 503 SlowDown."),
        ("PutObjectTagging", 500, "InternalError", "The store gave no clear answer: 500"),
        ("GetObjectTagging", 403, "AccessDenied", "but what it did cannot be read back: 403"),
        ("GetObjectTagging", 501, "NotImplemented", "but what it did cannot be read back: 501"),
    ],
)
def test_what_cannot_be_tried_or_seen_is_untried(
    s3: S3Client, fake: Fake, call: str, status: int, code: str, told: str
) -> None:
    fake(call, status, code)

    found = probe(TAGS, Store(s3), "photos", PREFIX)

    assert found.finding == Finding.UNTRIED
    assert told in found.detail


def test_an_answer_that_is_not_of_s3_is_untried(s3: S3Client, fake: Fake) -> None:
    def garble() -> None:
        raise ResponseParserError("no XML")

    fake("GetObjectTagging", 200, deed=garble)

    found = probe(TAGS, Store(s3), "photos", PREFIX)

    assert found.finding == Finding.UNTRIED
    assert "the answer is not what S3 answers" in found.detail


def test_a_store_that_gives_back_something_else_from_the_first_is_untried(
    s3: S3Client, fake: Fake
) -> None:
    fake("GetObject", 200, members={"Body": BytesIO(b"sealed")})

    found = probe(TAGS, Store(s3), "photos", PREFIX)

    assert found.detail == "The store does not give back the scratch object as it was."


def test_a_deletion_of_tags_that_were_never_there_is_untried(s3: S3Client, fake: Fake) -> None:
    fake("GetObjectTagging", 200, members={"TagSet": []})

    found = probe(NO_TAGS, Store(s3), "photos", PREFIX)

    assert (found.finding, found.detail) == (
        Finding.UNTRIED,
        "The scratch object got no tags that could be deleted.",
    )


@pytest.mark.parametrize("operation", [HOLD, KEEP])
def test_a_bucket_without_object_lock_tells_nothing_of_locks(
    s3: S3Client, fake: Fake, operation: str
) -> None:
    fake(CALL[operation], 400, "InvalidRequest")

    found = probe(operation, Store(s3), "photos", PREFIX)

    assert (found.finding, found.detail) == (
        Finding.UNTRIED,
        "The bucket photos has no Object Lock, so it could not be tried there.",
    )


@pytest.mark.parametrize("operation", [HOLD, KEEP])
def test_a_lock_that_destroys_is_found_also_without_object_lock(
    s3: S3Client, fake: Fake, operation: str
) -> None:
    fake(CALL[operation], 200, deed=lambda: overwrite(s3))

    assert probe(operation, Store(s3), "photos", PREFIX).finding == Finding.DESTROYS


def test_a_store_that_does_not_answer_is_no_finding(s3: S3Client, fake: Fake) -> None:
    fake("PutObject", 503, "SlowDown")

    with pytest.raises(ClientError):
        probe(TAGS, Store(s3), "photos", PREFIX)


# ---- nothing is left


@pytest.mark.parametrize("operation", PLANS)
@pytest.mark.parametrize("last", [2, 3, 4, 5])
def test_a_trial_that_is_called_off_midway_leaves_nothing(
    s3: S3Client, lock: str, operation: str, last: int
) -> None:
    ticks = iter(range(1, 1000))

    def tick() -> None:
        if next(ticks) == last:
            raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        probe(operation, Store(s3), lock, PREFIX, tick)

    assert scratch_keys(s3, lock) == []


def test_versions_are_deleted_also_where_the_store_does_not_list_them(
    s3: S3Client, lock: str
) -> None:
    refused: list[int] = [1]

    def refuse(**_: object) -> Reply | None:
        return reply(403, "AccessDenied", {}) if refused else None

    s3.meta.events.register("before-call.s3.ListObjectVersions", refuse)

    assert probe(COPY, Store(s3), lock, PREFIX).finding == Finding.WORKS
    refused.clear()
    assert scratch_keys(s3, lock) == []


def test_a_trial_costs_a_handful_of_requests(s3: S3Client) -> None:
    sent: list[str] = []
    s3.meta.events.register("before-send.s3", lambda request, **_: sent.append(request.method))

    probe(TAGS, Store(s3), "photos", PREFIX)

    assert len(sent) <= 10, sent


def test_a_lock_of_a_trial_lasts_seconds(s3: S3Client, lock: str) -> None:
    until: list[datetime] = []
    s3.meta.events.register(
        "provide-client-params.s3.PutObjectRetention",
        lambda params, **_: until.append(params["Retention"]["RetainUntilDate"]),
    )

    probe(KEEP, Store(s3), lock, PREFIX)

    assert len(until) == 2, "the latest version, and the same by its id"
    for end in until:
        assert timedelta() < end - datetime.now(UTC) < timedelta(minutes=1)


def test_every_operation_is_tried_or_it_is_said_why_not() -> None:
    assert not set(PLANS) & set(NOT_TRIED)
    assert set(PLANS) | set(NOT_TRIED) == set(OPERATION_BY_NAME)
