"""A child job: made of tasks of a job that has ended, which is kept until the rows are copied."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from jobs import preparing, retention, services, submission, working
from jobs.errors import Conflict, InvalidRequest, InvalidTransition, NotFound
from jobs.models import Job, Manifest, Slice
from jobs.preparing import prepare
from jobs.results import task_rows
from jobs.status import FINAL, TO_PREPARE, JobStatus
from operations.base import SUCCESSFUL
from tests.conftest import MakeJob, MakePart, MakeSlice
from tests.core.conftest import MakeActive, RunLane, claim_to_finish, keys, never
from tests.core.scripted import FORBIDDEN, MISSING, Script
from tests.core.test_retention import DAY, age

EVERYTHING: dict[str, Any] = {
    "operation": "S3PutObjectTagging",
    "parameters": {"TagSet": [{"Key": "project", "Value": "lading"}]},
    "description": "Tag the photos",
    "priority": 7,
    "requests_per_second": 50,
    "failure_rule": "count",
    "failure_limit": 9,
    "run_window": {"start": "22:00", "end": "06:00", "time_zone": "UTC", "days": ["mon"]},
    "report_enabled": True,
    "report_bucket": "reports",
    "report_prefix": "nightly",
    "report_scope": "FailedTasksOnly",
    "report_expected_owner": "111122223333",
    "tags": {"team": "archive"},
}


@pytest.fixture(autouse=True)
def _no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asks the store about buckets."""
    monkeypatch.setattr(submission, "check_report", lambda _: None)
    monkeypatch.setattr(preparing, "check_report", lambda _: None)
    monkeypatch.setattr(preparing.stores, "identity", lambda *_: None)
    monkeypatch.setattr(preparing.stores, "s3_for", lambda _role: None)


@pytest.fixture
def parent(make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart) -> Job:
    """A job that ended with 2 of 5 tasks failed, and 2 never executed."""
    job = make_job(status="Cancelled", total_tasks=5, source_bucket="photos", **EVERYTHING)
    slice_ = make_slice(job, [f"photos,{key}" for key in keys(5)])
    make_part(slice_, [SUCCESSFUL, FORBIDDEN, MISSING])
    for said in (FORBIDDEN, MISSING):
        job.tallies.create(error_code=said.error_code, http_status=said.http_status, count=1)
    job.refresh_from_db()
    return job


def retry(user: User, job: Job, tasks: str = "failed", **given: Any) -> Job:
    token = given.pop("token", None)
    return services.retry_tasks(user, job, {"tasks": tasks, **given}, client_request_token=token)


def prepared(job: Job) -> list[str]:
    """The rows of the job, once it is prepared."""
    prepare(claim_to_finish(job), never)
    job.refresh_from_db()
    return [row.decode() for slice_ in job.slices.order_by("number") for row in task_rows(slice_)]


# ---- what it is


def test_it_is_asked_for_as_its_parent_was_and_waits_to_be_confirmed(
    user: User, parent: Job
) -> None:
    child = retry(user, parent)

    changed = {"description": "Retry of failed tasks of Tag the photos"}
    assert {name: getattr(child, name) for name in EVERYTHING} == EVERYTHING | changed
    assert (child.role, child.confirmation_required) == (parent.role, True)
    assert (child.status, child.created_by) == ("New", user)
    assert child.manifest.location == f"Failed tasks of job {parent.pk}"


def test_the_two_know_each_other(user: User, parent: Job) -> None:
    child = retry(user, parent)

    assert child.manifest.parent == parent
    assert list(services.jobs_of(user).children_of(parent)) == [child]
    assert list(services.jobs_of(user).children_of(child)) == []


@pytest.mark.parametrize(
    ("given", "rows"),
    [
        ({"tasks": "failed"}, [1, 2]),
        ({"tasks": "not_executed"}, [3, 4]),
        ({"tasks": "failed", "error_code": "NoSuchKey", "http_status": 404}, [2]),
    ],
)
def test_prepared_it_has_exactly_those_tasks(
    user: User, parent: Job, given: dict[str, Any], rows: list[int]
) -> None:
    child = retry(user, parent, **given)

    assert prepared(child) == [f"photos,k{row:05}" for row in rows]
    assert (child.status, child.total_tasks) == ("Suspended", len(rows))
    assert child.source_bucket == "photos"


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("", "Retry of failed tasks of Replace all object tags"),
        ("x" * 256, "Retry of failed tasks of " + "x" * 231),
        (
            "Retry of failed tasks of A",  # somebody has written so: it is no retry
            "Retry of failed tasks of Retry of failed tasks of A",
        ),
    ],
)
def test_its_description_says_whose_tasks_it_does(
    user: User, parent: Job, title: str, told: str
) -> None:
    parent.description = title

    assert retry(user, parent).description == told


