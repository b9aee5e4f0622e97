"""A token stands for one request: to send it again, as every SDK does, makes no second job."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs.models import Job
from tests.conftest import OTHER_ACCOUNT, MakeRole, MakeUser
from tests.s3control.conftest import Asked, KeyOf
from tests.s3control.wire import account, client_of


def test_the_same_request_gives_the_same_job(control: Any, asked: Asked) -> None:
    first = control.create_job(**asked())["JobId"]
    again = control.create_job(**asked())["JobId"]

    assert first == again
    assert Job.objects.count() == 1


def test_another_token_makes_another_job(control: Any, asked: Asked) -> None:
    first = control.create_job(**asked(ClientRequestToken="one"))["JobId"]
    second = control.create_job(**asked(ClientRequestToken="two"))["JobId"]

    assert first != second


def test_boto3_makes_a_token_where_there_is_none(control: Any, asked: Asked) -> None:
    first = control.create_job(**asked(ClientRequestToken=None))["JobId"]
    second = control.create_job(**asked(ClientRequestToken=None))["JobId"]

    assert first != second


@pytest.mark.parametrize(
    "change",
    [
        {"Priority": 8},
        {"Description": "another"},
        {"ConfirmationRequired": True},
        {"Operation": {"S3DeleteObjectTagging": {}}},
        {"Operation": {"S3PutObjectTagging": {"TagSet": []}}},
        {"Tags": [{"Key": "a", "Value": "b"}]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_token_cannot_stand_for_two_requests(
    control: Any, asked: Asked, change: dict[str, Any]
) -> None:
    control.create_job(**asked())

    with pytest.raises(control.exceptions.IdempotencyException) as told:
        control.create_job(**asked(**change))

    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert Job.objects.count() == 1


def test_the_order_of_members_and_tags_is_no_difference(control: Any, asked: Asked) -> None:
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]

    first = control.create_job(**asked(Tags=tags))["JobId"]
    again = control.create_job(**dict(reversed(asked(Tags=tags[::-1]).items())))["JobId"]

    assert first == again


def test_the_job_is_found_again_when_it_has_moved_on(control: Any, asked: Asked) -> None:
    first = control.create_job(**asked(ConfirmationRequired=True))["JobId"]
    control.put_job_tagging(AccountId=account(), JobId=first, Tags=[])
    control.update_job_priority(AccountId=account(), JobId=first, Priority=99)
    control.update_job_status(AccountId=account(), JobId=first, RequestedJobStatus="Cancelled")

    assert control.create_job(**asked(ConfirmationRequired=True))["JobId"] == first


def test_each_account_has_tokens_of_its_own(
    control: Any, asked: Asked, other_user: User, key_of: KeyOf, make_role: MakeRole
) -> None:
    role = make_role("archive", account_id=OTHER_ACCOUNT)
    mine = control.create_job(**asked())["JobId"]

    theirs = client_of(key_of(other_user)).create_job(
        **asked(AccountId=OTHER_ACCOUNT, RoleArn=role.arn, Priority=1)
    )

    assert theirs["JobId"] != mine


def test_members_of_an_account_share_their_tokens(
    control: Any, asked: Asked, make_user: MakeUser, key_of: KeyOf
) -> None:
    colleague = client_of(key_of(make_user("submitter")))

    first = control.create_job(**asked())["JobId"]

    assert colleague.create_job(**asked())["JobId"] == first
