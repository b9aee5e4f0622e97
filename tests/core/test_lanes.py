"""Who works on what: claims, leases, fences, and what may be started (decisions 6, 10)."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Lock

import pytest
from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from jobs import lanes, leases, threshold
from jobs.lanes import JobClaim, SliceClaim
from jobs.leases import LeaseLost
from jobs.models import Job, Slice
from tests.conftest import MakeJob
from tests.core.conftest import MakeActive, claim_next, expire
from tests.core.test_database import in_thread

READY, RUNNING, DONE = Slice.State.READY, Slice.State.RUNNING, Slice.State.DONE


def claimed(owner: str = "lane", above: Job | None = None) -> tuple[Job, int] | None:
    """The job and the number of the slice (0: preparing or finishing) that a claim gives."""
    match lanes.claim(owner, above):
        case SliceClaim(job=job, slice=slice_):
            return job, slice_.number
        case JobClaim(job=job):
            return job, 0
    return None


# ---- order


def test_slices_are_claimed_in_order_of_job_priority_then_number(make_active: MakeActive) -> None:
    low = make_active(5, 5, priority=1)
    high = make_active(5, 5, priority=9)

    assert [claimed() for _ in range(5)] == [(high, 1), (high, 2), (low, 1), (low, 2), None]


def test_preparing_and_finishing_wait_for_their_priority_too(
    make_job: MakeJob, make_active: MakeActive
) -> None:
    to_prepare = make_job(status="New", priority=5)
    active = make_active(5, priority=7)
    to_finish = make_job(status="Cancelling", priority=3)

    assert [claimed() for _ in range(4)] == [(active, 1), (to_prepare, 0), (to_finish, 0), None]


def test_among_equals_the_job_with_fewest_lanes_comes_first(make_active: MakeActive) -> None:
    jobs = {make_active(5, 5, 5).pk, make_active(5, 5, 5).pk}

    taken = [claimed()[0].pk for _ in range(6)]  # type: ignore[index]

    assert [set(taken[:2]), set(taken[2:4]), set(taken[4:])] == [jobs, jobs, jobs]


def test_a_lane_at_work_is_drawn_away_only_by_a_higher_priority(make_active: MakeActive) -> None:
    ours = make_active(5, priority=5)
    better = make_active(5, priority=6)

    assert claimed(above=ours) == (better, 1)
    assert claimed(above=ours) is None


def test_a_lane_is_not_drawn_to_another_slice_of_its_own_job(make_active: MakeActive) -> None:
    job = make_active(5, 5, priority=5)
    as_the_lane_read_it = Job.objects.get(pk=job.pk)
    Job.objects.update(priority=9)

    assert claimed(above=as_the_lane_read_it) is None


@pytest.mark.parametrize("status", ["Suspended", "Ready", "Pausing", "Paused", "Complete"])
def test_slices_of_a_job_that_is_not_active_are_not_claimed(
    make_active: MakeActive, status: str
) -> None:
    make_active(5, status=status)

    assert (claimed(), lanes.waiting()) == (None, [])


def test_a_slice_waits_until_its_time_has_come_by_the_databases_clock(
    make_active: MakeActive,
) -> None:
    job = make_active(5)
    job.slices.update(not_before=Now() + timedelta(seconds=60))
    assert (claimed(), lanes.waiting()) == (None, [])

    job.slices.update(not_before=Now() - timedelta(milliseconds=5))

    assert lanes.waiting() == [job]
    assert claimed() == (job, 1)


def test_a_claim_writes_owner_epoch_and_lease(make_active: MakeActive) -> None:
    claim = claim_next(make_active(5), "lane-1")

    row = Slice.objects.annotate(left=F("lease_until") - Now()).get()
    assert (row.state, row.owner, row.epoch) == (RUNNING, "lane-1", 1)
    assert row.left.total_seconds() == pytest.approx(settings.LADING_LEASE_SECONDS, abs=2)
    assert (claim.slice.epoch, claim.crashed) == (1, False)


# ---- two claimers


@pytest.mark.usefixtures("several_connections")
def test_lanes_that_claim_at_the_same_time_never_get_the_same_slice(
    make_active: MakeActive,
) -> None:
    job = make_active(*[2] * 40)
    taken: list[tuple[str, int]] = []
    lock, start = Lock(), Barrier(4)

    def claim_all(owner: str) -> None:
        start.wait(10)
        idle = 0
        while idle < 5:
            claim = lanes.claim(owner)
            idle = 0 if claim else idle + 1
            if isinstance(claim, SliceClaim):
                with lock:
                    taken.append((owner, claim.slice.number))

    threads = [in_thread(lambda owner=f"lane-{n}": claim_all(owner)) for n in range(4)]
    for thread in threads:
        thread.join(60)

    assert sorted(number for _, number in taken) == list(range(1, 41))
    assert {(row.owner, row.number) for row in job.slices.all()} == set(taken)
    assert set(job.slices.values_list("epoch", flat=True)) == {1}


@pytest.mark.usefixtures("several_connections")
def test_only_one_lane_gets_to_prepare_a_job(make_job: MakeJob) -> None:
    job = make_job(status="New")
    won: list[str] = []
    start = Barrier(4)

    def claim(owner: str) -> None:
        seen = Job.objects.get(pk=job.pk)
        start.wait(10)
        if lanes.claim_job(seen, owner):
            won.append(owner)

    threads = [in_thread(lambda owner=f"lane-{n}": claim(owner)) for n in range(4)]
    for thread in threads:
        thread.join(60)

    job.refresh_from_db()
    assert [job.owner] == won
    assert job.epoch == 1


# ---- leases


def test_a_live_lease_protects_a_slice(make_active: MakeActive) -> None:
    claim_next(make_active(5))

    assert claimed("other") is None


def test_an_expired_lease_is_claimable_and_counts_as_a_crash(make_active: MakeActive) -> None:
    job = make_active(5, 5)
    first = claim_next(job, "sleeper")
    expire(first.slice)

    claim = claim_next(job, "successor")

    assert claim.slice.number == 1, "what was begun comes before what was not"
    assert (claim.slice.epoch, claim.slice.crashes, claim.crashed) == (2, 1, True)
    assert claim.doubt_upto == 5, "what the sleeper may have started"


def test_a_slice_that_is_given_back_in_order_counts_no_crash(make_active: MakeActive) -> None:
    job = make_active(5)
    claim_next(job).release()

    row = Slice.objects.get()
    assert (row.state, row.owner, row.lease_until, row.started_upto) == (READY, "", None, 0)
    claim = claim_next(job)
    assert (claim.slice.crashes, claim.crashed, claim.doubt_upto) == (0, False, 0)


def test_giving_back_keeps_what_a_sleeper_before_may_have_started(make_active: MakeActive) -> None:
    job = make_active(5)
    expire(claim_next(job, "sleeper").slice)
    claim_next(job, "successor").release()

    assert Slice.objects.get().started_upto == 5


def test_a_lease_is_renewed_by_the_databases_clock(make_active: MakeActive) -> None:
    claim = claim_next(make_active(5))
    Slice.objects.update(lease_until=Now() + timedelta(seconds=1))

    claim.lease.renew()

    row = Slice.objects.annotate(left=F("lease_until") - Now()).get()
    assert row.left.total_seconds() == pytest.approx(settings.LADING_LEASE_SECONDS, abs=2)


def test_a_lease_that_somebody_else_holds_cannot_be_renewed_nor_given_back(
    make_active: MakeActive,
) -> None:
    job = make_active(5)
    sleeper = claim_next(job, "sleeper")
    expire(sleeper.slice)
    claim_next(job, "successor")

    with pytest.raises(LeaseLost):
        sleeper.lease.renew()
    sleeper.release()

    assert Slice.objects.get().owner == "successor"


def test_the_same_lane_cannot_use_an_older_claim_of_its_own(make_active: MakeActive) -> None:
    job = make_active(5)
    older = claim_next(job, "lane")
    expire(older.slice)
    claim_next(job, "lane")

    with pytest.raises(LeaseLost):
        older.lease.renew()


def test_a_lane_trusts_its_lease_for_less_than_its_whole_time(
    make_active: MakeActive, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = claim_next(make_active(5)).lease
    begun = leases.boot_clock()
    assert (lease.is_safe, lease.is_due) == (True, False)

    monkeypatch.setattr(leases, "boot_clock", lambda: begun + settings.LADING_LEASE_SECONDS / 5)
    assert (lease.is_safe, lease.is_due) == (True, True)

    monkeypatch.setattr(leases, "boot_clock", lambda: begun + settings.LADING_LEASE_SECONDS * 0.9)
    assert not lease.is_safe


# ---- at most a thousand outstanding before the first decision


def test_nothing_limits_a_job_that_cannot_reach_the_threshold(make_active: MakeActive) -> None:
    job = make_active(500, 499)

    assert threshold.allowance(job, 5000) == 5000


def test_nothing_limits_a_job_after_the_first_decision(make_active: MakeActive) -> None:
    job = make_active(2000, succeeded=600, failed=400)

    assert threshold.allowance(job, 5000) == 5000


def test_until_then_a_thousand_may_be_outstanding_in_all_lanes_together(
    make_active: MakeActive,
) -> None:
    job = make_active(*[250] * 8)
    for number in range(4):
        claim_next(job, f"lane-{number}")

    assert lanes.claim_slice(job, "lane-5") is None
    assert lanes.waiting() == [], "so that nobody rings for it"
    assert job.slices.filter(state=RUNNING).count() == 4


def test_what_is_executed_already_takes_from_the_thousand(make_active: MakeActive) -> None:
    job = make_active(*[250] * 8, succeeded=300, failed=100)
    assert threshold.allowance(job, 5000) == 600

    claim_next(job)

    assert threshold.allowance(job, 5000) == 350
    assert threshold.allowance(job, 100) == 100


def test_a_lane_gets_only_what_is_left_of_the_thousand(make_active: MakeActive) -> None:
    job = make_active(250, 250, 500, succeeded=900)

    assert claim_next(job).slice.started_upto == 100


@pytest.mark.parametrize("how", ["lease ran out", "given back after a fault"])
def test_a_job_whose_thousand_is_held_by_lost_lanes_can_be_claimed(
    make_active: MakeActive, how: str
) -> None:
    job = make_active(*[250] * 8)
    lost = [claim_next(job, f"lane-{number}").slice for number in range(4)]
    if how == "lease ran out":
        expire(*lost)
    else:
        Slice.objects.filter(state=RUNNING).update(state=READY, owner="", lease_until=None)

    assert lanes.waiting() == [job]
    again = [claim_next(job, f"lane-{number}").slice.pk for number in range(4, 8)]
    assert sorted(again) == sorted(slice_.pk for slice_ in lost), "these and no others"
    assert lanes.claim_slice(job, "lane-9") is None


# ---- finishing


@pytest.mark.parametrize("status", ["Completing", "Cancelling", "Failing"])
def test_finishing_waits_while_a_slice_is_under_a_live_lease(
    make_active: MakeActive, status: str
) -> None:
    job = make_active(5)
    claim_next(job)
    Job.objects.update(status=status)
    job.refresh_from_db()

    assert (claimed("finisher"), lanes.claim_job(job, "finisher")) == (None, None)


def test_finishing_fences_off_the_sleepers(make_active: MakeActive) -> None:
    job = make_active(5)
    sleeper = claim_next(job, "sleeper")
    expire(sleeper.slice)
    Job.objects.update(status="Cancelling")

    assert claimed("finisher") == (job, 0)

    row = Slice.objects.get()
    assert (row.state, row.epoch, row.owner, row.lease_until) == (READY, 2, "", None)
    assert row.crashes == 1
    with pytest.raises(LeaseLost):
        sleeper.lease.renew()


def test_a_finisher_that_died_is_succeeded_when_its_lease_has_run_out(make_job: MakeJob) -> None:
    job = make_job(status="Completing")
    first = lanes.claim("sleeper")
    assert claimed() is None

    Job.objects.update(lease_until=Now() - timedelta(seconds=1))

    assert claimed("successor") == (job, 0)
    assert isinstance(first, JobClaim)
    with pytest.raises(LeaseLost):
        first.lease.renew()


def test_a_job_that_went_on_since_it_was_looked_at_is_not_claimed(make_job: MakeJob) -> None:
    seen = make_job(status="New")
    Job.objects.update(status="Cancelled")

    assert lanes.claim_job(seen, "lane") is None
