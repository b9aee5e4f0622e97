"""What the review has shown is what the job does: no other list, no other keys, nothing hidden."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs import services
from jobs.models import Job
from jobs.pages.cloning import typed_again
from tests.conftest import MakeJob, MakePart, MakeSlice, PutObjects
from tests.core.scripted import FORBIDDEN
from tests.pages.conftest import CSV, TAGS, Fill, send
from tests.pages.test_bad_input import fault_of
from tests.pages.test_browse import seen
from tests.pages.test_wizard import shown, text_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = {"bucket": "manifests"}


def reviewed(page: str) -> dict[str, str]:
    """What the review's page sends along."""
    (etag,) = re.findall(r'name="reviewed_etag" value="([^"]*)"', page)
    return {"reviewed_etag": etag}


@pytest.fixture
def parent(make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart) -> Job:
    """An ended job of which two tasks have failed."""
    job = make_job(
        status="Complete", total_tasks=2, description="Tag", source_bucket="photos",
        operation="S3PutObjectTagging", parameters={"tag_set": [{"key": "a", "value": "b"}]},
    )  # fmt: skip
    make_part(make_slice(job, ["photos,a", "photos,b"]), [FORBIDDEN, FORBIDDEN])
    return job


# ---- the list


def test_a_list_that_was_replaced_since_its_review_makes_no_job(
    client: Client, from_s3: Fill, put_objects: PutObjects
) -> None:
    put_objects("list.csv", **BUCKET, body=CSV)
    _, page = send(client, from_s3(at="options", step="review"))
    put_objects("list.csv", **BUCKET, body=CSV * 100)

    status, told = send(client, from_s3(at="review", step="create", **reviewed(page)))

    assert (status, shown(told)) == (422, "objects")
    assert 'The manifest "s3://manifests/list.csv" is not the one that the job names' in text_of(
        told
    )
    assert not Job.objects.exists()
    _, page = send(client, from_s3(at="objects", step="review"))
    assert "on 2 objects (200 rows, 198 repeated)" in text_of(page)
    status, _ = send(client, from_s3(at="review", step="create", **reviewed(page)))
    assert status == 302


def test_a_list_of_which_somebody_gave_the_etag_is_that_one(
    client: Client, from_s3: Fill, put_objects: PutObjects
) -> None:
    put_objects("list.csv", **BUCKET, body=CSV)

    given = from_s3(at="review", step="create", manifest_etag="e1", reviewed_etag="e2")
    _, page = send(client, given)

    assert 'not "e1"' in text_of(page)


def test_a_key_that_ends_with_a_blank_is_that_key(
    client: Client, from_s3: Fill, put_objects: PutObjects
) -> None:
    put_objects("list.csv", **BUCKET, body=CSV)
    put_objects("list.csv ", **BUCKET, body=CSV * 3)

    place = {"manifest_location": "  s3://manifests/list.csv "}
    _, page = send(client, from_s3(at="objects", step="review", **place))

    assert "on 2 objects (6 rows, 4 repeated)" in text_of(page)


def test_a_row_that_comes_twice_is_told_and_is_no_other_object(
    client: Client, filled: Fill, s3: S3Client
) -> None:
    pasted = "photos,a\nphotos,b\nphotos,a\nphotos,c\nphotos,d\nphotos,e\n"
    values = filled(source="paste", pasted=pasted, upload=None)

    _, page = send(client, {**values, "at": "objects", "step": "operation"})
    _, review = send(client, {**values, "at": "objects", "step": "review"})

    for text in (text_of(page), text_of(review)):
        assert "6 rows, 1 of them repeated: 5 objects. Each row is a task of its own" in text
        assert "the first repetition is row 3, of row 1" in text
    assert "on 5 objects (6 rows, 1 repeated) in the bucket photos" in text_of(review)
    assert "6 objects" not in text_of(review)
    assert 'class="notice good"' not in page + review


# ---- a listing


