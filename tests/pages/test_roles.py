"""The pages of roles: what is known of a store, trying it, and the dialog for what is untried."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from jobs import probing, stores
from jobs.models import Job, Member, Rank, Role, Trial, Waiver
from operations.probe import NOT_TRIED, Finding, Found
from tests.conftest import OTHER_ACCOUNT, SECRET, MakeJob, MakeRole
from tests.pages.conftest import SIZES, OpenPage

FOUND = {
    "S3PutObjectCopy": (Finding.WORKS, "The effect is there, and the object is untouched."),
    "S3PutObjectTagging": (
        Finding.DESTROYS,
        "It answered 200, and the object's content was replaced: it begins with '<Tagging'.",
    ),
    "S3DeleteObjectTagging": (Finding.IGNORED, "It answered 204, and did nothing."),
    "S3PutObjectAcl": (Finding.REFUSED, "The store refused it: 501 NotImplemented."),
    "S3PutObjectLegalHold": (Finding.UNTRIED, "The bucket scratch has no Object Lock."),
}
UNTRIED = "UNTRIED_STORE: The role may not write a scratch object to photos: 403 AccessDenied."


@pytest.fixture
def role(make_role: MakeRole) -> Role:
    role = make_role(endpoint_url="http://127.0.0.1:9", server="uvicorn")
    for operation, (finding, detail) in FOUND.items():
        Trial.objects.create(
            account_id=role.account_id,
            endpoint_url=role.endpoint,
            operation=operation,
            finding=finding,
            detail=detail,
            bucket="scratch",
            server="uvicorn",
        )
    return role


@pytest.fixture
def operator(user: User) -> User:
    return user


def page(client: Client, name: str = "archive") -> str:
    return unescape(client.get(reverse("role", args=[name])).content.decode())


def test_the_list_names_the_roles_of_the_account(
    client: Client, role: Role, make_role: MakeRole
) -> None:
    make_role("theirs", account_id=OTHER_ACCOUNT)

    text = client.get(reverse("role_list")).content.decode()

    assert reverse("role", args=["archive"]) in text
    assert "theirs" not in text


def test_without_a_role_the_list_says_how_to_make_one(client: Client) -> None:
    assert "manage.py role set" in client.get(reverse("role_list")).content.decode()


def test_the_page_tells_each_finding_and_no_secret(client: Client, role: Role) -> None:
    text = page(client)

    for finding, detail in FOUND.values():
        assert f"finding-{finding}" in text
        assert detail in text
    assert "Cannot be tried" in text  # restoring
    assert "Not tried yet" in text  # retention
    for secret in (SECRET, role.sealed_secret, role.access_key_id):
        assert secret not in text


def test_a_role_of_another_account_has_no_page(client: Client, make_role: MakeRole) -> None:
    make_role("theirs", account_id=OTHER_ACCOUNT)

    assert client.get(reverse("role", args=["theirs"])).status_code == 404


def test_aws_is_not_tried_and_the_page_says_so(client: Client, make_role: MakeRole) -> None:
    make_role("aws")

    text = page(client, "aws")

    assert "AWS itself is the measure" in text
    assert "Probe now" not in text


def test_probing_shows_what_came(
    client: Client, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "identify", lambda *_: None)
    monkeypatch.setattr(probing, "sweep", lambda *_: None)
    monkeypatch.setattr(probing, "probe", lambda *_: Found(Finding.WORKS, "It is there.", 200))

    path = reverse("role_probe", args=["archive"])
    text = client.post(path, {"bucket": "scratch"}, follow=True).content.decode()

    assert "The store was tried." in text
    assert "finding-destroys" not in text
    assert 'class="notice good"' in text


@pytest.mark.parametrize(
    ("finding", "tone"),
    [
        (Finding.REFUSED, "wait"),
        (Finding.IGNORED, "wait"),
        (Finding.UNTRIED, "wait"),
        (Finding.DESTROYS, "bad"),
    ],
)
def test_what_was_found_bad_has_no_green_tick_above_it(
    client: Client, role: Role, monkeypatch: pytest.MonkeyPatch, finding: Finding, tone: str
) -> None:
    Trial.objects.all().delete()
    monkeypatch.setattr(stores, "identify", lambda *_: None)
    monkeypatch.setattr(probing, "sweep", lambda *_: None)
    monkeypatch.setattr(probing, "probe", lambda *_: Found(finding, "It is gone.", 200))

    path = reverse("role_probe", args=["archive"])
    text = client.post(path, {"bucket": "scratch"}, follow=True).content.decode()

    assert f'class="notice {tone}"' in text
    assert 'class="notice good"' not in text


def test_what_destroys_data_is_told_first_then_what_does_not_work_then_what_was_not_tried(
    client: Client, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    Trial.objects.all().delete()
    found = {
        "S3PutObjectCopy": Found(Finding.IGNORED, "Nothing.", 200),
        "S3PutObjectAcl": Found(Finding.REFUSED, "No.", 501),
        "S3PutObjectRetention": Found(Finding.UNTRIED, "There is no Object Lock.", 400),
        "S3UpdateObjectEncryption": Found(Finding.DESTROYS, "It is gone.", 200),
    }
    works = Found(Finding.WORKS, "It is there.", 200)
    monkeypatch.setattr(stores, "identify", lambda *_: None)
    monkeypatch.setattr(probing, "sweep", lambda *_: None)
    monkeypatch.setattr(probing, "probe", lambda name, *_: found.get(name, works))

    path = reverse("role_probe", args=["archive"])
    text = client.post(path, {"bucket": "scratch"}, follow=True).content.decode()

    assert '<div class="notice bad"' in text
    assert (
        "<p>Destroys data: Update object encryption. Ignored silently: Copy. "
        "Refused cleanly: Replace access control list (ACL). "
        "1 of 7 could not be tried: Object Lock retention. There is no Object Lock.</p>"
    ) in text


def test_the_worst_stands_first_in_the_table(client: Client, role: Role) -> None:
    text = page(client)

    rows = re.findall(r'<td role="cell">([^<]+) <span class="quiet"><code>', text)
    assert rows == [
        "Replace all object tags",  # destroys data
        "Delete all object tags",  # ignored
        "Replace access control list (ACL)",  # refused
        "Object Lock retention",  # not tried yet
        "Object Lock legal hold",  # could not be tried
        "Update object encryption",  # not tried yet
        "Copy",  # works
        "Invoke AWS Lambda function",
        "Restore",
        "Replicate",
        "Compute checksum",
    ]


def test_it_says_why_something_is_never_tried(client: Client, role: Role) -> None:
    text = page(client)

    assert text.count("Cannot be tried") == len(NOT_TRIED) == 4
    for reason in NOT_TRIED.values():
        assert reason in text


def test_the_page_does_not_say_that_a_store_was_tried_that_could_not_be(
    client: Client, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "identify", lambda *_: None)
    monkeypatch.setattr(probing, "sweep", lambda *_: None)
    monkeypatch.setattr(probing, "probe", lambda *_: Found(Finding.UNTRIED, "403.", 403))

    path = reverse("role_probe", args=["archive"])
    text = client.post(path, {"bucket": "scratch"}, follow=True).content.decode()

    assert "7 of 7 could not be tried" in text
    assert "The store was tried." not in text


@pytest.mark.parametrize("bucket", ["", "a b", "x/y"])
def test_a_bucket_that_is_none_is_told_on_the_page_of_the_role(
    client: Client, role: Role, bucket: str
) -> None:
    path = reverse("role_probe", args=["archive"])
    text = client.post(path, {"bucket": bucket}, follow=True).content.decode()

    assert 'role="alert"' in text
    assert "Name a bucket that the role may write a scratch object to." in text


def test_an_operator_overrides_what_is_ignored(client: Client, role: Role, operator: User) -> None:
    path = reverse("role_override", args=["archive"])
    values = {"operation": "S3DeleteObjectTagging", "reason": "known"}
    text = client.post(path, values, follow=True).content.decode()

    assert "Overridden by ada on" in text
    assert "Override what is ignored" not in text
    assert Waiver.objects.get().reason == "known"


def test_others_see_no_override_and_cannot_send_one(client: Client, role: Role) -> None:
    Member.objects.update(rank=Rank.SUBMITTER)
    path = reverse("role_override", args=["archive"])
    values = {"operation": "S3DeleteObjectTagging", "reason": "known"}

    assert "Override what is ignored" not in page(client)
    assert client.post(path, values).status_code == 403
    assert Waiver.objects.count() == 0


def test_nobody_overrides_what_destroys(client: Client, role: Role, operator: User) -> None:
    path = reverse("role_override", args=["archive"])

    response = client.post(path, {"operation": "S3PutObjectTagging", "reason": "please"})

    assert response.status_code == 403
    assert '<option value="S3PutObjectTagging">' not in page(client)


# ---- a job that waits because its store is untried


@pytest.fixture
def untried(make_job: MakeJob, role: Role) -> Job:
    Trial.objects.filter(operation="S3PutObjectTagging").update(finding=Finding.UNTRIED)
    return make_job(status="Suspended", suspended_cause=UNTRIED, total_tasks=2)


def test_an_untried_job_is_run_only_with_the_box_ticked(client: Client, untried: Job) -> None:
    path = reverse("job_confirm", args=[untried.pk])

    shown = client.get(reverse("job", args=[untried.pk])).content.decode()
    refused = client.post(path, follow=True).content.decode()
    untried.refresh_from_db()
    before = untried.status
    client.post(path, {"accept_untried": "on"})
    untried.refresh_from_db()

    assert "403 AccessDenied" in shown
    assert 'name="accept_untried" required' in shown
    assert 'role="alert"' in refused
    assert (before, untried.status) == ("Suspended", "Ready")


def test_a_job_at_a_store_that_was_tried_has_no_such_box(client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Suspended", suspended_cause="AWAITING_CONFIRMATION")

    assert "accept_untried" not in client.get(reverse("job", args=[job.pk])).content.decode()


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_fit_every_screen_and_nothing_complains(
    open_page: OpenPage, operator: User, untried: Job, screenshots: Path, size: str, scheme: str
) -> None:
    places = {"role": "/roles/archive/", "roles": "/roles/", "untried": f"/jobs/{untried.pk}/"}
    for name, path in places.items():
        with open_page(path, size, scheme) as shown:
            shown.screenshot(path=screenshots / f"{name}-{size}-{scheme}.png", full_page=True)
            wide = shown.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, name
