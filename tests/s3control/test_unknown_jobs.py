"""A job that is not there is NotFoundException in all six calls that name one (spec.md 3.10)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from tests.conftest import OTHER_ACCOUNT, MakeJob
from tests.s3control.conftest import KeyOf
from tests.s3control.wire import JOBS, Key, account, call, client_of

Call = Callable[..., Any]
CALLS: dict[str, dict[str, Any]] = {
    "describe_job": {},
    "update_job_priority": {"Priority": 1},
    "update_job_status": {"RequestedJobStatus": "Cancelled"},
    "get_job_tagging": {},
    "put_job_tagging": {"Tags": [{"Key": "a", "Value": "b"}]},
    "delete_job_tagging": {},
}
MALFORMED = [
    "abcde", "x" * 36, "0" * 36, "a/b/c", "a b c d", "..%2f..", "../../jobs", "ünïcödé", "a'--;",
    "12345678-1234-1234-1234-123456789abcd", "{123}", "%00%00%00", "a\x00bcd", "jobs/", "a?b=c",
]  # fmt: skip


@pytest.fixture(params=list(CALLS))
def ask(request: pytest.FixtureRequest, lax: Any) -> Call:
    """One of the calls, for a job of that id."""
    method = getattr(lax, request.param)
    return lambda job_id: method(AccountId=account(), JobId=job_id, **CALLS[request.param])


def refuses(lax: Any, ask: Call, job_id: str) -> None:
    with pytest.raises(lax.exceptions.NotFoundException) as told:
        ask(job_id)
    error = told.value.response
    assert "The specified job does not exist" in error["Error"]["Message"]
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_an_id_that_nobody_has(lax: Any, ask: Call) -> None:
    refuses(lax, ask, str(uuid.uuid4()))


@pytest.mark.parametrize("job_id", MALFORMED)
def test_what_is_no_id_at_all(lax: Any, ask: Call, job_id: str) -> None:
    refuses(lax, ask, job_id)


def test_a_job_of_another_account(lax: Any, ask: Call, make_job: MakeJob) -> None:
    job = make_job(account_id=OTHER_ACCOUNT, tags={"old": "1"}, priority=7)
    before = (job.status, job.tags, job.priority)

    refuses(lax, ask, str(job.pk))

    job.refresh_from_db()
    assert (job.status, job.tags, job.priority) == before


def test_a_job_that_ended_more_than_ninety_days_ago(lax: Any, ask: Call, make_job: MakeJob) -> None:
    long_ago = timezone.now() - timedelta(days=90, minutes=1)

    refuses(lax, ask, str(make_job(status="Complete", terminated_at=long_ago).pk))


def test_an_id_in_another_form_than_it_was_given(lax: Any, make_job: MakeJob) -> None:
    """One job, one name: signatures and policies are about names."""
    job = make_job()

    for other in (job.pk.hex, f"urn:uuid:{job.pk}", f"{{{job.pk}}}", f" {job.pk}"):
        with pytest.raises(lax.exceptions.NotFoundException):
            lax.describe_job(AccountId=account(), JobId=other)


def test_its_own_account_sees_it(make_job: MakeJob, other_user: User, key_of: KeyOf) -> None:
    job = make_job(account_id=OTHER_ACCOUNT)

    told = client_of(key_of(other_user)).describe_job(AccountId=OTHER_ACCOUNT, JobId=str(job.pk))

    assert told["Job"]["JobArn"].split(":")[4] == OTHER_ACCOUNT


@pytest.mark.parametrize("path", ["%2F", "a%2Fb%2Fc", "%2e%2e%2f", "%20%20%20%20%20", "%C3%BC" * 5])
def test_percent_encoded_ids_are_read_as_one_segment(key: Key, path: str) -> None:
    assert call(key, "GET", f"{JOBS}/{path}").told == (404, "NotFoundException")
    assert call(key, "GET", f"{JOBS}/{path}/tagging").told == (404, "NotFoundException")
