"""The question that comes before all locking: has the bucket Object Lock? (spec.md 5.7)"""

import pytest
from botocore.exceptions import ClientError

from operations import OPERATION_BY_NAME
from operations.base import Store, Unfit
from operations.object_lock import require_object_lock
from tests.operations.examples import EXAMPLES

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def reason_from(store, bucket="photos"):
    with pytest.raises(Unfit) as unfit:
        require_object_lock(store, bucket)
    assert unfit.value.code == "ObjectLockNotEnabled"
    return unfit.value.reason


def configuration(inside):
    return f'<ObjectLockConfiguration xmlns="{NAMESPACE}">{inside}</ObjectLockConfiguration>'


@pytest.mark.parametrize("name", ["S3PutObjectLegalHold", "S3PutObjectRetention"])
def test_what_locks_asks_for_object_lock_on_the_bucket(store, name):
    operation = OPERATION_BY_NAME[name].parse(EXAMPLES[name][0])

    operation.check(store, "locked")
    with pytest.raises(Unfit):
        operation.check(store, "photos")


def test_every_other_operation_asks_nothing():
    nothing = Store(None)  # type: ignore[arg-type]
    for name, kind in OPERATION_BY_NAME.items():
        if name in {"S3PutObjectLegalHold", "S3PutObjectRetention"}:
            assert "s3:GetBucketObjectLockConfiguration" in kind.permissions
        elif not kind.needs_versions and not kind.needs_report and kind.call:
            kind.parse(EXAMPLES[name][0]).check(nothing, "photos")


def test_a_bucket_with_object_lock_passes(played):
    body = configuration("<ObjectLockEnabled>Enabled</ObjectLockEnabled>")

    require_object_lock(played.says(200, body).store, "photos")

    (asked,) = played.asked
    assert (asked.method, asked.path) == ("GET", "/photos?object-lock")


def test_a_bucket_without_object_lock_fails_the_job(store):
    assert reason_from(store) == "Object Lock is not enabled on the bucket photos."


@pytest.mark.parametrize(
    "body",
    [
        configuration(""),
        configuration("<ObjectLockEnabled>Disabled</ObjectLockEnabled>"),
        f'<ListBucketResult xmlns="{NAMESPACE}"><Name>photos</Name></ListBucketResult>',
    ],
    ids=["says nothing", "says it is not", "ignores the question and lists the bucket"],
)
def test_only_enabled_is_taken_for_enabled(played, body):
    reason = reason_from(played.says(200, body).store)

    assert reason == "Object Lock is not enabled on the bucket photos."


@pytest.mark.parametrize(
    ("status", "code", "text"),
    [
        (501, "NotImplemented", "NotImplemented. It seems to have no Object Lock."),
        (405, "MethodNotAllowed", "MethodNotAllowed. It seems to have no Object Lock."),
        (403, "AccessDenied", "AccessDenied. The role needs s3:GetBucketObjectLockConfiguration."),
        (404, "NoSuchBucket", "NoSuchBucket."),
        (400, "InvalidRequest", "InvalidRequest."),
    ],
)
def test_a_store_that_does_not_say_so_fails_the_job_and_is_quoted(played, status, code, text):
    reason = reason_from(played.refuses(status, code).store)

    start = "The store does not say that Object Lock is enabled on the bucket photos: "
    assert reason == start + text


@pytest.mark.parametrize(
    ("status", "code"), [(500, "InternalError"), (503, "SlowDown"), (429, "TooManyRequests")]
)
def test_a_fault_that_may_pass_is_no_verdict(played, status, code):
    with pytest.raises(ClientError, match=code):
        require_object_lock(played.refuses(status, code).store, "photos")
