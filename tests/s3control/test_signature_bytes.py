"""SigV4: each single changed byte of anything that is signed is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from jobs.models import Job
from tests.conftest import MakeJob
from tests.s3control.wire import JOBS, Key, Raw, send, sign

REFUSED = {
    (403, "SignatureDoesNotMatch"),
    (403, "AccessDenied"),
    (403, "InvalidAccessKeyId"),
    (403, "RequestTimeTooSkewed"),
    (400, "AuthorizationHeaderMalformed"),
    (400, "XAmzContentSHA256Mismatch"),
    (400, "InvalidRequest"),
    (400, "BadRequestException"),
}
"""What may be said: something may be noticed before the signature is."""
BODY = (
    b'<PutJobTaggingRequest xmlns="urn:x"><Tags><m><Key>k</Key><Value>v</Value></m></Tags>'
    b"</PutJobTaggingRequest>"
)


@pytest.fixture
def job(make_job: MakeJob) -> Job:
    """A job that nobody may change by a forged request."""
    return make_job(status="Suspended", tags={"old": "1"}, priority=1)


@pytest.fixture
def tagging(key: Key, job: Job) -> Raw:
    """A signed request with a body and a header that is signed beside."""
    raw = Raw("PUT", f"{JOBS}/{job.pk}/tagging", (("x-amz-meta-note", "a b"),), BODY)
    return sign(raw, key)


@pytest.fixture
def deciding(key: Key, job: Job) -> Raw:
    """A signed request with a query."""
    query = "requestedJobStatus=Ready&statusUpdateReason=no%20longer%20needed"
    return sign(Raw("POST", f"{JOBS}/{job.pk}/status?{query}"), key)


def flipped(text: str) -> Iterator[str]:
    """The text with one character changed, for each of them; what a header may hold stays one."""
    for place, char in enumerate(text):
        other = chr(ord(char) ^ 1)
        if other.isascii() and other.isprintable() and other not in ' ,"':
            yield text[:place] + other + text[place + 1 :]


def untouched(job: Job) -> None:
    job.refresh_from_db()
    assert (job.status, job.tags, job.priority) == ("Suspended", {"old": "1"}, 1)


def test_the_requests_are_good_as_they_are(tagging: Raw, deciding: Raw, job: Job) -> None:
    assert send(tagging).status == 200
    assert send(deciding).status == 200

    job.refresh_from_db()
    assert (job.status, job.tags) == ("Ready", {"k": "v"})


@pytest.mark.parametrize(
    "name", ["Host", "x-amz-account-id", "X-Amz-Date", "X-Amz-Content-SHA256", "x-amz-meta-note"]
)
def test_each_byte_of_a_signed_header(tagging: Raw, job: Job, name: str) -> None:
    tried = 0
    for value in flipped(tagging.header(name)):
        assert send(tagging.having(name, value)).told in REFUSED, value
        tried += 1

    assert tried
    untouched(job)


def test_each_byte_of_the_authorization(tagging: Raw, job: Job) -> None:
    """Algorithm, key, date, region, service, names of headers and the signature itself."""
    tried = 0
    for value in flipped(tagging.header("Authorization")):
        assert send(tagging.having("Authorization", value)).told in REFUSED, value
        tried += 1

    assert tried > 200
    untouched(job)


def test_each_byte_of_the_signature_says_that_it_does_not_match(tagging: Raw, job: Job) -> None:
    value = tagging.header("Authorization")
    signature = value.rpartition("=")[2]
    others = "0123456789abcdef"

    for place, char in enumerate(signature):
        other = others[(others.index(char) + 1) % 16]
        changed = signature[:place] + other + signature[place + 1 :]
        reply = send(tagging.having("Authorization", value.replace(signature, changed)))
        assert reply.told == (403, "SignatureDoesNotMatch")

    untouched(job)


@pytest.mark.parametrize("change", [str.upper, lambda text: text + "0", lambda text: text[:-1]])
def test_a_signature_in_another_form(tagging: Raw, job: Job, change: object) -> None:
    value = tagging.header("Authorization")
    signature = value.rpartition("=")[2]
    changed = value.replace(signature, change(signature))  # type: ignore[operator]

    assert send(tagging.having("Authorization", changed)).told in REFUSED
    untouched(job)


def test_each_byte_of_the_path(tagging: Raw, job: Job) -> None:
    start = len(JOBS) + 1
    for target in flipped(tagging.target[start:]):
        if "/" not in target:
            continue
        reply = send(replace(tagging, target=tagging.target[:start] + target))
        assert reply.told in REFUSED, target

    untouched(job)


def test_each_byte_of_the_query(deciding: Raw, job: Job) -> None:
    path, _, query = deciding.target.partition("?")
    for changed in flipped(query):
        if "#" in changed:
            continue
        reply = send(replace(deciding, target=f"{path}?{changed}"))
        assert reply.told in REFUSED, changed

    untouched(job)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?requestedJobStatus=Ready",
        "?requestedJobStatus=Ready&statusUpdateReason=no%20longer%20needed&x=1",
        "?requestedJobStatus=Ready&statusUpdateReason=no%20longer%20needed&x",
        "?requestedJobStatus=Ready&requestedJobStatus=Ready&statusUpdateReason=no%20longer%20needed",
    ],
)
def test_a_query_with_more_or_less_in_it(deciding: Raw, job: Job, query: str) -> None:
    path = deciding.target.partition("?")[0]

    assert send(replace(deciding, target=path + query)).told in REFUSED
    untouched(job)


def test_each_byte_of_the_body(tagging: Raw, job: Job) -> None:
    for place in range(len(BODY)):
        changed = BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
        reply = send(replace(tagging, body=changed))
        assert reply.told == (400, "XAmzContentSHA256Mismatch"), place

    untouched(job)


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST", "PATCH"])
def test_another_method(tagging: Raw, job: Job, method: str) -> None:
    reply = send(replace(tagging, method=method))

    assert reply.told in REFUSED | {(405, "MethodNotAllowed")}
    untouched(job)


def test_a_signed_header_that_was_taken_away(tagging: Raw, job: Job) -> None:
    assert send(tagging.lacking("x-amz-meta-note")).told in REFUSED
    untouched(job)


def test_a_signed_header_that_was_doubled(tagging: Raw, job: Job) -> None:
    assert send(tagging.adding("x-amz-meta-note", "more")).told in REFUSED
    untouched(job)


def test_the_signature_of_one_request_is_none_for_another(
    tagging: Raw, deciding: Raw, job: Job
) -> None:
    other = deciding.having("Authorization", tagging.header("Authorization"))

    assert send(other).told in REFUSED
    untouched(job)
