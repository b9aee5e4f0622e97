"""What a boto3 client does besides, for tasks: handlers of botocore's events."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

UNREADABLE = (ClientError, ResponseParserError)
"""A refusal, or an answer that is not S3's."""
FAULTS = (BotoCoreError, *UNREADABLE)
"""Whatever a call may come to but an answer: no reply, a refusal, or what is not S3's."""
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


PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?<(!doctype\s+html|html)\b", re.IGNORECASE)
"""The beginning of an HTML page."""
TRUE_STATUS = "x-true-status"
"""The header under which `keep_true_status` notes the HTTP status of a reply."""


def keep_true_status(response_dict: dict[str, Any], **_: Any) -> None:
    """Note the status that came, before botocore turns a 200 with an <Error> into a 500.

    The 500 is made for botocore's retries; a report has to say what the store said. Botocore calls
    handlers of `before-parse.*.*` ahead of its own one, which is for `before-parse.s3.*`.

    Raises ResponseParserError for a page that a proxy put in the place of a success: parsed, it
    would be a reply without anything in it.
    """
    status, body = response_dict["status_code"], response_dict.get("body")
    response_dict["headers"][TRUE_STATUS] = str(status)
    if isinstance(body, bytes) and is_unreadable(status, body):
        raise ResponseParserError("The reply is not what S3 answers.")


def is_unreadable(status: int, body: bytes) -> bool:
    """True for a page with a success, and for an error of two codes, at which botocore breaks."""
    is_page = 200 <= status < 300 and PAGE.match(body) is not None
    return is_page or (b"<Error" in body and body.count(b"<Code>") > 1)


def needed(reply: Mapping[str, Any], name: str, *instead: str) -> Any:
    """What a success says under a name: S3 always gives that, or one of the others, for which this
    is None. Raises ResponseParserError where a success has none of them.
    """
    if not {name, *instead} & reply.keys():
        raise ResponseParserError("The reply is not what S3 answers.")
    return reply.get(name)


def add_content_md5(request: Any, **_: Any) -> None:
    """Send Content-MD5 beside botocore's checksum header, which older stores do not know.

    PutObjectTagging and its like need one of the two (spec.md 5.0).
    """
    body, headers = request.data, request.headers
    checked = "x-amz-sdk-checksum-algorithm" in headers and "Content-MD5" not in headers
    if isinstance(body, bytes) and body and checked:
        digest = hashlib.md5(body, usedforsecurity=False).digest()
        headers["Content-MD5"] = base64.b64encode(digest).decode()
