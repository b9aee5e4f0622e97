"""The examination of the chaos suite can fail: each kind of harm is told when it is there."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import invariants, logs, wire
from tests.chaos.engines import WEDGED, Engine, Hit
from tests.chaos.figures import Kill, measure
from tests.chaos.invariants import PartRow, SliceRow
from tests.chaos.objects import Effect, Objects, Stored
from tests.chaos.watching import Look, Loss, Watch
from tests.chaos.work import BUCKETS, Plan, fill, plans

PLAN = Plan(
    number=1,
    operation="S3PutObjectTagging",
    keys=("job1/a b.jpg", "job1/c.jpg"),
    absent=("job1/gone.jpg",),
    priority=10,
    speed=None,
    is_uploaded=False,
    at=0.0,
)
COPY = replace(PLAN, operation="S3PutObjectCopy")
ROWS = ("photos,job1/a%20b.jpg", "photos,job1/c.jpg", "photos,job1/gone.jpg")
SLICE = SliceRow(7, None, 3, 2, 2, 1, 0, ROWS)
PARTS = (PartRow(7, 0, 1, 1, 0, 0), PartRow(7, 1, 3, 1, 1, 0))


def told(**changes: Any) -> dict[str, Any]:
    progress = {"total": 3, "succeeded": 2, "failed": 1}
    return {
        "status": changes.pop("status", "Complete"),
        "failure_reasons": [],
        "progress": {**progress, **changes},
    }


@pytest.fixture
def objects() -> Objects:
    """A store in which PLAN, and the same as a copy, have been done."""
    made = Objects(*BUCKETS)
    fill(made, [PLAN])
    for key in PLAN.keys:
        made.buckets["photos"][key].tags = PLAN.wanted_tags
        made.buckets["archive"][f"job1/{key}"] = Stored(key.encode())
    return made


# ---- jobs and reports


def test_a_job_that_came_to_what_it_had_to_is_right():
    assert invariants.check_end(PLAN, told()) == []


@pytest.mark.parametrize(
    "changes", [{"status": "Failed"}, {"succeeded": 3, "failed": 0}, {"failed": 0}, {"total": 4}]
)
def test_a_job_that_ended_otherwise_is_told(changes: dict[str, Any]):
    assert invariants.check_end(PLAN, told(**changes))


def test_a_report_with_each_entry_once_is_right():
    assert invariants.check_report(PLAN, PLAN.expected_rows()) == []


def test_a_doubled_report_row_is_told():
    rows = PLAN.expected_rows()

    (wrong,) = invariants.check_report(PLAN, [*rows, rows[0]])

    assert "too much" in wrong
    assert "a%20b.jpg" in wrong


def test_a_missing_report_row_is_told():
    (wrong,) = invariants.check_report(PLAN, PLAN.expected_rows()[1:])

    assert "lacks" in wrong


def test_a_success_that_cannot_be_is_told():
    rows = [*PLAN.expected_rows()[:-1], ("photos", "job1/gone.jpg", "succeeded")]

    assert len(invariants.check_report(PLAN, rows)) == 2


# ---- slices, parts and counters


def test_parts_that_tile_their_slice_are_right():
    assert invariants.check_slices("job1", [SLICE], PARTS) == []
    assert invariants.check_counters(PLAN, (2, 1), [SLICE], PARTS) == []


@pytest.mark.parametrize(
    ("stretches", "said"),
    [
        ([(0, 2), (1, 3)], "[1, 3) was committed twice"),
        ([(0, 1), (2, 3)], "[1, 2) was never committed"),
        ([(0, 2)], "end at 2 of 3"),
        ([(0, 3), (0, 3)], "[0, 3) was committed twice"),
        ([], "end at 0 of 3"),
    ],
)
def test_stretches_that_do_not_tile_are_told(stretches: list[tuple[int, int]], said: str):
    assert any(said in wrong for wrong in invariants.tiling(stretches, 3))


def test_a_slice_that_is_not_done_is_told():
    assert invariants.check_slices("job1", [replace(SLICE, state=1)], PARTS)


def test_deferred_rows_without_a_retry_slice_are_told():
    assert invariants.check_slices("job1", [replace(SLICE, deferred=1)], PARTS)


def test_counters_that_are_not_the_sum_of_the_parts_are_told():
    assert invariants.check_counters(PLAN, (3, 1), [SLICE], PARTS)
    assert invariants.check_counters(PLAN, (2, 1), [replace(SLICE, failed=2)], PARTS)


def test_a_row_of_the_manifest_that_no_slice_has_is_told():
    (wrong,) = invariants.check_counters(PLAN, (2, 1), [replace(SLICE, rows=ROWS[:2])], PARTS)

    assert "gone.jpg" in wrong


# ---- the store


def test_a_store_in_which_all_is_done_is_right(objects: Objects):
    assert invariants.check_store(PLAN, objects) == []
    assert invariants.check_store(COPY, objects) == []
    assert invariants.check_bystanders(objects) == []


def test_an_object_that_was_left_out_is_told(objects: Objects):
    objects.buckets["photos"]["job1/c.jpg"].tags = []
    del objects.buckets["archive"]["job1/job1/c.jpg"]

    assert "job1/c.jpg was left out" in invariants.check_store(PLAN, objects)[0]
    assert "job1/c.jpg was left out" in invariants.check_store(COPY, objects)[0]


def test_a_missing_object_is_told(objects: Objects):
    del objects.buckets["photos"]["job1/c.jpg"]

    assert "harmed" in invariants.check_store(PLAN, objects)[0]


def test_an_object_made_out_of_nothing_is_told(objects: Objects):
    objects.buckets["archive"]["job1/job1/gone.jpg"] = Stored(b"")

    assert "did not exist" in invariants.check_store(COPY, objects)[0]


def test_an_object_of_no_job_that_was_touched_is_told(objects: Objects):
    objects.buckets["photos"]["bystander-003.jpg"].tags = PLAN.wanted_tags

    assert "bystander-003.jpg" in invariants.check_bystanders(objects)[0]


# ---- what was done again

PLACES = [("photos", key) for key in ("a", "b", "c", "d")]
TWICE = [Effect(1.0, answered=True), Effect(9.0, answered=True)]
LOSS = Loss(slice=7, pid=42, low=1, high=3, since=4.9, until=5.2)
KILL = Kill("worker", 5.0, frozenset({42}))


def test_what_a_killed_worker_had_in_flight_may_be_done_again():
    effects = {PLACES[0]: TWICE[:1], PLACES[1]: TWICE, PLACES[2]: TWICE}

    found = measure(effects, [LOSS], {7: PLACES}, [KILL])

    assert (found.tasks, found.again, found.unexplained) == (3, 2, [])
    assert found.per_kill == [("worker", 2, 2)]
    assert "at most 2 of 2" in str(found)


@pytest.mark.parametrize(
    ("place", "losses"),
    [(PLACES[0], [LOSS]), (PLACES[3], [LOSS]), (PLACES[1], []), (PLACES[1], [replace(LOSS, since=9.5, until=10.0)])],
    ids=["committed before", "never started", "nobody lost it", "lost after it was done again"],
)  # fmt: skip
def test_what_is_done_again_without_need_is_told(place: tuple[str, str], losses: list[Loss]):
    found = measure({place: TWICE}, losses, {7: PLACES}, [KILL])

    assert found.unexplained == [place]


def test_a_request_without_an_answer_is_sent_again_by_rights():
    effects = {PLACES[0]: [Effect(1.0), Effect(2.0, answered=True)]}

    found = measure(effects, [], {}, [])

    assert (found.again, found.retried, found.unexplained) == (0, 1, [])


def test_a_slice_whose_lease_ran_out_is_seen_as_lost():
    watch = Watch(lambda _: [])
    watch.note(7, Look(1.0, 1, "node:42:9", 100, 400, 0, 0), is_frozen=True)
    watch.note(7, Look(1.3, 2, "node:43:9", 150, 900, 1, 0))
    watch.note(7, Look(1.6, 2, "node:43:9", 160, 900, 1, 0))

    assert watch.losses == [Loss(7, 42, 100, 400, 1.0, 1.3)]
    assert watch.busy() == {43}


# ---- logs and exit codes

LOG = """INFO fine
Traceback (most recent call last):
  File "x.py", line 1, in f
    g()
