"""What the form says about bad input: beside the field, and as early as it can be known."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.awsrequest import AWSResponse
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jobs import stores
from jobs.models import Job, Manifest, Role
from tests.conftest import MakeRole, PutObjects
from tests.pages.conftest import COPY_TO, CSV, TAGS, Fill, send

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BOM = b"\xef\xbb\xbf"


def fault_of(page: str, field: str) -> str:
    """The text beside a field."""
    found = re.search(rf'id="id_{re.escape(field)}_error">(.*?)</div>', page, re.DOTALL)
    return re.sub(r"<[^>]+>", " ", found[1]).strip() if found else ""


def refuse(s3: S3Client, code: str, status: int) -> None:
    """Let the store answer everything with one error."""
    body = f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode()

    class Raw(io.BytesIO):
        def stream(self, **_: Any) -> Any:
            yield self.read()

    def answer(request: Any, **_: Any) -> AWSResponse:
        return AWSResponse(request.url, status, {"Content-Type": "text/xml"}, Raw(body))

    s3.meta.events.register_first("before-send.s3", answer)


BAD_FILES = {
    "empty": (b"", "empty"),
    "not a CSV": (b"PK\x03\x04" + b"\0" * 40, "not a CSV"),
    "header row": (b"Bucket,Key\nphotos,a.jpg\n", "Line 1 is a header row"),
    "byte order mark": (BOM + CSV, "byte order mark"),
    "too many columns": (b"photos,a.jpg,v1\n", "Line 1 has 3 columns; 2 are expected"),
    "too few columns": (b"photos,a.jpg\nphotos\n", "Line 2 has 1 column; 2 are expected"),
    "bad percent-escape": (b"photos,100%.jpg\n", "not a valid percent-escape"),
    "long key": (b"photos," + b"k" * 1025 + b"\n", "1,025 bytes"),
    "two buckets": (b"photos,a.jpg\nvideos,b.mp4\n", "is another bucket than"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_beside_its_field(client: Client, filled: Fill, name: str) -> None:
    content, text = BAD_FILES[name]

    status, page = send(client, filled(upload=SimpleUploadedFile("a.csv", content)))

    assert status == 422
    assert text in fault_of(page, "upload")
    assert not Manifest.objects.exists()


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_manifest_in_s3_is_refused_beside_its_location(
    client: Client, from_s3: Fill, put_objects: PutObjects, name: str
) -> None:
    content, text = BAD_FILES[name]
    put_objects("list.csv", bucket="manifests", body=content)

    status, page = send(client, from_s3())

    assert status == 422
    assert text in fault_of(page, "manifest_location")


RATE = "requests_per_second"
BAD_VALUES = {
    "no file": ({"upload": None}, "upload", "Choose a file."),
    "no location": (
        {"source": "s3", "manifest_location": ""},
        "manifest_location",
        "Say where the manifest is.",
    ),
    "bad location": (
        {"source": "s3", "manifest_location": "manifests/list.csv"},
        "manifest_location",
        "The location must look like s3://",
    ),
    "unknown column": (
        {"columns": "other", "other_columns": "Bucket,Name"},
        "columns",
        "a column is one of Ignore, Bucket, Key, VersionId",
    ),
    "missing column": (
        {"columns": "other", "other_columns": "Bucket"},
        "columns",
        "Required fields are missing in the schema: Key",
    ),
    "unknown role": ({"role": "nobody"}, "role", "There is no role nobody."),
    "no priority": ({"priority": ""}, "priority", "This field is required."),
    "priority in words": ({"priority": "ten"}, "priority", "Enter a whole number."),
    "negative priority": ({"priority": "-1"}, "priority", "Give 0 or more."),
    "no request per second": ({RATE: "0"}, RATE, "Give 1 or more."),
    "negative speed": ({RATE: "-1"}, RATE, "Give 1 or more."),
    "speed in words": ({RATE: "fast"}, RATE, "Enter a whole number."),
    "half a request": ({RATE: "0.5"}, RATE, "Enter a whole number."),
    "speed above its limit": ({RATE: "1000001"}, RATE, "Give 1,000,000 or less."),
    "long description": ({"description": "x" * 257}, "description", "at most 256 characters"),
    "job tag without value": ({"tags": "team"}, "tags", "Line 1: write key=value, not 'team'."),
    "job tag given twice": ({"tags": "a=1\n\na=2"}, "tags", "Line 3: a was given before."),
    "51 job tags": ({"tags": "\n".join(f"k{n}=v" for n in range(51))}, "tags", "at most 50"),
    "report without bucket": (
        {"report_bucket": ""},
        "report_bucket",
        "A report needs a bucket to be written to.",
    ),
    "bad report bucket": ({"report_bucket": "no!"}, "report_bucket", "not a bucket's name"),
    "long report prefix": ({"report_prefix": "x" * 513}, "report_prefix", "512 characters"),
    "11 tags": ({TAGS: "\n".join(f"k{n}=v" for n in range(11))}, TAGS, "at most 10 tags; 11"),
    "duplicate tag": ({TAGS: "a=1\na=2"}, TAGS, "Each key may be given once; a is given more"),
    "bad tag": ({TAGS: "a=1\nb=<"}, TAGS, "Entry 2: Only letters, digits, spaces"),
    "no destination": (
        {"operation": "S3PutObjectCopy"},
        COPY_TO,
        "This field is required.",
    ),
    "bad destination": (
        {"operation": "S3PutObjectCopy", COPY_TO: "archive"},
        COPY_TO,
        "Give the ARN of a bucket, such as arn:aws:s3:::photos.",
    ),
}


@pytest.mark.parametrize("name", BAD_VALUES)
def test_a_bad_value_is_told_beside_its_field_and_in_the_summary(
    client: Client, filled: Fill, name: str
) -> None:
    changes, field, text = BAD_VALUES[name]

    status, page = send(client, filled(**changes))

    assert status == 422
    assert text in fault_of(page, field)
    summary = page[page.index("The job was not created.") : page.index("</ul>")]
    assert f'href="#id_{field}"' in summary
    assert text in summary
    assert not Job.objects.exists()


def test_all_faults_are_told_at_once(client: Client, filled: Fill) -> None:
    _, page = send(
        client, filled(**{TAGS: "nothing", "priority": "ten", "upload": None, "report_bucket": ""})
    )

    for field in (TAGS, "priority", "upload", "report_bucket"):
        assert fault_of(page, field)


def test_what_was_typed_stays_in_a_refused_form(client: Client, filled: Fill) -> None:
    _, page = send(
        client,
        filled(priority="ten", description="<Summer>", confirmation_required=None),
    )

    for text in ('value="ten"', 'value="<Summer>"', "season=summer</textarea>", 'value="nightly"'):
        assert text in page
    assert not re.search(r'name="confirmation_required"[^>]* checked', page)


def test_an_unknown_operation_is_refused(client: Client, filled: Fill) -> None:
    status, page = send(client, filled(operation="S3Nothing"))

    assert status == 422
    assert "S3Nothing is not one of the available choices" in page


def test_a_missing_manifest_is_told(client: Client, from_s3: Fill, s3: S3Client) -> None:
    _, page = send(client, from_s3())

    assert "There is no manifest" in fault_of(page, "manifest_location")


def test_a_manifest_in_a_missing_bucket_is_told(
    client: Client, from_s3: Fill, s3: S3Client
) -> None:
    _, page = send(client, from_s3(manifest_location="s3://nowhere/list.csv"))

    assert "nowhere" in fault_of(page, "manifest_location")


def test_another_etag_is_told(client: Client, from_s3: Fill, put_objects: PutObjects) -> None:
    put_objects("list.csv", bucket="manifests", body=CSV)

    _, page = send(client, from_s3(manifest_etag="0" * 32))

    assert "is not the one that the job names" in fault_of(page, "manifest_location")


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"])
def test_a_forbidden_manifest_and_wrong_credentials_are_told(
    client: Client, from_s3: Fill, role: Role, s3: S3Client, code: str
) -> None:
    values = from_s3()
    refuse(stores.s3_for(role), code, 403)

    _, page = send(client, values)

    assert f"Reading the manifest is forbidden: {code}" in fault_of(page, "manifest_location")


def test_a_missing_report_bucket_is_told(client: Client, filled: Fill, s3: S3Client) -> None:
    _, page = send(client, filled(report_bucket="nowhere"))

    assert fault_of(page, "report_bucket") == "The report bucket nowhere does not exist."


def test_a_forbidden_report_bucket_is_told(
    client: Client, filled: Fill, role: Role, s3: S3Client
) -> None:
    values = filled()
    refuse(stores.s3_for(role), "AccessDenied", 403)

    _, page = send(client, values)

    assert "Please check your permissions. (reports: AccessDenied)" in fault_of(
        page, "report_bucket"
    )


def test_an_endpoint_that_does_not_answer_is_told_beside_the_role(
    client: Client, filled: Fill, make_role: MakeRole
) -> None:
    far = make_role("far", endpoint_url="http://127.0.0.1:9")

    _, page = send(client, filled(role=far.name))

    assert "The store at http://127.0.0.1:9 could not be reached" in fault_of(page, "role")
