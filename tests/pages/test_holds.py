"""Pause, resume, hours and the failure rule, as people see and change them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from jobs.models import Job
from jobs.services import pause_job
from tests.conftest import MakeJob
from tests.pages.conftest import Fill, send
from tests.pages.test_decisions import decide

NIGHT = {
    "run_window_start": "22:00",
    "run_window_end": "06:00",
    "run_window_time_zone": "Europe/Berlin",
    "run_window_days": ["mon", "tue"],
}


def page_of(client: Client, job: Job) -> str:
    return client.get(reverse("job", args=[job.pk])).content.decode()


def actions_of(client: Client, job: Job) -> set[str]:
    """The decisions that the page offers."""
    page = page_of(client, job)
    verbs = ("confirm", "cancel", "pause", "resume", "priority", "speed", "window")
    return {verb for verb in verbs if f'action="{reverse(f"job_{verb}", args=[job.pk])}"' in page}


CHANGES = {"priority", "speed", "window"}


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        ("New", {"pause", "cancel"}),
        ("Preparing", {"pause", "cancel"}),
        ("Suspended", {"confirm", "pause", "cancel"}),
        ("Ready", {"pause", "cancel"}),
        ("Active", {"pause", "cancel"}),
        ("Pausing", {"pause", "cancel"}),
        ("Paused", {"pause", "cancel"}),
        ("Completing", set()),
        ("Cancelling", set()),
        ("Failing", set()),
    ],
)
def test_the_page_offers_what_the_status_allows(
    client: Client, make_job: MakeJob, status: str, offered: set[str]
) -> None:
    assert actions_of(client, make_job(status=status)) == offered | CHANGES


@pytest.mark.parametrize("status", ["Complete", "Cancelled", "Failed"])
def test_nothing_is_offered_for_a_job_that_has_ended(
    client: Client, make_job: MakeJob, status: str
) -> None:
    assert actions_of(client, make_job(status=status, held_by="ada")) == set()


def test_a_held_job_says_who_paused_it_and_why_and_offers_to_resume(
    client: Client, make_job: MakeJob, user: User
) -> None:
    job = make_job(status="Ready")
    pause_job(job, user, reason="lunch & <b>")

    page = page_of(client, job)

    assert "<strong>Paused by ada</strong>" in page
    assert "lunch &amp; &lt;b&gt;" in page
    assert "On hold" in page
    assert actions_of(client, job) == {"resume", "cancel"} | CHANGES


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("Active", "Pausing was asked for."),
        ("Ready", "The job was put on hold."),
    ],
)
def test_pausing_and_resuming_tell_what_happens(
    client: Client, make_job: MakeJob, status: str, told: str
) -> None:
    job = make_job(status=status)
    assert told in decide(client, job, "pause", reason="lunch")
    job.refresh_from_db()
    assert (job.held_by, job.held_reason) == ("ada", "lunch")

    assert "The job was resumed." in decide(client, job, "resume")
    job.refresh_from_db()
    assert not job.is_held


@pytest.mark.parametrize("status", ["Completing", "Cancelling", "Failing"])
def test_a_job_that_is_ending_is_no_more_said_to_be_paused(
    client: Client, make_job: MakeJob, status: str
) -> None:
    job = make_job(status=status, held_by="ada", held_reason="lunch")

    assert actions_of(client, job) == CHANGES
    page = page_of(client, job) + client.get(reverse("job_list")).content.decode()
    for told in ("On hold", "Paused by", "No task starts until"):
        assert told not in page


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"status": "Suspended"}, "It runs only after a confirmation."),
        ({"status": "Preparing"}, "It runs only after a confirmation."),
        ({"status": "Preparing", "confirmation_required": False}, "The job was resumed."),
        ({"status": "Paused"}, "The job was resumed."),
    ],
)
def test_resuming_promises_nothing_of_what_has_to_be_confirmed_first(
    client: Client, make_job: MakeJob, values: dict[str, Any], told: str
) -> None:
    job = make_job(held_by="alan", **values)
    until = "until somebody has confirmed the job and resumed it" in page_of(client, job)
    assert until == job.can_confirm

    message = decide(client, job, "resume").partition("</main>")[0]

    assert told in message
    assert ("only after a confirmation" in message) == ("confirmation" in told)


def test_two_people_pause_and_the_second_is_told_who_was_first(
    client: Client, make_job: MakeJob
) -> None:
    job = make_job(status="Ready", held_by="alan")

    page = decide(client, job, "pause")

    assert 'role="alert"' in page
    assert "The job is paused already, by alan." in page


def test_resuming_what_nobody_paused_is_refused(client: Client, make_job: MakeJob) -> None:
    page = decide(client, make_job(status="Active"), "resume")

    assert 'role="alert"' in page
    assert "no person paused it; there is nothing to resume" in page


# ---- hours


def test_hours_are_set_shown_and_removed(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Ready")
    page = decide(client, job, "window", **NIGHT)
    assert "The hours were set: from 22:00 to 06:00 Europe/Berlin on Mon, Tue." in page
    assert "Runs from 22:00 to 06:00 Europe/Berlin on Mon, Tue" in page
    assert 'value="22:00"' in page

    page = decide(client, job, "window", run_window_start="", run_window_end="")

    assert "The hours were removed." in page
    job.refresh_from_db()
    assert job.run_window is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"run_window_end": ""}, "To: Give a time of day such as 22:00"),
        ({"run_window_start": "soon"}, "From: Give a time of day such as 22:00"),
        ({"run_window_time_zone": "Mars"}, "Time zone: There is no such time zone"),
        ({"run_window_days": []}, "Days on which it begins: This may not be empty."),
        (
            {"run_window_days": ["someday"]},
            "Days on which it begins: Select a valid choice. someday is not one of the available",
        ),
    ],
)
def test_hours_that_make_no_sense_are_refused_by_their_label_and_stay_to_be_mended(
    client: Client, make_job: MakeJob, changes: dict[str, Any], told: str
) -> None:
    job, typed = make_job(status="Ready"), {**NIGHT, **changes}

    answer = client.post(reverse("job_window", args=[job.pk]), typed)

    page = answer.content.decode()
    job.refresh_from_db()
    assert (answer.status_code, job.run_window) == (422, None)
    message = page[page.index('role="alert"') :].partition("</div>")[0]
    assert f"The hours were not changed. {told}" in message
    form = page[: page.index("Change the hours")].rpartition("<details")[2]
    assert " open>" in form
    assert "is-wrong" in form
    for name in ("run_window_start", "run_window_end", "run_window_time_zone"):
        (field,) = re.findall(rf'<input[^>]* name="{name}"[^>]*>', form)
        assert f'value="{typed[name]}"' in field or not typed[name]
    assert form.count(" checked") == len({"mon", "tue"} & set(typed["run_window_days"]))


@pytest.mark.parametrize(
    ("verb", "values", "told"),
    [
        ("priority", {"priority": "high"}, "Priority: Give a whole number from 0"),
        ("speed", {"requests_per_second": "0"}, "Speed ceiling: Give"),
        ("pause", {"reason": "a" * 257}, "A reason has at most 256 characters."),
    ],
)
def test_what_a_button_refuses_says_which_field_is_meant(
    client: Client, make_job: MakeJob, verb: str, values: dict[str, str], told: str
) -> None:
    page = decide(client, make_job(status="Ready"), verb, **values)

    assert f"<p>{told}" in page[page.index('role="alert"') :].partition("</div>")[0]


# ---- the form of a new job


@pytest.mark.parametrize(
    ("values", "field", "told"),
    [
        (
            {"failure_rule": "count"},
            "failure_limit",
            "Give the number of failures after which the job stops",
        ),
        (
            {"failure_rule": "count", "failure_limit": "-3"},
            "failure_limit",
            "Give the number of failures after which the job stops",
        ),
        ({"failure_rule": "count", "failure_limit": "x"}, "failure_limit", "Enter a whole number."),
        ({**NIGHT, "run_window_end": ""}, "run_window_end", "Give a time of day such as 22:00"),
        (
            {**NIGHT, "run_window_time_zone": "Mars"},
            "run_window_time_zone",
            "There is no such time zone",
        ),
        ({**NIGHT, "run_window_days": []}, "run_window_days", "This may not be empty."),
    ],
)
def test_the_form_tells_each_fault_beside_its_field(
    client: Client, filled: Fill, values: dict[str, Any], field: str, told: str
) -> None:
    status, page = send(client, filled(**values))

    assert status == 422
    assert Job.objects.count() == 0
    summary, form = page.split('<form class="new ')
    assert told in summary, "all faults are told at the top"
    beside = form[form.index(f'name="{field}"') :]
    assert told in beside[:2500], "and beside the field"


def test_a_job_is_made_with_hours_and_a_number_of_failures(
    client: Client, filled: Fill, s3: Any
) -> None:
    send(client, filled(**NIGHT, failure_rule="count", failure_limit="7"))

    job = Job.objects.get()
    assert (job.failure_rule, job.failure_limit) == ("count", 7)
    assert str(job.window) == "22:00 to 06:00 Europe/Berlin on Mon, Tue"
    assert "After a number of failures" in page_of(client, job) or "7" in page_of(client, job)


def test_a_job_made_without_them_has_aws_rule_and_no_hours(
    client: Client, filled: Fill, s3: Any
) -> None:
    send(client, filled())

    job = Job.objects.get()
    assert (job.failure_rule, job.failure_limit, job.run_window) == ("half", None, None)
