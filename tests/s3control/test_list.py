"""ListJobs: which jobs, in which order, and page by page (spec.md 3.6)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from jobs.models import Job
from jobs.status import JobStatus
from tests.conftest import OTHER_ACCOUNT, MakeJob
from tests.s3control.conftest import KeyOf
from tests.s3control.shapes import MODEL
from tests.s3control.wire import JOBS, NAMESPACE, Key, account, call, client_of

TOKEN = re.compile(r"^[A-Za-z0-9\+\:\/\=\?\#-_]+$")
FINAL = ("Complete", "Failed", "Cancelled")


def listed(control: Any, **asked: Any) -> list[str]:
    """The ids of one page."""
    page = control.list_jobs(AccountId=account(), **asked)
    return [job["JobId"] for job in page["Jobs"]]


def walked(control: Any, **asked: Any) -> list[str]:
    """The ids of all pages."""
    found: list[str] = []
    page = control.list_jobs(AccountId=account(), **asked)
    while True:
        found += [job["JobId"] for job in page["Jobs"]]
        if "NextToken" not in page:
            return found
        assert TOKEN.fullmatch(page["NextToken"])
        assert len(page["NextToken"]) <= 1024
        page = control.list_jobs(AccountId=account(), NextToken=page["NextToken"], **asked)


@pytest.fixture
def seven(make_job: MakeJob) -> list[str]:
    """Seven jobs, newest first; three of them were made at the same instant."""
    now = timezone.now()
    ages = (0, 1, 2, 2, 2, 3, 4)
    made = [make_job(created_at=now - timedelta(seconds=age)) for age in ages]
    order = sorted(made, key=lambda job: (-job.created_at.timestamp(), str(job.pk)))
    return [str(job.pk) for job in order]


# ---- what is told


def test_nothing_is_an_empty_list(control: Any, key: Key) -> None:
    page = control.list_jobs(AccountId=account())

    assert page["Jobs"] == []
    assert "NextToken" not in page
    root = call(key, "GET", JOBS).root
    assert root.tag == f"{{{NAMESPACE}}}ListJobsResult"
    assert [child.tag for child in root] == [f"{{{NAMESPACE}}}Jobs"]


def test_a_job_is_told_with_its_progress(control: Any, make_job: MakeJob) -> None:
    job = make_job(
        status="Complete", description="Tag them", priority=3, total_tasks=9, succeeded=7, failed=2
    )

    (told,) = control.list_jobs(AccountId=account())["Jobs"]

    assert told == {
        "JobId": str(job.pk),
        "Description": "Tag them",
        "Operation": "S3PutObjectTagging",
        "Priority": 3,
        "Status": "Complete",
        "CreationTime": told["CreationTime"],
        "TerminationDate": told["TerminationDate"],
        "ProgressSummary": {
            "TotalNumberOfTasks": 9,
            "NumberOfTasksSucceeded": 7,
            "NumberOfTasksFailed": 2,
            "Timers": {"ElapsedTimeInActiveSeconds": 90},
        },
    }
    assert abs(told["CreationTime"] - job.created_at) < timedelta(milliseconds=1)
    assert abs(told["TerminationDate"] - job.terminated_at) < timedelta(milliseconds=1)


def test_what_a_job_does_not_have_is_left_out(control: Any, make_job: MakeJob) -> None:
    make_job()

    (told,) = control.list_jobs(AccountId=account())["Jobs"]

    assert {"Description", "TerminationDate"}.isdisjoint(told)
    assert told["ProgressSummary"] == {
        "TotalNumberOfTasks": 0,
        "NumberOfTasksSucceeded": 0,
        "NumberOfTasksFailed": 0,
        "Timers": {"ElapsedTimeInActiveSeconds": 0},
    }


def test_members_come_in_the_order_of_the_model(key: Key, make_job: MakeJob) -> None:
    make_job(status="Failed", description="Tag them")

    (job,) = call(key, "GET", JOBS).root.iter(f"{{{NAMESPACE}}}member")

    shape = MODEL.operation_model("ListJobs").output_shape.members["Jobs"].member
    assert [child.tag for child in job] == [f"{{{NAMESPACE}}}{name}" for name in shape.members]


def test_times_are_told_in_milliseconds(key: Key, make_job: MakeJob) -> None:
    make_job()

    told = call(key, "GET", JOBS).root.find(f".//{{{NAMESPACE}}}CreationTime")

    assert told is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told.text or "")


# ---- which jobs


def test_the_newest_comes_first(control: Any, seven: list[str]) -> None:
    assert listed(control) == seven


@pytest.mark.parametrize("status", list(JobStatus))
def test_jobs_are_filtered_by_status(control: Any, make_job: MakeJob, status: JobStatus) -> None:
    made = {one: make_job(status=one) for one in JobStatus}

    assert listed(control, JobStatuses=[status]) == [str(made[status].pk)]


def test_several_statuses_may_be_asked_for(control: Any, make_job: MakeJob) -> None:
    made = {str(make_job(status=status).pk) for status in FINAL}
    make_job(status="Active")

    assert set(listed(control, JobStatuses=list(FINAL))) == made


@pytest.mark.parametrize("status", FINAL)
def test_an_ended_job_is_listed_for_ninety_days(
    control: Any, make_job: MakeJob, status: str
) -> None:
    day = timedelta(days=1)
    kept = make_job(status=status, terminated_at=timezone.now() - 90 * day + day / 24)
    make_job(status=status, terminated_at=timezone.now() - 90 * day - day / 24)

    assert listed(control) == [str(kept.pk)]


def test_an_old_job_that_has_not_ended_is_listed(control: Any, make_job: MakeJob) -> None:
    job = make_job(status="Suspended", created_at=timezone.now() - timedelta(days=400))

    assert listed(control) == [str(job.pk)]


def test_jobs_of_other_accounts_are_not(
    control: Any, make_job: MakeJob, other_user: User, key_of: KeyOf
) -> None:
    theirs = make_job(account_id=OTHER_ACCOUNT)
    mine = make_job()

    assert listed(control) == [str(mine.pk)]
    page = client_of(key_of(other_user)).list_jobs(AccountId=OTHER_ACCOUNT)
    assert [job["JobId"] for job in page["Jobs"]] == [str(theirs.pk)]


# ---- page by page


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8, 1000])
def test_pages_neither_skip_nor_repeat(control: Any, seven: list[str], size: int) -> None:
    assert walked(control, MaxResults=size) == seven


def test_a_full_page_that_is_the_last_has_no_token(control: Any, seven: list[str]) -> None:
    page = control.list_jobs(AccountId=account(), MaxResults=len(seven))

    assert len(page["Jobs"]) == 7
    assert "NextToken" not in page


def test_none_and_nothing_mean_a_thousand(control: Any, user: User, make_job: MakeJob) -> None:
    first = make_job()
    row = {
        field.attname: getattr(first, field.attname)
        for field in Job._meta.concrete_fields
        if field.attname not in {"id", "created_at"}
    }
    old = timezone.now() - timedelta(days=1)
    Job.objects.bulk_create(Job(**row, created_at=old) for _ in range(1000))

    for asked in ({}, {"MaxResults": 0}, {"MaxResults": 1000}):
        page = control.list_jobs(AccountId=account(), **asked)
        assert len(page["Jobs"]) == 1000
        assert "NextToken" in page
    assert len(set(walked(control))) == 1001


def test_jobs_that_come_and_go_meanwhile_move_no_other(
    control: Any, seven: list[str], make_job: MakeJob
) -> None:
    page = control.list_jobs(AccountId=account(), MaxResults=3)
    make_job()
    Job.objects.filter(pk__in=seven[:2]).delete()

    rest = control.list_jobs(AccountId=account(), NextToken=page["NextToken"])

    assert [job["JobId"] for job in rest["Jobs"]] == seven[3:]


def test_pages_of_a_filter_stay_in_it(control: Any, make_job: MakeJob) -> None:
    ready = {str(make_job(status="Ready").pk) for _ in range(3)}
    for _ in range(3):
        make_job(status="Active")

    assert set(walked(control, JobStatuses=["Ready"], MaxResults=1)) == ready


def test_the_order_of_the_statuses_is_no_other_filter(control: Any, make_job: MakeJob) -> None:
    for _ in range(2):
        make_job(status="Ready")
    token = control.list_jobs(AccountId=account(), JobStatuses=["Ready", "Active"], MaxResults=1)[
        "NextToken"
    ]

    again = control.list_jobs(AccountId=account(), JobStatuses=["Active", "Ready"], NextToken=token)

    assert len(again["Jobs"]) == 1


def test_the_size_of_the_page_may_change_on_the_way(control: Any, seven: list[str]) -> None:
    token = control.list_jobs(AccountId=account(), MaxResults=2)["NextToken"]

    assert listed(control, NextToken=token, MaxResults=4) == seven[2:6]
