"""Update object encryption (spec.md 5.11)."""

import pytest

from operations.base import SUCCESSFUL, InvalidParameters, Target
from operations.perform import perform
from operations.update_object_encryption import UpdateObjectEncryption

KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555"
NOT_AN_ARN = (
    "Give the whole ARN of a key, such as arn:aws:kms:eu-west-1:111122223333:key/1a2b; "
    "an id or an alias is not enough."
)
KEY = "object_encryption.sse_kms.kms_key_arn"


def encrypt(**kms):
    return UpdateObjectEncryption.parse({"ObjectEncryption": {"SSEKMS": kms}})


def body_with(inside):
    return (
        '<ObjectEncryption xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<SSE-KMS><KMSKeyArn>{KEY_ARN}</KMSKeyArn>{inside}</SSE-KMS></ObjectEncryption>"
    )


@pytest.mark.parametrize(
    ("version_id", "path"),
    [(None, "/photos/a%20b.jpg?encryption"), ("v1", "/photos/a%20b.jpg?encryption&versionId=v1")],
)
def test_the_request_is_that_of_the_specification(played, version_id, path):
    operation = encrypt(KMSKeyArn=KEY_ARN, BucketKeyEnabled=True)

    assert perform(operation, played.store, Target("photos", "a b.jpg", version_id)) == SUCCESSFUL

    (asked,) = played.asked
    assert (asked.method, asked.path) == ("PUT", path)
    assert {"content-md5", "x-amz-checksum-crc32"} & set(asked.headers)
    assert asked.body == body_with("<BucketKeyEnabled>true</BucketKeyEnabled>")


@pytest.mark.parametrize(
    ("given", "inside"),
    [
        ({}, ""),
        ({"BucketKeyEnabled": None}, ""),
        ({"BucketKeyEnabled": False}, "<BucketKeyEnabled>false</BucketKeyEnabled>"),
    ],
)
def test_the_bucket_key_is_left_to_the_store_unless_it_is_given(played, given, inside):
    perform(encrypt(KMSKeyArn=KEY_ARN, **given), played.store, Target("photos", "a.jpg"))

    assert played.asked[0].body == body_with(inside)


@pytest.mark.parametrize(
    ("status", "code"), [(404, "NoSuchKey"), (400, "InvalidRequest"), (403, "AccessDenied")]
)
def test_a_refusal_fails_the_task(played, status, code):
    played.refuses(status, code)

    outcome = perform(encrypt(KMSKeyArn=KEY_ARN), played.store, Target("photos", "a.jpg"))

    assert (outcome.succeeded, outcome.http_status, outcome.error_code) == (False, status, code)


@pytest.mark.parametrize(
    "arn",
    [
        KEY_ARN,
        "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1234abcd",
        "arn:aws:kms:eu-west-1:111122223333:key/" + "k" * 2009,
    ],
)
def test_takes_the_whole_arn_of_a_key(arn):
    assert encrypt(KMSKeyArn=arn).object_encryption.sse_kms.kms_key_arn == arn


@pytest.mark.parametrize(
    "text",
    [
        "11111111-2222-3333-4444-555555555555",
        "alias/photos",
        "arn:aws:kms:eu-west-1:111122223333:alias/photos",
        "arn:aws:kms:eu-west-1:11112222:key/1a2b",
        "arn:aws:s3:eu-west-1:111122223333:key/1a2b",
        KEY_ARN + "\n",
        f" {KEY_ARN}",
    ],
    ids=[
        "id",
        "alias",
        "ARN of an alias",
        "short account",
        "another service",
        "line break",
        "space",
    ],
)
def test_what_is_not_the_whole_arn_of_a_key_is_refused(text):
    with pytest.raises(InvalidParameters) as refusal:
        encrypt(KMSKeyArn=text)

    assert refusal.value.fields == {KEY: [NOT_AN_ARN]}


@pytest.mark.parametrize(
    ("parameters", "field", "message"),
    [
        ({}, "object_encryption", "This field is required."),
        ({"ObjectEncryption": {}}, "object_encryption.sse_kms", "This field is required."),
        ({"ObjectEncryption": {"SSEKMS": {}}}, KEY, "This field is required."),
        (
            {"ObjectEncryption": {"SSEKMS": {"KMSKeyArn": KEY_ARN + "k" * 2048}}},
            KEY,
            "Give at most 2,048 characters.",
        ),
        (
            {"ObjectEncryption": {"SSEKMS": {"KMSKeyArn": 7}}},
            KEY,
            "Give a text.",
        ),
        (
            {"ObjectEncryption": {"SSEKMS": {"KMSKeyArn": KEY_ARN, "BucketKeyEnabled": "maybe"}}},
            "object_encryption.sse_kms.bucket_key_enabled",
            "Give true or false.",
        ),
        (
            {"ObjectEncryption": {"SSES3": {}, "SSEKMS": {"KMSKeyArn": KEY_ARN}}},
            "object_encryption.sse_s3",
            "There is no field of this name.",
        ),
    ],
)
def test_refuses_with_the_path_of_the_fault(parameters, field, message):
    with pytest.raises(InvalidParameters) as refusal:
        UpdateObjectEncryption.parse(parameters)

    assert refusal.value.fields == {field: [message]}
