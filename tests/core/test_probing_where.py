"""Trust no store untried: in which bucket, and where never."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jobs.models import Job, Role
from tests.conftest import MakeRole
from tests.core.probed import ProbedStore

TAGS = "S3PutObjectTagging"
ENDPOINT = "http://store:9000"


@pytest.fixture
def role(make_role: MakeRole) -> Role:
    return make_role(endpoint_url=ENDPOINT, server="nginx")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://s3.eu-west-1.amazonaws.com",
        "https://s3.cn-north-1.amazonaws.com.cn",
        "https://s3.EU-west-1.AmazonAWS.com:443/",
        "https://bucket.s3.eu-west-1.api.aws",
        "https://s3.amazonaws.com",
        "https://s3-us-west-2.amazonaws.com",
        "https://s3-fips.dualstack.us-gov-west-1.amazonaws.com",
        "https://bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com",
    ],
)
def test_aws_itself_is_never_tried(
    store: ProbedStore, prepared: Callable[..., Job], make_role: MakeRole, url: str
) -> None:
    assert prepared(role=make_role("aws", endpoint_url=url)).status == "Ready"
    assert store.asked == []


@pytest.mark.parametrize(
    "host",
    [
        "amazonaws.com.example.org",
        "my-amazonaws.com",
        "s3api.aws.io",
        "ec2-3-4-5-6.compute-1.amazonaws.com",
        "my-minio-123.elb.eu-west-1.amazonaws.com",
        "s3-gateway-123.eu-west-1.elb.amazonaws.com",
        "abc.execute-api.us-east-1.amazonaws.com",
    ],
)
def test_what_only_looks_like_aws_is_tried(
    store: ProbedStore, prepared: Callable[..., Job], make_role: MakeRole, host: str
) -> None:
    prepared(role=make_role("other", endpoint_url=f"https://{host}"))

    assert len(store.asked) == 1


def test_the_role_says_where(
    store: ProbedStore, prepared: Callable[..., Job], make_role: MakeRole
) -> None:
    place = {"scratch_bucket": "scratch", "scratch_prefix": "tmp/lading/"}
    prepared(role=make_role("other", endpoint_url=ENDPOINT, **place))

    assert store.asked == [(TAGS, "scratch", "tmp/lading/")]


def test_a_copy_is_tried_in_the_bucket_that_it_writes_to(
    store: ProbedStore, prepared: Callable[..., Job]
) -> None:
    prepared(operation="S3PutObjectCopy", parameters={"TargetResource": "arn:aws:s3:::destination"})

    assert store.asked == [("S3PutObjectCopy", "destination", ".lading-probe/")]


def test_what_has_no_plan_is_never_tried(store: ProbedStore, prepared: Callable[..., Job]) -> None:
    parameters = {"ExpirationInDays": 1, "GlacierJobTier": "BULK"}
    job = prepared(operation="S3InitiateRestoreObject", parameters=parameters)

    assert job.status == "Ready"
    assert store.asked == []
