"""A stamp is the request that boto3 itself would send (design decision 11)."""

import calendar
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operations import OPERATIONS
from operations.base import Store, Target
from operations.proof import KEYS, compare, prove
from operations.put_object_copy import PutObjectCopy
from operations.put_object_tagging import PutObjectTagging
from operations.request import SENDABLE, RequestTemplate
from tests.operations.examples import EXAMPLES
from tests.operations.http_store import client_of
from tests.operations.one_request import name_of, one_request_operations

TAG = PutObjectTagging.parse({"TagSet": [{"Key": "project", "Value": "lading"}]})
COPY = PutObjectCopy.parse({"TargetResource": "arn:aws:s3:::archive"})
BY_SDK = {"user-agent", "content-length", "expect"}
"""Headers that each lane makes for itself; none of them is signed."""

PLACES = {
    "path style": {"url": "http://store.example:9000"},
    "virtual-host style": {
        "url": "http://store.example:9000",
        "s3": {"addressing_style": "virtual"},
    },
    "https": {"url": "https://store.example"},
    "the usual port": {"url": "https://store.example:443"},
    "https at port 80": {"url": "https://store.example:80"},
    "behind a path": {"url": "https://gateway.example/s3/"},
    "IPv6": {"url": "http://[::1]:9000"},
    "IPv6 at the usual port": {"url": "http://[fe80::1]"},
    "AWS": {"url": None, "s3": {}},
    "AWS, path style": {"url": None},
    "AWS, dual stack": {"url": None, "s3": {"use_dualstack_endpoint": True}},
    "AWS, accelerated": {"url": None, "s3": {"use_accelerate_endpoint": True}},
}

keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=1024).filter(
    lambda key: len(key.encode()) <= 1024
)
hostile_keys = st.lists(
    st.sampled_from(["/", ".", "..", "%", "%2F", "+", " ", "?", "#", "&", "é", "漢", "a", "\x00"]),
    min_size=1,
    max_size=40,
).map("".join)
versions = st.from_regex(SENDABLE, fullmatch=True)


def template_of(operation=TAG, *, bucket="photos", versions=False, url="http://s:9000", **config):
    store = Store(client_of(url, **config))
    return RequestTemplate(operation, store, bucket, versions=versions)


def assert_equal_to_boto3(template, target):
    wanted = template.capture(target)
    date = wanted.headers["x-amz-date"]
    second = calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))

    url, lines = template.stamp(target, second)

    sent = {}
    for line in lines:
        name, colon, value = line.partition(": ")
        sent[name if colon else name.removesuffix(";")] = value
    asked = {
        name: value
        for name, value in wanted.headers.items()
        if name not in BY_SDK and not name.startswith("amz-sdk-")
    }
    assert (template.method, url, sent) == (wanted.method, wanted.url, asked)
    assert template.body == wanted.body


def test_every_operation_of_one_request_has_an_example():
    assert set(EXAMPLES) >= {operation.name for operation in OPERATIONS if operation.call}


@pytest.mark.parametrize("operation", one_request_operations(), ids=name_of)
@pytest.mark.parametrize("with_versions", [False, True], ids=["latest", "versions"])
def test_a_stamp_is_boto3s_own_request_for_any_key(operation, with_versions):
    template = template_of(operation, versions=with_versions)

    @settings(deadline=None, max_examples=40)
    @given(key=keys | hostile_keys, version=versions)
    def check(key, version):
        target = Target("photos", key, version if with_versions else None)
        assert_equal_to_boto3(template, target)

    check()


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("operation", [TAG, COPY], ids=lambda each: each.name)
def test_a_stamp_is_boto3s_own_request_at_any_place(operation, place):
    template = template_of(operation, **place)

    for key in KEYS:
        assert_equal_to_boto3(template, Target("photos", key))
    prove(template)


@pytest.mark.parametrize("operation", one_request_operations(), ids=name_of)
def test_the_proof_holds_for_every_operation(operation):
    prove(template_of(operation))
    prove(template_of(operation, versions=True))


