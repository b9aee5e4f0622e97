"""The files of docs/deploy start what Lading is, stop it in order, and fit the code as it is."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from django.conf import settings

from jobs import supervisor
from jobs.management.commands.engine import DRAIN_SECONDS

ROOT = Path(settings.BASE_DIR)
DEPLOY = ROOT / "docs/deploy"
UNITS = ["lading-engine.service", "lading-migrate.service", "lading-web.service"]
SERVICES = ["lading-engine.service", "lading-web.service"]
PYTHON = "/opt/lading/.venv/bin/python"


def unit(name: str) -> dict[str, list[str]]:
    """What a unit says, by name."""
    said: dict[str, list[str]] = defaultdict(list)
    text = (DEPLOY / name).read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            said[key].append(value)
    return said


def said(name: str, key: str) -> str:
    (value,) = unit(name)[key]
    return value


# ---- systemd


def test_these_are_the_units():
    assert sorted(path.name for path in DEPLOY.glob("*.service")) == UNITS


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_started_again_however_it_ends(name):
    assert said(name, "Restart") == "always"
    assert said(name, "StartLimitIntervalSec") == "0", "nor is it given up"
    assert said(name, "OOMPolicy") == "continue"


@pytest.mark.parametrize("name", SERVICES)
def test_a_stop_asks_the_main_process_alone(name):
    assert said(name, "KillMode") == "mixed"


def test_a_stop_leaves_the_time_that_draining_may_take():
    web = shlex.split(said("lading-web.service", "ExecStart"))
    graceful = int(web[web.index("--graceful-timeout") + 1])

    assert int(said("lading-engine.service", "TimeoutStopSec")) >= 2 * DRAIN_SECONDS
    assert int(said("lading-web.service", "TimeoutStopSec")) > graceful


def test_the_services_start_what_run_starts():
    engine = [PYTHON, *supervisor.engine()[1:]]
    web = [PYTHON, *supervisor.web_server("127.0.0.1:8000")[1:]]

    assert shlex.split(said("lading-engine.service", "ExecStart")) == engine
    assert shlex.split(said("lading-web.service", "ExecStart")) == web


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_starts_on_a_database_of_another_release(name):
    assert said(name, "ExecStartPre") == f"{PYTHON} manage.py migrate --check"


@pytest.mark.parametrize("name", UNITS)
def test_nothing_runs_as_root_or_writes_anywhere_else(name):
    assert said(name, "User") == "lading"
    assert said(name, "ProtectSystem") == "strict"
    assert said(name, "StateDirectory") == "lading"
    assert said(name, "NoNewPrivileges") == "yes"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_understands_every_line(tmp_path):
    for name in UNITS:
        text = (DEPLOY / name).read_text()
        here = text.replace(PYTHON, sys.executable).replace("/opt/lading", str(ROOT))
        (tmp_path / name).write_text(here)

    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in UNITS)],
        capture_output=True,
        text=True,
        timeout=60,
    )

    complaints = [line for line in checked.stderr.splitlines() if "lading-" in line]
    assert not complaints
    assert checked.returncode == 0, checked.stderr


# ---- the container


def instructions() -> list[tuple[str, str]]:
    """What the Containerfile says, in order."""
    text = (DEPLOY / "Containerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found = [line.partition(" ") for line in text.splitlines() if line]
    return [(name, value) for name, _, value in found]


def test_the_container_has_an_init_and_passes_signals_on():
    said = dict(instructions())

    assert json.loads(said["ENTRYPOINT"])[:2] == ["/usr/bin/tini", "--"]
    assert json.loads(said["ENTRYPOINT"])[-1] == "manage.py"
    assert json.loads(said["CMD"]) == ["run"], "the exec form: no shell that swallows signals"
    assert said["STOPSIGNAL"] == "SIGTERM"


def test_the_container_runs_as_a_user_of_its_own_and_keeps_its_data_in_a_volume():
    names = [name for name, _ in instructions()]
    said = dict(instructions())

    assert said["USER"] == "lading"
    assert names.index("RUN") < names.index("USER") < names.index("ENTRYPOINT")
    assert f"LADING_DATA={said['VOLUME']} " in said["ENV"]


def test_the_container_has_all_that_is_needed_and_nothing_else():
    copied = {value.split()[0] for name, value in instructions() if name == "COPY"}

    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"bench", "tests"}
    assert copied == {"manage.py", "requirements.txt", "static", "templates", *packages}


def test_the_guide_names_every_file():
    guide = (ROOT / "docs/operating.md").read_text()

    for path in DEPLOY.iterdir():
        assert f"deploy/{path.name}" in guide, path.name