def test_filters_are_taken_as_they_are(client: Client, listing: Fill, s3: S3Client) -> None:
    texts = {
        "prefixes": " p/\r\n\r\nq \r\nx\u2028y",
        "suffixes": " .tmp",
        "substrings": "\ta",
    }

    status, page = send(client, listing(**texts))

    assert status == 302, text_of(page)
    chosen = Job.objects.get().manifest.generator or {}
    assert chosen["Filter"]["KeyNameConstraint"] == {
        "MatchAnyPrefix": [" p/", "q ", "x\u2028y"],
        "MatchAnySuffix": [" .tmp"],
        "MatchAnySubstring": ["\ta"],
    }


def test_the_review_tells_what_is_taken_of_a_bucket(
    client: Client, listing: Fill, put_objects: PutObjects
) -> None:
    put_objects("2019/a.jpg")
    filters = {"prefixes": "2019/\n2020/", "larger_than": "3", "every_version": "on"}

    _, page = send(client, listing(at="options", step="review", **filters))

    text = text_of(page)
    assert "Versions Every one, not only the current" in text
    assert "Key begins with 2019/ 2020/" in text
    assert "Larger than 3 bytes" in text


def test_a_folder_with_a_line_break_cannot_be_picked(
    client: Client, listing: Fill, put_objects: PutObjects
) -> None:
    put_objects("a\nb/secret.csv", **BUCKET)

    page = seen(client, browse=" s3://manifests/a\nb/")
    answer = client.post("/jobs/new/", listing(at="objects", pick_folder="s3://manifests/a\nb/"))

    assert "A form cannot say a name with a line break" in page
    assert 'name="pick_folder"' not in page
    assert re.findall(r'name="pick" value="s3://manifests/a\nb/secret.csv" disabled', page)
    assert answer.status_code == 400
    assert "make the job through the API" in unescape(answer.content.decode())


# ---- what else is typed


@pytest.mark.parametrize("typed", ["team =a", "team= a", " team=a", "team=a "])
def test_blanks_at_the_ends_of_a_tag_are_neither_dropped_nor_kept(
    client: Client, kept: Fill, typed: str
) -> None:
    values = kept(at="operation", step="options") | {TAGS: f"season=summer\n{typed}"}

    status, page = send(client, values)

    assert (status, shown(page)) == (422, "operation")
    assert "Line 2: take away the blanks at the ends of" in fault_of(page, TAGS)


# ---- tasks of another job


def test_the_description_follows_what_is_done_to_tasks_of_another_job(
    client: Client, user: User, parent: Job
) -> None:
    chosen = services.list_of_tasks(user, {"id": parent.pk, "tasks": "failed"})
    values = dict(typed_again(parent, chosen).lists()) | {"at": "operation", "step": "options"}

    def described(**changes: str) -> str:
        _, page = send(client, {**values, **changes})
        (found,) = re.findall(r'name="description" value="([^"]*)"', page)
        return unescape(found)

    assert described() == "Retry of failed tasks of Tag"
    other = "S3DeleteObjectTagging"
    assert described(operation=other) == "Delete all object tags: failed tasks of Tag"
    elsewhere = {"source": "listing", "listing_bucket": "photos"}
    assert described(**elsewhere) == "Replace all object tags: photos"
    assert described(description="Mine", **elsewhere) == "Mine"


def test_an_operation_that_needs_versions_is_told_where_the_tasks_have_none(
    client: Client, user: User, parent: Job, s3: S3Client
) -> None:
    chosen = services.list_of_tasks(user, {"id": parent.pk, "tasks": "failed"})
    values = dict(typed_again(parent, chosen).lists()) | {"operation": "S3ReplicateObject"}

    for step in ("operation", "review", "create"):
        status, page = send(client, {**values, "at": "objects", "step": step})
        assert (status, shown(page)) == (422, "objects")
        assert re.search("Replicate needs versions|missing in the schema: VersionId", text_of(page))
