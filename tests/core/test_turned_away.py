"""Jobs at stores and functions that may not be reached, or no longer: a sentence, and an end."""

from __future__ import annotations

import logging
from typing import Any

import pycurl
import pytest
from django.contrib.auth.models import User

from jobs import services, stores, working
from jobs.errors import InvalidRequest
from jobs.models import Job, Role, TaskResult
from operations.base import Again, Target
from operations.lambda_invoke import LambdaInvoke
from operations.perform import perform
from operations.reach import Reach
from tests.conftest import MakeJob, MakeManifest, MakeRole, boto3_sender
from tests.core.conftest import MakeActive, never
from tests.functions import PlayedLambda, serving
from tests.resolving import Resolve, resolve

__all__ = ["resolve"]

METADATA = "169.254.169.254"
TOLD = (
    f"store.test is at {METADATA}, an address of a cloud's metadata service: Lading does not "
    "connect there. An administrator can allow it in LADING_ENDPOINTS."
)
UNREACHABLE = f"The store at http://store.test:9000 could not be reached: {TOLD}"
INVOKE = LambdaInvoke.parse({"FunctionArn": "thumbs"})


@pytest.fixture
def away(make_role: MakeRole, resolve: Resolve) -> Role:
    """A role whose endpoint was right when it was set, and leads to metadata now."""
    resolve({"store.test": [METADATA]})
    return make_role(endpoint_url="http://store.test:9000", addressing="path")


def work(job: Job) -> Job:
    working.work("test-node", never)
    job.refresh_from_db()
    return job


def failures(job: Job) -> list[tuple[str, str]]:
    return [(told["FailureCode"], told["FailureReason"]) for told in job.failure_reasons]


