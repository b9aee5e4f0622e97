"""/healthz and /readyz: for load balancers, without a login."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from jobs.models import Node


def make_node(seconds_ago: float) -> None:
    seen = timezone.now() - timedelta(seconds=seconds_ago)
    Node.objects.create(name="box-1", host="box", pid=7, slots=2, beat_at=seen)


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every query fails as if the server were gone."""

    def gone(*args: object) -> None:
        raise OperationalError(
            "connection to server at 10.0.0.9 failed: user lading, password hunter2"
        )

    monkeypatch.setattr(connection, "cursor", gone)


def test_the_process_is_alive_without_a_login(anonymous: Client) -> None:
    response = anonymous.get("/healthz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_it_is_ready_when_database_spool_and_engine_are(anonymous: Client) -> None:
    make_node(seconds_ago=1)

    response = anonymous.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"database": "ok", "spool": "ok", "engine": "ok", "alarms": []}
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize("seconds_ago", [None, 6])
def test_it_is_not_ready_without_an_engine_of_the_last_5_seconds(
    anonymous: Client, seconds_ago: int | None
) -> None:
    if seconds_ago:
        make_node(seconds_ago)

    response = anonymous.get("/readyz")

    assert response.status_code == 503
    assert response.json()["engine"] == "not seen for 5 seconds; start `manage.py engine`"


@pytest.mark.django_db
def test_it_is_not_ready_when_the_spool_cannot_be_written(
    anonymous: Client, spool_folder: Path
) -> None:
    make_node(seconds_ago=1)
    spool_folder.write_text("a file where the folder should be")

    response = anonymous.get("/readyz")

    assert response.status_code == 503
    assert response.json()["spool"].startswith("cannot be used: ")
    assert str(spool_folder) not in response.text


@pytest.mark.django_db
def test_it_is_alive_but_not_ready_without_a_database(anonymous: Client, no_database: None) -> None:
    response = anonymous.get("/readyz")

    assert anonymous.get("/healthz").status_code == 200
    assert response.status_code == 503
    assert response.json()["database"] == "cannot be reached"
    assert response.json()["engine"] == "unknown: the database cannot be reached"
    assert "hunter2" not in response.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_takes_no_other_method_than_get_and_head(anonymous: Client, path: str) -> None:
    assert anonymous.post(path).status_code == 405
