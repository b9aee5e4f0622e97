"""The page of a job."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import Job, JobEvent, Lane, Node, Tally, recent
from jobs.status import CANCELLABLE, JobStatus
from tests.conftest import SECRET, MakeJob
from tests.pages.conftest import HTMX

Example = Callable[..., Job]
PLACES = ("badge", "actions", "record", "about")
NOT_FINAL = [status.value for status in JobStatus if not status.is_final]
FINAL = [status.value for status in JobStatus if status.is_final]


def shown(client: Client, job: Job, name: str = "job", query: str = "", **options: Any) -> str:
    """The page as text."""
    return client.get(reverse(name, args=[job.pk]) + query, **options).content.decode()


def add_lane(job: Job, owner: str, silent: float = 0) -> None:
    """A worker at the job, heard of so many seconds ago."""
    Lane.objects.create(
        **{"owner": owner, "node": "n", "host": "h", "pid": 1, "process_start": 1, "job": job},
        **{"succeeded": 7, "failed": 1, "rate": 42.0, "beat_at": recent(silent)},
    )


class OpenPage:
    """A page that somebody has open: it asks again as its last answer says."""

    def __init__(self, client: Client, job: Job) -> None:
        self.client, self.job = client, job
        self.text = shown(client, job)
        self.link = self._link(self.text)

    def _link(self, text: str) -> str:
        found = re.search(r'<section id="live"[^>]*hx-get="([^"]+)"', text)
        return unescape(found[1]) if found else ""

    def again(self, status: int | None = 200) -> str:
        response = self.client.get(self.link, headers=HTMX)
        assert status in (None, response.status_code)
        text = response.content.decode()
        self.link = self._link(text) or self.link
        return text

    def after(self, **changes: Any) -> str:
        """When somebody has changed the job meanwhile."""
        Job.objects.filter(pk=self.job.pk).update(**changes)
        return self.again()


@pytest.mark.parametrize("status", NOT_FINAL)
def test_the_page_is_live_while_the_job_is_unfinished(
    client: Client, example: Example, status: str
) -> None:
    assert "hx-trigger" in shown(client, example(status))


@pytest.mark.parametrize("status", FINAL)
def test_polling_ends_with_the_job(client: Client, example: Example, status: str) -> None:
    job = example(status)

    fragment = shown(client, job, headers=HTMX, query="?seen=Active.75")

    assert '<section id="live"' in fragment
    assert "hx-trigger" not in fragment
    assert "hx-trigger" not in shown(client, job)


@pytest.mark.parametrize("status", JobStatus.values)
def test_only_allowed_decisions_are_offered(client: Client, example: Example, status: str) -> None:
    job = example(status)

    page = shown(client, job)

    assert (reverse("job_confirm", args=[job.pk]) in page) == (status == "Suspended")
    assert (reverse("job_cancel", args=[job.pk]) in page) == (JobStatus(status) in CANCELLABLE)
    assert (reverse("job_priority", args=[job.pk]) in page) == (status in NOT_FINAL)


def test_the_page_shows_the_numbers(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Active", total_tasks=2_000, succeeded=1_490, failed=10)
    add_lane(job, "lane")

    page = shown(client, job)

    assert "<title>Active 75% · \u2068Replace all object tags\u2069 – Lading</title>" in page
    for text in ("1,500 of 2,000 tasks", "1,490", "99.3%", "0.7%", "500", "tasks/s", "Time left"):
        assert text in page


def test_the_rate_is_that_of_the_table_of_workers(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Active", total_tasks=2_000, succeeded=1_500, requests_per_second=90)
    add_lane(job, "one")
    add_lane(job, "two")

    page = shown(client, job)

    assert page.count('<td class="number">42</td>') == 2
    assert '<dt>Rate</dt><dd>84 <span class="quiet">tasks/s</span>' in page
    assert "at most 90 requests/s</span>" in page


@pytest.mark.parametrize("status", ["Paused", "Cancelled"])
def test_a_job_that_does_not_run_has_its_mean_rate_and_no_ceiling(
    client: Client, make_job: MakeJob, status: str
) -> None:
    active = {"active_time": timedelta(seconds=20), "active_since": None}
    page = shown(
        client,
        make_job(status=status, total_tasks=500, succeeded=440, requests_per_second=20, **active),
    )

    assert '<dt>Mean rate</dt><dd>22 <span class="quiet">tasks/s</span></dd>' in page


@pytest.mark.parametrize("name", ["job", "job_results", "job_report_preview"])
def test_a_description_turns_nothing_round_in_a_title(
    client: Client, example: Example, name: str
) -> None:
    job = example("Complete")
    Job.objects.filter(pk=job.pk).update(description="a\u202e\u2069<b>")
    file = [job.report_files.get(kind="failed").pk] if name == "job_report_preview" else []

    page = client.get(reverse(name, args=[job.pk, *file])).content.decode()

    title = page[page.index("<title>") : page.index("</title>")]
    assert title.endswith(" · \u2068a\u202e&lt;b&gt;\u2069 – Lading")


def test_what_workers_have_not_committed_is_shown_apart(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Active", total_tasks=100, succeeded=10)
    add_lane(job, "lane-1")
    add_lane(job, "lane-2")

    page = shown(client, job)

    assert "10 of 100 tasks" in page
    assert "+16 not yet committed" in page
    assert "2 workers at it<" in page


def test_a_silent_worker_is_shown_as_such_and_counts_for_nothing(
    client: Client, make_job: MakeJob
) -> None:
    job = make_job(status="Active", total_tasks=100, succeeded=10)
    add_lane(job, "silent", silent=6)

    page = shown(client, job)

    assert "0 workers at it, 1 silent<" in page
    assert "silent for 6 s" in page
    assert '<td class="number">42</td>' not in page, "it has a speed no more"
    assert "not yet committed" not in page
    assert "Time left" not in page


def test_preparing_shows_how_much_of_the_manifest_is_read(
    client: Client, make_job: MakeJob, make_manifest: Callable[..., Any]
) -> None:
    manifest = make_manifest(size=1000)

    page = shown(
        client, make_job(status="Preparing", manifest=manifest, rows_read=1_200, bytes_read=340)
    )

    assert "1,200 rows so far, 340\xa0bytes of 1000\xa0bytes read." in page
    assert 'value="34"' in page


def test_a_new_job_waits_for_a_worker(client: Client, make_job: MakeJob) -> None:
    page = shown(client, make_job(status="New"))

    assert "Waiting to be prepared." in page
    assert "Reading and checking" not in page
    assert "being counted" in page


def test_the_number_of_tasks_comes_to_an_open_page(client: Client, make_job: MakeJob) -> None:
    page = OpenPage(client, make_job(status="Preparing"))
    assert "being counted" not in page.again()

    fragment = page.after(status="Ready", total_tasks=5_980)

    assert "<dt>Tasks</dt><dd>5,980</dd>" in fragment


@pytest.mark.parametrize("status", ["Failing", "Failed", "Cancelled"])
def test_a_job_that_ended_before_it_was_counted_says_so(
    client: Client, make_job: MakeJob, status: str
) -> None:
    page = shown(client, make_job(status=status))

    assert "not counted" in page
    assert "0 of 0" not in page
    assert "0%" not in page


def test_a_failed_job_says_why(client: Client, example: Example) -> None:
    page = shown(client, example("Failed"))

    assert "More than half of the executed tasks failed." in page
    assert "TaskFailureThresholdExceeded" in page


def test_failures_are_grouped_and_lead_to_their_tasks(client: Client, example: Example) -> None:
    job = example("Active")

    page = shown(client, job)

    assert "/results/?status=failed&amp;code=NoSuchKey&amp;http_status=404" in page
    assert "201 <" in page
    assert "no reply" in page
    assert "The object is not there" in page
    assert "img-0002.jpg" in page
    assert "img-0003.jpg" not in page


RESULTS_LINK = '<a id="results-link" href="/jobs/{}/results/"'


@pytest.mark.parametrize("numbers", [{"succeeded": 3}, {"failed": 3}], ids=str)
@pytest.mark.parametrize(
    "status", ["Active", "Pausing", "Paused", "Cancelling", "Cancelled", "Failed", "Complete"]
)
def test_the_results_of_a_job_are_reached_also_where_nothing_failed(
    client: Client, make_job: MakeJob, status: str, numbers: dict[str, int]
) -> None:
    job = make_job(status=status, total_tasks=9, **numbers)

    page = shown(client, job)

    assert page.count(RESULTS_LINK.format(job.pk)) == 1
    assert "Results</a>: look up a task" in page


def test_results_are_offered_once_there_are_some(client: Client, make_job: MakeJob) -> None:
    opened = OpenPage(client, make_job(status="Active", total_tasks=9))
    link = RESULTS_LINK.format(opened.job.pk)

    assert link not in opened.text
    assert link in opened.after(succeeded=1)
    assert "results-link" not in shown(client, make_job(status="Suspended", total_tasks=9))


def test_many_kinds_of_failures_are_cut(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Active", failed=20)
    for number in range(20):
        Tally.objects.create(job=job, error_code=f"E{number}", http_status=400, count=number + 1)

    page = shown(client, job)

    assert "Only the most frequent codes are shown." in page
    assert ">E19<" in page
    assert ">E0<" not in page


def test_the_page_tells_all_about_the_job_but_no_secret(client: Client, example: Example) -> None:
    page = shown(client, example("Ready"))

    assert "<bdi>team</bdi>=<bdi>archive</bdi>" in page
    for text in ("project=lading", "s3://manifests/list.csv", "archive", "created"):
        assert text in page
    assert SECRET not in page
    assert "AKIATESTSONLY" not in page


def test_a_suspended_job_is_reviewed_before_it_runs(client: Client, example: Example) -> None:
    page = shown(client, example("Suspended"))

    review = page[page.index("Run this job?") : page.index("Run job")]
    for text in (
        "12,345 tasks",
        "photos",
        "Replace all object tags",
        "project=lading",
        "archive",
    ):
        assert text in review


def test_a_fragment_renews_only_what_runs(client: Client, example: Example) -> None:
    fragment = OpenPage(client, example("Active")).again()

    assert fragment.startswith("<title>Active 75%")
    assert "hx-swap-oob" not in fragment
    assert 'id="actions"' not in fragment


def test_a_quarter_of_the_way_is_announced(client: Client, make_job: MakeJob) -> None:
    fragment = OpenPage(client, make_job(status="Active", total_tasks=8)).after(succeeded=6)

    assert '<div hx-swap-oob="innerHTML:#announcement">Active, 75 percent done.</div>' in fragment
    assert 'id="actions"' not in fragment


def test_another_status_renews_decisions_and_record(client: Client, example: Example) -> None:
    fragment = OpenPage(client, example("Active")).after(status="Complete")

    for place in PLACES:
        assert f'id="{place}"' in fragment
    assert "Completed, 214 failed." in fragment


@pytest.mark.parametrize("status", ["Suspended", "Ready", "Paused"])
def test_nothing_is_sent_while_nothing_changes(
    client: Client, example: Example, status: str
) -> None:
    page = OpenPage(client, example(status))

    assert page.again(status=204) == ""


CHANGES: dict[str, dict[str, Any]] = {
    "priority": {"priority": 99},
    "speed": {"requests_per_second": 50},
    "hours": {"run_window": {"start": "22:00", "end": "06:00"}},
    "hold": {"held_by": "grace"},
    "tags": {"tags": {"team": "web"}},
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("status", ["Suspended", "Ready", "Paused", "Preparing", "Active"])
def test_what_a_colleague_changes_comes_to_an_open_page_and_once(
    client: Client, example: Example, status: str, change: str
) -> None:
    page = OpenPage(client, example(status))

    fragment = page.after(**CHANGES[change])

    for place in PLACES:
        assert f'id="{place}"' in fragment
    assert ("#announcement" in fragment) == (change == "hold"), "no other is worth a word"
    assert 'id="actions"' not in page.again(status=None)


@pytest.mark.parametrize("status", ["Paused", "Active"])
def test_what_happened_between_two_looks_comes_to_an_open_page(
    client: Client, example: Example, status: str
) -> None:
    job = example(status)
    page = OpenPage(client, job)
    JobEvent.objects.create(job=job, actor="system", reason="job 7 has a higher priority")

    assert "job 7 has a higher priority" in page.again()


def test_who_goes_first_is_told_anew_when_it_is_another(
    client: Client, make_job: MakeJob, settings: Any
) -> None:
    settings.LADING_ACTIVE_JOBS = 1
    Node.objects.create(name="box", host="h", pid=1, slots=4)
    blocker = make_job(status="Active", description="The blocker", priority=30)
    page = OpenPage(client, make_job(status="Ready", total_tasks=5))
    assert "The blocker</a> (priority 30)" in page.text
    Job.objects.filter(pk=blocker.pk).update(priority=31)

    fragment = page.again()
    assert "The blocker</a> (priority 31)" in fragment
    assert 'id="actions"' not in fragment
    assert "#announcement" not in fragment
    assert page.again(status=204) == ""

    Job.objects.filter(pk=blocker.pk).update(status="Complete")
    assert "The blocker" not in page.again()


@pytest.mark.parametrize("status", ["Suspended", "Ready"])
def test_an_engine_that_stops_is_told_to_an_open_page_that_rests(
    client: Client, make_job: MakeJob, status: str
) -> None:
    make_job(status="New")
    engine = Node.objects.create(name="box", host="h", pid=1, slots=4)
    page = OpenPage(client, make_job(status=status, total_tasks=5))
    engine.delete()

    assert "no engine runs" in page.again()


def test_that_no_tags_remove_all_tags_is_said_where_the_job_is_confirmed(
    client: Client, make_job: MakeJob
) -> None:
    told = "No tags are given: all tags of each object are removed."

    assert told in shown(client, make_job(status="Suspended", parameters={"TagSet": []}))
    assert told not in shown(client, make_job(status="Suspended"))


@pytest.mark.parametrize(
    ("status", "seconds", "interval"),
    [
        ("New", 0, 1), ("Preparing", 0, 1), ("Ready", 0, 1), ("Active", 2, 1), ("Active", 60, 2),
        ("Completing", 60, 1), ("Suspended", 0, 5), ("Paused", 60, 5),
    ],
)  # fmt: skip
def test_the_page_asks_more_often_where_something_is_about_to_happen(
    client: Client, make_job: MakeJob, status: str, seconds: int, interval: int
) -> None:
    job = make_job(status=status, active_time=timedelta(seconds=seconds), active_since=None)

    assert f'data-poll="{interval}"' in shown(client, job)
