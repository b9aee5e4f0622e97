"""Object Lock legal hold (spec.md 5.7)."""

import pytest

from operations.base import SUCCESSFUL, InvalidParameters, Target
from operations.perform import perform
from operations.put_object_legal_hold import PutObjectLegalHold


def hold(status):
    return PutObjectLegalHold.parse({"LegalHold": {"Status": status}})


def hold_of(s3, key, **version):
    reply = s3.get_object_legal_hold(Bucket="locked", Key=key, **version)
    return reply["LegalHold"].get("Status")


def test_puts_an_object_on_hold_and_takes_it_off(s3, store, put):
    put("a.jpg", bucket="locked")
    target = Target("locked", "a.jpg")

    assert perform(hold("ON"), store, target) == SUCCESSFUL
    assert hold_of(s3, "a.jpg") == "ON"

    assert perform(hold("OFF"), store, target) == SUCCESSFUL
    assert hold_of(s3, "a.jpg") == "OFF"


def test_holds_the_listed_version_only(s3, store, put):
    first = put("a.jpg", bucket="locked")
    latest = put("a.jpg", bucket="locked")

    assert perform(hold("ON"), store, Target("locked", "a.jpg", first)).succeeded
    assert hold_of(s3, "a.jpg", VersionId=first) == "ON"
    assert hold_of(s3, "a.jpg", VersionId=latest) != "ON"


def test_a_bucket_without_object_lock_refuses(store, put):
    put("a.jpg")

    outcome = perform(hold("ON"), store, Target("photos", "a.jpg"))

    assert (outcome.succeeded, outcome.http_status) == (False, 400)


@pytest.mark.parametrize(
    ("version_id", "path"),
    [(None, "/locked/a%20b.jpg?legal-hold"), ("v1", "/locked/a%20b.jpg?legal-hold&versionId=v1")],
)
def test_the_request_is_that_of_the_specification(played, version_id, path):
    assert perform(hold("ON"), played.store, Target("locked", "a b.jpg", version_id)) == SUCCESSFUL

    (asked,) = played.asked
    assert (asked.method, asked.path) == ("PUT", path)
    assert {"content-md5", "x-amz-checksum-crc32"} & set(asked.headers)
    assert asked.body == (
        '<LegalHold xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>ON</Status></LegalHold>'
    )


@pytest.mark.parametrize(
    ("parameters", "field", "message"),
    [
        ({}, "legal_hold", "This field is required."),
        ({"LegalHold": {}}, "legal_hold.status", "This field is required."),
        ({"LegalHold": {"Status": None}}, "legal_hold.status", "Give 'ON' or 'OFF'."),
        ({"LegalHold": {"Status": "on"}}, "legal_hold.status", "Give 'ON' or 'OFF'."),
        ({"LegalHold": {"Status": True}}, "legal_hold.status", "Give 'ON' or 'OFF'."),
        (
            {"LegalHold": {"Status": "ON", "Until": "2030-01-01"}},
            "legal_hold.until",
            "There is no field of this name.",
        ),
    ],
)
def test_refuses_with_the_path_of_the_fault(parameters, field, message):
    with pytest.raises(InvalidParameters) as refusal:
        PutObjectLegalHold.parse(parameters)

    assert refusal.value.fields == {field: [message]}
