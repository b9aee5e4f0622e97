"""Preparing: the manifest into slices, whatever happens on the way (decisions 2, 4, 6)."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from jobs import leases, preparing, services, slicing
from jobs.errors import JobFailure
from jobs.lanes import JobClaim
from jobs.leases import Lease, LeaseLost
from jobs.models import Job, Manifest, Slice
from jobs.preparing import prepare
from jobs.results import task_rows
from jobs.slicing import slice_size
from jobs.working import MOST_SETBACKS
from operations.put_object_tagging import PutObjectTagging
from tests.conftest import MakeJob, MakeManifest, PutObjects
from tests.core.conftest import RunLane, claim_to_finish, keys, never

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MakePreparing = Callable[..., Job]


def csv(count: int) -> bytes:
    return "".join(f"photos,{key}\n" for key in keys(count)).encode()


@pytest.fixture(autouse=True)
def _no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """An uploaded manifest needs no store."""
    monkeypatch.setattr(preparing.stores, "identity", lambda *_: None)
    monkeypatch.setattr(preparing.stores, "s3_for", lambda _role: None)


@pytest.fixture
def make_new(make_job: MakeJob, make_manifest: MakeManifest) -> MakePreparing:
    """A New job over an uploaded manifest: make_new(b"photos,a\\n", fields=[…])."""

    def make(content: bytes, *, fields: list[str] | None = None, **values: Any) -> Job:
        manifest = make_manifest(content, **({"fields": fields} if fields else {}))
        return make_job(manifest=manifest, **{"confirmation_required": False, **values})

    return make


def stop_at_once() -> bool:
    return True


def claim(job: Job) -> JobClaim:
    job.refresh_from_db()
    return claim_to_finish(job)


def rows_of(job: Job) -> list[bytes]:
    """All rows in all slices, in order."""
    return [row for slice_ in job.slices.order_by("number") for row in task_rows(slice_)]


def sizes_of(job: Job) -> list[int]:
    return list(job.slices.order_by("number").values_list("size", flat=True))


# ---- slices


def test_slices_grow_from_250_to_ten_thousand() -> None:
    assert [slice_size(number, 10_000) for number in range(1, 10)] == [
        *(250, 500, 1000, 2000, 4000, 8000),
        *(10_000, 10_000, 10_000),
    ]
    assert slice_size(400_000, 10_000) == 10_000


def test_slices_are_never_larger_than_the_operation_bears() -> None:
    assert [slice_size(number, 100) for number in (1, 2, 50)] == [100, 100, 100]


def test_every_row_is_in_a_slice_in_order(make_new: MakePreparing) -> None:
    job = make_new(csv(2000))
    prepare(claim(job), never)

    job.refresh_from_db()
    assert sizes_of(job) == [250, 500, 1000, 250]
    assert rows_of(job) == csv(2000).splitlines()
    assert (job.total_tasks, job.slices_made, job.rows_read) == (2000, 4, 2000)
    assert list(job.slices.order_by("number").values_list("number", flat=True)) == [1, 2, 3, 4]


def test_a_slice_keeps_its_least_and_greatest_key(make_new: MakePreparing) -> None:
    job = make_new(b"photos,m\nphotos,a\nphotos,z\nphotos,b\n")
    prepare(claim(job), never)

    slice_ = job.slices.get()
    assert (slice_.least_key, slice_.greatest_key) == ("a", "z")


def test_the_operations_own_largest_slice_is_kept_to(
    make_new: MakePreparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PutObjectTagging, "largest_slice", 100)
    job = make_new(csv(250))
    prepare(claim(job), never)

    assert sizes_of(job) == [100, 100, 50]


def test_rows_keep_what_the_manifest_says(make_new: MakePreparing) -> None:
    content = b'photos,a%20b+c.jpg,v1\r\n\r\nphotos,"x,y",\nphotos,d,null'
    job = make_new(content, fields=["Bucket", "Key", "VersionId"])
    prepare(claim(job), never)

    assert rows_of(job) == [b"photos,a%20b+c.jpg,v1", b'photos,"x,y",', b"photos,d,null"]


def test_ignored_columns_are_left_out_and_the_others_put_in_order(make_new: MakePreparing) -> None:
    job = make_new(b"17,a.jpg,photos\n", fields=["Ignore", "Key", "Bucket"])
    prepare(claim(job), never)

    assert rows_of(job) == [b"photos,a.jpg"]


def test_duplicate_rows_are_tasks_of_their_own(make_new: MakePreparing) -> None:
    job = make_new(b"photos,a\nphotos,a\n")
    prepare(claim(job), never)

    assert rows_of(job) == [b"photos,a"] * 2


# ---- what comes then


@pytest.mark.parametrize(("asked", "status"), [(True, "Suspended"), (False, "Ready")])
def test_a_prepared_job_waits_for_a_person_or_for_its_turn(
    make_new: MakePreparing, asked: bool, status: str
) -> None:
    job = make_new(csv(3), confirmation_required=asked)
    prepare(claim(job), never)

    job.refresh_from_db()
    assert (job.status, job.owner, job.lease_until, job.total_tasks) == (status, "", None, 3)
    moves = list(job.events.values_list("from_status", "to_status", "reason"))
    assert moves == [("New", "Preparing", ""), ("Preparing", status, "3 tasks")]


def test_no_task_is_started_before_the_manifest_is_read_completely(
    make_new: MakePreparing, run_lane: RunLane, script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "CHECKPOINT_SLICES", 1)
    job = make_new(csv(2000) + b"photos,%zz\n")
    run_lane()

    job.refresh_from_db()
    assert (job.status, job.executed, script.sent) == ("Failed", 0, [])


# ---- what is wrong with a manifest


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"photos,a\nphotos\n", "Line 2 has 1 column; 2 are expected (Bucket, Key)."),
        (b"photos,a\nphotos,b,c\n", "Line 2 has 3 columns; 2 are expected (Bucket, Key)."),
        (b"photos,a\n\nphotos,%zz\n", "Line 3, column 2 (Key): "),
        (b"photos,a\nother,b\n", "Line 2, column 1 (Bucket): "),
        (b"photos,a\nphotos," + b"x" * 1025 + b"\n", "Line 2, column 2 (Key): "),
        (b"photos,a\nphotos,\n", "Line 2, column 2 (Key): "),
        (b"photos,\xff\n", "Line 1, column 2 (Key): "),
        (b"bucket,key\nphotos,a\n", "Line 1 is a header row"),
        (b"", "manifest is empty"),
        (b"\n\n\r\n", "manifest is empty"),
    ],
)
def test_a_bad_row_fails_the_job_with_its_place(
    make_new: MakePreparing, run_lane: RunLane, content: bytes, reason: str
) -> None:
    job = make_new(content)
    run_lane()

    job.refresh_from_db()
    [told] = job.failure_reasons
    assert job.status == "Failed"
    assert told["FailureCode"] == "InvalidManifestContent"
    assert reason in told["FailureReason"]
    assert not job.report_files.exists(), "no task ran, so there is no report"


def test_a_fault_far_down_is_told_with_its_true_line_also_after_a_resume(
    make_new: MakePreparing, run_lane: RunLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "CHECKPOINT_SLICES", 1)
    job = make_new(csv(2000) + b"photos,%zz\n")
    prepare(claim(job), stop_at_once)
    run_lane()

    job.refresh_from_db()
    assert job.failure_reasons[0]["FailureReason"].startswith("Line 2001, column 2 (Key)")


def test_an_upload_that_is_not_what_was_uploaded_fails_the_job(
    make_new: MakePreparing, run_lane: RunLane
) -> None:
    job = make_new(csv(3))
    Manifest.objects.update(sha256="0" * 64)
    run_lane()

    job.refresh_from_db()
    assert job.status == "Failed"
    assert "not what was uploaded" in job.failure_reasons[0]["FailureReason"]


# ---- killed in the middle


@pytest.mark.parametrize("survived", [0, 1, 2])
def test_a_successor_goes_on_with_no_row_twice_and_none_missing(
    make_new: MakePreparing, monkeypatch: pytest.MonkeyPatch, survived: int
) -> None:
    monkeypatch.setattr(preparing, "CHECKPOINT_SLICES", 1)
    job = make_new(csv(2000))
    checkpoints = iter(range(survived))

    def killed_after_checkpoint() -> bool:
        if next(checkpoints, None) is None:
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        prepare(claim(job), killed_after_checkpoint)
    job.refresh_from_db()
    assert job.status == "Preparing"
    assert len(rows_of(job)) == job.rows_read == (250, 750, 1750)[survived]

    prepare(claim(job), never)

    job.refresh_from_db()
    assert rows_of(job) == csv(2000).splitlines()
    assert sizes_of(job) == [250, 500, 1000, 250]
    assert (job.status, job.total_tasks) == ("Ready", 2000)


def test_slices_that_were_written_and_not_committed_are_written_again(
    make_new: MakePreparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_new(csv(2000))
    claimed = claim(job)
    with monkeypatch.context() as patch:
        patch.setattr(preparing, "_checkpoint", fail)
        with pytest.raises(RuntimeError):
            prepare(claimed, never)
    assert not job.slices.exists()

    prepare(claim(job), never)

    assert rows_of(job) == csv(2000).splitlines()


def fail(*_: object) -> None:
    raise RuntimeError("killed")


def test_a_sleeper_can_add_no_slices_beside_its_successor(make_new: MakePreparing) -> None:
    job = make_new(csv(2000))
    sleeper = claim(job)
    prepare(claim(job), never)

    with pytest.raises(LeaseLost):
        prepare(JobClaim(Job.objects.get(), sleeper.lease, sleeper.owner), never)

    assert rows_of(job) == csv(2000).splitlines()


def test_a_sleeper_in_the_middle_can_add_no_slices_either(
    make_new: MakePreparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "CHECKPOINT_SLICES", 1)
    job = make_new(csv(2000))
    turns: list[int] = []

    def overtaken() -> bool:
        turns.append(1)
        if len(turns) == 2:
            prepare(claim(job), never)
        return False

    with pytest.raises(LeaseLost):
        prepare(claim(job), overtaken)

    job.refresh_from_db()
    assert (job.status, rows_of(job)) == ("Ready", csv(2000).splitlines())


def test_preparing_takes_turns_so_that_others_get_theirs(
    make_new: MakePreparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "CHECKPOINT_SLICES", 1)
    monkeypatch.setattr(preparing, "TURN_SECONDS", 0.0)
    job = make_new(csv(600))
    make_new(csv(1))
    prepare(claim(job), never)

    job.refresh_from_db()
    assert (job.status, job.owner, job.rows_read) == ("Preparing", "", 250)


def test_preparing_goes_on_after_its_turn_where_nobody_waits(
    make_new: MakePreparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "CHECKPOINT_SLICES", 1)
    monkeypatch.setattr(preparing, "TURN_SECONDS", 0.0)
    job = make_new(csv(600))
    make_new(csv(1), priority=job.priority - 1)
    prepare(claim(job), never)

    job.refresh_from_db()
    assert (job.status, job.rows_read) == ("Ready", 600)


def test_a_turn_begins_with_its_first_rows(
    make_new: MakePreparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To come to where the last turn ended may take longer than a turn."""
    monkeypatch.setattr(preparing, "CHECKPOINT_SLICES", 1)
    monkeypatch.setattr(preparing, "TURN_SECONDS", 1.0)
    job, batch = make_new(csv(600)), preparing._batch
    make_new(csv(1))

    def slow_at_first(claimed: JobClaim, reader: Any) -> list[Slice]:
        if not claimed.job.slices_made:
            time.sleep(1.1)
        return batch(claimed, reader)

    monkeypatch.setattr(preparing, "_batch", slow_at_first)
    prepare(claim(job), never)

    job.refresh_from_db()
    assert (job.status, job.rows_read) == ("Ready", 600)


