"""Delete all object tags (spec.md 5.3)."""

import pytest

from operations.base import InvalidParameters, Target
from operations.delete_object_tagging import DeleteObjectTagging
from operations.perform import perform

UNTAG = DeleteObjectTagging.parse({})


def tags_of(s3, key, bucket="photos", **version):
    return s3.get_object_tagging(Bucket=bucket, Key=key, **version)["TagSet"]


def test_removes_all_tags(s3, store, put):
    put("a.jpg", Tagging="team=ops&season=summer")

    outcome = perform(UNTAG, store, Target("photos", "a.jpg"))

    assert (outcome.succeeded, outcome.http_status, outcome.message) == (True, 204, "Successful")
    assert tags_of(s3, "a.jpg") == []


def test_an_object_without_tags_is_a_success_too(store, put):
    put("a.jpg")

    assert perform(UNTAG, store, Target("photos", "a.jpg")).succeeded


def test_untags_the_listed_version_only(s3, store, put):
    first = put("a.jpg", bucket="versions", Tagging="a=1")
    latest = put("a.jpg", bucket="versions", Tagging="a=2")

    assert perform(UNTAG, store, Target("versions", "a.jpg", first)).succeeded
    assert tags_of(s3, "a.jpg", "versions", VersionId=first) == []
    assert tags_of(s3, "a.jpg", "versions", VersionId=latest) == [{"Key": "a", "Value": "2"}]


def test_untags_the_latest_version_when_none_is_listed(s3, store, put):
    first = put("a.jpg", bucket="versions", Tagging="a=1")
    latest = put("a.jpg", bucket="versions", Tagging="a=2")

    assert perform(UNTAG, store, Target("versions", "a.jpg")).succeeded
    assert tags_of(s3, "a.jpg", "versions", VersionId=first) == [{"Key": "a", "Value": "1"}]
    assert tags_of(s3, "a.jpg", "versions", VersionId=latest) == []


@pytest.mark.parametrize(
    ("version_id", "path"),
    [
        (None, "/photos/a%20b/%C3%A4.jpg?tagging"),
        ("v/1+", "/photos/a%20b/%C3%A4.jpg?tagging&versionId=v%2F1%2B"),
    ],
)
def test_the_request_is_that_of_the_specification(played, version_id, path):
    outcome = perform(UNTAG, played.says(204).store, Target("photos", "a b/ä.jpg", version_id))

    assert outcome == DeleteObjectTagging.plain_success
    assert [(asked.method, asked.path, asked.body) for asked in played.asked] == [
        ("DELETE", path, "")
    ]


def test_a_store_that_answers_200_is_reported_with_200(played):
    outcome = perform(UNTAG, played.says(200).store, Target("photos", "a.jpg"))

    assert (outcome.succeeded, outcome.http_status, outcome.message) == (True, 200, "Successful")
    assert outcome != DeleteObjectTagging.plain_success


def test_a_refusal_fails_the_task(played):
    played.refuses(404, "NoSuchKey", "The specified key does not exist.")

    outcome = perform(UNTAG, played.store, Target("photos", "gone.jpg"))

    assert (outcome.succeeded, outcome.http_status, outcome.error_code) == (False, 404, "NoSuchKey")


def test_takes_no_parameters():
    with pytest.raises(InvalidParameters) as refusal:
        DeleteObjectTagging.parse({"TagSet": []})

    assert refusal.value.fields == {"tag_set": ["There is no field of this name."]}
