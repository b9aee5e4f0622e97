"""The API as its clients call it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from jobs.models import Job, Role
from tests.conftest import MakeManifest

Post = Callable[..., Any]
Asked = Callable[..., dict[str, Any]]


@pytest.fixture
def post(client: Client) -> Post:
    """POST a JSON object: post("/api/v1/jobs/", {...})."""

    def send(path: str, body: object = None) -> Any:
        return client.post(path, {} if body is None else body, content_type="application/json")

    return send


@pytest.fixture
def asked(role: Role, make_manifest: MakeManifest) -> Asked:
    """The smallest request for a job, over an uploaded manifest, with any member changed."""
    manifest = make_manifest(b"photos,a.jpg\nphotos,b.jpg\n")

    def ask(**changes: Any) -> dict[str, Any]:
        return {
            "operation": "S3PutObjectTagging",
            "parameters": {"tag_set": [{"key": "project", "value": "lading"}]},
            "manifest": {"id": str(manifest.pk)},
            "role": role.name,
            **changes,
        }

    return ask


def fields_of(response: Any, status: int = 400) -> dict[str, list[str]]:
    """The faults that an answer names."""
    assert response.status_code == status, response.text
    assert Job.objects.count() == 0
    fields: dict[str, list[str]] = response.json()["fields"]
    return fields
