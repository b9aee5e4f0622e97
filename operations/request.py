"""A boto3 call compiled once into a template, and stamped per object (design decision 11).

boto3 takes over a millisecond for a request: serialising, endpoint rules, checksums, signing. Here
it prepares one request for a sentinel key with the network cut off. What differs from object to
object is then only the key, the version, the date and the signature, so a stamp costs some
microseconds. `prove` compares stamps with boto3's own requests for hostile keys; where they are not
equal, or the request cannot be compiled, the caller goes on with boto3 itself.
"""

from __future__ import annotations

import hashlib
import re
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from botocore.exceptions import BotoCoreError

from operations.base import Operation, Store, Target
from operations.capture import NotOneRequest, Prepared, capture
from operations.gate import Refused, host_of
from operations.signing import Scope, Signer
from operations.slots import Slots

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

KEY = "0123456789LadingKey9876543210"
VERSION = "0123456789LadingVersion9876543210"
PLAIN = re.compile(r"[A-Za-z0-9/._~-]*", re.ASCII)
"""A key that stands in a URL as it is."""
SENDABLE = re.compile(r"[\x21-\x7e]+", re.ASCII)
"""A version id that may stand in a header."""
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<id>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)"
    r"/aws4_request, SignedHeaders=(?P<signed>[a-z0-9;-]+), Signature=[0-9a-f]{64}"
)
NOT_SENT = {"user-agent", "authorization", "x-amz-date", "content-length", "expect"}
"""Headers of the sample that are not copied: libcurl or the stamp make them, or nobody needs them.
"""
CREDENTIALS_SECONDS = 5
"""How often credentials are looked at, which may be refreshed."""
Stamp = tuple[str, list[str]]
"""A URL, and the header lines."""


class CannotCompile(Exception):
    """The call's request cannot be made from a template; boto3 has to make each of them."""


