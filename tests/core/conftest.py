"""Jobs in the middle of their life, a scripted store, and short waits."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.functions import Now

from jobs import execution, lanes, preparing, probing, sending, stores, verdicts, working
from jobs.execution import execute
from jobs.lanes import Claim, JobClaim, SliceClaim
from jobs.manifests import peek
from jobs.models import Job, Manifest, Role, Slice
from jobs.preparing import prepare
from jobs.report import finish
from jobs.spool import spool
from operations.pace import Pace
from tests.conftest import MakeJob, MakeManifest, MakeSlice, require
from tests.core.probed import ProbedStore
from tests.core.scripted import Script

OWNER = "test-node:1:1"

MakeActive = Callable[..., Job]
MakeOver = Callable[..., Job]
PerformSlice = Callable[..., Claim | None]
RunLane = Callable[..., int]


def never() -> bool:
    """The engine does not ask to stop."""
    return False


def keys(count: int, prefix: str = "k") -> list[str]:
    """Keys in order: k00000, k00001, …"""
    return [f"{prefix}{number:05d}" for number in range(count)]


def claim_next(job: Job, owner: str = OWNER) -> SliceClaim:
    """Claim the job's next slice, which must be there."""
    claim = lanes.claim_slice(job, owner)
    assert claim is not None
    return claim


def expire(*slices: Slice) -> None:
    """Let the leases of the slices have run out a second ago, by the database's clock."""
    Slice.objects.filter(pk__in=[slice_.pk for slice_ in slices]).update(
        lease_until=Now() - timedelta(seconds=1)
    )


def claim_to_finish(job: Job, owner: str = OWNER) -> JobClaim:
    """Claim the finishing (or preparing) of a job."""
    claim = lanes.claim_job(job, owner)
    assert claim is not None
    return claim


def finish_job(job: Job) -> None:
    """Write the job's report and end it."""
    finish(claim_to_finish(job))
    job.refresh_from_db()


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds or minutes in life takes no time in a test."""
    monkeypatch.setattr(sending, "backoff", lambda *_, **__: 0.0)
    monkeypatch.setattr(verdicts, "backoff", lambda *_, **__: 0.0)
    monkeypatch.setattr(verdicts, "THROTTLED_SECONDS", 0.0)
    monkeypatch.setattr(execution, "PART_SECONDS", 0.02)
    monkeypatch.setattr(execution, "IDLE_SECONDS", 0.001)
    monkeypatch.setattr(execution, "DRAIN_SECONDS", 0.05)
    monkeypatch.setattr(working, "SETBACK_SECONDS", 0.0)


@pytest.fixture
def beats_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lane asks the database at every turn what to do."""
    monkeypatch.setattr(lanes, "BEAT_SECONDS", 0.0)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    """The store's answers; lanes use them in place of a real store."""
    script = Script()
    monkeypatch.setattr(working, "sender_for", script.sender)
    monkeypatch.setattr(working.stores, "store_for", lambda _role, **_: None)
    return script


@pytest.fixture
def make_active(make_job: MakeJob, make_slice: MakeSlice) -> MakeActive:
    """An Active job with slices of the given sizes: make_active(250, 500, priority=3).

    Its keys are k00000 and so on; rows=[…] gives one slice of those rows.
    """

    def make(*sizes: int, rows: list[str] | None = None, **values: Any) -> Job:
        total = len(rows) if rows else sum(sizes)
        values = {"status": "Active", "slices_made": len(sizes) or 1, **values}
        job = make_job(total_tasks=total, rows_read=total, **values)
        if rows:
            make_slice(job, rows)
        todo = [f"photos,{key}" for key in keys(sum(sizes))]
        for size in sizes:
            make_slice(job, todo[:size])
            del todo[:size]
        return job

    return make


@pytest.fixture
def perform_slice(script: Script) -> PerformSlice:
    """Claim the job's next slice and perform it: perform_slice(job, stop=…)."""

    def perform(job: Job, *, stop: Callable[[], bool] = never, owner: str = OWNER) -> Claim | None:
        return execute(claim_next(job, owner), script.sender(), Pace(16), stop)

    return perform


@pytest.fixture
def run_lane(script: Script) -> RunLane:
    """Be a lane until there is nothing left to do; returns how many pieces of work were done."""

    def run(stop: Callable[[], bool] = never) -> int:
        return working.work("test-node", stop)

    return run


@pytest.fixture
def make_over(user: User, make_job: MakeJob, s3: Any, monkeypatch: pytest.MonkeyPatch) -> MakeOver:
    """A New job over a manifest in S3, looked at first unless told otherwise."""
    monkeypatch.setattr(preparing.stores, "identity", lambda *_: None)
    monkeypatch.setattr(preparing.stores, "s3_for", lambda _role: s3)

    def make(manifest: Manifest, *, look: bool = True, **values: Any) -> Job:
        manifest.account_id, manifest.created_by = "000000000000", user
        if look:
            peek(manifest, s3, spool.storage)
        manifest.save()
        return make_job(manifest=manifest, **{"confirmation_required": False, **values})

    return make


@pytest.fixture
def several_connections(transactional_db: None, tmp_path: Path) -> Iterator[None]:
    """A database that several threads may use at the same time.

    PostgreSQL is one; SQLite's in memory is not, so the test gets a copy of it in a file.
    """
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    memory, name = connection.connection, connection.settings_dict["NAME"]
    path = tmp_path / "database.sqlite3"
    with sqlite3.connect(path) as copy:
        memory.backup(copy)
    copy.close()
    connection.connection, connection.settings_dict["NAME"] = None, str(path)
    yield
    connection.close()
    connection.connection, connection.settings_dict["NAME"] = memory, name


@pytest.fixture
def programs() -> None:
    """What a backup of PostgreSQL is taken with."""
    if connection.vendor == "postgresql":
        require("pg_dump", "backups of PostgreSQL are not tried")


# ---- stores that are tried


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> ProbedStore:
    store = ProbedStore()
    monkeypatch.setattr(probing, "probe", store.probe)
    monkeypatch.setattr(probing, "sweep", lambda *_: None)
    monkeypatch.setattr(stores, "identify", lambda *_: None)
    monkeypatch.setattr(stores, "identity", lambda *_: None)
    monkeypatch.setattr(stores, "s3_for", lambda _role: None)
    return store


@pytest.fixture
def prepared(role: Role, make_job: MakeJob, make_manifest: MakeManifest) -> Callable[..., Job]:
    """A job over two objects that Preparing is done with: prepared(confirmation_required=True)."""

    def make(**values: Any) -> Job:
        manifest = make_manifest(b"photos,a\nphotos,b\n")
        defaults = {"manifest": manifest, "role": role, "confirmation_required": False}
        job = make_job(**{**defaults, **values})
        prepare(claim_to_finish(job), never)
        job.refresh_from_db()
        return job

    return make
