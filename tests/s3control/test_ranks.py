"""Who may call what: a key may do what its owner may, and no more."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs.models import Job, JobEvent
from tests.conftest import MakeJob, MakeUser
from tests.s3control.conftest import Asked, KeyOf
from tests.s3control.wire import account, client_of

RANKS = ("viewer", "submitter", "operator", "administrator")
READING: dict[str, dict[str, Any]] = {"describe_job": {}, "get_job_tagging": {}}
DECIDING: dict[str, dict[str, Any]] = {
    "update_job_priority": {"Priority": 99},
    "update_job_status": {"RequestedJobStatus": "Cancelled"},
    "put_job_tagging": {"Tags": [{"Key": "a", "Value": "b"}]},
    "delete_job_tagging": {},
}


@pytest.fixture(params=RANKS)
def rank(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def member(rank: str, make_user: MakeUser) -> User:
    """A user of each rank."""
    return make_user(rank)


@pytest.fixture
def theirs(member: User, key_of: KeyOf) -> Any:
    """boto3 with that user's key."""
    return client_of(key_of(member))


def refused(theirs: Any, call: str, **asked: Any) -> None:
    with pytest.raises(theirs.exceptions.ClientError) as told:
        getattr(theirs, call)(**asked)
    error = told.value.response
    assert error["Error"]["Code"] == "AccessDenied"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.parametrize("call", READING)
def test_every_member_reads(theirs: Any, make_job: MakeJob, call: str) -> None:
    job = make_job()

    getattr(theirs, call)(AccountId=account(), JobId=str(job.pk))

    assert len(theirs.list_jobs(AccountId=account())["Jobs"]) == 1


def test_who_may_create(theirs: Any, rank: str, member: User, asked: Asked) -> None:
    if rank == "viewer":
        refused(theirs, "create_job", **asked())
        assert not Job.objects.exists()
        return

    made = theirs.create_job(**asked())["JobId"]

    assert Job.objects.get(pk=made).created_by == member


@pytest.mark.parametrize("call", DECIDING)
def test_who_may_decide_on_the_job_of_somebody_else(
    theirs: Any, rank: str, make_job: MakeJob, call: str
) -> None:
    job = make_job(status="Suspended", priority=1, tags={"old": "1"})
    asked = {"AccountId": account(), "JobId": str(job.pk), **DECIDING[call]}

    if rank in ("viewer", "submitter"):
        refused(theirs, call, **asked)
        job.refresh_from_db()
        assert (job.status, job.priority, job.tags) == ("Suspended", 1, {"old": "1"})
        return

    getattr(theirs, call)(**asked)


def test_who_may_confirm(theirs: Any, rank: str, make_job: MakeJob) -> None:
    job = make_job(status="Suspended")
    asked = {"AccountId": account(), "JobId": str(job.pk), "RequestedJobStatus": "Ready"}

    if rank in ("viewer", "submitter"):
        refused(theirs, "update_job_status", **asked)
        return

    assert theirs.update_job_status(**asked)["Status"] == "Ready"


def test_who_created_a_job_may_cancel_it(make_user: MakeUser, key_of: KeyOf, asked: Asked) -> None:
    theirs = client_of(key_of(make_user("submitter")))
    made = theirs.create_job(**asked())["JobId"]

    reply = theirs.update_job_status(
        AccountId=account(), JobId=made, RequestedJobStatus="Cancelled"
    )

    assert reply["Status"] == "Cancelled"


def test_the_refusal_says_which_rank_it_takes(
    make_user: MakeUser, key_of: KeyOf, asked: Asked
) -> None:
    theirs = client_of(key_of(make_user("viewer")))

    with pytest.raises(theirs.exceptions.ClientError, match="submitter"):
        theirs.create_job(**asked())


def test_an_event_names_the_key_and_its_owner(user: User, key_of: KeyOf, make_job: MakeJob) -> None:
    key, job = key_of(user), make_job(status="Suspended")

    client_of(key).update_job_status(
        AccountId=account(), JobId=str(job.pk), RequestedJobStatus="Ready"
    )

    actor = JobEvent.objects.filter(job=job).latest("pk").actor
    assert user.username in actor
    assert key.access_key_id in actor
    assert key.secret not in actor
