"""Bodies that are no XML, too large, or traps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from jobs.models import Job
from tests.conftest import MakeJob
from tests.s3control.wire import JOBS, Key, Raw, Reply, call, send, sign

LAUGHS = "".join(
    f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' if number else '<!ENTITY l0 "ha">'
    for number in range(12)
)
MEBIBYTE = 1024 * 1024


@pytest.fixture(params=["CreateJob", "PutJobTagging"])
def post(request: pytest.FixtureRequest, key: Key, make_job: MakeJob) -> Callable[..., Reply]:
    """Send a body to a call that reads one."""
    if request.param == "CreateJob":
        return lambda body: call(key, "POST", JOBS, body)
    return lambda body: call(key, "PUT", f"{JOBS}/{make_job().pk}/tagging", body)


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "no xml at all",
        '{"Operation": {}}',
        "<CreateJobRequest>",
        "<CreateJobRequest></Other>",
        "<CreateJobRequest/><CreateJobRequest/>",
        "<CreateJobRequest>&unknown;</CreateJobRequest>",
        "<CreateJobRequest>\x00</CreateJobRequest>",
        "<CreateJobRequest>\x01</CreateJobRequest>",
        "<a:CreateJobRequest/>",
        b"<CreateJobRequest>\xff\xfe</CreateJobRequest>",
        b'<?xml version="1.0" encoding="no-such"?><CreateJobRequest/>',
        b"\x1f\x8b\x08\x00",
    ],
)
def test_what_is_not_well_formed_is_refused(post: Callable[..., Reply], body: str | bytes) -> None:
    assert post(body).told == (400, "MalformedXML")


@pytest.mark.parametrize(
    "trap",
    [
        f"<!DOCTYPE l [{LAUGHS}]><CreateJobRequest>&l11;</CreateJobRequest>",
        f'<!DOCTYPE l [<!ENTITY a "{"x" * 50_000}">]><CreateJobRequest>{"&a;" * 10_000}'
        "</CreateJobRequest>",
        '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
        "<CreateJobRequest>&a;</CreateJobRequest>",
        '<!DOCTYPE l [<!ENTITY a SYSTEM "http://127.0.0.1:1/">]>'
        "<CreateJobRequest>&a;</CreateJobRequest>",
        '<!DOCTYPE l [<!ENTITY % a SYSTEM "http://127.0.0.1:1/"> %a;]><CreateJobRequest/>',
        '<!DOCTYPE CreateJobRequest SYSTEM "http://127.0.0.1:1/x.dtd"><CreateJobRequest/>',
        "<!DOCTYPE CreateJobRequest><CreateJobRequest/>",
        '<!DOCTYPE l [<!ENTITY a "harmless">]><CreateJobRequest/>',
    ],
    ids=[
        "billion laughs", "quadratic blowup", "a file", "an address", "a parameter entity",
        "an external document type", "a document type", "an entity that nobody uses",
    ],
)  # fmt: skip
def test_a_trap_is_refused_at_once(post: Callable[..., Reply], trap: str) -> None:
    began = time.process_time()

    reply = post(trap)

    assert reply.told == (400, "MalformedXML")
    assert time.process_time() - began < 2
    assert b"root:" not in reply.body
    assert not Job.objects.exclude(status="New").exists()


def test_deep_nesting_is_refused_at_once(post: Callable[..., Reply]) -> None:
    depth = 100_000
    began = time.process_time()

    reply = post("<a>" * depth + "</a>" * depth)

    assert reply.status == 400
    assert reply.code in {"MalformedXML", "BadRequestException"}
    assert time.process_time() - began < 2


def test_a_body_of_one_mebibyte_is_read_and_one_more_byte_is_not(
    post: Callable[..., Reply],
) -> None:
    start, end = "<CreateJobRequest><Unknown>", "</Unknown></CreateJobRequest>"
    fitting = start + "x" * (MEBIBYTE - len(start) - len(end)) + end

    read, refused = post(fitting), post(fitting.replace("xx", "xxx", 1))

    assert read.code != "MaxMessageLengthExceeded"
    assert refused.told == (400, "MaxMessageLengthExceeded")


def test_a_body_that_says_it_is_large_is_refused_unread(key: Key) -> None:
    signed = sign(Raw("POST", JOBS, body=b"<CreateJobRequest/>"), key)

    reply = send(signed.having("Content-Length", str(10**12)))

    assert reply.told == (400, "MaxMessageLengthExceeded")


def test_a_body_in_pieces_is_limited_too(key: Key) -> None:
    body = b"<CreateJobRequest>" + b"x" * 2 * MEBIBYTE + b"</CreateJobRequest>"
    signed = sign(Raw("POST", JOBS, body=body), key).lacking("Content-Length")
    pieces = b"".join(
        b"%x\r\n%s\r\n" % (len(piece), piece)
        for piece in (body[at : at + 65536] for at in range(0, len(body), 65536))
    )
    chunked = replace(signed.adding("Transfer-Encoding", "chunked"), body=pieces + b"0\r\n\r\n")

    assert send(chunked).status in {400, 411}


def test_a_call_without_a_body_ignores_none(key: Key, make_job: MakeJob) -> None:
    """What was signed and sent is read as what it is: a body is no fault where none is needed."""
    job = make_job(status="Suspended")

    reply = call(key, "POST", f"{JOBS}/{job.pk}/priority?priority=3", b"stray")

    assert reply.status == 200


def test_a_form_is_not_parsed_as_one(key: Key) -> None:
    """Django would read the body away before anybody could verify it."""
    raw = Raw("POST", JOBS, (("Content-Type", "application/x-www-form-urlencoded"),), b"<x")

    assert send(sign(raw, key)).told == (400, "MalformedXML")
