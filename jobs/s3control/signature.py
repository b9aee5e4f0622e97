"""Who sent a request: Signature Version 4, verified in full.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html. The service is `s3`;
the region of the scope is part of what is signed and means nothing else here (spec.md 3.1, 3.2).
What a client signed is what it sent: path, query and headers are taken raw, as they came.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from django.utils import timezone

from jobs.credentials import AccessKey
from jobs.s3control.errors import WireError

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW = timedelta(minutes=15)
FORM = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<key>[\w-]{1,128})/(?P<date>\d{8})/(?P<region>[\w-]{1,64})"
    r"/(?P<service>[\w-]{1,64})/aws4_request\s*,\s*SignedHeaders=(?P<headers>[a-z0-9!#$%&'*+.^_`|~;-]+)"
    r"\s*,\s*Signature=(?P<signature>[0-9a-f]{64})",
    re.ASCII,
)
PRESIGNED = re.compile(r"(?:^|&)(?:X-Amz-(?:Signature|Algorithm|Credential)|Signature)=", re.I)
"""A query that says who sent it: a header beside it would make two who did."""
SHA_256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Sent:
    """A request as it came: path and query encoded as they were sent; header names in lower
    case.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


class Scope(NamedTuple):
    """For what a signature is good."""

    date: str
    region: str
    service: str

    def __str__(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def verified(sent: Sent) -> AccessKey:
    """The access key that signed the request. Raises WireError."""
    form = _form(sent)
    key = AccessKey.usable().filter(access_key_id=form["key"]).first()
    if key is None:
        raise WireError(
            "InvalidAccessKeyId",
            "The AWS access key ID you provided does not exist in our records.",
        )
    moment = _moment(sent)
    scope = Scope(form["date"], form["region"], form["service"])
    signed = form["headers"].split(";")
    _require_signed(sent, signed)
    wanted = signature(sent, key.secret_access_key, scope, signed)
    if not hmac.compare_digest(wanted, form["signature"]):
        raise WireError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check "
            "your key and signing method.",
        )
    _require_scope(scope, moment)
    _require_body(sent)
    return key


def signature(sent: Sent, secret: str, scope: Scope, signed: list[str]) -> str:
    """What the signature of the request has to be, in hexadecimal."""
    request = hashlib.sha256(canonical_request(sent, signed).encode()).hexdigest()
    text = "\n".join([ALGORITHM, sent.headers["x-amz-date"], str(scope), request])
    key = f"AWS4{secret}".encode()
    for part in (scope.date, scope.region, scope.service, "aws4_request", text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def canonical_request(sent: Sent, signed: list[str]) -> str:
    """The text that stands for the request."""
    headers = [f"{name}:{' '.join(sent.headers.get(name, '').split())}\n" for name in signed]
    return "\n".join(
        [
            sent.method,
            sent.path,
            _canonical_query(sent.query),
            "".join(headers),
            ";".join(signed),
            sent.headers["x-amz-content-sha256"],
        ]
    )


def _canonical_query(query: str) -> str:
    pairs = [part.partition("=") for part in query.split("&") if part]
    return "&".join(
        f"{name}={value}"
        for name, value in sorted((_encoded(name), _encoded(value)) for name, _, value in pairs)
    )


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="-_.~")


def _form(sent: Sent) -> re.Match[str]:
    """The parts of the Authorization header."""
    given = sent.headers.get("authorization", "")
    if PRESIGNED.search(sent.query):
        raise WireError("AccessDenied", "Presigned requests are not taken here; sign a header.")
    if not given:
        raise WireError("AccessDenied", "Access Denied: the request is not signed.")
    form = FORM.fullmatch(given.strip())
    if form is None:
        told = (
            "The authorization header you provided is invalid: AWS Signature Version 4 is needed."
        )
        raise WireError("AuthorizationHeaderMalformed", told)
    return form


def _moment(sent: Sent) -> datetime:
    """When the request was signed; raises WireError where that is not now."""
    try:
        given = datetime.strptime(sent.headers.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ")
    except ValueError:
        raise WireError("AccessDenied", "A valid x-amz-date header is needed.") from None
    moment = given.replace(tzinfo=UTC)
    if abs(timezone.now() - moment) > SKEW:
        told = "The difference between the request time and the current time is too large."
        raise WireError("RequestTimeTooSkewed", told)
    return moment


def _require_signed(sent: Sent, signed: list[str]) -> None:
    """The host and every header that AWS has a name for must be signed, each once."""
    needed = {"host", "x-amz-date", "x-amz-content-sha256", "x-amz-account-id"}
    needed |= {name for name in sent.headers if name.startswith("x-amz-")}
    lacking = sorted(name for name in needed if name not in signed or name not in sent.headers)
    if lacking:
        raise WireError(
            "AccessDenied", f"There were headers which were not signed: {', '.join(lacking)}."
        )
    if signed != sorted(set(signed)):
        raise WireError("AuthorizationHeaderMalformed", "SignedHeaders have to be sorted.")


def _require_scope(scope: Scope, moment: datetime) -> None:
    if scope.service != "s3" or scope.date != f"{moment:%Y%m%d}":
        told = f"The scope has to be of the service s3 and the day of x-amz-date, and is {scope}."
        raise WireError("AuthorizationHeaderMalformed", told)


def _require_body(sent: Sent) -> None:
    given = sent.headers["x-amz-content-sha256"]
    if not SHA_256.fullmatch(given):
        raise WireError(
            "InvalidRequest",
            "x-amz-content-sha256 has to be the SHA-256 of the body in hexadecimal.",
        )
    if not hmac.compare_digest(hashlib.sha256(sent.body).hexdigest(), given):
        told = "The provided 'x-amz-content-sha256' header does not match what was computed."
        raise WireError("XAmzContentSHA256Mismatch", told)
