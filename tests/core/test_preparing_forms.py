"""Preparing from every form of manifest: slices, interruptions, and what fails the job."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from jobs import leases, preparing
from jobs.leases import Lease
from jobs.manifests import key_of
from jobs.models import Job
from jobs.preparing import prepare
from jobs.results import task_rows
from tests import boto
from tests.core.conftest import MakeOver, RunLane, claim_to_finish, never
from tests.core.scripted import Script, reply_to
from tests.manifests.forms import (
    LISTS,
    PUT,
    Row,
    csv_of,
    put_manifest,
)

FORMS = {**PUT, **LISTS}
INVENTORIES = ["CSV inventory", "Parquet", "ORC"]
ROWS: list[Row] = [(f"album/{number:05d} é.jpg", None) for number in range(2600)]
DATA = "daily/photos/all/data/"
in_every_form = pytest.mark.parametrize("form", FORMS)
in_every_inventory = pytest.mark.parametrize("form", INVENTORIES)


@pytest.fixture
def each_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every slice is a checkpoint."""
    monkeypatch.setattr(preparing, "CHECKPOINT_SLICES", 1)


def slices_of(job: Job) -> list[tuple[int, int]]:
    job.refresh_from_db()
    return list(job.slices.order_by("number").values_list("number", "size"))


def keys_of(job: Job) -> list[str]:
    """The written keys in all slices, in order."""
    return [key_of(row) for slice_ in job.slices.order_by("number") for row in task_rows(slice_)]


def reason_of(job: Job) -> tuple[str, str]:
    job.refresh_from_db()
    assert (job.status, job.executed) == ("Failed", 0)
    (told,) = job.failure_reasons
    assert 1 <= len(told["FailureReason"]) <= 256
    return told["FailureCode"], told["FailureReason"]


def written(form: str) -> list[str]:
    """The keys of ROWS as the form writes them."""
    space = "+" if form == "CSV inventory" else "%20"
    return [key.replace(" ", space).replace("é", "%C3%A9") for key, _ in ROWS]


# ---- slices


@in_every_form
def test_every_row_is_in_a_slice_in_order(make_over: MakeOver, s3: Any, form: str) -> None:
    job = make_over(FORMS[form](s3, ROWS))

    prepare(claim_to_finish(job), never)

    assert slices_of(job) == [(1, 250), (2, 500), (3, 1000), (4, 850)]
    assert keys_of(job) == written(form)
    assert (job.status, job.total_tasks, job.rows_read) == ("Ready", 2600, 2600)
    assert job.source_bucket == "photos"


@in_every_form
@pytest.mark.parametrize("survived", [0, 1, 2])
def test_a_successor_of_one_who_was_killed_makes_no_slice_twice(
    make_over: MakeOver, s3: Any, form: str, each_slice: None, survived: int
) -> None:
    """After 1,750 rows an inventory is in the middle of its second data file."""
    job = make_over(FORMS[form](s3, ROWS))
    checkpoints = iter(range(survived))

    def killed() -> bool:
        if next(checkpoints, None) is None:
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        prepare(claim_to_finish(job), killed)
    assert len(slices_of(job)) == survived + 1
    assert job.status == "Preparing"

    prepare(claim_to_finish(job), never)

    assert slices_of(job) == [(1, 250), (2, 500), (3, 1000), (4, 850)]
    assert keys_of(job) == written(form)
    assert (job.status, job.total_tasks) == ("Ready", 2600)


@in_every_form
def test_preparing_takes_turns_and_goes_on_in_the_next_one(
    make_over: MakeOver, s3: Any, form: str, each_slice: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "TURN_SECONDS", 0.0)
    job = make_over(FORMS[form](s3, ROWS))
    make_over(put_manifest(s3, csv_of([("other", None)])), look=False)
    FORMS[form](s3, ROWS)

    turns = 0
    while job.status in ("New", "Preparing"):
        prepare(claim_to_finish(job), never)
        job.refresh_from_db()
        assert job.owner == ""
        turns += 1

    assert turns == 4
    assert keys_of(job) == written(form)


