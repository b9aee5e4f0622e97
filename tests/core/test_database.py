"""Short write transactions that are fair to each other (design decision 14)."""

from __future__ import annotations

import fcntl
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction

from jobs.database import write
from jobs.models import JobEvent
from tests.conftest import MakeJob


def in_thread(work: Callable[[], object]) -> Thread:
    """Run `work` in a thread with a connection of its own; join it."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread


def test_an_inner_write_joins_the_outer_one(make_job: MakeJob) -> None:
    job = make_job()

    def both() -> None:
        with write():
            JobEvent.objects.create(job=job, actor="outer")
            with write():
                JobEvent.objects.create(job=job, actor="inner")
            raise RuntimeError("after the inner one ended")

    with pytest.raises(RuntimeError):
        both()

    assert not job.events.exists()


def test_an_inner_write_that_fails_can_be_caught_by_the_outer_one(make_job: MakeJob) -> None:
    job = make_job()
    with write():
        JobEvent.objects.create(job=job, actor="outer")
        try:
            with write():
                JobEvent.objects.create(job=job, actor="inner")
                raise RuntimeError
        except RuntimeError:
            pass

    assert [event.actor for event in job.events.all()] == ["outer"]


@pytest.mark.usefixtures("several_connections")
def test_a_write_inside_a_plain_transaction_does_not_wait_for_itself(make_job: MakeJob) -> None:
    job = make_job()
    with transaction.atomic(), write():
        JobEvent.objects.create(job=job, actor="inner")

    assert job.events.count() == 1


@pytest.mark.usefixtures("several_connections")
def test_a_second_writer_waits_its_turn_and_sees_what_the_first_wrote(make_job: MakeJob) -> None:
    job = make_job()
    began, order = Event(), []

    def second() -> None:
        began.wait(5)
        with write():
            row = type(job).objects.select_for_update().get(pk=job.pk)
            order.append(f"second sees {row.priority}")

    thread = in_thread(second)
    with write():
        type(job).objects.filter(pk=job.pk).update(priority=42)
        began.set()
        time.sleep(0.2)
        order.append("first")
    thread.join(10)

    assert order == ["first", "second sees 42"]


def is_taken(lock: Path) -> bool:
    """Whether somebody else has the turn to write."""
    with lock.open("w") as other:
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@pytest.fixture
def lock(several_connections: None, tmp_path: Path) -> Path:
    """The file whose lock is the turn to write."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL needs no such lock")
    return tmp_path / "database.lock"


def test_on_sqlite_writers_queue_at_a_lock_that_the_kernel_hands_out(lock: Path) -> None:
    with write():
        assert is_taken(lock)
        with transaction.atomic():
            pass
        assert is_taken(lock), "an inner block does not end the turn of the outer one"

    assert not is_taken(lock)


def test_on_sqlite_django_itself_takes_its_turn(lock: Path, user: User) -> None:
    with transaction.atomic():
        assert is_taken(lock)
    seen = []
    with connection.execute_wrapper(
        lambda execute, *call: (seen.append(is_taken(lock)), execute(*call))[1]
    ):
        user.save(update_fields=["last_login"])  # outside of a transaction
        User.objects.get(pk=user.pk)

    assert seen == [True, False], "a read waits for nobody"
    assert not is_taken(lock)


def test_on_sqlite_a_turn_ends_with_its_connection(lock: Path) -> None:
    def leave() -> None:
        with write():
            connection.close()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        leave()

    assert not is_taken(lock)
    connection.ensure_connection()


def test_on_sqlite_a_turn_ends_where_the_database_is_busy_all_the_same(lock: Path) -> None:
    connection.ensure_connection()
    connection.connection.execute("PRAGMA busy_timeout=10")

    def be_late() -> None:
        with write():
            pytest.fail("somebody else is writing")

    with sqlite3.connect(lock.with_suffix(".sqlite3"), isolation_level=None) as stranger:
        stranger.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            be_late()
        assert not is_taken(lock)
        stranger.execute("ROLLBACK")
    stranger.close()

    with write():
        assert is_taken(lock)


@pytest.mark.usefixtures("several_connections")
def test_the_turn_comes_free_when_a_write_fails(make_job: MakeJob) -> None:
    job = make_job()
    with pytest.raises(RuntimeError), write():
        raise RuntimeError

    def second() -> None:
        with write():
            JobEvent.objects.create(job=job, actor="second")

    in_thread(second).join(10)

    assert job.events.get().actor == "second"


@pytest.mark.usefixtures("several_connections")
def test_many_writers_at_once_lose_nothing(make_job: MakeJob) -> None:
    job = make_job(priority=0)

    def count() -> None:
        for _ in range(20):
            with write():
                row = type(job).objects.select_for_update().get(pk=job.pk)
                type(job).objects.filter(pk=job.pk).update(priority=row.priority + 1)

    threads = [in_thread(count) for _ in range(5)]
    for thread in threads:
        thread.join(30)

    job.refresh_from_db()
    assert job.priority == 100


@pytest.mark.usefixtures("several_connections")
def test_on_postgresql_who_is_lost_in_a_transaction_keeps_its_locks_for_20_seconds() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no other machines")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("20s",)
