"""What is no store and answers every request with a success: a console, a proxy's login."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.functions import serving

HTML = b"<!DOCTYPE html>\n<html><head><title>Console</title></head><body><p>Log in</body></html>"
ANSWERS = {
    "a page": HTML,
    "a page as XML": b'<?xml version="1.0"?>\n<html><body><p>Log in</p></body></html>',
    "a comment and a page": b"<!-- v1 --><!DOCTYPE html><html><body><p>Log in</body></html>",
    "JSON": b'{"status": "ok"}',
    "nothing": b"",
}


class WebServer(ThreadingHTTPServer):
    """Answers 200 and `body` to whatever is asked."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        super().__init__(("127.0.0.1", 0), Answer)

    def handle_error(self, *_: object) -> None:
        """A client that went away is no news."""


class Answer(BaseHTTPRequestHandler):
    server: WebServer

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.server.body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

    def log_message(self, *_: object) -> None: ...


@contextmanager
def web_server(body: bytes = HTML) -> Iterator[str]:
    """The address of such a server."""
    server = WebServer(body)
    with serving(server):
        yield f"http://127.0.0.1:{server.server_port}"
