"""Check a list: the page that takes it, and the page that tells what is wrong with it."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.functions import Now
from django.test import Client

from jobs import retention
from jobs.models import Job, Manifest, Role
from tests.conftest import (
    OTHER_ACCOUNT,
    MakeJob,
    MakeManifest,
    MakeRole,
    MakeUser,
    PutObjects,
)
from tests.rows import content_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CHECK = "/manifests/check/"
FAULTY = b"\xef\xbb\xbfBucket,Key\nphotos,a b.jpg\n\nphotos,100%.jpg\n"
LISTING = {"SourceBucket": "arn:aws:s3:::b", "EnableManifestOutput": False}
UPLOADED = {"source": "upload", "columns": "Bucket,Key"}


def upload(client: Client, content: bytes, **more: str) -> Any:
    file = SimpleUploadedFile("list.csv", content)
    return client.post(CHECK, {**UPLOADED, "upload": file, **more}, follow=True)


def text_of(response: Any) -> str:
    return " ".join(unescape(response.content.decode()).split())


def test_an_uploaded_list_is_kept_though_it_is_faulty_and_its_page_tells_all(
    client: Client, user: User
) -> None:
    response = upload(client, FAULTY)

    manifest = Manifest.objects.get()
    text = text_of(response)
    assert response.redirect_chain == [(f"/manifests/{manifest.pk}/", 302)]
    assert (manifest.filename, manifest.account_id) == ("list.csv", "000000000000")
    assert "3 faults were found beside 1 row that is right." in text
    assert "Line 1 is a header row" in text
    assert "URL-encode the keys: a percent sign itself is %25." in text
    for mend in ("header", "bom", "blank", "encode"):
        assert f'name="mend" value="{mend}" checked' in text
    assert 'value="null"' not in text
    assert f"/jobs/new/?manifest={manifest.pk}" in text


def test_what_was_asked_for_is_mended_into_a_new_list(client: Client) -> None:
    upload(client, FAULTY)
    old = Manifest.objects.get()

    response = client.post(
        f"/manifests/{old.pk}/mend/", {"mend": ["bom", "header", "encode"]}, follow=True
    )

    new = Manifest.objects.exclude(pk=old.pk).get()
    text = text_of(response)
    assert response.redirect_chain == [(f"/manifests/{new.pk}/", 302)]
    assert "This is a new list, list.mended.csv: " in text
    for told in ("the byte order mark dropped", "the header row dropped", "2 keys encoded"):
        assert told in text
    assert "No fault was found in 2 rows." in text
    assert content_of(new) == b"photos,a%20b.jpg\n\nphotos,100%25.jpg\n"
    assert content_of(old) == FAULTY


def test_nothing_is_mended_where_nothing_was_chosen(client: Client) -> None:
    upload(client, FAULTY)
    old = Manifest.objects.get()

    response = client.post(f"/manifests/{old.pk}/mend/", follow=True)

    assert response.redirect_chain == [(f"/manifests/{old.pk}/", 302)]
    assert "Say what to mend: header, bom, blank, encode, null." in text_of(response)
    assert Manifest.objects.count() == 1


def test_a_pasted_list_is_checked_with_the_line_ends_that_it_had(client: Client) -> None:
    response = client.post(
        CHECK,
        {
            "source": "paste",
            "pasted": "a b.jpg\r\nc.jpg\r\n",
            "manifest_format": "KeyList",
            "list_bucket": "photos",
        },
        follow=True,
    )

    assert "No fault was found in 2 rows." in text_of(response)
    assert content_of(Manifest.objects.get()) == b"a b.jpg\nc.jpg\n"


def test_a_list_in_s3_is_read_by_the_role_that_was_chosen(
    client: Client, role: Role, s3: S3Client
) -> None:
    s3.put_object(Bucket="manifests", Key="list.csv", Body=b"photos,a\nvideos,b\n")
    sent = {"source": "s3", "manifest_location": "s3://manifests/list.csv", "role": role.name}

    response = client.post(CHECK, sent, follow=True)

    manifest = Manifest.objects.get()
    text = text_of(response)
    assert response.redirect_chain == [(f"/manifests/{manifest.pk}/?role=archive", 302)]
    assert "Rows name 2 buckets; a job has one." in text
    assert "Download" not in text


def test_the_page_of_a_list_in_s3_asks_for_a_role_first(
    client: Client, role: Role, s3: S3Client, make_manifest: MakeManifest
) -> None:
    s3.put_object(Bucket="manifests", Key="list.csv", Body=b"photos,a\n")
    manifest = make_manifest(etag="")

    without = client.get(f"/manifests/{manifest.pk}/")
    unknown = client.get(f"/manifests/{manifest.pk}/?role=nobody")
    with_role = client.get(f"/manifests/{manifest.pk}/?role=archive")

    assert "Role that reads it" in text_of(without)
    assert (unknown.status_code, "There is no role 'nobody'." in text_of(unknown)) == (422, True)
    assert "No fault was found in 1 row." in text_of(with_role)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"source": "upload"}, "Choose a file."),
        ({"source": "paste"}, "Paste the list."),
        ({"source": "s3"}, "Say where the list is."),
        ({"source": "s3", "manifest_location": "s3://m/l"}, "Choose a role; without one"),
        ({"source": "s3", "manifest_location": "s3://m/l", "role": "x"}, "There is no role x."),
        ({"source": "s3", "manifest_location": "l", "role": "archive"}, "must look like s3://"),
        ({"source": "listing"}, "Select a valid choice"),
        (
            {"source": "paste", "pasted": "a", "columns": "other", "other_columns": "Key"},
            "Required fields are missing in the schema: Bucket",
        ),
    ],
)
def test_a_form_that_names_no_list_says_what_it_lacks(
    client: Client, role: Role, sent: dict[str, str], told: str
) -> None:
    response = client.post(CHECK, sent)

    assert response.status_code == 422
    assert told in text_of(response)
    assert Manifest.objects.count() == 0


def test_a_list_that_looks_like_another_format_says_which(client: Client, user: User) -> None:
    text = text_of(upload(client, b'{"bucket": "photos", "key": "a"}\n'))

    assert "It looks like another format" in text
    assert "JSON lines, not CSV." in text


@pytest.mark.parametrize(
    ("content", "format", "bucket"),
    [
        (b's3://photos/a\ns3://photos/b".jpg\n', "KeyList", ""),
        (b"a\nb\n", "KeyList", "photos"),
        (b'{"key": "a"}\n{"key": "b"}\n', "JSONLines", "photos"),
    ],
)
def test_a_list_is_read_as_what_it_is_and_need_not_be_sent_again(
    client: Client, user: User, content: bytes, format: str, bucket: str
) -> None:
    page = text_of(upload(client, content))
    first = Manifest.objects.get()

    assert ("Bucket of the keys" in page) == bool(bucket)
    assert "What can be mended at once" not in page
    response = client.post(
        f"/manifests/{first.pk}/read-as/", {"read_as": format, "bucket": bucket}, follow=True
    )

    assert "No fault was found in 2 rows." in text_of(response)
    read = Manifest.objects.exclude(pk=first.pk).get()
    assert (read.format, read.filename, read.sha256) == (format, first.filename, first.sha256)
    assert content_of(read) == content_of(first) == content


def test_a_list_in_s3_is_read_as_what_it_is(
    client: Client, role: Role, put_objects: PutObjects
) -> None:
    put_objects("list.txt", bucket="manifests", body=b"s3://photos/a\n")
    asked = {"source": "s3", "role": role.name, "manifest_location": "s3://manifests/list.txt"}
    page = client.post(CHECK, asked, follow=True)
    found = Manifest.objects.get()
    assert f'name="role" value="{role.name}"' in page.content.decode()

    again = {"read_as": "KeyList", "role": role.name}
    response = client.post(f"/manifests/{found.pk}/read-as/", again, follow=True)

    assert "No fault was found in 1 row." in text_of(response)
    read = Manifest.objects.exclude(pk=found.pk).get()
    assert (read.format, read.location, read.etag) == ("KeyList", found.location, found.etag)


def test_a_format_that_there_is_not_is_refused_and_the_list_stays(
    client: Client, user: User
) -> None:
    upload(client, b"a\n")
    found = Manifest.objects.get()

    response = client.post(f"/manifests/{found.pk}/read-as/", {"read_as": "Excel"}, follow=True)

    assert "Give 'S3BatchOperations_CSV_20180820'" in text_of(response)
    assert Manifest.objects.get() == found


def test_a_row_that_lacks_cells_is_as_wide_as_the_others(client: Client, user: User) -> None:
    text = text_of(upload(client, b"photos\n", columns="Bucket,Key,VersionId"))

    assert '<td class="cell"><code>photos</code></td> <td colspan="2"></td>' in text


def test_the_manifest_of_an_inventory_is_checked_where_its_files_are(
    client: Client, user: User
) -> None:
    content = b'{\n "fileFormat": "CSV",\n "fileSchema": "Bucket, Key"\n}\n'
    page = text_of(upload(client, content))

    assert "It looks like the manifest.json of an S3 Inventory." in page
    assert "Read it as that" not in page


def test_an_offer_that_may_do_harm_is_not_chosen_beforehand(client: Client, user: User) -> None:
    text = text_of(upload(client, b"photos,a b\nphotos,a%20b\n"))

    assert 'name="mend" value="encode"> ' in text
    assert "1 key looks as if already URL-encoded, and would be encoded twice." in text


def test_texts_of_the_list_are_shown_and_never_markup(client: Client, user: User) -> None:
    response = upload(client, b"photos,<script>x</script>%zz\n")

    assert b"<script>x" not in response.content
    assert b"&lt;script&gt;x" in response.content


def test_a_list_is_downloaded_as_it_was_handed_in(client: Client) -> None:
    upload(client, FAULTY)

    response = client.get(f"/manifests/{Manifest.objects.get().pk}/content/")

    assert response["Content-Disposition"] == 'attachment; filename="list.csv"'
    assert b"".join(response.streaming_content) == FAULTY  # type: ignore[attr-defined, arg-type]


def test_a_list_in_s3_has_no_download(client: Client, make_manifest: MakeManifest) -> None:
    manifest = make_manifest()

    assert client.get(f"/manifests/{manifest.pk}/content/").status_code == 404


@pytest.mark.parametrize("path", ["", "content/", "mend/"])
def test_lists_of_other_accounts_are_not_there(
    client: Client, make_manifest: MakeManifest, path: str
) -> None:
    manifest = make_manifest(b"photos,a\n", account_id=OTHER_ACCOUNT)
    ask = client.post if path == "mend/" else client.get

    response = ask(f"/manifests/{manifest.pk}/{path}")

    assert response.status_code == 404
    assert Manifest.objects.count() == 1


@pytest.mark.parametrize("path", [CHECK, "/manifests/00000000-0000-0000-0000-000000000000/"])
def test_strangers_are_sent_to_the_login(anonymous: Client, db: None, path: str) -> None:
    assert anonymous.get(path)["Location"].startswith("/login/")


# ---- from the page of a job


def link_to_list(client: Client, job: Job) -> str:
    """Where the page of a job leads for its list; "" for nowhere."""
    found = re.search(r'id="list-link" href="([^"]+)"', client.get(f"/jobs/{job.pk}/").text)
    return unescape(found[1]) if found else ""


def test_a_job_leads_to_what_is_wrong_with_its_uploaded_list(
    client: Client, make_job: MakeJob, make_manifest: MakeManifest
) -> None:
    job = make_job(status="Failed", manifest=make_manifest(FAULTY))
    Manifest.objects.update(created_at=Now() - 2 * retention.UNUSED)
    retention.remove_unused_lists()

    response = client.get(link_to_list(client, job))

    assert "3 faults were found beside 1 row that is right." in text_of(response)
    assert "Download" in text_of(response)
    assert "Make the mended list" in text_of(response)


def test_a_job_leads_to_its_list_in_s3_as_its_role_reads_it(
    client: Client, make_role: MakeRole, make_job: MakeJob, make_manifest: MakeManifest,
    put_objects: PutObjects,
) -> None:  # fmt: skip
    put_objects("list.csv", bucket="manifests", body=b"photos,%zz\n")
    job = make_job(status="Failed", role=make_role("a&b c"), manifest=make_manifest(etag=""))

    link = link_to_list(client, job)

    assert link == f"/manifests/{job.manifest.pk}/?role=a%26b%20c"
    assert "1 fault was found" in text_of(client.get(link))


def test_a_list_in_s3_that_is_gone_is_told_on_its_page(
    client: Client, make_job: MakeJob, s3: S3Client
) -> None:
    answer = client.get(link_to_list(client, make_job(status="Failed")))

    assert answer.status_code == 200
    assert "Put the file back, or let the role read it." in text_of(answer)


@pytest.mark.parametrize(
    "values",
    [
        {"format": Manifest.Format.GENERATED, "generator": LISTING},
        {"format": Manifest.Format.TASKS, "selection": {"parent": "x", "tasks": "failed"}},
    ],
    ids=["listing", "tasks"],
)
def test_what_is_no_list_has_no_page_to_lead_to(
    client: Client, make_job: MakeJob, make_manifest: MakeManifest, values: dict[str, Any]
) -> None:
    manifest = make_manifest(bucket="", key="", etag="", **values)

    assert link_to_list(client, make_job(status="Active", manifest=manifest)) == ""


def test_who_may_check_no_list_is_led_to_none(
    make_user: MakeUser, make_job: MakeJob, make_manifest: MakeManifest
) -> None:
    job = make_job(status="Failed", manifest=make_manifest(FAULTY))
    viewer, submitter = Client(), Client()
    viewer.force_login(make_user("viewer"))
    submitter.force_login(make_user("submitter"))

    assert link_to_list(viewer, job) == ""
    assert submitter.get(link_to_list(submitter, job)).status_code == 200
