"""Where no template can be made, or it would say something else, boto3 does the work itself."""

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from botocore import UNSIGNED
from botocore.credentials import RefreshableCredentials

from operations.base import Operation, Store, Target
from operations.proof import compare, prove
from operations.put_object_copy import PutObjectCopy
from operations.put_object_tagging import PutObjectTagging
from operations.request import CREDENTIALS_SECONDS, CannotCompile, RequestTemplate
from operations.sender import CurlSender, sender_for
from operations.slots import Slots
from operations.threads import ThreadSender
from tests.operations.http_store import client_of

TAG = PutObjectTagging.parse({"TagSet": [{"Key": "project", "Value": "lading"}]})
COPY = PutObjectCopy.parse({"TargetResource": "arn:aws:s3:::archive"})
KEY_SENTINEL = {"KEY": "key"}


class DeleteByList(Operation):
    """Names the key in the body of its request."""

    name = "S3DeleteByList"
    label = "Delete"
    permissions = ()
    call = "delete_objects"

    def request(self, target):
        return {"Bucket": target.bucket, "Delete": {"Objects": [{"Key": target.key}]}}


class RunsItself(Operation):
    """Is more than one request."""

    name = "S3RunsItself"
    label = "Run"
    permissions = ()

    def run(self, store, target):
        raise NotImplementedError


def template_of(operation=TAG, *, client=None, bucket="photos", versions=False, **config):
    client = client or client_of("http://store.example:9000", **config)
    return RequestTemplate(operation, Store(client), bucket, versions=versions)


def sender_of(operation=TAG, *, client=None, bucket="photos", **config):
    client = client or client_of(config.pop("url", "http://store.example:9000"), **config)
    sender = sender_for(operation, Store(client), bucket, versions=False, connections=20, threads=3)
    sender.close()
    return sender


def without_credentials():
    client = client_of("http://store.example:9000")
    client._request_signer._credentials = None
    return client


