"""What the chaos store keeps, and the S3 that it speaks: what jobs, probes and reports ask."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from urllib.parse import unquote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tests.chaos.wire import Request, error, reply, xml

SPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
Tags = list[tuple[str, str]]
Place = tuple[str, str]


@dataclass
class Effect:
    """One time that a task's side effect was applied. `answered`: the whole answer was sent."""

    at: float
    answered: bool = False


@dataclass
class Stored:
    """An object."""

    body: bytes
    tags: Tags = field(default_factory=list)
    kind: str = "binary/octet-stream"
    written_at: float = field(default_factory=time.time)

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.body, usedforsecurity=False).hexdigest()}"'

    @property
    def headers(self) -> dict[str, str]:
        """What a GET or HEAD tells of it."""
        return {
            "ETag": self.etag,
            "Content-Type": self.kind,
            "Last-Modified": formatdate(self.written_at, usegmt=True),
            "Date": formatdate(usegmt=True),
            "Accept-Ranges": "bytes",
        }


class Objects:
    """All objects in memory. `answer` performs a request and notes the effects of tasks."""

    def __init__(self, *buckets: str) -> None:
        self.buckets: dict[str, dict[str, Stored]] = {name: {} for name in buckets}
        self.effects: dict[Place, list[Effect]] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.unknown: list[str] = []

    def answer(self, asked: Request) -> tuple[bytes, Effect | None]:
        """The reply, and the effect of a task where the request had one."""
        if asked.bucket not in self.buckets:
            return error(404, "NoSuchBucket"), None
        if not asked.key:
            return self._of_bucket(asked), None
        known: dict[str, Callable[[Request], tuple[bytes, Effect | None]]] = {
            "GET tagging": self._tags_of,
            "PUT tagging": self._tag,
            "DELETE tagging": self._untag,
            "POST uploads": self._begin_upload,
            "PUT partNumber": self._put_part,
            "POST uploadId": self._complete,
            "DELETE uploadId": self._abort,
            "HEAD": self._get,
            "GET": self._get,
            "PUT": self._copy if "x-amz-copy-source" in asked.headers else self._put,
            "DELETE": self._delete,
        }
        ignored = {"x-id", "versionId", "response-content-type"}
        about = sorted(set(asked.query) - ignored)
        named = f"{asked.method} {about[0]}" if about else asked.method
        if named not in known:
            return self._not_known(named), None
        return known[named](asked)

    def _not_known(self, named: str) -> bytes:
        self.unknown.append(named)
        return error(501, "NotImplemented")

    def _of_bucket(self, asked: Request) -> bytes:
        if asked.method == "HEAD":
            return reply(200, length=0)
        if "versions" in asked.query:  # as stores answer that keep none
            return error(501, "NotImplemented")
        if "object-lock" in asked.query:
            return error(404, "ObjectLockConfigurationNotFoundError")
        if asked.method == "GET" and "list-type" in asked.query:
            return self._list(asked)
        return self._not_known(f"{asked.method} bucket {sorted(asked.query)}")

    def _list(self, asked: Request) -> bytes:
        prefix, most = asked.query.get("prefix", ""), int(asked.query.get("max-keys", 1000))
        keys = sorted(key for key in self.buckets[asked.bucket] if key.startswith(prefix))[:most]
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>"
            f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(stored.written_at))}"
            f"</LastModified><Size>{len(stored.body)}</Size></Contents>"
            for key, stored in ((key, self.buckets[asked.bucket][key]) for key in keys)
        )
        return xml(f'<ListBucketResult xmlns="{SPACE}">{rows}</ListBucketResult>')

    def _find(self, asked: Request) -> Stored | None:
        return self.buckets[asked.bucket].get(asked.key)

    def _applied(self, bucket: str, key: str) -> Effect:
        effect = Effect(time.monotonic())
        self.effects.setdefault((bucket, key), []).append(effect)
        return effect

    # ---- tags

    def _tags_of(self, asked: Request) -> tuple[bytes, None]:
        if (stored := self._find(asked)) is None:
            return error(404, "NoSuchKey"), None
        rows = "".join(
            f"<Tag><Key>{escape(key)}</Key><Value>{escape(value)}</Value></Tag>"
            for key, value in stored.tags
        )
        return xml(f'<Tagging xmlns="{SPACE}"><TagSet>{rows}</TagSet></Tagging>'), None

    def _tag(self, asked: Request) -> tuple[bytes, Effect | None]:
        if (stored := self._find(asked)) is None:
            return error(404, "NoSuchKey"), None
        stored.tags = [
            (tag.findtext(f"{{{SPACE}}}Key", ""), tag.findtext(f"{{{SPACE}}}Value", ""))
            for tag in ElementTree.fromstring(asked.body).iter(f"{{{SPACE}}}Tag")
        ]
        return reply(200), self._applied(asked.bucket, asked.key)

    def _untag(self, asked: Request) -> tuple[bytes, Effect | None]:
        if (stored := self._find(asked)) is None:
            return error(404, "NoSuchKey"), None
        stored.tags = []
        return reply(204), self._applied(asked.bucket, asked.key)

    # ---- objects

    def _get(self, asked: Request) -> tuple[bytes, None]:
        if (stored := self._find(asked)) is None:
            return (reply(404) if asked.method == "HEAD" else error(404, "NoSuchKey")), None
        if asked.headers.get("if-match", stored.etag) != stored.etag:
            return error(412, "PreconditionFailed"), None
        if asked.method == "HEAD":
            return reply(200, headers=stored.headers, length=len(stored.body)), None
        wanted = asked.headers.get("range", "").removeprefix("bytes=")
        if not wanted:
            return reply(200, stored.body, stored.headers), None
        first, _, last = wanted.partition("-")
        start, size = int(first), len(stored.body)
        end = min(int(last or size - 1), size - 1)
        about = {**stored.headers, "Content-Range": f"bytes {start}-{end}/{size}"}
        return reply(206, stored.body[start : end + 1], about), None

    def _put(self, asked: Request) -> tuple[bytes, None]:
        stored = Stored(asked.body, kind=asked.headers.get("content-type", "binary/octet-stream"))
        self.buckets[asked.bucket][asked.key] = stored
        return reply(200, headers={"ETag": stored.etag, "Date": formatdate(usegmt=True)}), None

    def _copy(self, asked: Request) -> tuple[bytes, Effect | None]:
        source = unquote(asked.headers["x-amz-copy-source"].partition("?")[0]).removeprefix("/")
        bucket, _, key = source.partition("/")
        if (found := self.buckets.get(bucket, {}).get(key)) is None:
            return error(404, "NoSuchKey"), None
        copied = Stored(found.body, list(found.tags), found.kind)
        self.buckets[asked.bucket][asked.key] = copied
        told = (
            f'<CopyObjectResult xmlns="{SPACE}"><LastModified>2026-01-01T00:00:00.000Z'
            f"</LastModified><ETag>{escape(copied.etag)}</ETag></CopyObjectResult>"
        )
        return xml(told), self._applied(asked.bucket, asked.key)

    def _delete(self, asked: Request) -> tuple[bytes, None]:
        self.buckets[asked.bucket].pop(asked.key, None)
        return reply(204), None

    # ---- uploads in parts

    def _begin_upload(self, asked: Request) -> tuple[bytes, None]:
        name = f"upload-{len(self.uploads)}"
        self.uploads[name] = {}
        told = (
            f'<InitiateMultipartUploadResult xmlns="{SPACE}"><Bucket>{asked.bucket}</Bucket>'
            f"<Key>{escape(asked.key)}</Key><UploadId>{name}</UploadId>"
            "</InitiateMultipartUploadResult>"
        )
        return xml(told), None

    def _put_part(self, asked: Request) -> tuple[bytes, None]:
        if asked.query["uploadId"] not in self.uploads:
            return error(404, "NoSuchUpload"), None
        self.uploads[asked.query["uploadId"]][int(asked.query["partNumber"])] = asked.body
        return reply(200, headers={"ETag": Stored(asked.body).etag}), None

    def _complete(self, asked: Request) -> tuple[bytes, None]:
        parts = self.uploads.get(asked.query["uploadId"])
        if parts is None:
            return error(404, "NoSuchUpload"), None
        stored = Stored(b"".join(parts[number] for number in sorted(parts)))
        self.buckets[asked.bucket][asked.key] = stored
        told = (
            f'<CompleteMultipartUploadResult xmlns="{SPACE}"><ETag>{escape(stored.etag)}</ETag>'
            "</CompleteMultipartUploadResult>"
        )
        return xml(told), None

    def _abort(self, asked: Request) -> tuple[bytes, None]:
        self.uploads.pop(asked.query["uploadId"], None)
        return reply(204), None
