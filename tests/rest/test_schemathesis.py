"""What nobody thought of: requests made up from the schema, valid ones and others. None may end in
an error of the server, nor in an answer that the schema does not tell of.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis import openapi

from config.wsgi import application
from jobs.credentials import AccessKey, ApiToken
from jobs.models import Function, Member, Rank
from operations.base import SUCCESSFUL, Outcome
from tests.conftest import MakeJob, MakeManifest, MakePart, MakeReportFile, MakeRole, MakeSlice

EXAMPLES = 4
"""Of each operation, beside those that schemathesis makes of every limit in the schema."""
MISSING = Outcome(succeeded=False, http_status=404, error_code="NoSuchKey", message="Gone.")
schemathesis.checks.load_all_checks()
CHECKS = schemathesis.checks.CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)
JOBS = {
    "0d5e9d0a-6b1c-4b0b-9f1a-8f3d1c2b7a01": "Suspended",
    "0d5e9d0a-6b1c-4b0b-9f1a-8f3d1c2b7a02": "Active",
    "0d5e9d0a-6b1c-4b0b-9f1a-8f3d1c2b7a03": "Complete",
}
MANIFEST = "0d5e9d0a-6b1c-4b0b-9f1a-8f3d1c2b7a04"
NOWHERE = "http://127.0.0.1:9"
"""Nobody listens there, and the machine says so at once."""
NUMBER = 7_000_000
KNOWN: dict[str, list[Any]] = {
    "jobs": list(JOBS),
    "manifests": [MANIFEST],
    "tokens": [NUMBER],
    "file": [NUMBER],
    "access_key_id": ["LADINGAAAAAAAAAAAAAA"],
    "name": ["archive", "thumbnails", "ada"],
}

pytestmark = pytest.mark.django_db


def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Lading, closing what it answers as a server does."""
    answer = application(environ, start_response)
    try:
        return [b"".join(answer)]
    finally:
        answer.close()


schema = openapi.from_wsgi("/api/schema/?format=json", app)


# What each view refuses as a method is asked of all of them at once elsewhere.
schema.config.phases.coverage.unexpected_methods = set()


def name_what_is_there(case: schemathesis.Case) -> None:
    """Three of four requests are about something that exists: which ones depends on what was made
    up, so that it is always the same.
    """
    made_up = (case.path_parameters, case.query, case.body, case.media_type)
    chance = zlib.crc32(repr(made_up).encode())
    resource = case.operation.path.split("/")[3]
    for name in case.path_parameters or {}:
        known = KNOWN.get(resource if name == "id" else name, [])
        if known and chance % 4:
            case.path_parameters[name] = known[chance % len(known)]


@pytest.fixture(autouse=True)
def _one_transaction() -> Iterator[None]:
    """A request ends no connection, and with it what the test has made; as with Django's client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def token(
    settings: Any,
    user: User,
    make_role: MakeRole,
    make_job: MakeJob,
    make_manifest: MakeManifest,
    make_slice: MakeSlice,
    make_part: MakePart,
    make_report_file: MakeReportFile,
) -> str:
    """An administrator's, in an account with something of everything."""
    settings.LADING_API_RATE = 0
    Member.objects.filter(user=user).update(rank=Rank.ADMINISTRATOR)
    root = User.objects.create_superuser("root")  # whom no request of the test can shut out
    role = make_role(endpoint_url=NOWHERE)
    manifest = make_manifest(b"photos,a.jpg\nphotos,b.jpg\n", id=MANIFEST)
    Function.objects.create(account_id=role.account_id, name="thumbnails", url=NOWHERE)
    for pk, status in JOBS.items():
        job = make_job(id=pk, status=status, role=role, manifest=manifest, total_tasks=2)
        if status != "Suspended":
            make_part(make_slice(job), [SUCCESSFUL, MISSING])
    make_report_file(job, b"photos,b.jpg,,failed,404,NoSuchKey,Gone.\n", id=NUMBER)
    ApiToken.objects.create(id=NUMBER, user=user, digest="0" * 64)
    key = AccessKey.issue(user)[0]
    AccessKey.objects.filter(pk=key.pk).update(access_key_id=KNOWN["access_key_id"][0])
    return ApiToken.issue(root)[1]


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_request_surprises_the_server_and_no_answer_the_schema(
    case: schemathesis.Case, token: str
) -> None:
    name_what_is_there(case)
    case.call_and_validate(headers={"Authorization": f"Token {token}"}, checks=CHECKS)
