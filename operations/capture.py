"""What boto3 would send: its prepared, signed request, caught just before the network."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operations.client_events import CAUGHT, Caught, catch

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request as boto3 prepared it; header names are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class NotOneRequest(Exception):
    """The call does not begin with its own request: S3 Express asks for a session first."""


def capture(client: S3Client, call: str, arguments: Mapping[str, Any]) -> Prepared:
    """The request of `client.<call>(**arguments)`, which is not sent.

    Raises NotOneRequest, and what boto3 raises before it sends: ParamValidationError,
    NoCredentialsError and so on.
    """
    client.meta.events.register_first("before-send.s3", catch, unique_id="capture")
    caught: list[tuple[str, AWSPreparedRequest]] = []
    CAUGHT.requests = caught
    try:
        with contextlib.suppress(Caught):
            getattr(client, call)(**arguments)
    finally:
        del CAUGHT.requests
    if not caught:
        raise NotOneRequest(f"{call} is not one request.")
    (said, request), *_ = caught
    if said.rpartition(".")[2] != client.meta.method_to_api_mapping[call]:
        raise NotOneRequest(f"{call} begins with {said.rpartition('.')[2]}.")
    return _prepared(request)


def _prepared(request: AWSPreparedRequest) -> Prepared:
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    body: Any = request.body
    if hasattr(body, "read"):
        body.seek(0)
        body = body.read()
    return Prepared(str(request.method), request.url, headers, _bytes(body))


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _bytes(body: str | bytes | bytearray | None) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body or b"")
