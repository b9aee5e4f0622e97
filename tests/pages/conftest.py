"""A real browser for the pages, and a store of examples to look at."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from jobs.models import Job, JobEvent, Manifest, ReportFile, Role, Tally, TaskResult
from tests.browser import launched
from tests.conftest import MakeJob, require
from tests.one_connection import take_turns
from tests.rows import keep

if TYPE_CHECKING:
    from django.test import Client
    from mypy_boto3_s3 import S3Client
    from playwright.sync_api import Browser, Page
    from pytest_django.live_server_helper import LiveServer

THRESHOLD = {
    "FailureCode": "TaskFailureThresholdExceeded",
    "FailureReason": "More than half of the executed tasks failed.",
}
HTMX = {"HX-Request": "true"}
CSV = b"photos,a.jpg\nphotos,b.jpg\n"
TAGS = "S3PutObjectTagging-tag_set"
COPY_TO = "S3PutObjectCopy-target_resource"

SIZES = {"wide": (1440, 900), "narrow": (390, 844)}

OpenPage = Callable[..., AbstractContextManager["Page"]]
Example = Callable[..., Job]
Fill = Callable[..., dict[str, Any]]


@pytest.fixture
def example(make_job: MakeJob) -> Example:
    """A job in any status with everything that its page can show."""

    def make(status: str) -> Job:
        job = make_job(**values_of(status))
        JobEvent.objects.create(job=job, actor="ada", to_status="New", reason="created")
        JobEvent.objects.create(job=job, actor="system", from_status="New", to_status=status)
        if job.executed:
            add_failures(job)
        if job.is_final:
            add_report(job)
        return job

    return make


def values_of(status: str) -> dict[str, Any]:
    """What a job in that status may have come to."""
    values: dict[str, Any] = {
        "status": status,
        "description": f"Tag the holiday pictures of 2025 ({status})",
        "tags": {"team": "archive"},
        "report_enabled": True,
        "report_bucket": "reports",
        "report_prefix": "nightly",
        "report_scope": "AllTasks",
    }
    if status not in {"New", "Preparing"}:
        values |= {"total_tasks": 12_345, "source_bucket": "photos"}
    if status not in {"New", "Preparing", "Suspended", "Ready"}:
        values |= {"succeeded": 12_131 if status == "Complete" else 9_120, "failed": 214}
    if status in {"Failing", "Failed"}:
        values["failure_reasons"] = [THRESHOLD]
    return values


def add_failures(job: Job) -> None:
    """Two tallies and a few of their tasks."""
    Tally.objects.create(job=job, error_code="NoSuchKey", http_status=404, count=201)
    Tally.objects.create(job=job, error_code="ConnectTimeoutError", http_status=0, count=13)
    TaskResult.objects.bulk_create(
        TaskResult(
            job=job,
            bucket="photos",
            key=f"2025/summer%20trip/img-{number:04}.jpg",
            http_status=404,
            error_code="NoSuchKey",
            message="The specified key does not exist.",
        )
        for number in range(60)
    )


def add_report(job: Job) -> None:
    """Four files in the spool, as finishing leaves them."""
    contents = {
        ReportFile.Kind.SUCCEEDED: (b"photos,a.jpg,,succeeded,200,,Successful\n", "results/aa.csv"),
        ReportFile.Kind.FAILED: (b"photos,b.jpg,,failed,404,NoSuchKey,Gone\n", "results/bb.csv"),
        ReportFile.Kind.MANIFEST: (b'{"Format": "Report_CSV_20180820"}', "manifest.json"),
        ReportFile.Kind.CHECKSUM: (b"0" * 32 + b"\n", "manifest.json.md5"),
    }
    for kind, (content, name) in contents.items():
        keep(f"jobs/{job.pk}/report-1/{name}", content)
        ReportFile.objects.create(
            job=job,
            kind=kind,
            key=f"nightly/job-{job.pk}/{name}",
            spool_name=f"jobs/{job.pk}/report-1/{name}",
            size=len(content),
            md5="0cc175b9c0f1b6a831c399e269772661",
            rows=content.count(b"photos"),
        )


# ---- the form that creates a job


@pytest.fixture
def filled(role: Role) -> Fill:
    """What a browser sends for a form that is right: filled(priority="7")."""

    def fill(**changes: Any) -> dict[str, Any]:
        values = {
            "operation": "S3PutObjectTagging",
            TAGS: "season=summer",
            "source": "upload",
            "upload": SimpleUploadedFile("pictures.csv", CSV),
            "columns": "Bucket,Key",
            "role": role.name,
            "priority": "10",
            "description": "Summer",
            "tags": "team=archive",
            "confirmation_required": "on",
            "report_enabled": "on",
            "report_bucket": "reports",
            "report_prefix": "nightly",
            "report_scope": "FailedTasksOnly",
            "client_request_token": "one-form",
            **changes,
        }
        return {name: value for name, value in values.items() if value is not None}

    return fill


@pytest.fixture
def from_s3(filled: Fill) -> Fill:
    """The same with a manifest in S3."""

    def fill(**changes: Any) -> dict[str, Any]:
        place = {"source": "s3", "upload": None, "manifest_location": "s3://manifests/list.csv"}
        return filled(**{**place, **changes})

    return fill


def send(client: Client, values: dict[str, Any]) -> tuple[int, str]:
    """The status and text of the answer."""
    response = client.post("/jobs/new/", values)
    return response.status_code, unescape(response.content.decode())


# ---- the browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One chromium for all tests of a file; playwright's loop must not outlive it."""
    require("playwright", "the pages are not looked at in a browser")
    require("chromium", "the pages are not looked at in a browser")
    with launched() as browser:
        yield browser


