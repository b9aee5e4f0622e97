"""The only builder of boto3 clients, from a Role (design decision 15)."""

from __future__ import annotations

import contextlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from jobs.accounts import Role
from jobs.errors import JobFailure
from operations.base import Store

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_s3 import S3Client

TAKE_LARGE_COPIES = ("SeaweedFS",)
"""Server headers of stores that accept a CopyObject above 5 GB, which AWS refuses (measured.md 6).
"""
BAD_CREDENTIALS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"}
NO_MULTIPART = {"NotImplemented", "MethodNotAllowed"}


def s3_for(role: Role) -> S3Client:
    """A client with botocore's own retries: for manifests, reports and checks."""
    return _client(role.pk, role.updated_at, retries=5)


def scratch_store(role: Role) -> Store:
    """The store for trials of operations: no request outlasts the lease of who waits for it."""
    return Store(s3=_client(role.pk, role.updated_at, retries=2, timeout=10))


def store_for(role: Role, *, job_id: str = "", retries: int = 1) -> Store:
    """The store as tasks see it: no retries inside, the lane does them (design decision 13)."""
    return Store(
        s3=_client(role.pk, role.updated_at, retries=retries),
        accepts_large_copies=role.server.startswith(TAKE_LARGE_COPIES),
        job_id=job_id,
    )


@lru_cache(maxsize=64)
def _client(role_pk: int, updated_at: datetime, *, retries: int, timeout: int = 60) -> S3Client:
    """`updated_at` is in the key so that a changed role gets a new client."""
    role = Role.objects.get(pk=role_pk)
    return boto3.session.Session().client(
        "s3",
        endpoint_url=role.endpoint_url or None,
        region_name=role.region,
        aws_access_key_id=role.access_key_id,
        aws_secret_access_key=role.secret_access_key,
        config=Config(
            retries={"total_max_attempts": retries, "mode": "standard"},
            max_pool_connections=settings.LADING_THREADS + 4,
            connect_timeout=5,
            read_timeout=timeout,
            s3={"addressing_style": cast(Any, role.addressing)},
            user_agent_extra="lading",
        ),
    )


def identify(role: Role, bucket: str) -> None:
    """Remember what the store calls itself, for the differences that are known. Never fails."""
    with contextlib.suppress(ClientError, BotoCoreError):
        reply = s3_for(role).head_bucket(Bucket=bucket)
        server = reply["ResponseMetadata"]["HTTPHeaders"].get("server", "")[:200]
        if server != role.server:
            Role.objects.filter(pk=role.pk).update(server=server)
            role.server = server


def check_writable(role: Role, bucket: str, key: str) -> None:
    """Find out whether the role may write `key`, leaving nothing behind: begin a multipart upload
    and abort it.

    Raises JobFailure ReportWriteFailed where the bucket is missing or forbidden. A store without
    multipart uploads is taken at its word until the report is written.
    """
    s3 = s3_for(role)
    try:
        upload = s3.create_multipart_upload(Bucket=bucket, Key=key)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in NO_MULTIPART:
            raise JobFailure("ReportWriteFailed", _refusal(code, bucket)) from None
        return
    with contextlib.suppress(ClientError, BotoCoreError):
        s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload["UploadId"])


def report_refused(error: ClientError, bucket: str) -> JobFailure:
    """The job failure that a refused write of the report is."""
    return JobFailure("ReportWriteFailed", _refusal(error.response["Error"]["Code"], bucket))


def _refusal(code: str, bucket: str) -> str:
    if code == "NoSuchBucket":
        return f"The report bucket {bucket} does not exist."
    if code in BAD_CREDENTIALS:
        return f"The store refused the role's credentials: {code}."
    return (
        "The job report could not be written to your report bucket. Please check your permissions. "
        f"({bucket}: {code})"
    )


def unreachable(role: Role, error: BotoCoreError | ClientError) -> str:
    """A sentence for people on a store that does not answer. botocore's texts hold no secrets."""
    place = role.endpoint_url or f"AWS S3 in {role.region}"
    return f"The store at {place} could not be reached: {error}"[:256]
