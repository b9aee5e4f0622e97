"""The first rows of a results file."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from jobs.models import Job, ReportFile
from jobs.pages.preview import HEAD_BYTES, MOST_ROWS, preview_of
from jobs.results import right_half
from tests.conftest import MakeJob, MakeReportFile
from tests.core.scripted import MISSING

ROW = b"photos,b.jpg,v1,failed,404,NoSuchKey,Gone\n"


@pytest.fixture
def job(make_job: MakeJob) -> Job:
    return make_job(status="Complete", total_tasks=3, succeeded=1, failed=2)


def shown(client: Client, file: ReportFile, status: int = 200) -> str:
    response = client.get(f"/jobs/{file.job_id}/report/{file.pk}/preview/")
    assert response.status_code == status
    return response.content.decode()


def test_columns_have_the_names_that_they_really_have(
    client: Client, job: Job, make_report_file: MakeReportFile
) -> None:
    row = b"photos,b.jpg,," + right_half(MISSING) + b"\n"

    page = shown(client, make_report_file(job, row))

    names = ["Bucket", "Key", "VersionId", "TaskStatus"]
    names += ["HTTPStatusCode", "ErrorCode", "ResultMessage"]
    assert "".join(f'<th scope="col">{name}</th>' for name in names) in page
    cells = ["photos", "b.jpg", "", "failed", "404", "NoSuchKey"]
    cells.append("There is no &quot;object&quot;, says the store")
    assert "".join(f'<td><code title="{cell}">{cell}</code></td>' for cell in cells) in page
    assert "All 1 row of the file." in page


def test_a_message_may_have_quotes_and_line_breaks(
    job: Job, make_report_file: MakeReportFile
) -> None:
    told = b'photos,"a,b",,failed,400,Odd,"He said ""no""\nand\r\nleft"\n'

    preview = preview_of(make_report_file(job, told + ROW, rows=2))

    assert [row[-1] for row in preview.rows] == ['He said "no"\nand\r\nleft', "Gone"]
    assert preview.rows[0][1] == "a,b"
    assert preview.is_whole


def test_of_a_long_file_the_first_rows_are_shown_and_that_there_are_more(
    client: Client, job: Job, make_report_file: MakeReportFile
) -> None:
    page = shown(client, make_report_file(job, ROW * 9_000))

    assert f"The first {MOST_ROWS} of 9,000 rows." in page
    assert page.count("<td><code") == MOST_ROWS * 7


def test_a_row_that_is_cut_off_by_the_end_of_what_is_read_is_left_out(
    job: Job, make_report_file: MakeReportFile
) -> None:
    long = b"photos,b.jpg,,failed,404,NoSuchKey," + b"x" * (HEAD_BYTES // 4) + b"\n"

    preview = preview_of(make_report_file(job, long * 9))

    assert {len(row[-1]) for row in preview.rows} == {HEAD_BYTES // 4}
    assert len(preview.rows) == 3
    assert not preview.is_whole


def test_an_empty_file_has_no_rows(
    client: Client, job: Job, make_report_file: MakeReportFile
) -> None:
    page = shown(client, make_report_file(job, b""))

    assert "All 0 rows of the file." in page
    assert "<td>" not in page


@pytest.mark.parametrize("kind", [ReportFile.Kind.MANIFEST, ReportFile.Kind.CHECKSUM])
def test_only_results_have_a_preview(
    client: Client, job: Job, make_report_file: MakeReportFile, kind: str
) -> None:
    shown(client, make_report_file(job, b"{}", kind=kind), status=404)


def test_a_file_of_another_job_has_no_preview_here(
    client: Client, job: Job, make_job: MakeJob, make_report_file: MakeReportFile
) -> None:
    file = make_report_file(make_job(status="Complete"), ROW)
    file.job_id = job.pk

    shown(client, file, status=404)


def test_a_file_that_the_spool_has_lost_is_told(
    client: Client, job: Job, make_report_file: MakeReportFile, spool_folder: Path
) -> None:
    file = make_report_file(job, ROW)
    (spool_folder / file.spool_name).unlink()

    page = shown(client, file, status=500)

    assert "spool" in page
