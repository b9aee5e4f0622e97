"""Which jobs may be Active: places, priority, age, one more for a small job (spec.md 2.6).

First the plan for given rows, then what the ticker makes of it, and what it costs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from jobs import lifecycle
from jobs.models import Job
from jobs.places import moves
from jobs.windows import DAYS
from tests.conftest import OTHER_ACCOUNT, MakeJob, MakeManifest
from tests.core.conftest import MakeActive, claim_next

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CLOSED = {"start": "13:00", "end": "14:00", "time_zone": "UTC", "days": ["mon"]}
OPEN = CLOSED | {"start": "11:00"}
BIG, SMALL = False, True


def job(name: str, status: str, priority: int = 10, *, small: bool = BIG, **values: Any) -> Job:
    """A job that is not saved; its age is the order of its name."""
    created_at = NOON - timedelta(days=1) + timedelta(minutes=ord(name))
    return Job(
        description=name,
        status=status,
        priority=priority,
        single_slice=small,
        created_at=created_at,
        **values,
    )


def plan(places: int, *jobs: Job) -> list[str]:
    """`A+`: A is to be Active, `A-`: it is to pause."""
    return [
        move.job.description + ("+" if move.status == "Active" else "-")
        for move in moves(jobs, places, NOON)
    ]


# ---- places, priority, age


@pytest.mark.parametrize(
    ("places", "jobs", "planned"),
    [
        (1, [], []),
        (1, [job("A", "Ready")], ["A+"]),
        (1, [job("A", "Paused")], ["A+"]),
        (2, [job("B", "Ready"), job("A", "Ready"), job("C", "Ready")], ["A+", "B+"]),
        (1, [job("A", "Ready", 1), job("B", "Ready", 2)], ["B+"]),
        (1, [job("A", "Ready"), job("B", "Paused")], ["A+"]),
        (2, [job("A", "Active"), job("B", "Ready"), job("C", "Ready")], ["B+"]),
        (1, [job("A", "Pausing"), job("B", "Ready")], []),
    ],
    ids=[
        "nobody waits",
        "an empty place",
        "a paused job comes back",
        "the older first",
        "the higher before the older",
        "a paused job has no precedence",
        "beside one that runs",
        "one that is pausing still has its place",
    ],
)
def test_places_go_to_the_highest_then_the_oldest(
    places: int, jobs: list[Job], planned: list[str]
) -> None:
    assert plan(places, *jobs) == planned
    assert plan(places, *reversed(jobs)) == planned, "whatever the order of the rows"


@pytest.mark.parametrize("places", [1, 3])
@pytest.mark.parametrize("priority", [10, 9, 0])
def test_equal_or_lower_priority_never_pre_empts(places: int, priority: int) -> None:
    active = [job(name, "Active", 10) for name in "XYZ"[:places]]

    assert plan(places, *active, job("A", "Ready", priority), job("B", "Paused", priority)) == []


def test_the_lowest_goes_first_and_of_these_the_youngest() -> None:
    active = [job("A", "Active", 3), job("B", "Active", 2), job("C", "Active", 2)]

    assert plan(3, *active, job("D", "Ready", 9)) == ["C-"]
    assert plan(3, *active, job("D", "Ready", 9), job("E", "Ready", 9)) == ["C-", "B-"]
    assert plan(3, *active, *[job(name, "Ready", 3) for name in "DEF"]) == ["C-", "B-"]


def test_whoever_waits_asks_for_one_place_alone() -> None:
    jobs = [job("A", "Active", 1), job("B", "Pausing", 1), job("C", "Ready", 9)]

    assert plan(2, *jobs) == [], "the place of B is on its way to C"
    assert plan(2, *jobs, job("D", "Ready", 9)) == ["A-"]


def test_a_place_that_is_on_its_way_to_the_higher_is_not_taken_by_the_lower() -> None:
    assert plan(1, job("A", "Pausing", 1), job("B", "Ready", 9), job("C", "Ready", 5)) == []


def test_fewer_places_than_before_send_nobody_away() -> None:
    active = [job(name, "Active", 1) for name in "ABC"]

    assert plan(1, *active) == []
    assert plan(1, *active, job("D", "Ready", 1)) == []


# ---- the extra place


@pytest.mark.parametrize(
    ("jobs", "planned"),
    [
        ([job("A", "Active"), job("B", "Ready", small=SMALL)], ["B+"]),
        ([job("A", "Active"), job("B", "Ready", 0, small=SMALL)], ["B+"]),
        ([job("A", "Active"), job("B", "Ready"), job("C", "Ready", small=SMALL)], ["C+"]),
        ([job("A", "Active", small=SMALL), job("B", "Ready")], ["B+"]),
        ([job("A", "Active", small=SMALL), job("B", "Ready", small=SMALL)], ["B+"]),
        (
            [job("A", "Active", small=SMALL), job("B", "Active"), job("C", "Ready", small=SMALL)],
            [],
        ),
        ([job("A", "Pausing", small=SMALL), job("B", "Active"), job("C", "Ready")], []),
    ],
    ids=[
        "a small job beside a big one",
        "whatever its priority",
        "past a big one that waits",
        "a small one takes the extra place and leaves the other",
        "two small ones",
        "there is one extra place",
        "a small one that is pausing still has it",
    ],
)
def test_a_job_of_a_single_slice_is_never_stuck_behind_huge_ones(
    jobs: list[Job], planned: list[str]
) -> None:
    assert plan(1, *jobs) == planned


def test_nobody_is_sent_away_whose_place_would_not_do() -> None:
    jobs = [job("A", "Active", 5), job("B", "Active", 1, small=SMALL)]

    assert plan(1, *jobs, job("C", "Ready", 3)) == [], "a big one cannot take the extra place"
    assert plan(1, *jobs, job("C", "Ready", 3, small=SMALL)) == ["B-"]
    assert plan(1, *jobs, job("C", "Ready", 9)) == ["A-"]


# ---- holds and hours


def test_a_held_job_and_one_outside_its_hours_are_passed_over() -> None:
    jobs = [
        job("A", "Ready", 9, held_by="ada"),
        job("B", "Paused", 8, run_window=CLOSED),
        job("C", "Ready", 1),
    ]
    assert plan(1, *jobs) == ["C+"]


def test_outside_its_hours_a_job_leaves_its_place_to_the_next() -> None:
    jobs = [job("A", "Active", 9, run_window=CLOSED), job("B", "Ready", 1)]
    [leaves, *more] = moves(jobs, 1, NOON)

    assert (leaves.job.description, leaves.status) == ("A", "Pausing")
    assert "13:00 to 14:00 UTC on Mon" in leaves.reason
    assert more == [], "B's turn comes when A has drained"
    assert plan(1, job("A", "Active", 9, run_window=OPEN), jobs[1]) == []


def test_in_its_hours_a_job_of_high_priority_pre_empts() -> None:
    assert plan(1, job("A", "Active", 1), job("B", "Paused", 2, run_window=OPEN)) == ["A-"]


# ---- what the ticker makes of it


@pytest.fixture
def one_place(settings: Any) -> None:
    settings.LADING_ACTIVE_JOBS = 1


@pytest.mark.usefixtures("one_place")
def test_each_account_has_places_of_its_own(make_active: MakeActive) -> None:
    mine = [make_active(5, status="Ready") for _ in range(2)]
    others = [make_active(5, status="Ready", account_id=OTHER_ACCOUNT) for _ in range(2)]

    for _ in range(3):
        lifecycle.advance()

    for jobs in (mine, others):
        assert sorted(Job.objects.get(pk=job.pk).status for job in jobs) == ["Active", "Ready"]


@pytest.mark.usefixtures("one_place")
def test_a_high_priority_in_one_account_pauses_nobody_in_another(make_active: MakeActive) -> None:
    active = make_active(5)
    make_active(5, status="Active", account_id=OTHER_ACCOUNT, priority=50)
    make_active(5, status="Ready", account_id=OTHER_ACCOUNT, priority=99)

    lifecycle.promote()

    active.refresh_from_db()
    assert active.status == "Active"


@pytest.mark.usefixtures("one_place")
def test_the_small_job_among_a_thousand_is_found(
    make_active: MakeActive, make_many: Callable[..., None]
) -> None:
    make_active(5, priority=5)
    make_many(30, status="Ready", priority=5)
    small = make_active(5, status="Ready", priority=0, single_slice=True)

    lifecycle.advance()

    small.refresh_from_db()
    assert small.status == "Active"


@pytest.mark.usefixtures("one_place")
def test_held_and_closed_jobs_do_not_hide_who_waits_behind_them(
    make_active: MakeActive, make_many: Callable[..., None]
) -> None:
    make_many(50, status="Ready", priority=9, held_by="ada")
    make_many(50, status="Paused", priority=9, run_window=closed_now())
    waiting = make_active(5, status="Ready", priority=0)

    lifecycle.advance()

    waiting.refresh_from_db()
    assert waiting.status == "Active"


# ---- what it costs


@pytest.fixture
def make_many(make_job: MakeJob, make_manifest: MakeManifest) -> Callable[..., None]:
    """Many jobs at once, each with a manifest of the same rows: make_many(1000, status="Ready")."""

    def make(count: int, **values: Any) -> None:
        first = make_job(**values)
        rows = [Job.objects.get(pk=first.pk) for _ in range(count - 1)]
        for row in rows:
            row.pk = Job._meta.pk.get_default()
        Job.objects.bulk_create(rows)

    return make


def closed_now() -> dict[str, Any]:
    """Hours that begin in two hours by the database's clock."""
    now = User.objects.annotate(now=Now()).values_list("now", flat=True)[0]
    hours = [f"{now + timedelta(hours=ahead):%H:00}" for ahead in (2, 3)]
    return {"start": hours[0], "end": hours[1], "time_zone": "UTC", "days": list(DAYS)}


