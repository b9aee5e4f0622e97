"""Deciding on many jobs from the list: looked at first, then done, and never more than was seen."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs import bulk
from jobs.models import UNTRIED, Job, JobEvent, Manifest
from jobs.pages.many_chosen import SHOWN
from tests.conftest import OTHER_ACCOUNT, MakeJob, MakeRole, MakeUser

BULK = "/jobs/bulk/"
KINDS = ("confirm", "cancel", "priority")
NO_JOB = "00000000-0000-4000-8000-000000000000"

Fields = dict[str, Any]


def look(client: Client, fields: Fields, status: int = 200) -> str:
    """The page that shows what would be done."""
    answer = client.get(f"{BULK}?{urlencode(fields, doseq=True)}")
    assert answer.status_code == status, answer
    return unescape(answer.content.decode())


def fields_of(page: str) -> Fields:
    """What the form of a page sends, apart from what people type."""
    form = page[page.index('<form class="card many"') : page.index("</form>", page.index("many"))]
    found: Fields = {}
    for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(value)
    return found


def do(client: Client, fields: Fields, **typed: str) -> tuple[str, list[str]]:
    """Look at it and press the button: where that leads, and what it says there."""
    return press(client, fields_of(look(client, fields)), **typed)


def press(client: Client, fields: Fields, **typed: str) -> tuple[str, list[str]]:
    answer = client.post(BULK, {**fields, **typed})
    assert answer.status_code in {302, 409, 422}, unescape(answer.content.decode())
    where = answer.get("Location", BULK)
    if answer.status_code == 302:
        answer = client.get(where)
    page = unescape(answer.content.decode())
    return where, re.findall(r'role="(?:status|alert)">.*?<p>(.+?)</p>', page, re.S)[:]


def told(client: Client, fields: Fields, **typed: str) -> list[str]:
    return [text for text in do(client, fields, **typed)[1] if "server has not" not in text]


def statuses() -> list[str]:
    return sorted(Job.objects.values_list("status", flat=True))


# ---- the selection


def test_the_jobs_that_were_ticked_are_cancelled_and_no_other(
    client: Client, make_job: MakeJob
) -> None:
    chosen = [make_job(status="Ready", description=name) for name in ("First", "Second")]
    make_job(status="Ready", description="Third")
    fields = {"decision": "cancel", "ids": [str(job.pk) for job in chosen], "q": "ir"}

    page = look(client, fields)
    where, said = do(client, fields, reason="not needed")

    assert "Cancel 2 jobs?" in page
    assert "Third" not in page
    assert where == "/jobs/?q=ir"
    assert "2 jobs were cancelled." in said
    assert statuses() == ["Cancelled", "Cancelled", "Ready"]
    assert {event.reason for event in JobEvent.objects.all()} == {"not needed"}


def test_what_has_begun_is_told_before_and_after(client: Client, make_job: MakeJob) -> None:
    make_job(status="Active", total_tasks=10)
    make_job(status="Ready")
    fields = {"decision": "cancel", "everything": "1"}

    assert "1 of them has begun" in look(client, fields)
    said = told(client, fields)

    assert said == [
        "1 job was cancelled.",
        "Cancelling was asked for: 1 job that had begun.",
    ]


def test_jobs_are_confirmed_with_the_number_of_their_tasks_seen(
    client: Client, make_job: MakeJob
) -> None:
    for tasks in (1_000, 234):
        make_job(status="Suspended", total_tasks=tasks)
    fields = {"decision": "confirm", "everything": "1"}

    assert "<strong>1,234 tasks</strong>" in look(client, fields)
    assert told(client, fields) == ["2 jobs were confirmed."]
    assert statuses() == ["Ready", "Ready"]


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_told_what_they_do_and_as_whom(
    client: Client, make_job: MakeJob, make_role: MakeRole, kind: str
) -> None:
    ours, other = make_role("archive"), make_role("frankfurt")
    untag = {"operation": "S3DeleteObjectTagging", "parameters": {}}
    for tasks in (5, 1_500):
        make_job(status="Suspended", role=ours, total_tasks=tasks)
    make_job(status="Suspended", role=ours, total_tasks=1, **untag)
    make_job(status="Suspended", total_tasks=7, role=other, **untag)
    make_job(status="Complete", total_tasks=9_999)

    page = look(client, {"decision": kind, "everything": "1"})

    shown = re.search(r'<ul class="works">(.*?)</ul>', page, re.S)
    assert shown
    lines = [re.sub(r"<[^>]*>", "", line) for line in re.findall(r"<li>(.*?)</li>", shown[1])]
    assert lines == [
        "Replace all object tags with the role archive: 2 jobs, 1,505 tasks",
        "Delete all object tags with the role frankfurt: 1 job, 7 tasks",
        "Delete all object tags with the role archive: 1 job, 1 task",
    ]


def test_no_tasks_are_claimed_of_jobs_that_are_not_counted(
    client: Client, make_job: MakeJob, make_role: MakeRole
) -> None:
    counted, other = make_role("counted"), make_role("other")
    make_job(status="Suspended", role=counted, total_tasks=5)
    make_job(status="Preparing", role=counted, total_tasks=0, rows_read=50_000)
    make_job(status="New", role=other, total_tasks=0)

    page = look(client, {"decision": "cancel", "everything": "1"})

    assert "with the role counted: 2 jobs, 5 tasks; 1 job not counted yet</li>" in page
    assert "with the role other: 1 job; not counted yet</li>" in page


def test_of_many_kinds_of_jobs_the_rest_is_counted(
    client: Client, make_job: MakeJob, make_role: MakeRole
) -> None:
    for number in range(SHOWN + 2):
        make_job(status="Suspended", role=make_role(f"role-{number:02}"), total_tasks=5)

    page = look(client, {"decision": "confirm", "everything": "1"})

    assert page.count("Replace all object tags</strong> with the role") == SHOWN
    assert "other operations and roles: 2 jobs" in page


def test_jobs_are_given_a_priority(client: Client, make_job: MakeJob) -> None:
    for status in ("Ready", "Active", "Complete"):
        make_job(status=status, priority=10)
    fields = {"decision": "priority", "everything": "1"}

    assert look(client, fields).count("now 10<") == 2
    said = told(client, fields, priority="5000")

    assert said == ["2 jobs were given the priority 5,000."]
    assert sorted(Job.objects.values_list("priority", "status")) == [
        (10, "Complete"),
        (5000, "Active"),
        (5000, "Ready"),
    ]


@pytest.mark.parametrize("priority", ["", "high", "-1", "2147483648", "١"])
def test_no_other_priority_is_taken(client: Client, make_job: MakeJob, priority: str) -> None:
    make_job(status="Ready", priority=10)
    fields = {"decision": "priority", "everything": "1"}

    where, said = do(client, fields, priority=priority)

    assert where == BULK
    assert said
    assert "given the priority" not in said[0]
    assert Job.objects.get().priority == 10


# ---- everything that matches


def test_everything_that_matches_is_what_the_list_was_narrowed_to(
    client: Client, make_job: MakeJob, make_user: MakeUser, user: User
) -> None:
    grace = make_user("submitter", name="grace")
    make_job(status="Ready", description="nightly", created_by=grace)
    make_job(status="Ready", description="nightly", created_by=user)
    make_job(status="Ready", description="weekly", created_by=grace)
    make_job(status="Suspended", description="nightly", created_by=grace)
    filters = {"q": "nightly", "status": "waiting", "creator": "grace"}

    where, said = do(client, {"decision": "cancel", "everything": "1", **filters})

    assert "1 job was cancelled." in said
    assert where == f"/jobs/?{urlencode(filters)}"
    cancelled = Job.objects.get(status="Cancelled")
    assert (cancelled.description, cancelled.created_by) == ("nightly", grace)


def test_a_single_status_is_kept(client: Client, make_job: MakeJob) -> None:
    make_job(status="Paused")
    make_job(status="Pausing")

    do(client, {"decision": "cancel", "everything": "1", "status": "Paused"})

    assert statuses() == ["Cancelling", "Pausing"]


def test_no_more_is_decided_than_was_seen(client: Client, make_job: MakeJob) -> None:
    make_job(status="Ready")
    fields = fields_of(look(client, {"decision": "cancel", "everything": "1"}))
    make_job(status="Ready")

    where, said = press(client, fields, reason="late")

    assert "The filter finds 2 jobs, not 1; none was changed." in said
    assert where == BULK
    assert statuses() == ["Ready", "Ready"]


def test_a_refusal_keeps_whatever_was_chosen_and_typed_and_shows_it_as_it_is_now(
    client: Client, make_job: MakeJob
) -> None:
    chosen = [make_job(status="Ready") for _ in range(50)]
    fields = fields_of(look(client, {"decision": "cancel", "ids": [job.pk for job in chosen]}))
    Job.objects.filter(pk=chosen[0].pk).update(status="Cancelled")
    reason = "\u6539" * 256

    answer = client.post(BULK, {**fields, "reason": reason})

    page = unescape(answer.content.decode())
    assert answer.status_code == 409
    assert "The filter finds 49 jobs, not 50; none was changed." in page
    assert f'value="{reason}"' in page
    assert "Cancel 49 jobs?" in page
    assert told_after(client, page, reason) == "49 jobs were cancelled."
    assert set(statuses()) == {"Cancelled"}


def told_after(client: Client, page: str, reason: str) -> str:
    """What is said when the button of a page is pressed."""
    return press(client, fields_of(page), reason=reason)[1][-1]


def test_it_is_told_how_many_do_tasks_in_doubt_again(client: Client, make_job: MakeJob) -> None:
    plain, doubtful = make_job(status="Suspended"), make_job(status="Suspended")
    Manifest.objects.filter(pk=doubtful.manifest_id).update(selection={"tasks": "in_doubt"})

    both = look(client, {"decision": "confirm", "ids": [plain.pk, doubtful.pk]})
    one = look(client, {"decision": "confirm", "ids": [plain.pk]})

    assert "1 of them does tasks in doubt again. Tasks in doubt may have been done" in both
    assert "in doubt" not in one


@pytest.mark.parametrize("everything", [True, False])
def test_no_other_job_is_decided_on_than_was_seen(
    client: Client, make_job: MakeJob, everything: bool
) -> None:
    first, second, third = make_job(status="Suspended"), make_job(status="Suspended"), make_job()
    which = {"everything": "1"} if everything else {"ids": [j.pk for j in (first, second, third)]}
    fields = fields_of(look(client, {"decision": "confirm", **which}))
    Job.objects.filter(pk=first.pk).update(status="Cancelled")
    Job.objects.filter(pk=third.pk).update(status="Suspended")

    where, said = press(client, fields)

    assert "These are other jobs than those you looked at; none was changed." in said
    assert where == BULK
    assert statuses() == ["Cancelled", "Suspended", "Suspended"]


@pytest.mark.parametrize("lacking", ["expect", "seen"])
def test_a_form_that_does_not_say_what_was_seen_does_nothing(
    client: Client, make_job: MakeJob, lacking: str
) -> None:
    make_job(status="Ready")
    fields = fields_of(look(client, {"decision": "cancel", "everything": "1"}))
    del fields[lacking]

    _, said = press(client, fields)

    assert "Look at the jobs again before you decide." in said
    assert statuses() == ["Ready"]


def test_what_a_call_did_not_get_through_is_gone_on_with(
    client: Client, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "JOBS_A_CALL", 2)
    for _ in range(5):
        make_job(status="Ready")

    where, said = do(client, {"decision": "cancel", "everything": "1"}, reason="all of them")
    page = unescape(client.get(where).content.decode())

    assert "2 jobs were cancelled." in said
    assert "Go on with the remaining 3" in page
    assert 'value="all of them"' in page
    calls = 1
    while where.startswith(BULK):
        where, _ = press(client, fields_of(unescape(client.get(where).content.decode())))
        calls += 1
    assert (calls, where, set(statuses())) == (3, "/jobs/", {"Cancelled"})


# ---- what cannot be


def test_jobs_on_which_it_cannot_be_decided_are_counted_by_their_status(
    client: Client, make_job: MakeJob
) -> None:
    for status in ("Complete", "Complete", "Failed", "Ready"):
        make_job(status=status)

    page = look(client, {"decision": "cancel", "everything": "1"})

    assert "Cancel 1 job?" in page
    assert "3 of those you chose are left out: 2 Completed, 1 Failed." in page
    assert fields_of(page)["expect"] == ["1"]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("confirm", "None of them waits for a confirmation."),
        ("cancel", "None of them can be cancelled."),
        ("priority", "The priority of none of them can change."),
    ],
)
@pytest.mark.parametrize("status", ["", "Complete"])
def test_where_none_can_be_there_is_no_button(
    client: Client, make_job: MakeJob, kind: str, told: str, status: str
) -> None:
    make_job(status="Complete")
    fields = {"decision": kind, "everything": "1", "status": status}

    page = look(client, fields)

    assert told in page
    assert '<button class="button danger"' not in page
    assert '<button class="button primary"' not in page
    where, _ = press(client, {**fields, "expect": "0", "priority": "7"})
    assert statuses() == ["Complete"]
    assert where


def test_a_refusal_says_why_and_does_not_end_the_rest(client: Client, make_job: MakeJob) -> None:
    make_job(status="Suspended", suspended_cause=f"{UNTRIED} No bucket to try in.")
    make_job(status="Suspended")
    fields = {"decision": "confirm", "everything": "1"}

    page = look(client, fields)
    said = told(client, fields)

    assert "1 of them works at a store that could not be tried" in page
    assert said[0] == "1 job was confirmed."
    assert said[1].startswith("1 job was refused: Nobody knows what this store does")
    assert statuses() == ["Ready", "Suspended"]


def test_untried_stores_are_accepted_with_a_tick(client: Client, make_job: MakeJob) -> None:
    make_job(status="Suspended", suspended_cause=f"{UNTRIED} No bucket to try in.")

    told(client, {"decision": "confirm", "everything": "1"}, accept_untried="on")

    assert statuses() == ["Ready"]


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_choice_people_are_sent_back(client: Client, kind: str) -> None:
    answer = client.get(f"{BULK}?decision={kind}&q=nightly", follow=True)

    assert answer.redirect_chain == [("/jobs/?q=nightly", 302)]
    assert "No job was chosen: tick some first." in answer.content.decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"everything": "1"},
        {"decision": "sing", "everything": "1"},
        {"decision": "cancel", "ids": "seven"},
        {"decision": "cancel", "ids": [NO_JOB] * 1001},
        {"decision": "cancel", "everything": "1", "after": "seven"},
        {"decision": "cancel", "everything": "1", "after": NO_JOB},
    ],
    ids=lambda fields: str(fields)[:60],
)
def test_what_makes_no_sense_is_a_bad_request(
    client: Client, make_job: MakeJob, fields: Fields
) -> None:
    make_job(status="Ready")

    look(client, fields, 400)


# ---- who


def test_a_submitter_cancels_their_own_alone(
    anonymous: Client, make_job: MakeJob, make_user: MakeUser, user: User
) -> None:
    grace = make_user("submitter", name="grace")
    anonymous.force_login(grace)
    make_job(status="Ready", created_by=grace)
    make_job(status="Ready", created_by=user)
    fields = {"decision": "cancel", "everything": "1"}

    assert "1 of those you chose is left out: 1 of somebody else." in look(anonymous, fields)
    assert told(anonymous, fields) == ["1 job was cancelled."]
    assert Job.objects.get(status="Cancelled").created_by == grace
    assert "None of them can be" in look(anonymous, {**fields, "creator": "ada"})


@pytest.mark.parametrize(
    ("rank", "kind"), [("viewer", "cancel"), ("submitter", "confirm"), ("submitter", "priority")]
)
def test_a_rank_that_may_not_decide_is_refused_before_it_looks(
    anonymous: Client, make_job: MakeJob, make_user: MakeUser, rank: str, kind: str
) -> None:
    anonymous.force_login(make_user(rank))
    make_job(status="Suspended")
    fields = {"decision": kind, "everything": "1", "expect": "1", "priority": "1"}

    look(anonymous, fields, 403)

    assert anonymous.post(BULK, fields).status_code == 403
    assert statuses() == ["Suspended"]


def test_jobs_of_other_accounts_are_neither_shown_nor_changed(
    client: Client, make_job: MakeJob
) -> None:
    theirs = make_job(status="Ready", account_id=OTHER_ACCOUNT, description="Theirs")
    fields = {"decision": "cancel", "ids": str(theirs.pk)}

    page = look(client, fields)

    assert "Theirs" not in page
    assert "None of them can be cancelled." in page
    press(client, {**fields, "expect": "1"})
    assert statuses() == ["Ready"]
