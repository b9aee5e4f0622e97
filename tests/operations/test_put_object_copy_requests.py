"""Copy: what is sent for each parameter (spec.md 5.1)."""

from datetime import UTC, datetime

import pytest

from operations.base import Target
from operations.put_object_copy import PutObjectCopy

ARCHIVE = "arn:aws:s3:::archive"
MOMENT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def copy(**parameters):
    return PutObjectCopy.parse({"TargetResource": ARCHIVE, **parameters})


def request(key="a.jpg", version_id=None, **parameters):
    """The arguments of CopyObject, without those that every copy has."""
    arguments = copy(**parameters).request(Target("photos", key, version_id))
    assert arguments.pop("Bucket") == "archive"
    assert arguments.pop("CopySource")["Bucket"] == "photos"
    if "TargetKeyPrefix" not in parameters:
        assert arguments.pop("Key") == key
    return arguments


def grant(permission, kind="id", identifier="abc"):
    grantee = {"TypeIdentifier": kind, "Identifier": identifier, "DisplayName": "x"}
    return {"Grantee": grantee, "Permission": permission}


def test_the_plainest_copy_says_no_more_than_from_where_to_where():
    assert copy().request(Target("photos", "a.jpg", "v1")) == {
        "Bucket": "archive",
        "Key": "a.jpg",
        "CopySource": {"Bucket": "photos", "Key": "a.jpg", "VersionId": "v1"},
    }


@pytest.mark.parametrize(
    ("prefix", "key", "copied"),
    [
        ("copies", "a.jpg", "copies/a.jpg"),
        ("copies/", "a.jpg", "copies/a.jpg"),
        ("copies/2030", "x/a.jpg", "copies/2030/x/a.jpg"),
        ("copies", "/a.jpg", "copies//a.jpg"),
    ],
)
def test_exactly_one_slash_stands_between_prefix_and_key(prefix, key, copied):
    assert request(key, TargetKeyPrefix=prefix) == {"Key": copied}


@pytest.mark.parametrize(
    ("parameters", "directive"),
    [
        ({}, None),
        ({"MetadataDirective": "REPLACE"}, "REPLACE"),
        ({"NewObjectMetadata": {}}, None),
        ({"NewObjectMetadata": {"SSEAlgorithm": "AES256"}}, None),
        ({"NewObjectMetadata": {"ContentLength": 5, "RequesterCharged": True}}, None),
        ({"NewObjectMetadata": {"UserMetadata": {}}}, None),
        ({"NewObjectMetadata": {"CacheControl": "no-cache"}}, "REPLACE"),
        ({"NewObjectMetadata": {"UserMetadata": {"a": "1"}}}, "REPLACE"),
    ],
)
def test_new_metadata_replaces_the_old_unless_told_otherwise(parameters, directive):
    assert request(**parameters).get("MetadataDirective") == directive


def test_sends_each_member_of_the_metadata():
    metadata = {
        "CacheControl": "no-cache",
        "ContentDisposition": "inline",
        "ContentEncoding": "gzip",
        "ContentLanguage": "en",
        "ContentType": "text/plain",
        "HttpExpiresDate": "2030-01-02T03:04:05Z",
        "UserMetadata": {"Team": "ops"},
    }

    assert request(NewObjectMetadata=metadata) == {
        "MetadataDirective": "REPLACE",
        "CacheControl": "no-cache",
        "ContentDisposition": "inline",
        "ContentEncoding": "gzip",
        "ContentLanguage": "en",
        "ContentType": "text/plain",
        "Expires": MOMENT,
        "Metadata": {"Team": "ops"},
    }


def test_ignores_the_deprecated_members_of_the_metadata():
    old = {"ContentLength": 5, "ContentMD5": "1B2M2Y8AsgTpgAmY7PhCfg==", "RequesterCharged": True}

    assert request(NewObjectMetadata=old) == {}


