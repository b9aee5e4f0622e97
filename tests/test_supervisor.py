"""Children of `manage.py run` and of the demo: started, restarted, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from jobs import supervisor
from jobs.demo.store import free_ports
from jobs.supervisor import Child, ChildDied, Supervisor

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("processes")]

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
FAILING = [sys.executable, "-c", "raise SystemExit(3)"]
DEAF = [
    *(sys.executable, "-c"),
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "open(sys.argv[1], 'w').close(); time.sleep(60)",
]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def children(said: list[str]) -> Iterator[Supervisor]:
    with Supervisor(say=said.append) as started:
        yield started


def eventually(is_so: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    """False for a zombie too: nobody may be there to reap an orphan."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def pid_of(children: Supervisor) -> int:
    process = children.children[0].process
    assert process is not None
    return process.pid


# ---- one supervisor


def test_starts_a_child_again_that_was_killed(children, said):
    children.start("engine", SLEEPER, restart=True)
    first = pid_of(children)

    os.kill(first, signal.SIGKILL)
    eventually(lambda: children.check() or said)
    eventually(lambda: children.check() or children.children[0].process)

    assert pid_of(children) != first
    assert said == ["The engine was ended by SIGKILL; it starts again in 1 s."]


def test_waits_longer_each_time_that_a_child_dies_young():
    child = Child("engine", FAILING, restart=True)
    child.started = time.monotonic()

    assert [child.rest() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_begins_with_the_shortest_pause_after_a_long_life():
    child = Child("engine", FAILING, restart=True)
    child.started = time.monotonic() - 61
    child.pause = 16

    assert child.rest() == 1


def test_gives_up_when_a_child_dies_that_may_not_be_restarted(children):
    children.start("web server", FAILING)

    with pytest.raises(ChildDied, match=r"The web server ended with exit code 3\."):
        eventually(children.check)


def test_ends_children_with_the_block_even_when_it_fails(said):
    pids = []

    def fail() -> None:
        with Supervisor(say=said.append) as children:
            children.start("engine", SLEEPER, restart=True)
            pids.append(pid_of(children))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert not is_running(pids[0])


def test_kills_a_child_that_does_not_end_when_asked(said, tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.3)
    deaf = tmp_path / "deaf"
    with Supervisor(say=said.append) as children:
        children.start("engine", [*DEAF, str(deaf)])
        eventually(deaf.exists)
        pid = pid_of(children)

    assert not is_running(pid)


def test_leaves_no_grandchild_of_a_dead_child(children, tmp_path):
    told = tmp_path / "pid"
    script = (
        "import os, subprocess, sys; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
        "open(sys.argv[1] + '.new', 'w').write(str(child.pid)); "
        "os.rename(sys.argv[1] + '.new', sys.argv[1]); os._exit(1)"
    )
    children.start("engine", [sys.executable, "-c", script, str(told)], restart=True)
    eventually(told.exists)

    eventually(lambda: children.check() or children.children[0].process is None)

    eventually(lambda: not is_running(int(told.read_text())))


# ---- manage.py run


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts `manage.py run` on a database of its own; `port` says where it listens."""
    environment = {
        **os.environ,
        "LADING_DATA": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/lading.sqlite3",
        "LADING_BROKER": "orm",
        "PYTHONUNBUFFERED": "1",
    }
    manage = [sys.executable, "manage.py"]
    started: list[subprocess.Popen[str]] = []

    def start(port: int) -> subprocess.Popen[str]:
        environment["LADING_BIND"] = f"127.0.0.1:{port}"
        migrate = [*manage, "migrate", "--no-input", "-v", "0"]
        subprocess.run(migrate, cwd=settings.BASE_DIR, env=environment, check=True)
        started.append(
            subprocess.Popen(
                [*manage, "run"],
                cwd=settings.BASE_DIR,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.terminate()
        process.communicate(timeout=60)


def children_of(pid: int) -> dict[str, int]:
    """The children that run: {"engine": pid, "gunicorn": pid}."""
    pids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    commands = {int(child): Path(f"/proc/{child}/cmdline").read_text() for child in pids}
    return {
        name: child
        for child, command in commands.items()
        for name in ("engine", "gunicorn")
        if name in command and is_running(child)
    }


def answers(port: int) -> bool:
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).status == 200
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_serves_and_stops_cleanly_when_asked(run, number):
    (port,) = free_ports(1)
    process = run(port)
    eventually(lambda: answers(port))
    children = children_of(process.pid)
    assert set(children) == {"engine", "gunicorn"}

    process.send_signal(number)
    output, _ = process.communicate(timeout=50)

    assert process.returncode == 0, output
    assert f"Lading is at http://127.0.0.1:{port}/" in output
    assert not any(is_running(child) for child in children.values())


def test_an_address_that_holds_the_longest_key_is_answered(run):
    (port,) = free_ports(1)
    run(port)
    eventually(lambda: answers(port))
    key = urllib.parse.quote("/jobs/?key=" + urllib.parse.quote("\u00e9" * 512))

    address = f"http://127.0.0.1:{port}/login/?next={key}"
    with urllib.request.urlopen(address, timeout=30) as answer:
        assert len(address) > 5000
        assert answer.status == 200


def test_run_starts_a_dead_engine_again(run):
    (port,) = free_ports(1)
    process = run(port)
    eventually(lambda: answers(port))
    first = children_of(process.pid)["engine"]

    os.kill(first, signal.SIGKILL)

    eventually(lambda: children_of(process.pid).get("engine", first) != first)
    assert answers(port)


def test_run_ends_with_1_when_its_port_is_taken(run):
    (port,) = free_ports(1)
    first = run(port)
    eventually(lambda: answers(port))

    second = run(port)
    output, _ = second.communicate(timeout=60)

    assert second.returncode == 1
    assert "The web server ended with exit code 1." in output
    assert first.poll() is None


def test_children_end_when_run_is_killed(run):
    (port,) = free_ports(1)
    process = run(port)
    eventually(lambda: answers(port))
    children = children_of(process.pid)

    process.kill()

    eventually(lambda: not any(is_running(child) for child in children.values()))
