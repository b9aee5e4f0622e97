"""Both lanes make the same of a reply: libcurl's and boto3's outcomes are equal."""

from collections import namedtuple

import pytest

from operations.base import Again, Store, Target
from operations.perform import perform
from operations.put_object_copy import PutObjectCopy
from tests.operations.http_store import (
    CLOSE,
    RESET,
    TAG,
    HttpStore,
    client_of,
    curl_sender,
    error,
    reply,
    send_all,
)

COPY = PutObjectCopy.parse({"TargetResource": "arn:aws:s3:::archive"})
TARGET = Target("photos", "a b/é.jpg")
COPIED = b'<?xml version="1.0"?><CopyObjectResult><ETag>"abc"</ETag></CopyObjectResult>'
PAGE = b"<!DOCTYPE html><html><body>Welcome<br>to the hotel</body></html>"
IDS = {"x_amz_request_id": "4F", "x_amz_id_2": "p/+="}

Case = namedtuple("Case", "answer succeeded status code again")


def case(answer, status, code, again=Again.NEVER):
    return Case(answer, False, status, code, again)


def fine(answer, status=200):
    return Case(answer, True, status, "", Again.NEVER)


def chunked(status, *chunks):
    parts = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks]
    head = b"HTTP/1.1 %d Whatever\r\nTransfer-Encoding: chunked\r\n\r\n" % status
    return head + b"".join(parts) + b"0\r\n\r\n"


def until_close(status, body):
    return [b"HTTP/1.1 %d Whatever\r\n\r\n%s" % (status, body), CLOSE]


FAULT, THROTTLED = Again.FAULT, Again.THROTTLED
NO_SUCH_KEY = error(404, "NoSuchKey", "The key is not there.", **IDS)
ODD = b"<Error><Code>Odd</Code><Message>\xff\xfe</Message></Error>"

TAGGING = {
    "200": fine(reply(200)),
    "204": fine(reply(204), 204),
    "202": fine(reply(202), 202),
    "200 with some XML": fine(reply(200, b"<Tagging/>")),
    "100 before it": fine(b"HTTP/1.1 100 Continue\r\n\r\n" + reply(200)),
    "Connection: close": fine([reply(200, Connection="close"), CLOSE]),
    "HTTP/1.0": fine([b"HTTP/1.0 200 OK\r\n\r\n", CLOSE]),
    "chunked and empty": fine(chunked(200)),
    "header names in odd case": fine(b"HTTP/1.1 200 OK\r\ncOnTeNt-LeNgTh: 0\r\n\r\n"),
    "404": case(NO_SUCH_KEY, 404, "NoSuchKey"),
    "404 in chunks": case(chunked(404, NO_SUCH_KEY[-60:]), 404, "404"),
    "404 after 100": case(b"HTTP/1.1 100 Continue\r\nx: y\r\n\r\n" + NO_SUCH_KEY, 404, "NoSuchKey"),
    "403": case(error(403, "AccessDenied", "Access &lt;Denied&gt;"), 403, "AccessDenied"),
    "403 and hangs up": case([error(403, "AccessDenied"), CLOSE], 403, "AccessDenied"),
    "400": case(error(400, "MalformedXML"), 400, "MalformedXML"),
    "timeout of the request": case(error(400, "RequestTimeout"), 400, "RequestTimeout", FAULT),
    "409": case(error(409, "OperationAborted"), 409, "OperationAborted"),
    "412": case(error(412, "PreconditionFailed"), 412, "PreconditionFailed"),
    "429": case(error(429, "TooManyRequests"), 429, "TooManyRequests", THROTTLED),
    "500": case(error(500, "InternalError", **IDS), 500, "InternalError", FAULT),
    "501": case(error(501, "NotImplemented"), 501, "NotImplemented"),
    "503": case(error(503, "SlowDown", "Please.", **IDS), 503, "SlowDown", THROTTLED),
    "503 empty": case(reply(503), 503, "503", THROTTLED),
    "504 empty": case(reply(504), 504, "504", FAULT),
    "403 empty": case(reply(403, **IDS), 403, "403"),
    "304": case(b"HTTP/1.1 304 Not Modified\r\n\r\n", 304, "304"),
    "a page of a proxy": case(reply(502, PAGE), 502, "502", FAULT),
    "a page with 200": case(reply(200, PAGE), None, "ResponseParserError", FAULT),
    "XHTML with 200": case(
        reply(200, b"<HTML><p>Log in</p></HTML>"), None, "ResponseParserError", FAULT
    ),
    "text with 200": case(reply(200, b"OK"), 200, "500", FAULT),
    "white space with 200": case(reply(200, b" \n "), 200, "500", FAULT),
    "a page with 403": case(reply(403, PAGE), 403, "403"),
    "a huge page with 403": case(reply(403, b"<p>" * 200_000), 403, "403"),
    "an error in 200": case(error(200, "InternalError"), 200, "InternalError", FAULT),
    "an error without a code": case(reply(403, b"<Error/>"), 403, "403"),
    "other XML": case(reply(403, b"<Fault><Code>Odd</Code></Fault>"), 403, "403"),
    "two codes": case(
        reply(403, b"<Error><Code>A</Code><Code>B</Code></Error>"),
        *(None, "ResponseParserError", FAULT),
    ),
    "JSON": case(reply(400, b'{"code": "Odd"}'), 400, "400"),
    "not UTF-8": case(reply(400, ODD), 400, "400"),
    "Latin-1": case(reply(400, b'<?xml version="1.0" encoding="latin-1"?>' + ODD), 400, "400"),
    "a message of many lines": case(error(400, "Odd", "a\r\n\tb\u2028c"), 400, "Odd"),
    "a message without end": case(error(400, "Odd", "é" * 30_000), 400, "Odd"),
    "a code without end": case(error(400, "Odd" * 100), 400, ("Odd" * 100)[:128]),
    "until it hangs up": case(
        until_close(404, NO_SUCH_KEY.partition(b"\r\n\r\n")[2]), 404, "NoSuchKey"
    ),
    "an id that is not ASCII": case(error(403, "Odd", x_amz_request_id="é"), 403, "Odd"),
}

