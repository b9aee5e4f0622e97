"""Signatures are those of botocore, which has the authority on them."""

import calendar
import hashlib
import time

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from operations.signing import BLOCK, Scope, Signer

EXAMPLE_DAY = calendar.timegm((2030, 1, 2, 0, 0, 0))
SECONDS = st.integers(min_value=0, max_value=calendar.timegm((2099, 12, 31, 23, 59, 59)))


def scope(**values):
    parts = {
        "access_key_id": "AKIATESTSONLY",
        "secret_access_key": "tests-only",
        "region": "us-east-1",
        "service": "s3",
        "signed_headers": "host;x-amz-date",
    }
    return Scope(**{**parts, **values})


def signature_of_botocore(kind, made_for, second, canonical_request):
    """What botocore signs for a canonical request, by its own steps."""
    credentials = Credentials(made_for.access_key_id, made_for.secret_access_key)
    auth = kind(credentials, made_for.service, made_for.region)
    request = AWSRequest()
    request.context["timestamp"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))
    return auth.signature(auth.string_to_sign(request, canonical_request), request)


@settings(deadline=None, max_examples=150)
@given(
    kind=st.sampled_from([SigV4Auth, S3SigV4Auth]),
    secret=st.text(st.characters(codec="ascii"), max_size=2 * BLOCK),
    region=st.from_regex(r"[a-z]{2}-[a-z]{1,9}-[0-9]", fullmatch=True),
    service=st.sampled_from(["s3", "s3express", "s3-outposts", "lambda"]),
    second=SECONDS,
    canonical=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_a_signature_is_that_of_botocore(kind, secret, region, service, second, canonical):
    made_for = scope(secret_access_key=secret, region=region, service=service)
    signer = Signer(made_for)
    signer.roll(second)

    signature = signer.authorization(canonical).rpartition("Signature=")[2]

    assert signature == signature_of_botocore(kind, made_for, second, canonical)


@settings(deadline=None, max_examples=50)
@given(seconds=st.lists(SECONDS, min_size=2, max_size=6))
def test_one_signer_signs_any_seconds_in_any_order(seconds):
    signer = Signer(scope())

    for second in seconds:
        signer.roll(second)
        signature = signer.authorization("PUT\n/").rpartition("Signature=")[2]
        assert signature == signature_of_botocore(SigV4Auth, scope(), second, "PUT\n/")


def test_the_day_rolls_at_midnight_utc():
    signer = Signer(scope())
    said = []

    for second in (EXAMPLE_DAY - 1, EXAMPLE_DAY, EXAMPLE_DAY + 1):
        signer.roll(second)
        said.append((signer.amz_date, signer.authorization("").split("/")[1]))

    assert said == [
        ("20300101T235959Z", "20300101"),
        ("20300102T000000Z", "20300102"),
        ("20300102T000001Z", "20300102"),
    ]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_the_day_does_not_depend_on_where_the_machine_is(zone, monkeypatch):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        signer = Signer(scope())
        signer.roll(EXAMPLE_DAY)
        assert signer.amz_date == "20300102T000000Z"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_says_who_signs_and_what():
    signer = Signer(scope())
    signer.roll(EXAMPLE_DAY)

    assert signer.authorization("x").startswith(
        "AWS4-HMAC-SHA256 Credential=AKIATESTSONLY/20300102/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature="
    )


def test_two_signatures_of_a_second_do_not_touch_each_other():
    signer = Signer(scope())
    signer.roll(EXAMPLE_DAY)

    first, other, again = (signer.authorization(text) for text in ("a", "b", "a"))

    assert first == again
    assert first != other
    assert len(hashlib.sha256().hexdigest()) == len(first.rpartition("=")[2])
