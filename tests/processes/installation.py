"""A real installation in a folder of its own: web server, engine, store; driven through its doors.

Every process is started here and ended by its pid; nothing else is touched.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import requests

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
SET_UP = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
User.objects.create_superuser("op", password="op-password-of-a-test")
call_command("token", "op")
"""
"""In one process: each takes more than a second to begin."""


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: Callable[[], Any], seconds: float, told: str) -> Any:
    """The first true answer of `what`, or a failure that says what was waited for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := what():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds} s for {told}")


def children(pid: int) -> list[int]:
    """The child processes of a process, oldest first."""
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except FileNotFoundError:
        return []
    return [int(child) for child in listed.split()]


class Installation:
    """Lading as an operator runs it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.port = free_port()
        self.processes: list[subprocess.Popen[bytes]] = []
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHON_DOTENV_DISABLED": "1",
            "LADING_SECRET_KEY": "an installation made for one test",
            "LADING_DATA": str(folder),
            "LADING_LEASE_SECONDS": "5",
            "LADING_BIND": f"127.0.0.1:{self.port}",
            **environment,
        }
        self.token = self.manage("shell", "--verbosity", "0", "--command", SET_UP).split()[-1]

    def manage(self, *arguments: str) -> str:
        """Run a command of manage.py to its end; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, *command: str, name: str) -> subprocess.Popen[bytes]:
        """Start a process whose output goes to a log in the folder."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def start_engine(self) -> subprocess.Popen[bytes]:
        """Start an engine and wait until it is seen."""
        engine = self.start(sys.executable, "manage.py", "engine", name="engine")
        until(lambda: len(self.workers(engine)) == 4, 30, "the engine's processes")
        return engine

    def workers(self, engine: subprocess.Popen[bytes]) -> list[int]:
        """The processes under the sentinel: two workers, the monitor, the pusher, as spawned."""
        sentinels = children(engine.pid)
        return children(sentinels[0]) if sentinels else []

    def start_web(self) -> None:
        """Start the web server and wait until it answers."""
        self.start(
            str(PROGRAMS / "gunicorn"),
            "config.wsgi",
            f"--bind=127.0.0.1:{self.port}",
            "--threads=4",
            name="web",
        )

        def answers() -> bool:
            try:
                return requests.get(self.url("/healthz"), timeout=5).ok
            except requests.RequestException:  # it may answer late on a busy machine
                return False

        until(answers, 30, "the web server")

    def start_store(self) -> str:
        """Start moto's server; returns its endpoint."""
        port = free_port()
        self.start(str(PROGRAMS / "moto_server"), "-H", "127.0.0.1", "-p", str(port), name="store")
        endpoint = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            try:
                return requests.get(endpoint, timeout=5).status_code < 500
            except requests.RequestException:  # it may answer late on a busy machine
                return False

        until(answers, 30, "the store")
        return endpoint

    def connect_store(self) -> S3Client:
        """Start the store, and make the role `store` that reaches it; returns a client."""
        endpoint = self.start_store()
        self.set_role(endpoint)
        return self.client(endpoint)

    def client(self, endpoint: str) -> S3Client:
        """A client of the store."""
        return boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def set_role(self, endpoint: str) -> None:
        """Make the role `store`."""
        self.manage(
            "role", "set", "store",
            "--endpoint-url", endpoint, "--region", "us-east-1",
            "--access-key-id", "test", "--secret-access-key", "test",
        )  # fmt: skip

    def url(self, path: str) -> str:
        """An address of the web server."""
        return f"http://127.0.0.1:{self.port}{path}"

    def api(self, method: str, path: str, **given: Any) -> Any:
        """Call the JSON API; returns its answer."""
        answer = requests.request(
            method,
            self.url(f"/api/v1/{path}"),
            headers={"Authorization": f"Token {self.token}"},
            timeout=30,
            **given,
        )
        assert answer.ok, answer.text
        return answer.json()

    def kill(self, pid: int) -> None:
        """kill -9."""
        os.kill(pid, signal.SIGKILL)

    def signal(self, pid: int, number: int) -> None:
        """Send a signal to one process."""
        os.kill(pid, number)

    def logs(self) -> str:
        """What the processes said last, for a failed test."""
        return "\n".join(
            f"--- {log.name}\n{log.read_text(errors='replace')[-3000:]}"
            for log in sorted(self.folder.glob("*.log"))
        )

    def close(self) -> None:
        """End every process that was started here."""
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(25)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
