"""Copy (spec.md 5.1)."""

from datetime import UTC, datetime

import boto3
import pytest
from botocore.exceptions import ClientError

from operations.base import SUCCESSFUL, Again, InvalidParameters, Store, Target
from operations.perform import perform
from operations.put_object_copy import LARGEST_COPY, TOO_LARGE, PutObjectCopy

ARCHIVE = "arn:aws:s3:::archive"
MOMENT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
READERS = {"Grantee": {"TypeIdentifier": "uri", "Identifier": "http://group"}, "Permission": "READ"}


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


# ---- what a copy does


def test_copies_content_metadata_and_tags(s3, store, put):
    put("a b/ä+%.jpg", body=b"hello", Tagging="team=ops", Metadata={"owner": "ada"})

    assert perform(copy(), store, Target("photos", "a b/ä+%.jpg")) == SUCCESSFUL

    made = s3.get_object(Bucket="archive", Key="a b/ä+%.jpg")
    tags = s3.get_object_tagging(Bucket="archive", Key="a b/ä+%.jpg")["TagSet"]
    assert (made["Body"].read(), made["Metadata"]) == (b"hello", {"owner": "ada"})
    assert tags == [{"Key": "team", "Value": "ops"}]


def test_copies_the_listed_version(s3, store, put):
    first = put("a.jpg", bucket="versions", body=b"first")
    put("a.jpg", bucket="versions", body=b"second")

    assert perform(copy(), store, Target("versions", "a.jpg", first)).succeeded
    assert s3.get_object(Bucket="archive", Key="a.jpg")["Body"].read() == b"first"


def test_copies_the_latest_version_when_none_is_listed(s3, store, put):
    put("a.jpg", bucket="versions", body=b"first")
    put("a.jpg", bucket="versions", body=b"second")

    assert perform(copy(), store, Target("versions", "a.jpg")).succeeded
    assert s3.get_object(Bucket="archive", Key="a.jpg")["Body"].read() == b"second"


def test_replaces_metadata_and_tags_when_told(s3, store, put):
    put("a.jpg", Tagging="old=1", Metadata={"old": "1"}, ContentType="text/plain")
    operation = copy(
        NewObjectMetadata={"ContentType": "image/jpeg", "UserMetadata": {"owner": "ada"}},
        NewObjectTagging=[{"Key": "team", "Value": "a&b = c"}],
        StorageClass="STANDARD_IA",
    )

    assert perform(operation, store, Target("photos", "a.jpg")).succeeded

    made = s3.head_object(Bucket="archive", Key="a.jpg")
    tags = s3.get_object_tagging(Bucket="archive", Key="a.jpg")["TagSet"]
    assert (made["ContentType"], made["Metadata"]) == ("image/jpeg", {"owner": "ada"})
    assert made["StorageClass"] == "STANDARD_IA"
    assert tags == [{"Key": "team", "Value": "a&b = c"}]


def test_a_missing_source_fails_as_the_store_says(store):
    outcome = perform(copy(), store, Target("photos", "gone.jpg"))

    assert (outcome.succeeded, outcome.http_status, outcome.error_code) == (False, 404, "NoSuchKey")
    assert outcome.message.startswith("The specified key does not exist. (Service: Amazon S3; ")


def test_a_time_constraint_that_does_not_hold_fails_the_task(answering_store):
    body = "<Error><Code>PreconditionFailed</Code><Message>No.</Message></Error>"
    store = answering_store(412, body)

    outcome = perform(copy(ModifiedSinceConstraint=MOMENT), store, Target("photos", "a.jpg"))

    assert (outcome.http_status, outcome.error_code) == (412, "PreconditionFailed")
    assert outcome.again == Again.NEVER


# ---- what is sent


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
        (
            {"NewObjectMetadata": {"CacheControl": "no-cache"}, "MetadataDirective": "COPY"},
            "COPY",
        ),
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
            {"TaggingDirective": "REPLACE", "Tagging": "a%20b=%C3%A4/%3D&k="},
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
            {"ObjectLockEventHoldDuration": {"Years": 2}},
            {"ObjectLockEventHoldDurationYears": 2},
        ),
    ],
)
def test_sends_every_other_parameter(parameters, sent):
    assert request(**parameters) == sent


EVERYTHING = {
    "TargetKeyPrefix": "copies",
    "AccessControlGrants": [grant("READ")],
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
    "ObjectLockEventHold": "ON",
    "ObjectLockEventHoldDuration": {"Years": 1},
}


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
    assert (
        headers.items()
        >= {
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
            "x-amz-object-lock-event-hold": "ON",
            "x-amz-object-lock-event-hold-duration-years": "1",
        }.items()
    )


