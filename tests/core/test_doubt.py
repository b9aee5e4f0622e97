"""Rows in doubt: what a lost lane had started when the job ended, as a list to hand in again."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile

from jobs import doubt, results
from jobs.doubt import RowsInDoubt
from jobs.errors import NotFound, SpoolDamaged
from jobs.intake import store_upload
from jobs.manifests import split_rows
from jobs.models import Job, Slice
from jobs.preparing import prepare
from jobs.services import cancel_job
from tests.conftest import MakeJob, MakeSlice
from tests.core.conftest import (
    MakeActive,
    RunLane,
    claim_next,
    claim_to_finish,
    expire,
    keys,
    never,
)

HOSTILE = [
    "photos,2019/summer%20trip/img%2C1.jpg",
    'photos,"a ""quoted"", key"',
    'photos,"two\nlines"',
    "photos,a+b",
    "photos,%C3%A9t%C3%A9",
]


def content_of(job: Job) -> bytes:
    rows = RowsInDoubt(job)
    content = b"".join(rows.blocks())
    assert rows.size == len(content)
    return content


def test_they_are_the_rows_that_may_have_been_started_and_have_no_result(
    make_job: MakeJob, make_slice: MakeSlice
) -> None:
    job = make_job(status="Cancelled")
    names = ["photos,a", "photos,b", "photos,c", "photos,d"]
    make_slice(job, names, next_index=1, started_upto=3)
    make_slice(job, ["photos,e"], next_index=1, started_upto=1, state=Slice.State.DONE)
    make_slice(job, ["photos,f", "photos,g"], state=Slice.State.RUNNING, started_upto=1)
    make_slice(job, ["photos,h"])
    make_slice(job, ["photos,i"], started_upto=1)

    assert content_of(job) == b"photos,b\nphotos,c\nphotos,i\nphotos,f\n"
    assert job.in_doubt == 4


def test_there_are_as_many_as_the_job_counts(make_active: MakeActive, run_lane: RunLane) -> None:
    job = make_active(600)
    expire(claim_next(job).slice)
    cancel_job(Job.objects.get(), job.created_by)
    run_lane()
    job.refresh_from_db()

    content = content_of(job)

    assert content.decode().splitlines() == [f"photos,{key}" for key in keys(250)]
    assert job.in_doubt == 250


@pytest.mark.parametrize("most", [1, 2, 50])
def test_they_are_the_same_however_many_slices_are_read_at_a_time(
    make_job: MakeJob, make_slice: MakeSlice, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    job = make_job(status="Failed")
    for number in range(5):
        make_slice(job, [f"photos,{number}"], started_upto=1)
    monkeypatch.setattr(doubt, "SLICES_AT_A_TIME", most)

    assert content_of(job) == b"photos,0\nphotos,1\nphotos,2\nphotos,3\nphotos,4\n"


@pytest.mark.parametrize(
    ("fields", "rows"),
    [
        (["Bucket", "Key"], HOSTILE),
        (["Bucket", "Key", "VersionId"], ["photos,a,3HL4kqtJ", "photos,b,", "photos,c,null"]),
    ],
)
def test_handed_in_again_they_make_a_job_of_the_very_same_rows(
    make_job: MakeJob, make_slice: MakeSlice, user: User, fields: list[str], rows: list[str]
) -> None:
    ended = make_job(status="Cancelled")
    ended.manifest.fields = fields
    ended.manifest.save()
    make_slice(ended, rows, started_upto=len(rows))

    file = ContentFile(content_of(ended))
    manifest = store_upload(user, file, filename="in-doubt.csv", fields=fields)
    again = make_job(manifest=manifest, confirmation_required=False)
    prepare(claim_to_finish(again), never)

    assert results.task_rows(again.slices.get()) == [row.encode() for row in rows]


def test_a_line_break_in_a_key_does_not_cut_its_row(
    make_job: MakeJob, make_slice: MakeSlice
) -> None:
    job = make_job(status="Cancelled")
    make_slice(job, HOSTILE, next_index=1, started_upto=4)

    assert split_rows(content_of(job)) == [row.encode() for row in HOSTILE[1:4]]


@pytest.mark.parametrize("status", ["Complete", "Cancelled", "Failed"])
def test_where_nothing_is_in_doubt_there_is_no_list(
    make_job: MakeJob, make_slice: MakeSlice, status: str
) -> None:
    job = make_job(status=status)
    make_slice(job)

    with pytest.raises(NotFound, match=r"No row of the job is in doubt\."):
        RowsInDoubt(job)


@pytest.mark.parametrize("status", ["Active", "Cancelling", "Failing"])
def test_before_the_end_of_the_job_nobody_knows_what_is_in_doubt(
    make_job: MakeJob, make_slice: MakeSlice, status: str
) -> None:
    job = make_job(status=status)
    make_slice(job, started_upto=2)

    with pytest.raises(NotFound, match=r"are known when the job has ended\."):
        RowsInDoubt(job)


def test_a_file_that_the_spool_has_lost_is_found_before_anything_is_sent(
    make_job: MakeJob, make_slice: MakeSlice, spool_folder: Path
) -> None:
    job = make_job(status="Cancelled")
    make_slice(job, started_upto=2)
    lost = make_slice(job, started_upto=2)
    (spool_folder / lost.task_file).unlink()

    with pytest.raises(SpoolDamaged, match=f"has lost the file {lost.task_file}"):
        RowsInDoubt(job)
