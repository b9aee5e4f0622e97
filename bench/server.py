"""The null S3 server (null_server.c): compiled when its source has changed, started on loopback."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Collection
from pathlib import Path
from typing import Self

SOURCE = Path(__file__).with_name("null_server.c")
FLAGS = ("-O2", "-Wall", "-Wextra")
START_SECONDS = 10
FILES = "files"
"""The bucket of the files that a server was told to serve."""


class CannotBench(Exception):
    """Something that the benchmark needs is not there; the message says what to do."""


def compiled(folder: Path | None = None) -> Path:
    """The server's program, compiled into `folder` or, once for each source, a folder of ours."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise CannotBench("The null server is C: install gcc (apt-get install gcc libc6-dev).")
    source = SOURCE.read_bytes()
    digest = hashlib.sha256(source).hexdigest()[:12]
    folder = folder or Path(tempfile.gettempdir()) / f"lading-bench-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise CannotBench(f"{folder} belongs to somebody else; set TMPDIR.")
    program = folder / f"null_server-{digest}"
    if not program.exists():
        partial = program.with_suffix(f".{os.getpid()}")
        done = subprocess.run(
            [compiler, *FLAGS, "-o", str(partial), str(SOURCE)], capture_output=True, text=True
        )
        if done.returncode:
            raise CannotBench(f"The null server does not compile:\n{done.stderr}")
        partial.rename(program)
    return program


class NullServer:
    """A running null server; as a context manager it is ended at the end."""

    def __init__(
        self,
        delay_ms: float = 0,
        *,
        cpus: Collection[int] | None = None,
        files: Path | None = None,
    ) -> None:
        """`cpus`: the only processors it may run on, where a comparison asks for that. `files`: a
        folder whose files are the objects of the bucket FILES.
        """
        self.delay_ms = delay_ms
        self.port = free_port()
        served = [str(files)] if files else []
        self.process = subprocess.Popen([compiled(), str(self.port), str(delay_ms), *served])
        try:
            self._wait()
            if cpus:
                os.sched_setaffinity(self.process.pid, cpus)
        except BaseException:
            self.close()
            raise

    @property
    def endpoint_url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.counts()
                return
            except (urllib.error.URLError, OSError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise CannotBench("The null server does not start.") from None
                time.sleep(0.02)

    def counts(self) -> dict[str, int]:
        """How many requests of each kind were answered since the last `reset`."""
        with urllib.request.urlopen(f"{self.endpoint_url}/-/counts", timeout=5) as answer:
            return dict(json.load(answer))

    def reset(self) -> None:
        """Count from 0 again."""
        request = urllib.request.Request(f"{self.endpoint_url}/-/counts", b"", method="POST")
        urllib.request.urlopen(request, timeout=5).close()

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
