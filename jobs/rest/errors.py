"""Everything that goes wrong in the JSON API, in one form: {"code", "message", "fields"}."""

from __future__ import annotations

import logging
from math import ceil
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions, status
from rest_framework.response import Response

from jobs.errors import (
    Conflict,
    InvalidRequest,
    InvalidTransition,
    JobError,
    NotFound,
    NotPermitted,
    SpoolUnusable,
)

logger = logging.getLogger(__name__)

STATUS_OF: dict[type[JobError], int] = {
    InvalidRequest: status.HTTP_400_BAD_REQUEST,
    NotPermitted: status.HTTP_403_FORBIDDEN,
    NotFound: status.HTTP_404_NOT_FOUND,
    InvalidTransition: status.HTTP_409_CONFLICT,
    Conflict: status.HTTP_409_CONFLICT,
    SpoolUnusable: status.HTTP_503_SERVICE_UNAVAILABLE,
}

CODE_OF: dict[type[exceptions.APIException], str] = {
    exceptions.ParseError: "MalformedRequest",
    exceptions.NotAuthenticated: "NotAuthenticated",
    exceptions.AuthenticationFailed: "NotAuthenticated",
    exceptions.PermissionDenied: NotPermitted.code,
    exceptions.NotFound: NotFound.code,
    exceptions.MethodNotAllowed: "MethodNotAllowed",
    exceptions.NotAcceptable: "NotAcceptable",
    exceptions.UnsupportedMediaType: "UnsupportedMediaType",
    exceptions.Throttled: "TooManyRequests",
}


class TooLarge(exceptions.APIException):
    """The body is larger than the API reads."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The body of the request is too large."
    default_code = "TooLarge"


def handle(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's EXCEPTION_HANDLER: no error leaves the API in any other form."""
    match exc:
        case JobError() if type(exc) in STATUS_OF:
            return _response(STATUS_OF[type(exc)], exc.code, str(exc), getattr(exc, "fields", {}))
        case exceptions.APIException():
            return _of_framework(exc)
        case OperationalError() | InterfaceError():
            logger.warning("The database cannot be used: %s", exc)
            told = "The database cannot be reached at the moment. Try again soon."
            response = _response(status.HTTP_503_SERVICE_UNAVAILABLE, "ServiceUnavailable", told)
            response["Retry-After"] = "5"
            return response
    if framework := _as_framework(exc):
        return _of_framework(framework)
    logger.error("An error in the API", exc_info=exc)
    code, told = ("InternalError", "Something went wrong here; the server's log says what.")
    if isinstance(exc, JobError):
        # A damaged spool or an unreadable secret: nothing the caller did, but they may be told.
        code, told = (exc.code, str(exc))
    return _response(status.HTTP_500_INTERNAL_SERVER_ERROR, code, told)


def _as_framework(exc: Exception) -> exceptions.APIException | None:
    """Django's own exceptions as those of DRF."""
    match exc:
        case Http404():
            return exceptions.NotFound()
        case PermissionDenied():
            return exceptions.PermissionDenied()
        case RequestDataTooBig():
            return TooLarge()
        case SuspiciousOperation():
            return exceptions.ParseError(str(exc))
    return None


def _of_framework(exc: exceptions.APIException) -> Response:
    code = CODE_OF.get(type(exc), exc.default_code)
    if isinstance(exc, exceptions.Throttled):
        return _throttled(code, ceil(getattr(exc, "wait", None) or 1))
    response = _response(exc.status_code, code, str(exc.detail))
    # DRF puts the header of the first authentication class here when it answers 401.
    if header := getattr(exc, "auth_header", None):
        response["WWW-Authenticate"] = header
    return response


def _throttled(code: str, seconds: int) -> Response:
    told = (
        f"More than {settings.LADING_API_RATE:,} requests in a minute are too many; "
        f"try again in {seconds} s."
    )
    response = _response(status.HTTP_429_TOO_MANY_REQUESTS, code, told)
    response["Retry-After"] = str(seconds)
    return response


def _response(
    http_status: int, code: str, message: str, fields: dict[str, list[str]] | None = None
) -> Response:
    body = {"code": code, "message": message, "fields": fields or {}}
    return Response(body, status=http_status)
