"""Lists of objects before a job exists: kept though they may be faulty, checked, and mended."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from django.core.files import File
from pydantic import ValidationError

from jobs import manifests, stores
from jobs.answering import reaching
from jobs.database import write
from jobs.errors import InvalidRequest, JobFailure
from jobs.intake import keep_upload, named_in_s3
from jobs.manifests.checking import SECONDS, check
from jobs.manifests.findings import MENDS, Findings
from jobs.manifests.first_rows import columns_of
from jobs.manifests.mending import write_mended
from jobs.members import Rank, account_of, require, require_same_account
from jobs.models import Manifest, Role
from jobs.requests import CSV, ManifestRequest
from jobs.spool import spool
from jobs.visible import roles_of
from operations.base import fields_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from jobs.members import User

LOOK_BYTES = 1024 * 1024
"""After so many the disk is looked at again."""
EXTENSIONS = {Manifest.Format.KEY_LIST: ".txt", Manifest.Format.JSON_LINES: ".jsonl"}


def keep_list(
    user: User,
    file: File[bytes],
    *,
    filename: str,
    format: str = CSV,
    fields: Sequence[str] | None = None,
    bucket: str = "",
) -> Manifest:
    """Keep an upload, whatever is in it, to be checked. Raises InvalidRequest."""
    manifest = keep_upload(
        user, file, filename=filename, format=format, fields=fields, bucket=bucket
    )
    with write():
        manifest.save(force_insert=True)
    return manifest


def keep_in_s3(user: User, given: Mapping[str, Any], role: str) -> Manifest:
    """Remember a manifest in S3 as it is now. Raises as `list_in_s3` does."""
    manifest = list_in_s3(user, given, role)
    with write():
        manifest.save(force_insert=True)
    return manifest


def list_in_s3(user: User, given: Mapping[str, Any], role: str) -> Manifest:
    """A manifest in S3 as it is now, kept nowhere: `location`, and what ManifestRequest has beside.

    Raises InvalidRequest where it is not there or cannot be read; NotPermitted.
    """
    require(user, Rank.SUBMITTER, "Handing in a list")
    try:
        request = ManifestRequest.model_validate({**given, "id": None})
    except ValidationError as error:
        raise InvalidRequest(fields_of(error, ManifestRequest)) from None
    manifest, found = named_in_s3(user, request), role_named(user, role)
    try:
        manifests.check_fields(manifest.fields)
    except JobFailure as failure:
        raise InvalidRequest({"fields": [failure.reason]}) from None
    with reaching(found):
        try:
            manifests.pin(manifest, stores.s3_for(found, retries=1, timeout=TIMEOUT))
        except JobFailure as failure:
            raise InvalidRequest({"location": [failure.reason]}) from None
    return manifest


def check_manifest(
    user: User, manifest: Manifest, role: str = "", *, seconds: float = SECONDS
) -> Findings:
    """Read a manifest for a few seconds; one in S3 needs the name of a role. Raises
    InvalidRequest, NotPermitted.
    """
    require(user, Rank.SUBMITTER, "Checking a list")
    require_same_account(user, manifest.account_id)
    before = (manifest.fields, manifest.total_bytes)
    with _opened(user, manifest, role) as s3:
        findings = check(manifest, s3, spool.storage, seconds=seconds)
    is_kept = not manifest._state.adding
    if is_kept and (manifest.fields, manifest.total_bytes) != before:
        with write():
            manifest.save(update_fields=["fields", "total_bytes"])
    return findings


def read_list_as(
    user: User,
    manifest: Manifest,
    *,
    format: str,
    fields: Sequence[str] | None = None,
    bucket: str = "",
    role: str = "",
) -> Manifest:
    """A new manifest: the same list, read in another way. One in S3 needs the name of a role.

    Raises InvalidRequest, NotPermitted.
    """
    require(user, Rank.SUBMITTER, "Handing in a list")
    require_same_account(user, manifest.account_id)
    if manifest.upload:
        name = manifest.filename
        with spool.open(manifest.upload) as opened:
            file = File(opened)
            return keep_list(user, file, filename=name, format=format, fields=fields, bucket=bucket)
    _refuse_no_list(manifest)
    place = {"location": manifest.location, "etag": manifest.etag}
    told = {"format": format, "fields": fields, "bucket": bucket or None}
    return keep_in_s3(user, {**place, "version_id": manifest.version_id or None, **told}, role)


def mend_manifest(
    user: User, manifest: Manifest, mends: Collection[str], role: str = ""
) -> tuple[Manifest, Counter[str]]:
    """A new manifest with these of MENDS, and how often each has changed something.

    Raises InvalidRequest, also where nothing would change; NotPermitted.
    """
    require(user, Rank.SUBMITTER, "Mending a list")
    require_same_account(user, manifest.account_id)
    if unknown := sorted(set(mends) - set(MENDS)):
        told = f"There is no mend {', '.join(unknown)}; take of {', '.join(MENDS)}."
        raise InvalidRequest({"mend": [told]})
    if not mends:
        raise InvalidRequest({"mend": [f"Say what to mend: {', '.join(MENDS)}."]})
    upload = f"uploads/{uuid.uuid4()}"
    try:
        with _opened(user, manifest, role) as s3, spool.writing(upload) as out:
            summed = _Summed(out)
            changes = write_mended(manifest, s3, spool.storage, mends, summed)
            if not changes:
                raise InvalidRequest({"mend": ["There is nothing in the list that this mends."]})
    except JobFailure as failure:
        raise InvalidRequest({"mend": [failure.reason]}) from None
    mended = _mended(user, manifest)
    mended.upload, mended.size = upload, summed.size
    mended.sha256 = summed.digest.hexdigest()
    with write():
        mended.save(force_insert=True)
    return mended, changes


class _Summed:
    """A file that is being written, its bytes and their SHA-256."""

    def __init__(self, out: IO[bytes]) -> None:
        self.size, self.digest = 0, hashlib.sha256()
        self._out = out
        self._looked_at = 0

    def write(self, data: bytes) -> None:
        """Write on, as long as there is room: what is packed may hold any number of rows."""
        if self.size >= self._looked_at + LOOK_BYTES:
            self._looked_at = self.size
            try:
                spool.check_space()
            except OSError as error:
                text = f"The mended list cannot be kept: {error}."
                raise JobFailure("SpoolFailed", text) from None
        self._out.write(data)
        self.digest.update(data)
        self.size += len(data)


def _mended(user: User, manifest: Manifest) -> Manifest:
    """The row of what was written. An inventory becomes a CSV (spec.md 4.3)."""
    is_inventory = manifest.format == Manifest.Format.INVENTORY
    name = PurePosixPath(manifest.filename or manifest.key or "list")
    ending = EXTENSIONS.get(Manifest.Format(manifest.format), ".csv")
    told = "".join(c for c in name.name.removesuffix(".gz") if c.isprintable())
    stem = PurePosixPath(told).stem.removesuffix(".mended") or "list"
    return Manifest(
        account_id=account_of(user),
        created_by_id=user.pk,
        format=Manifest.Format.CSV if is_inventory else manifest.format,
        fields=list(columns_of(manifest)) if is_inventory else manifest.fields,
        list_bucket=manifest.list_bucket,
        filename=f"{stem[:200]}.mended{ending}",
    )


TIMEOUT = 5
"""Seconds for an answer of the store: somebody waits for it."""


@contextmanager
def _opened(user: User, manifest: Manifest, role: str) -> Iterator[S3Client | None]:
    """The client that reads a manifest in S3; None for an upload. Raises InvalidRequest."""
    _refuse_no_list(manifest)
    if manifest.upload:
        yield None
        return
    found = role_named(user, role)
    try:
        with reaching(found):
            yield stores.s3_for(found, retries=1, timeout=TIMEOUT)
    except OSError as error:  # no room for a data file that is fetched as a whole
        raise InvalidRequest({"id": [f"The list cannot be fetched: {error}."]}) from None


def _refuse_no_list(manifest: Manifest) -> None:
    if manifest.is_generated:
        raise InvalidRequest({"id": ["This is the listing of a bucket, and no list to check."]})
    if manifest.is_of_tasks:
        told = "These are tasks of another job, and no list to check."
        raise InvalidRequest({"id": [told]})


def role_named(user: User, named: str) -> Role:
    """The role of that name or ARN. Raises InvalidRequest."""
    if not named:
        raise InvalidRequest({"role": ["Name the role that reads the manifest in S3."]})
    name = named.removeprefix(f"arn:aws:iam::{account_of(user)}:role/")
    role = roles_of(user).filter(name=name).first()
    if role is None:
        raise InvalidRequest({"role": [f"There is no role {named!r}."]})
    return role
