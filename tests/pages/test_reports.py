"""The completion report on the page and as downloads."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import Job, ReportFile
from jobs.spool import spool
from tests.conftest import MakeJob
from tests.pages.conftest import add_report

Example = Callable[..., Job]
WRITE_FAILED = {"FailureCode": "ReportWriteFailed", "FailureReason": "The bucket is not writable."}


def page_of(client: Client, job: Job) -> str:
    """The job's page."""
    return client.get(reverse("job", args=[job.pk])).content.decode()


def test_the_report_is_listed_with_its_place_in_the_bucket(
    client: Client, example: Example
) -> None:
    job = example("Complete")

    page = page_of(client, job)

    assert f"s3://reports/nightly/job-{job.pk}/manifest.json" in page
    for file in job.report_files.all():
        assert reverse("job_report_file", args=[job.pk, file.pk]) in page
    for text in ("Succeeded tasks", "Failed tasks", "manifest.json.md5", "40\xa0bytes"):
        assert text in page


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ({"status": "Active", "report_enabled": True}, "The report is written when the job ends."),
        ({"status": "Active"}, "No report in a bucket was asked for."),
        ({"status": "Cancelled", "report_enabled": True}, "no task was executed"),
        ({"status": "Failed"}, "no task was executed"),
    ],
)
def test_it_is_said_why_there_is_no_report(
    client: Client, make_job: MakeJob, values: dict[str, object], note: str
) -> None:
    assert note in page_of(client, make_job(report_bucket="reports", **values))


def test_a_report_that_was_not_asked_for_can_be_downloaded(
    client: Client, make_job: MakeJob
) -> None:
    job = make_job(status="Complete", total_tasks=2, succeeded=1, failed=1)
    add_report(job)

    page = page_of(client, job)

    assert "No report in a bucket was asked for. It can be downloaded here for 90 days." in page
    assert "s3://reports" not in page


def test_a_report_that_the_bucket_refused_can_be_downloaded(
    client: Client, make_job: MakeJob
) -> None:
    job = make_job(
        status="Failed",
        failed=1,
        report_enabled=True,
        report_bucket="reports",
        failure_reasons=[WRITE_FAILED],
    )
    add_report(job)

    page = page_of(client, job)

    assert "The bucket is not writable." in page
    assert "It could not be written to the bucket, but can be downloaded here" in page


@pytest.mark.parametrize("code", ["ReportWriteFailed", "BucketOwnerMismatch"])
def test_no_place_in_the_bucket_is_named_that_the_report_never_reached(
    client: Client, make_job: MakeJob, code: str
) -> None:
    why = {"FailureCode": code, "FailureReason": "It is not to be."}
    job = make_job(
        status="Failed",
        failed=1,
        failure_reasons=[why],
        report_enabled=True,
        report_bucket="elsewhere",
    )
    add_report(job)

    page = page_of(client, job)

    assert "It could not be written to the bucket, but can be downloaded here" in page
    assert "s3://elsewhere" not in page


def test_a_report_that_was_lost_with_its_rows_is_not_taken_for_one_of_nothing(
    client: Client, make_job: MakeJob
) -> None:
    why = {"FailureCode": "SpoolDamaged", "FailureReason": "The spool has lost the file 1.results."}
    job = make_job(
        status="Cancelled",
        total_tasks=200,
        failed=94,
        failure_reasons=[why],
        report_enabled=True,
        report_bucket="elsewhere",
    )

    page = page_of(client, job)

    assert "The report could not be written; the reason stands above." in page
    assert page.index("The spool has lost the file 1.results.") < page.index("stands above")
    assert "no task was executed" not in page
    assert "s3://elsewhere" not in page


@pytest.mark.parametrize(
    ("kind", "filename", "content_type"),
    [
        ("succeeded", "job-{job}-succeeded-1.csv", "text/csv; charset=utf-8"),
        ("failed", "job-{job}-failed-1.csv", "text/csv; charset=utf-8"),
        ("manifest", "manifest.json", "application/json"),
        ("checksum", "manifest.json.md5", "text/plain"),
    ],
)
def test_a_file_is_a_download_with_its_proper_name(
    client: Client, example: Example, kind: str, filename: str, content_type: str
) -> None:
    job = example("Complete")
    file = job.report_files.get(kind=kind)

    response = client.get(reverse("job_report_file", args=[job.pk, file.pk]))

    assert response["Content-Disposition"] == (
        f'attachment; filename="{filename.format(job=job.pk)}"'
    )
    assert response["Content-Type"] == content_type
    with spool.open(file.spool_name) as kept:
        assert b"".join(response.streaming_content) == kept.read()


def test_all_rows_are_one_download(client: Client, example: Example) -> None:
    job = example("Complete")

    response = client.get(reverse("job_report", args=[job.pk]))

    content = b"".join(response.streaming_content)
    assert content == (
        b"photos,a.jpg,,succeeded,200,,Successful\nphotos,b.jpg,,failed,404,NoSuchKey,Gone\n"
    )
    assert int(response["Content-Length"]) == len(content)
    assert response["Content-Disposition"] == f'attachment; filename="job-{job.pk}.csv"'


def test_a_large_file_is_not_held_in_memory_at_once(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Complete")
    content = b"x" * 1_000_000
    with spool.writing("large.csv") as out:
        out.write(content)
    ReportFile.objects.create(
        job=job, kind="failed", key="large.csv", spool_name="large.csv", size=len(content), md5=""
    )

    response = client.get(reverse("job_report", args=[job.pk]))

    blocks = list(response.streaming_content)
    assert max(map(len, blocks)) < 300_000
    assert hashlib.sha256(b"".join(blocks)).digest() == hashlib.sha256(content).digest()


def test_a_file_of_another_job_is_not_found(
    client: Client, example: Example, make_job: MakeJob
) -> None:
    file = example("Complete").report_files.first()
    other = make_job(status="Complete")

    response = client.get(reverse("job_report_file", args=[other.pk, file.pk]))

    assert response.status_code == 404
    assert "The report has no such file." in response.content.decode()


def test_a_job_without_a_report_has_none_to_download(client: Client, make_job: MakeJob) -> None:
    response = client.get(reverse("job_report", args=[make_job().pk]))

    assert response.status_code == 404
    assert "The job has no report." in response.content.decode()


def test_a_file_that_the_spool_has_lost_is_an_error_and_never_an_empty_report(
    client: Client, example: Example
) -> None:
    job = example("Complete")
    file = job.report_files.first()
    spool.delete(file.spool_name)

    response = client.get(reverse("job_report_file", args=[job.pk, file.pk]))

    assert response.status_code == 500
    assert "The spool has lost the file" in response.content.decode()
