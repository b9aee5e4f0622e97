"""Object Lock retention (spec.md 5.8)."""

from datetime import UTC, datetime

import pytest

from operations.base import SUCCESSFUL, InvalidParameters, Target
from operations.perform import perform
from operations.put_object_retention import PutObjectRetention

MOMENT = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
UNTIL_2030 = {"Mode": "GOVERNANCE", "RetainUntilDate": MOMENT}
DATE = "retention.retain_until_date"
DURATION = "retention.event_hold_duration"
HEAD = '<Retention xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def retain(retention, **parameters):
    return PutObjectRetention.parse({"Retention": retention, **parameters})


def retention_of(s3, key, **version):
    head = s3.head_object(Bucket="locked", Key=key, **version)
    return head.get("ObjectLockMode"), head.get("ObjectLockRetainUntilDate")


def test_sets_mode_and_date(s3, store, put):
    put("a.jpg", bucket="locked")

    assert perform(retain(UNTIL_2030), store, Target("locked", "a.jpg")) == SUCCESSFUL
    assert retention_of(s3, "a.jpg") == ("GOVERNANCE", MOMENT)


def test_retains_the_listed_version_only(s3, store, put):
    first = put("a.jpg", bucket="locked")
    latest = put("a.jpg", bucket="locked")

    assert perform(retain(UNTIL_2030), store, Target("locked", "a.jpg", first)).succeeded
    assert retention_of(s3, "a.jpg", VersionId=first) == ("GOVERNANCE", MOMENT)
    assert retention_of(s3, "a.jpg", VersionId=latest) == (None, None)


@pytest.mark.parametrize(
    ("version_id", "path"),
    [(None, "/locked/a%20b.jpg?retention"), ("v1", "/locked/a%20b.jpg?retention&versionId=v1")],
)
def test_the_request_is_that_of_the_specification(played, version_id, path):
    outcome = perform(retain(UNTIL_2030), played.store, Target("locked", "a b.jpg", version_id))

    (asked,) = played.asked
    assert outcome == SUCCESSFUL
    assert (asked.method, asked.path) == ("PUT", path)
    assert {"content-md5", "x-amz-checksum-crc32"} & set(asked.headers)
    assert "x-amz-bypass-governance-retention" not in asked.headers
    assert asked.body == (
        f"{HEAD}><Mode>GOVERNANCE</Mode>"
        "<RetainUntilDate>2030-01-02T03:04:05Z</RetainUntilDate></Retention>"
    )


@pytest.mark.parametrize(
    ("retention", "body"),
    [
        ({}, " />"),
        ({"Mode": None, "RetainUntilDate": None}, " />"),
        (
            {"Mode": "COMPLIANCE", "RetainUntilDate": "2030-01-02T05:04:05+02:00"},
            "><Mode>COMPLIANCE</Mode>"
            "<RetainUntilDate>2030-01-02T03:04:05Z</RetainUntilDate></Retention>",
        ),
        (
            {"Mode": "GOVERNANCE", "EventHold": "ON", "EventHoldDuration": {"Days": 30}},
            "><Mode>GOVERNANCE</Mode><EventHold>ON</EventHold>"
            "<EventHoldDuration><Days>30</Days></EventHoldDuration></Retention>",
        ),
        (
            {"EventHold": "ON", "EventHoldDuration": {"Years": 100}},
            "><EventHold>ON</EventHold>"
            "<EventHoldDuration><Years>100</Years></EventHoldDuration></Retention>",
        ),
        ({"EventHold": "OFF"}, "><EventHold>OFF</EventHold></Retention>"),
    ],
    ids=["removed", "removed with nulls", "fixed", "event, days", "event, years", "released"],
)
def test_the_body_holds_what_was_given_and_is_empty_to_remove_the_retention(
    played, retention, body
):
    assert perform(retain(retention), played.store, Target("locked", "a.jpg")).succeeded
    assert played.asked[0].body == HEAD + body


@pytest.mark.parametrize(("bypass", "header"), [(True, "true"), (False, None), (None, None)])
def test_governance_is_bypassed_only_when_asked_for(played, bypass, header):
    operation = retain({}, BypassGovernanceRetention=bypass)

    perform(operation, played.store, Target("locked", "a.jpg"))

    assert played.asked[0].headers.get("x-amz-bypass-governance-retention") == header


def test_a_lock_that_cannot_be_shortened_fails_the_task(played):
    played.refuses(403, "AccessDenied", "Access Denied because object protected by object lock.")

    outcome = perform(retain({}), played.store, Target("locked", "a.jpg"))

    assert (outcome.succeeded, outcome.http_status, outcome.error_code) == (
        False,
        403,
        "AccessDenied",
    )


@pytest.mark.parametrize(
    ("retention", "message"),
    [
        ({"RetainUntilDate": MOMENT}, "A retain-until date goes with a mode."),
        ({"Mode": "COMPLIANCE"}, "A mode goes with a retain-until date or an event hold."),
        (
            {**UNTIL_2030, "EventHold": "ON"},
            "Give a retain-until date or an event hold, not both.",
        ),
        (
            {**UNTIL_2030, "EventHold": "OFF"},
            "Give a retain-until date or an event hold, not both.",
        ),
        (
            {"EventHoldDuration": {"Days": 1}},
            "An event hold duration goes with an event hold.",
        ),
        (
            {**UNTIL_2030, "EventHoldDuration": {"Days": 1}},
            "An event hold duration goes with an event hold.",
        ),
        (
            {"RetainUntilDate": MOMENT, "EventHoldDuration": {"Days": 1}},
            "A retain-until date goes with a mode. An event hold duration goes with an event hold.",
        ),
    ],
)
def test_refuses_what_does_not_go_together(retention, message):
    with pytest.raises(InvalidParameters) as refusal:
        retain(retention)

    assert refusal.value.fields == {"retention": [message]}


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({}, "retention"),
        ({"Retention": None}, "retention"),
        ({"Retention": {"Mode": "STRICT"}}, "retention.mode"),
        ({"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": "soon"}}, DATE),
        (
            {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": "9999-12-31T23:59:59-05:00"}},
            DATE,
        ),
        ({"Retention": {"EventHold": "on"}}, "retention.event_hold"),
        ({"Retention": {"EventHold": "ON", "EventHoldDuration": {}}}, DURATION),
        (
            {"Retention": {"EventHold": "ON", "EventHoldDuration": {"Days": 1, "Years": 1}}},
            DURATION,
        ),
        ({"Retention": {"EventHold": "ON", "EventHoldDuration": {"Days": 0}}}, f"{DURATION}.days"),
        (
            {"Retention": {"EventHold": "ON", "EventHoldDuration": {"Days": 36_501}}},
            f"{DURATION}.days",
        ),
        (
            {"Retention": {"EventHold": "ON", "EventHoldDuration": {"Days": True}}},
            f"{DURATION}.days",
        ),
        (
            {"Retention": {"EventHold": "ON", "EventHoldDuration": {"Years": 101}}},
            f"{DURATION}.years",
        ),
        ({"Retention": {}, "BypassGovernanceRetention": "perhaps"}, "bypass_governance_retention"),
        ({"Retention": {"Until": "2030"}}, "retention.until"),
    ],
)
def test_refuses_what_is_missing_wrong_or_out_of_bounds_by_its_name(parameters, field):
    with pytest.raises(InvalidParameters) as refusal:
        PutObjectRetention.parse(parameters)

    assert list(refusal.value.fields) == [field]
