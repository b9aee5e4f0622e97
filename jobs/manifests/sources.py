"""Where the bytes of a manifest come from: an object pinned by its ETag, or an upload.

Nothing here retries. What is expected and final, such as a manifest that is gone, is a JobFailure
(spec.md 2.5); that a store cannot be reached, or says 500 or 503, is botocore's own exception and
passes through to the caller.
"""

from __future__ import annotations

import weakref
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError, IncompleteReadError

from jobs.errors import JobFailure, SpoolDamaged
from jobs.manifests.faults import excerpt
from jobs.manifests.refusals import advised, code_of, is_forbidden, may_pass, with_code
from operations.client_events import UNREADABLE, needed

if TYPE_CHECKING:
    from django.core.files.storage import Storage
    from mypy_boto3_s3 import S3Client

    from jobs.models import Manifest

GONE = {"NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "404", "405"}
"""MethodNotAllowed is the answer for the version id of a delete marker."""
CHANGED = {"PreconditionFailed", "InvalidRange", "412", "416"}
"""The range was inside the object when it was pinned."""


class Source(Protocol):
    """The bytes of a manifest, in any order."""

    @property
    def size(self) -> int:
        """How many there are."""

    def read(self, offset: int, length: int) -> bytes:
        """Exactly these, or an exception; offset + length is never beyond the size."""


class ObjectSource:
    """An object in S3, read by range; every read makes sure that it is still the one pinned."""

    def __init__(
        self, s3: S3Client, bucket: str, key: str, version_id: str, etag: str, size: int
    ) -> None:
        self.size = size
        self._s3 = s3
        self.etag = bare(etag)
        self._address = _address(bucket, key, version_id)

    def read(self, offset: int, length: int) -> bytes:
        """The bytes of a range. Raises JobFailure, and botocore's exceptions for what may pass."""
        if length == 0:
            return b""
        stretch = f"bytes={offset}-{offset + length - 1}"
        try:
            reply = self._s3.get_object(**self._address, Range=stretch, IfMatch=f'"{self.etag}"')
        except ClientError as error:
            if code_of(error) in CHANGED:
                raise _mismatch(self._address, self.etag, self._etag_now()) from None
            raise _failure(error, self._address) from None
        # As a context manager of its own it would give the raw stream, with errors of another tree.
        with closing(reply["Body"]) as body:
            if (etag := bare(needed(reply, "ETag"))) != self.etag:
                raise _mismatch(self._address, self.etag, etag)
            # Looked at before the body: a store that ignores Range would send all of it.
            offered = needed(reply, "ContentLength")
            if offered != length:
                raise IncompleteReadError(actual_bytes=offered, expected_bytes=length)
            content: bytes = body.read()
            return content

    def _etag_now(self) -> str:
        try:
            return bare(needed(self._s3.head_object(**self._address), "ETag"))
        except UNREADABLE:
            return ""


class UploadSource:
    """A file of a Django storage, kept open."""

    def __init__(self, storage: Storage, name: str, size: int) -> None:
        self.size = size
        self._name = name
        try:
            self._file = storage.open(name, "rb")
        except FileNotFoundError:
            raise SpoolDamaged(f"The uploaded manifest {name} is missing.") from None
        # Whoever reads a manifest may stop anywhere; nobody has to remember to close it.
        self.close = weakref.finalize(self, self._file.close)

    def read(self, offset: int, length: int) -> bytes:
        """The bytes of a range. Raises SpoolDamaged where the file is shorter than it was."""
        self._file.seek(offset)
        data: bytes = self._file.read(length)
        if len(data) != length:
            found = f"{offset + len(data)} of {self.size} bytes"
            raise SpoolDamaged(f"The uploaded manifest {self._name} is short: {found}.")
        return data


def pin(manifest: Manifest, s3: S3Client) -> None:
    """Look the manifest's object up and fill in `etag` and `size`; the caller saves.

    Raises JobFailure where it cannot be read, or is not the one whose ETag was given.
    """
    found = object_source(
        s3, manifest.bucket, manifest.key, manifest.version_id, bare(manifest.etag)
    )
    manifest.etag, manifest.size = found.etag, found.size


def object_source(
    s3: S3Client,
    bucket: str,
    key: str,
    version_id: str = "",
    etag: str = "",
    *,
    what: str = "manifest",
) -> ObjectSource:
    """An object as it is now; it has to have the ETag that is given.

    Raises JobFailure, which says `what` it is.
    """
    address = _address(bucket, key, version_id)
    try:
        reply = s3.head_object(**address)
    except ClientError as error:
        raise _failure(with_code(error, s3, address), address, what) from None
    found = bare(needed(reply, "ETag"))
    if etag and etag != found:
        raise _mismatch(address, etag, found)
    return ObjectSource(s3, bucket, key, version_id, found, needed(reply, "ContentLength"))


def open_source(manifest: Manifest, s3: S3Client | None, storage: Storage) -> Source:
    """The bytes of an upload, or of an object in S3, which is pinned first where it is not yet."""
    if manifest.upload:
        return UploadSource(storage, manifest.upload, manifest.size or 0)
    if s3 is None:
        raise ValueError("A manifest in S3 needs a client.")
    if manifest.size is None or not manifest.etag:
        pin(manifest, s3)
    return ObjectSource(
        s3, manifest.bucket, manifest.key, manifest.version_id, manifest.etag, manifest.size or 0
    )


def bare(etag: str) -> str:
    """An ETag without quotes and without the mark of a weak one."""
    return etag.strip().removeprefix("W/").strip('"')


def _address(bucket: str, key: str, version_id: str) -> dict[str, Any]:
    return {"Bucket": bucket, "Key": key} | ({"VersionId": version_id} if version_id else {})


def _failure(
    error: ClientError, address: dict[str, Any], what: str = "manifest"
) -> ClientError | JobFailure:
    """The expected end that an error means, or the error itself where a later try may do better."""
    code = code_of(error)
    place = excerpt(f"s3://{address['Bucket']}/{address['Key']}", 160)
    if code == "NoSuchBucket":
        return JobFailure(
            "ManifestNotFound", f"The bucket {address['Bucket']} of the {what} does not exist."
        )
    if code in GONE:
        version = f" in version {excerpt(address['VersionId'])}" if "VersionId" in address else ""
        return JobFailure("ManifestNotFound", f"There is no {what} {place}{version}.")
    if may_pass(error):
        return error
    if is_forbidden(error):
        return JobFailure(
            "ManifestAccessDenied", f"Reading the {what} is forbidden: {advised(error)}"
        )
    return JobFailure("ManifestNotFound", f"The store refuses to give the {what} {place}: {code}.")


def _mismatch(address: dict[str, Any], wanted: str, found: str) -> JobFailure:
    name = excerpt(f"s3://{address['Bucket']}/{address['Key']}")
    now = f"it has the ETag {excerpt(found, 50)} now" if found else "it is another one now"
    text = (
        f"The manifest {name} is not the one that the job names: {now}, not {excerpt(wanted, 50)}."
    )
    return JobFailure("ManifestETagMismatch", text)
