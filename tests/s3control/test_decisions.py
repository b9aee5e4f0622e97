"""UpdateJobPriority and UpdateJobStatus (spec.md 3.7, 3.8, 2.3)."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.models import Job, JobEvent
from jobs.status import FINAL, JobStatus
from tests.conftest import MakeJob
from tests.s3control.wire import JOBS, NAMESPACE, Key, account, call

S = JobStatus
UNTOUCHED = [S.NEW, S.PREPARING, S.SUSPENDED, S.READY]
TOUCHED = [S.ACTIVE, S.PAUSING, S.PAUSED]
ENDING = [S.COMPLETING, S.CANCELLING, S.FAILING, S.COMPLETE, S.CANCELLED, S.FAILED]


@pytest.fixture
def decide(control: Any) -> Any:
    """Ask for a status: decide(job, "Ready", StatusUpdateReason="because")."""

    def update(job: Job, wanted: str, **more: str) -> dict[str, Any]:
        reply: dict[str, Any] = control.update_job_status(
            AccountId=account(), JobId=str(job.pk), RequestedJobStatus=wanted, **more
        )
        del reply["ResponseMetadata"]
        return reply

    return update


def status_of(job: Job) -> str:
    job.refresh_from_db()
    return str(job.status)


# ---- priority


@pytest.mark.parametrize("status", [one for one in JobStatus if one not in FINAL])
def test_the_priority_changes_in_every_status_that_is_not_final(
    control: Any, make_job: MakeJob, status: JobStatus
) -> None:
    job = make_job(status=status, priority=1)

    reply = control.update_job_priority(AccountId=account(), JobId=str(job.pk), Priority=5)

    assert (reply["JobId"], reply["Priority"]) == (str(job.pk), 5)
    job.refresh_from_db()
    assert job.priority == 5


@pytest.mark.parametrize("status", sorted(FINAL))
def test_the_priority_of_an_ended_job_stays(
    control: Any, make_job: MakeJob, status: JobStatus
) -> None:
    job = make_job(status=status, priority=1)

    with pytest.raises(control.exceptions.BadRequestException, match=status):
        control.update_job_priority(AccountId=account(), JobId=str(job.pk), Priority=5)

    job.refresh_from_db()
    assert job.priority == 1


@pytest.mark.parametrize("priority", [0, 2**31 - 1])
def test_the_least_and_the_greatest_priority(
    control: Any, make_job: MakeJob, priority: int
) -> None:
    job = make_job()

    reply = control.update_job_priority(AccountId=account(), JobId=str(job.pk), Priority=priority)

    assert reply["Priority"] == priority


@pytest.mark.parametrize(
    "query",
    [
        "?priority=-1", "?priority=2147483648", "?priority=abc", "?priority=", "", "?priority=1.5",
        "?priority=%201", "?priority=1_0", "?priority=%D9%A3", "?priority=1&priority=2",
        "?Priority=1",
    ],
)  # fmt: skip
def test_what_is_no_priority_is_refused(key: Key, make_job: MakeJob, query: str) -> None:
    job = make_job(priority=7)

    reply = call(key, "POST", f"{JOBS}/{job.pk}/priority{query}")

    assert reply.told == (400, "BadRequestException")
    job.refresh_from_db()
    assert job.priority == 7


def test_the_reply_to_a_new_priority_is_awss(key: Key, make_job: MakeJob) -> None:
    root = call(key, "POST", f"{JOBS}/{make_job().pk}/priority?priority=3").root

    assert root.tag == f"{{{NAMESPACE}}}UpdateJobPriorityResult"
    assert [child.tag for child in root] == [f"{{{NAMESPACE}}}{n}" for n in ("JobId", "Priority")]


# ---- confirming


def test_a_suspended_job_is_confirmed(decide: Any, make_job: MakeJob) -> None:
    job = make_job(status="Suspended")

    reply = decide(job, "Ready", StatusUpdateReason="looks good")

    assert reply == {
        "JobId": str(job.pk),
        "Status": "Ready",
        "StatusUpdateReason": "looks good",
    }
    assert status_of(job) == "Ready"
    event = JobEvent.objects.filter(job=job).latest("pk")
    assert (event.to_status, event.reason) == ("Ready", "looks good")


@pytest.mark.parametrize("status", [one for one in JobStatus if one != S.SUSPENDED])
def test_no_other_job_can_be_confirmed(
    control: Any, decide: Any, make_job: MakeJob, status: JobStatus
) -> None:
    job = make_job(status=status)

    with pytest.raises(control.exceptions.JobStatusException) as told:
        decide(job, "Ready")

    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert status_of(job) == status


# ---- cancelling


@pytest.mark.parametrize("status", UNTOUCHED)
def test_a_job_that_did_nothing_is_cancelled_at_once(
    decide: Any, make_job: MakeJob, status: JobStatus
) -> None:
    job = make_job(status=status)

    assert decide(job, "Cancelled") == {"JobId": str(job.pk), "Status": "Cancelled"}
    assert status_of(job) == "Cancelled"


@pytest.mark.parametrize("status", TOUCHED)
def test_a_job_at_work_is_cancelled_in_time(
    decide: Any, make_job: MakeJob, status: JobStatus
) -> None:
    job = make_job(status=status)

    reply = decide(job, "Cancelled", StatusUpdateReason="no longer & needed")

    assert reply == {
        "JobId": str(job.pk),
        "Status": "Cancelling",
        "StatusUpdateReason": "no longer & needed",
    }
    assert status_of(job) == "Cancelling"


@pytest.mark.parametrize("status", ENDING)
def test_a_job_that_ends_already_is_not_cancelled(
    control: Any, decide: Any, make_job: MakeJob, status: JobStatus
) -> None:
    job = make_job(status=status)

    with pytest.raises(control.exceptions.JobStatusException, match=status):
        decide(job, "Cancelled")

    assert status_of(job) == status


# ---- arguments


@pytest.mark.parametrize("reason", ["r", "Straße " * 36, "r" * 256, "<a> & 'b' \"c\" + %41"])
def test_the_reason_is_kept_and_told(
    control: Any, decide: Any, make_job: MakeJob, reason: str
) -> None:
    job = make_job(status="Suspended")

    assert decide(job, "Ready", StatusUpdateReason=reason)["StatusUpdateReason"] == reason

    told = control.describe_job(AccountId=account(), JobId=str(job.pk))["Job"]
    assert told["StatusUpdateReason"] == reason


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?requestedJobStatus=",
        "?requestedJobStatus=Active",
        "?requestedJobStatus=Complete",
        "?requestedJobStatus=ready",
        "?requestedJobStatus=Paused",
        "?requestedJobStatus=Ready&requestedJobStatus=Cancelled",
        "?requestedJobStatus=Ready&statusUpdateReason=",
        "?requestedJobStatus=Ready&statusUpdateReason=" + "r" * 257,
        "?requestedJobStatus=Ready&statusUpdateReason=a%00b",
        "?RequestedJobStatus=Ready",
    ],
)
def test_what_is_no_decision_is_refused(key: Key, make_job: MakeJob, query: str) -> None:
    job = make_job(status="Suspended")

    reply = call(key, "POST", f"{JOBS}/{job.pk}/status{query}")

    assert reply.told == (400, "BadRequestException")
    assert status_of(job) == "Suspended"


def test_the_reply_to_a_new_status_is_awss(key: Key, make_job: MakeJob) -> None:
    job = make_job(status="Suspended")
    query = "requestedJobStatus=Ready&statusUpdateReason=x"

    root = call(key, "POST", f"{JOBS}/{job.pk}/status?{query}").root

    names = ("JobId", "Status", "StatusUpdateReason")
    assert root.tag == f"{{{NAMESPACE}}}UpdateJobStatusResult"
    assert [child.tag for child in root] == [f"{{{NAMESPACE}}}{name}" for name in names]
