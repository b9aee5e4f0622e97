"""Clients from a role, and looks at a store that leave nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto.core.authorization import enable_iam_authentication

from jobs import stores
from jobs.answering import unreachable
from jobs.errors import JobFailure
from jobs.models import Role
from tests.conftest import SECRET, MakeRole

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "nightly/job-1/manifest.json"


def credentials_of(client: Any) -> tuple[str, str]:
    signer = client._request_signer._credentials
    return signer.access_key, signer.secret_key


# ---- clients


@pytest.mark.django_db
def test_a_client_is_all_that_its_role_says(make_role: MakeRole) -> None:
    role = make_role(endpoint_url="http://127.0.0.1:9000", region="eu-west-1", addressing="path")

    client = stores.s3_for(role)

    assert client.meta.endpoint_url == "http://127.0.0.1:9000"
    assert client.meta.region_name == "eu-west-1"
    assert client.meta.config.s3["addressing_style"] == "path"  # type: ignore[attr-defined]
    assert credentials_of(client) == ("AKIATESTSONLY", SECRET)


def test_a_client_is_made_once_and_again_when_the_role_has_changed(role: Role) -> None:
    first = stores.s3_for(role)
    assert stores.s3_for(role) is first

    role.secret_access_key = "rotated"
    role.save()

    assert credentials_of(stores.s3_for(role))[1] == "rotated"


def test_two_roles_never_share_a_client(make_role: MakeRole) -> None:
    one, two = make_role("one"), make_role("two", secret_access_key="of two")

    assert credentials_of(stores.s3_for(one))[1] == SECRET
    assert credentials_of(stores.s3_for(two))[1] == "of two"


def test_tasks_are_tried_once_and_all_else_several_times(role: Role) -> None:
    patient, single = stores.s3_for(role), stores.store_for(role).s3

    assert patient.meta.config.retries["total_max_attempts"] == 5  # type: ignore[attr-defined]
    assert single.meta.config.retries["total_max_attempts"] == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("server", "takes"), [("SeaweedFS 4.48", True), ("AmazonS3", False), ("", False)]
)
def test_large_copies_are_left_to_stores_that_are_known_to_take_them(
    make_role: MakeRole, server: str, takes: bool
) -> None:
    assert stores.store_for(make_role(server=server)).accepts_large_copies is takes


# ---- what the store calls itself


def test_the_name_of_the_store_is_remembered(role: Role, s3: S3Client) -> None:
    stores.identify(role, "photos")

    server = s3.head_bucket(Bucket="photos")["ResponseMetadata"]["HTTPHeaders"].get("server", "")
    kept = Role.objects.get()
    assert kept.server == role.server == server
    assert kept.updated_at == role.updated_at


def test_a_store_that_does_not_answer_keeps_its_name(
    role: Role, s3: S3Client, make_role: MakeRole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    gone = make_role("gone", endpoint_url="http://127.0.0.1:1", server="SeaweedFS")

    stores.identify(role, "nowhere")
    stores.identify(gone, "photos")

    assert Role.objects.get(name="gone").server == "SeaweedFS"


# ---- may the report be written?


def test_a_bucket_that_can_be_written_is_left_as_it_was(role: Role, s3: S3Client) -> None:
    stores.check_writable(role, "reports", KEY)

    assert "Contents" not in s3.list_objects_v2(Bucket="reports")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="reports")


def refusal(role: Role, bucket: str) -> JobFailure:
    with pytest.raises(JobFailure) as error:
        stores.check_writable(role, bucket, KEY)
    assert error.value.code == "ReportWriteFailed"
    return error.value


def test_a_bucket_that_is_missing_is_told(role: Role, s3: S3Client) -> None:
    assert refusal(role, "nowhere").reason == "The report bucket nowhere does not exist."


def test_credentials_that_the_store_does_not_know_are_told(role: Role, s3: S3Client) -> None:
    with enable_iam_authentication():
        failure = refusal(role, "reports")

    assert failure.reason == "The store refused the role's credentials: InvalidAccessKeyId."


def test_a_bucket_that_may_not_be_written_is_told_in_the_words_of_aws(
    make_role: MakeRole, s3: S3Client
) -> None:
    iam = boto3.client("iam")
    iam.create_user(UserName="reader")
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    role = make_role(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])

    with enable_iam_authentication():
        failure = refusal(role, "reports")

    assert failure.reason == (
        "The job report could not be written to your report bucket. "
        "Please check your permissions. (reports: AccessDenied)"
    )


@pytest.mark.parametrize("endpoint", ["", "http://store:9000"])
def test_a_store_that_cannot_be_reached_is_named_in_at_most_256_characters(
    make_role: MakeRole, endpoint: str
) -> None:
    role = make_role(endpoint_url=endpoint)
    error = EndpointConnectionError(endpoint_url="http://store:9000/" + "x" * 500)

    told = unreachable(role, error)

    assert told.startswith(f"The store at {endpoint or 'AWS S3 in us-east-1'} could not be reached")
    assert len(told) <= 256
