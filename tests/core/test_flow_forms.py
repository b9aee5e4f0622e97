"""Whole jobs over every form of manifest: what the list names is what is asked for and reported."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from urllib.parse import unquote_plus

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs import submission, working
from jobs.models import Job, Manifest
from tests.conftest import PutObjects
from tests.core.conftest import MakeOver, RunLane
from tests.core.scripted import Script
from tests.manifests.forms import BARE, KEYS, LISTS, PUT, Row, rows_of_targets

FORMS = {**PUT, **LISTS}
TAGGING = {"tag_set": [{"key": "project", "value": "lading"}]}
hypothesis = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


REPORT = {"report_enabled": True, "report_bucket": "reports", "report_scope": "AllTasks"}


def report_of(s3: Any, job: Job) -> list[list[str]]:
    """The rows of the report in its bucket, read as a CSV."""
    told = s3.get_object(Bucket="reports", Key=f"job-{job.pk}/manifest.json")["Body"].read()
    rows: list[list[str]] = []
    for entry in json.loads(told)["Results"]:
        body = s3.get_object(Bucket="reports", Key=entry["Key"])["Body"].read().decode()
        rows += csv.reader(io.StringIO(body, newline=""), strict=True)
    return rows


@pytest.mark.parametrize("form", PUT)
@hypothesis
@given(rows=rows_of_targets(KEYS, most=6).filter(lambda rows: len({*rows}) == len(rows)))
def test_every_key_and_version_is_asked_for_and_comes_out_in_the_report(
    make_over: MakeOver, run_lane: RunLane, script: Script, s3: Any, form: str, rows: list[Row]
) -> None:
    script.targets.clear()
    job = make_over(PUT[form](s3, rows), **REPORT)
    run_lane()

    job.refresh_from_db()
    assert (job.status, job.total_tasks) == ("Complete", len(rows))
    wanted = sorted((key, version or "") for key, version in rows if version != "")
    assert sorted((sent.key, sent.version_id or "") for sent in script.targets) == wanted
    found = sorted((unquote_plus(key), version) for _, key, version, *_ in report_of(s3, job))
    assert found == sorted((key, version or "") for key, version in rows)
    failed = [row for row in report_of(s3, job) if row[3] == "failed"]
    assert len(failed) == job.failed == sum(version == "" for _, version in rows)
    assert all(row[4:] == ["400", "InvalidRequest", "Task failed due to missing VersionId"]
               for row in failed)  # fmt: skip


@pytest.mark.parametrize("form", LISTS)
@hypothesis
@given(keys=st.lists(BARE, min_size=1, max_size=6, unique=True))
def test_every_key_of_a_list_is_asked_for_and_comes_out_in_the_report(
    make_over: MakeOver, run_lane: RunLane, script: Script, s3: Any, form: str, keys: list[str]
) -> None:
    script.targets.clear()
    job = make_over(LISTS[form](s3, [(key, None) for key in keys]), **REPORT)
    run_lane()

    assert sorted(sent.key for sent in script.targets) == sorted(keys)
    assert sorted(unquote_plus(row[1]) for row in report_of(s3, job)) == sorted(keys)


@pytest.mark.parametrize("form", FORMS)
def test_objects_with_odd_names_are_tagged_from_create_to_complete(
    s3: Any, user: User, role: Any, put_objects: PutObjects, form: str
) -> None:
    names = ["summer trip/a+b.jpg", "é漢.jpg", "100%.jpg", "a%20b", "x,y", 'q"uote', "~'()!*"]
    put_objects(*names)
    manifest = FORMS[form](s3, [(name, None) for name in [*names, "gone"]])
    job = submission.create_job(user, asked(manifest, role))

    working.work("test-node", lambda: False)

    job.refresh_from_db()
    assert (job.status, job.total_tasks, job.succeeded, job.failed) == ("Complete", 8, 7, 1)
    for name in names:
        told = s3.get_object_tagging(Bucket="photos", Key=name)["TagSet"]
        assert told == [{"Key": "project", "Value": "lading"}], name
    assert sorted(unquote_plus(row[1]) for row in report_of(s3, job)) == sorted([*names, "gone"])


def asked(manifest: Manifest, role: Any) -> dict[str, Any]:
    """The request for a job over a manifest in S3, through the front door."""
    given: dict[str, Any] = {
        "location": f"s3://{manifest.bucket}/{manifest.key}",
        "format": manifest.format,
    }
    if manifest.list_bucket:
        given["bucket"] = manifest.list_bucket
    return {
        "operation": "S3PutObjectTagging",
        "parameters": TAGGING,
        "manifest": given,
        "role": role.name,
        "confirmation_required": False,
        "report": {"enabled": True, "bucket": "reports"},
    }


@pytest.mark.parametrize("form", PUT)
def test_listed_versions_are_tagged_and_an_empty_one_fails_its_task_alone(
    make_over: MakeOver, run_lane: RunLane, script: Script, s3: Any, form: str
) -> None:
    rows: list[Row] = [("a b", "v1"), ("a b", "v2"), ("c", ""), ("d", "null")]
    job = make_over(PUT[form](s3, rows), **REPORT)
    run_lane()

    job.refresh_from_db()
    assert (job.status, job.succeeded, job.failed) == ("Complete", 3, 1)
    sent = sorted((target.key, target.version_id) for target in script.targets)
    assert sent == [("a b", "v1"), ("a b", "v2"), ("d", "null")]
    (failed,) = [row for row in report_of(s3, job) if row[3] == "failed"]
    assert failed[1:] == [
        "c", "", "failed", "400", "InvalidRequest", "Task failed due to missing VersionId"
    ]  # fmt: skip
