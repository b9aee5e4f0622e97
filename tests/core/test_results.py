"""Result files and reading them back: nothing skipped, nothing twice, in commit order."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs import results
from jobs.errors import InvalidRequest, SpoolDamaged
from jobs.models import Job, Slice
from jobs.results import parse_right_half, right_half
from operations.base import SUCCESSFUL, Outcome
from tests.conftest import MakeJob, MakePart, MakeSlice
from tests.core.conftest import MakeActive, keys
from tests.core.scripted import CREATED, FORBIDDEN, MISSING

# ---- the right half of a report row (spec.md 6.3)


def outcome(message: str) -> Outcome:
    return Outcome(succeeded=True, http_status=200, error_code="", message=message)


@pytest.mark.parametrize(
    ("told", "written"),
    [
        (SUCCESSFUL, b"succeeded,200,,Successful"),
        (FORBIDDEN, b"failed,403,AccessDenied,Access Denied"),
        (MISSING, b'failed,404,NoSuchKey,"There is no ""object"", says the store"'),
        (outcome("a, b"), b'succeeded,200,,"a, b"'),
        (outcome('{"width": 640}'), b'succeeded,200,,"{""width"": 640}"'),
        (outcome("Grüße, 日本"), 'succeeded,200,,"Grüße, 日本"'.encode()),
        (Outcome(False, None, "WorkerDied", "It died."), b"failed,,WorkerDied,It died."),
    ],
)
def test_status_http_status_code_message_with_quotes_only_where_needed(
    told: Outcome, written: bytes
) -> None:
    assert right_half(told) == written
    assert parse_right_half(written) == told


def test_the_version_column_is_empty_where_the_manifest_has_none() -> None:
    assert results.left_half(b"photos,a.jpg", has_versions=False) == b"photos,a.jpg,"
    assert results.left_half(b"photos,a.jpg,v1", has_versions=True) == b"photos,a.jpg,v1"
    assert results.left_half(b"photos,a.jpg,", has_versions=True) == b"photos,a.jpg,"


# ---- files must be whole


def test_a_task_file_with_another_number_of_rows_is_damage(
    make_job: MakeJob, make_slice: MakeSlice
) -> None:
    made = make_slice(make_job(), ["photos,a", "photos,b"])
    made.size = 3

    with pytest.raises(SpoolDamaged, match="has 2 rows; 3 were written"):
        results.task_rows(made)


def test_a_result_file_with_another_number_of_lines_is_damage(
    make_active: MakeActive, make_part: MakePart
) -> None:
    part = make_part(make_active(2).slices.get(), [FORBIDDEN, SUCCESSFUL])
    part.result_lines = 2

    with pytest.raises(SpoolDamaged, match="has 1 lines; 2 were written"):
        results.exceptions(part)


def test_a_lost_result_file_never_reads_as_no_exceptions(
    make_active: MakeActive, make_part: MakePart, spool_folder: Path
) -> None:
    job = make_active(2)
    part = make_part(job.slices.get(), [FORBIDDEN, SUCCESSFUL])
    (spool_folder / part.result_file).unlink()

    with pytest.raises(SpoolDamaged):
        results.page(job)


# ---- pages


def walk(job: Job, limit: int, status: str | None = None) -> list[str]:
    """All keys, page by page."""
    found, cursor = [], ""
    for _ in range(1000):
        page = results.page(job, cursor, status=status, limit=limit)
        assert len(page.rows) <= limit
        found += [row.key for row in page.rows]
        cursor = page.cursor
        if page.done:
            return found
    raise AssertionError("it never ends")


def test_a_page_tells_what_became_of_each_task(
    make_active: MakeActive, make_part: MakePart
) -> None:
    job = make_active(rows=["photos,a%20b.jpg", 'photos,"x,y"', "photos,c"])
    make_part(job.slices.get(), [SUCCESSFUL, MISSING, CREATED])

    first, second, third = results.page(job).rows

    assert (first.bucket, first.key, first.version_id) == ("photos", "a%20b.jpg", "")
    assert (first.task_status, first.http_status, first.message) == ("succeeded", 200, "Successful")
    assert (second.key, second.task_status) == ("x,y", "failed")
    assert (second.http_status, second.error_code, second.message) == (
        404,
        "NoSuchKey",
        'There is no "object", says the store',
    )
    assert (third.task_status, third.http_status, third.message) == ("succeeded", 201, "Created")


def test_a_job_without_results_has_one_empty_page(make_active: MakeActive) -> None:
    page = results.page(make_active(3))

    assert (page.rows, page.done) == ([], True)


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7, 100])
def test_pages_of_any_size_give_each_row_once(
    make_active: MakeActive, make_part: MakePart, limit: int
) -> None:
    job = make_active(7, 4)
    first, second = job.slices.order_by("number")
    make_part(first, [SUCCESSFUL] * 3)
    make_part(second, [MISSING, SUCCESSFUL, MISSING, SUCCESSFUL])
    make_part(first, [MISSING, SUCCESSFUL, SUCCESSFUL, MISSING])

    expected = [*keys(3), *keys(11)[7:], *keys(7)[3:]]
    assert walk(job, limit) == expected, "in the order of the commits"


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 100])
def test_pages_stay_whole_while_parts_are_added(
    make_active: MakeActive, make_part: MakePart, limit: int
) -> None:
    job = make_active(30)
    slice_, found, cursor = job.slices.get(), [], ""
    for size in (3, 1, 4, 2, 5, 15):
        make_part(slice_, [SUCCESSFUL] * (size - 1) + [MISSING])
        page = results.page(job, cursor, limit=limit)
        found += [row.key for row in page.rows]
        cursor = page.cursor
    while not page.done:
        page = results.page(job, cursor, limit=limit)
        found += [row.key for row in page.rows]
        cursor = page.cursor

    assert found == keys(30)


def test_the_cursor_of_the_last_page_waits_for_what_comes_later(
    make_active: MakeActive, make_part: MakePart
) -> None:
    job = make_active(4)
    slice_ = job.slices.get()
    make_part(slice_, [SUCCESSFUL] * 2)
    last = results.page(job)
    assert last.done
    assert results.page(job, last.cursor).rows == []

    make_part(slice_, [SUCCESSFUL] * 2)

    assert [row.key for row in results.page(job, last.cursor).rows] == keys(4)[2:]


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_a_filter_gives_only_what_failed_or_succeeded(
    make_active: MakeActive, make_part: MakePart, limit: int
) -> None:
    job = make_active(6)
    slice_ = job.slices.get()
    make_part(slice_, [SUCCESSFUL, MISSING, SUCCESSFUL])
    make_part(slice_, [SUCCESSFUL] * 2)
    make_part(slice_, [MISSING])
    all_keys = keys(6)

    assert walk(job, limit, "failed") == [all_keys[1], all_keys[5]]
    assert walk(job, limit, "succeeded") == [all_keys[0], *all_keys[2:5]]


def test_a_page_ends_when_its_time_is_over_and_goes_on_with_its_cursor(
    make_active: MakeActive, make_part: MakePart, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_active(6)
    for _ in range(3):
        make_part(Slice.objects.get(job=job), [SUCCESSFUL, MISSING])
    monkeypatch.setattr(results, "SCAN_SECONDS", -1.0)

    page = results.page(job)

    assert [row.key for row in page.rows] == keys(2)
    assert not page.done
    assert walk(job, 100) == keys(6)


@pytest.mark.parametrize("cursor", ["x", "1", "1.", ".1", "1.x", "-1.0", "1.2.3", "9" * 50 + ".0"])
def test_a_cursor_of_another_list_is_refused(make_active: MakeActive, cursor: str) -> None:
    with pytest.raises(InvalidRequest, match="not a cursor of this list") as caught:
        results.page(make_active(1), cursor)

    assert list(caught.value.fields) == ["cursor"]


def test_a_cursor_beyond_everything_finds_nothing(
    make_active: MakeActive, make_part: MakePart
) -> None:
    job = make_active(1)
    make_part(job.slices.get(), [SUCCESSFUL])

    assert results.page(job, "99999999999999999999999.0").rows == []


def test_the_results_of_another_job_are_not_shown(
    make_active: MakeActive, make_part: MakePart
) -> None:
    mine, other = make_active(1), make_active(1)
    make_part(other.slices.get(), [SUCCESSFUL])

    assert results.page(mine).rows == []
