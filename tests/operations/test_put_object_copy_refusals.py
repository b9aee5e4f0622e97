"""Copy: which parameters are refused, and with what words (spec.md 5.1)."""

from datetime import UTC, datetime

import pytest

from operations.base import InvalidParameters
from operations.put_object_copy import PutObjectCopy

ARCHIVE = "arn:aws:s3:::archive"
MOMENT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
NOT_AN_ARN = "Give the ARN of a bucket, such as arn:aws:s3:::photos."


def copy(**parameters):
    return PutObjectCopy.parse({"TargetResource": ARCHIVE, **parameters})


def grant(permission, kind="id", identifier="abc"):
    grantee = {"TypeIdentifier": kind, "Identifier": identifier, "DisplayName": "x"}
    return {"Grantee": grantee, "Permission": permission}


def faults_of(**parameters):
    with pytest.raises(InvalidParameters) as refusal:
        copy(**parameters)
    return refusal.value.fields


def test_the_destination_is_required():
    with pytest.raises(InvalidParameters) as refusal:
        PutObjectCopy.parse({})

    assert refusal.value.fields == {"target_resource": ["This field is required."]}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"CannedAccessControlList": "private", "AccessControlGrants": [grant("READ")]},
            "Give a canned ACL or grants, not both.",
        ),
        (
            {"ObjectLockMode": "GOVERNANCE"},
            "Object Lock mode and retain-until date go together.",
        ),
        (
            {"ObjectLockRetainUntilDate": MOMENT},
            "Object Lock mode and retain-until date go together.",
        ),
        (
            {"MetadataDirective": "COPY", "NewObjectMetadata": {"CacheControl": "no-cache"}},
            "New metadata goes with the metadata directive REPLACE, not with COPY.",
        ),
        (
            {"ObjectLockEventHoldDuration": {"Days": 1}},
            "An event hold duration goes with an event hold.",
        ),
        (
            {
                "ObjectLockMode": "GOVERNANCE",
                "ObjectLockRetainUntilDate": MOMENT,
                "ObjectLockEventHold": "ON",
            },
            "Give a retain-until date or an event hold, not both.",
        ),
        (
            {"SSEAwsKmsKeyId": "alias/x", "NewObjectMetadata": {"SSEAlgorithm": "AES256"}},
            "A KMS key goes with the encryption KMS, not with AES256.",
        ),
    ],
)
def test_refuses_what_does_not_go_together(parameters, message):
    assert faults_of(**parameters) == {"": [message]}


def test_a_write_grant_is_refused_as_it_has_no_meaning_for_an_object():
    assert faults_of(AccessControlGrants=[grant("WRITE")]) == {
        "access_control_grants.0.permission": [
            "WRITE has no meaning for an object, only for a bucket; "
            "give READ, READ_ACP, WRITE_ACP or FULL_CONTROL."
        ]
    }


