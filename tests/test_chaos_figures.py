"""What the chaos suite measures and reads, and its store: what may be is told from what may not."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos import logs, wire
from tests.chaos.blows import ENGINE_BLOWS, Blows
from tests.chaos.engines import WEDGED, Engine, Hit
from tests.chaos.figures import Kill, measure
from tests.chaos.objects import Effect, Objects, Stored
from tests.chaos.services import Services, Sqlite
from tests.chaos.watching import Look, Loss, Watch
from tests.chaos.work import BUCKETS, plans


@pytest.fixture
def objects() -> Objects:
    """A store with two objects."""
    made = Objects(*BUCKETS)
    for key in ("job1/a b.jpg", "job1/c.jpg"):
        made.buckets["photos"][key] = Stored(key.encode())
    return made


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
    [
        (PLACES[0], [LOSS]),
        (PLACES[3], [LOSS]),
        (PLACES[1], []),
        (PLACES[1], [replace(LOSS, since=9.5, until=10.0)]),
    ],
    ids=["committed before", "never started", "nobody lost it", "lost after it was done again"],
)
def test_what_is_done_again_without_need_is_told(place: tuple[str, str], losses: list[Loss]):
    found = measure({place: TWICE}, losses, {7: PLACES}, [KILL])

    assert found.unexplained == [place]


def test_a_frozen_worker_may_still_send_what_it_had_in_hand_when_it_wakes_up():
    late = {PLACES[1]: [Effect(6.0, answered=True), Effect(8.0, answered=True)]}
    freeze = replace(KILL, kind="freeze", over=10.0)

    assert measure(late, [LOSS], {7: PLACES}, [freeze]).unexplained == []
    assert measure(late, [LOSS], {7: PLACES}, [KILL]).unexplained == [PLACES[1]]


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


def test_one_that_was_thawed_in_time_is_not_bound_by_what_it_held_before():
    watch = Watch(lambda _: [])
    watch.note(7, Look(1.0, 1, "node:42:9", 100, 400, 0, 0), is_frozen=True)
    watch.note(7, Look(9.0, 1, "node:42:9", 300, 500, 0, 0))
    watch.note(7, Look(9.3, 2, "node:43:9", 320, 700, 1, 0))

    assert [(loss.low, loss.high) for loss in watch.losses] == [(300, 700)]


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

    assert logs.check_log("engine1", lines, {"database"}) == []
    assert len(logs.check_log("engine1", lines, {"worker", "spool"})) == 1
    assert len(logs.check_log("web", lines, {"database"})) == 1
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
    assert (asked.bucket, asked.key, asked.body) == ("photos", "a b", b"hi")
    assert asked.query == {"tagging": ""}


def test_every_blow_of_the_deck_can_fall():
    for services in (Sqlite.__new__(Sqlite), Services.__new__(Services)):
        blows = Blows(
            random.Random(1), [], services, None, None, 5, lambda *_: None, "", Path("/spool")  # type: ignore[arg-type]
        )  # fmt: skip
        deck = [card for card in blows.deck() if not card.startswith("store ")]
        assert set(ENGINE_BLOWS) <= set(deck)
        assert all(hasattr(blows, f"on_{card}") for card in deck)
