"""Over a real connection: each modelled error is raised as a class of its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.processes.s3control.conftest import ACCOUNT, Wired

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("s3control")]

Fault = Callable[[Wired, Any], Any]


def reuse_a_token(wired: Wired, control: Any) -> None:
    given = wired.asked(ClientRequestToken="used twice", ConfirmationRequired=True)
    control.create_job(**given)
    control.create_job(**{**given, "Priority": 11})


def confirm_a_job_that_was_cancelled(wired: Wired, control: Any) -> None:
    made = control.create_job(**wired.asked(ConfirmationRequired=True))["JobId"]
    asked = {"AccountId": ACCOUNT, "JobId": made}
    control.update_job_status(**asked, RequestedJobStatus="Cancelled")
    control.update_job_status(**asked, RequestedJobStatus="Ready")


def tag_too_much(wired: Wired, control: Any) -> None:
    made = control.create_job(**wired.asked(ConfirmationRequired=True))["JobId"]
    tags = [{"Key": str(number), "Value": ""} for number in range(51)]
    control.put_job_tagging(AccountId=ACCOUNT, JobId=made, Tags=tags)


FAULTS: dict[str, tuple[int, Fault]] = {
    "BadRequestException": (
        400, lambda wired, control: control.create_job(**wired.asked(Operation={}))
    ),
    "IdempotencyException": (400, reuse_a_token),
    "InvalidNextTokenException": (
        400, lambda _, control: control.list_jobs(AccountId=ACCOUNT, NextToken="made up")
    ),
    "InvalidRequestException": (
        400, lambda _, control: control.list_jobs(AccountId=ACCOUNT, MaxResults=1001)
    ),
    "JobStatusException": (400, confirm_a_job_that_was_cancelled),
    "NotFoundException": (
        404, lambda _, control: control.describe_job(AccountId=ACCOUNT, JobId="no/such job")
    ),
    "TooManyTagsException": (400, tag_too_much),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_raised_as_its_own_class(wired: Wired, name: str) -> None:
    control = wired.control()
    status, fault = FAULTS[name]

    with pytest.raises(getattr(control.exceptions, name)) as told:
        fault(wired, control)

    response = told.value.response
    assert response["Error"]["Code"] == name
    assert response["Error"]["Message"]
    metadata = response["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == status
    assert metadata["RequestId"] == metadata["HTTPHeaders"]["x-amz-request-id"]
    assert response["HostId"] == metadata["HTTPHeaders"]["x-amz-id-2"]


def test_a_wrong_secret_is_told_apart_from_a_wrong_key(wired: Wired) -> None:
    import boto3

    for key, secret, code in (
        (wired.access_key_id, "wrong", "SignatureDoesNotMatch"),
        ("LADINGAAAAAAAAAAAAAA", wired.secret, "InvalidAccessKeyId"),
    ):
        control: Any = boto3.client(
            "s3control",
            region_name="snow",
            endpoint_url=wired.installation.url(""),
            aws_access_key_id=key,
            aws_secret_access_key=secret,
        )
        with pytest.raises(control.exceptions.ClientError) as told:
            control.list_jobs(AccountId=ACCOUNT)
        assert told.value.response["Error"]["Code"] == code


def test_a_large_body_is_refused_and_the_server_goes_on(wired: Wired) -> None:
    url = wired.installation.url("/v20180820/jobs")

    reply = requests.post(url, data=os.urandom(8 * 1024 * 1024), timeout=30)

    assert reply.status_code in {400, 403, 413}
    assert wired.control().list_jobs(AccountId=ACCOUNT, MaxResults=1)
