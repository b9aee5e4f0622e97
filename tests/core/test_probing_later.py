"""Trust no store untried: what is found out later, and what is never forgotten by not looking."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now

from jobs import lifecycle, probing, services, working
from jobs.errors import Conflict, JobFailure
from jobs.models import Job, Role, Trial
from operations.probe import Finding
from tests.conftest import MakeJob, MakeRole
from tests.core.probed import ProbedStore
from tests.core.scripted import Script

TAGS = "S3PutObjectTagging"
ENDPOINT = "http://store:9000"


@pytest.fixture
def role(make_role: MakeRole) -> Role:
    return make_role(endpoint_url=ENDPOINT, server="nginx")


def found(role: Role, finding: Finding, *, operation: str = TAGS, days: int = 0) -> Trial:
    """What is known of the operation at the role's store, as of some days ago."""
    trial, _ = Trial.objects.update_or_create(
        account_id=role.account_id,
        endpoint_url=role.endpoint,
        operation=operation,
        defaults={
            "finding": finding,
            "detail": "It is.",
            "bucket": "photos",
            "server": role.server,
            "tried_at": Now() - timedelta(days=days),
        },
    )
    return trial


def run(job: Job) -> Job:
    working.work("test-node", lambda: False)
    job.refresh_from_db()
    return job


# ---- before each slice


def test_a_job_whose_store_is_found_out_later_touches_nothing(
    store: ProbedStore, prepared: Callable[..., Job], role: Role, script: Script
) -> None:
    job = prepared()
    lifecycle.advance()
    found(role, Finding.DESTROYS)

    run(job)

    assert (job.status, job.succeeded) == ("Failed", 0)
    (told,) = job.failure_reasons
    assert told["FailureCode"] == "StoreDestroysData"
    assert "found while the job was under way" in told["FailureReason"]


def test_a_job_whose_role_is_pointed_at_an_untried_store_touches_nothing(
    store: ProbedStore, prepared: Callable[..., Job], role: Role, script: Script
) -> None:
    job = prepared()
    services.set_role(role.account_id, role.name, endpoint_url="http://moved:9000")

    run(job)

    assert (job.status, job.succeeded) == ("Failed", 0)
    assert job.failure_reasons[0]["FailureCode"] == "StoreUntried"


@pytest.mark.parametrize(
    ("finding", "code"),
    [(Finding.IGNORED, "StoreIgnoresOperation"), (Finding.UNTRIED, "StoreUntried")],
)
def test_what_was_found_since_ends_a_job_that_was_not_let_do_it(
    store: ProbedStore, prepared: Callable[..., Job], role: Role, finding: Finding, code: str
) -> None:
    job = prepared()
    found(role, finding)

    with pytest.raises(JobFailure) as failure:
        probing.recheck(job)

    assert failure.value.code == code


@pytest.mark.parametrize("finding", [Finding.WORKS, Finding.REFUSED])
def test_a_finding_that_grows_old_does_not_end_a_job_that_was_judged_by_it(
    store: ProbedStore, prepared: Callable[..., Job], role: Role, finding: Finding
) -> None:
    store.finding = finding
    job = prepared()
    found(role, finding, days=31)
    Job.objects.update(created_at=Now() - timedelta(days=2))
    job.refresh_from_db()

    probing.recheck(job)


def test_a_finding_that_was_old_before_the_job_came_is_none(
    store: ProbedStore, prepared: Callable[..., Job], role: Role
) -> None:
    job = prepared()
    found(role, Finding.WORKS, days=31)

    with pytest.raises(JobFailure):
        probing.recheck(job)


def test_who_answers_for_an_untried_store_is_not_asked_again(
    store: ProbedStore, prepared: Callable[..., Job], user: User, script: Script
) -> None:
    store.finding = Finding.UNTRIED
    job = prepared()
    services.confirm_job(job, user, accept_untried=True)

    assert run(job).status == "Complete"


def test_a_job_cannot_be_confirmed_once_its_store_is_found_out(
    store: ProbedStore, prepared: Callable[..., Job], role: Role, user: User
) -> None:
    job = prepared(confirmation_required=True)
    found(role, Finding.DESTROYS)

    with pytest.raises(Conflict, match="destroys objects"):
        services.confirm_job(job, user, accept_untried=True)

    job.refresh_from_db()
    assert job.status == "Suspended"


# ---- never forgotten by not looking


def test_another_role_that_may_not_look_does_not_make_it_untried(
    store: ProbedStore, prepared: Callable[..., Job], role: Role, make_role: MakeRole
) -> None:
    found(role, Finding.DESTROYS)
    store.finding = Finding.UNTRIED

    with pytest.raises(JobFailure) as failure:
        prepared(role=make_role("blind", endpoint_url=ENDPOINT, server=""))

    assert failure.value.code == "StoreDestroysData"
    assert Trial.objects.get().finding == Finding.DESTROYS


@pytest.mark.parametrize("days", [0, 31])
def test_neither_time_nor_an_upgrade_makes_it_untried(
    store: ProbedStore, prepared: Callable[..., Job], role: Role, days: int
) -> None:
    found(role, Finding.DESTROYS, days=days)
    Role.objects.update(server="nginx/2")
    role.refresh_from_db()
    store.finding = Finding.UNTRIED

    with pytest.raises(JobFailure):
        prepared()

    assert Trial.objects.get().finding == Finding.DESTROYS


def test_another_bucket_clears_no_store_that_destroys(
    store: ProbedStore, prepared: Callable[..., Job], role: Role
) -> None:
    found(role, Finding.DESTROYS, days=31)
    services.probe_role(role, "elsewhere", [TAGS])

    assert Trial.objects.get().finding == Finding.DESTROYS
    with pytest.raises(JobFailure):
        prepared(role=make_scratch(role))


def make_scratch(role: Role) -> Role:
    role.scratch_bucket = "elsewhere"
    role.save()
    return role


@pytest.mark.parametrize(("bucket", "by_operator"), [("photos", False), ("elsewhere", True)])
def test_the_same_bucket_or_an_operator_does(
    store: ProbedStore, role: Role, bucket: str, *, by_operator: bool
) -> None:
    found(role, Finding.DESTROYS)
    services.probe_role(role, bucket, [TAGS], by_operator=by_operator)

    assert Trial.objects.get().finding == Finding.WORKS


def test_where_copies_destroy_nothing_is_replicated(
    store: ProbedStore, role: Role, make_job: MakeJob
) -> None:
    found(role, Finding.DESTROYS, operation="S3PutObjectCopy")
    job = make_job(role=role, operation="S3ReplicateObject", parameters={})

    for look in (lambda: probing.judge(job, "photos", lambda: None), lambda: probing.recheck(job)):
        with pytest.raises(JobFailure, match="destroys objects instead of doing S3ReplicateObject"):
            look()


def test_nothing_is_replicated_less_where_copies_were_never_tried(
    store: ProbedStore, role: Role, make_job: MakeJob
) -> None:
    job = make_job(role=role, operation="S3ReplicateObject", parameters={})

    probing.recheck(job)

    assert probing.judge(job, "photos", lambda: None) == probing.Judgement()
    assert store.asked == []