def test_setbacks_with_rows_between_them_do_not_add_up(
    make_new: MakePreparing, run_lane: RunLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "CHECKPOINT_SLICES", 1)
    monkeypatch.setattr(slicing, "LARGEST_SLICE", 250)
    job, batch, calls = make_new(csv(2000)), preparing._batch, itertools.count()

    def fails_every_other_time(claimed: JobClaim, reader: Any) -> list[Slice]:
        if next(calls) % 2:
            raise OSError("the disk is away")
        return batch(claimed, reader)

    monkeypatch.setattr(preparing, "_batch", fails_every_other_time)
    run_lane()

    job.refresh_from_db()
    assert next(calls) > 2 * MOST_SETBACKS
    assert (job.status, job.succeeded) == ("Complete", 2000)


def test_the_lease_is_kept_while_the_report_bucket_is_asked_for(
    make_new: MakePreparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "HELD_SECONDS", 0.02)
    monkeypatch.setattr(Lease, "is_due", True)
    job = make_new(csv(1), report_enabled=True, report_expected_owner="123456789012")
    claimed = claim(job)
    renewed: list[bool] = []

    def stall(_: Job) -> None:
        before = claimed.lease.renewed_at
        time.sleep(0.3)
        renewed.append(claimed.lease.renewed_at > before)

    monkeypatch.setattr(preparing, "check_report", stall)
    prepare(claimed, never)

    assert renewed == [True]


