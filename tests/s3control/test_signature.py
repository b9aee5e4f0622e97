"""SigV4: who may sign, what has to be signed, and when (spec.md 3.1). botocore signs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from gunicorn.http.errors import InvalidHeader

from jobs.credentials import AccessKey
from tests.conftest import OTHER_ACCOUNT, MakeUser
from tests.s3control.conftest import KeyOf
from tests.s3control.wire import HOST, JOBS, Key, Raw, account, call, client_of, send, sign

GET = Raw("GET", JOBS)
NO_KEY = (403, "InvalidAccessKeyId")
NO_MATCH = (403, "SignatureDoesNotMatch")
MALFORMED = (400, "AuthorizationHeaderMalformed")
SIGNED = ("host", "x-amz-account-id", "x-amz-date", "x-amz-content-sha256")
AGO = timedelta(minutes=15)


def test_what_boto3_signs_is_let_in(control: Any) -> None:
    assert control.list_jobs(AccountId=account())["Jobs"] == []


def test_what_botocores_signer_signs_is_let_in(key: Key) -> None:
    signed = sign(GET, key)

    assert send(signed).status == 200
    assert "SignedHeaders=host;x-amz-account-id;x-amz-content-sha256;x-amz-date" in signed.header(
        "Authorization"
    )


# ---- the scope


@pytest.mark.parametrize("region", ["snow", "us-east-1", "eu-west-1", "cn-north-1", "anywhere-9"])
def test_any_region_may_stand_in_the_scope(key: Key, region: str) -> None:
    assert send(sign(GET, key, region=region)).status == 200


def test_the_region_is_signed_and_then_ignored(control: Any, key: Key, make_job: Any) -> None:
    job = make_job()
    snow = client_of(key, region="snow", endpoint=f"http://{HOST}")

    told = snow.describe_job(AccountId=account(), JobId=str(job.pk))["Job"]

    assert told["JobArn"].split(":")[3] == "us-east-1"


def test_a_region_that_was_not_signed_is_refused(key: Key) -> None:
    signed = sign(GET, key, region="eu-west-1")
    changed = signed.header("Authorization").replace("eu-west-1", "eu-west-2")

    assert send(signed.having("Authorization", changed)).told == NO_MATCH


@pytest.mark.parametrize("service", ["s3-control", "s3control", "sts", "S3", ""])
def test_another_service_is_refused(key: Key, service: str) -> None:
    assert send(sign(GET, key, service=service)).told == MALFORMED


# ---- what has to be signed, and how


@pytest.mark.parametrize("name", SIGNED)
def test_a_header_that_matters_has_to_be_signed(key: Key, name: str) -> None:
    reply = send(sign(GET, key, unsigned=(name,)))

    assert reply.status in {400, 403}
    assert reply.code in {"AccessDenied", "AuthorizationHeaderMalformed", "SignatureDoesNotMatch"}


@pytest.mark.parametrize("name", SIGNED)
def test_a_header_that_matters_has_to_be_there(key: Key, name: str) -> None:
    reply = send(sign(GET, key).lacking(name))

    assert reply.status in {400, 403}


@pytest.mark.parametrize("name", SIGNED)
def test_a_header_that_matters_may_stand_there_once(key: Key, name: str) -> None:
    signed = sign(GET, key)
    twice = signed.adding(name, signed.header(name))

    if name == "host":
        with pytest.raises(InvalidHeader):  # the server refuses it itself
            send(twice)
        return
    assert send(twice).status in {400, 403}


def test_an_amz_header_that_was_not_signed_is_refused(key: Key) -> None:
    """What it would mean, nobody vouches for."""
    reply = send(sign(GET, key).adding("x-amz-security-token", "made up"))

    assert reply.status in {400, 403}


def test_other_headers_need_no_signature(key: Key) -> None:
    signed = sign(GET, key)
    for name, value in (
        ("Accept-Encoding", "identity"),
        ("User-Agent", "anything"),
        ("amz-sdk-invocation-id", "x"),
        ("amz-sdk-request", "attempt=1"),
        ("X-Forwarded-For", "10.0.0.1"),
    ):
        signed = signed.adding(name, value)

    assert send(signed).status == 200


@pytest.mark.parametrize("payload", [
    "UNSIGNED-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "unsigned-payload",
    "",
    "x" * 64,
])  # fmt: skip
def test_the_body_has_to_be_hashed(key: Key, payload: str) -> None:
    reply = send(sign(Raw("GET", JOBS, (("X-Amz-Content-SHA256", payload),)), key))

    assert reply.status == 400
    assert reply.code in {"InvalidRequest", "XAmzContentSHA256Mismatch", "InvalidArgument"}


def test_the_hash_has_to_be_that_of_the_body(key: Key) -> None:
    signed = sign(Raw("POST", JOBS, body=b"<CreateJobRequest/>"), key)
    changed = Raw(signed.method, signed.target, signed.headers, b"<CreateJobRequesT/>")

    assert send(changed).told == (400, "XAmzContentSHA256Mismatch")


def test_a_hash_in_capitals_is_another_text(key: Key) -> None:
    signed = sign(GET, key)

    reply = send(signed.having("X-Amz-Content-SHA256", "E3B0" + "C" * 60))

    assert reply.status in {400, 403}


# ---- when


@pytest.mark.parametrize("sign_of", [-1, 1])
def test_a_clock_may_be_wrong_by_fifteen_minutes(key: Key, sign_of: int) -> None:
    near = datetime.now(UTC) + sign_of * (AGO - timedelta(seconds=20))
    far = datetime.now(UTC) + sign_of * (AGO + timedelta(seconds=20))

    assert send(sign(GET, key, at=near)).status == 200
    assert send(sign(GET, key, at=far)).told == (403, "RequestTimeTooSkewed")


def test_a_signature_of_yesterday_is_of_no_use(key: Key) -> None:
    reply = send(sign(GET, key, at=datetime.now(UTC) - timedelta(days=1)))

    assert reply.told == (403, "RequestTimeTooSkewed")


def test_the_date_of_the_scope_is_that_of_the_request(key: Key) -> None:
    signed = sign(GET, key)
    today = signed.header("X-Amz-Date")[:8]
    changed = signed.header("Authorization").replace(f"/{today}/", "/20200101/")

    reply = send(signed.having("Authorization", changed))

    assert reply.status in {400, 403}


@pytest.mark.parametrize(
    "date",
    ["", "yesterday", "20260101", "2026-01-01T00:00:00Z", "20261301T000000Z", "20260230T000000Z",
     "99999999T999999Z", "20260101T000000", "20260101T000000+0000"],
)  # fmt: skip
def test_what_is_no_date_is_refused(key: Key, date: str) -> None:
    reply = send(sign(GET, key).having("X-Amz-Date", date))

    assert reply.status in {400, 403}
    assert reply.code


def test_a_date_header_does_not_stand_for_the_other(key: Key) -> None:
    signed = sign(GET, key).lacking("X-Amz-Date")

    reply = send(signed.adding("Date", "Sun, 29 Nov 2026 00:00:00 GMT"))

    assert reply.status in {400, 403}


# ---- who


def test_a_key_that_nobody_has(key: Key) -> None:
    assert call(key._replace(access_key_id="LADINGAAAAAAAAAAAAAA"), "GET", JOBS).told == NO_KEY


def test_a_key_with_another_secret(key: Key) -> None:
    assert call(key._replace(secret=key.secret[:-1] + "~"), "GET", JOBS).told == NO_MATCH


def test_a_key_that_was_revoked(key: Key) -> None:
    AccessKey.objects.update(revoked_at=timezone.now())

    assert call(key, "GET", JOBS).told == NO_KEY


def test_a_key_that_has_expired(user: User, key: Key) -> None:
    AccessKey.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    assert call(key, "GET", JOBS).status == 200

    AccessKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert call(key, "GET", JOBS).told == NO_KEY


def test_the_key_of_somebody_who_was_shut_out(user: User, key: Key) -> None:
    user.is_active = False
    user.save()

    assert call(key, "GET", JOBS).told == NO_KEY


def test_the_key_is_looked_for_before_its_signature_is(key: Key) -> None:
    """A wrong signature by a key that is gone says that it is gone: that helps whoever rotates."""
    AccessKey.objects.update(revoked_at=timezone.now())

    assert call(key._replace(secret="wrong"), "GET", JOBS).told == NO_KEY


def test_the_use_of_a_key_is_written_down_and_a_try_is_not(key: Key) -> None:
    call(key._replace(secret="wrong"), "GET", JOBS)
    assert AccessKey.objects.get().last_used_at is None

    call(key, "GET", JOBS)
    assert AccessKey.objects.get().last_used_at is not None


def test_the_account_is_that_of_the_key(key: Key, other_user: User) -> None:
    reply = call(key._replace(account_id=OTHER_ACCOUNT), "GET", JOBS)

    assert reply.told == (403, "AccessDenied")


@pytest.mark.parametrize("told", ["", "1", "12345678901x", "0000000000000", "abc"])
def test_what_is_no_account(key: Key, told: str) -> None:
    reply = call(key._replace(account_id=told), "GET", JOBS)

    assert reply.status in {400, 403}
    assert reply.code in {"AccessDenied", "BadRequestException", "InvalidRequest", "InvalidURI"}


def test_a_name_in_front_of_the_host_that_is_another_account_is_refused(key: Key) -> None:
    """Routing and signature must not disagree (spec.md 3.1)."""
    host = ("Host", f"{OTHER_ACCOUNT}.batch.example.test")

    assert send(sign(Raw("GET", JOBS, (host,)), key)).status == 400


def test_another_member_has_a_key_of_another_account(make_user: MakeUser, key_of: KeyOf) -> None:
    theirs = key_of(make_user("viewer", OTHER_ACCOUNT))

    assert call(theirs, "GET", JOBS).status == 200
