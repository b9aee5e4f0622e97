"""SigV4: what may be written in several ways and is the same request (spec.md 3.1)."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
from gunicorn.http.errors import ObsoleteFolding, ParseException
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import MakeJob
from tests.s3control.wire import HOST, JOBS, Key, Raw, call, send, sign

MANY = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NO_MATCH = (403, "SignatureDoesNotMatch")


# ---- headers


@pytest.mark.parametrize(
    "written", ["a b", "  a b  ", "a    b", "\ta \t b", '"a   b"', "a,b", "a, b", "ä ö", ""]
)
def test_spaces_in_a_header_are_read_as_one(key: Key, written: str) -> None:
    raw = sign(Raw("GET", JOBS, (("x-amz-meta-note", written),)), key)

    assert send(raw).status == 200


def test_spaces_may_be_added_on_the_way(key: Key) -> None:
    raw = sign(Raw("GET", JOBS, (("x-amz-meta-note", "a b"),)), key)

    assert send(raw.having("x-amz-meta-note", "  a    b ")).status == 200
    assert send(raw.having("x-amz-meta-note", "ab")).told == NO_MATCH


def test_a_header_may_come_twice_where_it_was_signed_twice(key: Key) -> None:
    raw = Raw("GET", JOBS, (("x-amz-meta-note", "one"), ("x-amz-meta-note", " two  three")))

    assert send(sign(raw, key)).status == 200


def test_names_of_headers_have_no_case(key: Key) -> None:
    raw = sign(Raw("GET", JOBS), key)
    upper = Raw(raw.method, raw.target, tuple((name.upper(), v) for name, v in raw.headers))

    assert send(upper).status == 200


def test_any_header_may_be_signed_beside(key: Key) -> None:
    raw = Raw("GET", JOBS, (("Accept", "*/*"), ("Content-Type", "text/xml"), ("X-Own", "1")))

    signed = sign(raw, key)

    assert "accept;content-type;host;" in signed.header("Authorization")
    assert send(signed).status == 200
    assert send(signed.having("Accept", "text/html")).told == NO_MATCH


def test_a_length_may_be_signed_too(key: Key) -> None:
    body = "<CreateJobRequest"
    raw = Raw("POST", JOBS, (("Content-Length", str(len(body))),), body.encode())

    assert send(sign(raw, key)).told == (400, "MalformedXML")


def test_the_server_does_not_take_folded_headers(key: Key) -> None:
    raw = sign(Raw("GET", JOBS, (("x-amz-meta-note", "a b"),)), key)

    with pytest.raises(ObsoleteFolding):
        send(raw.having("x-amz-meta-note", "a\r\n b"))


def test_a_header_with_an_underscore_does_not_stand_for_another(key: Key) -> None:
    raw = sign(Raw("GET", JOBS), key)
    forged = raw.lacking("x-amz-account-id").adding("x_amz_account_id", key.account_id)

    with suppress(ParseException):  # the server may refuse it itself
        assert send(forged).status in {400, 403}


# ---- hosts


@pytest.mark.parametrize(
    "host", [HOST, "127.0.0.1", "localhost:80", "LOCALHOST", "[::1]:8000", "a.b.c:65535"]
)
def test_the_host_is_verified_as_it_was_sent(key: Key, host: str) -> None:
    signed = sign(Raw("GET", JOBS, (("Host", host),)), key)

    assert send(signed).status == 200
    assert send(signed.having("Host", "other.test:8000")).told == NO_MATCH


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "Forwarded", "X-Host"])
def test_no_other_header_stands_for_the_host(key: Key, name: str) -> None:
    signed = sign(Raw("GET", JOBS), key)
    forged = signed.having("Host", "evil.test").adding(name, HOST)

    assert send(forged).told == NO_MATCH


def test_an_absolute_target_is_read_as_its_path(key: Key) -> None:
    """As clients write it when they think that they speak to a proxy."""
    host = "000000000000.batch.example.test"
    signed = sign(Raw("GET", f"{JOBS}?maxResults=3", (("Host", host),)), key)
    absolute = Raw("GET", f"http://{host}{signed.target}", signed.headers)

    assert send(absolute).status == 200


# ---- queries


@pytest.mark.parametrize(
    "query",
    [
        "maxResults=5&jobStatuses=Ready&jobStatuses=Active",
        "jobStatuses=Ready&jobStatuses=Active&maxResults=5",
        "jobStatuses=Active&maxResults=5&jobStatuses=Ready",
    ],
)
def test_the_order_of_a_query_does_not_matter(key: Key, query: str) -> None:
    wanted = "jobStatuses=Active&jobStatuses=Ready&maxResults=5"
    signed = sign(Raw("GET", f"{JOBS}?{wanted}"), key)

    assert send(Raw("GET", f"{JOBS}?{query}", signed.headers)).status == 200


@pytest.mark.parametrize(
    "query",
    ["x", "x=", "a=1&a=2&a=1", "%C3%BC=%E2%82%AC", "a%2Fb=c%3Dd", "A=1&a=2", "a-b=1&a=2",
     "x=%20", "x=%2B", "x=a%26b", "x=" + "v" * 3000],
)  # fmt: skip
def test_queries_that_are_encoded_as_aws_asks(key: Key, query: str) -> None:
    canonical = "x=" if query == "x" else query

    signed = sign(Raw("GET", f"{JOBS}?{canonical}"), key)

    assert send(Raw("GET", f"{JOBS}?{query}", signed.headers)).status == 200


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("x=a/b", "x=a%2Fb"),
        ("x=%7e", "x=~"),
        ("x=%7E", "x=~"),
        ("x=a:b", "x=a%3Ab"),
        ("x=%2f", "x=%2F"),
        ("x=a=b", "x=a%3Db"),
        ("%78=1", "x=1"),
    ],
)
def test_a_query_may_be_written_otherwise_than_it_was_signed(
    key: Key, written: str, canonical: str
) -> None:
    signed = sign(Raw("GET", f"{JOBS}?{canonical}"), key)

    assert send(Raw("GET", f"{JOBS}?{written}", signed.headers)).status == 200


def test_a_plus_is_read_as_what_it_was_signed_as(key: Key, make_job: MakeJob) -> None:
    """Forms write a space so; were it read as one, whoever passes a request on could change it."""
    target = f"{JOBS}/{make_job(status='Suspended').pk}/status?requestedJobStatus=Cancelled"
    signed = sign(Raw("POST", f"{target}&statusUpdateReason=a%2Bb"), key)

    reply = send(Raw("POST", f"{target}&statusUpdateReason=a+b", signed.headers))

    assert reply.root.findtext("{*}StatusUpdateReason") == "a+b"


@given(st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=6))
@MANY
def test_any_query_that_botocore_signs_is_verified(key: Key, pairs: list[tuple[str, str]]) -> None:
    known = {"maxResults", "nextToken", "jobStatuses"}
    encoded = [
        f"{quote(name, safe=UNRESERVED)}={quote(value, safe=UNRESERVED)}"
        for name, value in pairs
        if name not in known and not name.lower().startswith("x-amz")
    ]

    assert call(key, "GET", f"{JOBS}?{'&'.join(encoded)}".rstrip("?")).status == 200


# ---- paths


@pytest.mark.parametrize(
    "job_id",
    ["a%2Fb", "a%20b%20c", "%C3%BC%C3%B6%C3%A4", "%E2%82%AC%F0%9F%92%BE", "a+b+c", "a~b~c", "a:b@c",
     "a%2Bb", "%41%42%43", "a%25b%25c", "..%2F..", "a.b.c", "a,b;c=d", "(abc)", "a*b'c!"],
)  # fmt: skip
def test_a_path_is_verified_as_it_was_sent(key: Key, job_id: str) -> None:
    """No decoding, no second encoding, no tidying up: what stands there was signed."""
    for target in (f"{JOBS}/{job_id}", f"{JOBS}/{job_id}/tagging"):
        assert call(key, "GET", target).told == (404, "NotFoundException")


def test_a_path_in_another_form_is_another_path(key: Key, make_job: MakeJob) -> None:
    signed = sign(Raw("GET", f"{JOBS}/{make_job().pk}"), key)
    first = signed.target[len(JOBS) + 1]
    encoded = signed.target.replace(f"/{first}", f"/%{ord(first):02X}", 1)
    encoded = JOBS + "/" + f"%{ord(first):02X}" + signed.target[len(JOBS) + 2 :]

    reply = send(Raw("GET", encoded, signed.headers))

    assert reply.told == NO_MATCH


@given(TEXT.filter(lambda text: text.strip("./")), st.sampled_from(["", "/tagging"]))
@MANY
def test_any_path_that_botocore_signs_is_verified(key: Key, job_id: str, rest: str) -> None:
    """Whatever it names, it is never the signature that is wrong."""
    target = f"{JOBS}/{quote(job_id, safe='-_.~')}{rest}"

    assert call(key, "GET", target).told == (404, "NotFoundException")


@given(
    st.dictionaries(st.from_regex(r"\Ax-amz-meta-[a-z]{1,8}\Z"), st.text("a b\t,;=\"'", max_size=9))
)
@MANY
def test_any_headers_that_botocore_signs_are_verified(key: Key, headers: dict[str, Any]) -> None:
    raw = Raw("GET", JOBS, tuple(headers.items()))

    assert send(sign(raw, key)).status == 200
