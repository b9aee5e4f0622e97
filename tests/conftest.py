"""What every test may ask for: people, a role, rows of a job's life and a store in memory."""

from __future__ import annotations

import errno
import gc
import hashlib
import importlib.util
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import settings as hypothesis_settings
from moto import mock_aws

from jobs import stores, working
from jobs.models import Job, Manifest, Member, Part, Rank, ReportFile, Role, Slice
from jobs.spool import FolderSpool
from jobs.status import JobStatus
from operations.base import Operation, Store
from operations.sender import sender_for
from operations.threads import ThreadSender
from tests import boto, rows

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKETS = ("photos", "manifests", "reports")
OTHER_ACCOUNT = "999988887777"
SECRET = "tests-only/secret+access=key"
PASSWORD = "correct horse battery staple"

MakeUser = Callable[..., User]
MakeJob = Callable[..., Job]
MakeManifest = Callable[..., Manifest]
MakeRole = Callable[..., Role]
MakePart = Callable[..., Part]
MakeReportFile = Callable[..., ReportFile]
MakeSlice = Callable[..., Slice]
PutObjects = Callable[..., None]


# What takes how long is for benchmarks: here a busy machine only fails what is right.
hypothesis_settings.register_profile("untimed", deadline=None)
hypothesis_settings.load_profile("untimed")


