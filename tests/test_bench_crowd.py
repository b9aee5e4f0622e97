"""The arithmetic of the suites `workers` and `sqlite`, and the crowd in front of a web server."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bench import crowd, figures
from bench.crowd import LOGIN, READ, WRITE, Crowd, percentile

SQLITE: dict[str, Any] = {
    "at": "2026-01-01 00:00 UTC",
    "machine": {"cpu": "Abacus", "cores": 2, "memory_gib": 24, "kernel": "6.1", "python": "3.11.7"},
    "rounds": "3 runs",
    "titles": {WRITE: "changes", READ: "pages"},
    "latencies": {
        "0 ms": {
            WRITE: [
                {"count": 900, "seconds": 24.0, "p50_ms": 20.0, "p99_ms": p99, "max_ms": p99 * 2}
                for p99 in (300.0, 100.0, 200.0)
            ],
            READ: [{"count": 500, "seconds": 24.0, "p50_ms": 30.0, "p99_ms": 80.0, "max_ms": 90.0}],
        }
    },
}


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [([5.0], 99, 5.0), ([4.0, 1.0, 3.0, 2.0], 50, 2.0), (list(range(1, 201)), 99, 198)],
)
def test_a_percentile_is_a_value_that_was_seen(
    values: list[float], share: float, found: float
) -> None:
    assert percentile(values, share) == found


def test_the_keys_of_sqlite_are_medians_of_the_runs_and_the_table_has_the_longest_of_all() -> None:
    results = figures.merged({}, "sqlite", SQLITE)

    assert (results["sqlite_write_p99_ms"], results["sqlite_read_p99_ms"]) == (200, 80)
    assert "sqlite_login_p99_ms" not in results, "it was not measured"
    assert "| changes | 900 | 20 | 200 | 600 |" in figures.page(results)


def test_workers_are_compared_with_one() -> None:
    rates = {"workers-1-tagging": 1000.0, "workers-2-tagging": 1900.0, "workers-4-tagging": 3500.0}
    found = figures.summary(
        {"20 ms": {name: [{"per_second": rate}] for name, rate in rates.items()}}
    )

    assert (found["workers_20ms_2_vs_1"], found["workers_20ms_4_vs_1"]) == (1.9, 3.5)


class Server(BaseHTTPRequestHandler):
    """Logs everybody in, and answers 500 to every third look at the job."""

    seen: list[tuple[str, str, str]] = []
    lock = threading.Lock()

    def do_GET(self) -> None:
        with self.lock:
            self.seen.append(("GET", self.path, self.headers.get("HX-Request", "")))
            looks = sum(path.startswith("/jobs/7/") for _, path, _ in self.seen)
        self._answer(500 if self.path.startswith("/jobs/7/") and looks == 3 else 200)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with self.lock:
            self.seen.append(("POST", self.path, body))
        self._answer(302 if self.path == "/login/" else 200)

    def _answer(self, status: int) -> None:
        body = b'<input name="csrfmiddlewaretoken" value="abc">'
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Server, "seen", [])
    monkeypatch.setattr(crowd, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(crowd, "LOGIN_SECONDS", 0.1)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join(5)
    server.server_close()


def test_a_crowd_polls_changes_and_logs_in_until_it_leaves_and_tells_every_fault(
    address: str,
) -> None:
    people = Crowd(address, "ada", "secret", "t0k3n", speed=100).arrive(browsers=3)
    with people.watch("7"):
        deadline = time.monotonic() + 20
        wanted = Counter({READ: 12, WRITE: 8, LOGIN: 5})
        while not wanted <= Counter(answer.kind for answer in people.answers):
            assert time.monotonic() < deadline
            time.sleep(0.02)

    asked = Counter((method, path) for method, path, _ in Server.seen)
    assert min(asked["GET", "/jobs/7/?seen="], asked["GET", "/jobs/"]) >= 6
    assert all(htmx == "true" for verb, path, htmx in Server.seen if path.startswith("/jobs/"))
    changes = [json.loads(body) for verb, path, body in Server.seen if "/api/" in path]
    assert {name for change in changes for name in change} == {"priority", "requests_per_second"}
    assert len({json.dumps(change) for change in changes}) > 2, "each changes something"
    assert [(fault.status, fault.kind) for fault in people.faults()] == [(500, READ)]
    before = len(people.answers)
    time.sleep(0.2)
    assert len(people.answers) == before, "they have left"
