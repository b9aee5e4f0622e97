"""Parts: counters and result files in one transaction, fenced (design decisions 5, 6, 7)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Model, Sum

from jobs import commits, results
from jobs.commits import commit, extend
from jobs.leases import LeaseLost
from jobs.models import Job, JobEvent, Part, Slice, Tally, TaskResult
from jobs.retries import Deferred
from operations.base import SUCCESSFUL
from tests.core.conftest import MakeActive, claim_next, expire, keys
from tests.core.scripted import CREATED, FAULT, FORBIDDEN, MISSING, THROTTLED, refusal

ROWS = {count: [f"photos,{key}".encode() for key in keys(count)] for count in (4, 6, 10, 300)}


def everything() -> dict[type[Model], list[dict[str, Any]]]:
    """All rows that a commit could write."""
    models = (Job, Slice, Part, Tally, TaskResult, JobEvent)
    return {model: list(model.objects.order_by("pk").values()) for model in models}


# ---- what a part holds


def test_plain_successes_leave_no_file(make_active: MakeActive) -> None:
    job = make_active(4)
    commit(claim_next(job), ROWS[4], [SUCCESSFUL] * 3, window=10)

    part = Part.objects.get()
    assert (part.start, part.end, part.succeeded, part.failed, part.deferred) == (0, 3, 3, 0, 0)
    assert (part.result_file, part.result_lines, part.result_bytes) == ("", 0, 0)


def test_only_what_is_not_a_plain_success_has_a_line(make_active: MakeActive) -> None:
    claim = claim_next(make_active(6))
    commit(claim, ROWS[6], [SUCCESSFUL] * 2, window=10)
    commit(claim, ROWS[6], [SUCCESSFUL, FORBIDDEN, CREATED], window=10)

    part = Part.objects.get(start=2)
    assert (part.end, part.succeeded, part.failed) == (5, 2, 1)
    assert results.exceptions(part) == {
        3: (b"f", b"failed,403,AccessDenied,Access Denied"),
        4: (b"s", b"succeeded,201,,Created"),
    }, "by the row's index in its slice"


def test_setbacks_are_forgotten_once_a_part_is_committed(make_active: MakeActive) -> None:
    job = make_active(4)
    Slice.objects.update(errors=4)
    claim = claim_next(job)
    assert claim.slice.errors == 4

    commit(claim, ROWS[4], [SUCCESSFUL], window=10)

    assert (claim.slice.errors, Slice.objects.get().errors) == (0, 0)


def test_a_part_moves_the_slice_and_the_job_together(make_active: MakeActive) -> None:
    claim = claim_next(make_active(4, succeeded=10, failed=5))
    commit(claim, ROWS[4], [SUCCESSFUL, FORBIDDEN, SUCCESSFUL], window=10)

    slice_, job = Slice.objects.get(), Job.objects.get()
    assert (slice_.next_index, slice_.succeeded, slice_.failed, slice_.state) == (
        3,
        2,
        1,
        Slice.State.RUNNING,
    )
    assert (job.succeeded, job.failed) == (12, 6)


def test_the_last_part_ends_the_slice(make_active: MakeActive) -> None:
    claim = claim_next(make_active(4))
    commit(claim, ROWS[4], [SUCCESSFUL] * 4, window=10)

    row = Slice.objects.get()
    assert (row.state, row.owner, row.lease_until, row.next_index, row.started_upto) == (
        Slice.State.DONE,
        "",
        None,
        4,
        4,
    )


def test_a_part_can_give_the_slice_back_in_the_same_transaction(make_active: MakeActive) -> None:
    job = make_active(4)
    commit(claim_next(job), ROWS[4], [SUCCESSFUL] * 2, window=10, release=True)

    row = Slice.objects.get()
    assert (row.state, row.owner, row.next_index, row.started_upto) == (
        Slice.State.READY,
        "",
        2,
        2,
    ), "nothing is in doubt"
    assert claim_next(job).slice.next_index == 2


def test_a_part_reserves_the_rows_that_may_be_started_next(make_active: MakeActive) -> None:
    claim = claim_next(make_active(300))
    assert Slice.objects.get().started_upto == 250

    commit(claim, ROWS[300], [SUCCESSFUL] * 10, window=270)

    assert (Slice.objects.get().started_upto, claim.slice.started_upto) == (280, 280)


def test_rows_that_may_have_been_started_stay_reserved_when_the_window_shrinks(
    make_active: MakeActive,
) -> None:
    claim = claim_next(make_active(300))

    commit(claim, ROWS[300], [SUCCESSFUL] * 10, window=100)

    assert (Slice.objects.get().started_upto, claim.slice.started_upto) == (250, 250)


# ---- the fence


def test_a_lane_whose_slice_was_taken_over_writes_nothing_at_all(make_active: MakeActive) -> None:
    job = make_active(4)
    sleeper = claim_next(job, "sleeper")
    expire(sleeper.slice)
    claim_next(job, "successor")
    before = everything()

    with pytest.raises(LeaseLost):
        commit(sleeper, ROWS[4], [FORBIDDEN, Deferred(FAULT, 1, 0.0), SUCCESSFUL], window=10)
    with pytest.raises(LeaseLost):
        commit(sleeper, ROWS[4], [SUCCESSFUL] * 4, window=10, release=True)
    with pytest.raises(LeaseLost):
        extend(sleeper, 10)

    assert everything() == before


def test_a_lane_whose_slice_was_done_by_another_writes_nothing(make_active: MakeActive) -> None:
    job = make_active(4)
    sleeper = claim_next(job, "lane")
    expire(sleeper.slice)
    commit(claim_next(job, "lane"), ROWS[4], [SUCCESSFUL] * 4, window=10)
    before = everything()

    with pytest.raises(LeaseLost):
        commit(sleeper, ROWS[4], [FORBIDDEN] * 4, window=10)

    assert everything() == before


def test_the_same_part_cannot_be_committed_twice(make_active: MakeActive) -> None:
    claim = claim_next(make_active(4))
    commit(claim, ROWS[4], [FORBIDDEN] * 2, window=10)
    claim.slice.next_index = 0
    before = everything()

    with pytest.raises(LeaseLost):
        commit(claim, ROWS[4], [FORBIDDEN] * 2, window=10)

    assert everything() == before


def test_the_result_file_of_a_sleeper_does_not_overwrite_that_of_its_successor(
    make_active: MakeActive,
) -> None:
    job = make_active(4)
    sleeper = claim_next(job, "sleeper")
    expire(sleeper.slice)
    commit(claim_next(job, "successor"), ROWS[4], [FORBIDDEN] * 4, window=10)

    with pytest.raises(LeaseLost):
        commit(sleeper, ROWS[4], [MISSING] * 4, window=10)

    told = results.exceptions(Part.objects.get())
    assert {right for _, right in told.values()} == {b"failed,403,AccessDenied,Access Denied"}


# ---- deferred rows


def test_a_deferred_row_is_counted_nowhere_and_waits_in_a_slice_of_its_own(
    make_active: MakeActive,
) -> None:
    job = make_active(4)
    claim = claim_next(job)
    commit(claim, ROWS[4], [SUCCESSFUL, Deferred(FAULT, 1, 3600.0), FORBIDDEN], window=10)

    job.refresh_from_db()
    origin, retry = job.slices.order_by("number")
    assert (job.succeeded, job.failed, job.slices_made) == (1, 1, 2)
    assert (origin.succeeded, origin.failed, origin.deferred) == (1, 1, 1)
    assert (retry.number, retry.origin, retry.attempt, retry.size) == (2, origin, 1, 1)
    assert (retry.state, retry.started_upto, retry.not_before is not None) == (
        Slice.State.READY,
        0,
        True,
    )
    assert results.task_rows(retry) == [b"photos,k00001"]
    assert (retry.least_key, retry.greatest_key) == ("k00001", "k00001")


def test_rows_with_the_same_fate_share_a_retry_slice(make_active: MakeActive) -> None:
    job = make_active(6)
    once, twice = Deferred(FAULT, 1, 1.0), Deferred(THROTTLED, 2, 1.0)
    commit(claim_next(job), ROWS[6], [once, twice, once, twice, SUCCESSFUL], window=10)

    retries = job.slices.exclude(origin=None).order_by("attempt")
    assert [results.task_rows(retry) for retry in retries] == [
        [b"photos,k00000", b"photos,k00002"],
        [b"photos,k00001", b"photos,k00003"],
    ]
    assert sorted(retry.number for retry in retries) == [2, 3]


# ---- tallies and rows for triage


def test_tallies_count_each_error_code_and_status_exactly(make_active: MakeActive) -> None:
    job = make_active(10)
    claim = claim_next(job)
    no_reply = refusal(None, "ConnectTimeoutError", "No answer")
    teapot = refusal(418, "AccessDenied", "Not this way")
    commit(claim, ROWS[10], [FORBIDDEN, MISSING, FORBIDDEN, no_reply], window=10)
    commit(claim, ROWS[10], [FORBIDDEN, teapot, SUCCESSFUL], window=10)

    counted = {(t.error_code, t.http_status): t.count for t in job.tallies.all()}
    assert counted == {
        ("AccessDenied", 403): 3,
        ("AccessDenied", 418): 1,
        ("NoSuchKey", 404): 1,
        ("ConnectTimeoutError", 0): 1,
    }


def test_beyond_so_many_distinct_codes_tallies_say_other_and_stay_complete(
    make_active: MakeActive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "MOST_TALLIES", 3)
    job = make_active(10)
    claim = claim_next(job)
    odd = [refusal(400, f"Odd{number}", "?") for number in range(6)]
    commit(claim, ROWS[10], [*odd[:3], odd[0], odd[3]], window=10)
    commit(claim, ROWS[10], [odd[4], odd[5], odd[1]], window=10)

    counted = {t.error_code: t.count for t in job.tallies.all()}
    assert counted == {"Odd0": 2, "Odd1": 2, "Odd2": 1, "Other": 3}
    assert job.tallies.aggregate(n=Sum("count"))["n"] == Job.objects.get().failed


def test_failed_tasks_are_kept_for_triage_as_the_manifest_writes_them(
    make_active: MakeActive,
) -> None:
    rows = [b"photos,a%20b.jpg,v1", b'photos,"x,y",', b"photos,c,null"]
    job = make_active(rows=[row.decode() for row in rows])
    commit(claim_next(job), rows, [FORBIDDEN, SUCCESSFUL, MISSING], window=10)

    told = [
        (t.bucket, t.key, t.version_id, t.http_status, t.error_code) for t in job.task_results.all()
    ]
    assert told == [
        ("photos", "a%20b.jpg", "v1", 403, "AccessDenied"),
        ("photos", "c", "null", 404, "NoSuchKey"),
    ]


def test_so_many_failed_tasks_are_kept_and_no_more(
    make_active: MakeActive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "MOST_TASK_RESULTS", 3)
    job = make_active(10)
    claim = claim_next(job)
    for _ in range(3):
        commit(claim, ROWS[10], [FORBIDDEN] * 2, window=10)

    assert [t.key for t in job.task_results.all()] == keys(3)
    assert Job.objects.get().failed == 6


def test_a_commit_whose_answer_was_lost_keeps_its_file_when_the_lane_tries_again(
    make_active: MakeActive,
) -> None:
    """The database has it, and the lane does not know: it tries again, with what has settled since,
    before it hears that the slice has moved on.
    """
    claim = claim_next(make_active(6))
    commit(claim, ROWS[6], [FORBIDDEN, MISSING], window=10)
    committed = results.exceptions(Part.objects.get())
    claim.slice.next_index = 0

    with pytest.raises(LeaseLost):
        commit(claim, ROWS[6], [FORBIDDEN, MISSING, FORBIDDEN], window=10)

    assert results.exceptions(Part.objects.get()) == committed
