"""What happened to a job, in the words of its page."""

from __future__ import annotations

from django.test import Client

from jobs.models import JobEvent
from tests.conftest import MakeJob
from tests.pages.test_job import shown


def test_the_timeline_speaks_as_the_rest_of_the_page(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Complete")
    JobEvent.objects.create(job=job, actor="system", to_status="Suspended", reason="5980 tasks")
    JobEvent.objects.create(
        job=job, actor="ada", reason="speed ceiling set to 1500 requests per second"
    )
    JobEvent.objects.create(job=job, actor="system", to_status="Complete", reason="in 2026")

    page = shown(client, job)

    past = page[page.index("What happened") :]
    for text in (
        "<strong>Awaiting your confirmation to run</strong>",
        "<span>5,980 tasks</span>",
        "1,500 requests per second",
        "<strong>Completed</strong>",
        "in 2026",
    ):
        assert text in past
