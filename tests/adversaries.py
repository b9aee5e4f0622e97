"""Stores that others wrote, as real processes: one destroys, one refuses, one works."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests import boto

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACCESS_KEY_ID, SECRET_ACCESS_KEY = "adversary", "adversary-secret"
START_SECONDS = 60
SCRIPTS = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def command(name: str, port: int, folder: Path) -> list[str]:
    at = ["--host", "127.0.0.1", "--port", str(port)]
    return {
        "nanio": [
            str(SCRIPTS / "nanio"),
            "serve",
            "--data-dir",
            str(folder),
            "--no-access-log",
            *at,
        ],
        "localbucket": [str(SCRIPTS / "localbucket"), str(folder), *at],
        "moto": [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
    }[name]


@contextmanager
def running(name: str, folder: Path) -> Iterator[str]:
    """The endpoint of a store that answers."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    keys = {"NANIO_ACCESS_KEY": ACCESS_KEY_ID, "NANIO_SECRET_KEY": SECRET_ACCESS_KEY}
    with (folder.parent / f"{name}.log").open("w") as log:
        process = subprocess.Popen(
            command(name, port, folder),
            env={"PATH": "/usr/bin:/bin", **keys},
            stdout=log,
            stderr=log,
        )
    try:
        wait(process, client(url), (folder.parent / f"{name}.log"))
        yield url
    finally:
        process.terminate()
        process.wait(20)


def wait(process: subprocess.Popen[bytes], s3: S3Client, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers(s3):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)


def answers(s3: S3Client) -> bool:
    try:
        return bool(s3.list_buckets())
    except (BotoCoreError, ClientError):
        return False


def client(url: str) -> S3Client:
    return boto.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        config=Config(
            retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, read_timeout=20
        ),
    )