def test_a_session_token_is_sent_and_signed():
    client = client_of("http://s:9000")
    client._request_signer._credentials.token = "token/with+odd=signs"
    template = RequestTemplate(TAG, Store(client), "photos", versions=False)

    assert_equal_to_boto3(template, Target("photos", "a b"))
    assert "x-amz-security-token: token/with+odd=signs" in template.stamp(Target("photos", "a"))[1]


def test_a_header_without_a_value_is_sent_as_one():
    """libcurl leaves `name:` out, so that the signature would be of something else."""
    no_tags = PutObjectCopy.parse(
        {"TargetResource": "arn:aws:s3:::archive", "NewObjectTagging": []}
    )

    _, lines = template_of(no_tags).stamp(Target("photos", "a"))

    assert "x-amz-tagging;" in lines


@pytest.mark.parametrize(
    "text", ["0123456789LadingKey9876543210", "0123456789LadingVersion9876543210"]
)
def test_parameters_that_look_like_the_sentinels_never_become_a_key(text):
    operation = PutObjectCopy.parse(
        {"TargetResource": "arn:aws:s3:::archive", "TargetKeyPrefix": text}
    )

    template = template_of(operation, versions=True)

    assert compare(template, Target("photos", "a", "v")) != ""


def test_a_stamp_without_a_second_is_of_now():
    template = template_of()
    before = int(time.time())

    _, lines = template.stamp(Target("photos", "a"))

    (date,) = [line for line in lines if line.startswith("x-amz-date: ")]
    told = calendar.timegm(time.strptime(date, "x-amz-date: %Y%m%dT%H%M%SZ"))
    assert before <= told <= time.time()


def test_the_clock_of_the_store_is_followed():
    template = template_of()
    template.offset = 86400

    _, lines = template.stamp(Target("photos", "a"))

    tomorrow = time.strftime("%Y%m%d", time.gmtime(time.time() + 86400))
    assert any(line.startswith(f"x-amz-date: {tomorrow}T") for line in lines)
    assert any(f"/{tomorrow}/us-east-1/s3/aws4_request" in line for line in lines)


@pytest.mark.parametrize(
    ("with_versions", "target", "takes"),
    [
        (False, Target("photos", "a"), True),
        (False, Target("photos", "a\r\nx: y\x00é"), True),
        (False, Target("other", "a"), False),
        (False, Target("photos", "a", "v1"), False),
        (False, Target("photos", "a", ""), False),
        (False, Target("photos", ""), False),
        (True, Target("photos", "a", "v1"), True),
        (True, Target("photos", "a", "null"), True),
        (True, Target("photos", "a", "~!@#$%^&*()_+{}|:<>?"), True),
        (True, Target("photos", "a"), False),
        (True, Target("photos", "a", ""), False),
        (True, Target("photos", "", "v1"), False),
        (True, Target("photos", "a", "v1\r\nx-amz-acl: public-read"), False),
        (True, Target("photos", "a", "v1\n"), False),
        (True, Target("photos", "a", "v\x00"), False),
        (True, Target("photos", "a", "v 1"), False),
        (True, Target("photos", "a", "é"), False),
        (True, Target("photos", "a", "v\x7f"), False),
    ],
)
def test_takes_only_what_the_template_is_for(with_versions, target, takes):
    assert template_of(versions=with_versions).takes(target) is takes


@settings(deadline=None, max_examples=100)
@given(version=st.text(st.characters(exclude_categories=["Cs"])))
def test_no_version_that_is_taken_breaks_a_header(version):
    template = TEMPLATE_WITH_VERSIONS
    target = Target("photos", "a", version)
    if not template.takes(target):
        return

    url, lines = template.stamp(target)

    assert all(line.isprintable() and line.isascii() for line in [url, *lines])


TEMPLATE_WITH_VERSIONS = template_of(COPY, versions=True)
