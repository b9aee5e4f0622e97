"""GET in-doubt/: the rows that were started and have no known result."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from jobs.models import Job
from tests.conftest import OTHER_ACCOUNT, MakeJob, MakeSlice


@pytest.fixture
def job(make_job: MakeJob, make_slice: MakeSlice) -> Job:
    """A cancelled job with two rows in doubt."""
    made = make_job(status="Cancelled", total_tasks=3)
    make_slice(made, ["photos,a", "photos,b%20b", "photos,c"], next_index=1, started_upto=3)
    return made


def path(job: Job) -> str:
    return f"/api/v1/jobs/{job.pk}/in-doubt/"


def test_the_rows_are_a_csv_to_download(client: Client, job: Job) -> None:
    response = client.get(path(job))

    content = response.getvalue()
    assert content == b"photos,b%20b\nphotos,c\n"
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Length"] == str(len(content))
    assert response["Content-Disposition"] == f'attachment; filename="job-{job.pk}-in-doubt.csv"'


def test_a_job_links_to_them_where_there_are_any(
    client: Client, job: Job, make_job: MakeJob
) -> None:
    links = client.get(f"/api/v1/jobs/{job.pk}/").json()["links"]
    without = client.get(f"/api/v1/jobs/{make_job(status='Cancelled').pk}/").json()["links"]

    assert links["in_doubt"] == f"http://testserver{path(job)}"
    assert "in_doubt" not in without


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("Complete", "No row of the job is in doubt."),
        ("Active", "Rows in doubt are known when the job has ended."),
    ],
)
def test_it_is_told_why_there_are_none(
    client: Client, make_job: MakeJob, make_slice: MakeSlice, status: str, told: str
) -> None:
    made = make_job(status=status)
    make_slice(made, started_upto=0 if status == "Complete" else 1)

    response = client.get(path(made))

    assert response.status_code == 404
    assert response.json() == {"code": "NotFound", "message": told, "fields": {}}


def test_those_of_another_account_are_not_found(
    client: Client, make_job: MakeJob, make_slice: MakeSlice
) -> None:
    theirs = make_job(status="Cancelled", account_id=OTHER_ACCOUNT)
    make_slice(theirs, started_upto=1)

    response = client.get(path(theirs))

    assert response.status_code == 404
    assert response.json()["message"] == "The specified job does not exist."


def test_nobody_gets_them_without_a_login(anonymous: Client, job: Job) -> None:
    assert anonymous.get(path(job)).status_code == 401


def test_a_file_that_the_spool_has_lost_is_an_error_and_not_a_shorter_list(
    client: Client, job: Job, spool_folder: Path
) -> None:
    (spool_folder / job.slices.get().task_file).unlink()

    response = client.get(path(job))

    assert response.status_code == 500
    assert response.json()["code"] == "SpoolDamaged"
    assert "The spool has lost the file" in response.json()["message"]
