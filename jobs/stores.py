"""The only builder of boto3 clients, from a Role (design decision 15)."""

from __future__ import annotations

import contextlib
from functools import cache, lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from jobs import reach
from jobs.accounts import Role
from jobs.answering import is_not_s3
from jobs.errors import JobFailure
from jobs.models.function import Function, server_of
from jobs.redirects import refuse_redirects
from operations.base import Store
from operations.client_events import FAULTS, keep_true_status, needed
from operations.gate import Refused, guard
from operations.lambda_invoke import FUNCTION

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

TAKE_LARGE_COPIES = ("SeaweedFS",)
"""Server headers of stores that accept a CopyObject above 5 GB, which AWS refuses (measured.md 6).
"""
BAD_CREDENTIALS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"}
NO_MULTIPART = {"NotImplemented", "MethodNotAllowed"}
FUNCTION_SECONDS = 15 * 60 + 10
"""How long a function may be silent: as long as Lambda lets one run, and a little more."""


def s3_for(role: Role, *, retries: int = 5, timeout: int = 60) -> S3Client:
    """A client with botocore's own retries: for manifests, reports and checks."""
    return _client(role.pk, role.updated_at, retries=retries, timeout=timeout)


def scratch_store(role: Role) -> Store:
    """The store for trials of operations: no request outlasts the lease of who waits for it."""
    s3 = _client(role.pk, role.updated_at, retries=2, timeout=10)
    return Store(s3=s3, gate=reach.gate_at(role.endpoint_url))


def store_for(role: Role, *, job_id: str = "", retries: int = 1) -> Store:
    """The store as tasks see it: no retries inside, the lane does them (design decision 13)."""
    return Store(
        s3=_client(role.pk, role.updated_at, retries=retries),
        accepts_large_copies=role.server.startswith(TAKE_LARGE_COPIES),
        job_id=job_id,
        lambda_for=Functions(role).client_for,
        gate=reach.gate_at(role.endpoint_url),
    )


class Functions:
    """The functions that jobs of a role may call, as the table of its account says now.

    `client_for` may be called from any thread, since it asks no database.
    """

    def __init__(self, role: Role) -> None:
        self._role = role
        self._urls = Function.urls_of(role.account_id)
        self._lock = Lock()
        self._clients: dict[str, LambdaClient] = {}

    def client_for(self, function: str) -> LambdaClient:
        """The client that reaches a function by name or ARN. Raises Unfit, as `server_of` does."""
        with self._lock:
            if function not in self._clients:
                self._clients[function] = self._client(function)
            return self._clients[function]

    def _client(self, function: str) -> LambdaClient:
        role = self._role
        url = server_of(function, self._urls, at_aws=not role.endpoint_url)
        match = FUNCTION.fullmatch(function)
        with SESSION_LOCK:
            client = _session().client(
                "lambda",
                endpoint_url=url,
                region_name=match["region"] if match and match["region"] else role.region,
                aws_access_key_id=role.access_key_id,
                aws_secret_access_key=role.secret_access_key,
                config=Config(
                    retries={"total_max_attempts": 1, "mode": "standard"},
                    max_pool_connections=settings.LADING_THREADS + 4,
                    connect_timeout=5,
                    read_timeout=FUNCTION_SECONDS,
                    tcp_keepalive=True,
                    user_agent_extra="lading",
                ),
            )
        guard(client, reach.gate_at(url))
        return client


SESSION_LOCK = Lock()
"""A client may be used by many threads, but not made by many."""


@cache
def _session() -> boto3.session.Session:
    """One for all clients: it reads the descriptions of services once, which takes most of the
    time.
    """
    return boto3.session.Session()


@lru_cache(maxsize=64)
def _client(role_pk: int, updated_at: datetime, *, retries: int, timeout: int = 60) -> S3Client:
    """`updated_at` is in the key so that a changed role gets a new client."""
    role = Role.objects.get(pk=role_pk)
    with SESSION_LOCK:
        client = _session().client(
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
    client.meta.events.register("before-parse.*.*", keep_true_status, unique_id="true-status")
    guard(client, reach.gate_at(role.endpoint_url))
    if role.endpoint_url:
        client.meta.events.register_first("needs-retry.s3", refuse_redirects)
    return client


class Identity(NamedTuple):
    """What a store said when it was asked for a bucket: what it calls itself, and the status."""

    server: str
    http_status: int


def identify(role: Role, bucket: str) -> int | None:
    """Remember what the store calls itself, for the differences that are known.

    Returns the status of its answer about the bucket; None where it gave none. Raises Refused.
    """
    said = identity(role, bucket)
    remember(role, said)
    return said.http_status if said else None


def identity(role: Role, bucket: str) -> Identity | None:
    """What the store says of a bucket, or by refusing; None for no answer. Raises Refused."""
    try:
        reply: Any = s3_for(role).head_bucket(Bucket=bucket)
    except ClientError as refused:
        reply = refused.response
    except Refused:
        raise
    except BotoCoreError:
        return None
    about = reply.get("ResponseMetadata", {})
    server = str(about.get("HTTPHeaders", {}).get("server", ""))[:200]
    return Identity(server, int(about.get("HTTPStatusCode", 0)))


def remember(role: Role, said: Identity | None) -> None:
    """Keep what the store calls itself."""
    if said and said.server != role.server:
        Role.objects.filter(pk=role.pk).update(server=said.server)
        role.server = said.server


def check_writable(
    role: Role, bucket: str, key: str, owner: str = "", *, kind: str = "report", timeout: int = 0
) -> None:
    """Find out whether the role may write `key`, leaving nothing behind: begin a multipart upload
    and abort it.

    Raises JobFailure where the bucket is missing or forbidden (`write_refused`), or
    BucketOwnerMismatch where it is not `owner`'s. A store without multipart uploads is taken at its
    word until the report is written, and one that does not know of owners owns all its buckets.
    With a `timeout`, in seconds, there is one try.
    """
    s3 = s3_for(role, retries=1, timeout=timeout) if timeout else s3_for(role)
    try:
        upload = s3.create_multipart_upload(Bucket=bucket, Key=key, **owned_by(owner))
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if is_not_s3(error):
            raise
        if code in NO_MULTIPART:
            return
        if owner and code == "AccessDenied":
            # AWS refuses a wrong owner and a missing permission with the same words.
            check_writable(role, bucket, key, kind=kind, timeout=timeout)
            raise _owner_mismatch(kind, bucket, owner) from None
        raise write_refused(kind, error, bucket) from None
    upload_id: str = needed(upload, "UploadId")
    with contextlib.suppress(*FAULTS):
        s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)


def owned_by(owner: str) -> dict[str, Any]:
    """The argument by which a store refuses a bucket that is not this account's."""
    return {"ExpectedBucketOwner": owner} if owner else {}


def _owner_mismatch(kind: str, bucket: str, owner: str) -> JobFailure:
    return JobFailure(
        "BucketOwnerMismatch", f"The {kind} bucket {bucket} does not belong to account {owner}."
    )


def write_refused(kind: str, error: ClientError, bucket: str) -> JobFailure:
    """The job failure that a refused write is, of the report or of a generated manifest."""
    if kind == "report":
        return report_refused(error, bucket)
    code = error.response["Error"]["Code"]
    return JobFailure(
        "ManifestGenerationFailed",
        "Error occurred when preparing manifest: Failed to write manifest to the bucket "
        f"{bucket}: {code}.",
    )


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
