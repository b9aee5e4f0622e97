"""Operations that read objects or call functions: what the form and the API say of bad input."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jobs.models import Job, Role
from tests.conftest import MakeManifest
from tests.pages.conftest import Fill, send
from tests.pages.test_bad_input import fault_of

INVOKE = "LambdaInvoke"
CHECKSUM = "S3ComputeObjectChecksum"


def filled_for(filled: Fill, operation: str, **parameters: str) -> dict[str, Any]:
    return filled(
        operation=operation,
        report_enabled=None,
        **{f"{operation}-{name}": value for name, value in parameters.items()},
    )


def test_a_job_that_calls_a_function_is_made_in_the_form(client: Client, filled: Fill) -> None:
    values = filled_for(
        filled, INVOKE, function_arn="thumbs", invocation_schema_version="2.0",
        user_arguments="mode=fast\nsize=640",
    )  # fmt: skip

    status, page = send(client, values)

    assert status == 302, page
    assert Job.objects.get().parameters == {
        "FunctionArn": "thumbs",
        "InvocationSchemaVersion": "2.0",
        "UserArguments": {"mode": "fast", "size": "640"},
    }


@pytest.mark.parametrize(
    ("operation", "parameters", "field", "text"),
    [
        (INVOKE, {}, "function_arn", "This field is required"),
        (INVOKE, {"function_arn": "a b"}, "function_arn", "Give a function's name or ARN"),
        (
            INVOKE,
            {"function_arn": "f", "invocation_schema_version": "3.0"},
            "invocation_schema_version",
            "3.0 is not one of the available choices",
        ),
        (INVOKE, {"function_arn": "f", "user_arguments": "mode"}, "user_arguments", "key=value"),
        (
            CHECKSUM,
            {"checksum_algorithm": "CRC8"},
            "checksum_algorithm",
            "CRC8 is not one of the available choices",
        ),
    ],
)
def test_a_bad_parameter_is_told_beside_its_field(
    client: Client,
    filled: Fill,
    operation: str,
    parameters: dict[str, str],
    field: str,
    text: str,
) -> None:
    status, page = send(client, filled_for(filled, operation, **parameters))

    assert status == 422
    assert text in fault_of(page, f"{operation}-{field}")
    assert Job.objects.count() == 0


@pytest.mark.parametrize(
    ("operation", "parameters", "text"),
    [
        (
            INVOKE,
            {"function_arn": "f", "user_arguments": "mode=fast"},
            "Arguments need schema version 2.0.",
        ),
        (
            CHECKSUM,
            {"checksum_algorithm": "CRC64NVME", "checksum_type": "COMPOSITE"},
            "CRC64NVME has the type FULL_OBJECT only.",
        ),
    ],
)
def test_parameters_that_do_not_fit_together_are_told(
    client: Client, filled: Fill, operation: str, parameters: dict[str, str], text: str
) -> None:
    status, page = send(client, filled_for(filled, operation, **parameters))

    assert status == 422
    assert text in page
    assert Job.objects.count() == 0


def test_a_function_that_is_in_no_table_is_told_beside_its_field(
    client: Client, filled: Fill, role: Role
) -> None:
    Role.objects.update(endpoint_url="http://store:9000")

    status, page = send(client, filled_for(filled, INVOKE, function_arn="thumbs"))

    assert status == 422
    assert "thumbs is in no table" in fault_of(page, f"{INVOKE}-function_arn")


def test_an_owner_of_the_report_bucket_that_is_none_is_told_beside_its_field(
    client: Client, filled: Fill
) -> None:
    status, page = send(client, filled(report_expected_bucket_owner="42"))

    assert status == 422
    assert "An account id has 12 digits" in fault_of(page, "report_expected_bucket_owner")


def test_the_owner_of_the_report_bucket_is_kept(client: Client, filled: Fill, s3: Any) -> None:
    status, page = send(client, filled(report_expected_bucket_owner="123456789012"))

    assert status == 302, page
    assert Job.objects.get().report_expected_owner == "123456789012"


@pytest.mark.parametrize(
    ("operation", "parameters", "field"),
    [
        (INVOKE, {}, "parameters.function_arn"),
        (INVOKE, {"function_arn": "f", "user_arguments": {"a": "1"}}, "parameters"),
        (CHECKSUM, {"checksum_type": "PARTIAL"}, "parameters.checksum_type"),
        ("S3ReplicateObject", {"rules": []}, "parameters.rules"),
    ],
)
def test_the_api_tells_the_same_by_path(
    client: Client,
    role: Role,
    make_manifest: MakeManifest,
    operation: str,
    parameters: dict[str, Any],
    field: str,
) -> None:
    request = {
        "operation": operation,
        "parameters": parameters,
        "manifest": {"id": str(make_manifest(b"photos,a\n").pk)},
        "role": role.name,
    }

    response = client.post("/api/v1/jobs/", request, content_type="application/json")

    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]
