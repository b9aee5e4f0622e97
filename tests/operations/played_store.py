"""A store on a socket that says what the test says, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from botocore.config import Config

from operations.base import Store
from tests import boto


@dataclass
class Asked:
    """One request as it came over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class PlayedStore:
    """Gives every request the same reply."""

    status: int = 200
    body: str = ""
    asked: list[Asked] = field(default_factory=list)
    endpoint: str = ""

    @property
    def store(self) -> Store:
        """The store as operations take it."""
        options = {"total_max_attempts": 1}
        client = boto.client(
            "s3",
            region_name="us-east-1",
            endpoint_url=self.endpoint,
            aws_access_key_id="AKIATESTSONLY",
            aws_secret_access_key="tests-only",
            config=Config(retries=options, s3={"addressing_style": "path"}, proxies={}),
        )
        return Store(client)

    def says(self, status: int, body: str = "") -> PlayedStore:
        """What the store answers from now on."""
        self.status, self.body = status, body
        return self

    def refuses(self, status: int, code: str, message: str = "No.") -> PlayedStore:
        """An error as S3 words it."""
        head = '<?xml version="1.0" encoding="UTF-8"?>\n'
        error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        return self.says(status, head + error)


@contextmanager
def play() -> Iterator[PlayedStore]:
    """A store on a free port of this machine."""
    played = PlayedStore()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            played.asked.append(Asked(self.command, self.path, headers, body))
            reply = b"" if played.status == 204 else played.body.encode()
            self.send_response(played.status)
            self.send_header("x-amz-request-id", "ABC123")
            if played.status != 204:
                self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        do_GET = do_PUT = do_POST = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        played.endpoint = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield played
        server.shutdown()