FORBIDDEN_GROUP = {"error_code": "AccessDenied", "http_status": 403}


@pytest.mark.parametrize(
    ("group", "told"),
    [
        (FORBIDDEN_GROUP, "(AccessDenied, HTTP 403)"),
        ({"error_code": "TimeOut", "http_status": 0}, "(TimeOut, no reply)"),
        ({"error_code": "Other", "http_status": 0}, "(Other)"),
        ({"error_code": "y" * 200, "http_status": 400}, f"({'y' * 99}…, HTTP 400)"),
    ],
)
def test_the_description_of_a_group_names_it(
    user: User, parent: Job, group: dict[str, Any], told: str
) -> None:
    parent.tallies.get_or_create(**group, defaults={"count": 1})

    assert (
        retry(user, parent, **group).description
        == f"Retry of failed tasks {told} of Tag the photos"
    )


WHOLE = {"tasks": "failed"}
ONE_GROUP = {"tasks": "failed", **FORBIDDEN_GROUP}


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (WHOLE, WHOLE, "Retry of failed tasks of Tag the photos"),
        (ONE_GROUP, WHOLE, "Retry of failed tasks (AccessDenied, HTTP 403) of Tag the photos"),
        (ONE_GROUP, ONE_GROUP, "Retry of failed tasks (AccessDenied, HTTP 403) of Tag the photos"),
        (
            WHOLE,  # not all of them may have failed so at first
            ONE_GROUP,
            "Retry of failed tasks (AccessDenied, HTTP 403) of "
            "Retry of failed tasks of Tag the photos",
        ),
        (
            {"tasks": "not_executed"},  # these have not failed at first
            WHOLE,
            "Retry of failed tasks of Retry of tasks never executed of Tag the photos",
        ),
    ],
    ids=[
        "the rest",
        "the rest of a group",
        "the same group",
        "a group of the rest",
        "of another kind",
    ],
)
def test_the_description_of_a_retry_of_a_retry_is_cut_only_where_it_stays_true(
    user: User, parent: Job, first: dict[str, Any], second: dict[str, Any], told: str
) -> None:
    child = retry(user, parent, **first)
    Job.objects.filter(pk=child.pk).update(status="Complete", total_tasks=2, failed=2)
    child.tallies.create(**FORBIDDEN_GROUP, count=2)
    child.refresh_from_db()

    assert retry(user, child, **second).description == told


def test_a_child_can_have_children(
    user: User, make_active: MakeActive, script: Script, run_lane: RunLane
) -> None:
    parent = make_active(6, source_bucket="photos")
    for key in ("k00001", "k00004"):
        script.on(key, FORBIDDEN)
    run_lane()
    for left in (["k00001", "k00004"], ["k00004"]):
        parent.refresh_from_db()
        child = retry(user, parent)
        assert prepared(child) == [f"photos,{key}" for key in left]
        script.on("k00001", SUCCESSFUL)
        Job.objects.filter(pk=child.pk).update(status="Ready")
        run_lane()
        parent = child

    child.refresh_from_db()
    assert (child.status, child.succeeded, child.failed) == ("Complete", 0, 1)


def test_another_operation_can_be_done_to_the_same_tasks(user: User, parent: Job) -> None:
    child = services.create_job(
        user,
        {
            "operation": "S3DeleteObjectTagging",
            "manifest": {"parent": {"id": str(parent.pk), "tasks": "failed"}},
            "role": parent.role.name,
        },
    )

    assert child.operation == "S3DeleteObjectTagging"
    assert prepared(child) == ["photos,k00001", "photos,k00002"]


def test_an_operation_that_needs_versions_is_refused_where_there_are_none(
    user: User, parent: Job
) -> None:
    asked = {
        "operation": "S3ReplicateObject",
        "manifest": {"parent": {"id": str(parent.pk), "tasks": "failed"}},
        "role": parent.role.name,
    }

    with pytest.raises(InvalidRequest, match="Required fields are missing in the schema"):
        services.create_job(user, asked)


# ---- once, and only where it can be


def test_the_same_token_makes_the_same_child(user: User, parent: Job) -> None:
    child = retry(user, parent, token="once")

    assert retry(user, parent, token="once") == child
    with pytest.raises(Conflict):
        retry(user, parent, "not_executed", token="once")
    assert Job.objects.count() == 2


