"""A bucket in memory that answers listings as S3 does, or as a store does that is not quite S3's
like: behind boto3's own client, without a network.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qsl, quote_plus, urlsplit
from xml.sax.saxutils import escape

from botocore.awsrequest import AWSResponse
from botocore.config import Config

from jobs.generator import ManifestGenerator
from jobs.manifests.listing import ListingReader
from jobs.manifests.rows import target_of
from tests import boto

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


NAMES = ("lister-", "asker-")


class Thing(NamedTuple):
    """A version, or a delete marker; the latest version of a key comes first."""

    key: str
    version_id: str = "null"
    is_marker: bool = False
    size: int = 1
    modified: str = "2024-01-02T03:04:05.000Z"
    storage_class: str = "STANDARD"


class Body(BytesIO):
    """A body as urllib3 gives it."""

    def stream(self, **_: object) -> list[bytes]:
        return [self.read()]


def in_bytes(key: str) -> Any:
    return key


def by_component(key: str) -> Any:
    """As SeaweedFS orders keys."""
    return key.split("/")


class FakeBucket:
    """Answers listings and HEADs; a test may break it.

    `refuse(call_number, arguments)` gives a status and a code where a request is to be refused;
    `ignores` names query arguments that the store does not know; `seconds` is how long it takes.
    """

    def __init__(
        self,
        things: Iterable[Thing | str],
        *,
        order: Callable[[str], Any] = in_bytes,
        server: str = "",
        seconds: float = 0.0,
    ) -> None:
        given = [Thing(one) if isinstance(one, str) else one for one in things]
        self.order = order
        self.things = sorted(given, key=lambda thing: order(thing.key))
        self.places = [order(thing.key) for thing in self.things]
        self.server, self.seconds = server, seconds
        self.ignores: set[str] = set()
        self.refuse: Callable[[int, dict[str, str]], tuple[int, str] | None] = lambda *_: None
        self.heads: Callable[[str], tuple[int, dict[str, str]]] = lambda _: (200, {})
        self.asked: list[dict[str, str]] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = Lock()

    @property
    def probes(self) -> int:
        """Listings of one entry."""
        return sum(arguments.get("max-keys") == "1" for arguments in self.asked)

    def client(self) -> S3Client:
        s3 = boto.client(
            "s3",
            region_name="us-east-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )
        s3.meta.events.register_first("before-send.s3", self.answer)
        return s3

    def answer(self, request: Any, **_: object) -> AWSResponse:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        time.sleep(self.seconds)
        with self._lock:
            self._at_once -= 1
        address = urlsplit(request.url)
        arguments = dict(parse_qsl(address.query, keep_blank_values=True))
        arguments["method"] = request.method
        if owner := request.headers.get("x-amz-expected-bucket-owner"):
            arguments["owner"] = owner.decode()
        with self._lock:
            self.asked.append(arguments)
            number = len(self.asked)
        if refused := self.refuse(number, arguments):
            status, code = refused
            text = f"<Error><Code>{code}</Code><Message>No.</Message></Error>"
            return self.reply(request, status, {}, text)
        if request.method == "HEAD":
            status, headers = self.heads(address.path)
            return self.reply(request, status, headers, "")
        return self.reply(request, 200, {}, self.listing(arguments))

    def reply(self, request: Any, status: int, headers: dict[str, str], text: str) -> AWSResponse:
        body = Body(text.encode())
        return AWSResponse(request.url, status, {"server": self.server, **headers}, body)

    def listing(self, arguments: dict[str, str]) -> str:
        known = {name: arguments[name] for name in arguments.keys() - self.ignores}
        is_versions = "versions" in known
        most = int(known.get("max-keys", "1000"))
        prefix = known.get("prefix", "")
        found: list[Thing] = []
        for thing in self.things[self.place(known, is_versions=is_versions) :]:
            if thing.key.startswith(prefix) and (is_versions or not thing.is_marker):
                found.append(thing)
                if len(found) > most:
                    break
        page, more = found[:most], found[most:]
        return written(page, is_versions=is_versions, is_truncated=bool(more))

    def place(self, known: dict[str, str], *, is_versions: bool) -> int:
        after = known.get("key-marker" if is_versions else "start-after", "")
        if not after:
            return 0
        version = known.get("version-id-marker")
        place = bisect_right(self.places, self.order(after))
        if version:
            begin = place
            while begin and self.things[begin - 1].key == after:
                begin -= 1
            ids = [thing.version_id for thing in self.things[begin:place]]
            place = begin + ids.index(version) + 1 if version in ids else place
        return place


def written(page: list[Thing], *, is_versions: bool, is_truncated: bool) -> str:
    """The reply's text."""
    root = "ListVersionsResult" if is_versions else "ListBucketResult"
    ends = ""
    if is_truncated and is_versions:
        ends = f"<NextKeyMarker>{quote_plus(page[-1].key)}</NextKeyMarker>"
        ends += f"<NextVersionIdMarker>{page[-1].version_id}</NextVersionIdMarker>"
    return (
        f'<{root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>photos</Name>'
        f"<EncodingType>url</EncodingType><IsTruncated>{str(is_truncated).lower()}</IsTruncated>"
        f"{ends}{''.join(element(thing, is_versions=is_versions) for thing in page)}</{root}>"
    )


def element(thing: Thing, *, is_versions: bool) -> str:
    name = "Contents"
    if is_versions:
        name = "DeleteMarker" if thing.is_marker else "Version"
    version = f"<VersionId>{thing.version_id}</VersionId>" if is_versions else ""
    rest = ""
    if not thing.is_marker:
        rest = f"<Size>{thing.size}</Size><StorageClass>{thing.storage_class}</StorageClass>"
    return (
        f"<{name}><Key>{escape(quote_plus(thing.key))}</Key>{version}"
        f"<LastModified>{thing.modified}</LastModified>{rest}</{name}>"
    )


def generator(**values: Any) -> ManifestGenerator:
    """A generator for the bucket photos: generator(Filter={…})."""
    least = {"SourceBucket": "arn:aws:s3:::photos", "EnableManifestOutput": False}
    return ManifestGenerator.parse({**least, **values})


def reader_of(s3: S3Client, given: ManifestGenerator | None = None, **values: Any) -> ListingReader:
    """A reader from the beginning, or from `checkpoint`."""
    chosen = {"versions": False, "checkpoint": {}, **values}
    return ListingReader(s3, given or generator(), **chosen)


def rows_of(reader: ListingReader, most: int = 10_000) -> list[bytes]:
    """All rows, to the end."""
    rows: list[bytes] = []
    while not reader.ended:
        rows += reader.take(most)
    return rows


def keys_of(rows: list[bytes]) -> list[str]:
    """The keys of rows, decoded, in order."""
    return sorted(target_of(row).key for row in rows)


def threads_of_readers() -> list[str]:
    """The threads that readers have left, after a moment."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        alive = [one.name for one in threading.enumerate() if one.name.startswith(NAMES)]
        if not alive:
            break
        time.sleep(0.01)
    return alive