@pytest.fixture
def open_page(
    chromium: Browser, live_server: LiveServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> OpenPage:
    """A page of somebody who is signed in; what the browser complains about fails the test.

    `expected` is a pattern of the complaints that belong to the test.
    """
    take_turns(monkeypatch)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}

    @contextmanager
    def open_it(
        path: str, size: str = "wide", scheme: str = "light", expected: str = "", **options: Any
    ) -> Iterator[Page]:
        width, height = SIZES[size]
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
            base_url=live_server.url,
            **options,
        )
        context.add_cookies([cookie])
        page = context.new_page()
        complaints = listen(page, live_server.url)
        try:
            page.goto(path)
            yield page
        finally:
            context.close()
            wait_for_answers()
        assert [said for said in complaints if not expected or not re.search(expected, said)] == []

    return open_it


def wait_for_answers() -> None:
    """Until the live server has ended with what a page asked for last: while it reads a table, that
    table cannot be emptied for the next test.
    """
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(10)
            assert not thread.is_alive(), "a browser that was closed still holds a connection"


def listen(page: Page, origin: str) -> list[str]:
    """Gathers what the console says, errors of scripts, and requests to other places."""
    heard: list[str] = []
    page.on("console", lambda said: heard.append(said.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda sent: sent.url.startswith(origin) or heard.append(sent.url))
    return heard


@pytest.fixture
def screenshots() -> Path:
    """A folder that git ignores."""
    folder = Path(__file__).parents[2] / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def kept(client: Client, filled: Fill, s3: S3Client) -> Fill:
    """The form after its list was uploaded in the first step."""
    send(client, filled(at="objects", step="operation"))
    manifest = Manifest.objects.get()

    def fill(**changes: Any) -> dict[str, Any]:
        return filled(**{"upload": None, "manifest_id": str(manifest.pk), **changes})

    return fill


@pytest.fixture
def listing(filled: Fill) -> Fill:
    """The form with a bucket to be listed."""

    def fill(**changes: Any) -> dict[str, Any]:
        defaults = {"upload": None, "source": "listing", "listing_bucket": "photos"}
        return filled(**{**defaults, **changes})

    return fill
