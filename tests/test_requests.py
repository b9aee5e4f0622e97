"""What a job is asked for, validated once for every door."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.errors import InvalidRequest
from jobs.requests import CSV, JobRequest, parse_operation

TAGGING = {"tag_set": [{"key": "project", "value": "lading"}]}
ID = "2f6f9f0e-5a0c-4f0b-9f1a-8f3d1c2b7a11"


def asked(**changes: Any) -> dict[str, Any]:
    return {
        "operation": "S3PutObjectTagging",
        "parameters": TAGGING,
        "manifest": {"location": "s3://manifests/list.csv"},
        "role": "archive",
        **changes,
    }


def parse(**changes: Any) -> JobRequest:
    return JobRequest.parse(asked(**changes))[0]


def faults(**changes: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidRequest) as error:
        parse(**changes)
    return error.value.fields


def test_what_is_not_said_has_the_defaults_of_the_console() -> None:
    request = parse()

    assert request.priority == 10
    assert request.confirmation_required is True
    assert request.report.enabled is False
    assert (request.manifest.format, request.manifest.fields) == (CSV, None)
    assert (request.description, request.tags, request.client_request_token) == ("", {}, None)


@pytest.mark.parametrize("name", ["list.csv", "a b/list,1.csv", "ünï/list.csv", "x/"])
@pytest.mark.parametrize("prefix", ["s3://manifests/", "arn:aws:s3:::manifests/"])
def test_a_location_is_an_address_or_an_arn(prefix: str, name: str) -> None:
    request = parse(manifest={"location": f"{prefix}{name}"})

    assert request.manifest.bucket_and_key == ("manifests", name)


@pytest.mark.parametrize(
    "location",
    ["", "list.csv", "s3://", "s3://manifests", "s3://manifests/", "https://a/b", "s3:///k"],
)
def test_a_location_that_names_no_object_is_refused(location: str) -> None:
    told = " ".join(
        text for texts in faults(manifest={"location": location}).values() for text in texts
    )

    assert "s3://bucket/" in told


@pytest.mark.parametrize(
    "given", ["reports", "s3://reports", "s3://reports/", "arn:aws:s3:::reports"]
)
def test_a_report_bucket_is_a_name_an_address_or_an_arn(given: str) -> None:
    assert parse(report={"enabled": True, "bucket": given}).report.bucket == "reports"


@pytest.mark.parametrize(
    "given", ["", "ab", "a b c", "s3://reports/nightly", "-reports", "r" * 256]
)
def test_a_report_bucket_that_is_none_is_refused(given: str) -> None:
    assert "report.bucket" in faults(report={"enabled": True, "bucket": given})


LIMITS = {
    # the field, the most that is allowed, and one more
    "description": ("x" * 256, "x" * 257),
    "client_request_token": ("t" * 64, "t" * 65),
    "priority": (2_147_483_647, 2_147_483_648),
    "tags": ({f"k{n}": "" for n in range(50)}, {f"k{n}": "" for n in range(51)}),
}


@pytest.mark.parametrize(("field", "values"), LIMITS.items(), ids=LIMITS)
def test_the_limits_of_create_job_hold(field: str, values: tuple[Any, Any]) -> None:
    most, more = values

    assert getattr(parse(**{field: most}), field) == most
    assert field in faults(**{field: more})


@pytest.mark.parametrize("tags", [{"": "v"}, {"k" * 129: "v"}, {"k": "v" * 257}, {"k": 7}, ["k"]])
def test_a_bad_job_tag_is_refused(tags: object) -> None:
    assert any(name.split(".")[0] == "tags" for name in faults(tags=tags))


@pytest.mark.parametrize("priority", [True, 1.0, "1", None])
def test_a_priority_is_a_number_and_not_something_like_it(priority: object) -> None:
    assert "priority" in faults(priority=priority)


@pytest.mark.parametrize("name", ["S3Shred", "", None, 7, ["S3PutObjectCopy"]])
def test_an_unknown_operation_is_answered_with_the_known_ones(name: object) -> None:
    with pytest.raises(InvalidRequest) as error:
        parse_operation(name, {})

    (told,) = error.value.fields["operation"]
    assert "S3PutObjectTagging" in told


@pytest.mark.parametrize("parameters", [None, [], "tag_set", 7])
def test_parameters_are_an_object(parameters: object) -> None:
    assert faults(parameters=parameters)["parameters"]


def test_faults_of_the_operation_and_of_the_request_are_told_together() -> None:
    told = faults(parameters={"tag_sets": []}, priority=-1, prority=1)

    assert set(told) == {"parameters.tag_set", "parameters.tag_sets", "priority", "prority"}


def test_the_message_of_a_fault_names_its_field() -> None:
    with pytest.raises(InvalidRequest) as error:
        parse(description="x" * 257)

    assert str(error.value).startswith("description: ")


# ---- the digest that tells a repeated request from another one


def digest(**changes: Any) -> str:
    request, operation = JobRequest.parse(asked(**changes))
    return request.digest(operation)


def test_the_same_request_has_the_same_digest_however_it_is_written() -> None:
    assert digest() == digest()
    assert digest(client_request_token="a") == digest(client_request_token="b")
    assert digest() == digest(priority=10, description="", tags={})
    assert digest() == digest(parameters={"TagSet": [{"Key": "project", "Value": "lading"}]})
    assert digest(tags={"a": "1", "b": "2"}) == digest(tags={"b": "2", "a": "1"})


@pytest.mark.parametrize(
    "change",
    [
        {"priority": 11},
        {"requests_per_second": 11},
        {"description": "other"},
        {"role": "other"},
        {"confirmation_required": False},
        {"manifest": {"location": "s3://manifests/other.csv"}},
        {"manifest": {"id": ID}},
        {"manifest": {"parent": {"id": ID, "tasks": "failed"}}},
        {"parameters": {"tag_set": []}},
        {"report": {"enabled": True, "bucket": "reports"}},
        {"tags": {"a": "1"}},
        {"operation": "S3PutObjectCopy", "parameters": {"target_resource": "arn:aws:s3:::photos"}},
    ],
    ids=str,
)
def test_another_request_has_another_digest(change: dict[str, Any]) -> None:
    assert digest(**change) != digest()


@pytest.mark.parametrize(
    ("manifest", "before"),
    [
        (
            {"location": "s3://manifests/list.csv"},
            "d443c36f4debd186787bbeef14cdd46ac9c9da2ac3bcd9a94f8817f036bc56ab",
        ),
        ({"id": ID}, "f47990c2234918c86d6bda87a92f09e5187bf94ceb9cd304458f44c237edc996"),
    ],
)
def test_a_request_keeps_the_digest_that_it_had_before_there_were_parents(
    manifest: dict[str, str], before: str
) -> None:
    """Or its token would be refused after an upgrade, as that of another job."""
    assert digest(manifest=manifest) == before


def test_each_selection_of_a_parents_tasks_has_a_digest_of_its_own() -> None:
    group = {"tasks": "failed", "error_code": "NoSuchKey", "http_status": 404}
    chosen = [{"tasks": "failed"}, {"tasks": "in_doubt"}, group, {**group, "http_status": 403}]

    assert len({digest(manifest={"parent": {"id": ID, **tasks}}) for tasks in chosen}) == 4