COPYING = {
    "a copy": fine(reply(200, COPIED)),
    "a copy after white space": fine(chunked(200, COPIED[:21], b" ", b"\n  ", COPIED[21:])),
    "a copy after hours": fine(chunked(200, COPIED[:21], *[b" "] * 300, COPIED[21:])),
    "a copy in another namespace": fine(
        reply(200, b'<n:CopyObjectResult xmlns:n="x"><n:ETag>"a"</n:ETag></n:CopyObjectResult>')
    ),
    "a copy until it hangs up": fine(until_close(200, COPIED)),
    "no body": case(reply(200), 200, "InternalError", FAULT),
    "no ETag": case(reply(200, b"<CopyObjectResult/>"), 200, "InternalError", FAULT),
    "an empty ETag": case(
        reply(200, b"<CopyObjectResult><ETag/></CopyObjectResult>"), 200, "InternalError", FAULT
    ),
    "an ETag of nothing": case(
        reply(200, b"<CopyObjectResult><ETag></ETag></CopyObjectResult>"),
        *(200, "InternalError", FAULT),
    ),
    "part of a copy": case(until_close(200, COPIED[:-5]), 200, "500", FAULT),
    "a page with 200": case(reply(200, PAGE), None, "ResponseParserError", FAULT),
    "XHTML with 200": case(
        reply(200, b"<HTML><p>Log in</p></HTML>"), None, "ResponseParserError", FAULT
    ),
    "an error in 200": case(error(200, "SlowDown"), 200, "SlowDown", THROTTLED),
    "an error in 200, in chunks": case(
        chunked(200, b"<Error><Code>Inter", b"nalError</Code></Error>"),
        *(200, "InternalError", FAULT),
    ),
    "412": case(error(412, "PreconditionFailed"), 412, "PreconditionFailed"),
}

ALL = [(TAG, name, told) for name, told in TAGGING.items()]
ALL += [(COPY, name, told) for name, told in COPYING.items()]


@pytest.mark.parametrize(
    ("operation", "told"),
    [(operation, told) for operation, _, told in ALL],
    ids=[f"{operation.name}-{name}" for operation, name, _ in ALL],
)
def test_both_lanes_make_the_same_of_a_reply(operation, told):
    with HttpStore(lambda _: told.answer) as store:
        client = client_of(store.url)

        by_boto3 = perform(operation, Store(client), TARGET)
        by_libcurl = send_all(curl_sender(operation, client), [TARGET])

    assert by_libcurl == {0: by_boto3}
    assert (by_boto3.succeeded, by_boto3.http_status) == (told.succeeded, told.status)
    assert (by_boto3.error_code, by_boto3.again) == (told.code, told.again)


