"""Parameters are what they look like: no number is a date, no text a number, no word a yes."""

from __future__ import annotations

from typing import Any

import pytest

from operations import OPERATION_BY_NAME
from operations.base import InvalidParameters, Store, Unfit

COPY = "S3PutObjectCopy"
RETAIN = "S3PutObjectRetention"
ARCHIVE = {"TargetResource": "arn:aws:s3:::archive"}


def retention(date: Any) -> dict[str, Any]:
    return {"Retention": {"Mode": "COMPLIANCE", "RetainUntilDate": date}}


def faults_of(name: str, parameters: dict[str, Any]) -> dict[str, list[str]]:
    with pytest.raises(InvalidParameters) as refusal:
        OPERATION_BY_NAME[name].parse(parameters)
    return refusal.value.fields


@pytest.mark.parametrize("date", [20300101, "20300101", 1.5, "1e9", True])
def test_a_number_is_no_date(date):
    assert faults_of(RETAIN, retention(date)) == {
        "retention.retain_until_date": ["Give a date and a time, such as 2030-01-31T00:00:00Z."]
    }


@pytest.mark.parametrize("flag", ["yes", "on", 1.0, 1, "true"])
@pytest.mark.parametrize(
    ("name", "parameters", "field"),
    [
        (RETAIN, {"Retention": {}}, "BypassGovernanceRetention"),
        (COPY, ARCHIVE, "BucketKeyEnabled"),
        (COPY, ARCHIVE, "RequesterPays"),
    ],
)
def test_only_true_and_false_are_yes_and_no(name, parameters, field, flag):
    assert list(faults_of(name, {**parameters, field: flag}).values()) == [["Give true or false."]]


@pytest.mark.parametrize("days", ["7", 7.0])
def test_only_a_whole_number_is_one(days):
    assert faults_of("S3InitiateRestoreObject", {"ExpirationInDays": days}) == {
        "expiration_in_days": ["Give a whole number, not a text or a fraction."]
    }


@pytest.mark.parametrize(
    ("name", "parameters", "parameter"),
    [
        (RETAIN, retention("2020-01-01T00:00:00Z"), "retention.retain_until_date"),
        (
            COPY,
            {
                **ARCHIVE,
                "ObjectLockMode": "COMPLIANCE",
                "ObjectLockRetainUntilDate": "2020-01-01T00:00:00Z",
            },
            "object_lock_retain_until_date",
        ),
    ],
)
def test_a_lock_that_is_over_is_refused_at_creation_and_still_read_later(
    name, parameters, parameter
):
    operation = OPERATION_BY_NAME[name].parse(parameters)

    with pytest.raises(Unfit) as refusal:
        operation.admit(Store(None))  # type: ignore[arg-type]

    assert (refusal.value.parameter, refusal.value.reason) == (
        parameter,
        "Give a date in the future.",
    )
