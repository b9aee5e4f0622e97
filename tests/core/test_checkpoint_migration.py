"""Jobs that were half prepared before every form had its checkpoint go on where they were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from jobs import preparing
from jobs.models import Job
from jobs.preparing import prepare
from jobs.results import task_rows
from jobs.status import JobStatus
from tests.conftest import MakeJob, MakeManifest
from tests.core.conftest import claim_to_finish, keys, never

BEFORE = ("jobs", "0007_waiver_ended_at")
CSV = b"\n\n" + b"".join(b"photos,%s\n" % key.encode() for key in keys(2000))

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(*targets: tuple[str, str]) -> Any:
    """Bring the database there; the models as they are then."""
    executor = MigrationExecutor(connection)
    executor.migrate(list(targets))
    return MigrationExecutor(connection).loader.project_state(list(targets)).apps


@pytest.fixture
def newest() -> Iterator[list[tuple[str, str]]]:
    """The newest migrations, which the database has again after the test."""
    leaves = list(MigrationExecutor(connection).loader.graph.leaf_nodes())
    yield leaves
    migrate(*leaves)


@pytest.fixture
def half_prepared(
    make_job: MakeJob, make_manifest: MakeManifest, monkeypatch: pytest.MonkeyPatch
) -> Job:
    """A job with 250 of 2,000 rows in its first slice."""
    monkeypatch.setattr(preparing.stores, "identity", lambda *_: None)
    monkeypatch.setattr(preparing.stores, "s3_for", lambda _role: None)
    monkeypatch.setattr(preparing, "CHECKPOINT_SLICES", 1)
    job = make_job(manifest=make_manifest(CSV), confirmation_required=False)
    prepare(claim_to_finish(job), lambda: True)
    job.refresh_from_db()
    assert (job.status, job.slices_made, job.rows_read) == ("Preparing", 1, 250)
    return job


def test_a_half_prepared_job_goes_on_where_it_was_and_makes_no_slice_twice(
    half_prepared: Job, newest: list[tuple[str, str]]
) -> None:
    place = half_prepared.checkpoint
    assert place == {"offset": 2 + 250 * len("photos,k00000\n"), "line": 252}

    old = migrate(BEFORE).get_model("jobs", "Job")
    old.objects.update(bytes_read=place["offset"], lines_read=place["line"])
    migrate(*newest)

    job = Job.objects.get()
    assert job.checkpoint == place
    prepare(claim_to_finish(job), never)
    job.refresh_from_db()
    rows = [row for slice_ in job.slices.order_by("number") for row in task_rows(slice_)]
    assert rows == CSV.split()
    assert (job.status, job.total_tasks) == ("Ready", 2000)
    assert list(job.slices.order_by("number").values_list("size", flat=True)) == [
        *(250, 500, 1000, 250)
    ]


def test_a_job_of_which_nothing_was_read_begins_at_the_beginning(
    make_job: MakeJob, newest: list[tuple[str, str]]
) -> None:
    make_job(status=JobStatus.PREPARING)

    migrate(BEFORE)
    migrate(*newest)

    assert Job.objects.get().checkpoint == {}
