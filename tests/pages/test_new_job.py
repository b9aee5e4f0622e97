"""The form that creates a job."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jobs.models import Job, Manifest, Role
from tests.conftest import PutObjects
from tests.pages.conftest import COPY_TO, CSV, HTMX, TAGS, Fill, send

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# ---- the empty form


@pytest.mark.django_db
def test_without_a_role_the_page_says_how_to_make_one(client: Client) -> None:
    page = client.get("/jobs/new/").content.decode()

    assert "manage.py role set" in page
    assert "<select" not in page


def test_the_form_starts_as_careful_as_the_console(client: Client, role: Role) -> None:
    page = client.get("/jobs/new/").content.decode()

    assert re.search(r'name="confirmation_required"[^>]* checked', page)
    assert re.search(r'name="report_enabled"[^>]* checked', page)
    assert re.search(r'name="priority" value="10"', page)


@pytest.mark.parametrize(
    ("operation", "field"), [("S3PutObjectTagging", TAGS), ("S3PutObjectCopy", COPY_TO)]
)
def test_each_operation_has_fields_of_its_own(
    client: Client, role: Role, operation: str, field: str
) -> None:
    path = f"/jobs/new/?operation={operation}"

    fragment = client.get(path, headers=HTMX).content.decode()

    assert fragment.startswith('<div id="parameters"')
    assert f'name="{field}"' in fragment
    assert f'name="{field}"' in client.get(path).content.decode()


def test_choosing_another_operation_keeps_what_was_typed(client: Client, filled: Fill) -> None:
    values = filled(operation="S3PutObjectCopy", choose="parameters", upload=None)

    page = client.post("/jobs/new/", values).content.decode()
    back = client.post(
        "/jobs/new/", {**values, "operation": "S3PutObjectTagging"}, headers=HTMX
    ).content.decode()

    assert f'<input type="hidden" name="{TAGS}" value="season=summer">' in page
    assert 'value="nightly"' in page
    assert "The job was not created" not in page
    assert "season=summer</textarea>" in back


def test_choosing_an_operation_without_script_keeps_the_file(client: Client, filled: Fill) -> None:
    page = client.post("/jobs/new/", filled(choose="parameters")).content.decode()

    manifest = Manifest.objects.get()
    assert f'name="manifest_id" value="{manifest.pk}"' in page
    assert "pictures.csv" in page
    assert not Job.objects.exists()


def test_a_bad_file_is_told_at_once_when_it_comes_with_the_choice(
    client: Client, filled: Fill
) -> None:
    values = filled(choose="parameters", upload=SimpleUploadedFile("a.csv", b"Bucket,Key\n"))

    assert "header row" in client.post("/jobs/new/", values).content.decode()


# ---- creating


def test_an_uploaded_manifest_makes_a_job(client: Client, filled: Fill, s3: S3Client) -> None:
    response = client.post("/jobs/new/", filled(), follow=True)

    job = Job.objects.get()
    assert response.redirect_chain == [(f"/jobs/{job.pk}/", 302)]
    assert f"Successfully created job {job.pk}." in response.content.decode()
    assert (job.operation, job.parameters, job.manifest.filename, job.manifest.fields) == (
        "S3PutObjectTagging",
        {"TagSet": [{"Key": "season", "Value": "summer"}]},
        "pictures.csv",
        ["Bucket", "Key"],
    )
    assert (job.role.name, job.priority, job.description, job.tags) == (
        "archive",
        10,
        "Summer",
        {"team": "archive"},
    )
    assert (job.report_enabled, job.report_bucket, job.report_prefix, job.report_scope) == (
        True,
        "reports",
        "nightly",
        "FailedTasksOnly",
    )
    assert job.confirmation_required


def test_a_manifest_in_s3_makes_a_job(
    client: Client, from_s3: Fill, put_objects: PutObjects, s3: S3Client
) -> None:
    put_objects("list.csv", bucket="manifests", body=b"x,photos,a.jpg\n")
    etag = s3.head_object(Bucket="manifests", Key="list.csv")["ETag"].strip('"')

    status, _ = send(
        client,
        from_s3(columns="other", other_columns="Ignore, Bucket, Key", manifest_etag=etag),
    )

    manifest = Job.objects.get().manifest
    assert status == 302
    assert (manifest.bucket, manifest.key, manifest.fields, manifest.etag) == (
        "manifests",
        "list.csv",
        ["Ignore", "Bucket", "Key"],
        etag,
    )


def test_a_job_may_do_without_confirmation_and_report(client: Client, filled: Fill) -> None:
    send(
        client, filled(confirmation_required=None, report_enabled=None, report_bucket="not a name!")
    )

    job = Job.objects.get()
    assert (job.confirmation_required, job.report_enabled, job.report_bucket) == (False, False, "")


def test_a_form_that_is_sent_twice_makes_one_job(
    client: Client, from_s3: Fill, put_objects: PutObjects
) -> None:
    put_objects("list.csv", bucket="manifests", body=CSV)

    first, second = (client.post("/jobs/new/", from_s3()) for _ in range(2))

    assert Job.objects.count() == 1
    assert first["Location"] == second["Location"]


def test_a_form_that_was_changed_after_it_made_a_job_asks_first(
    client: Client, filled: Fill, s3: S3Client
) -> None:
    send(client, filled())

    status, page = send(client, filled(description="Autumn"))

    assert (status, Job.objects.count()) == (422, 1)
    assert "This form has made a job already." in page
    assert f'href="/jobs/{Job.objects.get().pk}/"' in page
    assert 'value="one-form"' not in page


def test_a_kept_file_need_not_be_chosen_again(client: Client, filled: Fill, s3: S3Client) -> None:
    _, page = send(client, filled(**{TAGS: "season"}))
    manifest = Manifest.objects.get()
    assert "pictures.csv is uploaded" in re.sub(r"<[^>]+>", "", page)
    assert f'name="manifest_id" value="{manifest.pk}"' in page

    status, _ = send(client, filled(upload=None, manifest_id=str(manifest.pk)))

    assert status == 302
    assert Job.objects.get().manifest == manifest


def test_a_kept_file_stays_with_its_columns(client: Client, filled: Fill) -> None:
    send(client, filled(priority="x"))
    manifest = str(Manifest.objects.get().pk)

    _, page = send(
        client, filled(upload=None, manifest_id=manifest, columns="Bucket,Key,VersionId")
    )

    assert "pictures.csv was read as Bucket, Key. Choose the file again" in page


@pytest.mark.parametrize("manifest_id", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_kept_file_that_is_not_there_must_be_chosen_again(
    client: Client, filled: Fill, manifest_id: str
) -> None:
    _, page = send(client, filled(upload=None, manifest_id=manifest_id))

    assert "Choose a file." in page


def test_a_new_job_takes_a_speed_ceiling_or_none(
    client: Client, filled: Fill, s3: S3Client
) -> None:
    send(client, filled(requests_per_second=" 250 ", client_request_token="first"))
    send(client, filled(requests_per_second="", client_request_token="second"))
    send(client, filled(client_request_token="third"))

    made = Job.objects.order_by("created_at").values_list("requests_per_second", flat=True)
    assert list(made) == [250, None, None]
