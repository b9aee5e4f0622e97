"""What CreateJob takes together, and what it refuses (spec.md 3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from jobs.models import Job, JobEvent
from tests.conftest import OTHER_ACCOUNT, MakeRole
from tests.s3control.conftest import TAGGING, Asked
from tests.s3control.shapes import ROLE
from tests.s3control.wire import JOBS, NAMESPACE, Key, account, call

if TYPE_CHECKING:
    from django.contrib.auth.models import User

GENERATOR = {
    "S3JobManifestGenerator": {
        "SourceBucket": "arn:aws:s3:::photos",
        "EnableManifestOutput": False,
    }
}
REPORT = {
    "Enabled": True,
    "Bucket": "arn:aws:s3:::reports",
    "Format": "Report_CSV_20180820",
    "ReportScope": "AllTasks",
}


def test_a_job_is_new_and_belongs_to_the_owner_of_the_key(
    control: Any, asked: Asked, user: User, key: Key
) -> None:
    made = control.create_job(**asked(Description="Tag them", Tags=[{"Key": "a", "Value": "b"}]))

    job = Job.objects.get(pk=made["JobId"])
    assert (job.status, job.account_id, job.created_by) == ("New", account(), user)
    assert (job.priority, job.description, job.tags) == (7, "Tag them", {"a": "b"})
    assert job.client_request_token == "a token"
    assert JobEvent.objects.get(job=job).reason == "created"


def test_a_job_id_has_the_form_of_awss(control: Any, asked: Asked) -> None:
    made = control.create_job(**asked())["JobId"]

    assert len(made) == 36
    assert made == made.lower()


def test_the_reply_names_the_job_and_nothing_else(control: Any, asked: Asked) -> None:
    made = control.create_job(**asked())

    assert set(made) == {"JobId", "ResponseMetadata"}
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_the_etag_of_the_manifest_may_be_in_quotes(control: Any, asked: Asked) -> None:
    manifest = asked()["Manifest"]
    manifest["Location"]["ETag"] = f'"{manifest["Location"]["ETag"]}"'

    made = control.create_job(**asked(Manifest=manifest))["JobId"]

    assert control.describe_job(AccountId=account(), JobId=made)["Job"]["Manifest"] == manifest


@pytest.mark.parametrize("format", ["JSONLines", "KeyList"])
def test_a_manifest_may_have_a_form_that_aws_does_not_take(
    lax: Any, asked: Asked, format: str
) -> None:
    """What Lading reads beyond AWS it reads at every door."""
    manifest = {**asked()["Manifest"], "Spec": {"Format": format}}

    made = lax.create_job(**asked(Manifest=manifest))["JobId"]

    assert lax.describe_job(AccountId=account(), JobId=made)["Job"]["Manifest"] == manifest


@pytest.mark.parametrize("name", ["notes & <sums>.csv", "Bilder/für alle.csv", "a+b%20c.csv"])
def test_the_key_of_the_manifest_is_taken_as_it_is(control: Any, asked: Asked, name: str) -> None:
    manifest = asked()["Manifest"]
    manifest["Location"]["ObjectArn"] = f"arn:aws:s3:::manifests/{name}"

    made = control.create_job(**asked(Manifest=manifest))["JobId"]

    assert Job.objects.get(pk=made).manifest.key == name
    assert control.describe_job(AccountId=account(), JobId=made)["Job"]["Manifest"] == manifest


def test_no_store_is_asked(control: Any, asked: Asked, make_role: MakeRole) -> None:
    """AWS looks at manifests, reports and roles in Preparing, and so do its clients expect it."""
    role = make_role("nowhere", endpoint_url="http://127.0.0.1:1")
    report = {**REPORT, "ExpectedBucketOwner": "123456789012"}

    made = control.create_job(**asked(RoleArn=role.arn, Report=report))["JobId"]

    assert Job.objects.get(pk=made).status == "New"


# ---- what is refused


@pytest.mark.parametrize(
    "operation",
    [
        {},
        {**TAGGING, "S3DeleteObjectTagging": {}},
        {"S3ReplicateObject": {}, "S3DeleteObjectTagging": {}},
    ],
    ids=["none", "two", "two without members"],
)
def test_a_job_has_exactly_one_operation(lax: Any, asked: Asked, operation: Any) -> None:
    with pytest.raises(lax.exceptions.BadRequestException, match="peration"):
        lax.create_job(**asked(Operation=operation))

    assert not Job.objects.exists()


@pytest.mark.parametrize("name", ["Operation", "Report", "Priority", "RoleArn"])
def test_what_is_required_cannot_be_left_out(lax: Any, asked: Asked, name: str) -> None:
    with pytest.raises(lax.exceptions.BadRequestException):
        lax.create_job(**asked(**{name: None}))


def test_a_token_is_required(key: Key, asked: Asked) -> None:
    """boto3 makes one where it is absent, so that this is asked without boto3's help."""
    body = (
        f'<CreateJobRequest xmlns="{NAMESPACE}"><ConfirmationRequired>false</ConfirmationRequired>'
        "<Operation><S3DeleteObjectTagging/></Operation>"
        "<Report><Enabled>false</Enabled></Report><ManifestGenerator><S3JobManifestGenerator>"
        "<SourceBucket>arn:aws:s3:::photos</SourceBucket>"
        "<EnableManifestOutput>false</EnableManifestOutput></S3JobManifestGenerator>"
        f"</ManifestGenerator><Priority>7</Priority><RoleArn>{asked()['RoleArn']}</RoleArn>%s"
        "</CreateJobRequest>"
    )

    assert call(key, "POST", JOBS, body % "").told == (400, "BadRequestException")
    token = "<ClientRequestToken>t</ClientRequestToken>"
    assert call(key, "POST", JOBS, body % token).status == 200


