"""The report on its way into the user's bucket (spec.md 2.5, 6.1; design decision 18)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError

from jobs import delivery, report, stores
from jobs.errors import JobFailure
from jobs.leases import LeaseLost
from jobs.models import Job, ReportFile
from jobs.services import cancel_job
from tests.core.conftest import MakeActive, PerformSlice, RunLane, claim_to_finish
from tests.core.scripted import FORBIDDEN, Script, reply_to
from tests.core.test_report import MakeReported, make_reported, objects, status_of

__all__ = ["make_reported"]

Refuse = Callable[..., list[str]]


@pytest.fixture
def refuse(s3: Any) -> Refuse:
    """Let the store refuse puts of a job's report: refuse(job, 403, "AccessDenied", when=…)."""

    def arm(
        job: Job, status: int, code: str, when: Callable[[Any], bool] = lambda _: True
    ) -> list[str]:
        refused: list[str] = []

        def answer(request: Any, **_: object) -> AWSResponse | None:
            if not when(request):
                return None
            refused.append(request.url)
            return reply_to(request, status, code)

        events = stores.s3_for(job.role).meta.events
        events.register_first("before-send.s3.PutObject", answer)
        return refused

    return arm


def has_sse(request: Any) -> bool:
    return "x-amz-server-side-encryption" in request.headers


def reasons(job: Job) -> list[tuple[str, str]]:
    return [(told["FailureCode"], told["FailureReason"]) for told in job.failure_reasons]


# ---- encryption


def test_the_report_is_encrypted_with_sse_s3(
    make_reported: MakeReported, run_lane: RunLane, s3: Any
) -> None:
    make_reported(4)
    run_lane()

    for name in objects(s3):
        reply = s3.head_object(Bucket="reports", Key=name)
        assert reply["ServerSideEncryption"] == "AES256"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (501, "NotImplemented"),
        (400, "InvalidArgument"),
        (400, "InvalidRequest"),
        (400, "ServerSideEncryptionConfigurationNotFoundError"),
    ],
)
def test_a_store_that_does_not_know_sse_s3_gets_the_report_without(
    make_reported: MakeReported, run_lane: RunLane, s3: Any, refuse: Refuse, status: int, code: str
) -> None:
    job = make_reported(4)
    refused = refuse(job, status, code, has_sse)
    run_lane()

    assert status_of(job) == "Complete"
    assert len(objects(s3)) == 3
    assert len(refused) >= 3, "each file was tried with encryption first"


def test_files_have_their_type(make_reported: MakeReported, run_lane: RunLane, s3: Any) -> None:
    make_reported(4)
    run_lane()

    types = {
        name.rsplit(".", 1)[-1]: s3.head_object(Bucket="reports", Key=name)["ContentType"]
        for name in objects(s3)
    }
    assert (types["json"], types["csv"]) == ("application/json", "text/csv")


# ---- order, and doing it twice


def test_results_come_first_then_manifest_json_then_its_md5(
    make_reported: MakeReported, run_lane: RunLane, s3: Any, refuse: Refuse, script: Script
) -> None:
    script.on("k00001", FORBIDDEN)
    job = make_reported(4)
    put: list[str] = []

    def note(request: Any) -> bool:
        put.append(request.url.rsplit("/", 2)[-2] + "/" + request.url.rsplit("/", 1)[-1])
        return False

    refuse(job, 500, "never", note)
    run_lane()

    assert [name.split("/")[0] for name in put[:2]] == ["results", "results"]
    assert put[2:] == [f"job-{job.pk}/manifest.json", f"job-{job.pk}/manifest.json.md5"]


