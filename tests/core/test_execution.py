"""One slice against a store whose every answer the test decides (design decisions 5, 13)."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from django.db.models import F, Sum
from django.utils import timezone

from jobs import execution, verdicts
from jobs.execution import execute
from jobs.models import Job, Part, Slice
from jobs.results import page
from operations.base import SUCCESSFUL
from operations.pace import Pace
from tests.core.conftest import MakeActive, PerformSlice, RunLane, claim_next, keys
from tests.core.scripted import CREATED, FAULT, FORBIDDEN, MISSING, THROTTLED, Script

RETRY = {"origin__isnull": False}


def counts(job: Job) -> tuple[int, int]:
    job.refresh_from_db()
    return job.succeeded, job.failed


def failures(job: Job) -> dict[str, tuple[int | None, str]]:
    return {t.key: (t.http_status, t.error_code) for t in job.task_results.all()}


# ---- final answers


def test_plain_successes_leave_counters_and_no_lines(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    job = make_active(40)
    perform_slice(job)

    assert counts(job) == (40, 0)
    assert script.sent == keys(40)
    assert Slice.objects.get().state == Slice.State.DONE
    assert Part.objects.aggregate(n=Sum("result_lines"))["n"] == 0
    assert not job.task_results.exists()


def test_the_rest_is_told_in_parts_tallies_and_rows_for_triage(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    script.on("k00001", FORBIDDEN)
    script.on("k00003", MISSING)
    script.on("k00005", CREATED)
    job = make_active(8)
    perform_slice(job)

    assert counts(job) == (6, 2)
    assert failures(job) == {"k00001": (403, "AccessDenied"), "k00003": (404, "NoSuchKey")}
    assert {(t.error_code, t.count) for t in job.tallies.all()} == {
        ("AccessDenied", 1),
        ("NoSuchKey", 1),
    }
    told = {row.key: (row.task_status, row.http_status) for row in page(job).rows}
    assert told["k00005"] == ("succeeded", 201)
    assert told["k00001"] == ("failed", 403)
    assert list(told) == keys(8)


def test_other_refusals_fail_at_once(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    script.on("k00000", FORBIDDEN)
    perform_slice(make_active(2))

    assert script.sent.count("k00000") == 1


def test_keys_are_decoded_when_they_are_sent_and_kept_as_they_are_written(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    script.otherwise = FORBIDDEN
    job = make_active(rows=["photos,summer%20trip/a%2Bb+c.jpg,null", 'photos,"x,%2C",v9'])
    perform_slice(job)

    sent = [(target.key, target.version_id) for target in script.targets]
    assert sent == [("summer trip/a+b c.jpg", "null"), ("x,,", "v9")]
    assert list(failures(job)) == ["summer%20trip/a%2Bb+c.jpg", "x,%2C"]


def test_a_missing_version_id_fails_its_task_alone_in_the_words_of_aws(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    job = make_active(rows=["photos,a,v1", "photos,b,", "photos,c,v3"])
    perform_slice(job)

    assert counts(job) == (2, 1)
    assert script.sent == ["a", "c"], "nothing is asked of the store"
    result = job.task_results.get()
    assert (result.key, result.http_status, result.error_code, result.message) == (
        "b",
        400,
        "InvalidRequest",
        "Task failed due to missing VersionId",
    )


# ---- faults: three tries, then a later round, five rounds


def test_a_fault_that_passes_is_a_success(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    script.on("k00001", FAULT, FAULT, SUCCESSFUL)
    job = make_active(4)
    perform_slice(job)

    assert counts(job) == (4, 0)
    assert script.sent.count("k00001") == 3
    assert not job.slices.filter(**RETRY).exists()


def test_after_three_tries_a_faulty_row_waits_in_a_retry_slice(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    script.on("k00001", FAULT)
    job = make_active(4)
    perform_slice(job)

    assert counts(job) == (3, 0), "counted as neither"
    assert script.sent.count("k00001") == 3
    first, retry = job.slices.order_by("number")
    assert (first.state, first.succeeded, first.deferred) == (Slice.State.DONE, 3, 1)
    assert (retry.origin, retry.size, retry.attempt) == (first, 1, 1)


def test_after_five_rounds_a_faulty_row_fails_with_its_last_error(
    make_active: MakeActive, run_lane: RunLane, script: Script
) -> None:
    script.on("k00001", FAULT)
    job = make_active(4)
    run_lane()

    assert counts(job) == (3, 1)
    assert script.sent.count("k00001") == 5 * 3
    assert failures(job) == {"k00001": (500, "InternalError")}
    attempts = job.slices.filter(**RETRY).order_by("number").values_list("attempt", flat=True)
    assert list(attempts) == [1, 2, 3, 4]


def test_the_rounds_are_further_and_further_apart(
    make_active: MakeActive,
    perform_slice: PerformSlice,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verdicts, "backoff", lambda _attempt, *, base, cap: min(base, cap))
    script.on("k00000", FAULT)
    job, waits = make_active(1), []
    for _ in range(4):
        perform_slice(job)
        retry = job.slices.exclude(state=Slice.State.DONE).get()
        assert retry.not_before is not None
        waits.append((retry.not_before - timezone.now()).total_seconds())
        job.slices.update(not_before=None)
    perform_slice(job)

    assert waits == pytest.approx([10, 30, 60, 120], abs=2)
    assert counts(job) == (0, 1)


def test_a_row_that_waits_for_a_later_round_does_not_hold_back_the_rest(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    script.on("k00000", FAULT)
    script.on("k00003", THROTTLED)
    job = make_active(100)
    perform_slice(job)

    assert counts(job) == (98, 0)
    assert job.slices.get(number=1).state == Slice.State.DONE


# ---- throttled: no try is used up, at most an hour


def test_a_throttled_row_comes_back_until_the_store_takes_it(
    make_active: MakeActive, run_lane: RunLane, script: Script
) -> None:
    script.on("k00001", *[THROTTLED] * 40, SUCCESSFUL)
    job = make_active(4)
    run_lane()

    assert counts(job) == (4, 0)
    assert set(job.slices.values_list("attempt", flat=True)) == {0}, "no round is used up"


def test_a_retry_slice_remembers_since_when_its_rows_are_throttled(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    script.on("k00001", THROTTLED)
    job = make_active(4)
    perform_slice(job)
    first = job.slices.filter(**RETRY).get()
    assert first.throttled_since is not None
    assert timedelta() <= timezone.now() - first.throttled_since < timedelta(minutes=2)
    since = timezone.now() - timedelta(minutes=59)
    Slice.objects.filter(pk=first.pk).update(throttled_since=since)

    perform_slice(job)

    assert job.slices.exclude(state=Slice.State.DONE).get().throttled_since == since


def test_after_an_hour_a_throttled_row_fails(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    script.on("k00001", THROTTLED)
    job = make_active(4)
    perform_slice(job)
    job.slices.filter(**RETRY).update(throttled_since=timezone.now() - timedelta(minutes=61))
    perform_slice(job)

    assert counts(job) == (3, 1)
    assert failures(job) == {"k00001": (503, "SlowDown")}


def test_a_row_that_was_throttled_still_has_all_its_tries(
    make_active: MakeActive, run_lane: RunLane, script: Script
) -> None:
    script.on("k00000", *[THROTTLED] * 5, FAULT)
    job = make_active(1)
    run_lane()

    assert counts(job) == (0, 1)
    assert script.sent.count("k00000") == 5 + 15


# ---- windows


def test_a_row_without_an_answer_does_not_keep_the_others_waiting(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    script.on("k00000", None)
    script.when_sent("k00099", lambda: script.release("k00000", SUCCESSFUL))
    job = make_active(100)
    perform_slice(job)

    assert script.sent == keys(100)
    assert counts(job) == (100, 0)


def test_no_row_is_started_that_was_not_reserved_before(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    job = make_active(900)
    reserved: list[bool] = []
    for number, key in list(enumerate(keys(900)))[::30]:
        script.when_sent(
            key,
            lambda number=number: reserved.append(Slice.objects.get().started_upto > number),
        )
    perform_slice(job)

    assert reserved == [True] * 30


def test_the_window_ahead_of_what_is_committed_is_bounded(
    make_active: MakeActive, perform_slice: PerformSlice, script: Script
) -> None:
    script.on("k00000", None)
    script.when_sent("k00249", lambda: script.release("k00000", SUCCESSFUL))
    ahead: list[int] = []
    script.when_sent("k00250", lambda: ahead.append(Slice.objects.get().next_index))
    perform_slice(make_active(300))

    assert ahead == [250], "the next row is started when the first window is committed"


def test_parts_are_committed_while_the_slice_goes_on(
    make_active: MakeActive,
    perform_slice: PerformSlice,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(execution, "PART_SECONDS", 0.0)
    job = make_active(100)
    seen: list[int] = []
    script.when_sent("k00090", lambda: seen.append(Job.objects.get().succeeded))
    perform_slice(job)

    assert seen[0] >= 64
    assert Part.objects.count() > 3


# ---- sums


def test_every_row_is_counted_exactly_once_whatever_happened_to_it(
    make_active: MakeActive, run_lane: RunLane, script: Script
) -> None:
    for number, key in enumerate(keys(600)):
        answers = [SUCCESSFUL, FORBIDDEN, CREATED, FAULT, THROTTLED, MISSING, FAULT]
        kind = answers[number % 7]
        last = kind if number % 7 == 3 else SUCCESSFUL
        script.on(key, *([kind] * (number % 5 + 1)), last if kind in (FAULT, THROTTLED) else kind)
    job = make_active(250, 350)
    run_lane()

    job.refresh_from_db()
    assert job.executed == 600
    uneven = job.slices.exclude(size=F("succeeded") + F("failed") + F("deferred"))
    assert not uneven.exists()
    for slice_ in job.slices.all():
        ends = 0
        for part in slice_.parts.order_by("start"):
            assert part.start == ends, "no gap, no overlap"
            assert part.end - part.start == part.succeeded + part.failed + part.deferred
            ends = part.end
        assert ends == slice_.size
    assert sorted(row.key for row in page(job, limit=1000).rows) == keys(600)
    assert sum(tally.count for tally in job.tallies.all()) == job.failed
    assert (
        job.slices.aggregate(n=Sum("deferred"))["n"]
        == job.slices.filter(**RETRY).aggregate(n=Sum("size"))["n"]
    )


def test_a_lane_that_pauses_between_sends_still_waits_for_room(
    make_active: MakeActive, script: Script, beats_often: None
) -> None:
    job = make_active(3)
    pace = Pace(1)
    pace.pause = 0.001
    script.on("k00000", None)
    asked = itertools.count()

    def answer_late() -> bool:
        if next(asked) == 20:
            script.release("k00000", SUCCESSFUL)
        return False

    execute(claim_next(job), script.sender(), pace, answer_late)

    job.refresh_from_db()
    assert job.succeeded == 3
    assert script.senders[0].most_in_flight == 1
