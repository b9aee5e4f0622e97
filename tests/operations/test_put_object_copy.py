"""Copy: what becomes of each object (spec.md 5.1)."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from operations.base import SUCCESSFUL, Again, Store, Target
from operations.perform import perform
from operations.put_object_copy import LARGEST_COPY, TOO_LARGE, PutObjectCopy

ARCHIVE = "arn:aws:s3:::archive"
MOMENT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def copy(**parameters):
    return PutObjectCopy.parse({"TargetResource": ARCHIVE, **parameters})


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
        NewObjectTagging=[{"Key": "team", "Value": "a+b = c"}],
        StorageClass="STANDARD_IA",
    )

    assert perform(operation, store, Target("photos", "a.jpg")).succeeded

    made = s3.head_object(Bucket="archive", Key="a.jpg")
    tags = s3.get_object_tagging(Bucket="archive", Key="a.jpg")["TagSet"]
    assert (made["ContentType"], made["Metadata"]) == ("image/jpeg", {"owner": "ada"})
    assert made["StorageClass"] == "STANDARD_IA"
    assert tags == [{"Key": "team", "Value": "a+b = c"}]


def test_new_tags_that_are_none_leave_the_copy_without_tags(s3, store, put):
    put("a.jpg", Tagging="old=1")

    assert perform(copy(NewObjectTagging=[]), store, Target("photos", "a.jpg")).succeeded
    assert s3.get_object_tagging(Bucket="archive", Key="a.jpg")["TagSet"] == []


@pytest.mark.parametrize(
    ("metadata", "key", "kept"),
    [
        ({"SSEAlgorithm": "AES256"}, None, ("AES256", None)),
        ({"SSEAlgorithm": "KMS"}, "alias/x", ("aws:kms", "alias/x")),
        (None, "alias/x", ("aws:kms", "alias/x")),
    ],
)
def test_copies_are_encrypted_and_keep_the_metadata_of_the_source(
    s3, store, put, metadata, key, kept
):
    put("a.jpg", Metadata={"owner": "ada"})
    operation = copy(NewObjectMetadata=metadata, SSEAwsKmsKeyId=key)

    assert perform(operation, store, Target("photos", "a.jpg")).succeeded

    made = s3.head_object(Bucket="archive", Key="a.jpg")
    assert (made["ServerSideEncryption"], made.get("SSEKMSKeyId")) == kept
    assert made["Metadata"] == {"owner": "ada"}


def test_a_copy_onto_itself_without_a_change_fails_as_the_store_says(store, put):
    put("a.jpg", bucket="archive")

    outcome = perform(copy(), store, Target("archive", "a.jpg"))

    assert (outcome.succeeded, outcome.http_status) == (False, 400)
    assert (outcome.error_code, outcome.again) == ("InvalidRequest", Again.NEVER)


def test_a_copy_onto_itself_with_a_change_changes_the_object(s3, store, put):
    put("a.jpg", bucket="archive", body=b"hello")
    operation = copy(NewObjectMetadata={"ContentType": "image/jpeg"})

    assert perform(operation, store, Target("archive", "a.jpg")) == SUCCESSFUL

    made = s3.get_object(Bucket="archive", Key="a.jpg")
    assert (made["ContentType"], made["Body"].read()) == ("image/jpeg", b"hello")


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
