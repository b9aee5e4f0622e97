"""The things and the people of the walk."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from jobs.models import AccessKey, ApiToken, Function
from tests.conftest import (
    MakeJob,
    MakeManifest,
    MakeReportFile,
    MakeRole,
    MakeSlice,
    MakeUser,
)
from tests.rights.things import Things, people


@pytest.fixture
def users(make_user: MakeUser) -> dict[str, User]:
    return people(make_user)


@pytest.fixture
def things(
    users: dict[str, User],
    make_job: MakeJob,
    make_role: MakeRole,
    make_manifest: MakeManifest,
    make_report_file: MakeReportFile,
    make_slice: MakeSlice,
) -> Things:
    owner, role = users["owner"], make_role()
    manifest = make_manifest(b"Bucket,Key\nphotos,a.jpg\n", created_by=owner)
    job = make_job(
        status="Suspended", role=role, manifest=manifest, created_by=owner, total_tasks=1
    )
    ended = make_job(status="Cancelled", role=role, manifest=manifest, total_tasks=2)
    make_slice(ended, ["photos,a", "photos,b"], started_upto=2)
    account = {"account_id": role.account_id}
    return Things(
        job=job,
        ended=ended,
        manifest=manifest,
        role=role,
        report_file=make_report_file(job, b"photos,a.jpg,,failed,403,X,Y\n"),
        function=Function.objects.create(name="thumbs", url="http://thumbs:9001", **account),
        token=ApiToken.issue(owner)[0],
        access_key=AccessKey.issue(owner)[0],
    )
