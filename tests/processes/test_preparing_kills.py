"""kill -9 of the workers while a long manifest is prepared: no slice twice and no row missing."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.processes.installation import Installation, until
from tests.processes.test_kills import Victims

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.processes

FILES, ROWS = 8, 250_000
KILLS = 2


@pytest.fixture
def lists(installation: Installation) -> S3Client:
    """A store with an inventory of many rows; its objects do not exist."""
    client = installation.connect_store()
    for bucket in ("photos", "lists"):
        client.create_bucket(Bucket=bucket)
    put_inventory(client)
    return client


def put_inventory(client: S3Client) -> None:
    files = []
    for number in range(FILES):
        data = gzip.compress(rows_of(number), compresslevel=1)
        name = f"data/{number}.csv.gz"
        client.put_object(Bucket="lists", Key=name, Body=data)
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
        files.append({"key": name, "size": len(data), "MD5checksum": md5})
    told = {
        "destinationBucket": "arn:aws:s3:::lists",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": files,
    }
    client.put_object(Bucket="lists", Key="manifest.json", Body=json.dumps(told).encode())


def rows_of(number: int) -> bytes:
    return "".join(f'"photos","{number}/{row:07}.jpg","1"\n' for row in range(ROWS)).encode()


def test_a_manifest_that_is_prepared_while_workers_die_has_each_row_once(
    installation: Installation, lists: S3Client
) -> None:
    victims = Victims(installation)
    job = installation.api("POST", "jobs/", json=asked())
    seen = 0
    for _ in range(KILLS):
        seen = read_on(installation, job["id"], seen)
        for worker in installation.workers(victims.engine)[:2]:
            installation.kill(worker)

    until(lambda: job_of(installation, job["id"])["status"] == "Suspended", 180, "the job")

    told = job_of(installation, job["id"])
    assert told["progress"]["total"] == FILES * ROWS
    assert told["preparing"]["bytes_read"] == told["preparing"]["total_bytes"]
    assert rows_in_slices(installation, job["id"]) == (FILES * ROWS, 1)


def test_a_child_job_that_is_prepared_while_a_worker_dies_has_each_row_once(
    installation: Installation, lists: S3Client
) -> None:
    victims = Victims(installation)
    parent = installation.api("POST", "jobs/", json=asked())["id"]
    until(lambda: job_of(installation, parent)["status"] == "Suspended", 180, "the parent")
    installation.api("POST", f"jobs/{parent}/cancel/")
    # One is copied within a second: of several, some are under way or still wait when it happens.
    wanted = {"tasks": "not_executed"}
    children = [
        installation.api("POST", f"jobs/{parent}/retry/", json=wanted)["id"] for _ in range(4)
    ]

    until(lambda: job_of(installation, children[0])["preparing"]["rows_read"], 60, "the first rows")
    for worker in installation.workers(victims.engine)[:2]:
        installation.kill(worker)
    for child in children:
        until(lambda job=child: job_of(installation, job)["status"] == "Suspended", 180, "a child")

    for child in children:
        assert rows_in_slices(installation, child) == (FILES * ROWS, 1)


def asked() -> dict[str, Any]:
    return {
        "operation": "S3PutObjectTagging",
        "parameters": {"tag_set": []},
        "manifest": {
            "location": "s3://lists/manifest.json",
            "format": "S3InventoryReport_CSV_20161130",
        },
        "role": "store",
        "confirmation_required": True,
    }


def job_of(installation: Installation, pk: str) -> Any:
    return installation.api("GET", f"jobs/{pk}/")


def read_on(installation: Installation, pk: str, seen: int) -> int:
    """Wait until more is committed than was seen before; returns how much."""

    def rows() -> int | None:
        told = job_of(installation, pk)
        assert told["status"] in ("New", "Preparing"), told
        found: int = told["preparing"]["rows_read"]
        return found if found > seen else None

    committed: int = until(rows, 60, "rows to be read")
    return committed


def rows_in_slices(installation: Installation, pk: str) -> tuple[int, int]:
    """How many rows the job's slices hold, and how often the most frequent of them is there."""
    script = (
        "import sys; from jobs.models import Job; from jobs.results import task_rows\n"
        f"job = Job.objects.get(pk={pk!r})\n"
        "for slice_ in job.slices.order_by('number'):\n"
        "    sys.stdout.write(b'\\n'.join(task_rows(slice_)).decode() + '\\n')\n"
    )
    printed = installation.manage("shell", "--verbosity", "0", "--command", script)
    counts = Counter(row[1] for row in csv.reader(io.StringIO(printed)))
    return counts.total(), max(counts.values())
