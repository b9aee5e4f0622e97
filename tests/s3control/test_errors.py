"""How a fault is told: codes, statuses, the wrapped body and its ids (spec.md 3.10)."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from jobs import services
from tests.conftest import MakeJob
from tests.s3control.conftest import Asked
from tests.s3control.shapes import MODEL
from tests.s3control.wire import JOBS, Key, Raw, Reply, account, call, send, sign

CALLS = (
    "CreateJob", "DescribeJob", "ListJobs", "UpdateJobPriority", "UpdateJobStatus",
    "PutJobTagging", "GetJobTagging", "DeleteJobTagging",
)  # fmt: skip
NO_JOB = f"{JOBS}/00000000-0000-0000-0000-000000000000"


def bare(element: ElementTree.Element) -> str:
    """Its name without the namespace."""
    return element.tag.rpartition("}")[2]


# ---- the body


def test_an_error_is_wrapped_and_says_what_and_which(key: Key) -> None:
    reply = call(key, "GET", NO_JOB)

    root = reply.root
    assert reply.body.startswith(b"<?xml")
    assert bare(root) == "ErrorResponse"
    assert [bare(child) for child in root] == ["Error", "RequestId", "HostId"]
    assert [bare(child) for child in root[0]] == ["Code", "Message"]
    assert reply.told == (404, "NotFoundException")
    assert root.findtext("{*}RequestId") == reply.headers["x-amz-request-id"]
    assert root.findtext("{*}HostId") == reply.headers["x-amz-id-2"]
    assert reply.headers["content-type"] == "application/xml"


def test_every_request_has_ids_of_its_own(key: Key) -> None:
    replies = [call(key, "GET", JOBS), call(key, "GET", JOBS), call(key, "GET", NO_JOB)]

    ids = [reply.headers["x-amz-request-id"] for reply in replies]
    assert len(set(ids)) == 3
    assert all(re.fullmatch(r"[0-9A-Z]{16}", one) for one in ids)
    assert len({reply.headers["x-amz-id-2"] for reply in replies}) == 3


def test_boto3_shows_the_ids_of_good_and_bad_replies(control: Any) -> None:
    good = control.list_jobs(AccountId=account())["ResponseMetadata"]
    with pytest.raises(control.exceptions.NotFoundException) as told:
        control.describe_job(AccountId=account(), JobId="abcde")
    bad = told.value.response["ResponseMetadata"]

    for metadata in (good, bad):
        assert metadata["RequestId"] == metadata["HTTPHeaders"]["x-amz-request-id"]
    assert good["HostId"] == good["HTTPHeaders"]["x-amz-id-2"]
    # Of a wrapped error, boto3 shows it beside.
    assert told.value.response["HostId"] == bad["HTTPHeaders"]["x-amz-id-2"]


@pytest.mark.parametrize("text", ["<b>&amp;</b>", "]]>", "üñ", "\ud7ff\ue000\ufffd"])
def test_what_was_sent_may_stand_in_a_message(lax: Any, asked: Asked, text: str) -> None:
    with pytest.raises(lax.exceptions.BadRequestException) as told:
        lax.create_job(**asked(Operation={"S3PutObjectCopy": {"TargetResource": text}}))

    assert told.value.response["Error"]["Message"]


def test_a_reply_is_not_kept_by_anybody_and_sets_no_cookie(key: Key) -> None:
    for reply in (call(key, "GET", JOBS), call(key, "GET", NO_JOB)):
        assert "set-cookie" not in reply.headers
        assert "no-store" in reply.headers.get("cache-control", "")


# ---- each error is a class of its own


def test_every_modelled_error_is_one_that_is_tried_here() -> None:
    modelled = {shape.name for name in CALLS for shape in MODEL.operation_model(name).error_shapes}

    assert modelled == {
        "BadRequestException",  # test_create.py
        "IdempotencyException",  # test_idempotency.py
        "InternalServiceException",  # below
        "InvalidNextTokenException",  # test_list_refusals.py
        "InvalidRequestException",  # test_list_refusals.py
        "JobStatusException",  # test_decisions.py
        "NotFoundException",  # test_unknown_jobs.py
        "TooManyRequestsException",  # test_rate.py
        "TooManyTagsException",  # test_tagging.py
    }


def test_a_fault_of_ours_is_told_as_one_and_gives_nothing_away(
    control: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the secret of the database")

    monkeypatch.setattr(services, "jobs_of", broken)

    with pytest.raises(control.exceptions.InternalServiceException) as told:
        control.list_jobs(AccountId=account())

    response = told.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "secret" not in response["Error"]["Message"]
    assert "the secret of the database" in caplog.text


# ---- what is no call


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", ""), ("DELETE", ""), ("PATCH", ""), ("HEAD", ""), ("OPTIONS", ""),
        ("POST", "/{id}"), ("PUT", "/{id}"), ("DELETE", "/{id}"),
        ("GET", "/{id}/priority"), ("PUT", "/{id}/priority"),
        ("GET", "/{id}/status"), ("DELETE", "/{id}/status"),
        ("POST", "/{id}/tagging"), ("PATCH", "/{id}/tagging"),
    ],
)  # fmt: skip
def test_a_method_that_a_path_does_not_have(
    key: Key, make_job: MakeJob, method: str, path: str
) -> None:
    reply = call(key, method, JOBS + path.format(id=make_job().pk))

    assert reply.status == 405
    if method != "HEAD":
        assert reply.code == "MethodNotAllowed"


@pytest.mark.parametrize(
    "target",
    ["/v20180820/", "/v20180820/accesspoint/x", "/v20180820/jobs/a/b/c/d",
     "/v20180820/jobs/abcde/other", "/v20180820/configuration/publicAccessBlock"],
)  # fmt: skip
def test_a_call_that_is_not_about_jobs_is_refused_in_xml(key: Key, target: str) -> None:
    reply = call(key, "GET", target)

    assert reply.status in {400, 404, 405, 501}
    assert reply.code


def test_another_call_of_s3_control_is_an_error_that_boto3_understands(control: Any) -> None:
    with pytest.raises(control.exceptions.ClientError) as told:
        control.list_access_points(AccountId=account())

    assert told.value.response["Error"]["Code"]


# ---- who is let in at all


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("target", [JOBS, NO_JOB, f"{NO_JOB}/tagging"])
def test_nobody_is_let_in_without_a_signature(db: None, key: Key, method: str, target: str) -> None:
    raw = Raw(method, target, (("Host", "127.0.0.1:8000"), ("x-amz-account-id", key.account_id)))

    reply = send(raw)

    assert reply.told == (403, "AccessDenied")


def test_a_session_of_the_pages_is_no_signature(client: Any) -> None:
    response = client.get(JOBS, headers={"x-amz-account-id": account()})

    assert response.status_code == 403
    assert ElementTree.fromstring(response.content).findtext("{*}Error/{*}Code") == "AccessDenied"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8000", "localhost", "000000000000.localhost:8000", "batch.example.test",
     "000000000000.batch.example.test", "[::1]:8000", "BATCH.Example.Test:80"],
)  # fmt: skip
def test_any_host_name_answers(key: Key, host: str) -> None:
    reply = send(sign(Raw("GET", JOBS, (("Host", host),)), key))

    assert reply.status == 200, reply.body


@pytest.mark.parametrize("path", ["/jobs/", "/api/v1/jobs/", "/healthz", "/admin/"])
def test_other_doors_keep_to_the_hosts_they_were_told(
    db: None, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    reply: Reply = send(Raw("GET", path, (("Host", "000000000000.batch.example.test"),)))

    assert reply.status == 400
