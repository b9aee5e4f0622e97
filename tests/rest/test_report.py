"""GET report/ and events/: what a job leaves behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from jobs.models import JobEvent
from tests.conftest import OTHER_ACCOUNT, MakeJob, MakeReportFile


def path(job: Any, name: str) -> str:
    return f"/api/v1/jobs/{job.pk}/{name}/"


# ---- report


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"status": "Active"}, "The report is written when the job ends."),
        ({"status": "Completing"}, "The report is written when the job ends."),
        ({"status": "Cancelled"}, "No task was executed, so there is nothing to report."),
        (
            {"status": "Failed", "succeeded": 3, "report_enabled": True, "report_bucket": "gone"},
            "The report could not be written; failure_reasons of the job say why.",
        ),
    ],
)
def test_it_is_told_why_there_is_no_report(
    client: Client, make_job: MakeJob, values: dict[str, Any], reason: str
) -> None:
    answer = client.get(path(make_job(**values), "report")).json()

    assert answer == {"available": False, "reason": reason, "location": None, "files": []}


def test_the_files_of_a_report_are_listed_and_can_be_downloaded(
    client: Client, make_job: MakeJob, make_report_file: MakeReportFile
) -> None:
    job = make_job(
        status="Complete", succeeded=1, report_enabled=True, report_bucket="reports",
        report_prefix="nightly", report_scope="AllTasks",
    )  # fmt: skip
    content = b"photos,a.jpg,,succeeded,200,,Successful\n"
    file = make_report_file(job, content, kind="succeeded", name="results/abc.csv")

    answer = client.get(path(job, "report")).json()

    url = f"http://testserver/api/v1/jobs/{job.pk}/report/{file.pk}/"
    assert answer == {
        "available": True,
        "reason": None,
        "location": f"s3://reports/nightly/job-{job.pk}/manifest.json",
        "files": [
            {
                "id": file.pk,
                "kind": "succeeded",
                "key": f"nightly/job-{job.pk}/results/abc.csv",
                "size": len(content),
                "rows": 1,
                "md5": file.md5,
                "url": url,
            }
        ],
    }
    download = client.get(url)
    assert download.getvalue() == content
    assert download["Content-Disposition"] == 'attachment; filename="abc.csv"'
    assert download["Content-Length"] == str(len(content))


def test_a_report_kept_here_alone_has_no_location(
    client: Client, make_job: MakeJob, make_report_file: MakeReportFile
) -> None:
    job = make_job(status="Complete", succeeded=1, report_enabled=False)
    make_report_file(job, b"photos,a.jpg,,succeeded,200,,Successful\n")

    answer = client.get(path(job, "report")).json()

    assert (answer["available"], answer["location"]) == (True, None)


def test_a_file_of_another_jobs_report_is_not_found(
    client: Client, make_job: MakeJob, make_report_file: MakeReportFile
) -> None:
    mine, theirs = make_job(status="Complete"), make_job(account_id=OTHER_ACCOUNT)
    file = make_report_file(theirs, b"theirs\n")

    response = client.get(f"{path(mine, 'report')}{file.pk}/")

    assert response.status_code == 404
    assert response.json()["message"] == "The report has no such file."


def test_a_report_file_that_the_spool_has_lost_is_an_error(
    client: Client, make_job: MakeJob, make_report_file: MakeReportFile, spool_folder: Path
) -> None:
    job = make_job(status="Complete")
    file = make_report_file(job, b"lost\n")
    (spool_folder / file.spool_name).unlink()

    response = client.get(f"{path(job, 'report')}{file.pk}/")

    assert response.status_code == 500
    assert response.json()["code"] == "SpoolDamaged"


# ---- events


def test_events_tell_who_moved_the_job_and_why(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Ready")
    JobEvent.objects.create(job=job, actor="ada", to_status="New", reason="created")
    JobEvent.objects.create(job=job, actor="system", from_status="New", to_status="Preparing")
    JobEvent.objects.create(job=make_job(), actor="grace", to_status="New")

    first, second = client.get(path(job, "events")).json()["results"]

    assert first["at"].endswith("Z")
    assert (first["actor"], first["reason"]) == ("ada", "created")
    assert (first["from_status"], first["to_status"]) == (None, "New")
    assert (second["actor"], second["from_status"]) == ("system", "New")


def test_events_come_in_pages_from_the_first_on(client: Client, make_job: MakeJob) -> None:
    job = make_job()
    for number in range(3):
        JobEvent.objects.create(job=job, actor="system", reason=str(number))

    first = client.get(f"{path(job, 'events')}?limit=2").json()
    second = client.get(first["next"]).json()

    assert [row["reason"] for row in first["results"]] == ["0", "1"]
    assert [row["reason"] for row in second["results"]] == ["2"]
    assert second["next"] is None


@pytest.mark.parametrize("cursor", ["garbage", "1.5", "%00"])
def test_a_bad_cursor_for_events_is_told(client: Client, make_job: MakeJob, cursor: str) -> None:
    response = client.get(f"{path(make_job(), 'events')}?cursor={cursor}")

    assert response.status_code == 400
    assert "cursor" in response.json()["fields"]
