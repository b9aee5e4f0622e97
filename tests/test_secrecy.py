"""Credentials: encrypted at rest, and in nothing that people or logs see."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.core import serializers
from django.db import connection
from django.test import Client

from jobs import secrecy, services, stores
from jobs.errors import InvalidRequest
from jobs.models import Role
from jobs.secrecy import SecretUnreadable
from tests.conftest import SECRET, MakeJob, MakeRole

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


# ---- sealing


@pytest.mark.parametrize(
    "secret", ["", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "ключ 🔑", "x" * 9000]
)
def test_what_was_sealed_can_be_read_again(secret: str) -> None:
    sealed = secrecy.seal(secret)

    assert secrecy.unseal(sealed) == secret
    assert not secret or secret not in sealed


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    assert secrecy.seal(SECRET) != secrecy.seal(SECRET)


def test_a_secret_outlives_a_new_key_that_has_the_old_one_as_fallback(settings: Any) -> None:
    sealed, old = secrecy.seal(SECRET), settings.SECRET_KEY

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new key", ["older still", old]

    assert secrecy.unseal(sealed) == SECRET
    resealed = secrecy.seal(SECRET)
    settings.SECRET_KEY_FALLBACKS = []
    assert secrecy.unseal(resealed) == SECRET


@pytest.mark.parametrize("harm", ["another key", "altered", "no seal at all"])
def test_a_secret_that_cannot_be_read_is_told_with_what_to_do(settings: Any, harm: str) -> None:
    sealed = secrecy.seal(SECRET)
    if harm == "another key":
        settings.SECRET_KEY = "a new key"
    elif harm == "altered":
        sealed = sealed[:-8] + "AAAAAAAA"
    else:
        sealed = SECRET

    with pytest.raises(SecretUnreadable, match="LADING_SECRET_KEY_FALLBACKS") as error:
        secrecy.unseal(sealed)

    assert SECRET not in "".join(traceback.format_exception(error.value))


# ---- at rest


def test_the_database_holds_no_secret_in_the_clear(role: Role) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM jobs_role")
        (row,) = cursor.fetchall()

    assert SECRET not in str(row)
    assert Role.objects.get().secret_access_key == SECRET


def test_a_role_does_not_tell_its_secret_when_it_is_shown_or_dumped(role: Role) -> None:
    shown = [repr(role), str(role), serializers.serialize("json", [role]), str(vars(role))]

    assert all(SECRET not in text for text in shown)


# ---- in what people and logs see


def test_no_page_shows_a_secret(client: Client, admin_client: Client, make_job: MakeJob) -> None:
    job = make_job(status="Complete")
    paths = [
        "/jobs/", "/jobs/new/", f"/jobs/{job.pk}/", f"/api/v1/jobs/{job.pk}/", "/api/v1/roles/",
        "/api/v1/jobs/", f"/api/v1/jobs/{job.pk}/events/",
    ]  # fmt: skip
    admin_paths = [
        "/admin/jobs/role/", f"/admin/jobs/role/{job.role.pk}/change/",
        f"/admin/jobs/job/{job.pk}/change/", f"/admin/jobs/role/{job.role.pk}/history/",
    ]  # fmt: skip

    answers = [client.get(path) for path in paths]
    answers += [admin_client.get(path) for path in admin_paths]

    for response in answers:
        assert response.status_code == 200, response.request
        assert SECRET not in response.text
        assert job.role.sealed_secret not in response.text


def test_no_log_of_a_refused_or_unreachable_store_has_a_secret(
    user: User, make_role: MakeRole, caplog: pytest.LogCaptureFixture, monkeypatch: Any
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    make_role("gone", endpoint_url="http://127.0.0.1:1")
    asked = {
        "operation": "S3PutObjectTagging",
        "parameters": {"tag_set": []},
        "manifest": {"location": "s3://manifests/list.csv"},
        "role": "gone",
    }

    with caplog.at_level(logging.INFO), pytest.raises(InvalidRequest) as error:
        services.create_job(user, asked)

    assert "could not be reached" in str(error.value)
    assert SECRET not in caplog.text + "".join(traceback.format_exception(error.value))


def test_the_log_levels_keep_botocores_signatures_out(settings: Any) -> None:
    # At DEBUG botocore logs requests with their Authorization header.
    for name in ("botocore", "boto3", "urllib3", "s3transfer"):
        assert logging.getLogger(name).getEffectiveLevel() >= logging.WARNING


def test_the_client_of_a_store_has_the_secret_that_nobody_sees(role: Role, s3: S3Client) -> None:
    client = stores.s3_for(role)

    credentials = client._request_signer._credentials  # type: ignore[attr-defined]
    assert credentials.secret_key == SECRET
    assert SECRET not in repr(client)
