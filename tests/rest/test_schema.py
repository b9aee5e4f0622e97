"""/api/schema/ and /api/docs/: what the API says of itself."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from django.test import Client
from django.urls import get_resolver
from drf_spectacular.validation import validate_schema

from tests.conftest import MakeJob
from tests.rest.conforming import schema

SCHEMA, DOCS = "/api/schema/", "/api/docs/"


def operations() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", told)
        for path, methods in schema()["paths"].items()
        for method, told in methods.items()
    ]


def test_everybody_may_read_it_as_yaml_or_as_json(anonymous: Client) -> None:
    as_yaml = anonymous.get(SCHEMA)
    as_json = anonymous.get(SCHEMA, headers={"Accept": "application/json"})

    assert as_yaml["Content-Type"] == "application/vnd.oai.openapi"
    assert as_json["Content-Type"] == "application/json"
    assert yaml.safe_load(as_yaml.content) == as_json.json()
    assert anonymous.get(f"{SCHEMA}?format=json").json() == as_json.json()
    assert as_json.json()["openapi"] == "3.1.0"


def test_who_has_it_already_is_told_so(anonymous: Client) -> None:
    etag = anonymous.get(SCHEMA)["ETag"]

    assert anonymous.get(SCHEMA, headers={"If-None-Match": etag}).status_code == 304


def test_it_is_valid_and_every_reference_leads_somewhere() -> None:
    told = schema()

    validate_schema(told)
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(told)))
    assert names
    assert names <= set(told["components"]["schemas"])


def test_every_path_of_the_api_is_in_it() -> None:
    routes = [
        str(pattern.pattern)
        for pattern in get_resolver("jobs.rest.urls").url_patterns
        if pattern.name  # any other path has none
    ]

    paths = {
        "/api/v1/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route).replace("{pk}", "{id}")
        for route in routes
    }
    assert set(schema()["paths"]) == paths


@pytest.mark.parametrize(("name", "told"), operations(), ids=[name for name, _ in operations()])
def test_every_operation_tells_what_it_takes_and_how_it_may_fail(
    name: str, told: dict[str, Any]
) -> None:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    answers = told["responses"]

    assert told["summary"].endswith(".")
    assert {"400", "401", "403", "404", "429", "500", "503"} <= set(answers)
    assert all(answers[status]["content"] == error for status in answers if status >= "400")
    assert "Retry-After" in answers["429"]["headers"]
    assert {"token": []} in told["security"]
    assert {"cookieAuth": []} in told["security"]
    assert ("304" in answers) == name.startswith("get ")


def test_names_of_operations_are_unique() -> None:
    names = [told["operationId"] for _, told in operations()]

    assert len(set(names)) == len(names)
    assert {"get_jobs", "post_jobs", "get_jobs_one", "post_jobs_one_cancel"} <= set(names)


def test_a_body_is_what_the_verb_checks() -> None:
    body = schema()["paths"]["/api/v1/jobs/"]["post"]["requestBody"]
    job = schema()["components"]["schemas"]["JobRequest"]

    assert body["required"] is True
    assert body["content"]["application/json"]["schema"]["$ref"].endswith("/JobRequest")
    assert job["additionalProperties"] is False
    assert job["properties"]["priority"]["maximum"] == 2_147_483_647
    assert job["required"] == ["operation", "role"]


def test_secrets_are_taken_and_never_answered() -> None:
    schemas = schema()["components"]["schemas"]

    assert schemas["RoleOrder"]["properties"]["secret_access_key"]["writeOnly"] is True
    assert schemas["NewMember"]["properties"]["password"]["writeOnly"] is True
    assert "secret_access_key" not in schemas["RoleDetails"]["properties"]
    shown = {name for name, told in schemas.items() if "secret_access_key" in str(told)}
    assert shown == {"RoleOrder", "RoleChange", "NewAccessKey"}


def test_the_page_has_no_inline_script_or_style_and_nothing_from_elsewhere(
    anonymous: Client, db: None
) -> None:
    page = anonymous.get(DOCS)
    html = page.content.decode()

    assert page.status_code == 200
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert html.count("<script") == html.count("<script src=") == 2
    assert "<style" not in html
    assert " style=" not in html
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)
    for source in re.findall(r'(?:src|href)="([^"]+)"', html):
        file = anonymous.get(source)
        assert file.status_code == 200, source
        b"".join(file)
        file.close()


def test_the_schema_says_nothing_of_what_there_is(anonymous: Client, make_job: MakeJob) -> None:
    job = make_job()

    assert str(job.pk) not in anonymous.get(SCHEMA).content.decode()
