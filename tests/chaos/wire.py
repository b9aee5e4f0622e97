"""HTTP as the chaos store needs it: a request read from a stream, a reply as bytes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
NO_BODY = (204, 304)


@dataclass
class Request:
    """A request as it came; header names are in lower case."""

    method: str
    bucket: str
    key: str
    query: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    """The next request of a connection; None where the client has hung up."""
    first = (await reader.readline()).decode("latin-1").split()
    if len(first) != 3:
        return None
    headers = {}
    while line := (await reader.readline()).decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(CONTINUE)
    body = await _body(reader, headers)
    target = urlsplit(first[1])
    bucket, _, key = target.path.removeprefix("/").partition("/")
    query = dict(parse_qsl(target.query, keep_blank_values=True))
    return Request(first[0], unquote(bucket), unquote(key), query, headers, body)


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return unframed(body) if "aws-chunked" in headers.get("content-encoding", "") else body


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    while (await reader.readline()).strip():
        pass
    return body


def unframed(framed: bytes) -> bytes:
    """The content of an `aws-chunked` body, without its chunk headers and trailers."""
    body, at = b"", 0
    while True:
        end = framed.index(b"\r\n", at)
        size = int(framed[at:end].split(b";")[0], 16)
        if not size:
            return body
        body += framed[end + 2 : end + 2 + size]
        at = end + 2 + size + 2


def reply(
    status: int = 200, body: bytes = b"", headers: dict[str, str] | None = None, length: int = -1
) -> bytes:
    """A whole reply; `length` for the answer to a HEAD, which has no body."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", "Server: LadingChaos"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if status not in NO_BODY:
        lines.append(f"Content-Length: {len(body) if length < 0 else length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def xml(text: str, status: int = 200) -> bytes:
    """A reply with a document."""
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
    return reply(status, document, {"Content-Type": "application/xml"})


def error(status: int, code: str, message: str = "The chaos suite says no.") -> bytes:
    """A refusal as S3 words it."""
    return xml(f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>", status)