@in_every_form
def test_progress_is_told_in_bytes_of_all_that_there_is_to_read(
    make_over: MakeOver, s3: Any, form: str, each_slice: None
) -> None:
    job = make_over(FORMS[form](s3, ROWS))
    total = job.manifest.bytes_to_read
    seen = [0]

    def look() -> bool:
        seen.append(Job.objects.get().bytes_read)
        return False

    prepare(claim_to_finish(job), look)
    seen.append(Job.objects.get().bytes_read)

    assert seen == sorted(seen)
    assert seen[-1] == total
    assert seen[1] > 0


# ---- what may happen on the way


@in_every_inventory
def test_a_data_file_that_is_replaced_while_it_is_read_fails_the_job(
    make_over: MakeOver, s3: Any, form: str, each_slice: None, run_lane: RunLane
) -> None:
    job = make_over(FORMS[form](s3, ROWS))
    prepare(claim_to_finish(job), lambda: True)
    s3.put_object(Bucket="manifests", Key=f"{DATA}0000.dat", Body=b"another")
    run_lane()

    code, reason = reason_of(job)
    assert code == "InvalidManifestContent"
    assert f'The data file "{DATA}0000.dat" is not what manifest.json says: ' in reason


@in_every_inventory
def test_a_manifest_json_that_is_replaced_while_it_is_read_fails_the_job(
    make_over: MakeOver, s3: Any, form: str, each_slice: None, run_lane: RunLane
) -> None:
    manifest = FORMS[form](s3, ROWS)
    manifest.etag = s3.head_object(Bucket="manifests", Key=manifest.key)["ETag"].strip('"')
    job = make_over(manifest)
    prepare(claim_to_finish(job), lambda: True)
    s3.put_object(Bucket="manifests", Key=manifest.key, Body=b"{}")
    run_lane()

    assert reason_of(job)[0] == "ManifestETagMismatch"


@in_every_form
def test_a_store_that_fails_now_and_then_costs_no_row_and_doubles_none(
    make_over: MakeOver,
    s3: Any,
    form: str,
    each_slice: None,
    run_lane: RunLane,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = make_over(FORMS[form](s3, ROWS))
    once = boto.client(
        "s3", region_name="us-east-1", config=Config(retries={"total_max_attempts": 1})
    )
    monkeypatch.setattr(preparing.stores, "s3_for", lambda _role: once)
    asked: list[str] = []

    def refuse_some(request: Any, **_: object) -> AWSResponse | None:
        asked.append(request.url)
        return reply_to(request, 503, "SlowDown") if len(asked) in (2, 3, 8) else None

    once.meta.events.register_first("before-send.s3.GetObject", refuse_some)
    run_lane()

    job.refresh_from_db()
    assert len(asked) > 4
    assert (job.status, sorted(script.sent)) == ("Complete", [key for key, _ in ROWS])
    assert (job.total_tasks, keys_of(job)) == (2600, written(form))
    assert slices_of(job) == [(1, 250), (2, 500), (3, 1000), (4, 850)]


@in_every_inventory
def test_a_store_that_stalls_in_a_data_file_does_not_lose_the_lease(
    make_over: MakeOver, s3: Any, form: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LADING_LEASE_SECONDS = 1.2
    monkeypatch.setattr(leases, "HELD_SECONDS", 0.02)
    renewals: list[float] = []
    renew = Lease.renew

    def noted(lease: Lease, **changes: Any) -> None:
        renew(lease, **changes)
        renewals.append(time.monotonic())

    monkeypatch.setattr(Lease, "renew", noted)
    job = make_over(FORMS[form](s3, ROWS))
    stalls: list[float] = []

    def stall(request: Any, **_: object) -> None:
        if f"{DATA}0001.dat" in request.url and not stalls:
            stalls.append(time.monotonic())
            time.sleep(2.0)

    s3.meta.events.register_first("before-send.s3.GetObject", stall)
    prepare(claim_to_finish(job), never)

    (began,) = stalls
    during = [began, *(at for at in renewals if began < at < began + 2.0), began + 2.0]
    assert max(later - at for at, later in pairwise(during)) < 1.2
    assert keys_of(job) == written(form)
