"""The door: one request in, one reply out."""

from __future__ import annotations

import re
import secrets
from base64 import b64encode
from math import ceil
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

from django.http import HttpRequest, HttpResponse

from jobs.members import account_of
from jobs.s3control.calls import HANDLERS
from jobs.s3control.errors import WireError, bad_request, wire_error
from jobs.s3control.model import find
from jobs.s3control.reading import read_input
from jobs.s3control.signature import Sent, verified
from jobs.s3control.writing import document, error_document
from jobs.throttle import over_limit

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from jobs.credentials import AccessKey

MOST_BYTES = 1024 * 1024
MOST_PARAMETERS = 100
XML = "application/xml"
HOST_PREFIX = re.compile(r"(\d{12})\.")


def call(request: HttpRequest) -> HttpResponse:
    """Any of the eight calls."""
    request_id = secrets.token_hex(8).upper()
    host_id = b64encode(secrets.token_bytes(48)).decode()
    try:
        response = _answer(request)
    except Exception as error:
        told = wire_error(error)
        response = HttpResponse(error_document(told, request_id, host_id), XML, told.http_status)
    response["x-amz-request-id"], response["x-amz-id-2"] = request_id, host_id
    response["Cache-Control"] = "no-store"
    return response


def _answer(request: HttpRequest) -> HttpResponse:
    sent = _sent(request)
    user, key = _user(sent)
    seconds = over_limit(key.name)
    operation, named = find(sent.method, sent.path)
    if seconds is not None:
        raise _impatient(operation.name, seconds)
    try:
        query = _query(sent.query)
        asked = read_input(operation, named, query, sent.body)
        told = HANDLERS[operation.name](user, asked)
    except Exception as error:
        raise _modelled(operation.name, wire_error(error)) from error
    shape = operation.output_shape
    content = document(shape, told) if shape and shape.members else b""
    return HttpResponse(content, XML)


def _sent(request: HttpRequest) -> Sent:
    """The request as it came. Servers give the raw path beside the decoded one; a proxy's client
    sends the whole URL.
    """
    length = request.META.get("CONTENT_LENGTH") or "0"
    if int(length) > MOST_BYTES:
        told = f"Your request was too big: {length} bytes, where the most is {MOST_BYTES}."
        raise WireError("MaxMessageLengthExceeded", told)
    raw = request.META.get("RAW_URI") or request.META.get("REQUEST_URI") or ""
    path = urlsplit(raw).path if raw else quote(request.path, safe="/-_.~")
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = request.META.get("QUERY_STRING", "")
    return Sent(request.method or "", path, query, headers, request.body)


def _query(text: str) -> dict[str, list[str]]:
    """The query as it was signed: there a plus is a plus, where forms would have a space."""
    plain = text.replace("+", "%2B")
    try:
        return parse_qs(plain, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise bad_request(f"A query has at most {MOST_PARAMETERS} parameters.") from None


def _user(sent: Sent) -> tuple[User, AccessKey]:
    """Who signed the request, for the account that it names, and with which key."""
    key = verified(sent)
    user, account_id = key.user, sent.headers["x-amz-account-id"]
    prefix = HOST_PREFIX.match(sent.headers.get("host", ""))
    if prefix and prefix[1] != account_id:
        told = f"x-amz-account-id is {account_id}, and the host's name begins with {prefix[1]}."
        raise bad_request(told)
    if account_id != account_of(user):
        raise WireError("AccessDenied", f"The access key is not one of account {account_id}.")
    key.used()
    vars(user)["with_credential"] = key  # so that events can say which one it was
    return user, key


def _impatient(call: str, seconds: float) -> WireError:
    """That a key has asked too often. ListJobs has no error for it in AWS's model; S3's own is
    understood by every SDK.
    """
    code = "SlowDown" if call == "ListJobs" else "TooManyRequestsException"
    return WireError(code, f"Please reduce your request rate: wait {ceil(seconds)} seconds.")


def _modelled(call: str, error: WireError) -> WireError:
    """The error by the name that this call has for it."""
    if call == "ListJobs" and error.code == "BadRequestException":
        is_token = error.message.startswith("NextToken")
        code = "InvalidNextTokenException" if is_token else "InvalidRequestException"
        return WireError(code, error.message)
    return error
