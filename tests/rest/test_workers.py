"""GET /api/v1/workers/: which engines and lanes are alive, and what is wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client

from jobs.models import Job, Lane, Node, Slice
from tests.conftest import OTHER_ACCOUNT, MakeJob, MakeSlice

NODE = "box-1-abc"


def ago(seconds: float) -> Any:
    return Now() - timedelta(seconds=seconds)


@pytest.fixture
def node(db: None) -> Node:
    return Node.objects.create(
        name=NODE, host="box-1/1f00/4026", pid=70, slots=4, started_at=ago(3600)
    )


@pytest.fixture
def job(make_job: MakeJob) -> Job:
    return make_job(status="Active", total_tasks=1000)


def at_work(job: Job, **at: Any) -> Lane:
    values = {"node": NODE, "host": "box-1/1f00/4026", "pid": 71, "process_start": 1} | at
    return Lane.objects.create(owner=f"{values['node']}:{values['pid']}:1", job=job, **values)


def told(client: Client) -> Any:
    response = client.get("/api/v1/workers/")
    assert response.status_code == 200
    return response.json()


def test_an_engine_that_is_idle_has_all_its_slots_free(client: Client, node: Node) -> None:
    answer = told(client)

    assert (answer["slots"], answer["free"], answer["alarms"]) == (4, 4, [])
    (seen,) = answer["nodes"]
    assert seen["host"] == "box-1"
    assert (seen["name"], seen["pid"], seen["slots"], seen["free"]) == (NODE, 70, 4, 4)
    assert seen["lanes"] == []
    assert seen["started_at"].endswith("Z")


def test_a_lane_tells_slice_job_time_and_rate(
    client: Client, node: Node, job: Job, make_slice: MakeSlice
) -> None:
    slice_ = make_slice(job, ["photos,a.jpg", "photos,b.jpg"])
    at_work(job, slice=slice_, stage="Performing", rate=312.34, work_since=ago(42))

    answer = told(client)

    assert (answer["slots"], answer["free"]) == (4, 3)
    (lane,) = answer["nodes"][0]["lanes"]
    assert (lane["pid"], lane["silent_seconds"]) == (71, None)
    work = lane["work"]
    assert work["job"] == str(job.pk)
    assert work["url"].endswith(f"/api/v1/jobs/{job.pk}/")
    assert work["stage"] == "Performing"
    assert work["slice"] == {"number": slice_.number, "size": 2}
    assert 42 <= work["seconds"] < 60
    assert work["rate"] == 312.3


@pytest.mark.parametrize("stage", ["Preparing", "Finishing"])
def test_a_lane_that_prepares_or_finishes_a_job_has_neither_slice_nor_rate(
    client: Client, node: Node, job: Job, stage: str
) -> None:
    at_work(job, stage=stage)

    work = told(client)["nodes"][0]["lanes"][0]["work"]
    assert (work["stage"], work["slice"], work["rate"]) == (stage, None, None)


def test_a_job_of_another_account_is_not_named(
    client: Client, node: Node, make_job: MakeJob
) -> None:
    other = make_job(account_id=OTHER_ACCOUNT, status="Active", description="A secret plan")
    at_work(other, stage="Performing", rate=9.0)

    response = client.get("/api/v1/workers/")

    assert response.json()["free"] == 3, "it is busy all the same"
    assert response.json()["nodes"][0]["lanes"][0]["work"] is None
    assert str(other.pk) not in response.text
    assert "secret" not in response.text


def test_an_engine_not_seen_for_5_seconds_is_gone_with_its_lanes(
    client: Client, node: Node, job: Job
) -> None:
    at_work(job)
    Node.objects.update(beat_at=ago(6))

    assert told(client)["nodes"] == []


def test_a_lane_without_a_sign_of_life_is_silent(client: Client, node: Node, job: Job) -> None:
    at_work(job, beat_at=ago(9))

    assert 9 <= told(client)["nodes"][0]["lanes"][0]["silent_seconds"] < 20


def test_a_lane_whose_job_was_removed_is_busy(client: Client, node: Node, job: Job) -> None:
    at_work(job)
    Lane.objects.update(job=None)

    assert told(client)["free"] == 3


def test_alarms_tell_what_is_wrong_and_where(
    client: Client, node: Node, job: Job, make_slice: MakeSlice
) -> None:
    slice_ = make_slice(job, ["photos,a.jpg"])
    Slice.objects.update(crashes=4)
    Node.objects.update(waiting_since=ago(90))

    waits, kills = told(client)["alarms"]

    assert (waits["code"], waits["job"]) == ("WorkWaits", None)
    assert waits["since"].endswith("Z")
    assert (kills["code"], kills["job"]) == ("SliceKillsWorkers", str(job.pk))
    assert kills["url"].endswith(f"/api/v1/jobs/{job.pk}/")
    assert f"Slice {slice_.number} has lost its worker 4 times" in kills["message"]


def test_no_engine_and_work_is_an_alarm(client: Client, make_job: MakeJob) -> None:
    make_job(status="New")

    (alarm,) = told(client)["alarms"]
    assert alarm["code"] == "NoEngine"
    assert "manage.py engine" in alarm["message"]


def test_however_many_lanes_there_are_a_few_queries_tell(
    client: Client, node: Node, job: Job, django_assert_max_num_queries: Any
) -> None:
    for pid in range(30):
        at_work(job, pid=pid)

    with django_assert_max_num_queries(8):
        told(client)


def test_nobody_is_told_without_a_login(anonymous: Client) -> None:
    assert anonymous.get("/api/v1/workers/").status_code in (401, 403)


def test_the_root_names_it(client: Client) -> None:
    assert client.get("/api/v1/").json()["workers"].endswith("/api/v1/workers/")


def test_alarms_do_not_make_it_unready_but_are_named(
    anonymous: Client, node: Node, job: Job, make_slice: MakeSlice
) -> None:
    make_slice(job, ["photos,a.jpg"])
    Slice.objects.update(crashes=4)

    response = anonymous.get("/readyz")

    assert response.status_code == 200
    assert response.json()["alarms"] == ["SliceKillsWorkers"]
    assert str(job.pk) not in response.text