def test_a_manifest_and_a_generator_are_not_given_both(lax: Any, asked: Asked) -> None:
    with pytest.raises(lax.exceptions.BadRequestException, match="anifest"):
        lax.create_job(**asked(ManifestGenerator=GENERATOR))


def test_one_of_manifest_and_generator_is_given(lax: Any, asked: Asked) -> None:
    with pytest.raises(lax.exceptions.BadRequestException, match="anifest"):
        lax.create_job(**asked(Manifest=None))


def test_an_empty_generator_is_none(lax: Any, asked: Asked) -> None:
    with pytest.raises(lax.exceptions.BadRequestException):
        lax.create_job(**asked(Manifest=None, ManifestGenerator={}))


@pytest.mark.parametrize(
    "change",
    [
        {"Spec": {}},
        {"Spec": {"Format": "PDF"}},
        {"Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket"]}},
        {"Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Key"]}},
        {"Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key", "Key"]}},
        {"Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Size"]}},
        {"Spec": {"Format": "S3InventoryReport_CSV_20161130", "Fields": ["Bucket", "Key"]}},
        {"Location": {"ObjectArn": "arn:aws:s3:::manifests/list.csv"}},
        {"Location": {"ETag": "x"}},
        {"Location": {"ObjectArn": "s3://manifests/list.csv", "ETag": "x"}},
        {"Location": {"ObjectArn": "arn:aws:s3:::manifests", "ETag": "x"}},
        {"Location": {"ObjectArn": "arn:aws:sqs:::manifests/list.csv", "ETag": "x"}},
        {"Location": {"ObjectArn": "arn:aws:s3:::m/" + "k" * 2000, "ETag": "x"}},
        {"Location": {"ObjectArn": "arn:aws:s3:::manifests/list.csv", "ETag": ""}},
        {"Location": {"ObjectArn": "arn:aws:s3:::manifests/list.csv", "ETag": "e" * 1025}},
        {"Location": {
            "ObjectArn": "arn:aws:s3:::manifests/list.csv", "ETag": "x",
            "ObjectVersionId": "v" * 2001,
        }},
    ],
    ids=str,
)  # fmt: skip
def test_a_manifest_is_named_in_full(lax: Any, asked: Asked, change: dict[str, Any]) -> None:
    with pytest.raises(lax.exceptions.BadRequestException):
        lax.create_job(**asked(Manifest={**asked()["Manifest"], **change}))


@pytest.mark.parametrize("missing", ["Bucket", "Format", "ReportScope"])
def test_a_report_that_is_enabled_says_where_how_and_what(
    lax: Any, asked: Asked, missing: str
) -> None:
    report = {name: value for name, value in REPORT.items() if name != missing}

    with pytest.raises(lax.exceptions.BadRequestException, match=missing):
        lax.create_job(**asked(Report=report))


@pytest.mark.parametrize(
    "change",
    [
        {"Bucket": "reports"},
        {"Bucket": "arn:aws:sqs:::reports"},
        {"Format": "CSV"},
        {"ReportScope": "All"},
        {"Prefix": ""},
        {"Prefix": "p" * 513},
        {"ExpectedBucketOwner": "42"},
    ],
    ids=str,
)
def test_the_limits_of_a_report(lax: Any, asked: Asked, change: dict[str, Any]) -> None:
    with pytest.raises(lax.exceptions.BadRequestException):
        lax.create_job(**asked(Report={**REPORT, **change}))


def test_arguments_of_a_function_need_the_second_schema(lax: Any, asked: Asked) -> None:
    operation = {"LambdaInvoke": {"FunctionArn": "resize", "UserArguments": {"mode": "fast"}}}

    with pytest.raises(lax.exceptions.BadRequestException, match=r"2\.0"):
        lax.create_job(**asked(Operation=operation))


def test_a_saved_listing_says_where(lax: Any, asked: Asked) -> None:
    inner = {**GENERATOR["S3JobManifestGenerator"], "EnableManifestOutput": True}

    with pytest.raises(lax.exceptions.BadRequestException):
        lax.create_job(**asked(Manifest=None, ManifestGenerator={"S3JobManifestGenerator": inner}))


def test_a_job_has_at_most_fifty_tags(lax: Any, asked: Asked) -> None:
    tags = [{"Key": f"key-{number}", "Value": "v"} for number in range(51)]

    refused = lax.exceptions.ClientError
    with pytest.raises(refused) as told:
        lax.create_job(**asked(Tags=tags))

    assert told.value.response["Error"]["Code"] == "TooManyTagsException"


def test_a_role_of_another_account_is_not_passed(
    control: Any, asked: Asked, make_role: MakeRole
) -> None:
    other = make_role("archive", account_id=OTHER_ACCOUNT)

    with pytest.raises(control.exceptions.ClientError) as told:
        control.create_job(**asked(RoleArn=other.arn))

    error = told.value.response
    assert error["Error"]["Code"] == "AccessDenied"
    assert error["Error"]["Message"] == "Cross-account pass role is not allowed"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_role_that_does_not_exist_is_told_apart(control: Any, asked: Asked) -> None:
    with pytest.raises(control.exceptions.BadRequestException, match="nobody"):
        control.create_job(**asked(RoleArn=ROLE.replace("archive", "nobody")))


def test_a_name_in_place_of_an_arn_is_no_role(control: Any, asked: Asked) -> None:
    """The JSON API takes names; AWS does not."""
    with pytest.raises(control.exceptions.BadRequestException):
        control.create_job(**asked(RoleArn="archive"))