@pytest.mark.parametrize(
    ("tags", "sent"),
    [
        (None, {}),
        ([], {"TaggingDirective": "REPLACE", "Tagging": ""}),
        (
            [{"Key": "a b", "Value": "ä/="}, {"Key": "k", "Value": ""}],
            {"TaggingDirective": "REPLACE", "Tagging": "a%20b=%C3%A4%2F%3D&k="},
        ),
    ],
    ids=["absent: those of the source", "empty: none", "given: these"],
)
def test_new_tags(tags, sent):
    assert request(NewObjectTagging=tags) == sent


@pytest.mark.parametrize(
    ("metadata", "key", "sent"),
    [
        ({"SSEAlgorithm": "AES256"}, None, {"ServerSideEncryption": "AES256"}),
        ({"SSEAlgorithm": "KMS"}, None, {"ServerSideEncryption": "aws:kms"}),
        (
            {"SSEAlgorithm": "KMS"},
            "alias/x",
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/x"},
        ),
        (None, "alias/x", {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/x"}),
    ],
)
def test_encryption(metadata, key, sent):
    assert request(NewObjectMetadata=metadata, SSEAwsKmsKeyId=key) == sent


def test_grants_are_gathered_by_permission():
    grants = [
        grant("READ"),
        grant("FULL_CONTROL", "emailAddress", "ada@example.org"),
        grant("READ", "uri", "http://acs.amazonaws.com/groups/global/AllUsers"),
        grant("READ_ACP"),
        grant("WRITE_ACP"),
    ]

    assert request(AccessControlGrants=grants) == {
        "GrantRead": 'id="abc", uri="http://acs.amazonaws.com/groups/global/AllUsers"',
        "GrantFullControl": 'emailAddress="ada@example.org"',
        "GrantReadACP": 'id="abc"',
        "GrantWriteACP": 'id="abc"',
    }


@pytest.mark.parametrize(
    ("parameters", "sent"),
    [
        ({"CannedAccessControlList": "public-read"}, {"ACL": "public-read"}),
        ({"CannedAccessControlList": "private", "AccessControlGrants": []}, {"ACL": "private"}),
        ({"AnnotationDirective": "EXCLUDE"}, {"AnnotationDirective": "EXCLUDE"}),
        (
            {"ModifiedSinceConstraint": "2030-01-02T03:04:05Z"},
            {"CopySourceIfModifiedSince": MOMENT},
        ),
        (
            {"UnModifiedSinceConstraint": "2030-01-02T05:04:05+02:00"},
            {"CopySourceIfUnmodifiedSince": MOMENT},
        ),
        ({"RedirectLocation": "/index.html"}, {"WebsiteRedirectLocation": "/index.html"}),
        ({"RequesterPays": True}, {"RequestPayer": "requester"}),
        ({"RequesterPays": False}, {}),
        ({"StorageClass": "GLACIER_IR"}, {"StorageClass": "GLACIER_IR"}),
        ({"BucketKeyEnabled": False}, {"BucketKeyEnabled": False}),
        ({"ChecksumAlgorithm": "XXHASH128"}, {"ChecksumAlgorithm": "XXHASH128"}),
        (
            {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": "2030-01-02T03:04:05"},
            {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": MOMENT},
        ),
        ({"ObjectLockLegalHoldStatus": "ON"}, {"ObjectLockLegalHoldStatus": "ON"}),
        (
            {"ObjectLockEventHold": "ON", "ObjectLockEventHoldDuration": {"Days": 30}},
            {"ObjectLockEventHold": "ON", "ObjectLockEventHoldDurationDays": 30},
        ),
        (
            {"ObjectLockEventHold": "OFF", "ObjectLockEventHoldDuration": {"Years": 2}},
            {"ObjectLockEventHold": "OFF", "ObjectLockEventHoldDurationYears": 2},
        ),
    ],
)
def test_sends_every_other_parameter(parameters, sent):
    assert request(**parameters) == sent
