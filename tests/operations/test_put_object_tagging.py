"""Replace all object tags (spec.md 5.2)."""

import pytest

from operations.base import SUCCESSFUL, InvalidParameters, Target
from operations.perform import perform
from operations.put_object_tagging import PutObjectTagging

TAG = PutObjectTagging.parse({"TagSet": [{"Key": "team", "Value": "ops"}]})


def tags_of(s3, key, bucket="photos", **version):
    return s3.get_object_tagging(Bucket=bucket, Key=key, **version)["TagSet"]


def test_replaces_whatever_tags_the_object_has(s3, store, put):
    put("a.jpg", Tagging="old=1&older=2")

    assert perform(TAG, store, Target("photos", "a.jpg")) == SUCCESSFUL
    assert tags_of(s3, "a.jpg") == [{"Key": "team", "Value": "ops"}]


def test_an_empty_tag_set_is_sent_as_one_which_removes_all_tags(answering_store):
    store = answering_store(200)

    outcome = perform(PutObjectTagging.parse({"TagSet": []}), store, Target("photos", "a.jpg"))

    assert outcome == SUCCESSFUL
    assert b"<TagSet />" in store.s3.sent[0].body


@pytest.mark.parametrize(
    ("version_id", "path"),
    [(None, "/photos/a%20b.jpg?tagging"), ("v1", "/photos/a%20b.jpg?tagging&versionId=v1")],
)
def test_the_request_is_that_of_the_specification(played, version_id, path):
    assert perform(TAG, played.store, Target("photos", "a b.jpg", version_id)) == SUCCESSFUL

    (asked,) = played.asked
    assert (asked.method, asked.path) == ("PUT", path)
    assert {"content-md5", "x-amz-checksum-crc32"} & set(asked.headers)
    assert asked.body == (
        '<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet>'
        "<Tag><Key>team</Key><Value>ops</Value></Tag></TagSet></Tagging>"
    )


def test_tags_the_listed_version_only(s3, store, put):
    first = put("a.jpg", bucket="versions")
    latest = put("a.jpg", bucket="versions")

    outcome = perform(TAG, store, Target("versions", "a.jpg", first))

    assert outcome.succeeded
    assert tags_of(s3, "a.jpg", "versions", VersionId=first) == [{"Key": "team", "Value": "ops"}]
    assert tags_of(s3, "a.jpg", "versions", VersionId=latest) == []


def test_tags_the_latest_version_when_none_is_listed(s3, store, put):
    first = put("a.jpg", bucket="versions")
    latest = put("a.jpg", bucket="versions")

    assert perform(TAG, store, Target("versions", "a.jpg")).succeeded
    assert tags_of(s3, "a.jpg", "versions", VersionId=first) == []
    assert tags_of(s3, "a.jpg", "versions", VersionId=latest) != []


def test_a_missing_object_fails_as_the_store_says(store):
    outcome = perform(TAG, store, Target("photos", "gone.jpg"))

    assert (outcome.succeeded, outcome.http_status) == (False, 404)
    assert outcome.error_code == "NoSuchKey"


def test_reports_the_status_that_the_store_gave(answering_store):
    outcome = perform(TAG, answering_store(204), Target("photos", "a.jpg"))

    assert (outcome.succeeded, outcome.http_status, outcome.message) == (True, 204, "Successful")


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("ä ß 日本", "letters of any language, and spaces"),
        ("½ Ⅷ 7", "numbers of any kind"),
        ("a_b.c:d/e=f+g-h@i", "the punctuation that AWS lists"),
        ("k" * 128, "128 characters"),
    ],
)
def test_takes_the_characters_that_aws_takes(tag, text):
    PutObjectTagging.parse({"TagSet": [{"Key": tag, "Value": tag}]})


def test_a_value_may_be_empty_or_256_characters_long():
    PutObjectTagging.parse({"TagSet": [{"Key": "a", "Value": ""}]})
    PutObjectTagging.parse({"TagSet": [{"Key": "a", "Value": "v" * 256}]})


def test_keys_that_differ_in_case_are_different():
    tags = [{"Key": "Team", "Value": ""}, {"Key": "team", "Value": ""}]

    assert len(PutObjectTagging.parse({"TagSet": tags}).tag_set) == 2


@pytest.mark.parametrize(
    ("parameters", "field", "message"),
    [
        ({}, "tag_set", "This field is required."),
        ({"TagSet": None}, "tag_set", "Give a list."),
        (
            {"TagSet": [{"Key": f"k{n}", "Value": ""} for n in range(11)]},
            "tag_set",
            "An object has at most 10 tags; 11 were given.",
        ),
        (
            {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]},
            "tag_set",
            "Each key may be given once; a is given more often.",
        ),
        (
            {"TagSet": [{"Key": "", "Value": ""}]},
            "tag_set.0.key",
            "This may not be empty.",
        ),
        (
            {"TagSet": [{"Key": "k" * 129, "Value": ""}]},
            "tag_set.0.key",
            "Give at most 128 characters.",
        ),
        (
            {"TagSet": [{"Key": "a", "Value": "v" * 257}]},
            "tag_set.0.value",
            "Give at most 256 characters.",
        ),
        (
            {"TagSet": [{"Key": "a", "Value": "what?\n"}]},
            "tag_set.0.value",
            "Only letters, digits, spaces and _ . : / = + - @ may stand here, not '\\n' '?'.",
        ),
        ({"TagSet": [{"Key": "a"}]}, "tag_set.0.value", "This field is required."),
        ({"TagSet": [], "Tags": []}, "tags", "There is no field of this name."),
    ],
)
def test_refuses_with_the_path_of_the_fault(parameters, field, message):
    with pytest.raises(InvalidParameters) as refusal:
        PutObjectTagging.parse(parameters)

    assert refusal.value.fields == {field: [message]}