REFUSED = {
    "no credentials": {"client": without_credentials},
    "an unsigned client": {"signature_version": UNSIGNED},
    "Signature Version 2": {"signature_version": "s3"},
    "SigV4A: a multi-region access point": {
        "url": None,
        "bucket": "arn:aws:s3::123456789012:accesspoint/photos.mrap",
    },
    "S3 Express": {"url": None, "bucket": "photos--use1-az4--x-s3", "s3": {}},
    "a bucket name that boto3 refuses": {"bucket": "no such bucket!"},
    "a key in the body": {"operation": DeleteByList()},
    "more than one request": {"operation": RunsItself()},
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_boto3_does_what_no_template_can(case):
    client = case.get("client")

    sender = sender_of(**{**case, "client": client and client()})

    assert isinstance(sender, ThreadSender)
    assert sender.most == 3


def test_what_can_be_compiled_goes_through_libcurl():
    sender = sender_of()

    assert isinstance(sender, CurlSender)
    assert sender.most == 20


def test_a_store_that_is_asked_for_sizes_first_gets_boto3():
    store = Store(client_of("http://store.example:9000"), accepts_large_copies=True)

    sender = sender_for(COPY, store, "photos", versions=False, connections=20, threads=3)

    assert isinstance(sender, ThreadSender)


def test_a_refusal_says_why():
    with pytest.raises(CannotCompile, match="CreateSession"):
        template_of(bucket="photos--use1-az4--x-s3", client=client_of(None, s3={}))
    with pytest.raises(CannotCompile, match="in the body"):
        template_of(DeleteByList())
    with pytest.raises(CannotCompile, match="Signature Version 4"):
        template_of(signature_version="s3")
    with pytest.raises(CannotCompile, match="more than one request"):
        template_of(RunsItself())


# ---- a proof that cannot fail proves nothing


def quoted_wrongly(template):
    template._url = Slots(template._url.format.replace("%s", "KEY/"), KEY_SENTINEL)


FAULTS = {
    "a header is changed": lambda it: it._fixed.__setitem__(0, it._fixed[0] + "x"),
    "a header is missing": lambda it: it._fixed.pop(),
    "a header is too many": lambda it: it._fixed.append("x-amz-acl: public-read"),
    "another body": lambda it: setattr(it, "body", it.body + b" "),
    "another method": lambda it: setattr(it, "method", "POST"),
    "another URL": quoted_wrongly,
    "the key is signed otherwise": lambda it: setattr(
        it, "_canonical_head", Slots("PUT\n/photos/KEY/\ntagging=\n", KEY_SENTINEL)
    ),
    "other headers are signed": lambda it: setattr(
        it, "_canonical_tail", Slots(it._canonical_tail.format + "x", KEY_SENTINEL)
    ),
    "another secret": lambda it: setattr(
        it._signer, "_scope", replace(it._signer._scope, secret_access_key="x")
    ),
}


@pytest.mark.parametrize("spoil", FAULTS.values(), ids=FAULTS)
def test_the_proof_finds_the_fault(spoil):
    template = template_of()

    spoil(template)

    with pytest.raises(CannotCompile, match="differs in the"):
        prove(template)


@pytest.mark.parametrize("safe", ["", "/", "/~+", "/~%", "/~&=?"])
def test_the_proof_finds_another_quoting(safe, monkeypatch):
    template = template_of()
    monkeypatch.setattr("operations.request.quote", lambda text, **_: quote(text, safe=safe))

    if safe == "/":  # ~ never is quoted in Python: this is no fault
        prove(template)
        return
    with pytest.raises(CannotCompile, match="the URL"):
        prove(template)


def test_the_proof_finds_a_version_that_is_left_unquoted(monkeypatch):
    template = template_of(versions=True)
    monkeypatch.setattr("operations.request.quote", lambda text, **_: text)

    assert "the URL" in compare(template, Target("photos", "plain", "a+b/c=d&e%f"))


# ---- credentials


class Rotating:
    """Credentials as a provider gives them, made anew after `rotate`."""

    def __init__(self):
        self.number = 0
        self.credentials = RefreshableCredentials.create_from_metadata(
            self.metadata(), refresh_using=self.metadata, method="tests"
        )

    def metadata(self):
        self.number += 1
        return {
            "access_key": f"AKIA{self.number}",
            "secret_key": f"secret-{self.number}",
            "token": f"token-{self.number}",
            "expiry_time": "2100-01-01T00:00:00Z",
        }

    def rotate(self):
        self.credentials._expiry_time = datetime.now(UTC)


@pytest.fixture
def rotating():
    return Rotating()


@pytest.fixture
def rotating_template(rotating):
    client = client_of("http://store.example:9000")
    client._request_signer._credentials = rotating.credentials
    return template_of(client=client)


def signed_with(template, second):
    _, lines = template.stamp(Target("photos", "a"), second)
    told = dict(line.split(": ", 1) for line in lines)
    access_key = told["authorization"].split("Credential=")[1].split("/")[0]
    return access_key, told["x-amz-security-token"]


def test_refreshed_credentials_are_honoured_within_seconds(rotating, rotating_template):
    second = 1_900_000_000
    assert signed_with(rotating_template, second) == ("AKIA1", "token-1")

    rotating.rotate()

    assert signed_with(rotating_template, second + CREDENTIALS_SECONDS) == ("AKIA2", "token-2")
    prove(rotating_template)


def test_credentials_are_not_asked_for_at_every_request(rotating, rotating_template, monkeypatch):
    second, asked = 1_900_000_000, []
    signed_with(rotating_template, second)
    ask = rotating.credentials.get_frozen_credentials
    monkeypatch.setattr(
        rotating.credentials, "get_frozen_credentials", lambda: asked.append(1) or ask()
    )

    for number in range(1000):
        signed_with(rotating_template, second + number // 500)

    assert not asked


def test_refreshed_credentials_are_honoured_when_the_clock_runs_back(rotating, rotating_template):
    signed_with(rotating_template, 1_900_000_000)
    rotating.rotate()

    assert signed_with(rotating_template, 1_800_000_000) == ("AKIA2", "token-2")