class RequestTemplate:
    """The requests of an operation on the objects of a bucket.

    `versions` tells whether targets have version ids. Raises CannotCompile. `offset` is what the
    store's clock is ahead, in seconds.
    """

    def __init__(self, operation: Operation, store: Store, bucket: str, *, versions: bool) -> None:
        if not operation.call:
            raise CannotCompile(f"{operation.name} is more than one request.")
        self.operation, self.store, self.bucket = operation, store, bucket
        self.versions = versions
        self.offset = 0.0
        self._compile()

    def renew(self) -> None:
        """Ask boto3 for the request again: it may have learnt where the bucket is."""
        self._compile()

    def _compile(self) -> None:
        version = VERSION if self.versions else None
        sample = self.capture(Target(self.bucket, KEY, version))
        if KEY.encode() in sample.body or VERSION.encode() in sample.body:
            raise CannotCompile("The key is in the body of the request.")
        self.method, self.body = sample.method, sample.body
        self._credentials = self._current_credentials()
        self._signer = self._signer_of(sample)
        self._checked_at = 0
        self._slot_headers(sample)
        self._slot_url(sample)

    def capture(self, target: Target) -> Prepared:
        """boto3's own request for a target. Raises CannotCompile where it makes none, and Refused
        where the gate lets none pass.
        """
        try:
            return capture(self.store.s3, self.operation.call, self.operation.request(target))
        except Refused:
            raise
        except (BotoCoreError, NotOneRequest) as error:
            raise CannotCompile(f"boto3 prepares no request: {error}") from error

    def _current_credentials(self) -> ReadOnlyCredentials:
        signer = self.store.s3._request_signer  # type: ignore[attr-defined]
        if signer._credentials is None:
            raise CannotCompile("The store is used without credentials.")
        frozen: ReadOnlyCredentials = signer._credentials.get_frozen_credentials()
        return frozen

    def _signer_of(self, sample: Prepared) -> Signer:
        signed = AUTHORIZATION.fullmatch(sample.headers.get("authorization", ""))
        if not signed or signed["id"] != self._credentials.access_key:
            raise CannotCompile("The request is not signed with Signature Version 4.")
        self._signed_headers = signed["signed"]
        return Signer(
            Scope(
                access_key_id=signed["id"],
                secret_access_key=self._credentials.secret_key or "",
                region=signed["region"],
                service=signed["service"],
                signed_headers=signed["signed"],
            )
        )

    def _slot_headers(self, sample: Prepared) -> None:
        """The header lines: those that are the same for all objects, and those that vary."""
        sentinels = {KEY: "key", VERSION: "version"}
        self._fixed: list[str] = []
        self._varying: list[tuple[str, Slots]] = []
        for name, value in sample.headers.items():
            if name in NOT_SENT or name.startswith("amz-sdk-"):
                continue
            slots = Slots(value, sentinels)
            if slots.varies:
                self._varying.append((name, slots))
            else:
                # libcurl takes "name:" as an order to leave the header out.
                self._fixed.append(f"{name}: {value}" if value else f"{name};")

    def _slot_url(self, sample: Prepared) -> None:
        """The URL, and the canonical request: both with places for key and version."""
        sentinels = {KEY: "key", VERSION: "url_version"}
        parts = urlsplit(sample.url)
        query = "&".join(
            sorted(pair if "=" in pair else f"{pair}=" for pair in parts.query.split("&") if pair)
        )
        values = {**sample.headers, "host": _host(parts.netloc, parts.scheme)}
        payload = values.get("x-amz-content-sha256") or hashlib.sha256(self.body).hexdigest()
        lines = []
        for name in self._signed_headers.split(";"):
            value = "\0date" if name == "x-amz-date" else " ".join(values[name].split())
            lines.append(f"{name}:{value}\n")
        head = f"{self.method}\n{parts.path}\n{query}\n"
        tail = "".join(lines) + f"\n{self._signed_headers}\n{payload}"
        self.host = host_of(sample.url)
        self._url = Slots(sample.url, sentinels)
        self._canonical_head = Slots(head, sentinels)
        self._canonical_tail = Slots(tail, {KEY: "key", VERSION: "version", "\0date": "date"})

    def stamp(self, target: Target, second: int | None = None) -> Stamp:
        """The URL and the header lines of the request for a target, signed now, or at a second
        since the epoch.
        """
        now = int(time.time() + self.offset) if second is None else second
        if now != self._signer.second:
            self._roll(now)
        key, version = target.key, target.version_id or ""
        if not PLAIN.fullmatch(key):
            key = quote(key, safe="/~")
        values = {"key": key, "version": version, "date": self._signer.amz_date}
        values["url_version"] = quote(version, safe="-._~") if version else ""
        canonical = self._canonical_head.fill(values) + self._canonical_tail.fill(values)
        lines = self._dated.copy()
        lines += [f"{name}: {slots.fill(values)}" for name, slots in self._varying]
        lines.append(f"authorization: {self._signer.authorization(canonical)}")
        return self._url.fill(values), lines

    def _roll(self, second: int) -> None:
        if abs(second - self._checked_at) >= CREDENTIALS_SECONDS:
            if self._current_credentials() != self._credentials:
                self._compile()
            self._checked_at = second
        self._signer.roll(second)
        self._dated = [*self._fixed, f"x-amz-date: {self._signer.amz_date}"]

    def takes(self, target: Target) -> bool:
        """True where the template is for such a target; anything else is for boto3."""
        if target.bucket != self.bucket or (target.version_id is not None) != self.versions:
            return False
        if not target.key:  # the request would be one for the bucket
            return False
        return target.version_id is None or bool(SENDABLE.fullmatch(target.version_id))


def _host(netloc: str, scheme: str) -> str:
    """The Host header: without user and password, and without the port that is usual."""
    return netloc.rpartition("@")[2].removesuffix(":443" if scheme == "https" else ":80")
