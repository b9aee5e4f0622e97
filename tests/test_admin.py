"""The admin site: looking at everything, changing little."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.db.models import Model
from django.test import Client

from jobs.logins import begin
from jobs.models import (
    AccessKey,
    ApiToken,
    Function,
    Job,
    JobEvent,
    Lane,
    Member,
    Node,
    Role,
    Tally,
    TaskResult,
    Throughput,
    Trial,
    Waiver,
)
from tests.conftest import MakeJob, MakePart, MakeReportFile, MakeSlice

MODELS = sorted(apps.get_app_config("jobs").get_models(), key=lambda model: model.__name__)
EDITABLE = {Role, Member, Function}
EACH = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
READ_ONLY = pytest.mark.parametrize(
    "model", [m for m in MODELS if m not in EDITABLE], ids=lambda model: model.__name__
)


def path(model: type[Model], *rest: object) -> str:
    return "/".join(["/admin/jobs", model.__name__.lower(), *map(str, rest), ""])


@pytest.fixture
def rows(
    user: User,
    other_user: User,
    make_job: MakeJob,
    make_slice: MakeSlice,
    make_part: MakePart,
    make_report_file: MakeReportFile,
) -> dict[type[Model], Model]:
    """One row of everything."""
    from operations.base import SUCCESSFUL

    job = make_job(status="Active")
    slice_ = make_slice(job)
    make_part(slice_, [SUCCESSFUL])
    make_report_file(job, b"photos,a.jpg\n")
    ApiToken.issue(user)
    AccessKey.issue(user)
    Function.objects.create(account_id="000000000000", name="thumbs", url="http://thumbs:9001")
    JobEvent.objects.create(job=job, actor="ada", to_status="New", reason="created")
    Tally.objects.create(job=job, error_code="AccessDenied", http_status=403, count=2)
    Throughput.objects.create(job=job, succeeded=[3], failed=[0])
    TaskResult.objects.create(job=job, bucket="photos", key="a", error_code="X", message="Y")
    begin("ada", "192.0.2.7")
    Node.objects.create(name="box-1", host="box", pid=7, slots=2)
    Lane.objects.create(owner="box/1", node="box-1", host="box", pid=8, process_start=1, job=job)
    lies = {"operation": "S3PutObjectAcl", "endpoint_url": "http://store:9000"}
    Trial.objects.create(account_id=job.account_id, finding="ignored", bucket="photos", **lies)
    Waiver.objects.create(role=job.role, reason="known", actor="ada", **lies)
    return {model: model._default_manager.order_by("pk")[0] for model in MODELS}


# ---- looking


@EACH
def test_every_kind_of_row_is_listed_and_shown(
    admin_client: Client, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    row = rows[model]

    listed = admin_client.get(path(model))
    shown = admin_client.get(path(model, row.pk, "change"))

    assert listed.status_code == shown.status_code == 200
    assert f"{path(model)}{row.pk}".replace("box/1", "box_2F1") in listed.text.replace("%", "_")


@EACH
def test_every_kind_of_row_can_be_searched_without_an_error(
    admin_client: Client, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    assert admin_client.get(path(model), {"q": "nothing like it"}).status_code == 200


def test_the_page_of_a_job_shows_what_happened_to_it(
    admin_client: Client, rows: dict[type[Model], Model]
) -> None:
    text = admin_client.get(path(Job, rows[Job].pk, "change")).text

    assert "created" in text
    assert "AccessDenied" in text
    assert "results/0123456789abcdef" in text


def test_the_queues_own_pages_are_hidden() -> None:
    registered = {model._meta.app_label for model in admin.site._registry}

    assert registered == {"auth", "jobs"}


def test_the_admin_site_is_for_staff(client: Client, rows: dict[type[Model], Model]) -> None:
    for model in MODELS:
        assert client.get(path(model)).status_code == 302


# ---- not changing


@READ_ONLY
def test_nothing_of_a_job_is_added_or_changed_here(
    admin_client: Client, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    row = rows[model]
    before = model._default_manager.filter(pk=row.pk).values().get()

    answers = [
        admin_client.get(path(model, "add")),
        admin_client.post(path(model, "add"), {"status": "Complete"}),
        admin_client.post(path(model, row.pk, "change"), {"status": "Complete", "priority": 3}),
    ]

    assert [response.status_code for response in answers] == [403, 403, 403]
    assert model._default_manager.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize(
    "model",
    [m for m in MODELS if m not in EDITABLE | {Waiver}],
    ids=lambda model: model.__name__,
)
def test_nothing_of_a_job_is_deleted_here(
    admin_client: Client, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    row = rows[model]

    alone = admin_client.post(path(model, row.pk, "delete"), {"post": "yes"})
    by_action = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
    admin_client.post(path(model), by_action)

    assert alone.status_code == 403
    assert model._default_manager.filter(pk=row.pk).exists()


@EACH
def test_no_form_of_the_admin_site_has_a_status(
    admin_client: Client, rows: dict[type[Model], Model], model: type[Model]
) -> None:
    for place in (path(model, rows[model].pk, "change"), path(model, "add")):
        assert 'name="status"' not in admin_client.get(place).text


# ---- deciding


def act(client: Client, action: str, *jobs: Job) -> list[str]:
    """Run an action on jobs; what the person is told."""
    body = {"action": action, "_selected_action": [str(job.pk) for job in jobs]}
    response = client.post(path(Job), body)
    assert response.status_code == 302
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_jobs_are_confirmed_and_each_refusal_is_told(
    admin_client: Client, make_job: MakeJob
) -> None:
    waiting, also, done = (make_job(status=s) for s in ("Suspended", "Suspended", "Complete"))

    told = act(admin_client, "confirm", waiting, also, done)

    for job in (waiting, also, done):
        job.refresh_from_db()
    assert [waiting.status, also.status, done.status] == ["Ready", "Ready", "Complete"]
    assert waiting.events.get().actor == "admin"
    assert set(told) == {
        f"{done.pk}: The job is Complete; it cannot become Ready from there.",
        "2 jobs confirmed.",
    }


def test_jobs_are_cancelled_and_each_refusal_is_told(
    admin_client: Client, make_job: MakeJob
) -> None:
    active, done = make_job(status="Active"), make_job(status="Complete")

    told = act(admin_client, "cancel", active, done)

    active.refresh_from_db()
    assert active.status == "Cancelling"
    assert "1 job cancelled." in told
    assert any(text.startswith(f"{done.pk}: The job is Complete") for text in told)


def test_jobs_are_paused_and_resumed_and_each_refusal_is_told(
    admin_client: Client, make_job: MakeJob
) -> None:
    active, ready, done = (make_job(status=s) for s in ("Active", "Ready", "Complete"))

    assert set(act(admin_client, "pause", active, ready, done)) == {
        f"{done.pk}: The job is Complete; it cannot be paused any more.",
        "2 jobs paused.",
    }
    active.refresh_from_db()
    assert (active.status, active.held_by) == ("Pausing", "admin")

    assert {*act(admin_client, "resume", active, done)} >= {
        f"{done.pk}: The job is Complete, and no person paused it; there is nothing to resume.",
        "1 job resumed.",
    }
    active.refresh_from_db()
    assert (active.status, active.held_by) == ("Pausing", "")


def test_who_may_only_look_may_not_decide(user: User, client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Suspended")
    user.is_staff = True
    user.save()
    user.user_permissions.add(Permission.objects.get(codename="view_job"))

    listed = client.get(path(Job))
    client.post(path(Job), {"action": "confirm", "_selected_action": [str(job.pk)]})

    assert listed.status_code == 200
    assert "Confirm the selected jobs" not in listed.text
    job.refresh_from_db()
    assert job.status == "Suspended"


def test_an_override_is_withdrawn_here(
    admin_client: Client, rows: dict[type[Model], Model]
) -> None:
    response = admin_client.post(path(Waiver, rows[Waiver].pk, "delete"), {"post": "yes"})

    assert response.status_code == 302
    assert not Waiver.objects.exists()


@pytest.mark.parametrize("model", [Role, Function])
def test_the_form_of_a_new_one_begins_with_the_default_account(
    admin_client: Client, model: type[Model]
) -> None:
    form = admin_client.get(path(model, "add")).context["adminform"].form

    assert form.get_initial_for_field(form.fields["account_id"], "account_id") == "000000000000"


def test_the_admin_site_names_no_file_of_the_specification(
    admin_client: Client, rows: dict[type[Model], Model]
) -> None:
    for model in MODELS:
        assert "spec.md" not in admin_client.get(path(model, rows[model].pk, "change")).text


def test_abbreviations_are_written_as_such(
    admin_client: Client, rows: dict[type[Model], Model]
) -> None:
    assert "API tokens" in admin_client.get("/admin/").text
    assert "Endpoint URL" in admin_client.get(path(Role)).text
    assert "HTTP status" in admin_client.get(path(TaskResult)).text
