"""SigV4: what is an Authorization header, and what is none."""

from __future__ import annotations

import pytest

from tests.s3control.wire import HOST, JOBS, Key, Raw, call, send, sign

GET = Raw("GET", JOBS)
NO_KEY = (403, "InvalidAccessKeyId")
NO_MATCH = (403, "SignatureDoesNotMatch")
MALFORMED = (400, "AuthorizationHeaderMalformed")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic YTpi",
        "Bearer lading_x",
        "AWS AKIDEXAMPLE:signature",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=x",
        "AWS4-HMAC-SHA256 Credential=a/b/c/s3/aws4_request, SignedHeaders=host",
        "AWS4-ECDSA-P256-SHA256 Credential=a/b/c/s3/aws4_request, SignedHeaders=h, Signature=s",
        "AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=",
        "AWS4-HMAC-SHA256 " + "x" * 4000,
    ],
)
def test_an_authorization_that_is_none(key: Key, value: str) -> None:
    reply = send(sign(GET, key).having("Authorization", value))

    assert reply.told in {MALFORMED, (403, "AccessDenied")}


CHANGES = [
    ("Credential=", "Credential=x/"),
    ("aws4_request", "aws3_request"),
    (", Signature=", ", Signature=x, Signature="),
    (", Signature=", ", Other=x, Signature="),
    ("SignedHeaders=host", "SignedHeaders=Host"),
    ("SignedHeaders=host;", "SignedHeaders=host;host;"),
    ("SignedHeaders=host;", "SignedHeaders=host;;"),
    ("SignedHeaders=host;x-amz-account-id", "SignedHeaders=x-amz-account-id;host"),
    ("AWS4-HMAC-SHA256", "aws4-hmac-sha256"),
    ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512"),
]


@pytest.mark.parametrize(("right", "wrong"), CHANGES)
def test_an_authorization_that_is_written_wrongly(key: Key, right: str, wrong: str) -> None:
    signed = sign(GET, key)
    value = signed.header("Authorization")
    assert right in value

    reply = send(signed.having("Authorization", value.replace(right, wrong)))

    assert reply.told in {MALFORMED, NO_MATCH, (403, "AccessDenied"), NO_KEY}


def test_spaces_between_its_parts_do_not_matter(key: Key) -> None:
    signed = sign(GET, key)
    value = signed.header("Authorization")

    for other in (value.replace(", ", ","), value.replace(", ", " ,  ")):
        assert send(signed.having("Authorization", other)).status == 200


def test_two_authorizations_are_none(key: Key) -> None:
    signed = sign(GET, key)

    assert send(signed.adding("Authorization", "Basic x")).status in {400, 403}


def test_a_request_without_one_is_refused(key: Key) -> None:
    assert send(sign(GET, key).lacking("Authorization")).told == (403, "AccessDenied")


@pytest.mark.parametrize("name", ["X-Amz-Signature", "X-Amz-Algorithm", "X-Amz-Credential"])
def test_presigned_addresses_are_refused(key: Key, name: str) -> None:
    """A link that works for hours is nothing that anybody should be able to make here."""
    both = call(key, "GET", f"{JOBS}?{name}=x")
    alone = send(Raw("GET", f"{JOBS}?{name}=x", (("Host", HOST),)))

    assert both.status in {400, 403}
    assert alone.told == (403, "AccessDenied")
