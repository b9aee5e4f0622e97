"""AWS's errors on the wire (spec.md 3.10), and which of ours is which of them."""

from __future__ import annotations

import logging

from django.db import InterfaceError, OperationalError

from jobs.errors import (
    Conflict,
    InvalidRequest,
    InvalidTransition,
    JobError,
    NotFound,
    NotPermitted,
)
from operations.base import UNDIVIDED

logger = logging.getLogger(__name__)

STATUS_OF = {
    "AccessDenied": 403,
    "SignatureDoesNotMatch": 403,
    "InvalidAccessKeyId": 403,
    "RequestTimeTooSkewed": 403,
    "NotFoundException": 404,
    "NoSuchResource": 404,
    "MethodNotAllowed": 405,
    "InternalServiceException": 500,
    "SlowDown": 503,
}
"""Every other code is a 400. SDKs go by the code."""
CODE_OF: dict[type[Exception], str] = {
    NotPermitted: "AccessDenied",
    NotFound: "NotFoundException",
    InvalidTransition: "JobStatusException",
    Conflict: "BadRequestException",
}
DIVIDED = {snake: name for name, snake in UNDIVIDED.items()}
MEMBER_OF = {
    "role": "RoleArn",
    "parameters": "Operation",
    "manifest_generator": "ManifestGenerator.S3JobManifestGenerator",
    "manifest.location": "Manifest.Location.ObjectArn",
    "manifest.etag": "Manifest.Location.ETag",
    "manifest.version_id": "Manifest.Location.ObjectVersionId",
    "manifest.fields": "Manifest.Spec.Fields",
    "manifest.format": "Manifest.Spec.Format",
    "report.scope": "Report.ReportScope",
    "reason": "StatusUpdateReason",
}
"""What AWS calls the members that we call otherwise."""
MOST_FAULTS = 20
"""So many are told at once: a body may have a hundred thousand."""


class WireError(Exception):
    """An answer that is an error: AWS's code, its HTTP status, and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        self.http_status = STATUS_OF.get(code, 400)
        super().__init__(f"{code}: {message}")


def bad_request(message: str) -> WireError:
    """Input that AWS refuses."""
    return WireError("BadRequestException", message)


def wire_error(error: Exception) -> WireError:
    """Any exception as the error that a client is told."""
    if isinstance(error, WireError):
        return error
    if isinstance(error, InvalidRequest):
        return bad_request(_by_member(error))
    if code := CODE_OF.get(type(error)):
        return WireError(code, str(error))
    if isinstance(error, OperationalError | InterfaceError):
        logger.warning("The database cannot be used: %s", error)
        told = "The database cannot be reached at the moment. Try again soon."
        return WireError("InternalServiceException", told)
    logger.error("An error in the S3 Control API", exc_info=error)
    if isinstance(error, JobError):  # nothing the caller did, but they may be told
        return WireError("InternalServiceException", str(error))
    return WireError("InternalServiceException", "We encountered an internal error. Try again.")


def _by_member(error: InvalidRequest) -> str:
    """The faults, each with the member that is to blame, as AWS calls it."""
    faults = [(path, text) for path, texts in error.fields.items() for text in texts]
    told = [f"{_member(path)}: {text}" if path else text for path, text in faults[:MOST_FAULTS]]
    if more := len(faults) - len(told):
        told.append(f"And {more:,} more.")
    return " ".join(told)


def _member(path: str) -> str:
    for ours, theirs in MEMBER_OF.items():
        if path == ours or path.startswith(f"{ours}."):
            return theirs + _pascal(path.removeprefix(ours))
    return _pascal(f".{path}")[1:]


def _pascal(path: str) -> str:
    """.tag_set.0.key → .TagSet[0].Key"""
    parts = path.split(".")[1:]
    return "".join(f"[{part}]" if part.isdecimal() else f".{_name(part)}" for part in parts)


def _name(part: str) -> str:
    return DIVIDED.get(part) or "".join(word.capitalize() for word in part.split("_"))