NO_REPLIES = {
    "hangs up": [CLOSE],
    "resets": [RESET],
    "hangs up in a chunk": [chunked(404, b"<Error>")[:-8], CLOSE],
    "is no HTTP": [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", CLOSE],
    "sends headers without end": reply(200, b"", x="a" * 400_000),
}


@pytest.mark.parametrize("answer", NO_REPLIES.values(), ids=NO_REPLIES)
def test_both_lanes_give_a_broken_reply_another_try(answer):
    with HttpStore(lambda _: answer) as store:
        client = client_of(store.url)

        by_boto3 = perform(TAG, Store(client), TARGET)
        (by_libcurl,) = send_all(curl_sender(TAG, client), [TARGET]).values()

    assert by_libcurl.error_code == by_boto3.error_code == "ConnectionClosedError"
    assert (by_libcurl.http_status, by_libcurl.again) == (None, Again.FAULT)
    assert by_libcurl.message


def test_a_reply_that_ends_too_soon_is_none_even_if_it_reads_well():
    """boto3 lets this one pass."""
    with HttpStore(lambda _: [reply(200, COPIED, length=500), CLOSE]) as store:
        (outcome,) = send_all(curl_sender(COPY, client_of(store.url)), [TARGET]).values()

    assert (outcome.error_code, outcome.again) == ("ConnectionClosedError", Again.FAULT)


@pytest.mark.parametrize("head", ["HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Le"])
def test_a_reply_that_ends_in_its_headers_is_none(head):
    """boto3 takes this for a success, and so does libcurl."""
    with HttpStore(lambda _: [head.encode(), CLOSE]) as store:
        (outcome,) = send_all(curl_sender(TAG, client_of(store.url)), [TARGET]).values()

    assert (outcome.error_code, outcome.again) == ("ConnectionClosedError", Again.FAULT)


@pytest.mark.parametrize("status", [200, 202])
def test_a_success_of_unreasonable_size_is_none(status):
    with HttpStore(lambda _: reply(status, b"<a>" + b" " * 2**21 + b"</a>")) as store:
        (outcome,) = send_all(curl_sender(TAG, client_of(store.url)), [TARGET]).values()

    assert (outcome.http_status, outcome.again) == (None, Again.FAULT)
    assert outcome.error_code == "ResponseParserError"


def test_a_reply_before_the_body_was_read_counts():
    with HttpStore(lambda _: [error(403, "AccessDenied"), CLOSE], reads_bodies=False) as store:
        (outcome,) = send_all(curl_sender(TAG, client_of(store.url)), [TARGET]).values()

    assert outcome.error_code in ("AccessDenied", "ConnectionClosedError")


@pytest.mark.parametrize("operation", [TAG, COPY], ids=lambda each: each.name)
def test_both_lanes_put_the_same_on_the_wire(operation):
    """But for what only the SDK says of itself, none of which is signed."""
    own = {"user-agent", "accept-encoding", "amz-sdk-invocation-id", "amz-sdk-request"}
    keys = ["a b/é+&=?#%25", "x/../y", "//lead", ".", "a\r\nb", "%41", "tail/"]
    with HttpStore(lambda _: reply(200, COPIED)) as store:
        client = client_of(store.url)
        sender = curl_sender(operation, client, versions=True)
        for key in keys:
            perform(operation, Store(client), Target("photos", key, "v+1/="))
            send_all(sender, [Target("photos", key, "v+1/=")])

    for by_boto3, by_libcurl in zip(store.seen[::2], store.seen[1::2], strict=True):
        assert (by_libcurl.method, by_libcurl.path) == (by_boto3.method, by_boto3.path)
        assert by_libcurl.body == by_boto3.body
        dated = {"x-amz-date", "authorization"}
        asked = {name for name in by_boto3.headers if name not in own}
        assert set(by_libcurl.headers) - own == asked
        for name in asked - dated:
            assert by_libcurl.headers[name] == by_boto3.headers[name], name


def test_what_is_signed_is_sent():
    copy = PutObjectCopy.parse({"TargetResource": "arn:aws:s3:::archive", "NewObjectTagging": []})
    with HttpStore(lambda _: reply(200, COPIED)) as store:
        send_all(curl_sender(copy, client_of(store.url)), [TARGET])

    (seen,) = store.seen
    signed = seen.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    assert set(signed) <= set(seen.headers)
    assert seen.headers["x-amz-tagging"] == ""
