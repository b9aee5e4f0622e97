"""ministack; and what it alone has: the whole life of a restore, and functions that run."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from jobs import functions, stores
from operations import OPERATION_BY_NAME
from operations.base import Outcome, Target
from tests.conftest import MakeRole
from tests.stores.conftest import on
from tests.stores.shop import Shop
from tests.stores.suite import *  # noqa: F403
from tests.stores.trying import Lane, perform_all, sender_of

pytestmark = on("ministack")

FUNCTION = """
import time
from urllib.parse import unquote_plus

def handler(event, context):
    (task,) = event["tasks"]
    key = unquote_plus(task["s3Key"])
    if key == "breaks":
        raise ValueError("no such picture")
    code = {"refused": "PermanentFailure", "later": "TemporaryFailure"}.get(key, "Succeeded")
    return {
        "invocationSchemaVersion": event["invocationSchemaVersion"],
        "invocationId": event["invocationId"],
        "results": [{"taskId": task["taskId"], "resultCode": code, "resultString": key}],
    }
"""
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


# ---- restore


def restored(shop: Shop, target: Target, lane: Lane, days: int) -> Outcome:
    operation = OPERATION_BY_NAME["S3InitiateRestoreObject"].parse(
        {"ExpirationInDays": days, "GlacierJobTier": "BULK"}
    )
    (outcome,) = perform_all(sender_of(lane, operation, shop.store(), target), [target])
    return outcome


@pytest.mark.parametrize("lane", Lane, ids=lambda lane: lane.value)
def test_a_restore_begins_with_202_is_refused_meanwhile_and_prolonged_with_200(
    shop: Shop, lane: Lane
) -> None:
    bucket = f"archive-{lane.value}"
    shop.make_bucket(bucket)
    shop.put(bucket, "a b+c.jpg", b"content", StorageClass="GLACIER")
    target = Target(bucket, "a b+c.jpg")

    began = restored(shop, target, lane, 3)
    meanwhile = restored(shop, target, lane, 3)
    deadline = time.monotonic() + 20
    while 'ongoing-request="false"' not in shop.s3.head_object(**target.address)["Restore"]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    prolonged = restored(shop, target, lane, 5)

    assert (began.succeeded, began.http_status) == (True, 202)
    refused = (meanwhile.succeeded, meanwhile.http_status, meanwhile.error_code)
    assert refused == (False, 409, "RestoreAlreadyInProgress")
    assert (prolonged.succeeded, prolonged.http_status) == (True, 200)
    assert shop.content(target)[1] == b"content"


def test_a_restore_of_what_lies_in_no_archive_is_refused(shop: Shop) -> None:
    shop.make_bucket("active")
    shop.put("active", "a.jpg", b"content")

    told = [restored(shop, Target("active", "a.jpg"), lane, 3) for lane in Lane]

    assert [(each.succeeded, each.http_status) for each in told] == [(False, 403)] * 2
    assert told[0].error_code == told[1].error_code != ""


# ---- functions


@pytest.fixture
def function(shop: Shop) -> Iterator[str]:
    """A function in Python, at the store's own Lambda."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", FUNCTION)
    iam, client = shop.server.client(service="iam"), shop.server.client(service="lambda")
    role = iam.create_role(  # type: ignore[attr-defined]
        RoleName="function", AssumeRolePolicyDocument=TRUST
    )
    client.create_function(  # type: ignore[attr-defined]
        FunctionName="pictures",
        Runtime="python3.11",
        Role=role["Role"]["Arn"],
        Handler="index.handler",
        Code={"ZipFile": packed.getvalue()},
        Timeout=10,
    )
    yield "pictures"
    client.delete_function(FunctionName="pictures")  # type: ignore[attr-defined]


def test_a_function_that_runs_is_called_with_each_key_and_its_word_is_reported(
    shop: Shop, function: str, user: User, make_role: MakeRole
) -> None:
    stores._client.cache_clear()
    owner = shop.server.owner
    role = make_role(
        endpoint_url=shop.server.endpoint_url,
        access_key_id=owner.access_key_id,
        secret_access_key=owner.secret_access_key,
    )
    functions.set_function(role.account_id, function, shop.server.endpoint_url)
    operation = OPERATION_BY_NAME["LambdaInvoke"].parse({"FunctionArn": function})
    keys = ["a b+c/é%2B.jpg", "refused", "later", "breaks"]
    targets = [Target("photos", key) for key in keys]

    sender = sender_of(Lane.BOTO3, operation, stores.store_for(role, job_id="j"), targets[0])
    well, refused, later, broke = perform_all(sender, targets)

    assert (well.succeeded, well.http_status, well.message) == (True, 200, keys[0])
    assert (refused.error_code, refused.message) == ("PermanentFailure", "refused")
    assert not refused.succeeded
    assert (later.succeeded, later.again.value) == (False, "temporary")
    assert not broke.succeeded
    assert "no such picture" in broke.message
