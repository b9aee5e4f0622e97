"""Jobs that call functions, from the request to the report (spec.md 5.6)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs import preparing, services, verdicts, working
from jobs.errors import InvalidRequest
from jobs.models import Function, Job, Role
from tests.conftest import OTHER_ACCOUNT, MakeManifest, MakeRole
from tests.functions import PlayedLambda, result, says, serving

ACCOUNT = "000000000000"
ROWS = b"photos,summer%20trip/a.jpg\nphotos,b.jpg\n"

Ask = Callable[..., Job]
Work = Callable[[], None]


@pytest.fixture
def function() -> Iterator[PlayedLambda]:
    """A function `thumbs` of the default account, on a server of its own."""
    server = PlayedLambda()
    with serving(server):
        yield server


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "REDRIVE_SECONDS", (0.0,) * 5)


@pytest.fixture
def ask(user: User, role: Role, make_manifest: MakeManifest, s3: Any) -> Ask:
    """Ask for a job that calls the function `thumbs`: ask(parameters={…}, content=b"photos,a")."""

    def create(content: bytes = ROWS, *, fields: tuple[str, ...] = ("Bucket", "Key"),
               user: User = user, **given: Any) -> Job:  # fmt: skip
        manifest = make_manifest(content, fields=list(fields))
        request = {
            "operation": "LambdaInvoke",
            "parameters": {"function_arn": "thumbs"},
            "manifest": {"id": str(manifest.pk)},
            "role": role.name,
            "confirmation_required": False,
            "report": {"enabled": True, "bucket": "reports"},
        }
        return services.create_job(user, {**request, **given})

    return create


@pytest.fixture
def work() -> Work:
    """Be a worker until there is nothing left to do."""

    def run() -> None:
        working.work("test-node", lambda: False)

    return run


def report_rows(s3: Any, job: Job) -> list[str]:
    body = s3.get_object(Bucket="reports", Key=f"job-{job.pk}/manifest.json")["Body"].read()
    rows: list[str] = []
    for entry in json.loads(body)["Results"]:
        kept = s3.get_object(Bucket="reports", Key=entry["Key"])["Body"].read()
        rows += kept.decode().splitlines()
    return rows


def test_a_function_is_called_with_each_object_and_reported(
    ask: Ask, work: Work, function: PlayedLambda, s3: Any
) -> None:
    services.set_function(ACCOUNT, "thumbs", function.url)
    job = ask()
    work()

    job.refresh_from_db()
    assert (job.status, job.succeeded, job.failed) == ("Complete", 2, 0)
    assert sorted(call["tasks"][0]["s3Key"] for call in function.calls) == [
        "b.jpg",
        "summer%20trip/a.jpg",
    ]
    assert {call["job"]["id"] for call in function.calls} == {str(job.pk)}
    assert sorted(report_rows(s3, job)) == [
        "photos,b.jpg,,succeeded,200,,done",
        "photos,summer%20trip/a.jpg,,succeeded,200,,done",
    ]


def test_listed_versions_are_passed_and_an_empty_one_fails_its_task(
    ask: Ask, work: Work, function: PlayedLambda
) -> None:
    services.set_function(ACCOUNT, "thumbs", function.url)
    job = ask(b"photos,a,v1\nphotos,b,\n", fields=("Bucket", "Key", "VersionId"))
    work()

    job.refresh_from_db()
    assert (job.succeeded, job.failed) == (1, 1)
    assert [call["tasks"][0]["s3VersionId"] for call in function.calls] == ["v1"]


def test_a_temporary_failure_is_redriven_and_may_still_succeed(
    ask: Ask, work: Work, function: PlayedLambda, s3: Any
) -> None:
    services.set_function(ACCOUNT, "thumbs", function.url)
    answers = [result("TemporaryFailure", "busy")] * 5 + [result("Succeeded", "at last")]
    function.play = lambda payload: answers.pop(0)(payload)
    job = ask(b"photos,a\n")
    work()

    job.refresh_from_db()
    assert (job.status, job.succeeded, len(function.calls)) == ("Complete", 1, 6)
    assert report_rows(s3, job) == ["photos,a,,succeeded,200,,at last"]


def test_the_last_of_five_redrives_reports_what_the_function_said(
    ask: Ask, work: Work, function: PlayedLambda, s3: Any
) -> None:
    services.set_function(ACCOUNT, "thumbs", function.url)
    texts = [f"try {number}" for number in range(1, 10)]
    function.play = lambda payload: result("TemporaryFailure", texts.pop(0))(payload)
    job = ask(b"photos,a\n")
    work()

    job.refresh_from_db()
    assert (job.status, job.failed, len(function.calls)) == ("Complete", 1, 6)
    assert report_rows(s3, job) == ["photos,a,,failed,200,TemporaryFailure,try 6"]


def test_being_throttled_uses_up_no_redrive(
    ask: Ask, work: Work, function: PlayedLambda, s3: Any
) -> None:
    services.set_function(ACCOUNT, "thumbs", function.url)
    busy = says({"message": "Rate exceeded."}, status=429)
    answers = [busy] * 8 + [result("Succeeded", "done")]
    function.play = lambda payload: answers.pop(0)(payload)
    job = ask(b"photos,a\n")
    work()

    job.refresh_from_db()
    assert (job.status, job.succeeded, len(function.calls)) == ("Complete", 1, 9)


def test_an_error_of_the_function_is_tallied_and_reported(
    ask: Ask, work: Work, function: PlayedLambda, s3: Any
) -> None:
    services.set_function(ACCOUNT, "thumbs", function.url)
    function.play = says({"errorMessage": "boom"}, X_Amz_Function_Error="Unhandled")
    job = ask(b"photos,a\n")
    work()

    tally = job.tallies.get()
    assert (tally.error_code, tally.http_status, tally.count) == ("PermanentFailure", 200, 1)
    assert report_rows(s3, job) == [
        'photos,a,,failed,200,PermanentFailure,"Lambda returned function error: '
        '{""errorMessage"": ""boom""}"'
    ]


# ---- where a function cannot be reached


@pytest.fixture
def elsewhere(make_role: MakeRole) -> Role:
    """A role of a store that is not AWS."""
    return make_role("elsewhere", endpoint_url="http://127.0.0.1:1")


def test_a_function_that_is_in_no_table_is_told_when_the_job_is_created(
    ask: Ask, elsewhere: Role
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        ask(role=elsewhere.name, report={"enabled": False})

    assert set(refusal.value.fields) == {"parameters.function_arn"}
    assert "thumbs is in no table" in refusal.value.fields["parameters.function_arn"][0]
    assert Job.objects.count() == 0


def test_a_function_of_another_account_is_not_seen(
    ask: Ask, elsewhere: Role, function: PlayedLambda
) -> None:
    services.set_function(OTHER_ACCOUNT, "thumbs", function.url)

    with pytest.raises(InvalidRequest, match="thumbs is in no table"):
        ask(role=elsewhere.name, report={"enabled": False})


def test_a_function_that_was_removed_fails_the_job_before_its_first_task(
    ask: Ask, elsewhere: Role, work: Work, function: PlayedLambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing.stores, "identity", lambda *_: None)
    services.set_function(ACCOUNT, "thumbs", function.url)
    job = ask(role=elsewhere.name, report={"enabled": False})
    Function.objects.all().delete()
    work()

    job.refresh_from_db()
    (told,) = job.failure_reasons
    assert (job.status, job.executed, told["FailureCode"]) == ("Failed", 0, "FunctionUnreachable")
    assert "thumbs is in no table" in told["FailureReason"]
    assert function.calls == []


def test_a_function_that_is_removed_while_the_job_runs_fails_it_with_that_reason(
    ask: Ask, elsewhere: Role, work: Work, function: PlayedLambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing.stores, "identity", lambda *_: None)
    conclude = preparing._conclude

    def remove_too(job: Job, *more: Any) -> None:
        conclude(job, *more)
        Function.objects.all().delete()

    monkeypatch.setattr(preparing, "_conclude", remove_too)
    services.set_function(ACCOUNT, "thumbs", function.url)
    job = ask(role=elsewhere.name, report={"enabled": False})
    work()

    job.refresh_from_db()
    (told,) = job.failure_reasons
    assert told["FailureCode"] == "FunctionUnreachable"
    assert function.calls == []
