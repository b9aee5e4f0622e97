"""The list of jobs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from jobs.models import Job, Lane, Role
from jobs.pages.job_list import JOBS_A_PAGE, LATER, SOON
from jobs.status import JobStatus
from tests.conftest import OTHER_ACCOUNT, MakeJob, MakeRole, MakeUser
from tests.pages.conftest import HTMX


def shown(client: Client, path: str = "/jobs/") -> str:
    """The page as text."""
    return client.get(path).content.decode()


def test_without_jobs_the_list_leads_to_the_form(client: Client) -> None:
    page = shown(client)

    assert "No jobs yet" in page
    assert 'href="/jobs/new/"' in page


def test_a_row_shows_what_the_job_is_and_how_far(client: Client, make_job: MakeJob) -> None:
    job = make_job(
        status="Active",
        description="Nightly tags",
        priority=1_234,
        total_tasks=10_000,
        succeeded=2_400,
        failed=100,
    )

    page = shown(client)

    for text in ("Nightly tags", "Replace all object tags", str(job.pk), "Active", "1,234"):
        assert text in page
    assert "25% · 2,500 of 10,000" in page
    assert '>4%</span><span class="quiet below">100</span>' in page


@pytest.mark.parametrize("status", JobStatus.values)
def test_every_status_has_a_friendly_name_and_an_icon(
    client: Client, make_job: MakeJob, status: str
) -> None:
    make_job(status=status)

    page = shown(client)

    badge = page[page.index(f'class="status status-{status.lower()}"') :][:2000]
    assert "<svg" in badge
    assert JobStatus(status).label in badge


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ({"status": "Active"}, SOON),
        ({"status": "Ready"}, SOON),
        ({"status": "Ready", "held_by": "ada"}, LATER),
        ({"status": "Suspended"}, LATER),
        ({"status": "Paused"}, LATER),
        ({"status": "Complete"}, LATER),
        ({"status": "Failed"}, LATER),
    ],
    ids=str,
)
def test_the_list_asks_often_only_while_a_job_moves(
    client: Client, make_job: MakeJob, values: dict[str, str], seconds: int
) -> None:
    make_job(**values)

    fragment = client.get("/jobs/", headers=HTMX).content.decode()

    assert fragment.startswith('<section id="jobs"')
    assert f'hx-trigger="poll" data-poll="{seconds}"' in fragment
    assert "<html" not in fragment


def test_an_empty_list_asks_too_as_a_job_may_be_made_elsewhere(client: Client) -> None:
    assert f'data-poll="{LATER}"' in shown(client)


def test_what_did_not_change_is_not_sent_again(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Active", total_tasks=10, created_at=timezone.now() - timedelta(days=2))
    asked = unescape(re.findall(r'hx-get="([^"]+)"', shown(client))[0])

    same = client.get(asked, headers=HTMX)
    Job.objects.filter(pk=job.pk).update(succeeded=5)
    other = client.get(asked, headers=HTMX)

    assert (same.status_code, same.content) == (204, b"")
    assert (other.status_code, b"50%" in other.content) == (200, True)
    assert b"announcement" not in other.content


def test_who_listens_hears_when_jobs_end_and_when_they_wait_for_a_person(
    client: Client, make_job: MakeJob
) -> None:
    job = make_job(status="Active", total_tasks=10)
    make_job(status="Suspended")
    asked = unescape(re.findall(r'hx-get="([^"]+)"', shown(client))[0])
    Job.objects.filter(pk=job.pk).update(succeeded=10)

    job.become(JobStatus.COMPLETING, actor="system")
    still = client.get(asked, headers=HTMX).content.decode()
    job.become(JobStatus.COMPLETE, actor="system")
    ended = client.get(asked, headers=HTMX).content.decode()

    assert "announcement" not in still
    assert '#announcement">1 to confirm, 1 completed, 0 failed.</div>' in ended


def test_who_listens_hears_that_tasks_of_a_completed_job_failed(
    client: Client, make_job: MakeJob
) -> None:
    make_job(status="Complete", total_tasks=10, succeeded=10)
    job = make_job(status="Completing", total_tasks=10, succeeded=7, failed=3)
    asked = unescape(re.findall(r'hx-get="([^"]+)"', shown(client))[0])

    job.become(JobStatus.COMPLETE, actor="system")
    ended = client.get(asked, headers=HTMX).content.decode()

    assert "0 to confirm, 2 completed (1 with failed tasks), 0 failed." in ended


def test_a_completed_job_of_which_tasks_failed_is_told_from_one_without(
    client: Client, make_job: MakeJob
) -> None:
    right = make_job(status="Complete", total_tasks=2000, succeeded=2000, description="Right")
    flawed = make_job(status="Complete", total_tasks=2000, succeeded=10, failed=1990)
    badge = r'class="status status-flawed">\s*<svg.*?</svg>\s*<span>([^<]*)</span>'

    pages = [
        shown(client),
        *(client.get(f"/jobs/{each.pk}/").content.decode() for each in (flawed, right)),
    ]

    assert [re.findall(badge, page, re.DOTALL) for page in pages] == [
        ["1,990 failed"],
        ["1,990 failed"],
        [],
    ]
    assert "<title>Completed 100%, 1,990 failed ·" in pages[1]
    assert "<title>Completed 100% · \u2068Right" in pages[2]


def test_a_search_finds_a_piece_of_the_description(client: Client, make_job: MakeJob) -> None:
    make_job(description="Holiday pictures")
    make_job(description="Invoices")

    page = shown(client, "/jobs/?q=holiday")

    assert "Holiday pictures" in page
    assert "Invoices" not in page


def test_a_search_finds_the_beginning_of_an_id(client: Client, make_job: MakeJob) -> None:
    wanted, other = make_job(description="wanted"), make_job(description="other")

    page = shown(client, f"/jobs/?q={str(wanted.pk)[:13].upper()}")

    assert f"row-{wanted.pk}" in page
    assert f"row-{other.pk}" not in page


def test_the_list_is_narrowed_to_a_status(client: Client, make_job: MakeJob) -> None:
    failed, ready = make_job(status="Failed"), make_job(status="Ready")

    page = shown(client, "/jobs/?status=Failed")

    assert f"row-{failed.pk}" in page
    assert f"row-{ready.pk}" not in page
    assert "Status: Failed" in page


def test_a_search_without_matches_says_so(client: Client, make_job: MakeJob) -> None:
    make_job()

    assert "No job matches" in shown(client, "/jobs/?q=nothing&status=Failed")


def test_a_live_list_asks_again_for_the_same_search(client: Client, make_job: MakeJob) -> None:
    make_job(status="Active", description="Tags")

    page = shown(client, "/jobs/?status=Active&q=tags")

    assert 'hx-get="/jobs/?q=tags&amp;status=Active&amp;page=1&amp;seen=' in page


def test_many_jobs_fill_several_pages(client: Client, make_job: MakeJob) -> None:
    first = make_job(description="tags", created_at=timezone.now() - timedelta(days=1))
    for _ in range(JOBS_A_PAGE):
        make_job(description="tags")

    assert "Page 1 of 2" in shown(client, "/jobs/?q=tags")
    assert "?q=tags&amp;page=2" in shown(client, "/jobs/?q=tags")
    assert f"row-{first.pk}" in shown(client, "/jobs/?q=tags&page=2")


def test_jobs_of_other_accounts_are_not_listed(client: Client, make_job: MakeJob) -> None:
    other = make_job(account_id=OTHER_ACCOUNT)

    assert str(other.pk) not in shown(client)


def test_a_job_that_ended_more_than_90_days_ago_is_gone(client: Client, make_job: MakeJob) -> None:
    old = make_job(status="Complete")
    Job.objects.filter(pk=old.pk).update(terminated_at=timezone.now() - timedelta(days=91))

    assert str(old.pk) not in shown(client)


@pytest.mark.parametrize("count", [1, 50])
def test_the_list_costs_the_same_however_many_jobs(
    client: Client, make_job: MakeJob, django_assert_num_queries: Any, count: int
) -> None:
    for number in range(count):
        beating(make_job(status="Active", total_tasks=10, succeeded=1), str(number), 10)

    # Session, user and member; tabs, ids, rows and lanes; the workers; the filters.
    with django_assert_num_queries(3 + 4 + 3 + 2):
        client.get("/jobs/")


# ---- how fast


def beating(job: Job, owner: str, rate: float, ago: int = 0) -> None:
    """A lane that reported a while ago."""
    Lane.objects.create(
        **{"owner": owner, "node": "n", "host": "h", "pid": 1, "process_start": 1},
        **{"job": job, "rate": rate, "beat_at": timezone.now() - timedelta(seconds=ago)},
    )


def test_a_job_is_as_fast_as_its_lanes_that_are_alive(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Active", total_tasks=10_000, succeeded=1_000)
    beating(job, "a", 20)
    beating(job, "b", 10)
    beating(job, "silent", 100, ago=6)
    beating(job, "dead", 500, ago=3600)

    page = shown(client)

    assert "30/s" in page
    assert "5 min left" in page


def test_a_job_on_which_nobody_works_has_no_speed(client: Client, make_job: MakeJob) -> None:
    make_job(status="Active", total_tasks=10_000, succeeded=1_000, active_time=timedelta(hours=1))

    page = shown(client)

    assert "0.0/s" in page
    assert " left<" not in page


def test_the_last_second_is_called_almost_done(client: Client, make_job: MakeJob) -> None:
    beating(make_job(status="Active", total_tasks=100, succeeded=90), "a", 1_000)

    assert "almost done" in shown(client)


def test_a_job_that_failed_says_why(client: Client, make_job: MakeJob) -> None:
    make_job(status="Failed", failure_reasons=[{"FailureCode": "x", "FailureReason": "No list."}])

    assert "No list." in shown(client)


# ---- tabs


GROUPS = {
    "to-confirm": ["Suspended"],
    "waiting": ["New", "Ready"],
    "running": ["Preparing", "Active", "Completing"],
    "paused": ["Pausing", "Paused", "Ready and held", "New and held"],
    "completed": ["Complete"],
    "failed": ["Failing", "Failed"],
    "cancelled": ["Cancelling", "Cancelled"],
}


def one_of_each(make_job: MakeJob) -> None:
    for names in GROUPS.values():
        for name in names:
            status, _, held = name.partition(" and ")
            make_job(status=status, description=f"{name}.", held_by="ada" if held else "")


@pytest.mark.parametrize("group", GROUPS)
def test_each_job_is_under_one_tab_with_its_count(
    client: Client, make_job: MakeJob, group: str
) -> None:
    one_of_each(make_job)

    page = shown(client, f"/jobs/?status={group}")

    assert set(names_in(page)) == {f"{name}." for name in GROUPS[group]}
    assert counts_in(page) == {"all": 15, **{key: len(names) for key, names in GROUPS.items()}}
    assert re.findall(r'id="tab-([a-z-]+)" href="[^"]*" aria-current="page"', page) == [group]


def names_in(page: str) -> list[str]:
    return re.findall(r'<a id="job-[^>]+>([^<]+)</a>', page)


def counts_in(page: str) -> dict[str, int]:
    found = re.findall(r'id="tab-([a-z-]+)".*?<span class="count">([\d,]+)</span>', page)
    return {key: int(count.replace(",", "")) for key, count in found}


def test_tabs_count_what_fits_the_other_filters(client: Client, make_job: MakeJob) -> None:
    make_job(status="Complete", description="Nightly")
    make_job(status="Failed", description="Nightly")
    make_job(status="Failed", description="Weekly")

    page = shown(client, "/jobs/?q=nightly&status=failed")

    assert names_in(page) == ["Nightly"]
    counts = counts_in(page)
    assert (counts["all"], counts["failed"], counts["completed"]) == (2, 1, 1)
    assert 'href="/jobs/?q=nightly&amp;status=completed"' in page


def test_a_single_status_stands_under_the_tab_of_its_group(
    client: Client, make_job: MakeJob
) -> None:
    make_job(status="Pausing", description="This")
    make_job(status="Paused", description="Other")

    page = shown(client, "/jobs/?status=Pausing")

    assert names_in(page) == ["This"]
    assert 'id="tab-paused" href="/jobs/?status=paused" aria-current="page"' in page
    assert 'id="drop-status" href="/jobs/"' in page


# ---- filters


def test_every_filter_narrows_the_list(
    client: Client, make_job: MakeJob, make_role: MakeRole, make_user: MakeUser, user: User
) -> None:
    grace = make_user("submitter", name="grace")
    noon = datetime(2026, 3, 5, 12, tzinfo=UTC)
    same = {"created_by": user, "role": make_role(name="archive"), "created_at": noon}
    make_job(description="wanted", **same)
    make_job(description="by grace", **{**same, "created_by": grace})
    make_job(description="other role", **{**same, "role": make_role(name="media")})
    make_job(description="earlier", **{**same, "created_at": noon - timedelta(days=1)})
    make_job(description="later", **{**same, "created_at": noon + timedelta(days=1)})
    make_job(description="other work", **same, operation="S3DeleteObjectTagging", parameters={})
    asked = {
        "operation": "S3PutObjectTagging",
        "role": "archive",
        "creator": "ada",
        "created_from": "2026-03-05",
        "created_to": "2026-03-05",
    }

    page = shown(client, f"/jobs/?{urlencode(asked)}")

    assert names_in(page) == ["wanted"]
    assert "Filters (5)" in page
    for name in asked:
        rest = {key: value for key, value in asked.items() if key != name}
        assert f'id="drop-{name}" href="/jobs/?{urlencode(rest).replace("&", "&amp;")}"' in page
        assert len(names_in(shown(client, f"/jobs/?{urlencode(rest)}"))) == 2


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("status=Sleeping", "“Sleeping” is no status; it is left out."),
        ("operation=S3Sing", "“S3Sing” is no operation; it is left out."),
        ("created_from=yesterday", "“yesterday” is no day; it is left out."),
        ("created_to=9999-12-31", "“9999-12-31” is no day; it is left out."),
        ("sort=colour", "“colour” is no order; it is left out."),
        ("page=-7&sort=x", "“x” is no order; it is left out."),
    ],
)
def test_what_is_not_known_is_told_and_left_out(
    client: Client, make_job: MakeJob, query: str, told: str
) -> None:
    make_job(description="here")

    page = shown(client, f"/jobs/?{query}")

    assert told in page
    assert names_in(page) == ["here"]


def test_nothing_that_can_be_typed_breaks_the_list(client: Client, make_job: MakeJob) -> None:
    make_job()

    for name in ("q", "status", "operation", "role", "creator", "created_from", "sort", "page"):
        for value in ("%00", "%FF", "'", "%25_", "9" * 400, "%F0%9F%98%80", "-"):
            assert client.get(f"/jobs/?{name}={value}").status_code == 200, (name, value)


def test_the_empty_fields_of_a_form_are_not_in_the_address(client: Client) -> None:
    answer = client.get("/jobs/?sort=-created&role=&q=tags&operation=&created_from=")

    assert (answer.status_code, answer["Location"]) == (302, "/jobs/?q=tags")


# ---- order


def test_the_list_is_sorted_by_its_heads(client: Client, make_job: MakeJob) -> None:
    now = timezone.now()
    for ago, (name, values) in enumerate(
        {
            "a": {"priority": 5, "total_tasks": 100, "succeeded": 20, "failed": 2},
            "b": {"priority": 50, "total_tasks": 1000, "succeeded": 100, "failed": 30},
            "c": {"priority": 5, "total_tasks": 0},
        }.items()
    ):
        made = now - timedelta(minutes=ago)
        make_job(description=name, status="Active", created_at=made, **values)

    for sort, order in {
        "-created": "abc", "created": "cba", "-priority": "bac", "priority": "acb",
        "-failed": "bac", "failed": "cab", "-progress": "abc", "progress": "bac",
    }.items():  # fmt: skip
        assert "".join(names_in(shown(client, f"/jobs/?sort={sort}"))) == order, sort


def test_a_head_says_how_the_list_is_sorted_and_turns_it_round(
    client: Client, make_job: MakeJob
) -> None:
    make_job()

    page = shown(client, "/jobs/?sort=-priority")

    assert (
        '"descending" class="number"><a class="sort" id="sort-priority" href="/jobs/?sort=priority"'
        in page
    )
    assert (
        '"none" class="number"><a class="sort" id="sort-created" href="/jobs/?sort=created"' in page
    )
    assert page.count('aria-sort="none"') == 3


def test_pages_neither_hide_nor_repeat_a_job(client: Client, make_job: MakeJob) -> None:
    made = timezone.now()
    jobs = {str(make_job(priority=1, created_at=made).pk) for _ in range(JOBS_A_PAGE + 5)}

    found = [
        re.findall(r'id="row-([0-9a-f-]+)"', shown(client, f"/jobs/?sort=-priority&page={page}"))
        for page in (1, 2)
    ]

    assert {*found[0], *found[1]} == jobs
    assert [len(one) for one in found] == [JOBS_A_PAGE, 5]


# ---- whom it lets choose


@pytest.mark.parametrize(
    ("rank", "chosen"),
    [("viewer", set()), ("submitter", {"mine"}), ("operator", {"mine", "other"})],
)
def test_people_choose_the_jobs_on_which_they_can_decide(
    anonymous: Client,
    make_job: MakeJob,
    make_user: MakeUser,
    user: User,
    rank: str,
    chosen: set[str],
) -> None:
    person = make_user(rank)
    anonymous.force_login(person)
    make_job(description="mine", created_by=person)
    make_job(description="other", created_by=user)
    make_job(description="ended", created_by=person, status="Complete")

    page = shown(anonymous)

    assert set(re.findall(r'<span class="unseen">Choose (mine|other|ended)</span>', page)) == chosen
    assert ('id="choose-all"' in page) == bool(chosen)
    assert ("Cancel…" in page) == bool(chosen)
    assert ("Priority…" in page) == (rank == "operator")


# ---- nothing to show


def test_the_first_steps_lead_to_the_form_where_there_is_a_role(client: Client, role: Role) -> None:
    page = shown(client)

    assert 'id="first-job" href="/jobs/new/"' in page
    assert f"aws s3control list-jobs --account-id {role.account_id}" in page
    assert "--endpoint-url http://testserver" in page


@pytest.mark.parametrize(
    ("rank", "told"),
    [
        ("administrator", 'id="first-role" href="/new-role/"'),
        ("operator", "An administrator makes one."),
        ("submitter", "An administrator makes one."),
        ("viewer", "Submitters create them"),
    ],
)
def test_without_a_role_the_first_step_is_for_whom_can_take_it(
    anonymous: Client, make_user: MakeUser, rank: str, told: str
) -> None:
    anonymous.force_login(make_user(rank))

    page = shown(anonymous)

    assert "No jobs yet" in page
    assert told in page
    assert ("aws s3control" in page) == (rank != "viewer")


def test_where_none_matches_each_filter_can_be_dropped(client: Client, make_job: MakeJob) -> None:
    make_job()

    page = shown(client, "/jobs/?q=nothing&status=failed&creator=zoe")

    assert "No job matches" in page
    assert 'id="again-q" href="/jobs/?status=failed&amp;creator=zoe"' in page
    assert 'id="again-status" href="/jobs/?q=nothing&amp;creator=zoe"' in page
    assert 'id="again-creator" href="/jobs/?q=nothing&amp;status=failed"' in page


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("to-confirm", "Nothing waits for a confirmation"),
        ("waiting", "No job waits for its turn"),
        ("running", "No job is running"),
        ("paused", "No job is paused"),
        ("completed", "No job has completed"),
        ("failed", "No job has failed"),
        ("cancelled", "No job was cancelled"),
        ("Failing", "No job is Failing"),
    ],
)
def test_an_empty_tab_says_what_it_is_for(client: Client, status: str, told: str) -> None:
    assert told in shown(client, f"/jobs/?status={status}")