@pytest.fixture(autouse=True)
def _no_setback(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Any:
    """No later try, and no traceback in the engine's log."""
    monkeypatch.setattr(working, "SETBACK_SECONDS", 3600.0)
    with caplog.at_level(logging.INFO):
        yield
    assert not [record for record in caplog.records if record.exc_info]


def test_a_job_is_refused_when_it_is_handed_in(
    user: User, away: Role, make_manifest: MakeManifest
) -> None:
    request = {
        "operation": "S3PutObjectTagging",
        "parameters": {"tag_set": [{"key": "project", "value": "lading"}]},
        "manifest": {"id": str(make_manifest(b"photos,a\n").pk)},
        "role": away.name,
        "report": {"enabled": True, "bucket": "reports"},
    }

    with pytest.raises(InvalidRequest) as refusal:
        services.create_job(user, request)

    assert refusal.value.fields == {"role": [UNREACHABLE]}


@pytest.mark.parametrize("upload", [True, False])
def test_a_job_fails_in_preparing_at_once(
    away: Role, make_job: MakeJob, make_manifest: MakeManifest, upload: bool
) -> None:
    """Whether its list is read from there, or only the bucket is asked for."""
    manifest = make_manifest(b"photos,a\n" if upload else None)
    job = work(make_job(role=away, manifest=manifest, confirmation_required=False))

    assert (job.status, job.executed) == ("Failed", 0)
    assert failures(job) == [("StoreUnreachable", UNREACHABLE)]


@pytest.mark.parametrize("lane", ["libcurl", "boto3"])
def test_tasks_fail_for_good_where_the_name_leads_away_while_the_job_runs(
    away: Role, make_active: MakeActive, monkeypatch: pytest.MonkeyPatch, lane: str
) -> None:
    monkeypatch.setattr(working.probing, "recheck", lambda _: None)
    if lane == "boto3":
        monkeypatch.setattr(working, "sender_for", boto3_sender)
    else:
        monkeypatch.setattr("operations.connection.network_options", resolved_to_metadata)
    job = work(make_active(5, role=away, source_bucket="photos"))

    assert (job.status, job.succeeded, job.failed) == ("Complete", 0, 5)
    assert {(row.error_code, row.message) for row in TaskResult.objects.filter(job=job)} == {
        ("EndpointRefused", TOLD)
    }


def resolved_to_metadata(_client: Any) -> dict[int, Any]:
    """In place of network_options: libcurl resolves for itself."""
    return {pycurl.PROXY: "", pycurl.RESOLVE: [f"store.test:9000:{METADATA}"]}


def test_a_job_fails_where_its_store_is_taken_off_the_list_meanwhile(
    away: Role, make_active: MakeActive, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LADING_ENDPOINTS = Reach.parse(["other.test"])
    monkeypatch.setattr(working.probing, "recheck", lambda _: None)
    job = make_active(5, 5, role=away, source_bucket="photos")

    work(job)

    reason = (
        "The store at http://store.test:9000 could not be reached: store.test is not in "
        "LADING_ENDPOINTS, the administrator's list of what may be reached."
    )
    assert (job.status, job.executed, job.in_doubt) == ("Failed", 0, 0)
    assert failures(job) == [("StoreUnreachable", reason)]


def test_a_report_that_cannot_be_delivered_there_is_told_at_once(
    away: Role, make_active: MakeActive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working.probing, "recheck", lambda _: None)
    monkeypatch.setattr(working, "sender_for", boto3_sender)
    job = make_active(
        2, role=away, report_enabled=True, report_bucket="reports", report_scope="AllTasks"
    )

    work(job)

    assert (job.status, job.failed) == ("Failed", 2)
    assert failures(job) == [("ReportWriteFailed", UNREACHABLE)]
    assert job.report_files.exists(), "it can still be downloaded"


# ---- functions


@pytest.mark.usefixtures("s3")
def test_a_job_for_a_function_that_leads_away_is_refused_and_fails_in_preparing(
    user: User,
    role: Role,
    make_job: MakeJob,
    make_manifest: MakeManifest,
    resolve: Resolve,
    s3: Any,
) -> None:
    resolve({"functions.test": ["127.0.0.1"]})
    services.set_function(role.account_id, "thumbs", "http://functions.test:9001")
    resolve({"functions.test": [METADATA]})
    manifest = make_manifest(b"photos,a\n")

    with pytest.raises(InvalidRequest) as refusal:
        services.create_job(
            user,
            {
                "operation": "LambdaInvoke",
                "parameters": {"function_arn": "thumbs"},
                "manifest": {"id": str(manifest.pk)},
                "role": role.name,
                "report": {"enabled": False},
            },
        )
    job = work(
        make_job(
            role=role, manifest=manifest, operation="LambdaInvoke", parameters=INVOKE.wire_form()
        )
    )

    told = f"The function cannot be called: {TOLD.replace('store.test', 'functions.test')}"
    assert refusal.value.fields == {"parameters.function_arn": [told]}
    assert job.status == "Failed"
    assert failures(job) == [("FunctionUnreachable", told)]


def test_a_function_that_leads_away_between_two_calls_is_not_called_again(
    role: Role, resolve: Resolve
) -> None:
    server = PlayedLambda()
    with serving(server):
        resolve({"functions.test": ["127.0.0.1"]})
        url = f"http://functions.test:{server.server_port}"
        services.set_function(role.account_id, "thumbs", url)
        store = stores.store_for(role, job_id="42")

        first = perform(INVOKE, store, Target("photos", "a"))
        resolve({"functions.test": [METADATA]})
        second = perform(INVOKE, store, Target("photos", "b"))

    assert first.succeeded
    assert (second.error_code, second.again) == ("EndpointRefused", Again.NEVER)
    assert f"functions.test is at {METADATA}" in second.message
    assert len(server.calls) == 1


# ---- AWS


def test_a_host_of_aws_is_reached_whatever_is_listed_but_at_no_metadata(
    make_role: MakeRole, resolve: Resolve, settings: Any
) -> None:
    settings.LADING_ENDPOINTS = Reach.parse(["store.test"])
    resolve({"s3.eu-west-1.amazonaws.com": [METADATA]})
    store = stores.store_for(make_role(region="eu-west-1", addressing="path"))

    assert store.gate.against_name("s3.eu-west-1.amazonaws.com") == ""
    assert store.gate.against("s3.eu-west-1.amazonaws.com", "52.218.0.1") == ""
    with pytest.raises(stores.Refused, match=r"s3\.eu-west-1\.amazonaws\.com is at 169\.254"):
        store.s3.head_bucket(Bucket="photos")