def test_the_engines_stop_gives_the_job_back_after_a_checkpoint(
    make_new: MakePreparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "CHECKPOINT_SLICES", 1)
    job = make_new(csv(600))
    prepare(claim(job), lambda: True)

    job.refresh_from_db()
    assert (job.status, job.owner, job.lease_until, job.rows_read) == ("Preparing", "", None, 250)


# ---- cancelled in the middle


def test_a_cancel_ends_a_job_at_once_while_it_is_prepared(
    make_new: MakePreparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "CHECKPOINT_SLICES", 1)
    job = make_new(csv(2000))

    def cancel() -> bool:
        if Job.objects.get().status == "Preparing":
            services.cancel_job(Job.objects.get(), job.created_by)
        return False

    with pytest.raises(LeaseLost):
        prepare(claim(job), cancel)

    job.refresh_from_db()
    assert (job.status, job.total_tasks, sizes_of(job)) == ("Cancelled", 0, [250])


# ---- a manifest in S3 is pinned


@pytest.fixture
def stored(
    make_job: MakeJob,
    make_manifest: MakeManifest,
    put_objects: PutObjects,
    s3: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Job:
    """A New job over a manifest of 2,000 rows in S3."""
    put_objects("list.csv", bucket="manifests", body=csv(2000))
    etag = s3.head_object(Bucket="manifests", Key="list.csv")["ETag"].strip('"')
    monkeypatch.setattr(preparing.stores, "s3_for", lambda _role: s3)
    return make_job(manifest=make_manifest(etag=etag), confirmation_required=False)


def test_a_manifest_in_s3_is_read_like_an_upload(stored: Job) -> None:
    prepare(claim(stored), never)

    assert rows_of(stored) == csv(2000).splitlines()


def test_a_manifest_that_changed_before_preparing_fails_the_job(
    stored: Job, put_objects: PutObjects, run_lane: RunLane
) -> None:
    put_objects("list.csv", bucket="manifests", body=csv(10))
    run_lane()

    stored.refresh_from_db()
    [told] = stored.failure_reasons
    assert (stored.status, told["FailureCode"]) == ("Failed", "ManifestETagMismatch")
    assert "s3://manifests/list.csv" in told["FailureReason"]


def test_a_manifest_that_changes_while_it_is_read_fails_the_job(
    stored: Job, put_objects: PutObjects, run_lane: RunLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "CHECKPOINT_SLICES", 1)
    prepare(claim(stored), stop_at_once)
    put_objects("list.csv", bucket="manifests", body=csv(2000).replace(b"k0", b"j0"))
    run_lane()

    stored.refresh_from_db()
    assert stored.status == "Failed"
    assert stored.failure_reasons[0]["FailureCode"] == "ManifestETagMismatch"


def test_a_manifest_that_is_gone_fails_the_job(stored: Job, s3: Any, run_lane: RunLane) -> None:
    s3.delete_object(Bucket="manifests", Key="list.csv")
    run_lane()

    stored.refresh_from_db()
    assert stored.failure_reasons[0]["FailureCode"] == "ManifestNotFound"


# ---- what the operation asks of the bucket


@pytest.fixture
def make_hold(make_new: MakePreparing) -> MakePreparing:
    """A New job that puts objects on hold: make_hold(b"photos,a\\n")."""

    def make(content: bytes) -> Job:
        parameters = {"LegalHold": {"Status": "ON"}}
        return make_new(content, operation="S3PutObjectLegalHold", parameters=parameters)

    return make


def test_a_job_that_locks_fails_before_its_first_task_where_there_is_no_object_lock(
    make_hold: MakePreparing, s3: S3Client
) -> None:
    job = make_hold(b"photos,a.jpg\n")

    with pytest.raises(JobFailure) as failure:
        prepare(claim(job), never)

    assert failure.value.code == "ObjectLockNotEnabled"
    assert failure.value.reason == "Object Lock is not enabled on the bucket photos."


def test_a_job_that_locks_becomes_ready_where_there_is_object_lock(
    make_hold: MakePreparing, s3: S3Client
) -> None:
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    job = make_hold(b"locked,a.jpg\n")

    prepare(claim(job), never)

    job.refresh_from_db()
    assert (job.status, job.total_tasks) == ("Ready", 1)


# ---- what an operation cannot do without


def reason_of(job: Job) -> tuple[str, str]:
    job.refresh_from_db()
    assert (job.status, job.executed) == ("Failed", 0)
    (told,) = job.failure_reasons
    return told["FailureCode"], told["FailureReason"]


def test_an_operation_that_needs_versions_fails_on_a_manifest_without_them(
    make_new: MakePreparing, run_lane: RunLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PutObjectTagging, "needs_versions", True)
    job = make_new(csv(3))
    run_lane()

    assert reason_of(job) == (
        "InvalidManifestContent",
        "Required fields are missing in the schema: VersionId",
    )


def test_an_operation_that_needs_versions_is_content_with_the_column(
    make_new: MakePreparing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PutObjectTagging, "needs_versions", True)
    job = make_new(b"photos,a,v1\n", fields=["Bucket", "Key", "VersionId"])
    prepare(claim(job), never)

    job.refresh_from_db()
    assert job.status == "Ready"


REPORT = {"report_enabled": True, "report_bucket": "reports", "report_scope": "AllTasks"}


@pytest.mark.parametrize(
    "asked",
    [{}, REPORT, {"report_expected_owner": "123456789012"}],
    ids=["none", "no owner", "off"],
)
def test_an_operation_that_needs_a_report_fails_without_it_or_its_owner(
    make_new: MakePreparing,
    run_lane: RunLane,
    monkeypatch: pytest.MonkeyPatch,
    asked: dict[str, Any],
) -> None:
    monkeypatch.setattr(PutObjectTagging, "needs_report", True)
    job = make_new(csv(3), **asked)
    run_lane()

    code, reason = reason_of(job)
    assert code == "ReportRequired"
    assert "needs a completion report with the owner of its bucket" in reason
