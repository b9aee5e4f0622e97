"""A page of a listing, read from the reply's bytes.

boto3 needs about 90 ms to make dictionaries of a page of 1,000 objects, which is more than a store
needs to send it, and holds the interpreter for as long. So the calls go through boto3, with its
signatures, retries and errors, but a listing is taken out of the reply before boto3 would parse it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from botocore.parsers import ResponseParserError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from mypy_boto3_s3 import S3Client

ROOTS = {"ListBucketResult", "ListVersionsResult"}
WANTED = threading.local()
"""`pages` is true in a thread while it wants a listing as a Page."""
REGISTERING = threading.Lock()
"""Threads that begin at once would else register `take` twice, and the second one finds no page."""
TAKEN = "LadingPage"
"""The name under which the page lies in boto3's reply."""


class Entry(NamedTuple):
    """An object or a version, as a listing tells of it. An object's `version_id` is None."""

    key: str
    version_id: str | None = None
    size: int = 0
    modified: str = ""
    storage_class: str = "STANDARD"
    is_marker: bool = False
    """True for a delete marker."""


class Page(NamedTuple):
    """What one reply lists, in its order, and where the next one goes on."""

    entries: list[Entry]
    is_truncated: bool
    token: str = ""
    next_key: str | None = None
    next_version: str | None = None
    server: str = ""
    """What the store calls itself."""


def ask(s3: S3Client, call: str, **arguments: Any) -> Page:
    """The page that a listing call gives. Raises botocore's errors."""
    with REGISTERING:
        s3.meta.events.register("before-parse.*.*", take, unique_id="listing-page")
    WANTED.pages = True
    try:
        reply = getattr(s3, call)(**arguments)
    finally:
        WANTED.pages = False
    if TAKEN not in reply:
        raise ResponseParserError("The reply is not a listing.")
    page: Page = reply[TAKEN]
    return page._replace(server=reply["ResponseMetadata"]["HTTPHeaders"].get("server", ""))


def take(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Take the listing out of a reply to a thread that wants it; what is no listing stays.

    Registered once and for all: botocore caches lists of handlers.
    """
    if not getattr(WANTED, "pages", False) or response_dict["status_code"] != 200:
        return
    try:
        root = ElementTree.fromstring(response_dict["body"])
    except ElementTree.ParseError:
        # Cut off on its way: botocore takes it for a fault of the server, and asks again.
        return
    namespace, _brace, name = root.tag.rpartition("}")
    if name in ROOTS:
        customized_response_dict[TAKEN] = page_of(root, f"{namespace}}}" if namespace else "")
        response_dict["body"] = f"<{name}/>".encode()


def page_of(root: Element, ns: str) -> Page:
    """The page that an element tells of; `ns` is what all its names begin with."""
    encoded = root.findtext(f"{ns}EncodingType") == "url"
    entries = [entry(found, ns, encoded=encoded) for found in _entries(root, ns)]
    next_key = root.findtext(f"{ns}NextKeyMarker")
    return Page(
        entries=entries,
        is_truncated=root.findtext(f"{ns}IsTruncated") == "true",
        token=root.findtext(f"{ns}NextContinuationToken") or "",
        next_key=unquote_plus(next_key) if next_key and encoded else next_key,
        next_version=root.findtext(f"{ns}NextVersionIdMarker"),
    )


def _entries(root: Element, ns: str) -> list[Element]:
    names = {f"{ns}Contents", f"{ns}Version", f"{ns}DeleteMarker"}
    return [element for element in root if element.tag in names]


def entry(element: Element, ns: str, *, encoded: bool) -> Entry:
    """One object, version or delete marker. Raises ResponseParserError where it has no key."""
    text = element.findtext
    key = text(f"{ns}Key")
    if not key:
        raise ResponseParserError("An entry of the listing has no key.")
    return Entry(
        unquote_plus(key) if encoded else key,
        None if element.tag == f"{ns}Contents" else text(f"{ns}VersionId") or "null",
        int(size) if (size := text(f"{ns}Size") or "").isdecimal() else 0,
        text(f"{ns}LastModified") or "",
        text(f"{ns}StorageClass") or "STANDARD",
        element.tag == f"{ns}DeleteMarker",
    )
