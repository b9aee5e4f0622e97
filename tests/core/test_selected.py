"""The tasks of an ended job that another one does: exactly those, and from any checkpoint on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs import commits, selected
from jobs.commits import commit
from jobs.errors import InvalidRequest, JobFailure, SpoolDamaged
from jobs.models import Job, Manifest, Slice, Tally
from jobs.parents import manifest_of_tasks
from jobs.selected import SelectedReader, counts
from jobs.tasks_of_job import TasksOfJob
from operations.base import SUCCESSFUL, Outcome
from tests.conftest import MakeJob, MakePart, MakeSlice
from tests.core.conftest import MakeActive, claim_next, keys
from tests.core.scripted import CREATED, FORBIDDEN, MISSING, refusal

NO_REPLY = refusal(None, "RequestTimeout", "No answer had come.")
QUOTED = refusal(400, 'Odd, "code"', "So it says.")
LONG = refusal(500, "x" * 250, "The code is cut where it is counted.")


def tally(job: Job, *outcomes: Outcome) -> None:
    """Count failures as a commit does."""
    for told in outcomes:
        key = {"error_code": told.error_code[:200], "http_status": told.http_status or 0}
        row, _ = Tally.objects.get_or_create(job=job, **key)
        row.count += 1
        row.save()


def chosen(user: User, job: Job, tasks: str, **group: Any) -> Manifest:
    """The list that a child of the job is made of."""
    manifest = manifest_of_tasks(user, TasksOfJob(id=job.pk, tasks=tasks, **group))
    manifest.save()
    return manifest


def rows_of(manifest: Manifest, most: int = 1000, place: dict[str, Any] | None = None) -> list[str]:
    """What is read from a place on, up to `most` rows at a time."""
    reader, rows = SelectedReader(manifest, place or {}), []
    while not reader.ended:
        rows += reader.take(most)
    reader.close()
    return [row.decode() for row in rows]


@pytest.fixture
def ended(make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart) -> Job:
    """A cancelled job of 20 tasks in three slices and a retry slice, with some of everything."""
    job = make_job(status="Active", total_tasks=20, source_bucket="photos")
    todo = [f"photos,{key}" for key in keys(20)]
    outcomes = [
        [SUCCESSFUL, FORBIDDEN, MISSING, CREATED, QUOTED],
        [FORBIDDEN, NO_REPLY],
    ]
    first = make_slice(job, todo[:8])
    make_part(first, outcomes[0])
    make_part(first, outcomes[1])
    make_part(first, [SUCCESSFUL])
    Slice.objects.filter(pk=first.pk).update(state=Slice.State.DONE)
    make_slice(job, todo[8:12], started_upto=3)
    third = make_slice(job, todo[12:20])
    make_part(third, [LONG, SUCCESSFUL, FORBIDDEN])
    Slice.objects.filter(pk=third.pk).update(started_upto=5)
    tally(
        job,
        *(said for part in [*outcomes, [LONG, FORBIDDEN]] for said in part if not said.succeeded),
    )
    Job.objects.filter(pk=job.pk).update(status="Cancelled")
    job.refresh_from_db()
    return job


ROWS = {
    "failed": [1, 2, 4, 5, 6, 12, 14],
    "in_doubt": [8, 9, 10, 15, 16],
    "not_executed": [11, 17, 18, 19],
}
GROUPS = {
    "a code and a status": (FORBIDDEN, [1, 5, 14]),
    "no reply": (NO_REPLY, [6]),
    "a code in quotes": (QUOTED, [4]),
    "a code that is cut": (LONG, [12]),
}


def named(indexes: list[int]) -> list[str]:
    return [f"photos,k{index:05}" for index in indexes]


# ---- which


@pytest.mark.parametrize("tasks", ROWS)
def test_they_are_exactly_the_tasks_of_one_kind(user: User, ended: Job, tasks: str) -> None:
    manifest = chosen(user, ended, tasks)

    assert rows_of(manifest) == named(ROWS[tasks])
    assert counts(ended)[tasks] == len(ROWS[tasks]) == (manifest.selection or {})["count"]


def test_the_kinds_and_what_succeeded_are_all_tasks(ended: Job) -> None:
    assert ended.succeeded + sum(counts(ended).values()) == ended.total_tasks == 20


@pytest.mark.parametrize("group", GROUPS)
def test_of_those_that_failed_one_group_can_be_taken(user: User, ended: Job, group: str) -> None:
    said, indexes = GROUPS[group]
    manifest = chosen(
        user, ended, "failed", error_code=said.error_code[:200], http_status=said.http_status
    )

    assert rows_of(manifest) == named(indexes)


def test_every_group_has_as_many_tasks_as_are_counted_and_others_have_the_rest(
    user: User, make_active: MakeActive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a store's own code is the word for those beyond the table of groups."""
    monkeypatch.setattr(commits, "MOST_TALLIES", 3)
    odd = [refusal(400, f"Odd{number}", "?") for number in range(5)]
    said = [LONG, odd[0], refusal(None, "Other", "?"), odd[1], NO_REPLY, odd[2], odd[0], odd[3]]
    job = make_active(len(said))
    rows = [row.encode() for row in named(list(range(len(said))))]
    claim = claim_next(job)
    for start in range(0, len(said), 2):
        commit(claim, rows, [*said[start : start + 2]], window=10)
    Job.objects.update(status="Complete", total_tasks=len(said))
    job.refresh_from_db()

    groups = {
        (told.error_code[:4], told.count): rows_of(
            chosen(user, job, "failed", error_code=told.error_code, http_status=told.http_status)
        )
        for told in job.tallies.all()
    }

    assert groups == {
        ("xxxx", 1): named([0]),
        ("Odd0", 2): named([1, 6]),
        ("Odd1", 1): named([3]),
        ("Othe", 4): named([2, 4, 5, 7]),
    }


