"""One installation for all of these tests, and a browser in front of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import launched, log_in
from tests.conftest import require
from tests.pages.conftest import SIZES, listen
from tests.processes.conftest import ON_SERVICES, own_postgres_and_redis, running
from tests.processes.installation import Installation

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from playwright.sync_api import Browser, Page

PASSWORD = "a-word-for-a-viewer-of-tests"
MILLISECONDS = 40_000
"""So long a page may take to show what a job has come to, on a busy machine."""

Visit = Callable[..., AbstractContextManager["Page"]]
CreateJob = Callable[..., str]


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Web server, engine and store, with the role `store` and two people: op and val, a viewer."""
    folder = tmp_path_factory.mktemp("browser")
    if not ON_SERVICES:
        with running(folder, {}) as made:
            yield furnished(made)
        return
    with own_postgres_and_redis() as services, running(folder, services) as made:
        yield furnished(made)


def furnished(made: Installation) -> Installation:
    """With all that the tests need."""
    made.set_role(made.start_store())
    made.start_engine()
    viewer = {"username": "val", "password": PASSWORD, "rank": "viewer"}
    made.api("POST", "members/", json=viewer)
    return made


@pytest.fixture(scope="package")
def store(site: Installation) -> S3Client:
    """A client of the store, with the buckets `photos` of 60 objects and `reports`."""
    client = site.client(site.api("GET", "roles/store/")["endpoint_url"])
    for bucket in ("photos", "reports"):
        client.create_bucket(Bucket=bucket)
    for number in range(60):
        client.put_object(Bucket="photos", Key=f"2026/img {number:03}.jpg", Body=b"picture")
    return client


@pytest.fixture(scope="package")
def browser(site: Installation) -> Iterator[Browser]:
    """One chromium for all of these tests."""
    require("playwright", "nobody is at the browser")
    require("chromium", "nobody is at the browser")
    with launched() as chromium:
        yield chromium


@pytest.fixture
def visit(site: Installation, store: S3Client, browser: Browser) -> Visit:
    """Somebody who logs in: visit("/jobs/", who="val"); complaints of the browser fail the test."""

    @contextmanager
    def come(
        path: str, *, who: str = "op", size: str = "wide", expected: str = "", **options: Any
    ) -> Iterator[Page]:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, base_url=site.url(""), **options
        )
        context.set_default_timeout(MILLISECONDS)
        page = context.new_page()
        heard = listen(page, site.url(""))
        page.goto(path)
        log_in(page, who, "op-password-of-a-test" if who == "op" else PASSWORD)
        yield page
        context.close()
        assert [said for said in heard if not expected or expected not in said] == []

    return come


@pytest.fixture
def create(site: Installation, store: S3Client, tmp_path: Path) -> CreateJob:
    """A job made by the API: create(keys, description=…, confirmation_required=False) → its id."""

    def make(keys: list[str], **asked: Any) -> str:
        listed = tmp_path / "list.csv"
        listed.write_text("".join(f"photos,{key.replace(' ', '%20')}\n" for key in keys))
        with listed.open("rb") as file:
            manifest = site.api("POST", "manifests/", files={"file": file})
        request = {
            "operation": "S3PutObjectTagging",
            "parameters": {"tag_set": [{"key": "seen", "value": "yes"}]},
            "role": "store",
            "manifest": {"id": manifest["id"]},
            "report": {"enabled": True, "bucket": "reports", "scope": "AllTasks"},
            **asked,
        }
        return str(site.api("POST", "jobs/", json=request)["id"])

    return make


@pytest.fixture(scope="session")
def every_key() -> list[str]:
    """The keys of the bucket `photos`."""
    return [f"2026/img {number:03}.jpg" for number in range(60)]
