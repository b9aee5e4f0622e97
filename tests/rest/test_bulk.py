"""POST jobs/confirm/, jobs/cancel/ and jobs/priority/: deciding on all jobs that a filter finds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client

from jobs import bulk
from jobs.models import UNTRIED, Job
from tests.conftest import OTHER_ACCOUNT, MakeJob, MakeRole, MakeUser
from tests.rest.conftest import BrowserOf, Post, Send

CONFIRM, CANCEL = "/api/v1/jobs/confirm/", "/api/v1/jobs/cancel/"
PRIORITY = "/api/v1/jobs/priority/"
NO_JOB = "00000000-0000-4000-8000-000000000000"
SUSPENDED = {"status": ["Suspended"]}
BOTH = pytest.mark.parametrize("path", [CONFIRM, CANCEL])

Several = Callable[..., list[Job]]


@pytest.fixture
def several(make_job: MakeJob) -> Several:
    """So many suspended jobs, one made after the other."""

    def make(count: int, **values: Any) -> list[Job]:
        made = [make_job(**{"status": "Suspended", **values}) for _ in range(count)]
        for ago, job in enumerate(reversed(made)):
            late = F("created_at") - timedelta(seconds=ago)
            Job.objects.filter(pk=job.pk).update(created_at=late)
        return made

    return make


def statuses() -> set[str]:
    return set(Job.objects.values_list("status", flat=True))


def test_all_suspended_jobs_are_confirmed_in_one_call(post: Post, several: Several) -> None:
    jobs = several(3)

    told = post(CONFIRM, {"filter": SUSPENDED, "reason": "looks right"}).json()

    assert {name: told[name] for name in ("matched", "done", "refused", "after")} == {
        **{"matched": 3, "done": 3, "refused": 0},
        "after": None,
    }
    assert [one["id"] for one in told["jobs"]] == [str(job.pk) for job in jobs], "oldest first"
    assert told["jobs"][0] == {
        "id": str(jobs[0].pk),
        "url": f"http://testserver/api/v1/jobs/{jobs[0].pk}/",
        "status": "Ready",
        "code": None,
        "message": None,
    }
    assert {(job.events.get().actor, job.events.get().reason) for job in jobs} == {
        ("ada", "looks right")
    }


def test_each_job_says_what_became_of_it(post: Post, make_job: MakeJob, several: Several) -> None:
    several(1)
    make_job(status="Active", description="also this one")
    untried = make_job(status="Suspended", suspended_cause=f"{UNTRIED} No bucket to try in.")

    told = post(CONFIRM, {"filter": {"operation": "S3PutObjectTagging"}}).json()

    assert (told["matched"], told["done"], told["refused"]) == (3, 1, 2)
    codes = {one["status"]: one["code"] for one in told["jobs"]}
    assert codes == {"Ready": None, "Active": "JobStatusException", "Suspended": "InvalidRequest"}
    refused = next(one for one in told["jobs"] if one["id"] == str(untried.pk))
    assert "accept_untried" in refused["message"]


def test_untried_stores_are_accepted_in_so_many_words(post: Post, make_job: MakeJob) -> None:
    make_job(status="Suspended", suspended_cause=f"{UNTRIED} No bucket to try in.")

    told = post(CONFIRM, {"filter": SUSPENDED, "accept_untried": True}).json()

    assert (told["done"], statuses()) == (1, {"Ready"})


def test_jobs_are_cancelled_by_any_part_of_the_filter(post: Post, make_job: MakeJob) -> None:
    wanted = make_job(status="Ready", description="nightly tags")
    others = [
        make_job(status="Ready", description="weekly"),
        make_job(status="Suspended", description="nightly"),
        make_job(
            status="Ready", description="nightly", operation="S3DeleteObjectTagging", parameters={}
        ),
        make_job(status="Ready", description="nightly but not named"),
    ]
    which = {
        "status": ["Ready"],
        "search": " nightly ",
        "operation": "S3PutObjectTagging",
        "ids": [str(job.pk) for job in [wanted, *others[:3]]],
    }

    told = post(CANCEL, {"filter": which}).json()

    assert [one["id"] for one in told["jobs"]] == [str(wanted.pk)]
    assert Job.objects.filter(status="Cancelled").get() == wanted


@BOTH
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "filter"),
        ({"filter": None}, "filter"),
        ({"filter": {}}, "filter"),
        ({"filter": {"status": None, "ids": None}}, "filter"),
        ({"filter": {"status": []}}, "filter.status"),
        ({"filter": {"ids": []}}, "filter.ids"),
        ({"filter": {**SUSPENDED, "ids": []}}, "filter.ids"),
        ({"filter": {"search": ""}}, "filter.search"),
        ({"filter": {"search": "  "}}, "filter.search"),
        ({"filter": {"status": ["Sleeping"]}}, "filter.status.0"),
        ({"filter": {"operation": "S3Sing"}}, "filter.operation"),
        ({"filter": {"ids": ["7"]}}, "filter.ids.0"),
        ({"filter": {"user": "ada"}}, "filter.user"),
        ({"filter": SUSPENDED, "expect": "1"}, "expect"),
        ({"filter": SUSPENDED, "expect": -1}, "expect"),
        ({"filter": SUSPENDED, "reason": "x" * 257}, "reason"),
        ({"filter": SUSPENDED, "after": "x"}, "after"),
        ({"filter": SUSPENDED, "after": NO_JOB}, "after"),
        ({"filter": SUSPENDED, "force": True}, "force"),
    ],
    ids=str,
)
def test_what_does_not_say_which_jobs_changes_none(
    post: Post, several: Several, path: str, body: dict[str, Any], field: str
) -> None:
    several(1)

    response = post(path, body)

    assert response.status_code == 400
    assert list(response.json()["fields"]) == [field]
    assert statuses() == {"Suspended"}


@BOTH
def test_another_number_than_expected_changes_nothing(
    post: Post, several: Several, path: str
) -> None:
    several(3)

    refused = post(path, {"filter": SUSPENDED, "expect": 2})

    assert (refused.status_code, refused.json()["code"]) == (409, "Conflict")
    assert refused.json()["message"] == "The filter finds 3 jobs, not 2; none was changed."
    assert statuses() == {"Suspended"}
    assert post(path, {"filter": SUSPENDED, "expect": 3}).json()["done"] == 3
    assert post(path, {"filter": SUSPENDED, "expect": 0}).json()["matched"] == 0


def test_the_number_expected_is_that_of_all_jobs_and_not_of_one_call(
    post: Post, several: Several, monkeypatch: pytest.MonkeyPatch
) -> None:
    several(5)
    monkeypatch.setattr(bulk, "JOBS_A_CALL", 2)

    assert post(CANCEL, {"filter": SUSPENDED, "expect": 2}).status_code == 409
    told = post(CANCEL, {"filter": SUSPENDED, "expect": 5}).json()

    assert (told["matched"], told["done"]) == (5, 2)


@pytest.mark.parametrize(("most", "seconds"), [(2, 10.0), (1000, -1.0)])
def test_what_a_call_did_not_get_through_is_left_for_the_next(
    post: Post,
    several: Several,
    make_job: MakeJob,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    seconds: float,
) -> None:
    jobs = several(5, status="Complete")
    jobs += [make_job(status="Suspended")]
    monkeypatch.setattr(bulk, "JOBS_A_CALL", most)
    monkeypatch.setattr(bulk, "SECONDS", seconds)
    body: dict[str, Any] = {"filter": {"operation": "S3PutObjectTagging"}}

    seen, calls = [], 0
    while "after" not in body or body["after"]:
        told = post(CANCEL, body).json()
        seen += [one["id"] for one in told["jobs"]]
        body["after"] = told["after"]
        calls += 1

    assert seen == [str(job.pk) for job in jobs], "also those that were refused, once each"
    assert calls >= 3
    jobs[-1].refresh_from_db()
    assert jobs[-1].status == "Cancelled"


def test_jobs_of_other_accounts_are_not_found(post: Post, several: Several) -> None:
    theirs = several(1, account_id=OTHER_ACCOUNT)

    by_status = post(CANCEL, {"filter": SUSPENDED}).json()
    by_id = post(CANCEL, {"filter": {"ids": [str(theirs[0].pk)]}}).json()
    after_it = post(CANCEL, {"filter": SUSPENDED, "after": str(theirs[0].pk)})

    assert (by_status["matched"], by_id["matched"]) == (0, 0)
    assert after_it.status_code == 400, "as for an id that nobody has"
    assert statuses() == {"Suspended"}


@pytest.mark.parametrize(
    ("path", "rank"), [(CONFIRM, "viewer"), (CONFIRM, "submitter"), (CANCEL, "viewer")]
)
def test_who_may_not_decide_changes_nothing(
    browser_of: BrowserOf, send: Send, several: Several, path: str, rank: str
) -> None:
    several(2)

    assert send(browser_of(rank), "post", path, {"filter": SUSPENDED}).status_code == 403
    assert statuses() == {"Suspended"}


def test_a_submitter_cancels_their_own_and_is_refused_the_others(
    anonymous: Client, user: User, send: Send, several: Several, make_user: MakeUser
) -> None:
    submitter = make_user("submitter")
    anonymous.force_login(submitter)
    several(1, created_by=user)
    several(1, created_by=submitter)

    told = send(anonymous, "post", CANCEL, {"filter": SUSPENDED}).json()

    assert (told["done"], told["refused"]) == (1, 1)
    assert {one["code"] for one in told["jobs"]} == {None, "AccessDenied"}
    assert Job.objects.get(status="Cancelled").created_by == submitter


def test_a_job_that_goes_meanwhile_does_not_end_the_rest(
    post: Post, several: Several, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = several(2)

    def gone(job: Job, *_: object, **__: object) -> None:
        if job == first:
            raise Job.DoesNotExist
        cancel(job, *_, **__)  # type: ignore[arg-type]

    cancel = bulk.services.cancel_job
    monkeypatch.setattr(bulk.services, "cancel_job", gone)

    told = post(CANCEL, {"filter": SUSPENDED}).json()

    assert [one["code"] for one in told["jobs"]] == ["NotFound", None]
    second.refresh_from_db()
    assert second.status == "Cancelled"


# ---- who, when, and groups


@pytest.mark.parametrize(
    "which",
    [
        {"role": "archive"},
        {"creator": "ada"},
        {"created_from": "2026-03-05T00:00:00Z"},
        {"created_before": "2026-03-05T00:00:00+01:00"},
        {"group": "waiting"},
        {"group": "paused"},
        {"group": "to-confirm", "operation": "S3PutObjectTagging"},
    ],
    ids=str,
)
def test_the_list_and_the_decision_find_the_same_jobs(
    client: Client,
    post: Post,
    make_job: MakeJob,
    make_role: MakeRole,
    other_user: User,
    which: dict[str, str],
) -> None:
    make_role("archive")
    day = datetime(2026, 3, 5, 12, tzinfo=UTC)
    make_job(status="Ready", created_at=day)
    make_job(status="Ready", held_by="ada", created_at=day)
    make_job(status="Suspended", created_at=day, created_by=other_user)
    make_job(status="Ready", role=make_role("media"), created_at=day - timedelta(days=1))

    listed = client.get("/api/v1/jobs/", which).json()["results"]
    told = post(CANCEL, {"filter": which, "expect": len(listed)}).json()

    assert 0 < told["done"] < 4
    assert {one["id"] for one in told["jobs"]} == {one["id"] for one in listed}


@pytest.mark.parametrize(
    ("which", "field"),
    [
        ({"group": "asleep"}, "group"),
        ({"created_from": "yesterday"}, "created_from"),
        ({"created_before": "2026-03-05T00:00:00"}, "created_before"),
        ({"operation": "S3Sing"}, "operation"),
        ({"role": "a\0b"}, "role"),
        ({"creator": ""}, "creator"),
    ],
    ids=str,
)
def test_the_list_and_the_decision_refuse_the_same(
    client: Client, post: Post, several: Several, which: dict[str, str], field: str
) -> None:
    several(1)

    listed, decided = client.get("/api/v1/jobs/", which), post(CANCEL, {"filter": which})

    assert (listed.status_code, list(listed.json()["fields"])) == (400, [field])
    assert (decided.status_code, list(decided.json()["fields"])) == (400, [f"filter.{field}"])
    assert statuses() == {"Suspended"}


# ---- the priority of many


def test_the_priority_of_many_is_changed_in_one_call(
    post: Post, several: Several, make_job: MakeJob
) -> None:
    jobs = several(2)
    ended = make_job(status="Complete", priority=3)

    told = post(
        PRIORITY, {"filter": {"operation": "S3PutObjectTagging"}, "priority": 70, "expect": 3}
    ).json()

    assert (told["done"], told["refused"]) == (2, 1)
    assert {one["code"] for one in told["jobs"]} == {None, "JobStatusException"}
    assert {job.pk: job.priority for job in Job.objects.all()} == {
        **{job.pk: 70 for job in jobs},
        ended.pk: 3,
    }
    assert {job.events.get().reason for job in jobs} == {"priority set to 70"}


@pytest.mark.parametrize("priority", [None, -1, 2_147_483_648, "7", 7.5, True, ...])
def test_no_other_priority_is_taken(post: Post, several: Several, priority: object) -> None:
    several(1)
    body = {"filter": SUSPENDED} | ({} if priority is ... else {"priority": priority})

    response = post(PRIORITY, body)

    assert (response.status_code, list(response.json()["fields"])) == (400, ["priority"])
    assert Job.objects.get().priority == 10


@pytest.mark.parametrize("rank", ["viewer", "submitter"])
def test_only_operators_change_the_priority(
    browser_of: BrowserOf, send: Send, several: Several, rank: str
) -> None:
    several(1)

    answer = send(browser_of(rank), "post", PRIORITY, {"filter": SUSPENDED, "priority": 7})

    assert answer.status_code == 403
    assert Job.objects.get().priority == 10
