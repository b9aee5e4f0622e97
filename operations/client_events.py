"""What a boto3 client does besides, for tasks: handlers of botocore's events."""

from __future__ import annotations

import base64
import hashlib
import threading
from typing import Any

CAUGHT = threading.local()
"""`requests` is a list where this thread captures requests instead of sending them."""


class Caught(Exception):
    """Ends a call once its request is known."""


def catch(request: Any, event_name: str, **_: Any) -> None:
    """Keep the request of a thread that captures, and end its call before the network.

    Registered once and for all: botocore caches lists of handlers, so that one which comes and goes
    may be missed while other threads send.
    """
    requests = getattr(CAUGHT, "requests", None)
    if requests is not None:
        requests.append((event_name, request))
        raise Caught


TRUE_STATUS = "x-true-status"
"""The header under which `keep_true_status` notes the HTTP status of a reply."""


def keep_true_status(response_dict: dict[str, Any], **_: Any) -> None:
    """Note the status that came, before botocore turns a 200 with an <Error> into a 500.

    The 500 is made for botocore's retries; a report has to say what the store said. Botocore calls
    handlers of `before-parse.*.*` ahead of its own one, which is for `before-parse.s3.*`.
    """
    response_dict["headers"][TRUE_STATUS] = str(response_dict["status_code"])


def add_content_md5(request: Any, **_: Any) -> None:
    """Send Content-MD5 beside botocore's checksum header, which older stores do not know.

    PutObjectTagging and its like need one of the two (spec.md 5.0).
    """
    body, headers = request.data, request.headers
    checked = "x-amz-sdk-checksum-algorithm" in headers and "Content-MD5" not in headers
    if isinstance(body, bytes) and body and checked:
        digest = hashlib.md5(body, usedforsecurity=False).digest()
        headers["Content-MD5"] = base64.b64encode(digest).decode()
