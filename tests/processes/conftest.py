"""Installations on what the suite runs on: SQLite, or PostgreSQL with Redis."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from tests.processes.installation import Installation

POSTGRES = os.environ.get("DATABASE_URL", "")
REDIS = os.environ.get("LADING_BROKER", "").rpartition("/")[0] + "/9"
ON_SERVICES = POSTGRES.startswith("postgres")


def missing(name: str, why: Exception) -> None:
    """Skip, or fail where nothing may be left out."""
    told = f"{name} does not answer: {why}"
    if os.environ.get("LADING_REQUIRE_ALL") == "1":
        pytest.fail(told, pytrace=False)
    pytest.skip(told)


@contextmanager
def own_postgres_and_redis() -> Iterator[dict[str, str]]:
    """The environment of an installation with a database of its own."""
    try:
        redis.from_url(REDIS).ping()
    except redis.RedisError as error:
        missing("redis-server", error)
    name = f"lading_{uuid.uuid4().hex[:12]}"
    try:
        with psycopg.connect(POSTGRES, autocommit=True) as server:
            server.execute(f"CREATE DATABASE {name}")
    except psycopg.Error as error:
        missing("postgresql", error)
    yield {"DATABASE_URL": POSTGRES.rpartition("/")[0] + f"/{name}", "LADING_BROKER": REDIS}
    with psycopg.connect(POSTGRES, autocommit=True) as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_and_redis() -> Iterator[dict[str, str]]:
    """The environment of an installation with a database of its own."""
    with own_postgres_and_redis() as found:
        yield found


@pytest.fixture
def services(request: pytest.FixtureRequest) -> dict[str, str]:
    """What an installation is told of the servers: nothing on SQLite."""
    if not ON_SERVICES:
        return {}
    found: dict[str, str] = request.getfixturevalue("postgres_and_redis")
    return found


@pytest.fixture
def installation(services: dict[str, str], tmp_path: Path) -> Iterator[Installation]:
    """A running web server; the test starts the engine."""
    with running(tmp_path, services) as made:
        yield made


@contextmanager
def running(folder: Path, services: dict[str, str]) -> Iterator[Installation]:
    """An installation whose web server answers."""
    made = Installation(folder, services)
    try:
        made.start_web()
        yield made
    except BaseException:
        print(made.logs())
        raise
    finally:
        made.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show what the processes said when a test with an installation fails."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    made = getattr(item, "funcargs", {}).get("installation")
    if report.failed and made is not None:
        report.sections.append(("logs of the installation", made.logs()))
