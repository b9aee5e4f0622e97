"""Perform an operation on a target: the one place where errors become outcomes.

The store's refusals and the faults on the way to it are outcomes. Everything else is a bug, or a
fault of the job as a whole such as missing credentials, and goes on as an exception.
"""

from __future__ import annotations

import re
from dataclasses import replace

from botocore.exceptions import (
    ChecksumError,
    ClientError,
    ConnectionError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    ParamValidationError,
)
from botocore.parsers import ResponseParserError

from operations.base import MESSAGE_BYTES, Again, Operation, Outcome, Store, Target
from operations.client_events import TRUE_STATUS
from operations.gate import Refused

S3 = "Amazon S3"
"""What AWS's reports call the service whose refusal a message tells of."""
ERROR_CODE_CHARACTERS = 128

FAULT_STATUSES = {500, 502, 504}
# Botocore gives the status as the code of a reply whose body it cannot read.
FAULT_CODES = {"InternalError", "RequestTimeout", "500", "502", "504"}
THROTTLE_STATUSES = {429, 503}
THROTTLE_CODES = {
    "SlowDown",
    "SlowDownRead",
    "SlowDownWrite",
    "ServiceUnavailable",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequests",
    "TooManyRequestsException",
    "BandwidthLimitExceeded",
    "429",
    "503",
}

NO_REPLY = (
    ChecksumError,
    ConnectionError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
)


def perform(operation: Operation, store: Store, target: Target) -> Outcome:
    """The outcome of the operation on one target.

    Raises what is neither a refusal of the store nor a fault on the way to it.
    """
    try:
        return tidy(operation.run(store, target))
    except ClientError as error:
        return refusal_of(error)
    except NO_REPLY as error:
        return no_reply(type(error).__name__, str(error))
    except Refused as error:
        return refused_here(str(error))
    except ResponseParserError:
        return not_s3()
    except ParamValidationError as error:
        message = str(error.kwargs.get("report", error))
        return failure(None, "ParamValidationError", message, Again.NEVER)


def refusal_of(error: ClientError, service: str = S3) -> Outcome:
    """The outcome of an error reply that botocore raised."""
    reply = error.response.get("ResponseMetadata", {})
    headers = reply.get("HTTPHeaders", {})
    said = error.response.get("Error", {})
    return refusal(
        http_status=int(headers.get(TRUE_STATUS) or reply.get("HTTPStatusCode", 0)),
        error_code=text_of(said.get("Code")),
        message=text_of(said.get("Message")),
        request_id=text_of(reply.get("RequestId")),
        extended_request_id=text_of(reply.get("HostId")),
        service=service,
    )


def text_of(told: object) -> str:
    """A text of a reply; nothing where it is none, as where a store writes an element twice."""
    return told if isinstance(told, str) else ""


def refusal(
    *,
    http_status: int,
    error_code: str,
    message: str,
    request_id: str = "",
    extended_request_id: str = "",
    service: str = S3,
) -> Outcome:
    """The outcome of an error reply, its message in the form of AWS's reports (spec.md 6.3).

    An `error_code` that the store did not give is the status.
    """
    code = error_code or str(http_status)
    tail = [f"Service: {service}", f"Status Code: {http_status}", f"Error Code: {code}"]
    if request_id:
        tail.append(f"Request ID: {request_id}")
    if extended_request_id:
        tail.append(f"S3 Extended Request ID: {extended_request_id}")
    text = f"{message} ({'; '.join(tail)}; Proxy: null)"
    return failure(http_status, code, text, again_after(http_status, code))


def no_reply(error_code: str, message: str) -> Outcome:
    """The outcome of a request that got no reply, or only a part of one; without passwords."""
    return failure(None, error_code, without_secrets(message), Again.FAULT)


def refused_here(reason: str) -> Outcome:
    """The outcome of a request that the gate did not let pass: for good, as its rules are."""
    return failure(None, "EndpointRefused", reason, Again.NEVER)


def not_s3() -> Outcome:
    """The outcome of a reply that cannot be read. It is not quoted, as it may be anything."""
    return no_reply("ResponseParserError", "The answer of the store is not what S3 answers.")


def failure(http_status: int | None, error_code: str, message: str, again: Again) -> Outcome:
    return tidy(
        Outcome(
            succeeded=False,
            http_status=http_status,
            error_code=error_code,
            message=message,
            again=again,
        )
    )


def again_after(http_status: int, error_code: str) -> Again:
    """Whether a task may be tried again after this error (design decision 13).

    A 200 with an error inside is judged by its code alone.
    """
    if http_status in THROTTLE_STATUSES or error_code in THROTTLE_CODES:
        return Again.THROTTLED
    if http_status in FAULT_STATUSES or error_code in FAULT_CODES:
        return Again.FAULT
    return Again.NEVER


def tidy(outcome: Outcome) -> Outcome:
    """The outcome with its texts on one line and of bounded size."""
    code = one_line(outcome.error_code)[:ERROR_CODE_CHARACTERS]
    message = cut(one_line(outcome.message), MESSAGE_BYTES)
    if (code, message) == (outcome.error_code, outcome.message):
        return outcome
    return replace(outcome, error_code=code, message=message)


def one_line(text: str) -> str:
    """The text with every run of controls and line breaks made a space."""
    if text.isprintable():
        return text.strip()
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+", " ", text).strip()


def cut(text: str, size: int) -> str:
    """The longest beginning of the text that is at most `size` bytes of UTF-8."""
    if len(text) * 4 <= size:
        return text
    return text.encode()[:size].decode(errors="ignore")


def without_secrets(text: str) -> str:
    """The text without the user, password and query of each URL in it."""
    text = re.sub(r"(\w://)[^/\s\"']*@", r"\1", text)
    return re.sub(r"(\w://[^\s\"'?]*)\?[^\s\"')]*", r"\1", text)