@pytest.mark.parametrize("status", sorted(set(JobStatus) - FINAL))
def test_before_its_end_a_job_has_no_child(user: User, make_job: MakeJob, status: str) -> None:
    job = make_job(status=status, total_tasks=2, failed=1)

    with pytest.raises(InvalidTransition, match=f"The job is {status}; tasks of it can be retried"):
        retry(user, job)


@pytest.mark.parametrize(
    ("given", "field", "told"),
    [
        ({"tasks": "in_doubt"}, "tasks", "The job has none: tasks in doubt."),
        ({"tasks": "all"}, "tasks", "Give 'failed', 'in_doubt' or 'not_executed'."),
        ({}, "tasks", "This field is required."),
        ({"tasks": "failed", "http_status": 404}, "", "Give the error code that goes with"),
        ({"tasks": "in_doubt", "error_code": "X"}, "", "Only failed tasks have an error code."),
        ({"tasks": "failed", "error_code": "X"}, "error_code", "No task of the job failed with X"),
        ({"tasks": "failed", "priority": 3}, "priority", "There is no field of this name."),
    ],
)
def test_what_makes_no_sense_is_refused(
    user: User, parent: Job, given: dict[str, Any], field: str, told: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        services.retry_tasks(user, parent, given)

    assert refused.value.fields[field][0].startswith(told)
    assert list(Job.objects.all()) == [parent]


@pytest.mark.parametrize(
    "beside",
    [{"fields": ["Bucket", "Key"]}, {"etag": "x"}, {"format": "KeyList"}, {"bucket": "b-1"}],
)
def test_tasks_are_taken_as_they_are(user: User, parent: Job, beside: dict[str, Any]) -> None:
    manifest = {"parent": {"id": str(parent.pk), "tasks": "failed"}, **beside}

    with pytest.raises(InvalidRequest, match="Tasks of another job are taken as they are"):
        services.create_job(
            user, {"operation": "S3DeleteObjectTagging", "manifest": manifest, "role": "archive"}
        )


def test_a_list_of_tasks_can_be_used_again_but_not_checked(user: User, parent: Job) -> None:
    manifest = retry(user, parent).manifest
    again = services.create_job(
        user,
        {"operation": "S3DeleteObjectTagging", "manifest": {"id": manifest.pk}, "role": "archive"},
    )

    assert prepared(again) == ["photos,k00001", "photos,k00002"]
    with pytest.raises(InvalidRequest, match="These are tasks of another job, and no list"):
        services.check_manifest(user, manifest)


# ---- the parent is kept until then


@pytest.mark.parametrize("status", sorted(TO_PREPARE))
def test_an_old_parent_is_kept_until_its_child_has_copied_its_rows(
    user: User, parent: Job, spool_folder: Path, status: str
) -> None:
    child = retry(user, parent)
    Job.objects.filter(pk=child.pk).update(status=status)
    age(parent, 91 * DAY)

    retention.sweep()
    with pytest.raises(NotFound):
        services.job_of(user, parent.pk)
    child.refresh_from_db()
    rows = prepared(child)
    retention.sweep()

    assert rows == ["photos,k00001", "photos,k00002"]
    assert list(Job.objects.all()) == [child]
    assert not (spool_folder / f"jobs/{parent.pk}").exists()
    child.refresh_from_db()
    assert child.manifest.parent is None
    assert child.manifest.location == f"Failed tasks of job {parent.pk}"
    assert task_rows(child.slices.get()) == [b"photos,k00001", b"photos,k00002"]


def test_a_parent_that_is_not_seen_any_more_cannot_be_chosen(user: User, parent: Job) -> None:
    manifest = retry(user, parent).manifest
    Job.objects.exclude(pk=parent.pk).update(status="Suspended")
    age(parent, 90 * DAY)

    with pytest.raises(InvalidRequest, match="There is no such job any more"):
        retry(user, parent)
    with pytest.raises(InvalidRequest, match="There is no such job any more"):
        services.create_job(
            user,
            {
                "operation": "S3DeleteObjectTagging",
                "manifest": {"id": manifest.pk},
                "role": "archive",
            },
        )


def test_a_parent_that_is_removed_at_that_moment_has_no_child(
    user: User, parent: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the lock."""

    def grow_old(_: Job) -> None:
        age(parent, 90 * DAY)
        retention.sweep()

    monkeypatch.setattr(submission, "_check_output", grow_old)

    with pytest.raises(InvalidRequest, match="There is no such job any more"):
        retry(user, parent)
    assert not Job.objects.exists()


def test_a_child_that_is_made_while_its_parent_is_looked_at_is_found(
    user: User, parent: Job, spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parent is on the sweep's list by then, and still seen a moment before."""
    expired = retention._expired
    age(parent, 90 * DAY)

    def make_one_first() -> Any:
        found = list(expired())
        age(parent, 90 * DAY - timedelta(seconds=5))
        retry(user, parent)
        age(parent, 90 * DAY)
        return found

    monkeypatch.setattr(retention, "_expired", make_one_first)
    retention.sweep()

    assert Job.objects.count() == 2
    assert prepared(Job.objects.get(status="New")) == ["photos,k00001", "photos,k00002"]


def test_a_sweep_and_whoever_makes_a_child_wait_for_each_other(
    several_connections: None, user: User, parent: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep decides while the child is being saved: it finds it all the same."""
    swept: list[Thread] = []
    keep = submission.keep_parent

    def sweep() -> None:
        try:
            retention.remove_job(parent.pk)
        finally:
            connection.close()

    def keep_and_grow_old(manifest: Manifest) -> None:
        keep(manifest)
        age(parent, 90 * DAY)
        swept.append(Thread(target=sweep))
        swept[0].start()
        swept[0].join(0.3)
        assert swept[0].is_alive(), "it did not wait for the lock"

    monkeypatch.setattr(submission, "keep_parent", keep_and_grow_old)
    child = retry(user, parent)
    swept[0].join(30)

    assert prepared(child) == ["photos,k00001", "photos,k00002"]


# ---- damage, and lanes that die


@pytest.mark.usefixtures("script")
def test_a_file_that_the_spool_has_lost_fails_the_child_with_the_reason(
    user: User, parent: Job, spool_folder: Path, run_lane: RunLane
) -> None:
    lost = parent.slices.get().task_file
    (spool_folder / lost).unlink()
    child = retry(user, parent)

    run_lane()

    child.refresh_from_db()
    assert child.status == "Failed"
    (told,) = child.failure_reasons
    assert told["FailureCode"] == "SpoolDamaged"
    assert told["FailureReason"] == f"The spool has lost the file {lost}."
    parent.refresh_from_db()
    assert parent.status == "Cancelled"


def test_a_child_that_is_prepared_in_many_turns_has_each_row_once(
    user: User, make_job: MakeJob, make_slice: MakeSlice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "CHECKPOINT_SLICES", 1)
    monkeypatch.setattr("jobs.slicing.FIRST_SLICE", 3)
    monkeypatch.setattr("jobs.slicing.LARGEST_SLICE", 4)
    job = make_job(status="Cancelled", total_tasks=40, source_bucket="photos")
    todo = [f"photos,{key}" for key in keys(40)]
    for start in range(0, 40, 10):
        make_slice(job, todo[start : start + 10])
    child, turns = retry(user, job, "not_executed"), 0

    while child.state in TO_PREPARE:
        prepare(claim_to_finish(child), lambda: True)
        child.refresh_from_db()
        turns += 1

    assert turns > 5
    slices = child.slices.order_by("number")
    assert [row.decode() for slice_ in slices for row in task_rows(slice_)] == todo


def test_a_lane_is_not_told_that_a_database_is_used_in_another_thread(
    several_connections: None, user: User, parent: Job, script: Script
) -> None:
    """A lane as the engine runs it: files are read by threads, rows are asked for by its own."""
    child = retry(user, parent)

    working.work("test-node", never)

    child.refresh_from_db()
    assert (child.status, Slice.objects.filter(job=child).count()) == ("Suspended", 1)


# ---- elsewhere


def test_the_admin_site_shows_whose_tasks_a_list_is_made_of(
    user: User, admin_client: Client, parent: Job
) -> None:
    manifest = retry(user, parent).manifest

    listed = admin_client.get("/admin/jobs/manifest/").text
    opened = admin_client.get(f"/admin/jobs/manifest/{manifest.pk}/change/").text

    assert f"Failed tasks of job {parent.pk}" in listed
    assert f"/admin/jobs/job/{parent.pk}/change/" in opened


def test_the_page_of_the_list_says_that_there_is_nothing_to_check(
    user: User, client: Client, parent: Job
) -> None:
    manifest = retry(user, parent).manifest

    page = client.get(f"/manifests/{manifest.pk}/")

    assert page.status_code == 422
    assert "These are tasks of another job, and no list to check." in page.text
