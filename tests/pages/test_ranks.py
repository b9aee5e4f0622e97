"""What the pages offer to whom: nothing that the verb behind it would refuse."""

from __future__ import annotations

from html import unescape

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from jobs.models import Job, Role
from tests.conftest import MakeJob, MakeManifest, MakeUser

DECISIONS = {"Suspended": ("confirm", "pause"), "Active": ("pause",)}
CHANGES = ("priority", "speed", "window")


def browser(user: User) -> Client:
    made = Client()
    made.force_login(user)
    return made


def offered(user: User, job: Job) -> set[str]:
    """The decisions that the job's page has a form for."""
    text = browser(user).get(reverse("job", args=[job.pk])).text
    names = (*CHANGES, "confirm", "cancel", "pause", "resume")
    return {name for name in names if f'action="{reverse(f"job_{name}", args=[job.pk])}"' in text}


@pytest.mark.parametrize("status", DECISIONS)
@pytest.mark.parametrize("rank", ["operator", "administrator"])
def test_an_operator_is_offered_every_decision(
    make_user: MakeUser, make_job: MakeJob, status: str, rank: str
) -> None:
    job = make_job(status=status, total_tasks=2)

    assert offered(make_user(rank), job) == {*DECISIONS[status], *CHANGES, "cancel"}


@pytest.mark.parametrize("status", ["Suspended", "Ready", "Active", "Paused"])
def test_a_submitter_may_only_cancel_and_only_their_own(
    make_user: MakeUser, make_job: MakeJob, status: str
) -> None:
    submitter = make_user("submitter")
    own, other = (make_job(status=status, created_by=each) for each in (submitter, None))

    assert offered(submitter, own) == {"cancel"}
    assert offered(submitter, other) == set()


@pytest.mark.parametrize("status", ["Suspended", "Ready", "Active", "Paused", "Complete"])
def test_a_viewer_is_offered_nothing_also_on_a_job_of_their_own(
    make_user: MakeUser, make_job: MakeJob, status: str
) -> None:
    viewer = make_user("viewer")

    assert offered(viewer, make_job(status=status, created_by=viewer)) == set()


def test_only_an_operator_is_offered_to_resume(make_user: MakeUser, make_job: MakeJob) -> None:
    job = make_job(status="Paused", held_by="ada", held_reason="lunch")
    Job.objects.update(held_at=job.created_at)

    assert "resume" in offered(make_user("operator"), job)
    for rank in ("viewer", "submitter"):
        user = make_user(rank)
        assert "resume" not in offered(user, job)
        assert "Paused by ada" in unescape(
            browser(user).get(reverse("job", args=[job.pk])).content.decode()
        )


def test_who_may_not_change_priority_speed_and_hours_reads_them(
    make_user: MakeUser, make_job: MakeJob
) -> None:
    window = {"start": "22:00", "end": "06:00", "time_zone": "UTC", "days": ["mon"]}
    job = make_job(status="Active", priority=4711, requests_per_second=250, run_window=window)

    text = browser(make_user("viewer")).get(reverse("job", args=[job.pk])).text

    for told in ("4,711", "250 requests per second", "22:00"):
        assert told in text


def test_a_viewer_is_not_led_to_what_takes_a_submitter(make_user: MakeUser, db: None) -> None:
    for rank, led in (("viewer", False), ("submitter", True)):
        text = browser(make_user(rank)).get("/jobs/").text
        assert (reverse("job_new") in text) is led, rank
        assert (reverse("manifest_check") in text) is led, rank


@pytest.mark.parametrize("name", ["job_new", "manifest_check"])
def test_a_viewer_who_goes_there_all_the_same_is_told_why_not(
    make_user: MakeUser, role: Role, name: str
) -> None:
    for method in ("get", "post"):
        response = getattr(browser(make_user("viewer", name=method)), method)(reverse(name))
        assert response.status_code == 403
        assert "takes the rank of submitter; yours is viewer." in response.text


@pytest.mark.parametrize(("rank", "may"), [("viewer", False), ("submitter", True)])
def test_trying_a_store_is_offered_to_submitters(
    make_user: MakeUser, role: Role, rank: str, may: bool
) -> None:
    Role.objects.update(endpoint_url="http://store.example.org:9000")

    text = browser(make_user(rank)).get(reverse("role", args=[role.name])).text

    assert (reverse("role_probe", args=[role.name]) in text) is may


def test_a_viewer_downloads_a_list_but_does_not_check_it(
    make_user: MakeUser, make_manifest: MakeManifest
) -> None:
    found = make_manifest(b"photos,a.jpg\n")
    viewer = browser(make_user("viewer"))

    content = viewer.get(reverse("manifest_content", args=[found.pk]))

    assert viewer.get(reverse("manifest", args=[found.pk])).status_code == 403
    assert b"".join(content.streaming_content) == b"photos,a.jpg\n"  # type: ignore[arg-type]
