"""What a store's refusal means to whoever reads manifests or lists buckets.

No text of the store's is ever passed on, since it may repeat what was sent to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ADVICE = {
    "InvalidAccessKeyId": "the store does not know the role's access key id; correct it.",
    "SignatureDoesNotMatch": "the role's secret access key is wrong; set it anew.",
    "InvalidToken": "the role's session token is wrong; set the credentials anew.",
    "ExpiredToken": "the role's credentials have expired; set new ones.",
    "RequestTimeTooSkewed": "the clocks of this machine and of the store differ; set them.",
    "InvalidObjectState": "the manifest is archived; restore it first.",
}


def code_of(error: ClientError) -> str:
    """The store's code; a number where its reply had no body."""
    return error.response["Error"]["Code"]


def status_of(error: ClientError) -> int:
    """The HTTP status."""
    return error.response["ResponseMetadata"]["HTTPStatusCode"]


def may_pass(error: ClientError) -> bool:
    """True where the same request may be answered later."""
    passing = status_of(error) in (408, 429) or code_of(error) in ("SlowDown", "RequestTimeout")
    return status_of(error) >= 500 or passing


def is_forbidden(error: ClientError) -> bool:
    """True where other credentials or permissions are needed."""
    return status_of(error) in (401, 403) or code_of(error) in ADVICE


def advised(error: ClientError) -> str:
    """The code, with what can be done about it."""
    code = code_of(error)
    return f"{code}; {ADVICE[code]}" if code in ADVICE else code


def with_code(error: ClientError, s3: S3Client, address: dict[str, Any]) -> ClientError:
    """The error as a GET tells it: a HEAD has no body, so that 403 and 404 may mean many things."""
    if not code_of(error).isdigit():
        return error
    try:
        s3.get_object(**address, Range="bytes=0-0")["Body"].close()
    except ClientError as told:
        return told
    return error
