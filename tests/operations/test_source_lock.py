"""Replicate does not lose the locks of versions, nor those that HeadObject leaves out.

moto does not know GetObjectRetention, so the tests say what it answers.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from operations import replicate_object
from operations.base import Again, Target
from operations.perform import perform
from operations.replicate_object import ReplicateObject
from operations.replication_rules import Rule
from tests.operations.test_replicate_object import answer_with

REPLICATE = ReplicateObject.parse({})
UNTIL = datetime(2040, 1, 2, tzinfo=UTC)
LOCK = {
    "ObjectLockMode": "GOVERNANCE",
    "ObjectLockRetainUntilDate": UNTIL,
    "ObjectLockLegalHoldStatus": "ON",
}


@pytest.fixture(autouse=True)
def _rules(s3, monkeypatch) -> None:
    """Everything goes to the bucket near, which has Object Lock; HeadObject tells no lock."""
    s3.create_bucket(Bucket="near", ObjectLockEnabledForBucket=True)
    rule = Rule(bucket="near")
    monkeypatch.setattr(replicate_object, "remembered_rules", lambda s3, bucket: (rule,))

    def hide(parsed, **_):
        for name in LOCK:
            parsed.pop(name, None)

    s3.meta.events.register("after-call.s3.HeadObject", hide)


RETENTION = (
    "<Retention><Mode>GOVERNANCE</Mode>"
    "<RetainUntilDate>2040-01-02T00:00:00Z</RetainUntilDate></Retention>"
)


def no_retention(s3) -> None:
    answer_with(s3, "GetObjectRetention", 404, "NoSuchObjectLockConfiguration")


def test_a_lock_that_head_object_leaves_out_is_asked_for(s3, store, put):
    version = put("a.txt", bucket="locked", **LOCK)
    answer_with(s3, "GetObjectRetention", 200, "", text=RETENTION)
    sent: dict[str, str] = {}
    s3.meta.events.register(
        "before-call.s3.CopyObject", lambda params, **_: sent.update(params["headers"])
    )

    perform(REPLICATE, store, Target("locked", "a.txt", version))

    assert sent["x-amz-object-lock-mode"] == "GOVERNANCE"
    assert sent["x-amz-object-lock-retain-until-date"] == "2040-01-02T00:00:00Z"
    assert sent["x-amz-object-lock-legal-hold"] == "ON"


def test_a_version_without_a_lock_is_copied_without_one(s3, store, put):
    version = put("a.txt", bucket="locked")
    no_retention(s3)

    assert perform(REPLICATE, store, Target("locked", "a.txt", version)).succeeded


@pytest.mark.parametrize(
    ("call", "reported"),
    [
        ("GetObjectRetention", "SrcGetRetentionNotPermitted"),
        ("GetObjectLegalHold", "SrcGetLegalHoldNotPermitted"),
    ],
)
def test_a_lock_that_may_not_be_read_fails_the_task(s3, store, put, call, reported):
    version = put("a.txt", bucket="locked")
    if call == "GetObjectLegalHold":
        no_retention(s3)
    answer_with(s3, call, 403, "AccessDenied")

    outcome = perform(REPLICATE, store, Target("locked", "a.txt", version))

    assert (outcome.http_status, outcome.error_code) == (403, reported)
    assert s3.list_object_versions(Bucket="near").get("Versions", []) == []


def test_a_bucket_that_may_not_be_asked_about_locks_is_taken_for_one_that_has_them(s3, store, put):
    version = put("a.txt", bucket="versions")
    answer_with(s3, "GetObjectLockConfiguration", 403, "AccessDenied")
    answer_with(s3, "GetObjectRetention", 403, "AccessDenied")

    outcome = perform(REPLICATE, store, Target("versions", "a.txt", version))

    assert outcome.error_code == "SrcGetRetentionNotPermitted"


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "ObjectLockConfigurationNotFoundError"), (501, "NotImplemented")],
)
def test_where_there_is_no_object_lock_no_version_is_asked(s3, store, put, status, code):
    version = put("a.txt", bucket="versions")
    answer_with(s3, "GetObjectLockConfiguration", status, code)
    answer_with(s3, "GetObjectRetention", 403, "AccessDenied")

    assert perform(REPLICATE, store, Target("versions", "a.txt", version)).succeeded


def test_a_store_that_is_busy_is_asked_again_later(s3, store, put):
    version = put("a.txt", bucket="locked")
    answer_with(s3, "GetObjectLockConfiguration", 503, "SlowDown")

    outcome = perform(REPLICATE, store, Target("locked", "a.txt", version))

    assert outcome.again is Again.THROTTLED
