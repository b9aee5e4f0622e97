"""A job cloned into the form: sent as it opens, it makes the same job again."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from jobs import services
from jobs.generator import ManifestGenerator
from jobs.models import Job, Manifest, Role
from jobs.pages.cloning import lost_in, typed_again, typed_of
from tests.conftest import OTHER_ACCOUNT, MakeJob, MakePart, MakeRole, MakeSlice, PutObjects
from tests.core.scripted import FORBIDDEN, MISSING
from tests.pages.conftest import CSV, Fill, send
from tests.pages.test_operations import TYPED
from tests.pages.test_wizard import shown, text_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SAME = (
    *("operation", "parameters", "priority", "requests_per_second", "tags"),
    *("failure_rule", "failure_limit", "run_window", "confirmation_required", "role_id"),
    *("report_enabled", "report_bucket", "report_prefix", "report_scope", "report_expected_owner"),
)
COPY: dict[str, Any] = {
    "operation": "S3PutObjectCopy",
    "parameters": {
        "target_resource": "arn:aws:s3:::archive",
        "modified_since_constraint": "2030-01-02T03:04:05Z",
        "new_object_tagging": [],
        "bucket_key_enabled": False,
        "metadata_directive": "REPLACE",
        "new_object_metadata": {"cache_control": "no-cache", "user_metadata": {"a": "1=2"}},
    },
}
TAGGING = {
    "operation": "S3PutObjectTagging",
    "parameters": {"tag_set": [{"key": "a", "value": "1=2"}, {"key": "b", "value": ""}]},
}
RICH = {
    **{name: {"operation": each[0], "parameters": each[2]} for name, each in TYPED.items()},
    "a copy": COPY,
    "tags": TAGGING,
}
FILTERS = {
    "source_bucket": "arn:aws:s3:::photos",
    "include_versions": True,
    "enable_manifest_output": False,
    "filter": {
        "key_name_constraint": {"match_any_prefix": ["2019/", "2020/"]},
        "created_after": "2020-01-02T03:04:05Z",
        "object_size_greater_than_bytes": 0,
        "match_any_storage_class": ["STANDARD", "GLACIER_IR"],
    },
}


def again(client: Client, job: Job) -> Job:
    """The job that its clone makes."""
    values = dict(typed_of(job).lists())
    status, page = send(client, {**values, "client_request_token": "again"})
    assert status == 302, text_of(page)[:2000]
    return Job.objects.exclude(pk=job.pk).get()


@pytest.fixture
def made(user: User, role: Role, put_objects: PutObjects) -> Any:
    """made(parameters=…): a job of a list in S3, with everything that a job may have."""
    put_objects("list.csv", bucket="manifests", body=CSV)

    def make(**changes: Any) -> Job:
        asked = {
            "role": role.arn,
            "manifest": {"location": "s3://manifests/list.csv", "fields": ["Bucket", "Key"]},
            "description": "Summer",
            "priority": 0,
            "requests_per_second": 250,
            "failure_threshold": 5,
            "run_window": {"start": "22:00", "end": "06:00", "days": ["mon"]},
            "tags": {"team": "archive", "x": "1=2"},
            "report": {"enabled": True, "bucket": "reports", "scope": "FailedTasksOnly"},
            "confirmation_required": False,
            **TAGGING,
        }
        return services.create_job(user, asked | changes)

    return make


@pytest.mark.parametrize("name", RICH)
def test_a_clone_makes_the_same_job(client: Client, made: Any, user: User, name: str) -> None:
    job = made(**RICH[name])

    clone = again(client, job)

    assert {each: getattr(clone, each) for each in SAME} == {
        each: getattr(job, each) for each in SAME
    }
    place = ("bucket", "key", "etag", "fields", "format")
    assert [getattr(clone.manifest, each) for each in place] == [
        getattr(job.manifest, each) for each in place
    ]
    assert lost_in(job, user, typed_of(job)) == []


@pytest.mark.parametrize(
    ("description", "proposed"),
    [
        ("Summer", "Summer (again)"),
        ("Summer (again)", "Summer (again 2)"),
        ("Summer (again 9)", "Summer (again 10)"),
        ("x" * 256, "x" * 248 + " (again)"),
        ("", ""),
    ],
)
def test_a_clone_is_called_so_that_both_can_be_told_apart(
    client: Client, made: Any, description: str, proposed: str
) -> None:
    assert again(client, made(description=description)).description == proposed


@pytest.mark.parametrize("own", ["Autumn", "Summer"])
def test_a_clone_that_somebody_calls_otherwise_is_called_so(
    client: Client, made: Any, own: str
) -> None:
    values = dict(typed_of(made()).lists()) | {"description": own}

    _, page = send(client, {**values, "at": "operation", "step": "options"})

    assert f'name="description" value="{own}"' in page


def test_a_clone_lists_with_the_same_filters(
    client: Client, made: Any, user: User, put_objects: PutObjects
) -> None:
    put_objects("2019/a.jpg", bucket="photos")
    job = made(manifest=None, manifest_generator=FILTERS)

    clone = again(client, job)

    listed, before = (
        ManifestGenerator.parse(each.manifest.generator).model_dump() for each in (clone, job)
    )
    assert listed == before
    assert lost_in(job, user, typed_of(job)) == []


def test_a_clone_has_the_same_uploaded_list(client: Client, filled: Fill, s3: S3Client) -> None:
    send(client, filled())
    job = Job.objects.get()

    assert again(client, job).manifest == job.manifest


def test_the_form_opens_filled(client: Client, made: Any) -> None:
    job = made()

    page = client.get(f"/jobs/new/?clone={job.pk}").content.decode()

    assert shown(page) == "objects"
    assert f"Filled in from job {job.pk}." in text_of(page)
    assert 'name="manifest_location" value="s3://manifests/list.csv"' in page
    assert "a=1=2\nb=</textarea>" in page


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"parameters": {"tag_set": [{"key": "a=b", "value": "c"}]}},
            "Some parameters cannot be typed",
        ),
        (
            {"parameters": {"tag_set": []}},
            "Tags: Type at least one tag. To take all tags away, choose Delete all object tags.",
        ),
        ({"tags": {"a=b": "c"}}, "Some tags cannot be typed"),
        (
            {
                "manifest": None,
                "manifest_generator": {
                    "source_bucket": "arn:aws:s3:::photos",
                    "enable_manifest_output": False,
                    "ask_each_object": True,
                    "filter": {
                        "match_any_object_encryption": [{"SSEKMS": {"bucket_key_enabled": True}}]
                    },
                },
            },
            "Some settings of the listing",
        ),
    ],
)
def test_what_the_form_cannot_say_is_told(
    client: Client, made: Any, changes: dict[str, Any], told: str
) -> None:
    job = made(**changes)

    page = client.get(f"/jobs/new/?clone={job.pk}").content.decode()

    assert told in text_of(page)
    assert 'name="requests_per_second" value="250"' in page


@pytest.mark.parametrize("pk", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_job_that_is_not_there_cannot_be_cloned(client: Client, role: Role, pk: str) -> None:
    assert client.get(f"/jobs/new/?clone={pk}").status_code == 404


def test_a_job_of_others_cannot_be_cloned(client: Client, role: Role, make_job: MakeJob) -> None:
    job = make_job()
    Job.objects.filter(pk=job.pk).update(account_id=OTHER_ACCOUNT)

    assert client.get(f"/jobs/new/?clone={job.pk}").status_code == 404


# ---- tasks of an ended job, with the same settings or others


GROUP = {"tasks": "failed", "error_code": "AccessDenied", "http_status": 403}


@pytest.fixture
def parent(make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart, role: Role) -> Job:
    """A cancelled job with two failures of different kinds, and two tasks never executed."""
    job = make_job(
        status="Cancelled", total_tasks=4, description="Tag", source_bucket="photos", **TAGGING
    )
    make_part(
        make_slice(job, ["photos,a", "photos,b", "photos,c", "photos,d"]), [FORBIDDEN, MISSING]
    )
    job.tallies.create(error_code="AccessDenied", http_status=403, count=1)
    job.tallies.create(error_code="NoSuchKey", http_status=404, count=1)
    return job


def link_of(page: str, label: str) -> str:
    (found,) = re.findall(rf'href="([^"]+)" aria-label="{label}"', page)
    return unescape(found)


@pytest.mark.parametrize("selection", [GROUP, {"tasks": "failed"}, {"tasks": "not_executed"}])
def test_a_clone_of_a_child_does_the_same_tasks(
    client: Client, user: User, s3: S3Client, parent: Job, selection: dict[str, Any]
) -> None:
    child = services.retry_tasks(user, parent, selection)
    typed = typed_of(child)

    status, page = send(client, {**dict(typed.lists()), "client_request_token": "again"})

    assert status == 302, text_of(page)[:2000]
    assert lost_in(child, user, typed) == []
    made = Job.objects.children_of(parent).exclude(pk=child.pk).get()
    assert made.manifest.selection == child.manifest.selection
    assert made.manifest_id != child.manifest_id


def test_a_child_whose_parent_was_removed_can_be_cloned_all_but_its_tasks(
    client: Client, user: User, parent: Job
) -> None:
    child = services.retry_tasks(user, parent, {"tasks": "failed"})
    Manifest.objects.filter(pk=child.manifest_id).update(parent=None)

    page = client.get(f"/jobs/new/?clone={child.pk}").content.decode()

    assert "The objects were tasks of a job that is removed now: choose others." in text_of(page)
    assert 'name="tasks_of"' not in page
    assert "a=1=2\nb=</textarea>" in page


@pytest.mark.parametrize(
    ("label", "told", "count", "selection"),
    [
        (
            "Change settings first: Failed tasks",
            *("Failed tasks of Tag", "the objects of 2 tasks", {"tasks": "failed"}),
        ),
        (
            "Retry with other settings what failed with AccessDenied, HTTP 403",
            *("Failed tasks (AccessDenied, HTTP 403) of Tag", "1 object", GROUP),
        ),
    ],
)
def test_tasks_are_done_again_with_other_settings(
    client: Client, user: User, s3: S3Client, parent: Job, make_role: MakeRole,
    label: str, told: str, count: str, selection: dict[str, Any],
) -> None:  # fmt: skip
    make_role("other")
    address = link_of(client.get(f"/jobs/{parent.pk}/").content.decode(), label)

    opened = client.get(address).content.decode()
    typed = typed_again(parent, services.list_of_tasks(user, {"id": parent.pk, **selection}))
    values = {**dict(typed.lists()), "role": "other", "client_request_token": "again"}
    _, review = send(client, {**values, "at": "objects", "step": "review"})
    status, page = send(client, values)

    assert (shown(opened), told in text_of(opened)) == ("objects", True)
    assert f'value="Retry of {told[0].lower()}{told[1:]}"' in opened
    assert (shown(review), f"on {count} in the bucket photos" in text_of(review)) == (
        "review",
        True,
    )
    assert "Tasks of another job have no name there." in text_of(review)
    assert status == 302, text_of(page)[:2000]
    made = Job.objects.children_of(parent).get()
    kept = made.manifest.selection or {}
    assert {name: kept[name] for name in selection} == selection
    assert (made.role.name, made.confirmation_required) == ("other", True)


@pytest.mark.parametrize(
    ("query", "status", "told"),
    [
        ("tasks_of={pk}&tasks=in_doubt", 400, "The job has none: tasks in doubt."),
        ("tasks_of={pk}&tasks=succeeded", 400, "failed"),
        ("tasks_of={pk}&tasks=failed&tasks_code=Nope", 400, "No task of the job failed with Nope"),
        ("tasks_of=seven&tasks=failed", 404, "There is no such page"),
    ],
)
def test_tasks_that_are_not_there_open_no_form(
    client: Client, parent: Job, query: str, status: int, told: str
) -> None:
    answer = client.get(f"/jobs/new/?{query.format(pk=parent.pk)}")

    assert (answer.status_code, told in text_of(answer.content.decode())) == (status, True)


@pytest.mark.parametrize("step", ["operation", "create"])
def test_tasks_that_were_removed_meanwhile_are_told_where_they_were_chosen(
    client: Client, user: User, s3: S3Client, parent: Job, step: str
) -> None:
    typed = typed_again(parent, services.list_of_tasks(user, {"id": parent.pk, "tasks": "failed"}))
    parent.tallies.all().delete()
    Job.objects.filter(pk=parent.pk).update(failed=0)

    values = {**dict(typed.lists()), "at": "objects", "step": step}
    status, page = send(client, values)

    assert (status, shown(page)) == (422, "objects")
    assert "The job has none: failed tasks." in text_of(page)
    assert "are not there any more. Choose another list." in text_of(page)
    assert Job.objects.count() == 1
