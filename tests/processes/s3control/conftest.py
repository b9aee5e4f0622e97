"""One installation with an engine and a store, as clients of S3 Control see it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from tests.processes.conftest import ON_SERVICES, own_postgres_and_redis, running
from tests.processes.installation import PROGRAMS, Installation, until

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ACCOUNT = "123456789012"
"""That of moto, so that it owns every bucket."""
REGION = "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/store"
KEYS = [f"2019/summer trip/{number:02}.jpg" for number in range(12)]
FINAL = {"Complete", "Failed", "Cancelled"}
SECONDS = 60


@dataclass(frozen=True)
class Wired:
    """What a client needs to know."""

    installation: Installation
    store: S3Client
    access_key_id: str
    secret: str

    def control(self, *, region: str = "snow", endpoint: str = "") -> Any:
        """boto3: by Region `snow` unless told otherwise, so that no name has to resolve."""
        return boto3.client(
            "s3control",
            region_name=region,
            endpoint_url=endpoint or self.installation.url(""),
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def environment(self, **more: str) -> dict[str, str]:
        """What the AWS CLI is told, and nothing else of the machine."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.installation.folder),
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_PAGER": "",
            **more,
        }

    def run(
        self, *arguments: str, account: str = ACCOUNT, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """`aws s3control …` to its end."""
        return subprocess.run(
            [str(PROGRAMS / "aws"), "s3control", *arguments, "--account-id", account],
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=120,
        )

    def aws(self, *arguments: str) -> Any:
        """The same by Region `snow`; what it printed, as JSON."""
        place = ("--region", "snow", "--endpoint-url", self.installation.url(""))
        done = self.run(*arguments, *place, "--output", "json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def put_manifest(self, name: str = "list.csv", rows: str = "") -> dict[str, Any]:
        """Put a CSV that names all objects; returns it as CreateJob wants it."""
        content = rows or "".join(f"photos,{key.replace(' ', '%20')}\n" for key in KEYS)
        etag = self.store.put_object(Bucket="manifests", Key=name, Body=content.encode())["ETag"]
        return {
            "Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key"]},
            "Location": {"ObjectArn": f"arn:aws:s3:::manifests/{name}", "ETag": etag},
        }

    def asked(self, **changes: Any) -> dict[str, Any]:
        """The arguments of a CreateJob that tags every object and reports on it."""
        given = {
            "AccountId": ACCOUNT,
            "ConfirmationRequired": False,
            "Operation": {"S3PutObjectTagging": {"TagSet": [{"Key": "trip", "Value": "2019"}]}},
            "Report": report(),
            "Manifest": self.put_manifest() if "Manifest" not in changes else None,
            "Priority": 10,
            "RoleArn": ROLE,
            **changes,
        }
        return {name: value for name, value in given.items() if value is not None}

    def ended(self, job_id: str) -> dict[str, Any]:
        """The job, once it has ended."""
        control = self.control()

        def look() -> dict[str, Any] | None:
            job: dict[str, Any] = control.describe_job(AccountId=ACCOUNT, JobId=job_id)["Job"]
            return job if job["Status"] in FINAL else None

        job: dict[str, Any] = until(look, SECONDS, f"job {job_id} to end")
        return job


def report(**changes: Any) -> dict[str, Any]:
    """A report of every task."""
    return {
        "Bucket": "arn:aws:s3:::reports",
        "Format": "Report_CSV_20180820",
        "Enabled": True,
        "Prefix": "nightly",
        "ReportScope": "AllTasks",
        **changes,
    }


@pytest.fixture(scope="package")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wired]:
    """A web server, an engine, a store with objects, and the key of a user."""
    services = own_postgres_and_redis() if ON_SERVICES else nullcontext({})
    told = {"LADING_ACCOUNT_ID": ACCOUNT, "LADING_REGION": REGION}
    with services as found:
        folder: Path = tmp_path_factory.mktemp("lading")
        with running(folder, {**found, **told}) as made:
            store = made.connect_store()
            for bucket in ("photos", "manifests", "reports", "copies"):
                store.create_bucket(Bucket=bucket)
            for key in KEYS:
                store.put_object(Bucket="photos", Key=key, Body=key.encode())
            made.start_engine()
            key = json.loads(made.manage("accesskey", "create", "--user", "op"))
            yield Wired(made, store, key["AccessKeyId"], key["SecretAccessKey"])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show what the processes said when a test fails."""
    outcome = yield
    told = outcome.get_result()  # type: ignore[attr-defined]
    wired = getattr(item, "funcargs", {}).get("wired")
    if told.failed and wired is not None:
        told.sections.append(("logs of the installation", wired.installation.logs()))