@pytest.mark.parametrize("duration", [{}, {"Days": 1, "Years": 1}])
def test_an_event_hold_lasts_days_or_years(duration):
    assert faults_of(ObjectLockEventHoldDuration=duration) == {
        "object_lock_event_hold_duration": ["Give either days or years."]
    }


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"TargetResource": "arn:aws:s3:::" + "b" * 116}, "target_resource"),
        ({"TargetKeyPrefix": ""}, "target_key_prefix"),
        ({"TargetKeyPrefix": "p" * 1025}, "target_key_prefix"),
        ({"CannedAccessControlList": "log-delivery-write"}, "canned_access_control_list"),
        ({"MetadataDirective": "MERGE"}, "metadata_directive"),
        ({"AnnotationDirective": "REPLACE"}, "annotation_directive"),
        ({"StorageClass": "REDUCED_REDUNDANCY"}, "storage_class"),
        ({"ChecksumAlgorithm": "CRC16"}, "checksum_algorithm"),
        ({"RedirectLocation": ""}, "redirect_location"),
        ({"RedirectLocation": "/" * 2049}, "redirect_location"),
        ({"SSEAwsKmsKeyId": ""}, "sse_aws_kms_key_id"),
        ({"SSEAwsKmsKeyId": "k" * 2001}, "sse_aws_kms_key_id"),
        ({"ObjectLockLegalHoldStatus": "on"}, "object_lock_legal_hold_status"),
        ({"ObjectLockEventHold": "YES"}, "object_lock_event_hold"),
        ({"ObjectLockEventHoldDuration": {"Days": 0}}, "object_lock_event_hold_duration.days"),
        ({"ObjectLockEventHoldDuration": {"Days": 36501}}, "object_lock_event_hold_duration.days"),
        ({"ObjectLockEventHoldDuration": {"Years": 101}}, "object_lock_event_hold_duration.years"),
        ({"ModifiedSinceConstraint": "yesterday"}, "modified_since_constraint"),
        ({"NewObjectMetadata": {"ContentType": ""}}, "new_object_metadata.content_type"),
        ({"NewObjectMetadata": {"ContentType": "x" * 1025}}, "new_object_metadata.content_type"),
        ({"NewObjectMetadata": {"SSEAlgorithm": "aws:kms"}}, "new_object_metadata.sse_algorithm"),
        ({"NewObjectMetadata": {"ContentLength": -1}}, "new_object_metadata.content_length"),
        (
            {"NewObjectMetadata": {"UserMetadata": {f"k{n}": "" for n in range(8193)}}},
            "new_object_metadata.user_metadata",
        ),
        (
            {"AccessControlGrants": [grant("READ", "group")]},
            "access_control_grants.0.grantee.type_identifier",
        ),
        (
            {"AccessControlGrants": [grant("READ", "id", "")]},
            "access_control_grants.0.grantee.identifier",
        ),
        ({"AccessControlGrants": [grant("OWN")]}, "access_control_grants.0.permission"),
        (
            {"NewObjectTagging": [{"Key": f"{n}", "Value": ""} for n in range(11)]},
            "new_object_tagging",
        ),
        ({"CopyOrder": 1}, "copy_order"),
    ],
)
def test_refuses_what_is_out_of_bounds(parameters, field):
    assert list(faults_of(**parameters)) == [field]


@pytest.mark.parametrize(
    ("parameters", "field", "message"),
    [
        (
            {"NewObjectMetadata": {"CacheControl": "no\r\nX-Evil: 1"}},
            "new_object_metadata.cache_control",
            "Only printable ASCII characters can be sent in a header.",
        ),
        (
            {"RedirectLocation": "/ä"},
            "redirect_location",
            "Only printable ASCII characters can be sent in a header.",
        ),
        (
            {"AccessControlGrants": [grant("READ", "id", 'a", uri="b')]},
            "access_control_grants.0.grantee.identifier",
            'A double quote (") may not stand here.',
        ),
        (
            {"NewObjectMetadata": {"UserMetadata": {"two words": "1"}}},
            "new_object_metadata.user_metadata",
            "'two words' cannot be the name of a header.",
        ),
        (
            {"NewObjectMetadata": {"UserMetadata": {"team": "ä"}}},
            "new_object_metadata.user_metadata",
            "The value of team is not up to 1024 printable ASCII characters.",
        ),
        (
            {"NewObjectMetadata": {"UserMetadata": {"team": "x" * 1025}}},
            "new_object_metadata.user_metadata",
            "The value of team is not up to 1024 printable ASCII characters.",
        ),
        (
            {"NewObjectMetadata": {"UserMetadata": {"team": "1", "Team": "2"}}},
            "new_object_metadata.user_metadata",
            "Two names differ in upper and lower case only; stores keep one of them.",
        ),
        (
            {"ModifiedSinceConstraint": "9999-12-31T23:59:59-05:00"},
            "modified_since_constraint",
            "The date is out of range.",
        ),
    ],
)
def test_refuses_what_cannot_be_sent(parameters, field, message):
    assert faults_of(**parameters) == {field: [message]}


@pytest.mark.parametrize(
    "arn",
    [
        "archive",
        "arn:aws:s3:::",
        "arn:aws:s3:::archive/folder",
        "arn:aws:s3:::archive\n",
        "arn:aws:s3:eu-west-1:111122223333:accesspoint/mine",
        "arn:aws:sqs:us-east-1:111122223333:queue",
    ],
)
def test_what_is_not_the_arn_of_a_bucket_is_refused(arn):
    assert faults_of(TargetResource=arn) == {"target_resource": [NOT_AN_ARN]}
