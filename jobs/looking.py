"""A look at a bucket that a job is to list, before there is a job: kept nowhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jobs import manifests, stores
from jobs.answering import reaching
from jobs.errors import InvalidRequest, JobFailure
from jobs.generator import ManifestGenerator
from jobs.intake import listed
from jobs.linting import role_named
from jobs.members import Rank, require
from jobs.spool import spool
from operations import OPERATION_BY_NAME
from operations.base import InvalidParameters

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from jobs.members import User
    from jobs.models import Manifest

SECONDS = 1.5
TIMEOUT = 5
"""Seconds for an answer of the store: somebody waits at the browser."""
ROWS_AT_ONCE = 10_000
SHOWN = 10


@dataclass(frozen=True)
class Sample:
    """What was listed in that time."""

    rows: int
    complete: bool
    first: tuple[str, ...]
    """Keys as a manifest would write them, encoded."""


def look_at_bucket(
    user: User, generator: Mapping[str, Any], role: str, operation: str, *, seconds: float = SECONDS
) -> Sample:
    """List what a job would, for so long. Raises InvalidRequest for what such a job would fail
    for, also that nothing is found; NotPermitted.
    """
    require(user, Rank.SUBMITTER, "Listing a bucket")
    try:
        asked = ManifestGenerator.parse(generator)
    except InvalidParameters as error:
        raise InvalidRequest(
            {f"manifest_generator.{path}".rstrip("."): told for path, told in error.fields.items()}
        ) from None
    manifest = listed(user, asked, OPERATION_BY_NAME[operation])
    found = role_named(user, role)
    with reaching(found):
        try:
            return _sample(manifest, stores.s3_for(found, retries=1, timeout=TIMEOUT), seconds)
        except JobFailure as failure:
            raise InvalidRequest({"manifest_generator": [failure.reason]}) from None


def _sample(manifest: Manifest, s3: S3Client, seconds: float) -> Sample:
    manifests.peek(manifest, s3, spool.storage)
    reader = manifests.open_reader(manifest, s3, spool.storage)
    rows, first, until = 0, list[str](), time.monotonic() + seconds
    try:
        while not reader.ended and time.monotonic() < until:
            taken = reader.take(ROWS_AT_ONCE)
            rows += len(taken)
            first += [manifests.columns(row)[1] for row in taken[: SHOWN - len(first)]]
        return Sample(rows, complete=reader.ended, first=tuple(first))
    finally:
        reader.close()
