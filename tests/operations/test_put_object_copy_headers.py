"""Copy with every parameter: its headers, and how it is kept (spec.md 5.1)."""

from datetime import UTC, datetime

from operations.base import SUCCESSFUL, Target
from operations.perform import perform
from operations.put_object_copy import PutObjectCopy
from tests import boto

ARCHIVE = "arn:aws:s3:::archive"
MOMENT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
EVERYTHING = {
    "TargetKeyPrefix": "copies",
    "AccessControlGrants": [
        {"Grantee": {"TypeIdentifier": "id", "Identifier": "abc"}, "Permission": "READ"}
    ],
    "MetadataDirective": "REPLACE",
    "AnnotationDirective": "EXCLUDE",
    "ModifiedSinceConstraint": MOMENT,
    "UnModifiedSinceConstraint": MOMENT,
    "NewObjectMetadata": {
        "CacheControl": "no-cache",
        "HttpExpiresDate": MOMENT,
        "UserMetadata": {"team": "ops"},
        "SSEAlgorithm": "KMS",
    },
    "NewObjectTagging": [{"Key": "k", "Value": "v"}],
    "RedirectLocation": "/a",
    "RequesterPays": True,
    "StorageClass": "STANDARD_IA",
    "SSEAwsKmsKeyId": "alias/x",
    "BucketKeyEnabled": True,
    "ChecksumAlgorithm": "CRC32C",
    "ObjectLockMode": "COMPLIANCE",
    "ObjectLockRetainUntilDate": MOMENT,
    "ObjectLockLegalHoldStatus": "ON",
    "ObjectLockEventHold": "OFF",
    "ObjectLockEventHoldDuration": {"Years": 1},
}
HEADERS = {
    "x-amz-copy-source": "photos/%C3%A4%20b.jpg?versionId=v1",
    "x-amz-grant-read": 'id="abc"',
    "x-amz-metadata-directive": "REPLACE",
    "x-amz-object-annotation-directive": "EXCLUDE",
    "x-amz-copy-source-if-modified-since": "Wed, 02 Jan 2030 03:04:05 GMT",
    "x-amz-copy-source-if-unmodified-since": "Wed, 02 Jan 2030 03:04:05 GMT",
    "cache-control": "no-cache",
    "expires": "Wed, 02 Jan 2030 03:04:05 GMT",
    "x-amz-meta-team": "ops",
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": "alias/x",
    "x-amz-server-side-encryption-bucket-key-enabled": "true",
    "x-amz-tagging-directive": "REPLACE",
    "x-amz-tagging": "k=v",
    "x-amz-website-redirect-location": "/a",
    "x-amz-request-payer": "requester",
    "x-amz-storage-class": "STANDARD_IA",
    "x-amz-checksum-algorithm": "CRC32C",
    "x-amz-object-lock-mode": "COMPLIANCE",
    "x-amz-object-lock-retain-until-date": "2030-01-02T03:04:05Z",
    "x-amz-object-lock-legal-hold": "ON",
    "x-amz-object-lock-event-hold": "OFF",
    "x-amz-object-lock-event-hold-duration-years": "1",
}


def copy(**parameters):
    return PutObjectCopy.parse({"TargetResource": ARCHIVE, **parameters})


def test_the_headers_are_those_of_the_specification(answering_store):
    body = '<CopyObjectResult><ETag>"1"</ETag></CopyObjectResult>'
    store = answering_store(200, body)

    assert perform(copy(**EVERYTHING), store, Target("photos", "ä b.jpg", "v1")) == SUCCESSFUL

    sent = store.s3.sent[0]
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else value
        for name, value in sent.headers.items()
    }
    assert (sent.method, sent.url.split(".com")[1]) == ("PUT", "/copies/%C3%A4%20b.jpg")
    assert headers.items() >= HEADERS.items()


def test_boto3_knows_every_argument_that_is_sent():
    known = boto.client("s3", region_name="us-east-1").meta.service_model.operation_model(
        "CopyObject"
    )
    days = {
        "ObjectLockEventHold": "ON",
        "ObjectLockEventHoldDuration": {"Days": 1},
        "CannedAccessControlList": "private",
    }
    target = Target("photos", "a.jpg")
    arguments = copy(**EVERYTHING).request(target) | copy(**days).request(target)

    assert set(arguments) <= set(known.input_shape.members)


def test_is_kept_and_read_back_as_it_was_given():
    operation = copy(**EVERYTHING)

    kept = operation.wire_form()

    assert kept["ObjectLockRetainUntilDate"] == "2030-01-02T03:04:05Z"
    assert set(kept) == {"TargetResource", *EVERYTHING}
    assert PutObjectCopy.parse(kept) == operation
    assert PutObjectCopy.parse(operation.snake_form()) == operation


def test_null_is_the_same_as_not_given():
    absent = dict.fromkeys(PutObjectCopy.model_fields, None) | {"target_resource": ARCHIVE}

    assert PutObjectCopy.parse(absent).wire_form() == {"TargetResource": ARCHIVE}
