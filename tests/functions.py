"""Lambda as a test wants it: a server on loopback whose every answer the test decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from botocore.config import Config

from tests import boto

Answer = tuple[int, bytes, dict[str, str]]


class PlayedLambda(ThreadingHTTPServer):
    """Answers every call with what `play` makes of the payload, and keeps the calls."""

    def __init__(self) -> None:
        self.play: Callable[[dict[str, Any]], Answer] = succeed
        self.calls: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        super().__init__(("127.0.0.1", 0), PlayedCall)

    def handle_error(self, *_: object) -> None:
        """A client that went away is no news."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def client(self, read_timeout: float = 5.0) -> Any:
        """A client without retries, as stores.py makes them."""
        return boto.client(
            "lambda",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="AKIATESTSONLY",
            aws_secret_access_key="tests-only",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=read_timeout),
        )


class PlayedCall(BaseHTTPRequestHandler):
    server: PlayedLambda
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls.append(payload)
        self.server.paths.append(self.path)
        self.server.headers.append(dict(self.headers))
        status, body, headers = self.server.play(payload)
        self.send_response(status)
        # Said, and not only done: else the client may send its next call into the closing.
        told = {"Content-Length": str(len(body)), "Connection": "close", **headers}
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[None]:
    """Let it answer while the block lasts."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def says(body: object, *, status: int = 200, **headers: str) -> Callable[[Any], Answer]:
    """Always the same answer; headers as x_amz_function_error="Unhandled"."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: (status, raw, named)


def result(code: str, text: object = "", **reply: Any) -> Callable[[dict[str, Any]], Answer]:
    """The function's own answer for the task that it was given."""

    def play(payload: dict[str, Any]) -> Answer:
        (task,) = payload["tasks"]
        told = {"taskId": task["taskId"], "resultCode": code, "resultString": text}
        answer = {
            "invocationSchemaVersion": payload["invocationSchemaVersion"],
            "invocationId": payload["invocationId"],
            "results": [told],
            **reply,
        }
        return 200, json.dumps(answer).encode(), {}

    return play


succeed = result("Succeeded", "done")