def test_boto3_knows_every_argument_that_is_sent():
    known = boto3.client("s3", region_name="us-east-1").meta.service_model.operation_model(
        "CopyObject"
    )
    days = {"ObjectLockEventHoldDuration": {"Days": 1}, "CannedAccessControlList": "private"}
    arguments = request(**EVERYTHING) | request(**days)

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


# ---- sources of over 5 GB


class SizedStore:
    """Stands in for a store that holds one object of a size, or refuses to tell of it."""

    def __init__(self, size=0, *, refusal=None):
        self.size, self.refusal, self.calls = size, refusal, []

    def head_object(self, **arguments):
        self.calls.append(("head", arguments))
        if self.refusal:
            metadata = {"HTTPStatusCode": self.refusal}
            raise ClientError({"ResponseMetadata": metadata, "Error": {}}, "HeadObject")
        return {"ContentLength": self.size}

    def copy_object(self, **arguments):
        self.calls.append(("copy", arguments))
        return {
            "CopyObjectResult": {"ETag": '"1"'},
            "ResponseMetadata": {"HTTPStatusCode": 200},
        }


def copy_from(s3, *, accepts_large_copies=True, **parameters):
    store = Store(s3, accepts_large_copies=accepts_large_copies)
    outcome = perform(copy(**parameters), store, Target("photos", "big.iso", "v1"))
    return outcome, [name for name, _ in s3.calls]


def test_a_source_of_over_5_gb_fails_as_on_aws():
    outcome, calls = copy_from(SizedStore(LARGEST_COPY + 1))

    assert (outcome, calls) == (TOO_LARGE, ["head"])
    assert (outcome.http_status, outcome.error_code) == (400, "InvalidRequest")
    assert outcome.message == (
        "The specified copy source is larger than the maximum allowable size "
        "for a copy source: 5368709120"
    )


def test_a_source_of_5_gb_is_copied():
    assert copy_from(SizedStore(LARGEST_COPY)) == (SUCCESSFUL, ["head", "copy"])


def test_a_store_that_refuses_large_sources_itself_is_not_asked_for_the_size():
    s3 = SizedStore(LARGEST_COPY + 1)

    assert copy_from(s3, accepts_large_copies=False) == (SUCCESSFUL, ["copy"])


def test_the_size_asked_for_is_that_of_the_listed_version_and_who_asks_pays():
    s3 = SizedStore(1)

    copy_from(s3, RequesterPays=True)

    asked = {"Bucket": "photos", "Key": "big.iso", "VersionId": "v1", "RequestPayer": "requester"}
    assert s3.calls[0] == ("head", asked)


def test_the_copy_tells_why_when_the_size_is_refused(s3):
    outcome = perform(copy(), Store(s3, accepts_large_copies=True), Target("photos", "gone.jpg"))

    assert outcome.error_code == "NoSuchKey"
    assert copy_from(SizedStore(refusal=403)) == (SUCCESSFUL, ["head", "copy"])


@pytest.mark.parametrize(("status", "again"), [(500, Again.FAULT), (503, Again.THROTTLED)])
def test_a_fault_while_asking_for_the_size_is_tried_again(status, again):
    outcome, calls = copy_from(SizedStore(refusal=status))

    assert (outcome.again, calls) == (again, ["head"])


# ---- destinations


@pytest.mark.parametrize(
    ("arn", "bucket"),
    [
        ("arn:aws:s3:::archive", "archive"),
        ("arn:aws-cn:s3:::archive.2030", "archive.2030"),
        ("arn:aws:s3express:us-east-1:111122223333:bucket/fast--use1-az4--x-s3", None),
    ],
)
def test_the_destination_is_the_bucket_of_the_arn(arn, bucket):
    operation = PutObjectCopy.parse({"TargetResource": arn})

    expected = bucket or "fast--use1-az4--x-s3"
    assert operation.request(Target("photos", "a.jpg"))["Bucket"] == expected


NOT_AN_ARN = "Give the ARN of a bucket, such as arn:aws:s3:::photos."


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


# ---- refusals


def faults_of(**parameters):
    with pytest.raises(InvalidParameters) as refusal:
        copy(**parameters)
    return refusal.value.fields


def test_the_destination_is_required():
    with pytest.raises(InvalidParameters) as refusal:
        PutObjectCopy.parse({})

    assert refusal.value.fields == {"target_resource": ["Field required."]}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"CannedAccessControlList": "private", "AccessControlGrants": [READERS]},
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