def test_a_code_that_only_begins_alike_is_another(
    user: User, make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart
) -> None:
    job = make_job(status="Complete", total_tasks=4)
    said = [
        refusal(404, "NoSuchKey", "NoSuchKeyEither,404"),
        refusal(404, "NoSuchKeyEither", "failed,404,NoSuchKey,"),
        refusal(404, "NoSuch", "Key"),
        refusal(40, "4NoSuchKey", "No."),
    ]
    make_part(make_slice(job, [f"photos,{key}" for key in keys(4)]), said)
    tally(job, *said)

    assert rows_of(chosen(user, job, "failed", error_code="NoSuchKey", http_status=404)) == [
        "photos,k00000"
    ]


@pytest.mark.parametrize(
    ("fields", "rows"),
    [
        (["Key", "Ignore", "Bucket"], ["photos,a%2Cb", 'photos,"two\nlines, ""quoted"""']),
        (["Bucket", "VersionId", "Key"], ["photos,a,3HL4kqtJ", "photos,b,", "photos,c,null"]),
    ],
)
def test_rows_and_their_versions_are_what_the_parent_has(
    user: User, make_job: MakeJob, make_slice: MakeSlice, fields: list[str], rows: list[str]
) -> None:
    job = make_job(status="Cancelled", total_tasks=len(rows))
    job.manifest.fields = fields
    job.manifest.save()
    make_slice(job, rows)

    manifest = chosen(user, job, "not_executed")

    assert rows_of(manifest) == rows
    columns = len(rows[0].split(",")) if "VersionId" in fields else 2
    assert manifest.fields == ["Bucket", "Key", "VersionId"][:columns]


# ---- from any place on


@pytest.mark.parametrize("slices", [1, 2, 50])
@pytest.mark.parametrize("most", [1, 2, 3, 1000])
@pytest.mark.parametrize("tasks", ROWS)
def test_another_reader_goes_on_at_every_checkpoint(
    user: User, ended: Job, monkeypatch: pytest.MonkeyPatch, tasks: str, most: int, slices: int
) -> None:
    monkeypatch.setattr(selected, "SLICES_AT_A_TIME", slices)
    manifest = chosen(user, ended, tasks)
    reader, before = SelectedReader(manifest, {}), list[str]()

    while not reader.ended:
        before += [row.decode() for row in reader.take(most)]
        assert before + rows_of(manifest, most, reader.checkpoint()) == named(ROWS[tasks])

    assert before == named(ROWS[tasks])
    assert reader.bucket == "photos"


