"""Replicate never hides a newer version at the destination, in whatever order versions come."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from operations import replica, replicate_object
from operations.base import Outcome, Target
from operations.perform import perform
from operations.replicate_object import ReplicateObject
from operations.replication_rules import Rule
from tests.operations.conftest import Raw
from tests.operations.test_replicate_object import answer_with

REPLICATE = ReplicateObject.parse({})
NOT_OLDER = (False, 500, "DstVersionNotOlder")


@pytest.fixture(autouse=True)
def _rules(s3, monkeypatch) -> None:
    """All of the bucket versions goes to the bucket near, delete markers as well."""
    s3.create_bucket(Bucket="near")
    s3.put_bucket_versioning(Bucket="near", VersioningConfiguration={"Status": "Enabled"})
    rule = Rule(bucket="near", takes_delete_markers=True)
    monkeypatch.setattr(replicate_object, "remembered_rules", lambda s3, bucket: (rule,))


@pytest.fixture
def replicate(store):
    def run(version: str) -> Outcome:
        return perform(REPLICATE, store, Target("versions", "a.txt", version))

    return run


def marker(s3, bucket: str = "versions") -> str:
    return s3.delete_object(Bucket=bucket, Key="a.txt")["VersionId"]


def told(outcome: Outcome) -> tuple[bool, int | None, str]:
    return outcome.succeeded, outcome.http_status, outcome.error_code


def latest(s3) -> bytes:
    return s3.get_object(Bucket="near", Key="a.txt")["Body"].read()


def test_the_latest_version_ends_on_top_in_any_order(s3, put, replicate):
    versions = [put("a.txt", bucket="versions", body=body) for body in (b"1", b"2", b"3")]

    for order in permutations(versions):
        for entry in s3.list_object_versions(Bucket="near").get("Versions", []):
            s3.delete_object(Bucket="near", Key="a.txt", VersionId=entry["VersionId"])
        outcomes = {version: replicate(version) for version in order}
        assert latest(s3) == b"3"
        assert outcomes[versions[-1]].succeeded


def test_an_old_version_is_not_put_over_a_newer_one(s3, put, replicate):
    old = put("a.txt", bucket="versions", body=b"old")
    new = put("a.txt", bucket="versions", body=b"new")

    assert replicate(new).succeeded
    outcome = replicate(old)

    assert told(outcome) == NOT_OLDER
    assert "would hide one in the bucket near that may be newer" in outcome.message
    assert latest(s3) == b"new"


def test_an_old_version_goes_over_what_was_written_before_it(s3, put, replicate):
    put("a.txt", bucket="near", body=b"from long ago")
    old = put("a.txt", bucket="versions", body=b"old")
    put("a.txt", bucket="versions", body=b"new")

    def age(parsed, params, **_):
        if "/near/" in params["url"] or "near." in params["url"]:
            parsed["LastModified"] -= timedelta(days=30)

    s3.meta.events.register(
        "before-call.s3.HeadObject", lambda params, context, **_: context.update(asked=params)
    )
    s3.meta.events.register(
        "after-call.s3.HeadObject",
        lambda parsed, context, **_: age(parsed, context["asked"]),
    )

    assert replicate(old).succeeded
    assert latest(s3) == b"old"


def test_an_old_version_does_not_bring_back_what_is_deleted_there(s3, put, replicate):
    put("a.txt", bucket="near")
    marker(s3, "near")
    old = put("a.txt", bucket="versions", body=b"old")
    put("a.txt", bucket="versions", body=b"new")

    assert told(replicate(old)) == NOT_OLDER


@pytest.mark.parametrize("is_large", [False, True])
def test_a_newer_version_that_came_meanwhile_is_not_hidden(
    s3, put, replicate, monkeypatch, is_large
):
    if is_large:
        monkeypatch.setattr(replica, "LARGEST_COPY", 1)
    old = put("a.txt", bucket="versions", body=b"old")
    put("a.txt", bucket="versions", body=b"new")
    call = "CompleteMultipartUpload" if is_large else "CopyObject"
    conditions = []

    def overtake(params, **_):
        conditions.append(params["headers"].get("If-None-Match"))

    s3.meta.events.register(f"before-call.s3.{call}", overtake)

    replicate(old)

    assert conditions == ["*"]


def test_a_store_that_finds_a_newer_version_as_it_copies_refuses(s3, put, replicate):
    old = put("a.txt", bucket="versions", body=b"old")
    put("a.txt", bucket="versions", body=b"new")
    answer_with(s3, "CopyObject", 412, "PreconditionFailed")

    assert told(replicate(old)) == (False, 412, "DstVersionNotOlder")


def test_a_destination_that_may_not_be_looked_at_gets_no_old_version(s3, put, replicate):
    old = put("a.txt", bucket="versions", body=b"old")
    put("a.txt", bucket="versions", body=b"new")

    def forbid(params, model, **_):
        if "near" in params["url"]:
            reply = {"Error": {"Code": "403"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
            raise ClientError(reply, model.name)

    s3.meta.events.register("before-call.s3.HeadObject", forbid)

    assert told(replicate(old)) == (False, 403, "DstGetObjectNotPermitted")


# ---- delete markers


def test_an_old_delete_marker_does_not_hide_a_live_object(s3, put, replicate):
    put("a.txt", bucket="versions", body=b"1")
    old = marker(s3)
    new = put("a.txt", bucket="versions", body=b"2")

    assert replicate(new).succeeded
    outcome = replicate(old)

    assert told(outcome) == (False, 500, "SrcObjectNotEligible")
    assert "is not the latest version of its key" in outcome.message
    assert latest(s3) == b"2"


def test_a_header_that_says_it_is_no_delete_marker_is_believed(s3, put, replicate):
    put("a.txt", bucket="near", body=b"only copy left")

    def answer(request, **_):
        return AWSResponse(request.url, 404, {"x-amz-delete-marker": "false"}, Raw(b""))

    s3.meta.events.register_first("before-send.s3.HeadObject", answer)

    assert told(replicate("v1")) == (False, 404, "SrcObjectNotFound")
    s3.meta.events.unregister("before-send.s3.HeadObject", answer)
    assert latest(s3) == b"only copy left"


def test_the_latest_version_needs_one_look_at_the_source(s3, put, replicate):
    version = put("a.txt", bucket="versions")
    asked = []
    s3.meta.events.register("before-call.s3.HeadObject", lambda params, **_: asked.append(params))

    assert replicate(version).succeeded
    assert len(asked) == 1
