"""A key that asks too often is told so, by the errors that SDKs wait and try again for."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.conftest import MakeJob, MakeUser
from tests.s3control.conftest import Asked, KeyOf
from tests.s3control.wire import JOBS, Key, account, call, client_of

MOST = 3
CALLS: dict[str, dict[str, Any]] = {
    "describe_job": {},
    "update_job_priority": {"Priority": 1},
    "update_job_status": {"RequestedJobStatus": "Cancelled"},
    "get_job_tagging": {},
    "put_job_tagging": {"Tags": []},
    "delete_job_tagging": {},
}


@pytest.fixture
def spent(settings: Any, key: Key) -> None:
    """The key has asked as often as it may."""
    settings.LADING_API_RATE = MOST
    for _ in range(MOST):
        assert call(key, "GET", JOBS).status == 200


@pytest.mark.parametrize("name", CALLS)
def test_a_call_about_a_job_is_too_many(
    spent: None, control: Any, make_job: MakeJob, name: str
) -> None:
    job = make_job(status="Suspended", priority=7, tags={"old": "1"})

    with pytest.raises(control.exceptions.TooManyRequestsException):
        getattr(control, name)(AccountId=account(), JobId=str(job.pk), **CALLS[name])

    job.refresh_from_db()
    assert (job.status, job.priority, job.tags) == ("Suspended", 7, {"old": "1"})


def test_a_job_is_not_created(spent: None, control: Any, asked: Asked) -> None:
    with pytest.raises(control.exceptions.TooManyRequestsException):
        control.create_job(**asked())


def test_a_list_has_s3s_own_error_as_aws_models_none(spent: None, control: Any) -> None:
    with pytest.raises(control.exceptions.ClientError) as told:
        control.list_jobs(AccountId=account())

    assert told.value.response["Error"]["Code"] == "SlowDown"


def test_each_key_has_a_rate_of_its_own(
    spent: None, user: User, key_of: KeyOf, make_user: MakeUser
) -> None:
    for other in (key_of(user), key_of(make_user("viewer"))):
        assert client_of(other).list_jobs(AccountId=account())["Jobs"] == []


def test_who_only_knows_the_name_of_a_key_uses_up_nothing(settings: Any, key: Key) -> None:
    settings.LADING_API_RATE = MOST
    for _ in range(2 * MOST):
        assert call(key._replace(secret="wrong"), "GET", JOBS).status == 403

    assert call(key, "GET", JOBS).status == 200
