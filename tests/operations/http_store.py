"""A store on loopback that says what a test tells it to, byte for byte."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from operations.base import Operation, Outcome, Store, Target
from operations.perform import perform
from operations.proof import prove
from operations.put_object_tagging import PutObjectTagging
from operations.request import RequestTemplate
from operations.sender import CurlSender
from tests import boto

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CLOSE = "close"  #: what is left of an answer: the store hangs up
RESET = "reset"  #: the connection breaks
SILENT = "silent"  #: nothing comes until the other side gives up

Piece = bytes | str | float | threading.Event
"""Bytes are sent, a number of seconds slept, an event awaited; CLOSE, RESET and SILENT end it."""
Answer = bytes | Sequence[Piece]


@dataclass
class Seen:
    """A request as it came; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    address: str = ""


def reply(
    status: int = 200, body: bytes = b"", /, *, length: int | None = None, **headers: str
) -> bytes:
    """A whole reply: reply(404, b"<Error>…", x_amz_id_2="abc")."""
    reason = HTTPStatus(status).phrase
    lines = [f"HTTP/1.1 {status} {reason}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if status != 204:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def error(status: int, code: str, message: str = "No.", /, **headers: str) -> bytes:
    """A refusal as S3 words it."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
    return reply(status, text.encode(), **headers)


def key_of(seen: Seen) -> str:
    """The key as it stands in the path: /photos/a.jpg?tagging → a.jpg"""
    return seen.path.partition("?")[0].removeprefix("/photos/")


@dataclass
class HttpStore:
    """Answers each request with `answer(seen)`; `seen` has all of them, in the order they came."""

    answer: Callable[[Seen], Answer] = lambda _: reply()
    tls: ssl.SSLContext | None = None
    family: int = socket.AF_INET
    reads_bodies: bool = True
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    open: set[socket.socket] = field(default_factory=set)
    answering: int = 0
    most_answering: int = 0

    def __enter__(self) -> HttpStore:
        host = "127.0.0.1" if self.family == socket.AF_INET else "::1"
        self._server = socket.create_server((host, 0), family=self.family, backlog=1024)
        self.port = self._server.getsockname()[1]
        self._lock = threading.Lock()
        self._ended = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for each in list(self.open):
            _end(each)

    @property
    def url(self) -> str:
        """Where it answers."""
        host = "[::1]" if self.family == socket.AF_INET6 else "127.0.0.1"
        return f"http{'s' if self.tls else ''}://{host}:{self.port}"

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            self.open.add(connection)
            number = self.connections
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, raw: socket.socket, number: int) -> None:
        connection = raw
        try:
            if self.tls:
                connection = self.tls.wrap_socket(raw, server_side=True)
                self.open.add(connection)
            self._talk(connection, number)
        except (OSError, ValueError):
            pass
        finally:
            self.open -= {raw, connection}
            connection.close()

    def _talk(self, connection: socket.socket, number: int) -> None:
        with connection.makefile("rb") as stream:
            while seen := self._read(stream, number):
                with self._lock:
                    self.seen.append(seen)
                    self.answering += 1
                    self.most_answering = max(self.most_answering, self.answering)
                try:
                    said = self.answer(seen)
                    goes_on = self._say(connection, [said] if isinstance(said, bytes) else said)
                finally:
                    with self._lock:
                        self.answering -= 1
                if not goes_on:
                    return

    def _read(self, stream: Any, number: int) -> Seen | None:
        first = stream.readline().decode("latin-1").split()
        if len(first) != 3:
            return None
        headers = {}
        while line := stream.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        size = int(headers.get("content-length", 0)) if self.reads_bodies else 0
        return Seen(first[0], first[1], headers, stream.read(size), number)

    def _say(self, connection: socket.socket, pieces: Iterable[Piece]) -> bool:
        for piece in pieces:
            match piece:
                case bytes():
                    connection.sendall(piece)
                case threading.Event():
                    piece.wait(20)
                case "silent":
                    self._ended.wait(20)
                    return False
                case "close" | "reset":
                    if piece == "reset":
                        option = struct.pack("ii", 1, 0)
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
                    else:
                        _end(connection)
                    return False
                case seconds:
                    sleep(float(seconds))
        return True


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def client_of(url: str | None, *, verify: Any = None, **config: Any) -> S3Client:
    """A client without retries, path style unless `s3` says otherwise."""
    settings: dict[str, Any] = {
        "retries": {"total_max_attempts": 1},
        "s3": {"addressing_style": "path"},
        "connect_timeout": 5,
        "read_timeout": 5,
    }
    return boto.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="AKIATESTSONLY",
        aws_secret_access_key="tests-only",
        verify=verify,
        config=Config(**{**settings, **config}),
    )


def curl_sender(
    operation: Operation,
    client: S3Client,
    *,
    connections: int = 4,
    versions: bool = False,
    bucket: str = "photos",
) -> CurlSender:
    """A sender with a proved template; never one of threads."""
    template = RequestTemplate(operation, Store(client), bucket, versions=versions)
    prove(template)
    return CurlSender(template, connections)


TAG = PutObjectTagging.parse({"TagSet": [{"Key": "project", "Value": "lading"}]})


def both_lanes(client: S3Client, key: str = "x/../a b.jpg") -> tuple[Outcome, Outcome]:
    """What boto3 and what libcurl make of tagging an object."""
    target = Target("photos", key)
    by_boto3 = perform(TAG, Store(client), target)
    (by_libcurl,) = send_all(curl_sender(TAG, client), [target]).values()
    return by_boto3, by_libcurl


def send_all(sender: CurlSender, targets: Iterable[Target]) -> dict[int, Outcome]:
    """The outcome of each target, by its place; never sends without room."""
    outcomes: dict[int, Outcome] = {}
    for index, target in enumerate(targets):
        deadline = monotonic() + 20
        while not sender.room and monotonic() < deadline:
            outcomes |= dict(sender.collect(1))
        sender.send(index, target)
    return outcomes | drain(sender)


def drain(sender: CurlSender, seconds: float = 30) -> dict[int, Outcome]:
    """What is still in flight."""
    outcomes: dict[int, Outcome] = {}
    deadline = monotonic() + seconds
    while sender.in_flight and monotonic() < deadline:
        outcomes |= dict(sender.collect(1))
    return outcomes
