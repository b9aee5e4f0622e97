"""A fresh Lading of the benchmark's own: a temporary folder, SQLite, and this process in it.

`configure` has to come before anything imports Django's settings; so the imports of Lading are
inside the functions.
"""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.work import Work

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from jobs.models import Job, Manifest

ROOT = Path(__file__).resolve().parent.parent
ACCESS_KEY_ID = "BENCHACCESSKEYID0000"
SECRET_ACCESS_KEY = "only-for-the-benchmark-on-loopback"
REGION = "us-east-1"
OWN = ("LADING_DATA", "LADING_SPOOL", "LADING_BROKER", "DATABASE_URL")


def environment(folder: Path) -> dict[str, str]:
    """What a process of this installation gets: no .env, nothing kept elsewhere.

    Other LADING_ names of the caller's are passed on, so that a setting can be tried out.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in OWN}
    return {
        **inherited,
        "PYTHON_DOTENV_DISABLED": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LADING_SECRET_KEY": "an installation made for one benchmark",
        "LADING_DATA": str(folder),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def settings_tried() -> dict[str, str]:
    """The LADING_ names that the caller has set: without any, the defaults are measured."""
    made_here = {*OWN, "LADING_SECRET_KEY"}
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if name.startswith("LADING_") and name not in made_here
    }


def configure(folder: Path) -> None:
    """Make the installation, and let this process be a part of it."""
    for name in OWN:
        os.environ.pop(name, None)
    os.environ.update(environment(folder))
    folder.mkdir(parents=True, exist_ok=True)
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def somebody(account_id: str = "") -> User:
    """The operator who owns all jobs; with an account, one who sees only what is in that."""
    from django.conf import settings
    from django.contrib.auth.models import User

    from jobs.models import Member, Rank

    user = User.objects.get_or_create(username=f"bench{account_id}")[0]
    place = {"account_id": account_id or settings.LADING_ACCOUNT_ID, "rank": Rank.OPERATOR}
    Member.objects.update_or_create(user=user, defaults=place)
    return user


def set_role(endpoint_url: str, account_id: str = "") -> None:
    """The role `bench` reaches that endpoint from now on."""
    from django.conf import settings

    from jobs import services

    services.set_role(
        account_id or settings.LADING_ACCOUNT_ID,
        "bench",
        secret_access_key=SECRET_ACCESS_KEY,
        access_key_id=ACCESS_KEY_ID,
        endpoint_url=endpoint_url,
        region=REGION,
        addressing="path",
    )


def upload(work: Work) -> Manifest:
    """The manifest, handed in as a person would."""
    from django.core.files import File

    from jobs import services

    return services.store_upload(
        somebody(), File(BytesIO(work.manifest())), filename="bench.csv", fields=["Bucket", "Key"]
    )


def create_job(work: Work, manifest: Manifest) -> Job:
    """A job over the manifest, which starts at once and writes its report into a bucket."""
    from jobs import services

    request: dict[str, Any] = {
        "operation": work.operation,
        "parameters": work.parameters(),
        "manifest": {"id": str(manifest.pk)},
        "role": "bench",
        "confirmation_required": False,
        "report": {"enabled": True, "bucket": "reports", "scope": "AllTasks"},
    }
    return services.create_job(somebody(), request)


def faults(job: Job, count: int) -> list[str]:
    """What is wrong with a job that has ended, as sentences."""
    from jobs.models import ReportFile

    job.refresh_from_db()
    found = []
    if job.state != "Complete":
        found.append(f"The job is {job.state.value}: {job.failure_reasons}")
    if (job.total_tasks, job.succeeded, job.failed) != (count, count, 0):
        found.append(
            f"Of {count} tasks {job.total_tasks} were prepared, {job.succeeded} succeeded, "
            f"{job.failed} failed."
        )
    rows = sum(file.rows for file in job.report_files.filter(kind=ReportFile.Kind.SUCCEEDED))
    if rows != count:
        found.append(f"The report has {rows} rows of {count}.")
    return found
