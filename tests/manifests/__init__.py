"""From the bytes of a manifest to canonical rows and targets."""

from __future__ import annotations

import gzip
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from jobs.manifests import look, open_source
from jobs.models import Manifest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_s3 import S3Client

    from jobs.manifests import ObjectSource

ROWS = b"photos,a.jpg\nphotos,b.jpg\n"


def gz(content: bytes, level: int = 9) -> bytes:
    """Packed with gzip, the same bytes at any time: they are part of the names of tests."""
    return gzip.compress(content, level, mtime=0)


class Bytes:
    """A source in memory that remembers what was asked of it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.size = len(content)
        self.reads: list[tuple[int, int]] = []

    def read(self, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        return self.content[offset : offset + length]


def manifest(**values: Any) -> Any:
    """What a manifest in S3 looks like before it is pinned."""
    defaults = {"bucket": "manifests", "key": "list.csv", "version_id": "", "etag": ""}
    return SimpleNamespace(**{**defaults, "size": None, "upload": "", **values})


def peek(source: Any, fields: Sequence[str]) -> None:
    """A look at the beginning of a CSV."""
    look(Manifest(fields=list(fields)), source)


def put(s3: S3Client, content: bytes = ROWS) -> str:
    """Put the manifest there; its ETag as the store writes it, in quotes."""
    return s3.put_object(Bucket="manifests", Key="list.csv", Body=content)["ETag"]


def pinned(s3: S3Client, **values: Any) -> ObjectSource:
    """The object as it is now."""
    return open_source(manifest(**values), s3, None)  # type: ignore[arg-type, return-value]


def refusal(code: str, status: int) -> ClientError:
    """The store's error reply."""
    reply = {
        "Error": {"Code": code, "Message": "AKIAEXAMPLE"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(reply, "GetObject")  # type: ignore[arg-type]


class Refusing:
    """A store that tells its reason only where a reply has a body: not to a HEAD."""

    def __init__(self, code: str, status: int) -> None:
        self.code, self.status = code, status

    def head_object(self, **address: str) -> None:
        raise refusal(str(self.status), self.status)

    def get_object(self, **address: str) -> None:
        raise refusal(self.code, self.status)
