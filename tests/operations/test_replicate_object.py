"""Replicate (spec.md 5.9). moto forgets the filters of rules, so most tests say them themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from operations import replica
from operations.base import Again, InvalidParameters, Target, Unfit
from operations.perform import perform
from operations.replicate_object import ReplicateObject

REPLICATE = ReplicateObject.parse({})
MIB = 1024 * 1024
MARKERS = {"DeleteMarkerReplication": {"Status": "Enabled"}}


@pytest.fixture
def buckets(s3) -> None:
    """Two destinations that keep versions: near and far."""
    for bucket in ("near", "far"):
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


@pytest.fixture
def rules(s3, buckets, monkeypatch):
    """Say the rules of the bucket versions: rules({}, {"bucket": "far", "Filter": {…}})."""
    asked = []

    def say(*given: dict[str, Any]):
        told = []
        for number, changes in enumerate(given):
            place = {"Bucket": f"arn:aws:s3:::{changes.get('bucket', 'near')}"}
            rest = {k: v for k, v in changes.items() if k not in ("bucket", "Destination")}
            rule = {"Status": "Enabled", "Priority": number, "Filter": {}, **rest}
            told.append({**rule, "Destination": {**place, **changes.get("Destination", {})}})

        def answer(Bucket):
            asked.append(Bucket)
            return {"ReplicationConfiguration": {"Role": "r", "Rules": told}}

        monkeypatch.setattr(s3, "get_bucket_replication", answer)
        return asked

    return say


def body_of(s3, bucket: str, key: str) -> bytes:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def keys_in(s3, bucket: str) -> list[str]:
    return [entry["Key"] for entry in s3.list_object_versions(Bucket=bucket).get("Versions", [])]


def told(outcome) -> tuple[bool, int | None, str]:
    return outcome.succeeded, outcome.http_status, outcome.error_code


NOT_ELIGIBLE = (False, 500, "SrcObjectNotEligible")


# ---- copying


def test_the_listed_version_is_copied_with_its_metadata_and_tags(s3, store, put, rules):
    rules({})
    first = put(
        "a b/ü+.txt",
        bucket="versions",
        body=b"first",
        Metadata={"team": "web"},
        ContentType="text/x-special",
        Tagging="keep=yes",
    )
    put("a b/ü+.txt", bucket="versions", body=b"second")

    outcome = perform(REPLICATE, store, Target("versions", "a b/ü+.txt", first))

    assert outcome == ReplicateObject.plain_success
    assert outcome.message == "success"
    reply = s3.get_object(Bucket="near", Key="a b/ü+.txt")
    assert reply["Body"].read() == b"first"
    assert (reply["Metadata"], reply["ContentType"]) == ({"team": "web"}, "text/x-special")
    tags = s3.get_object_tagging(Bucket="near", Key="a b/ü+.txt")["TagSet"]
    assert tags == [{"Key": "keep", "Value": "yes"}]


def test_rules_as_the_store_keeps_them_are_obeyed(s3, store, put, buckets):
    s3.put_bucket_replication(
        Bucket="versions",
        ReplicationConfiguration={
            "Role": "arn:aws:iam::123456789012:role/r",
            "Rules": [
                {
                    "Priority": 1,
                    "Status": "Enabled",
                    "Filter": {},
                    "DeleteMarkerReplication": {"Status": "Disabled"},
                    "Destination": {"Bucket": "arn:aws:s3:::far"},
                }
            ],
        },
    )
    version = put("a.txt", bucket="versions")

    REPLICATE.check(store, "versions")
    assert perform(REPLICATE, store, Target("versions", "a.txt", version)).succeeded
    assert keys_in(s3, "far") == ["a.txt"]


def test_every_destination_gets_a_replica(s3, store, put, rules):
    rules({}, {"bucket": "far"})
    version = put("a.txt", bucket="versions")

    assert perform(REPLICATE, store, Target("versions", "a.txt", version)).succeeded
    assert keys_in(s3, "near") == keys_in(s3, "far") == ["a.txt"]


def test_only_rules_whose_prefix_and_tags_fit_count(s3, store, put, rules):
    rules(
        {"Filter": {"Prefix": "photos/"}},
        {"bucket": "far", "Filter": {"Tag": {"Key": "keep", "Value": "yes"}}},
    )
    photo = put("photos/a", bucket="versions")
    tagged = put("other/b", bucket="versions", Tagging="keep=yes")

    assert perform(REPLICATE, store, Target("versions", "photos/a", photo)).succeeded
    assert perform(REPLICATE, store, Target("versions", "other/b", tagged)).succeeded
    assert keys_in(s3, "near") == ["photos/a"]
    assert keys_in(s3, "far") == ["other/b"]


def test_the_rule_of_the_highest_priority_says_how_a_destination_keeps_it(s3, store, put, rules):
    rules(*({"Destination": {"StorageClass": name}} for name in ("ONEZONE_IA", "STANDARD_IA")))
    version = put("a.txt", bucket="versions")

    perform(REPLICATE, store, Target("versions", "a.txt", version))

    assert keys_in(s3, "near") == ["a.txt"]
    assert s3.head_object(Bucket="near", Key="a.txt")["StorageClass"] == "STANDARD_IA"


def test_without_a_word_of_the_rule_the_storage_class_is_that_of_the_source(s3, store, put, rules):
    rules({})
    version = put("a.txt", bucket="versions", StorageClass="STANDARD_IA")

    perform(REPLICATE, store, Target("versions", "a.txt", version))

    assert s3.head_object(Bucket="near", Key="a.txt")["StorageClass"] == "STANDARD_IA"


def sent_with_copy(s3) -> dict[str, str]:
    """The headers of the CopyObject that comes."""
    headers: dict[str, str] = {}

    def note(params, **_):
        headers.update(params["headers"])

    s3.meta.events.register("before-call.s3.CopyObject", note)
    return headers


def test_owner_and_encryption_are_as_the_rule_says(s3, store, put, rules):
    rules(
        {
            "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
            "Destination": {
                "Account": "123456789012",
                "AccessControlTranslation": {"Owner": "Destination"},
                "EncryptionConfiguration": {"ReplicaKmsKeyID": "key-1"},
            },
        }
    )
    version = put("a.txt", bucket="versions", ServerSideEncryption="aws:kms")
    headers = sent_with_copy(s3)

    perform(REPLICATE, store, Target("versions", "a.txt", version))

    assert headers["x-amz-acl"] == "bucket-owner-full-control"
    assert headers["x-amz-expected-bucket-owner"] == "123456789012"
    assert headers["x-amz-server-side-encryption"] == "aws:kms"
    assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == "key-1"


def test_the_key_of_a_rule_is_only_for_objects_that_are_under_kms(s3, store, put, rules):
    rules({"Destination": {"EncryptionConfiguration": {"ReplicaKmsKeyID": "key-1"}}})
    version = put("a.txt", bucket="versions")
    headers = sent_with_copy(s3)

    assert perform(REPLICATE, store, Target("versions", "a.txt", version)).succeeded

    assert "x-amz-server-side-encryption" not in headers
    assert "x-amz-server-side-encryption-aws-kms-key-id" not in headers


@pytest.mark.parametrize(("days", "is_kept"), [(30, True), (-1, False)])
def test_a_lock_is_kept_while_it_lasts(s3, store, put, rules, monkeypatch, days, is_kept):
    rules({})
    version = put("a.txt", bucket="versions")
    head = s3.head_object
    lock = {
        "ObjectLockMode": "GOVERNANCE",
        "ObjectLockRetainUntilDate": datetime.now(UTC) + timedelta(days=days),
        "ObjectLockLegalHoldStatus": "ON",
    }
    monkeypatch.setattr(s3, "head_object", lambda **given: {**head(**given), **lock})
    headers = sent_with_copy(s3)

    perform(REPLICATE, store, Target("versions", "a.txt", version))

    assert ("x-amz-object-lock-mode" in headers) is is_kept
    assert ("x-amz-object-lock-retain-until-date" in headers) is is_kept
    assert headers["x-amz-object-lock-legal-hold"] == "ON"


def test_the_rules_are_asked_for_once_for_many_objects(s3, store, put, rules):
    asked = rules({})
    version = put("a.txt", bucket="versions")

    for _ in range(5):
        assert perform(REPLICATE, store, Target("versions", "a.txt", version)).succeeded

    assert asked == ["versions"]


# ---- above 5 GB


@pytest.fixture
def small_limits(monkeypatch) -> None:
    """6 MiB are too large for one call, and a part has 5 MiB."""
    monkeypatch.setattr(replica, "LARGEST_COPY", 6 * MIB)
    monkeypatch.setattr(replica, "PART_SIZE", 5 * MIB)


def test_a_large_object_is_copied_in_parts_with_its_metadata_and_tags(
    s3, store, put, rules, small_limits
):
    rules({"Destination": {"StorageClass": "STANDARD_IA"}})
    content = bytes(range(256)) * 4096 * 12
    version = put(
        "big", bucket="versions", body=content, Metadata={"team": "web"}, ContentType="x/y",
        Tagging="a=1&b=2%20%2B",
    )  # fmt: skip

    outcome = perform(REPLICATE, store, Target("versions", "big", version))

    assert outcome.succeeded, outcome
    reply = s3.get_object(Bucket="near", Key="big")
    assert reply["Body"].read() == content
    assert reply["ETag"].endswith('-3"')
    assert (reply["Metadata"], reply["ContentType"]) == ({"team": "web"}, "x/y")
    assert reply["StorageClass"] == "STANDARD_IA"
    tags = s3.get_object_tagging(Bucket="near", Key="big")["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"a": "1", "b": "2 +"}


def test_an_upload_in_parts_that_fails_is_aborted(s3, store, put, rules, small_limits, monkeypatch):
    rules({})
    version = put("big", bucket="versions", body=b"x" * 7 * MIB)

    def fail(**_):
        raise EndpointConnectionError(endpoint_url="http://store")

    monkeypatch.setattr(s3, "upload_part_copy", fail)

    outcome = perform(REPLICATE, store, Target("versions", "big", version))

    assert outcome.again is Again.FAULT
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="near")


@pytest.mark.parametrize(
    ("size", "parts"), [(5 * 1024**3 + 1, 6), (5 * 1024**4, 5120), (50 * 1024**4, 10_000)]
)
def test_parts_are_at_most_ten_thousand_and_cover_all(size, parts):
    found = list(replica.ranges(size))

    assert len(found) == parts
    assert (found[0][0], found[-1][1]) == (0, size - 1)
    assert all(one[1] + 1 == two[0] for one, two in pairwise(found))


# ---- delete markers


def marker(s3, key: str = "a.txt") -> str:
    return s3.delete_object(Bucket="versions", Key=key)["VersionId"]


def markers_in(s3, bucket: str) -> list[str]:
    found = s3.list_object_versions(Bucket=bucket).get("DeleteMarkers", [])
    return [entry["Key"] for entry in found]


def test_a_delete_marker_goes_where_the_rule_takes_them_and_only_once(s3, store, put, rules):
    rules({**MARKERS}, {"bucket": "far"})
    for bucket in ("versions", "near", "far"):
        put("a.txt", bucket=bucket)
    version = marker(s3)

    for _ in range(2):
        assert perform(REPLICATE, store, Target("versions", "a.txt", version)).succeeded

    assert markers_in(s3, "near") == ["a.txt"]
    assert markers_in(s3, "far") == []


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {**MARKERS, "Filter": {"Prefix": "other/"}},
        {**MARKERS, "Filter": {"Tag": {"Key": "a", "Value": "1"}}},
    ],
)
def test_a_delete_marker_that_no_rule_takes_is_not_eligible(s3, store, put, rules, rule):
    rules(rule)
    put("a.txt", bucket="versions")

    outcome = perform(REPLICATE, store, Target("versions", "a.txt", marker(s3)))

    assert told(outcome) == NOT_ELIGIBLE
    assert markers_in(s3, "near") == []


# ---- what is not replicated


def test_what_no_rule_is_for_is_not_eligible_in_the_words_of_aws(s3, store, put, rules):
    rules({"Filter": {"Prefix": "photos/"}})
    version = put("other", bucket="versions")

    outcome = perform(REPLICATE, store, Target("versions", "other", version))

    assert told(outcome) == NOT_ELIGIBLE
    assert outcome.message == "Object is not eligible for replication"
    assert outcome.again is Again.NEVER


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_archived_objects_are_not_eligible(s3, store, put, rules, storage_class):
    rules({})
    version = put("a.txt", bucket="versions", StorageClass=storage_class)

    assert told(perform(REPLICATE, store, Target("versions", "a.txt", version))) == NOT_ELIGIBLE


@pytest.mark.parametrize(("takes", "succeeds"), [("Enabled", True), ("Disabled", False)])
def test_objects_under_kms_go_only_where_a_rule_takes_them(s3, store, put, rules, takes, succeeds):
    rules({"SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": takes}}})
    version = put("a.txt", bucket="versions", ServerSideEncryption="aws:kms")

    outcome = perform(REPLICATE, store, Target("versions", "a.txt", version))

    assert outcome.succeeded is succeeds


# ---- refusals


def test_a_missing_version_is_told(s3, store, rules):
    rules({})

    outcome = perform(REPLICATE, store, Target("versions", "gone", "never-was"))

    assert told(outcome) == (False, 404, "SrcObjectNotFound")


@pytest.mark.parametrize(
    ("bucket", "code", "status"),
    [("archive", "DstBucketUnversioned", 500), ("nowhere", "DstBucketNotFound", 404)],
)
def test_a_destination_that_cannot_take_replicas_is_told(
    s3, store, put, rules, bucket, code, status
):
    rules({"bucket": bucket})
    version = put("a.txt", bucket="versions")

    outcome = perform(REPLICATE, store, Target("versions", "a.txt", version))

    assert told(outcome) == (False, status, code)


def test_a_destination_that_fails_does_not_keep_the_others_waiting(s3, store, put, rules):
    rules({"bucket": "nowhere"}, {"bucket": "far"})
    version = put("a.txt", bucket="versions")

    outcome = perform(REPLICATE, store, Target("versions", "a.txt", version))

    assert told(outcome) == (False, 404, "DstBucketNotFound")
    assert keys_in(s3, "far") == ["a.txt"]


REFUSALS = {
    "HeadObject": [(403, "403", "SrcGetObjectNotPermitted", Again.NEVER)],
    "CopyObject": [
        (403, "AccessDenied", "DstPutObjectNotPermitted", Again.NEVER),
        (404, "NoSuchBucket", "DstBucketNotFound", Again.NEVER),
        (404, "NoSuchVersion", "SrcObjectNotFound", Again.NEVER),
        (400, "KMS.NotFoundException", "DstKmsKeyNotFound", Again.NEVER),
        (400, "KMS.DisabledException", "DstKmsKeyInvalidState", Again.NEVER),
        (301, "PermanentRedirect", "DstBucketInvalidRegion", Again.NEVER),
        (400, "InvalidRequest", "InvalidRequest", Again.NEVER),
        (500, "InternalError", "InternalError", Again.FAULT),
        (503, "SlowDown", "SlowDown", Again.THROTTLED),
    ],
    "GetObjectTagging": [(403, "AccessDenied", "SrcGetTaggingNotPermitted", Again.NEVER)],
}


@pytest.mark.parametrize(
    ("call", "status", "code", "reported", "again"),
    [(call, *refusal) for call, refusals in REFUSALS.items() for refusal in refusals],
)
def test_a_refusal_has_the_failure_code_of_aws_and_busy_ones_are_tried_again(
    s3, store, put, rules, call, status, code, reported, again
):
    rules({"Filter": {"Tag": {"Key": "keep", "Value": "yes"}}} if "Tagging" in call else {})
    version = put("a.txt", bucket="versions", Tagging="keep=yes")
    answer_with(s3, call, status, code)

    outcome = perform(REPLICATE, store, Target("versions", "a.txt", version))

    assert told(outcome) == (False, status, reported)
    assert outcome.again is again


@pytest.mark.parametrize(
    ("call", "reported"),
    [
        ("CreateMultipartUpload", "DstMultipartInitNotPermitted"),
        ("UploadPartCopy", "DstMultipartUploadNotPermitted"),
        ("CompleteMultipartUpload", "DstMultipartCompleteNotPermitted"),
    ],
)
def test_a_forbidden_upload_in_parts_is_told_by_its_step(
    s3, store, put, rules, small_limits, call, reported
):
    rules({})
    version = put("big", bucket="versions", body=b"x" * 7 * MIB)
    answer_with(s3, call, 403, "AccessDenied")

    outcome = perform(REPLICATE, store, Target("versions", "big", version))

    assert told(outcome) == (False, 403, reported)


def test_a_forbidden_delete_marker_is_told(s3, store, put, rules):
    rules({**MARKERS})
    put("a.txt", bucket="versions")
    version = marker(s3)
    answer_with(s3, "DeleteObject", 403, "AccessDenied")

    outcome = perform(REPLICATE, store, Target("versions", "a.txt", version))

    assert told(outcome) == (False, 403, "DstDelObjNotPermitted")


def test_a_destination_without_object_lock_is_told(s3, store, put, rules):
    rules({})
    version = put("a.txt", bucket="versions")
    answer_with(
        s3, "CopyObject", 400, "InvalidRequest", "Bucket is missing Object Lock Configuration"
    )

    outcome = perform(REPLICATE, store, Target("versions", "a.txt", version))

    assert told(outcome) == (False, 400, "DstBucketObjectLockConfigMissing")


def answer_with(
    s3, call: str, status: int, code: str, message: str = "No.", text: str = ""
) -> None:
    from tests.core.scripted import AWSResponse, Body

    text = text or f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"

    def answer(request, **_):
        body = b"" if call.startswith("Head") else text.encode()
        return AWSResponse(request.url, status, {}, Body(body))

    s3.meta.events.register_first(f"before-send.s3.{call}", answer)


# ---- before the first task


def test_a_bucket_without_rules_is_unfit(s3, store):
    with pytest.raises(Unfit) as refusal:
        REPLICATE.check(store, "versions")

    assert refusal.value.code == "SrcBucketReplicationConfigMissing"
    assert refusal.value.reason == "The bucket versions has no replication rules."


def test_a_bucket_whose_configuration_comes_without_rules_is_unfit(s3, store):
    """As Ceph RGW answers where there is none."""
    answer_with(s3, "GetBucketReplication", 200, "", text="<ReplicationConfiguration/>")

    with pytest.raises(Unfit) as refusal:
        REPLICATE.check(store, "versions")

    assert refusal.value.code == "SrcBucketReplicationConfigMissing"
    assert "no replication rule that is enabled" in refusal.value.reason


@pytest.mark.parametrize(
    ("status", "code", "failure"),
    [
        (501, "NotImplemented", "SrcBucketReplicationConfigMissing"),
        (404, "NoSuchBucket", "SrcBucketNotFound"),
        (403, "AccessDenied", "InitiateReplicationNotPermitted"),
    ],
)
def test_a_bucket_whose_rules_cannot_be_read_is_unfit(s3, store, status, code, failure):
    answer_with(s3, "GetBucketReplication", status, code)

    with pytest.raises(Unfit) as refusal:
        REPLICATE.check(store, "versions")

    assert refusal.value.code == failure


def test_rules_that_are_gone_in_mid_job_fail_the_task(s3, store):
    outcome = perform(REPLICATE, store, Target("versions", "a.txt", "v1"))

    assert told(outcome) == (False, 404, "SrcBucketReplicationConfigMissing")


def test_a_job_needs_versions_and_takes_no_parameters():
    assert ReplicateObject.needs_versions
    with pytest.raises(InvalidParameters) as refusal:
        ReplicateObject.parse({"Bucket": "near"})
    assert refusal.value.fields == {"bucket": ["There is no field of this name."]}