def test_a_finish_that_is_repeated_overwrites_what_it_wrote_before(
    make_reported: MakeReported,
    run_lane: RunLane,
    s3: Any,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script.on("k00001", FORBIDDEN)
    job = make_reported(4)
    seen: list[dict[str, bytes]] = []
    deliver = report.deliver

    def killed_once(*args: Any) -> None:
        deliver(*args)
        seen.append(objects(s3))
        if len(seen) == 1:
            raise RuntimeError("killed after the upload, before the end")

    monkeypatch.setattr(report, "deliver", killed_once)
    run_lane()

    assert status_of(job) == "Complete"
    first, second = seen
    assert list(second) == list(first), "the same names"
    results = [name for name in first if "/results/" in name]
    assert [second[name] for name in results] == [first[name] for name in results]
    assert ReportFile.objects.count() == 4


def test_a_sleeper_cannot_end_the_job_nor_touch_the_files_of_its_successor(
    make_reported: MakeReported, perform_slice: PerformSlice, s3: Any
) -> None:
    job = make_reported(4)
    perform_slice(job)
    Job.objects.update(status="Completing", active_since=None)
    job.refresh_from_db()
    sleeper = claim_to_finish(job, "sleeper")
    job.refresh_from_db()
    report.finish(claim_to_finish(job, "successor"))
    before = list(ReportFile.objects.values())

    with pytest.raises(LeaseLost):
        report.finish(sleeper)

    assert list(ReportFile.objects.values()) == before
    assert job.events.filter(to_status="Complete").count() == 1


# ---- a bucket that cannot be written


def test_a_forbidden_bucket_fails_the_job_and_keeps_its_counters(
    make_reported: MakeReported, run_lane: RunLane, s3: Any, refuse: Refuse, script: Script
) -> None:
    script.on("k00001", FORBIDDEN)
    job = make_reported(4)
    refuse(job, 403, "AccessDenied")
    run_lane()

    assert (status_of(job), job.succeeded, job.failed) == ("Failed", 3, 1)
    [(code, reason)] = reasons(job)
    assert code == "ReportWriteFailed"
    assert "The job report could not be written to your report bucket." in reason
    assert "Please check your permissions." in reason
    assert job.report_files.count() == 4, "it can be downloaded all the same"


def test_a_bucket_that_is_gone_fails_the_job_with_its_name(
    make_reported: MakeReported, run_lane: RunLane
) -> None:
    job = make_reported(4, report_bucket="no-such-bucket")
    run_lane()

    assert status_of(job) == "Failed"
    assert reasons(job) == [
        ("ReportWriteFailed", "The report bucket no-such-bucket does not exist.")
    ]


def test_a_cancelled_job_ends_cancelled_though_its_report_is_refused(
    make_reported: MakeReported, perform_slice: PerformSlice, run_lane: RunLane
) -> None:
    job = make_reported(3, 50, report_bucket="no-such-bucket")
    perform_slice(job)
    cancel_job(Job.objects.get(), job.created_by)
    run_lane()

    assert (status_of(job), job.succeeded) == ("Cancelled", 3)
    assert [code for code, _ in reasons(job)] == ["ReportWriteFailed"]
    assert job.report_files.exists()


def test_a_cancelled_job_keeps_the_report_that_may_not_go_into_the_bucket(
    make_reported: MakeReported,
    perform_slice: PerformSlice,
    run_lane: RunLane,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = make_reported(3, 50)
    perform_slice(job)
    cancel_job(Job.objects.get(), job.created_by)

    def changed_hands(*_: object) -> None:
        raise JobFailure("BucketOwnerMismatch", "The report bucket reports belongs to others.")

    monkeypatch.setattr(delivery, "_put", changed_hands)
    run_lane()

    assert (status_of(job), job.succeeded) == ("Cancelled", 3)
    assert [code for code, _ in reasons(job)] == ["BucketOwnerMismatch"]
    assert job.report_files.filter(kind="succeeded", rows=3).exists()


def test_a_store_that_is_busy_for_a_moment_gets_the_report_later(
    make_reported: MakeReported,
    run_lane: RunLane,
    s3: Any,
    monkeypatch: pytest.MonkeyPatch,
    refuse: Refuse,
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    job = make_reported(4)
    busy = iter(range(8))
    refuse(job, 503, "SlowDown", lambda _: next(busy, None) is not None)
    run_lane()

    assert status_of(job) == "Complete"
    assert len(objects(s3)) == 3


@pytest.mark.parametrize("early", [True, False])
def test_a_store_that_stays_away_fails_the_report_and_never_what_was_done(
    make_reported: MakeReported,
    perform_slice: PerformSlice,
    run_lane: RunLane,
    monkeypatch: pytest.MonkeyPatch,
    early: bool,
) -> None:
    job = make_reported(3, *([50] if early else []))
    perform_slice(job)
    if early:
        cancel_job(Job.objects.get(), job.created_by)

    def away(*_: object) -> None:
        raise EndpointConnectionError(endpoint_url="http://store.example.test")

    monkeypatch.setattr(delivery, "_put", away)
    run_lane()

    assert (status_of(job), job.succeeded) == ("Cancelled" if early else "Failed", 3)
    [(code, reason)] = reasons(job)
    assert code == "ReportWriteFailed"
    assert "could not be reached" in reason
    assert job.report_files.filter(kind="succeeded", rows=3).exists(), "it can be downloaded"


def test_where_no_report_is_asked_for_the_store_is_not_touched(
    make_active: MakeActive, run_lane: RunLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_active(4)
    monkeypatch.setattr(stores, "s3_for", lambda _: pytest.fail("the store was asked"))
    run_lane()

    assert status_of(job) == "Complete"
