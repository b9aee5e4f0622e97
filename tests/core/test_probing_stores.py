"""Whole jobs at stores of others: one that destroys, one that refuses, one that works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs import services, stores, working
from jobs.errors import InvalidRequest
from jobs.models import Job, Role, Trial
from tests import adversaries
from tests.conftest import MakeJob, MakeManifest, MakeRole, require

BODIES = {f"photo-{number}.jpg": f"pixels of {number}".encode() * 50 for number in range(10)}


@pytest.fixture(params=["nanio", "localbucket", "moto"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Any]]:
    """The name of a store with ten objects, and a client of it."""
    require(request.param, "no job is tried against it")
    folder = tmp_path / "data"
    folder.mkdir()
    with adversaries.running(request.param, folder) as url:
        client = adversaries.client(url)
        client.create_bucket(Bucket="photos")
        for key, body in BODIES.items():
            client.put_object(Bucket="photos", Key=key, Body=body)
        yield request.param, client
    stores._client.cache_clear()


@pytest.fixture
def role(store: tuple[str, Any], make_role: MakeRole) -> Role:
    return make_role(
        endpoint_url=store[1].meta.endpoint_url,
        access_key_id=adversaries.ACCESS_KEY_ID,
        secret_access_key=adversaries.SECRET_ACCESS_KEY,
        addressing="path",
    )


@pytest.fixture
def run(role: Role, make_job: MakeJob, make_manifest: MakeManifest) -> Callable[..., Job]:
    """Create a job over the ten objects, and be a lane until there is nothing left to do."""

    def make(**values: Any) -> Job:
        content = "".join(f"photos,{key}\n" for key in BODIES).encode()
        defaults = {"role": role, "confirmation_required": False}
        job = make_job(manifest=make_manifest(content), **{**defaults, **values})
        working.work("test-node", lambda: False)
        job.refresh_from_db()
        return job

    return make


def bodies(client: Any) -> dict[str, bytes]:
    """Everything that lies in the bucket."""
    found = client.list_objects_v2(Bucket="photos").get("Contents", [])
    return {
        row["Key"]: client.get_object(Bucket="photos", Key=row["Key"])["Body"].read()
        for row in found
    }


EXPECTED = {
    "nanio": ("Failed", ["StoreDestroysData"], 0, 0),
    "localbucket": ("Complete", [], 0, 10),
    "moto": ("Complete", [], 10, 0),
}


def test_no_byte_is_lost_whatever_the_store_does_with_tags(
    store: tuple[str, Any], run: Callable[..., Job]
) -> None:
    name, client = store

    job = run()

    codes = [told["FailureCode"] for told in job.failure_reasons]
    assert (job.status, codes, job.succeeded, job.failed) == EXPECTED[name]
    assert bodies(client) == BODIES


@pytest.mark.parametrize("store", ["nanio"], indirect=True)
def test_the_store_that_destroys_would_have_done_so(store: tuple[str, Any]) -> None:
    """Without the probe, the test above would find nothing but XML."""
    _, client = store

    client.put_object_tagging(
        Bucket="photos", Key="photo-0.jpg", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]}
    )

    assert bodies(client)["photo-0.jpg"].startswith(b"<Tagging")


def test_a_job_that_copies_runs_at_all_of_them(
    store: tuple[str, Any], run: Callable[..., Job]
) -> None:
    store[1].create_bucket(Bucket="copies")

    job = run(operation="S3PutObjectCopy", parameters={"TargetResource": "arn:aws:s3:::copies"})

    assert (job.status, job.succeeded) == ("Complete", 10)
    assert Trial.objects.get().bucket == "copies"
    assert bodies(store[1]) == BODIES
    listed = store[1].list_objects_v2(Bucket="copies")["Contents"]
    assert {row["Key"] for row in listed} == set(BODIES)


def test_what_the_store_calls_itself_is_kept_with_the_finding(
    store: tuple[str, Any], role: Role
) -> None:
    services.probe_role(role, "photos")

    role.refresh_from_db()
    assert role.server
    assert {trial.server for trial in Trial.objects.all()} == {role.server}


@pytest.mark.parametrize("store", ["nanio"], indirect=True)
def test_no_byte_is_lost_where_the_store_is_found_out_while_the_job_waits(
    store: tuple[str, Any], role: Role, run: Callable[..., Job]
) -> None:
    stores.identify(role, "photos")
    Trial.objects.create(
        account_id=role.account_id,
        endpoint_url=role.endpoint,
        operation="S3PutObjectTagging",
        finding="works",
        bucket="photos",
        server=role.server,
    )
    job = run(confirmation_required=True)
    services.probe_role(role, "photos")

    Job.objects.filter(pk=job.pk).update(status="Ready")  # as one that was confirmed before
    working.work("test-node", lambda: False)

    job.refresh_from_db()
    assert (job.status, job.succeeded) == ("Failed", 0)
    assert bodies(store[1]) == BODIES


@pytest.mark.parametrize("store", ["nanio"], indirect=True)
def test_a_bucket_that_is_not_there_is_no_finding(store: tuple[str, Any], role: Role) -> None:
    with pytest.raises(InvalidRequest, match="There is no bucket nosuch"):
        services.probe_role(role, "nosuch")

    assert Trial.objects.count() == 0
