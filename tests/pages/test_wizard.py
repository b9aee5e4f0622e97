"""A new job in four steps: what is asked, what is judged when, and that nothing is lost."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jobs.models import Job, Manifest, Role
from tests.conftest import MakeRole, PutObjects
from tests.pages.conftest import CSV, TAGS, Fill, send
from tests.pages.test_bad_input import fault_of
from tests.pages.test_new_job_lists import INVENTORY, put_inventory, stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FAULTY = b"Bucket,Key\nphotos,a.jpg\n"


def shown(page: str) -> str:
    """The step that is shown."""
    (found,) = re.findall(r'<section class="step" aria-labelledby="(\w+)-title">', page)
    return str(found)


def text_of(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def summary_of(page: str) -> str:
    found = re.search(r'class="notice bad summary".*?</ul>', page, re.DOTALL)
    return text_of(found[0]) if found else ""


# ---- going on and going back


def test_it_opens_at_the_objects(client: Client, role: Role) -> None:
    page = client.get("/jobs/new/").content.decode()

    assert shown(page) == "objects"
    assert page.count('aria-current="step"') == 1


@pytest.mark.parametrize(
    ("here", "there"),
    [("objects", "operation"), ("operation", "options"), ("options", "review")],
)
def test_next_leads_through_the_steps_and_keeps_everything(
    client: Client, kept: Fill, here: str, there: str
) -> None:
    status, page = send(client, kept(at=here, step=there))

    assert (status, shown(page)) == (200, there)
    assert f'name="at" value="{there}"' in page
    for text in (
        "season=summer</textarea>",
        'value="nightly"',
        'value="one-form"',
        'value="Summer"',
    ):
        assert text in page
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("here", "there", "wrong", "field"),
    [
        ("objects", "operation", {"manifest_id": None}, "upload"),
        ("operation", "options", {TAGS: "no equals sign"}, TAGS),
        ("options", "review", {"priority": "ten"}, "priority"),
    ],
)
def test_a_step_that_is_wrong_is_shown_again_with_its_faults(
    client: Client, kept: Fill, here: str, there: str, wrong: dict[str, Any], field: str
) -> None:
    status, page = send(client, kept(at=here, step=there, **wrong))

    assert (status, shown(page)) == (422, here)
    assert fault_of(page, field)
    assert f'href="#id_{field}"' in page
    assert "This step is not right yet." in summary_of(page)


def test_faults_of_later_steps_are_not_told_yet(client: Client, kept: Fill) -> None:
    wrong = {TAGS: "no equals sign", "priority": "ten", "report_bucket": ""}

    status, page = send(client, kept(at="objects", step="operation", **wrong))

    assert (status, shown(page)) == (200, "operation")
    assert not any(fault_of(page, field) for field in wrong)
    assert "no equals sign</textarea>" in page


@pytest.mark.parametrize("here", ["operation", "options", "review"])
def test_going_back_judges_nothing_and_loses_nothing(client: Client, kept: Fill, here: str) -> None:
    wrong = {TAGS: "no equals sign", "priority": "ten"}

    status, page = send(client, kept(at=here, step="objects", **wrong))

    assert (status, shown(page)) == (200, "objects")
    assert "no equals sign</textarea>" in page
    assert 'value="ten"' in page
    assert "pictures.csv is uploaded" in text_of(page)


def test_a_leap_ahead_stops_at_the_first_step_that_is_wrong(client: Client, kept: Fill) -> None:
    status, page = send(client, kept(at="objects", step="review", priority="ten"))

    assert (status, shown(page)) == (422, "options")


def test_creating_goes_back_to_the_first_step_with_a_fault(client: Client, kept: Fill) -> None:
    values = kept(at="review", step="create", priority="ten", **{TAGS: "no equals sign"})

    status, page = send(client, values)

    assert (status, shown(page)) == (422, "operation")
    assert "The job was not created." in summary_of(page)
    assert "Options, Priority: Enter a whole number." in summary_of(page)


def test_a_fault_that_only_the_store_knows_leads_to_its_step(client: Client, kept: Fill) -> None:
    status, page = send(client, kept(at="review", step="create", report_bucket="nowhere"))

    assert (status, shown(page)) == (422, "options")
    assert fault_of(page, "report_bucket") == "The report bucket nowhere does not exist."


SAVED = {"source": "listing", "listing_bucket": "photos", "save_list": "on"}
ONLY_THE_STORE_KNOWS: list[tuple[dict[str, str], str, str, str]] = [
    (
        {"report_bucket": "nowhere"},
        *("options", "report_bucket", "The report bucket nowhere does not exist."),
    ),
    (
        {"operation": "S3ComputeObjectChecksum"},
        *("options", "report_expected_bucket_owner", "needs a completion report with the owner"),
    ),
    (
        {
            "operation": "S3PutObjectLegalHold",
            "S3PutObjectLegalHold-legal_hold.status": "ON",
            **SAVED,
            "save_bucket": "nowhere",
        },
        *("objects", "save_bucket", "Failed to write manifest to the bucket nowhere"),
    ),
    (
        {
            "operation": "S3PutObjectRetention",
            "S3PutObjectRetention-retention.mode": "GOVERNANCE",
            "S3PutObjectRetention-retention.retain_until_date": "2020-01-01T00:00:00",
        },
        *("operation", "S3PutObjectRetention-retention.retain_until_date", "in the future"),
    ),
]


@pytest.mark.parametrize(("changes", "there", "field", "told"), ONLY_THE_STORE_KNOWS)
def test_what_creating_would_refuse_is_told_before_the_review(
    client: Client, kept: Fill, put_objects: PutObjects,
    changes: dict[str, str], there: str, field: str, told: str,
) -> None:  # fmt: skip
    put_objects("a.jpg", bucket="photos")

    status, page = send(client, kept(at="options", step="review", **changes))

    assert (status, shown(page)) == (422, there)
    assert told in fault_of(page, field)


def test_a_report_without_a_bucket_is_told_where_the_bucket_is_asked_for(
    client: Client, kept: Fill
) -> None:
    _, opened = send(client, kept(at="operation", step="options", report_bucket=""))
    status, page = send(client, kept(at="options", step="review", report_bucket=""))

    assert 'for="id_report_bucket">Bucket<span class="required"' in opened
    assert re.search(r'<input[^>]*aria-required="true"[^>]*id="id_report_bucket"', opened)
    assert (status, shown(page)) == (422, "options")
    assert fault_of(page, "report_bucket") == "A report needs a bucket to be written to."


def test_the_last_step_creates_the_job(client: Client, kept: Fill) -> None:
    status, _ = send(client, kept(at="review", step="create"))

    assert status == 302
    assert Job.objects.get().manifest == Manifest.objects.get()


def test_a_form_that_made_a_job_and_was_changed_says_so_in_the_review(
    client: Client, kept: Fill
) -> None:
    send(client, kept(at="review", step="create"))

    status, page = send(client, kept(at="review", step="create", description="Autumn"))

    assert (status, shown(page)) == (422, "review")
    assert "This form has made a job already." in summary_of(page)


# ---- lists, linted as they come


def test_a_list_is_linted_when_its_step_is_left(client: Client, filled: Fill) -> None:
    status, page = send(client, filled(at="objects", step="operation"))

    assert (status, shown(page)) == (200, "operation")
    assert "pictures.csv: No fault was found in 2 rows." in text_of(page)


def test_a_faulty_list_is_kept_shown_and_mended_on_the_spot(client: Client, filled: Fill) -> None:
    upload = SimpleUploadedFile("mine.csv", FAULTY)

    status, page = send(client, filled(upload=upload, at="objects", step="operation"))

    faulty = Manifest.objects.get()
    assert (status, shown(page)) == (422, "objects")
    assert "Line 1 is a header row" in text_of(page)
    assert 'name="mend" value="header" checked' in page

    values = filled(upload=None, manifest_id=str(faulty.pk), at="objects", do="mend", mend="header")
    status, page = send(client, values)

    mended = Manifest.objects.exclude(pk=faulty.pk).get()
    assert (status, shown(page)) == (200, "objects")
    assert f'name="manifest_id" value="{mended.pk}"' in page
    assert stored(mended) == b"photos,a.jpg\n"


@pytest.mark.parametrize(
    ("handed_in", "field"),
    [
        ({"source": "upload"}, "upload"),
        ({"source": "paste", "pasted": FAULTY.decode(), "upload": None}, "pasted"),
        ({"source": "s3", "upload": None}, "manifest_location"),
    ],
)
def test_what_is_wrong_with_a_list_is_told_once_beside_it(
    client: Client, filled: Fill, put_objects: PutObjects, handed_in: dict[str, Any], field: str
) -> None:
    put_objects("list.csv", bucket="manifests", body=FAULTY)
    values = {
        "upload": SimpleUploadedFile("mine.csv", FAULTY),
        "manifest_location": "s3://manifests/list.csv",
        **handed_in,
    }

    _, page = send(client, filled(**values, at="objects", step="operation"))

    told = text_of(page)
    assert told.count("1 fault was found") == 1
    assert "What is wrong with" in summary_of(page)
    assert ": Line 1 is a header row" in summary_of(page)
    assert told.count("Line 1 is a header row") == 2, "in the summary, and beside the list"
    assert 'href="#findings"' in page
    assert page.index(f'id="id_{field}"') < page.index('id="findings"')
    assert re.search(rf'aria-invalid="true"[^>]*aria-describedby="[^"]*id_{field}_error"', page)
    assert page.count(f'id="id_{field}_error"') == 1


FAULTS = b"photos,%zz\n" * 21


def test_the_summary_tells_the_first_of_many_faults_and_the_step_how_many_more(
    client: Client, filled: Fill
) -> None:
    upload = SimpleUploadedFile("mine.csv", FAULTS)

    _, page = send(client, filled(upload=upload, at="objects", step="operation"))

    assert "mine.csv : Line 1, column 2 (Key): " in summary_of(page)
    assert "That is the first of 21 faults." in summary_of(page)
    assert "And 16 more." in text_of(page)
    assert "Line 5, column 2" in text_of(page)
    assert "Line 6, column 2" not in text_of(page)
    assert f'href="/manifests/{Manifest.objects.get().pk}/">See all that was found</a>' in page


@pytest.mark.parametrize("source", ["s3", "inventory"])
def test_all_faults_of_a_list_in_s3_are_a_click_away(
    client: Client, from_s3: Fill, put_objects: PutObjects, source: str
) -> None:
    put_objects("list.csv", bucket="manifests", body=FAULTS)
    values = from_s3(source=source, at="objects", step="operation")

    _, page = send(client, values)
    (button,) = re.findall(r"<button[^>]*>See all that was found", page)
    assert 'formaction="/manifests/check/" formtarget="_blank"' in button
    assert not Manifest.objects.exists()
    all_of_it = client.post("/manifests/check/", values, follow=True)

    kept = Manifest.objects.get()
    assert all_of_it.redirect_chain == [(f"/manifests/{kept.pk}/?role=archive", 302)]
    assert kept.format == (INVENTORY if source == "inventory" else Manifest.Format.CSV)
    told = all_of_it.content.decode()
    assert ('<td role="cell" class="number" data-label="Line">21</td>' in told) == (source == "s3")


@pytest.mark.parametrize(
    ("handed_in", "told"),
    [
        (
            {"source": "upload", "upload": SimpleUploadedFile("mine.csv", FAULTY)},
            "The list is mended. The job takes mine.mended.csv in place of the file.",
        ),
        (
            {"source": "paste", "pasted": FAULTY.decode(), "upload": None},
            "The list is mended: the job takes it as it stands here now.",
        ),
        (
            {"source": "s3", "upload": None},
            "The list is mended. The job takes list.mended.csv, which is kept here as an upload "
            "is; the list in S3 stays as it is.",
        ),
    ],
)
def test_a_mended_list_is_shown_as_the_one_that_is_taken(
    client: Client, from_s3: Fill, put_objects: PutObjects, handed_in: dict[str, Any], told: str
) -> None:
    put_objects("list.csv", bucket="manifests", body=FAULTY)
    source = "paste" if handed_in["source"] == "paste" else "upload"

    status, page = send(client, from_s3(**handed_in, at="objects", do="mend", mend="header"))

    text = text_of(page)
    mended = Manifest.objects.get(filename__contains=".mended")
    assert (status, shown(page)) == (200, "objects")
    assert told in text
    assert f"{mended.filename}: No fault was found in 1 row." in text
    assert re.search(rf'value="{source}"[^>]* checked', page)
    assert (">\nphotos,a.jpg\n</textarea>" in page) == (source == "paste")

    typed = {"pasted": "photos,a.jpg\r\n"} if source == "paste" else {}
    given = {"source": source, "upload": None, "manifest_id": str(mended.pk)}
    status, page = send(client, from_s3(**given, **typed, at="objects", step="operation"))
    _, back = send(client, from_s3(**given, at="operation", step="objects"))

    assert (status, shown(page)) == (200, "operation")
    assert f'name="manifest_id" value="{mended.pk}"' in page
    assert (">\nphotos,a.jpg\n</textarea>" in back) == (source == "paste")


def test_a_list_that_is_mended_in_part_says_what_is_left(client: Client, filled: Fill) -> None:
    upload = SimpleUploadedFile("mine.csv", FAULTY + b"photos,%zz\n")

    _, page = send(client, filled(upload=upload, at="objects", do="mend", mend="header"))

    assert "The list is mended in part." in text_of(page)
    assert "mine.mended.csv: 1 fault was found" in text_of(page)


@pytest.mark.parametrize("mend", [None, "null", "nonsense"])
def test_a_mend_that_changes_nothing_is_told(client: Client, filled: Fill, mend: str) -> None:
    values = filled(at="objects", do="mend", mend=mend)

    status, page = send(client, values)

    assert (status, shown(page)) == (422, "objects")
    assert 'class="notice bad"' in page
    assert "This step is not right yet." not in page
    assert Manifest.objects.count() == 1


def test_a_list_in_another_format_need_not_be_uploaded_again(client: Client, filled: Fill) -> None:
    upload = SimpleUploadedFile("list", b"s3://photos/a.jpg\n")
    send(client, filled(upload=upload, at="objects", step="operation"))
    first = str(Manifest.objects.get().pk)

    status, page = send(
        client,
        filled(
            upload=None,
            manifest_id=first,
            manifest_format="KeyList",
            at="objects",
            step="operation",
        ),
    )

    assert (status, shown(page)) == (200, "operation"), summary_of(page)
    assert Manifest.objects.exclude(pk=first).get().format == "KeyList"


def test_a_pasted_list_is_kept_and_comes_back_to_be_gone_on_with(
    client: Client, filled: Fill
) -> None:
    pasted = filled(upload=None, source="paste", pasted="photos,a\r\nphotos,b")

    _, page = send(client, {**pasted, "at": "objects", "step": "operation"})

    manifest = Manifest.objects.get()
    assert stored(manifest) == b"photos,a\nphotos,b"
    assert 'name="pasted"' not in page

    carried = {**pasted, "pasted_id": str(manifest.pk), "at": "operation", "step": "objects"}
    del carried["pasted"]
    _, page = send(client, carried)

    assert ">\nphotos,a\nphotos,b</textarea>" in page


def test_a_pasted_list_is_kept_again_only_if_it_was_changed(client: Client, filled: Fill) -> None:
    values = filled(upload=None, source="paste", pasted="photos,a", at="objects", step="operation")
    send(client, values)
    values["pasted_id"] = str(Manifest.objects.get().pk)

    send(client, values)
    assert Manifest.objects.count() == 1

    send(client, {**values, "pasted": "photos,b"})
    assert Manifest.objects.count() == 2


def test_a_pasted_list_makes_a_job_in_the_last_step(
    client: Client, filled: Fill, s3: S3Client
) -> None:
    values = filled(upload=None, source="paste", pasted="photos,a", at="objects", step="operation")
    send(client, values)
    values |= {"pasted_id": str(Manifest.objects.get().pk), "at": "review", "step": "create"}
    del values["pasted"]

    status, page = send(client, values)

    assert status == 302, summary_of(page)
    assert Job.objects.get().manifest == Manifest.objects.get()


def ids_in(page: str) -> dict[str, str]:
    """The lists that the form carries along."""
    return dict(re.findall(r'name="(manifest_id|pasted_id)" value="([^"]+)"', page))


def test_an_uploaded_list_and_a_pasted_one_take_not_each_others_place(
    client: Client, filled: Fill
) -> None:
    _, page = send(client, filled(at="objects", step="operation"))
    uploaded = ids_in(page)["manifest_id"]
    paste = filled(upload=None, source="paste", pasted="photos,z", at="objects", step="operation")
    _, page = send(client, {**paste, **ids_in(page)})
    carried = ids_in(page)
    assert carried == {"manifest_id": uploaded, "pasted_id": carried["pasted_id"]} != {}
    back = {**paste, **carried, "at": "operation", "step": "objects"}
    del back["pasted"]
    _, page = send(client, back)
    assert "<strong>pictures.csv</strong> is uploaded" in page
    assert ">\nphotos,z</textarea>" in page

    chosen = {**paste, **ids_in(page), "source": "upload"}
    _, page = send(client, chosen)
    assert "pictures.csv: No fault was found" in text_of(page)
    assert ids_in(page) == carried
    chosen |= {"at": "operation", "step": "objects", "source": "upload"}
    del chosen["pasted"]
    _, page = send(client, chosen)
    assert ">\nphotos,z</textarea>" in page
    assert Manifest.objects.count() == 2


def test_a_pasted_list_is_not_what_was_uploaded(client: Client, filled: Fill) -> None:
    paste = filled(upload=None, source="paste", pasted="photos,z", at="objects", step="operation")
    _, page = send(client, paste)

    status, page = send(client, {**paste, **ids_in(page), "source": "upload"})

    assert (status, shown(page)) == (422, "objects")
    assert "Choose a file." in summary_of(page)
    assert ">\nphotos,z</textarea>" in page


@pytest.mark.parametrize("source", ["upload", "paste", "s3"])
def test_a_list_is_read_as_what_it_is_at_a_click(
    client: Client, filled: Fill, from_s3: Fill, put_objects: PutObjects, source: str
) -> None:
    content = b"s3://photos/a\ns3://photos/b\n"
    put_objects("list.csv", bucket="manifests", body=content)
    values = {
        "upload": filled(upload=SimpleUploadedFile("list.txt", content)),
        "paste": filled(upload=None, source="paste", pasted=content.decode()),
        "s3": from_s3(),
    }[source]
    values |= {"at": "objects"}
    _, page = send(client, {**values, "step": "operation"})
    assert shown(page) == "objects"
    assert 'name="read_as" value="KeyList"' in page

    values.pop("upload", None)
    status, page = send(client, {**values, **ids_in(page), "read_as": "KeyList"})

    assert (status, shown(page)) == (200, "operation"), summary_of(page)
    assert "No fault was found in 2 rows" in text_of(page)
    assert '<option value="KeyList" selected>' in page


def test_the_manifest_of_an_inventory_is_read_where_its_files_are(
    client: Client, filled: Fill
) -> None:
    file = SimpleUploadedFile("manifest.json", b'{\n "fileSchema": "Bucket, Key"\n}')

    _, page = send(client, filled(upload=file, at="objects", step="operation"))

    assert "choose “An S3 Inventory”" in page
    assert 'name="read_as"' not in page


def test_an_operation_that_needs_versions_is_not_chosen_for_a_list_without(
    client: Client, kept: Fill
) -> None:
    values = kept(operation="S3ReplicateObject", at="operation", step="options")

    status, page = send(client, values)

    assert (status, shown(page)) == (422, "operation")
    assert "Replicate needs versions: the list names none." in summary_of(page)


def test_the_role_of_a_new_job_may_be_named_in_the_address(
    client: Client, make_role: MakeRole
) -> None:
    make_role("archive")
    make_role("west")

    page = client.get("/jobs/new/?role=west").content.decode()

    assert '<option value="west" selected>' in page


# ---- lists that only the store knows


def test_a_list_in_s3_is_linted_and_kept_nowhere(
    client: Client, from_s3: Fill, put_objects: PutObjects
) -> None:
    put_objects("list.csv", bucket="manifests", body=CSV)

    status, page = send(client, from_s3(at="objects", step="operation"))

    assert (status, shown(page)) == (200, "operation"), summary_of(page)
    assert "s3://manifests/list.csv: No fault was found in 2 rows." in text_of(page)
    assert not Manifest.objects.exists()


def test_a_faulty_list_in_s3_is_mended_into_one_that_is_uploaded(
    client: Client, from_s3: Fill, put_objects: PutObjects
) -> None:
    put_objects("list.csv", bucket="manifests", body=FAULTY)

    _, page = send(client, from_s3(at="objects", do="mend", mend="header"))

    assert shown(page) == "objects"
    assert "list.mended.csv is uploaded" in text_of(page)
    assert stored(Manifest.objects.get()) == b"photos,a.jpg\n"


def test_an_inventory_has_an_entry_of_its_own(
    client: Client, from_s3: Fill, put_objects: PutObjects
) -> None:
    put_inventory(put_objects)
    place = {"source": "inventory", "manifest_location": "s3://manifests/inv/manifest.json"}

    _, page = send(client, from_s3(at="objects", step="operation", **place))
    status, _ = send(client, from_s3(**place))

    assert "No fault was found in 1 row." in text_of(page)
    assert status == 302
    assert Job.objects.get().manifest.format == INVENTORY


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({}, "manifest_location", "There is no manifest"),
        ({"manifest_location": ""}, "manifest_location", "Say where the manifest is."),
        ({"source": "inventory", "manifest_location": ""}, "manifest_location", "manifest.json"),
        ({"source": "listing", "listing_bucket": ""}, "listing_bucket", "Say which bucket."),
        ({"source": "listing", "listing_bucket": "videos"}, "listing_bucket", "videos"),
        ({"source": "listing", "listing_bucket": "photos"}, "listing_bucket", "found no keys"),
        ({"role": ""}, "role", "This field is required."),
    ],
)
def test_what_the_store_says_is_told_before_the_next_step(
    client: Client, from_s3: Fill, s3: S3Client, changes: dict[str, str], field: str, told: str
) -> None:
    status, page = send(client, from_s3(at="objects", step="operation", **changes))

    assert (status, shown(page)) == (422, "objects")
    assert told in fault_of(page, field)


def test_a_bucket_that_is_to_be_listed_is_looked_at(
    client: Client, from_s3: Fill, put_objects: PutObjects
) -> None:
    put_objects("2019/a.jpg", "2019/b.jpg", "2020/c.jpg", bucket="photos")
    listing = from_s3(source="listing", listing_bucket="photos", prefixes="2019/")

    _, page = send(client, {**listing, "at": "objects", "step": "operation"})
    _, review = send(client, {**listing, "at": "options", "step": "review"})

    assert "2 objects found." in text_of(page)
    assert "on 2 objects in the bucket photos" in text_of(review)
    assert "2019/a.jpg" in review


# ---- the operation


def test_every_operation_says_what_its_role_must_be_allowed(client: Client, role: Role) -> None:
    page = client.get("/jobs/new/?operation=S3PutObjectCopy&step=operation").content.decode()

    assert shown(page) == "operation"
    summary = "What the role must be allowed: s3:GetObject, s3:GetObjectAcl, s3:GetObjectTagging"
    assert summary in text_of(page)
    assert '<details class="group policy" id="allowed">' in page
    assert '"Resource": "arn:aws:s3:::BUCKET/*"' in unescape(page)
    assert '"Action": [ "s3:ListBucket" ], "Resource": "arn:aws:s3:::BUCKET"' in text_of(page)


# ---- the options


def test_a_description_is_proposed_and_follows_the_form_until_it_is_changed(
    client: Client, kept: Fill
) -> None:
    proposal = "Replace all object tags: pictures.csv"
    _, page = send(client, kept(at="operation", step="options", description=""))
    assert f'value="{proposal}"' in page

    given = {"at": "operation", "step": "options", "operation": "S3DeleteObjectTagging"}
    _, page = send(client, kept(description=proposal, proposed=proposal, **given))
    assert 'name="description" value="Delete all object tags: pictures.csv"' in page

    for own in ("Mine", ""):
        _, page = send(client, kept(description=own, proposed=proposal, **given))
        assert 'name="description" value="Delete' not in page


# ---- the review


def test_the_review_says_in_words_what_will_happen(client: Client, kept: Fill) -> None:
    _, page = send(client, kept(at="options", step="review"))

    text = text_of(page)
    assert "Replace all object tags by season=summer on 2 objects in the bucket photos" in text
    assert "in the bucket photos , as the role archive" in text
    assert "waits until somebody has reviewed and confirmed it" in text
    assert "the tasks that failed goes to s3://reports/nightly/job-…/" in text
    assert "What is done stays done" in text
    assert "season=summer" in text
    assert '"Resource": "arn:aws:s3:::reports/nightly/*"' in text


def test_only_a_step_that_is_wrong_is_to_be_corrected(client: Client, kept: Fill) -> None:
    _, right = send(client, kept(at="options", step="review"))
    _, wrong = send(client, kept(at="options", step="review", priority="ten"))

    assert "<title>New job – Lading</title>" in right
    assert "<title>Please correct the form · New job – Lading</title>" in wrong


def test_the_review_says_that_nobody_is_asked_again(client: Client, kept: Fill) -> None:
    values = kept(at="options", step="review", confirmation_required=None, report_enabled=None)

    _, page = send(client, values)

    assert "nobody is asked again" in text_of(page)
    assert "No report is written to a bucket" in text_of(page)


def test_a_list_that_is_read_in_part_is_not_said_to_be_counted(
    client: Client, kept: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.pages.lists.SECONDS", -1)

    _, page = send(client, kept(at="options", step="review"))

    assert "a number of objects that is known once the list has been read" in text_of(page)
    assert "only the beginning was read" in text_of(page)


def test_the_review_shows_the_same_job_as_commands(client: Client, kept: Fill) -> None:
    _, page = send(client, kept(at="options", step="review"))

    page = text_of(page)
    assert "aws s3control create-job" in page
    assert "--endpoint-url http://testserver" in page
    assert "control.create_job(" in page
    assert "http://testserver/api/v1/jobs/" in page
    assert "season" in page


def test_a_list_in_s3_is_pinned_in_the_commands_as_it_was_looked_at(
    client: Client, from_s3: Fill, put_objects: PutObjects, s3: S3Client
) -> None:
    put_objects("list.csv", bucket="manifests", body=CSV)
    etag = s3.head_object(Bucket="manifests", Key="list.csv")["ETag"].strip('"')

    _, page = send(client, from_s3(at="options", step="review"))

    assert f'"ETag": "{etag}"' in text_of(page)


# ---- what could be overlooked


@pytest.mark.parametrize("step", ["options", "create", None])
def test_parameters_of_an_operation_that_is_not_chosen_are_never_taken_for_its_own(
    client: Client, kept: Fill, step: str | None
) -> None:
    values = kept(at="operation", step=step, parameters_of="LambdaInvoke")

    status, page = send(client, values)

    assert status == 422
    assert shown(page) == "operation"
    assert "Those were the parameters of another operation." in summary_of(page)
    assert 'name="parameters_of" value="S3PutObjectTagging"' in page
    assert Job.objects.count() == 0


@pytest.mark.parametrize("typed", ["", " \r\n\r\n"])
@pytest.mark.parametrize(("here", "there"), [("operation", "options"), ("review", "create")])
def test_tags_that_were_forgotten_take_no_tags_away(
    client: Client, kept: Fill, typed: str, here: str, there: str
) -> None:
    status, page = send(client, kept(at=here, step=there, **{TAGS: typed}))

    assert (status, shown(page)) == (422, "operation")
    assert fault_of(page, TAGS) == (
        "Type at least one tag. To take all tags away, choose Delete all object tags."
    )
    assert 'Tags<span class="required"' in page
    assert not Job.objects.exists()
