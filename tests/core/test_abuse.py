"""Bad input and abuse: people who race each other, too many jobs, a role that is gone. Each has one
clear outcome.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from threading import Barrier
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jobs import lanes, lifecycle, services, working
from jobs.errors import InvalidTransition
from jobs.models import Job, Member, Role, Slice
from jobs.services import cancel_job, confirm_job, set_priority
from tests.conftest import OTHER_ACCOUNT, MakeJob, MakeRole, MakeUser
from tests.core.conftest import MakeActive, RunLane, claim_next, claim_to_finish
from tests.core.probed import ProbedStore
from tests.core.scripted import Script
from tests.core.test_database import in_thread
from tests.core.test_places import counting


def at_once(*works: Callable[[], object]) -> list[str]:
    """Do all of it in threads that start together; what each came to."""
    told: list[str] = [""] * len(works)
    start = Barrier(len(works))

    def run(number: int, work: Callable[[], object]) -> None:
        start.wait(20)
        try:
            work()
            told[number] = "done"
        except InvalidTransition as error:
            told[number] = str(error)

    threads = [in_thread(lambda n=n, w=w: run(n, w)) for n, w in enumerate(works)]
    for thread in threads:
        thread.join(30)
    return told


# ---- people who race


@pytest.mark.usefixtures("several_connections")
def test_of_two_people_who_confirm_at_once_one_is_told_that_it_was_done(
    make_active: MakeActive, user: User, make_user: MakeUser
) -> None:
    alan = make_user("operator", name="alan")
    for _ in range(5):
        job = make_active(5, status="Suspended")
        mine, others = (Job.objects.get(pk=job.pk) for _ in range(2))

        told = at_once(partial(confirm_job, mine, user), partial(confirm_job, others, alan))

        assert sorted(told) == ["The job is Ready; it cannot become Ready from there.", "done"]
        job.refresh_from_db()
        assert job.status == "Ready"
        winner = ("ada", "alan")[told.index("done")]
        assert [(event.actor, event.to_status) for event in job.events.all()] == [(winner, "Ready")]


@pytest.mark.usefixtures("several_connections")
def test_one_confirms_while_another_cancels(make_active: MakeActive, user: User) -> None:
    for _ in range(5):
        job = make_active(5, status="Suspended")
        mine, others = (Job.objects.get(pk=job.pk) for _ in range(2))

        told = at_once(partial(confirm_job, mine, user), partial(cancel_job, others, user))

        job.refresh_from_db()
        assert job.status == "Cancelled", "before or after, cancelling is allowed"
        assert told[1] == "done"
        moves = [event.to_status for event in job.events.all()]
        assert moves == (["Ready", "Cancelled"] if told[0] == "done" else ["Cancelled"])


@pytest.mark.usefixtures("several_connections")
def test_cancel_races_the_last_part(make_active: MakeActive, user: User, run_lane: RunLane) -> None:
    """Whoever comes first: the job ends once, and what was done is in its report."""
    for _ in range(5):
        job = make_active(5)
        job.slices.update(state=Slice.State.DONE)
        Job.objects.filter(pk=job.pk).update(total_tasks=0)
        mine = Job.objects.get(pk=job.pk)

        [_, told] = at_once(lifecycle.complete, partial(cancel_job, mine, user))

        job.refresh_from_db()
        assert job.status == ("Cancelling" if told == "done" else "Completing")
        assert job.events.count() == 1


@pytest.mark.parametrize("first", ["cancel", "completion"])
def test_cancel_and_completion_in_both_orders(
    make_active: MakeActive, user: User, run_lane: RunLane, script: Script, first: str
) -> None:
    job = make_active(3)
    working.perform(claim_next(job), working.Senders(), lambda: False)
    job.refresh_from_db()
    assert (job.status, job.succeeded) == ("Active", 3), "all is done, and nobody said so yet"

    if first == "cancel":
        cancel_job(job, user)
    else:
        lifecycle.complete()
        with pytest.raises(InvalidTransition) as refused:
            cancel_job(job, user)
        assert (
            str(refused.value) == "The job is Completing; it cannot become Cancelling from there."
        )
    run_lane()

    job.refresh_from_db()
    assert job.status == ("Cancelled" if first == "cancel" else "Complete")
    assert (job.succeeded, job.failed, job.in_doubt) == (3, 0, 0)
    assert [file.rows for file in job.report_files.filter(kind="succeeded")] == [3]


def test_a_cancel_in_the_middle_of_the_report_is_refused(
    make_active: MakeActive, user: User, script: Script
) -> None:
    job = make_active(3)
    working.perform(claim_next(job), working.Senders(), lambda: False)
    lifecycle.complete()
    job.refresh_from_db()
    claim = claim_to_finish(job)
    with pytest.raises(InvalidTransition, match="The job is Completing"):
        cancel_job(Job.objects.get(pk=job.pk), user)

    working.perform(claim, working.Senders(), lambda: False)

    job.refresh_from_db()
    assert job.status == "Complete"


@pytest.mark.parametrize("status", ["Complete", "Cancelled", "Failed"])
def test_the_priority_of_a_final_job_is_refused_and_nothing_is_written(
    make_job: MakeJob, user: User, status: str
) -> None:
    job = make_job(status=status, priority=5)

    with pytest.raises(InvalidTransition) as refused:
        set_priority(job, user, 6)

    assert str(refused.value) == f"The job is {status}; its priority can change no more."
    job.refresh_from_db()
    assert (job.priority, job.events.count()) == (5, 0)


# ---- too many


@pytest.fixture
def hand_in(user: User, make_role: MakeRole, store: ProbedStore) -> Callable[[User, int], None]:
    """Hand in so many jobs over one small upload each."""

    def hand(person: User, count: int) -> None:
        member = Member.objects.filter(user=person).first()
        make_role(account_id=member.account_id if member else "000000000000")
        list_ = services.store_upload(
            person, ContentFile(b"photos,a\n"), filename="a.csv", fields=["Bucket", "Key"]
        )
        for _ in range(count):
            asked = {
                "operation": "S3PutObjectTagging",
                "parameters": {"tag_set": [{"key": "project", "value": "lading"}]},
                "manifest": {"id": str(list_.pk)},
                "role": "archive",
                "confirmation_required": False,
            }
            services.create_job(person, asked)

    return hand


JOBS = 150
"""Enough to see that the number of queries does not grow with theirs."""


def test_many_jobs_at_once_are_all_done_with_two_at_a_time(
    hand_in: Callable[[User, int], None],
    user: User,
    other_user: User,
    run_lane: RunLane,
    script: Script,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.LADING_ACTIVE_JOBS = 1
    hand_in(user, JOBS // 15)
    hand_in(other_user, JOBS // 15)
    most: Counter[str] = Counter()
    advance = lifecycle.advance

    def watched() -> None:
        advance()
        holding = Job.objects.filter(status__in=["Active", "Pausing"])
        for account_id, count in Counter(holding.values_list("account_id", flat=True)).items():
            most[account_id] = max(most[account_id], count)

    monkeypatch.setattr(lifecycle, "advance", watched)
    for _ in range(JOBS):
        if run_lane() == 0:
            break

    assert set(Job.objects.values_list("status", flat=True)) == {"Complete"}
    assert Job.objects.count() == 2 * (JOBS // 15)
    assert most == {"000000000000": 2, OTHER_ACCOUNT: 2}, "a place, and one more for small jobs"


@pytest.mark.parametrize("status", ["New", "Ready"])
def test_a_claim_and_a_tick_among_many_jobs_cost_a_few_queries(
    hand_in: Callable[[User, int], None], user: User, script: Script, settings: Any, status: str
) -> None:
    settings.LADING_ACTIVE_JOBS = 1
    hand_in(user, JOBS)
    Job.objects.update(status=status, single_slice=True)
    for look in (lifecycle.advance, lambda: lanes.claim("lane")):
        read: list[str] = []
        with (
            CaptureQueriesContext(connection) as asked,
            patch.object(Job, "from_db", counting(Job.from_db, read)),
        ):
            look()
        assert len(asked) <= 40
        assert len(read) <= 60, "not all of those that wait"


# ---- a role that is gone


def test_a_role_with_jobs_cannot_be_deleted_and_the_page_says_what_keeps_it(
    admin_client: Client, make_job: MakeJob
) -> None:
    job = make_job(status="Active")

    page = admin_client.get(f"/admin/jobs/role/{job.role_id}/delete/").content.decode()
    admin_client.post(f"/admin/jobs/role/{job.role_id}/delete/", {"post": "yes"})

    assert "would require deleting the following protected related objects" in page
    assert "permission" not in page, "nobody has one, and it is not the reason"
    assert str(job.pk) in page
    assert Role.objects.filter(pk=job.role_id).exists()


def test_no_row_of_a_role_goes_while_a_job_has_it(make_job: MakeJob) -> None:
    job = make_job(status="Active")

    with pytest.raises(IntegrityError):
        job.role.delete()