def require(name: str, reason: str) -> None:
    """Skip unless a package or program of that name is there.

    With LADING_REQUIRE_ALL=1 fail instead: nothing may be left out unnoticed.
    """
    if importlib.util.find_spec(name) or shutil.which(name):
        return
    told = f"{name} is not installed: {reason}"
    if os.environ.get("LADING_REQUIRE_ALL") == "1":
        pytest.fail(told, pytrace=False)
    pytest.skip(told, allow_module_level=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make test-services` asks for it: what asks no database answers the same on any."""
    told = "leave out tests that need neither a database nor processes"
    parser.addoption("--with-database", action="store_true", help=told)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Obey --with-database."""
    if not config.getoption("--with-database"):
        return
    wanted = [item for item in items if _needs_database(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(wanted)])
    items[:] = wanted


def pytest_collection_finish() -> None:
    """What was imported stays: collecting garbage looks at it no more, and takes a quarter of the
    time of all tests if it does.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _needs_database(item: pytest.Item) -> bool:
    fixtures = {"db", "transactional_db", "live_server"}.intersection(
        getattr(item, "fixturenames", ())
    )
    marks = ("django_db", "processes")
    return bool(fixtures) or any(item.get_closest_marker(mark) for mark in marks)


def pytest_configure() -> None:
    """A database in memory. Argon2 is slow on purpose, and so is reading all static files before
    each first request.
    """
    database = django_settings.DATABASES["default"]
    if database["ENGINE"] == "jobs.sqlite":  # pytest-django knows Django's own name of it alone
        database.setdefault("TEST", {})["NAME"] = ":memory:"
    django_settings.WHITENOISE_AUTOREFRESH = True
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


# ---- surroundings


def boto3_sender(
    operation: Operation, store: Store, _bucket: str, *, threads: int, **_: object
) -> ThreadSender:
    """In place of `sender_for`: a sender that uses boto3 whatever the operation."""
    return ThreadSender(operation, store, threads)


@pytest.fixture(autouse=True)
def spool_folder(settings: Any, tmp_path: Path) -> Path:
    """A spool of its own for every test."""
    folder = tmp_path / "spool"
    settings.LADING_SPOOL = str(folder)
    settings.STORAGES = {
        **settings.STORAGES,
        "spool": {"BACKEND": "jobs.spool.FolderSpool", "OPTIONS": {"location": str(folder)}},
    }
    return folder


@pytest.fixture
def full_spool(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is to be written into the spool finds no room."""

    def no_room(_spool: FolderSpool, _name: str) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(FolderSpool, "placing", no_room)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Client]:
    """A store in memory with the buckets of BUCKETS; a role without an endpoint reaches it.

    It answers boto3 alone: libcurl would look for it on the network.
    """
    if working.sender_for is sender_for:
        monkeypatch.setattr(working, "sender_for", boto3_sender)
    with mock_aws():
        stores._client.cache_clear()
        client = boto.client("s3", region_name="us-east-1")
        for bucket in BUCKETS:
            client.create_bucket(Bucket=bucket)
        yield client
    stores._client.cache_clear()


@pytest.fixture
def put_objects(s3: S3Client) -> PutObjects:
    """Put objects of a few bytes: put_objects("a.jpg", "b.jpg", bucket="photos")."""

    def put(*keys: str, bucket: str = "photos", body: bytes = b"content") -> None:
        for key in keys:
            s3.put_object(Bucket=bucket, Key=key, Body=body)

    return put


# ---- people


@pytest.fixture
def user(db: None) -> User:
    """An operator of the default account."""
    made = User.objects.create_user("ada", password=PASSWORD)
    Member.objects.create(
        user=made, account_id=django_settings.LADING_ACCOUNT_ID, rank=Rank.OPERATOR
    )
    return made


@pytest.fixture
def make_user(db: None) -> MakeUser:
    """A member of any rank: make_user("viewer"), make_user("submitter", OTHER_ACCOUNT)."""

    def make(
        rank: str, account_id: str = django_settings.LADING_ACCOUNT_ID, *, name: str = ""
    ) -> User:
        made = User.objects.create_user(name or f"{rank}-{account_id}", password=PASSWORD)
        Member.objects.create(user=made, account_id=account_id, rank=rank)
        return made

    return make


@pytest.fixture
def other_user(db: None) -> User:
    """An operator of another account."""
    other = User.objects.create_user("grace", password=PASSWORD)
    Member.objects.create(user=other, account_id=OTHER_ACCOUNT, rank=Rank.OPERATOR)
    return other


@pytest.fixture
def anonymous() -> Client:
    """A browser in which nobody has logged in."""
    return Client()


@pytest.fixture
def client(user: User) -> Client:
    """A browser in which `user` has logged in."""
    browser = Client()
    browser.force_login(user)
    return browser


# ---- rows


@pytest.fixture
def make_role(db: None) -> MakeRole:
    """A role of the default account: make_role("archive", endpoint_url="http://127.0.0.1:9000")."""

    def make(name: str = "archive", *, secret_access_key: str = SECRET, **values: Any) -> Role:
        defaults = {
            "account_id": django_settings.LADING_ACCOUNT_ID,
            "access_key_id": "AKIATESTSONLY",
        }
        new = Role(name=name, **{**defaults, **values})
        new.secret_access_key = secret_access_key
        new.save()
        return new

    return make


@pytest.fixture
def role(make_role: MakeRole) -> Role:
    """The role `archive` of the default account."""
    return make_role()


@pytest.fixture
def make_manifest(user: User) -> MakeManifest:
    """A manifest: with `content` an upload in the spool, without it an unread object in S3."""

    def make(content: bytes | None = None, **values: Any) -> Manifest:
        place: dict[str, Any] = {"bucket": "manifests", "key": "list.csv", "etag": "0" * 32}
        if content is not None:
            place = {"upload": f"uploads/{uuid.uuid4()}", "filename": "list.csv"}
            rows.keep(place["upload"], content)
            place.update(size=len(content), sha256=hashlib.sha256(content).hexdigest())
        defaults = {
            "account_id": django_settings.LADING_ACCOUNT_ID,
            "created_by": user,
            "fields": ["Bucket", "Key"],
        }
        return Manifest.objects.create(**{**defaults, **place, **values})

    return make


@pytest.fixture
def make_job(user: User, make_role: MakeRole, make_manifest: MakeManifest) -> MakeJob:
    """A job in any status with the dates that go with it: make_job(status="Active", failed=2)."""

    def make(**values: Any) -> Job:
        account_id = values.get("account_id", django_settings.LADING_ACCOUNT_ID)
        if "role" not in values:
            known = Role.objects.filter(account_id=account_id).first()
            values["role"] = known or make_role(account_id=account_id)
        if "manifest" not in values:
            values["manifest"] = make_manifest(account_id=account_id)
        status = JobStatus(values.get("status", JobStatus.NEW))
        defaults: dict[str, Any] = {
            "account_id": account_id,
            "created_by": user,
            "operation": "S3PutObjectTagging",
            "parameters": {"TagSet": [{"Key": "project", "Value": "lading"}]},
            **rows.dates_of(status),
        }
        job = Job.objects.create(**{**defaults, **values})
        job.refresh_from_db()
        return job

    return make


@pytest.fixture
def make_slice() -> MakeSlice:
    """A slice of a job with its task file: make_slice(job, rows=["photos,a.jpg"], next_index=1)."""
    return rows.make_slice


@pytest.fixture
def make_part() -> MakePart:
    """A committed stretch: make_part(slice, [SUCCESSFUL, forbidden]) counts the outcomes."""
    return rows.make_part


@pytest.fixture
def make_report_file() -> MakeReportFile:
    """A file of a report: make_report_file(job, b"photos,a.jpg,,failed,...")."""
    return rows.make_report_file
