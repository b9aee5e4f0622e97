"""HTTP without a network: requests go through gunicorn's own parser straight into Django, so that
hundreds of cases are quick and each is what a server would have seen. Signatures are botocore's.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from xml.etree import ElementTree

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.config import Config
from botocore.credentials import Credentials
from django.conf import settings
from django.test import Client
from gunicorn.config import Config as ServerConfig
from gunicorn.http import wsgi
from gunicorn.http.parser import RequestParser

from tests import boto

HOST = "127.0.0.1:8000"
ENDPOINT = "http://batch.example.test:8443"
"""boto3 puts the account in front of the host; Django knows neither name."""
JOBS = "/v20180820/jobs"
NAMESPACE = "http://awss3control.amazonaws.com/doc/2018-08-20/"
SERVER = ServerConfig()
PEER = ("127.0.0.1", 50000)


class Key(NamedTuple):
    """An access key, and the account of its user."""

    access_key_id: str
    secret: str
    account_id: str


@dataclass(frozen=True)
class Raw:
    """A request as it goes over the wire."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str:
        """The value of the only header of that name."""
        (value,) = (value for known, value in self.headers if known.lower() == name.lower())
        return value

    def having(self, name: str, value: str) -> Raw:
        """The same with that header, in place of others of its name."""
        return self.lacking(name).adding(name, value)

    def adding(self, name: str, value: str) -> Raw:
        """The same with one more header."""
        return replace(self, headers=(*self.headers, (name, value)))

    def lacking(self, name: str) -> Raw:
        """The same without the headers of that name."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=kept)

    def written(self) -> bytes:
        """The bytes."""
        lines = [f"{self.method} {self.target} HTTP/1.1", *map(": ".join, self.headers)]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def root(self) -> ElementTree.Element:
        """The body as XML."""
        return ElementTree.fromstring(self.body)

    @property
    def code(self) -> str:
        """The code of an error; empty for none."""
        return self.root.findtext("{*}Error/{*}Code") or "" if self.status >= 400 else ""

    @property
    def told(self) -> tuple[int, str]:
        """Status and code: how an error is compared."""
        return self.status, self.code


class Signer(S3SigV4Auth):
    """botocore's signer, with what only a liar would want: another time, headers left out."""

    def __init__(
        self, key: Key, service: str, region: str, at: datetime, unsigned: frozenset[str]
    ) -> None:
        super().__init__(Credentials(key.access_key_id, key.secret), service, region)
        self._at, self._unsigned = at, unsigned

    def headers_to_sign(self, request: AWSRequest) -> Any:
        chosen = super().headers_to_sign(request)
        for name in self._unsigned:
            del chosen[name]
        return chosen

    def add_auth(self, request: AWSRequest) -> None:
        """As botocore does, at a time of our choice; a payload hash that is given stays."""
        request.context["timestamp"] = self._at.strftime("%Y%m%dT%H%M%SZ")
        given = request.headers.get("X-Amz-Content-SHA256")
        self._modify_request_before_signing(request)
        if given is not None:
            request.headers.replace_header("X-Amz-Content-SHA256", given)
        text = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(text, request))


def sign(
    raw: Raw,
    key: Key,
    *,
    region: str = "us-east-1",
    service: str = "s3",
    at: datetime | None = None,
    unsigned: tuple[str, ...] = (),
) -> Raw:
    """The request with the signature that botocore makes for it."""
    if not any(name.lower() == "host" for name, _ in raw.headers):
        raw = raw.adding("Host", HOST)
    if not any(name.lower() == "x-amz-account-id" for name, _ in raw.headers):
        raw = raw.adding("x-amz-account-id", key.account_id)
    request = AWSRequest(raw.method, f"http://{raw.header('host')}{raw.target}", data=raw.body)
    for name, value in raw.headers:
        request.headers[name] = value
    Signer(key, service, region, at or datetime.now(UTC), frozenset(unsigned)).add_auth(request)
    signed = replace(raw, headers=tuple(request.headers.items()))
    return signed.having("Content-Length", str(len(raw.body)))


class Silent:
    """The socket that gunicorn would answer "100 Continue" on."""

    def send(self, _: bytes) -> None: ...


def send(raw: Raw) -> Reply:
    """Let gunicorn parse the request and Django answer it."""
    parsed = next(RequestParser(SERVER, iter([raw.written()]), PEER))
    _, environ = wsgi.create(parsed, Silent(), PEER, ("127.0.0.1", 8000), SERVER)
    response = Client(enforce_csrf_checks=True).request(**environ)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(response.status_code, headers, b"".join(response))


def call(key: Key, method: str, target: str, body: bytes | str = b"", **how: Any) -> Reply:
    """Sign and send."""
    content = body.encode() if isinstance(body, str) else body
    return send(sign(Raw(method, target, body=content), key, **how))


# ---- boto3


class Content(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.read()


def deliver(request: AWSPreparedRequest, **_: object) -> AWSResponse:
    """In place of the network: botocore takes what a `before-send` handler returns."""
    parts = urlsplit(request.url)
    raw = Raw(
        request.method,
        f"{parts.path}?{parts.query}" if parts.query else parts.path,
        (
            ("Host", parts.netloc),
            *((name, _text(value)) for name, value in request.headers.items()),
        ),
        bytes(request.body or b""),
    )
    reply = send(raw)
    return AWSResponse(request.url, reply.status, reply.headers, Content(reply.body))


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def client_of(
    key: Key, *, region: str = "us-east-1", endpoint: str = ENDPOINT, lax: bool = False
) -> Any:
    """A boto3 client that talks to Lading; a lax one lets bad values through to the server."""
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=not lax)
    client = boto.client(
        "s3control",
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret,
        config=config,
    )
    client.meta.events.register("before-send.s3-control", deliver)
    return client


def account() -> str:
    """The account of the installation."""
    return str(settings.LADING_ACCOUNT_ID)
