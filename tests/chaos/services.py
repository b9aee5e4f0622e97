"""The database and the broker of a run: SQLite, or a PostgreSQL cluster and a Redis of its own."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import suppress
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT
from typing import Any

import psycopg
import redis

from tests.chaos.programs import Programs, until
from tests.processes.installation import free_port

CLUSTERS = Path("/usr/lib/postgresql")
Rows = list[tuple[Any, ...]]


class Missing(Exception):
    """A program that the run needs is not installed; says which package has it."""


class Sqlite:
    """SQLite in the folder of the run."""

    name = "sqlite"
    environment: dict[str, str] = {}

    def __init__(self, programs: Programs) -> None:
        self.path = programs.folder / "lading.sqlite3"
        self._locked: sqlite3.Connection | None = None

    def close(self) -> None:
        """Nothing runs."""
        self.unlock()

    def rows(self, query: str) -> Rows:
        """What a query gives, as one outside sees it."""
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=5)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def change(self, statement: str) -> int | None:
        """Change rows from outside; returns how many, or None where others write all the time."""
        if self._locked:
            return None
        connection = sqlite3.connect(self.path, timeout=2)
        try:
            with suppress(sqlite3.OperationalError), connection:
                return connection.execute(statement).rowcount
            return None
        finally:
            connection.close()

    def lock(self) -> bool:
        """Lock everybody out of writing, until `unlock`; False where others write all the time."""
        if self._locked:
            return False
        connection = sqlite3.connect(self.path, timeout=2, isolation_level=None)
        with suppress(sqlite3.OperationalError):
            connection.execute("BEGIN EXCLUSIVE")
            self._locked = connection
            return True
        connection.close()
        return False

    def unlock(self) -> None:
        """Let the others write."""
        if self._locked:
            self._locked.execute("ROLLBACK")
            self._locked.close()
        self._locked = None


class Services:
    """PostgreSQL and Redis on free ports of loopback."""

    name = "postgresql+redis"

    def __init__(self, programs: Programs) -> None:
        if shutil.which("redis-server") is None:
            raise Missing("Redis is not installed: apt-get install redis-server")
        self.programs = programs
        self.port, self.redis_port = free_port(), free_port()
        self.redis = redis.Redis(port=self.redis_port, socket_timeout=5)
        self.environment = {
            "DATABASE_URL": f"postgres://postgres@127.0.0.1:{self.port}/postgres",
            "LADING_BROKER": f"redis://127.0.0.1:{self.redis_port}/0",
        }
        self.user = "postgres" if os.geteuid() == 0 else None
        self._make_cluster()
        self.start_redis()
        self.start_database()
        until(self.answers, 30, "PostgreSQL")

    def _program(self, name: str) -> Path:
        found = sorted(CLUSTERS.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
        if not found:
            raise Missing("PostgreSQL is not installed: apt-get install postgresql")
        return found[-1]

    def _make_cluster(self) -> None:
        self.cluster = self.programs.folder / "postgresql"
        self.cluster.mkdir(mode=0o700)
        if self.user:
            self.programs.folder.chmod(0o711)
            subprocess.run(["chown", self.user, str(self.cluster)], check=True)
        words = ["-D", str(self.cluster), "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"]
        subprocess.run(
            [str(self._program("initdb")), *words],
            cwd=self.programs.folder,
            env=self.programs.environment,
            user=self.user,
            check=True,
            capture_output=True,
        )

    def start_database(self) -> None:
        """Start the cluster. It syncs nothing: no blow takes the machine's power."""
        self.database = self.programs.start(
            "postgresql",
            *(self._program("postgres"), "-D", self.cluster, "-p", str(self.port)),
            *("-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.cluster}"),
            *("-c", "fsync=off", "-c", "max_connections=60", "-c", "shared_buffers=32MB"),
            user=self.user,
        )

    def crash_database(self) -> None:
        """What `pg_ctl stop -m immediate` does: every connection breaks, nothing is written."""
        self.database.send_signal(SIGQUIT)
        self.database.wait(20)

    def start_redis(self) -> None:
        """Start an empty Redis."""
        self.broker = self.programs.start(
            "redis",
            *("redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1"),
            *("--save", "", "--appendonly", "no", "--dir", self.programs.folder),
        )

    def crash_redis(self) -> None:
        """Kill it, with all that it holds."""
        self.broker.send_signal(SIGKILL)
        self.broker.wait(10)

    def answers(self) -> bool:
        """Whether the database lets somebody in."""
        with suppress(psycopg.Error):
            return bool(self.rows("SELECT 1"))
        return False

    def rows(self, query: str) -> Rows:
        """What a query gives, as one outside sees it."""
        with psycopg.connect(self.environment["DATABASE_URL"], connect_timeout=5) as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]

    def close(self) -> None:
        """Stop both."""
        self.redis.close()
        self.programs.end(self.database, SIGINT)
        self.programs.end(self.broker)
