"""GET operations/ and roles/: what a client has to choose from."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jobs.rest.catalogue import aws_names
from operations import OPERATIONS
from operations.base import Operation
from tests.conftest import OTHER_ACCOUNT, SECRET, MakeRole

EACH = pytest.mark.parametrize("kind", OPERATIONS, ids=lambda kind: kind.name)


@pytest.fixture
def shown(client: Client) -> dict[str, dict[str, Any]]:
    """The operations by name, as the API shows them."""
    answer = client.get("/api/v1/operations/").json()
    assert answer["next"] is None
    return {row["name"]: row for row in answer["results"]}


def test_all_operations_are_listed_in_the_order_of_the_menu(shown: dict[str, Any]) -> None:
    assert list(shown) == [kind.name for kind in OPERATIONS]


@EACH
def test_an_operation_says_what_it_does_and_which_permissions_it_needs(
    shown: dict[str, Any], kind: type[Operation]
) -> None:
    row = shown[kind.name]

    assert set(row) == {"name", "label", "summary", "permissions", "parameters", "aws_names"}
    assert row["label"]
    assert row["summary"]
    assert row["permissions"] == list(kind.permissions) != []


@EACH
def test_the_schema_of_the_parameters_is_in_snake_case(
    shown: dict[str, Any], kind: type[Operation]
) -> None:
    schema = shown[kind.name]["parameters"]

    assert schema["type"] == "object"
    assert list(schema["properties"]) == list(kind.model_fields)
    assert schema["additionalProperties"] is False


@EACH
def test_every_parameter_has_its_name_at_aws(shown: dict[str, Any], kind: type[Operation]) -> None:
    names = shown[kind.name]["aws_names"]

    assert set(kind.model_fields) <= set(names)
    assert all(alias[0].isupper() for alias in names.values())


def test_the_schema_of_tagging_leads_to_a_job_that_is_accepted(shown: dict[str, Any]) -> None:
    row = shown["S3PutObjectTagging"]

    assert row["label"] == "Replace all object tags"
    assert row["parameters"]["required"] == ["tag_set"]
    assert row["parameters"]["properties"]["tag_set"]["maxItems"] == 10
    assert row["aws_names"] == {"tag_set": "TagSet", "key": "Key", "value": "Value"}


@EACH
def test_one_snake_case_name_stands_for_one_name_of_aws(kind: type[Operation]) -> None:
    schemas = [kind.model_json_schema(by_alias=True)]
    schemas += schemas[0].get("$defs", {}).values()
    aliases = {name for schema in schemas for name in schema.get("properties", {})}

    assert set(aws_names(kind).values()) == aliases


def test_roles_are_listed_by_name_without_any_credential(
    client: Client, make_role: MakeRole
) -> None:
    make_role("nearby", endpoint_url="http://store:9000", region="eu-west-1", addressing="path")
    role = make_role("archive")
    make_role("theirs", account_id=OTHER_ACCOUNT)

    response = client.get("/api/v1/roles/")

    archive, nearby = response.json()["results"]
    assert archive == {
        "name": "archive",
        "arn": "arn:aws:iam::000000000000:role/archive",
        "endpoint_url": None,
        "region": "us-east-1",
        "addressing": "auto",
        "requests_per_second": None,
        "server": None,
        "scratch_bucket": None,
        "scratch_prefix": ".lading-probe/",
        "updated_at": role.updated_at.isoformat().replace("+00:00", "Z"),
    }
    assert (nearby["name"], nearby["endpoint_url"]) == ("nearby", "http://store:9000")
    for secret in (SECRET, role.sealed_secret, role.access_key_id):
        assert secret not in response.text


def test_roles_come_in_pages(client: Client, make_role: MakeRole) -> None:
    for name in ("c", "a", "b"):
        make_role(name)

    first = client.get("/api/v1/roles/?limit=2").json()
    second = client.get(first["next"]).json()

    assert [row["name"] for row in first["results"]] == ["a", "b"]
    assert [row["name"] for row in second["results"]] == ["c"]
    assert second["next"] is None
