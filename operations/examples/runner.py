"""Serves a Python handler over Lambda's Invoke call, on loopback, with nothing but the standard
library:

    python -m operations.examples.runner operations.examples.describe_key:handler --port 9001

It answers to every function's name, does not look at signatures, and lets no handler run out of
time: it is for trying things out.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import traceback
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Handler = Callable[[Any, object], Any]
INVOKE = re.compile(r"/2015-03-31/functions/[^/?]+/invocations(\?.*)?")


class Server(ThreadingHTTPServer):
    """One thread for each connection; port 0 takes one that is free."""

    request_queue_size = 128

    def __init__(self, handler: Handler, port: int = 0) -> None:
        self.handler = handler
        super().__init__(("127.0.0.1", port), Invocations)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_port}"


class Invocations(BaseHTTPRequestHandler):
    """Speaks the Invoke call."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Call the handler; its exception is an answer too."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not INVOKE.fullmatch(self.path):
            self.refuse(HTTPStatus.NOT_FOUND, "ResourceNotFoundException", "This is no Invoke.")
            return
        try:
            event = json.loads(body)
        except ValueError as error:
            self.refuse(HTTPStatus.BAD_REQUEST, "InvalidRequestContentException", str(error))
            return
        try:
            self.answer(json.dumps(self.server.handler(event, None)).encode())
        except Exception as error:
            self.answer(as_lambda_tells(error), headers={"X-Amz-Function-Error": "Unhandled"})

    def refuse(self, status: HTTPStatus, code: str, message: str) -> None:
        """An error of the call, not of the handler."""
        body = json.dumps({"Type": "User", "Message": message}).encode()
        self.answer(body, status, {"x-amzn-ErrorType": code})

    def answer(
        self, body: bytes, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
    ) -> None:
        """Send a reply."""
        self.send_response(status)
        for name, value in {"X-Amz-Executed-Version": "$LATEST", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each call."""


def as_lambda_tells(error: Exception) -> bytes:
    """The payload that Lambda makes of an exception."""
    told = {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": traceback.format_tb(error.__traceback__),
    }
    return json.dumps(told).encode()


def load(name: str) -> Handler:
    """The handler that `module:function` names."""
    module, _, function = name.partition(":")
    found: Handler = getattr(importlib.import_module(module), function or "handler")
    return found


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Serve a handler over Lambda's Invoke call.")
    parser.add_argument(
        "handler",
        help="module:function, such as %(default)s.",
        nargs="?",
        default="operations.examples.describe_key:handler",
    )
    parser.add_argument("--port", type=int, default=9001, help="On 127.0.0.1; default %(default)s.")
    options = parser.parse_args()
    with Server(load(options.handler), options.port) as server:
        print(f"{options.handler} is at {server.url}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("\nEnded.")


if __name__ == "__main__":
    main()
