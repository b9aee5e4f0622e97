"""Stores to operate on: one in memory, and one that answers whatever a test says."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from moto import mock_aws

from operations.base import Store
from tests import boto
from tests.operations.certificates import LOOPBACK, Authority
from tests.operations.http_store import HttpStore, reply
from tests.operations.played_store import PlayedStore, play

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Put = Callable[..., str]
AnsweringStore = Callable[..., Store]


def make_client() -> S3Client:
    return boto.client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="AKIATESTSONLY",
        aws_secret_access_key="tests-only",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
def s3() -> Iterator[S3Client]:
    """A store in memory with the buckets photos and archive; versions, which keeps versions; and
    locked, which has Object Lock."""
    with mock_aws():
        client = make_client()
        for bucket in ("photos", "archive", "versions"):
            client.create_bucket(Bucket=bucket)
        client.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
        client.put_bucket_versioning(
            Bucket="versions", VersioningConfiguration={"Status": "Enabled"}
        )
        yield client


@pytest.fixture
def store(s3: S3Client) -> Store:
    return Store(s3)


@pytest.fixture
def put(s3: S3Client) -> Put:
    """Put an object, and get its version id: put("a.jpg", bucket="versions", Tagging="a=1")."""

    def put_object(key: str, *, bucket: str = "photos", body: bytes = b"x", **more: Any) -> str:
        return s3.put_object(Bucket=bucket, Key=key, Body=body, **more).get("VersionId", "")

    return put_object


@pytest.fixture
def answering_store() -> AnsweringStore:
    """A store that gives every request one answer, or raises one error.

    Its `s3.sent` holds the requests: answering_store(503, "<Error>…</Error>", {"x-amz-id-2": "x"}).
    """

    def make(
        status: int = 200,
        body: str = "",
        headers: dict[str, str] | None = None,
        *,
        error: Exception | None = None,
    ) -> Store:
        client = make_client()
        client.sent = []

        def answer(request: Any, **_: Any) -> AWSResponse:
            client.sent.append(request)
            if error:
                raise error
            return AWSResponse(request.url, status, headers or {}, Raw(body.encode()))

        client.meta.events.register("before-send.s3", answer)
        return Store(client)

    return make


@pytest.fixture
def played() -> Iterator[PlayedStore]:
    """A store on a socket: played.says(200).store takes requests, played.asked has them."""
    with play() as store:
        yield store


class Raw(io.BytesIO):
    """A body as urllib3 gives it."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()


# ---- networks


FROM_OUTSIDE = [
    *("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "no_proxy", "ALL_PROXY", "all_proxy"),
]


@pytest.fixture(autouse=True)
def _no_proxy_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine says of proxies and authorities is no part of a test."""
    for name in FROM_OUTSIDE:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A private certificate authority."""
    return Authority(tmp_path)


@pytest.fixture
def tls_store(authority: Authority) -> Iterator[HttpStore]:
    """A store with a certificate of that authority."""
    with HttpStore(tls=authority.server_for(LOOPBACK)) as store:
        yield store


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What `slow_store` waits for before it answers."""
    opened = threading.Event()
    yield opened
    opened.set()


@pytest.fixture
def slow_store(gate: threading.Event) -> Iterator[HttpStore]:
    """A store that answers once the gate is open."""
    with HttpStore(lambda _: [gate, reply()]) as store:
        yield store
