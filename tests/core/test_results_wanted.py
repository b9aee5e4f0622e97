"""Results that are asked for by status, code and key: also while the job runs, in bounded time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from jobs import results
from jobs.models import Job, Part, Slice
from jobs.sought import Typed, Written
from operations.base import SUCCESSFUL, Outcome
from tests.conftest import MakeJob, MakePart, MakeSlice
from tests.core.conftest import MakeActive, RunLane, keys
from tests.core.scripted import CREATED, FAULT, FORBIDDEN, MISSING, Script
from tests.core.test_database import in_thread

QUOTED = Outcome(succeeded=False, http_status=400, error_code='Odd"Code, so', message="No.")


def walk(job: Job, limit: int = 100, **wanted: Any) -> list[str]:
    """All keys, page by page."""
    return [row.key for row in rows_of(job, limit, **wanted)]


def rows_of(job: Job, limit: int = 100, **wanted: Any) -> Iterator[results.ResultRow]:
    cursor, done = "", False
    while not done:
        page = results.page(job, cursor, limit=limit, **wanted)
        assert len(page.rows) <= limit
        assert page.done or page.cursor != cursor, "a cursor moves on, also where nothing matched"
        yield from page.rows
        cursor, done = page.cursor, page.done


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_a_code_gives_only_what_failed_with_it(
    make_active: MakeActive, make_part: MakePart, limit: int
) -> None:
    job = make_active(6)
    slice_ = job.slices.get()
    make_part(slice_, [MISSING, FORBIDDEN, CREATED])
    make_part(slice_, [SUCCESSFUL, QUOTED, MISSING])
    every = keys(6)

    assert walk(job, limit, error_code="NoSuchKey") == [every[0], every[5]]
    assert walk(job, limit, error_code="NoSuchKey", status="failed") == [every[0], every[5]]
    assert walk(job, limit, error_code='Odd"Code, so') == [every[4]]
    assert walk(job, limit, error_code="NoSuch") == [], "a code is whole"
    assert walk(job, limit, error_code="NoSuchKey", status="succeeded") == []
    assert walk(job, limit, error_code='There is no ""object""') == [], "a message is no code"


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_a_prefix_gives_only_keys_that_begin_so_as_the_manifest_encodes_them(
    make_active: MakeActive, make_part: MakePart, limit: int
) -> None:
    rows = [
        "photos,a%20b/1",
        "photos,a+b/2",
        "photos,a%20b/3",
        'photos,"a,b/4"',
        'photos,"a""b/5"',
        "photos,ü/6",
        "photos,photos/7",
    ]
    job = make_active(rows=rows)
    make_part(job.slices.get(), [SUCCESSFUL, MISSING, MISSING, CREATED, *[SUCCESSFUL] * 3])

    assert walk(job, limit, key=Written("a%20b/")) == ["a%20b/1", "a%20b/3"]
    assert walk(job, limit, key=Written("a%20b/"), status="failed") == ["a%20b/3"]
    assert walk(job, limit, key=Written("a b/")) == []
    assert walk(job, limit, key=Written("a,b")) == ["a,b/4"]
    assert walk(job, limit, key=Written('a"b')) == ['a"b/5']
    assert walk(job, limit, key=Written("ü")) == ["ü/6"]
    assert walk(job, limit, key=Written("photos")) == ["photos/7"], "a bucket is no key"
    assert len(walk(job, limit, key=Written(""))) == 7


def test_files_of_parts_that_cannot_have_what_is_wanted_are_not_read(
    make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart, spool_folder: Path
) -> None:
    job = make_job(status="Active")
    early = make_slice(job, ["photos,a/1", "photos,b/2"])
    late = make_slice(job, ["photos,c/3", "photos,d/4"])
    make_part(early, [MISSING, SUCCESSFUL])
    make_part(late, [FORBIDDEN, SUCCESSFUL])
    (spool_folder / early.task_file).unlink()

    assert walk(job, key=Written("d/")) == ["d/4"]
    assert walk(job, error_code="AccessDenied") == ["c/3"]
    (spool_folder / Part.objects.get(slice=early).result_file).unlink()
    assert walk(job, key=Written("c")) == ["c/3"]


@pytest.mark.parametrize("prefix", ["a", "a/", "a/1", "a/1x", "b", "b/", "b/2", "0", "z", "b/20"])
def test_the_bounds_of_a_slice_never_hide_a_key(
    make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart, prefix: str
) -> None:
    every = ["a/1", "a/10", "a/2", "b", "b/2", "b/20"]
    job = make_job(status="Active")
    for pair in (every[:2], every[2:4], every[4:]):
        make_part(make_slice(job, [f"photos,{key}" for key in pair]), [SUCCESSFUL] * 2)

    assert walk(job, key=Written(prefix)) == [key for key in every if key.startswith(prefix)]


@pytest.mark.parametrize(
    "wanted", [{"status": "failed"}, {"error_code": "NoSuchKey"}, {"key": Written("z")}]
)
def test_a_search_that_finds_nothing_ends_in_time_and_goes_on_where_it_was(
    make_active: MakeActive,
    make_part: MakePart,
    monkeypatch: pytest.MonkeyPatch,
    wanted: dict[str, Any],
) -> None:
    job = make_active(10)
    for _ in range(10):
        make_part(Slice.objects.get(job=job), [SUCCESSFUL])
    monkeypatch.setattr(results, "SCAN_SECONDS", -1.0)

    cursors, cursor, done = [], "", False
    while not done:
        page = results.page(job, cursor, **wanted)
        assert page.rows == []
        cursor, done = page.cursor, page.done
        cursors.append(cursor)

    assert len(set(cursors)) == 10, "one part at a time"


def test_what_was_searched_once_is_not_searched_again(
    make_active: MakeActive, make_part: MakePart
) -> None:
    job = make_active(4)
    slice_ = job.slices.get()
    make_part(slice_, [SUCCESSFUL] * 2)
    first = results.page(job, status="failed")
    assert (first.rows, first.done) == ([], True)
    make_part(slice_, [SUCCESSFUL, MISSING])

    more = results.page(job, first.cursor, status="failed")

    assert [row.key for row in more.rows] == keys(4)[3:]
    assert first.cursor != "0.0"


# ---- a job that runs

ASKED: list[dict[str, Any]] = [
    {},
    {"status": "failed"},
    {"status": "succeeded"},
    {"error_code": "NoSuchKey"},
    {"key": Written("k0001")},
    {"key": Written("k0002"), "error_code": "AccessDenied"},
    {"http_status": 404},
    {"http_status": 201, "status": "succeeded"},
    {"key": Typed("k00021", whole=True)},
]


def beginning(wanted: dict[str, Any]) -> str:
    match wanted.get("key"):
        case Written(text) | Typed(text):
            return text
    return ""


def wants(row: tuple[str, Outcome], wanted: dict[str, Any]) -> bool:
    key, said = row
    return (
        wanted.get("status") in (None, "succeeded" if said.succeeded else "failed")
        and wanted.get("error_code") in (None, said.error_code)
        and wanted.get("http_status") in (None, said.http_status)
        and key.startswith(beginning(wanted))
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("wanted", ASKED, ids=str)
def test_however_commits_and_pages_take_turns_each_row_comes_once_and_in_order(
    make_active: MakeActive,
    make_part: MakePart,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
    wanted: dict[str, Any],
) -> None:
    chance = random.Random(seed)
    job = make_active(13, 8, 9)
    monkeypatch.setattr(results, "PARTS_AT_A_TIME", chance.choice([1, 2, 50]))
    open_slices = list(job.slices.all())
    committed: list[tuple[str, Outcome]] = []
    seen: list[str] = []
    cursor, done = "", False
    while open_slices or not done:
        if open_slices and chance.random() < 0.5:
            slice_ = chance.choice(open_slices)
            at = slice_.next_index
            count = chance.randint(1, min(5, slice_.size - at))
            said = chance.choices([SUCCESSFUL, CREATED, MISSING, FORBIDDEN], k=count)
            first = sum(other.size for other in job.slices.filter(number__lt=slice_.number))
            make_part(slice_, said)
            committed += zip(keys(30)[first + at : first + at + count], said, strict=True)
            open_slices = [each for each in open_slices if each.next_index < each.size]
            done = False
        else:
            monkeypatch.setattr(results, "SCAN_SECONDS", chance.choice([-1.0, 9.0]))
            page = results.page(job, cursor, limit=chance.randint(1, 7), **wanted)
            seen += [row.key for row in page.rows]
            cursor, done = page.cursor, page.done

    assert len(committed) == 30
    assert seen == [row[0] for row in committed if wants(row, wanted)]


@pytest.mark.usefixtures("several_connections")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("wanted", [{}, {"status": "failed"}, {"key": Written("k001")}], ids=str)
def test_rows_that_lanes_commit_at_the_same_time_come_once(
    make_active: MakeActive, script: Script, run_lane: RunLane, wanted: dict[str, Any]
) -> None:
    job = make_active(*[50] * 8)
    every = keys(400)
    for key in every[::7]:
        script.on(key, MISSING)
    for key in set(every[3::31]) - set(every[::7]):
        script.on(key, FAULT, FAULT, FAULT, FAULT, SUCCESSFUL)  # deferred to a retry slice

    lanes = [in_thread(run_lane) for _ in range(1 if connection.vendor == "sqlite" else 3)]
    seen = read_until(lambda: not any(lane.is_alive() for lane in lanes), job, wanted)
    for lane in lanes:
        lane.join()

    failed = set(every[::7])
    expected = [key for key in every if key.startswith(beginning(wanted))]
    expected = [key for key in expected if "status" not in wanted or key in failed]
    assert sorted(seen) == expected
    assert seen == walk(job, **wanted), "in the same order as afterwards"


def read_until(is_over: Callable[[], bool], job: Job, wanted: dict[str, Any]) -> list[str]:
    """Read pages while lanes work, and to the end when they have ended."""
    seen: list[str] = []
    cursor, done = "", False
    while not done or not is_over():
        over = is_over()
        page = results.page(job, cursor, limit=17, **wanted)
        seen += [row.key for row in page.rows]
        cursor, done = page.cursor, page.done and over
    return seen
