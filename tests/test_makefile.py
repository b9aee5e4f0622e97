"""What the make targets do before Python starts: the key, and whose settings count."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from tests.conftest import require

PRINT_KEY = "shell -v 0 -c 'from django.conf import settings; print(settings.SECRET_KEY)'"

Make = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """`make manage` with the Python of the tests, without a .env, on data of its own."""
    require("make", "the make targets are not tried")
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LADING_", "MAKE", "MFLAGS", "DATABASE_URL"))
    }

    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                *("make", "-s", "-f", str(settings.BASE_DIR / "Makefile"), "manage"),
                *(f"ARGS={PRINT_KEY}", f"BIN={Path(sys.executable).parent}"),
                *("-o", ".venv/.installed"),
            ],
            cwd=settings.BASE_DIR,
            env={**inherited, "LADING_DATA": str(tmp_path / "data"), **environment},
            capture_output=True,
            text=True,
            check=True,
        )

    return run


def test_makes_a_key_once_that_only_its_owner_can_read(make, tmp_path):
    first = make().stdout.strip()
    second = make().stdout.strip()

    key = tmp_path / "data" / "secret_key"
    assert len(first) > 50
    assert first == second == key.read_text().strip()
    assert key.stat().st_mode & 0o777 == 0o600


def test_takes_the_key_of_the_environment_and_makes_none(make, tmp_path):
    told = make(LADING_SECRET_KEY="given from outside").stdout.strip()

    assert told == "given from outside"
    assert not (tmp_path / "data" / "secret_key").exists()


def test_two_folders_have_two_keys(make, tmp_path):
    assert make().stdout != make(LADING_DATA=str(tmp_path / "other")).stdout


def test_the_web_server_refuses_to_start_without_a_key():
    environment = {**os.environ, "LADING_SECRET_KEY": "", "PYTHON_DOTENV_DISABLED": "1"}

    started = subprocess.run(
        [sys.executable, "-c", "import config.wsgi"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
    )

    assert started.returncode == 1
    assert "LADING_SECRET_KEY is not set." in started.stderr
