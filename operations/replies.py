"""What a reply that libcurl got means: read by boto3's own parser, so that both lanes agree."""

from __future__ import annotations

import email.utils
import re
import time
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any, cast
from xml.etree.ElementTree import ParseError, XMLParser

import pycurl
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from operations.base import Again, Outcome
from operations.client_events import PAGE, TRUE_STATUS, is_unreadable
from operations.perform import no_reply, not_s3, refusal_of, refused_here

if TYPE_CHECKING:
    from operations.connection import Connection
    from operations.request import RequestTemplate

REDIRECTS = {301, 302, 303, 307, 308}
REGION_CODES = {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
"""Codes by which a store says that a bucket is in another region."""
SKEW_SECONDS = 60

NAMES = {
    pycurl.E_OPERATION_TIMEDOUT: "ReadTimeoutError",
    pycurl.E_COULDNT_CONNECT: "EndpointConnectionError",
    pycurl.E_COULDNT_RESOLVE_HOST: "EndpointConnectionError",
    pycurl.E_COULDNT_RESOLVE_PROXY: "ProxyConnectionError",
    97: "ProxyConnectionError",
    pycurl.E_SSL_CONNECT_ERROR: "SSLError",
    pycurl.E_PEER_FAILED_VERIFICATION: "SSLError",
    pycurl.E_SSL_CACERT_BADFILE: "SSLError",
}
"""libcurl's faults in botocore's words; the rest are ConnectionClosedError."""


class Verdict(Enum):
    """A reply that is no outcome."""

    MOVED = "moved"  #: the bucket is elsewhere: boto3 knows how to follow


class Reply:
    """Reads the replies to a template's requests."""

    def __init__(self, template: RequestTemplate) -> None:
        self._template = template
        self._operation = template.operation

    def read(self, connection: Connection, fault: int, text: str) -> Outcome | Verdict:
        """The outcome of a finished request; `fault` and `text` are libcurl's, 0 for none."""
        status = connection.curl.getinfo(pycurl.RESPONSE_CODE)
        if fault == pycurl.E_FILESIZE_EXCEEDED:
            # No reply of S3's. Without its body, its status is what counts.
            return self._refusal(connection, status, b"") if status > 299 else not_s3()
        if fault and (reason := connection.door.refusal):
            return refused_here(reason)
        if fault:
            said = text or f"libcurl gave up with error {fault}."
            return no_reply(NAMES.get(fault, "ConnectionClosedError"), said)
        if not has_ended(connection.head):
            return no_reply("ConnectionClosedError", "The reply ended within its headers.")
        body = b"".join(connection.body)
        if 200 <= status < 300 and (not body or is_xml(body)):
            outcome = self._operation.success(status, body)
            if outcome is not None:
                return outcome
        return self._refusal(connection, status, body)

    def _refusal(self, connection: Connection, status: int, body: bytes) -> Outcome | Verdict:
        if is_unreadable(status, body):
            return not_s3()
        headers = headers_of(connection.head)
        parsed = self._parse(headers, body, status)
        if parsed is None:
            return not_s3()
        code = parsed.get("Error", {}).get("Code", "")
        if status in REDIRECTS or code in REGION_CODES:
            return Verdict.MOVED
        outcome = refusal_of(ClientError(cast(Any, parsed), self._template.operation.call))
        if code == "RequestTimeTooSkewed" and self._follow_clock(headers, connection.offset):
            return replace(outcome, again=Again.FAULT)
        return outcome

    def _parse(self, headers: dict[str, str], body: bytes, status: int) -> dict[str, Any] | None:
        """boto3's reading of an error reply; None where it is not what S3 answers.

        A 200 with an error inside is parsed as a 500, as botocore does; `refusal_of` tells the true
        status.
        """
        reply = {
            "headers": {**headers, TRUE_STATUS: str(status)},
            "body": body,
            "status_code": status if status > 299 else 500,
        }
        try:
            parsed: dict[str, Any] = self._template.store.s3._response_parser.parse(reply, None)  # type: ignore[attr-defined]
        except ResponseParserError:
            return None
        return parsed

    def _follow_clock(self, headers: dict[str, str], signed_at: float) -> bool:
        """Take over the store's time; True where that is not the one the request was signed at,
        which had the offset `signed_at`.
        """
        try:
            date = email.utils.parsedate_to_datetime(headers.get("date", ""))
            offset = date.timestamp() - time.time()
        except (ValueError, OverflowError):
            return False
        self._template.offset = offset
        return abs(offset - signed_at) > SKEW_SECONDS


def has_ended(lines: list[bytes]) -> bool:
    """True where the empty line came that ends the headers; trailers may follow it."""
    for line in reversed(lines):
        if line in (b"\r\n", b"\n"):
            return True
        if line.startswith(b"HTTP/"):
            return False
    return False


def is_xml(body: bytes) -> bool:
    """True for a whole XML document. Part of one, or a page of a proxy, is no answer of a store."""
    if PAGE.match(body):
        return False
    parser = XMLParser()
    try:
        parser.feed(body)
        parser.close()
    except (ParseError, LookupError, ValueError):
        return False
    return True


def headers_of(lines: list[bytes]) -> dict[str, str]:
    """The headers of the last reply, names in lower case: a 100 may go before."""
    found: dict[str, str] = {}
    for line in lines:
        if re.match(rb"HTTP/\S+ \d", line):
            found = {}
            continue
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            found[name.strip().lower()] = value.strip()
    return found