@pytest.mark.parametrize("hours", [None, "closed", "open"])
def test_a_thousand_waiting_jobs_cost_a_tick_a_glance_and_no_write(
    make_active: MakeActive, make_many: Callable[..., None], settings: Any, hours: str | None
) -> None:
    settings.LADING_ACTIVE_JOBS = 1
    read: list[str] = []
    told = {None: None, "closed": closed_now(), "open": closed_now() | {"start": "00:00"}}[hours]
    window = told and (told | {"end": "00:00"} if hours == "open" else told)
    for account_id in ("000000000000", OTHER_ACCOUNT):
        for small in (BIG, SMALL):
            claim_next(make_active(5, 5, priority=50, single_slice=small, account_id=account_id))
        make_many(500, status="Ready", run_window=window, account_id=account_id)
    lifecycle.advance()

    with (
        CaptureQueriesContext(connection) as asked,
        patch.object(Job, "from_db", counting(Job.from_db, read)),
    ):
        lifecycle.advance()

    queries = [query["sql"] for query in asked.captured_queries]
    assert len(queries) <= 16
    assert not [sql for sql in queries if not sql.startswith("SELECT")], "a look, and no lock"
    assert len(read) <= 2 * (2 + 3), "those at work, and as many of those in line as may go"


def counting(method: Any, calls: list[str]) -> Any:
    """The class method, noting each call."""

    def called(cls: type, *given: Any) -> Any:
        calls.append("read")
        return method.__func__(cls, *given)

    return classmethod(called)