def test_parts_without_failures_are_not_opened(
    user: User, make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart, spool_folder: Path
) -> None:
    job = make_job(status="Complete", total_tasks=6)
    good, bad = make_slice(job, ["photos,a", "photos,b"]), make_slice(job, ["photos,c", "photos,d"])
    make_part(good, [CREATED, SUCCESSFUL])
    make_part(bad, [CREATED])
    make_part(bad, [FORBIDDEN])
    for unneeded in (good.task_file, *(part.result_file for part in job.parts.all())):
        (spool_folder / unneeded).unlink()

    assert rows_of(chosen(user, job, "failed")) == ["photos,d"]


# ---- damage


@pytest.mark.parametrize("file", ["task_file", "result_file"])
def test_a_file_that_is_lost_is_told(user: User, ended: Job, spool_folder: Path, file: str) -> None:
    part = ended.parts.get(start=0, slice__number=1)
    name = part.result_file if file == "result_file" else part.slice.task_file
    (spool_folder / name).unlink()

    with pytest.raises(SpoolDamaged, match=f"The spool has lost the file {name}"):
        rows_of(chosen(user, ended, "failed"))


def test_failures_that_the_result_file_does_not_tell_of_are_told(user: User, ended: Job) -> None:
    ended.parts.filter(start=0, slice__number=1).update(failed=4)

    with pytest.raises(SpoolDamaged, match="tells of 3 failures; 4 were counted"):
        rows_of(chosen(user, ended, "failed"))


def test_other_than_were_counted_are_told(user: User, ended: Job) -> None:
    manifest = chosen(user, ended, "in_doubt")
    ended.slices.filter(number=2).update(started_upto=2)

    with pytest.raises(JobFailure, match="4 were found and 5 counted"):
        rows_of(manifest)


def test_a_parent_that_is_gone_is_told(user: User, ended: Job) -> None:
    manifest = chosen(user, ended, "failed")
    ended.delete()
    manifest.refresh_from_db()

    with pytest.raises(JobFailure, match="was removed meanwhile"):
        SelectedReader(manifest, {})


# ---- what cannot be taken


@pytest.mark.parametrize(
    ("job", "asked", "field", "told"),
    [
        ({"status": "Active"}, {"tasks": "failed"}, "id", "The job is Active: its tasks can be"),
        ({"status": "Cancelled", "total_tasks": 0}, {"tasks": "failed"}, "id", "not known"),
        ({"status": "Complete"}, {"tasks": "failed"}, "tasks", "none: failed tasks"),
        ({"status": "Complete"}, {"tasks": "in_doubt"}, "tasks", "none: tasks in doubt"),
        ({"status": "Complete"}, {"tasks": "not_executed"}, "tasks", "none: tasks never executed"),
        (
            {"status": "Complete"},
            {"tasks": "failed", "error_code": "NoSuchKey", "http_status": 404},
            "error_code",
            "No task of the job failed with NoSuchKey and HTTP status 404.",
        ),
        (
            {"status": "Complete"},
            {"tasks": "failed", "error_code": "NoSuchKey"},
            "error_code",
            "No task of the job failed with NoSuchKey and no reply.",
        ),
    ],
)
def test_where_there_are_none_it_is_told_why(
    user: User, make_job: MakeJob, job: Any, asked: Any, field: str, told: str
) -> None:
    parent = make_job(**{"total_tasks": 2, "succeeded": 2, **job})

    with pytest.raises(InvalidRequest) as refused:
        chosen(user, parent, **asked)

    (text,) = refused.value.fields[f"manifest.parent.{field}"]
    assert told in text


def test_a_job_of_others_or_of_long_ago_cannot_be_taken(other_user: User, ended: Job) -> None:
    with pytest.raises(InvalidRequest, match="There is no such job any more"):
        chosen(other_user, ended, "failed")
