"""What boto3 would send: its prepared, signed request, caught just before the network."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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


class _Caught(Exception):
    """Ends a call once its request is known."""


def capture(client: S3Client, call: str, arguments: Mapping[str, Any]) -> Prepared:
    """The request of `client.<call>(**arguments)`, which is not sent.

    Raises NotOneRequest, and what boto3 raises before it sends: ParamValidationError,
    NoCredentialsError and so on.
    """
    caught: list[tuple[str, AWSPreparedRequest]] = []
    thread = threading.get_ident()

    def catch(request: AWSPreparedRequest, event_name: str, **_: Any) -> None:
        if threading.get_ident() == thread:
            caught.append((event_name, request))
            raise _Caught

    events = client.meta.events
    event = f"before-send.{client.meta.service_model.service_id.hyphenize()}"
    events.register_first(event, catch)
    try:
        with contextlib.suppress(_Caught):
            getattr(client, call)(**arguments)
    finally:
        events.unregister(event, catch)
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