django.db.utils.OperationalError: server closed the connection
INFO fine
"""


def test_a_traceback_is_wrong_unless_a_blow_explains_it():
    lines = LOG.splitlines()

    assert logs.check_log("web", lines, {"database"}) == []
    assert len(logs.check_log("web", lines, {"worker", "spool"})) == 1
    assert logs.check_log("web", ["ValueError: no traceback before it"], set()) == []


def test_a_locked_database_is_always_wrong():
    assert logs.check_log("engine1", ["WARNING: database is locked"], {"lock", "database"})


@pytest.mark.parametrize(
    ("code", "kinds", "is_right"),
    [
        (0, ["stop"], True),
        (0, [], False),
        (1, ["sentinel"], True),
        (1, ["worker"], False),
        (-9, ["cluster"], True),
        (-9, ["stop"], False),
        (WEDGED, ["pusher"], True),
        (WEDGED, [], False),
        (2, ["stop", "cluster"], False),
    ],
)
def test_an_engine_ends_only_as_its_blows_say(code: int, kinds: list[str], is_right: bool):
    engine = Engine.__new__(Engine)
    engine.name, engine.say, engine.wrong = "engine1", lambda _: None, []
    engine.started_at, engine.ended_at, engine.watchdog_exits = 10.0, 20.0, 0
    engine.hits = [Hit(kind, 15.0) for kind in kinds]

    engine.judge(code)

    assert (engine.wrong == []) is is_right


# ---- the plan and the store


def test_the_same_seed_makes_the_same_jobs():
    assert plans(7, 60) == plans(7, 60)
    assert plans(7, 60) != plans(8, 60)
    assert any(plan.total > 1000 for plan in plans(7, 10))


def test_most_tasks_of_every_job_can_succeed():
    for seed in range(50):
        for plan in plans(seed, 15):
            assert len(plan.absent) * 2 < plan.total


def ask(objects: Objects, method: str, key: str, body: bytes = b"", **headers: str) -> bytes:
    path, _, words = key.partition("?")
    query = {
        name: value for name, _, value in (word.partition("=") for word in words.split("&") if word)
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return objects.answer(wire.Request(method, "photos", path, query, named, body))[0]  # fmt: skip


def test_the_store_counts_each_time_that_a_task_is_done(objects: Objects):
    body = (
        b'<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet><Tag><Key>k</Key>'
        b"<Value>v</Value></Tag></TagSet></Tagging>"
    )
    for _ in range(2):
        assert ask(objects, "PUT", "job1/c.jpg?tagging=", body).startswith(b"HTTP/1.1 200")
    assert ask(objects, "PUT", "job1/gone.jpg?tagging=", body).startswith(b"HTTP/1.1 404")
    ask(objects, "PUT", "copied.jpg", x_amz_copy_source="photos/job1/a%20b.jpg")

    assert objects.buckets["photos"]["job1/c.jpg"].tags == [("k", "v")]
    assert objects.buckets["photos"]["copied.jpg"].body == b"job1/a b.jpg"
    counts = {place: len(effects) for place, effects in objects.effects.items()}
    assert counts == {("photos", "job1/c.jpg"): 2, ("photos", "copied.jpg"): 1}


def test_the_store_reads_framed_bodies():
    framed = b"5\r\nhello\r\n1;chunk-signature=x\r\n!\r\n0\r\nx-amz-checksum-crc32:AA==\r\n\r\n"

    assert wire.unframed(framed) == b"hello!"


def test_the_store_reads_a_request_from_the_wire():
    async def read() -> wire.Request | None:
        reader = asyncio.StreamReader()
        reader.feed_data(b"PUT /photos/a%20b?tagging HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi")
        return await wire.read(reader, None)  # type: ignore[arg-type]

    asked = asyncio.run(read())

    assert asked
    assert (asked.bucket, asked.key, asked.query, asked.body) == ("photos", "a b", {"tagging": ""}, b"hi")  # fmt: skip


def test_every_blow_of_the_deck_can_fall():
    from tests.chaos.blows import ENGINE_BLOWS, Blows
    from tests.chaos.services import Services, Sqlite

    for services in (Sqlite.__new__(Sqlite), Services.__new__(Services)):
        blows = Blows(
            random.Random(1), [], services, None, None, 5, lambda *_: None, Path("/spool")  # type: ignore[arg-type]
        )  # fmt: skip
        deck = [card for card in blows.deck() if not card.startswith("store ")]
        assert set(ENGINE_BLOWS) <= set(deck)
        assert all(hasattr(blows, f"on_{card}") for card in deck)
