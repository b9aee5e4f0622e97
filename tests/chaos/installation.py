"""Lading in the folder of a run: database, user, token and role, by one process of manage.py."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.chaos.programs import MARK
from tests.processes.installation import ROOT

LEASE_SECONDS = 5
SET_UP = """
import io, sys
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.contrib.auth.models import User
User.objects.create_superuser("op")
call_command("role", "set", "store", "--endpoint-url", "{endpoint}", "--region", "us-east-1",
             "--access-key-id", "k", "--secret-access-key", "s", stdout=io.StringIO())
from django.utils import timezone
from django_q.signing import SignedPackage
print(SignedPackage.dumps({{
    "id": "0" * 32, "name": "stale", "func": "jobs.background.lane", "args": (), "kwargs": {{}},
    "started": timezone.now(), "save": False, "timeout": -1,
}}))
call_command("token", "op")
"""


class Installation:
    """`environment` is that of all its processes, `token` of the person who hands in jobs, and
    `message` is a doorbell, to be delivered again and again.
    """

    def __init__(self, folder: Path, services: Mapping[str, str], endpoint: str) -> None:
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHON_DOTENV_DISABLED": "1",
            "LADING_SECRET_KEY": "an installation made to be broken",
            "LADING_DATA": str(folder),
            "LADING_LEASE_SECONDS": str(LEASE_SECONDS),
            "LADING_ACTIVE_JOBS": "3",
            MARK: str(folder),
            **services,
        }
        self.message, self.token = self.run(SET_UP.format(endpoint=endpoint)).split()[-2:]

    def run(self, script: str) -> str:
        """Run a script in Lading; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", script],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        return done.stdout
