"""Restore (spec.md 5.5)."""

import pytest

from operations.base import Again, InvalidParameters, Target
from operations.initiate_restore_object import InitiateRestoreObject
from operations.perform import perform

WEEK = InitiateRestoreObject.parse({"ExpirationInDays": 7})
HEAD = '<RestoreRequest xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'


def sent_for(played, **parameters):
    operation = InitiateRestoreObject.parse(parameters)
    assert perform(operation, played.says(202).store, Target("photos", "a.jpg")).succeeded
    return played.asked[-1].body.removeprefix(HEAD).removesuffix("</RestoreRequest>")


def test_a_restore_that_begins_is_a_success_with_202(s3, store, put):
    put("a.jpg", StorageClass="GLACIER")

    outcome = perform(WEEK, store, Target("photos", "a.jpg"))

    assert outcome == InitiateRestoreObject.plain_success
    assert (outcome.succeeded, outcome.http_status, outcome.message) == (True, 202, "Successful")
    assert "expiry-date" in s3.head_object(Bucket="photos", Key="a.jpg")["Restore"]


def test_a_copy_that_is_there_already_is_a_success_with_200(store, put):
    put("a.jpg", StorageClass="DEEP_ARCHIVE")
    perform(WEEK, store, Target("photos", "a.jpg"))

    outcome = perform(WEEK, store, Target("photos", "a.jpg"))

    assert (outcome.succeeded, outcome.http_status, outcome.message) == (True, 200, "Successful")


def test_an_object_that_is_not_archived_fails_the_task(store, put):
    put("a.jpg")

    outcome = perform(WEEK, store, Target("photos", "a.jpg"))

    assert (outcome.succeeded, outcome.http_status) == (False, 403)
    assert outcome.error_code == "InvalidObjectState"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (409, "RestoreAlreadyInProgress"),
        (403, "ObjectAlreadyInActiveTierError"),
        (403, "InvalidObjectState"),
        (400, "MalformedXML"),
        (404, "NoSuchKey"),
    ],
)
def test_every_other_refusal_fails_the_task_at_once(played, status, code):
    outcome = perform(WEEK, played.refuses(status, code).store, Target("photos", "a.jpg"))

    assert (outcome.succeeded, outcome.http_status, outcome.error_code) == (False, status, code)
    assert outcome.again == Again.NEVER


def test_a_store_that_asks_to_slow_down_is_asked_again(played):
    played.refuses(503, "SlowDown", "Please reduce your request rate.")

    assert perform(WEEK, played.store, Target("photos", "a.jpg")).again == Again.THROTTLED


@pytest.mark.parametrize(
    ("version_id", "path"),
    [(None, "/photos/a%20b.jpg?restore"), ("v1", "/photos/a%20b.jpg?restore&versionId=v1")],
)
def test_the_request_is_that_of_the_specification(played, version_id, path):
    operation = InitiateRestoreObject.parse({"ExpirationInDays": 7, "GlacierJobTier": "BULK"})

    perform(operation, played.says(202).store, Target("photos", "a b.jpg", version_id))

    (asked,) = played.asked
    assert (asked.method, asked.path) == ("POST", path)
    assert asked.body == (
        f"{HEAD}<Days>7</Days><GlacierJobParameters><Tier>Bulk</Tier></GlacierJobParameters>"
        "</RestoreRequest>"
    )


@pytest.mark.parametrize(
    ("parameters", "body"),
    [
        ({"ExpirationInDays": 1}, "<Days>1</Days>{Standard}"),
        ({"ExpirationInDays": 1, "GlacierJobTier": None}, "<Days>1</Days>{Standard}"),
        ({"ExpirationInDays": 1, "GlacierJobTier": "STANDARD"}, "<Days>1</Days>{Standard}"),
        ({"GlacierJobTier": "BULK"}, "{Bulk}"),
        ({}, "{Standard}"),
    ],
)
def test_the_tier_is_standard_by_default_and_intelligent_tiering_gets_no_days(
    played, parameters, body
):
    for tier in ("Standard", "Bulk"):
        parameter = f"<GlacierJobParameters><Tier>{tier}</Tier></GlacierJobParameters>"
        body = body.replace(f"{{{tier}}}", parameter)

    assert sent_for(played, **parameters) == body


@pytest.mark.parametrize(
    ("parameters", "field", "message"),
    [
        (
            {"ExpirationInDays": 0},
            "expiration_in_days",
            "Give 1 or more.",
        ),
        (
            {"ExpirationInDays": -1},
            "expiration_in_days",
            "Give 1 or more.",
        ),
        (
            {"ExpirationInDays": 2**31},
            "expiration_in_days",
            "Give 2,147,483,647 or less.",
        ),
        (
            {"ExpirationInDays": "a week"},
            "expiration_in_days",
            "Give a whole number, not a text or a fraction.",
        ),
        (
            {"ExpirationInDays": True},
            "expiration_in_days",
            "Give a whole number, not true or false.",
        ),
        (
            {"ExpirationInDays": 1.5},
            "expiration_in_days",
            "Give a whole number, not a text or a fraction.",
        ),
        (
            {"GlacierJobTier": "EXPEDITED"},
            "glacier_job_tier",
            "Give 'STANDARD' or 'BULK'.",
        ),
        (
            {"GlacierJobTier": "Bulk"},
            "glacier_job_tier",
            "Give 'STANDARD' or 'BULK'.",
        ),
        ({"Days": 7}, "days", "There is no field of this name."),
    ],
)
def test_refuses_with_the_path_of_the_fault(parameters, field, message):
    with pytest.raises(InvalidParameters) as refusal:
        InitiateRestoreObject.parse(parameters)

    assert refusal.value.fields == {field: [message]}
