"""A job made by each form of the page, and carried out: what the store then has decides."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser import go_on
from tests.processes.browser.conftest import Visit

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from playwright.sync_api import Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.xdist_group("browser-processes"),
]
KEYS = [f"2026/img {number:03}.jpg" for number in range(3)]
ENCODED = [key.replace(" ", "%20") for key in KEYS]
CSV = "".join(f"photos,{key}\n" for key in ENCODED)


def upload(page: Page, store: S3Client) -> None:
    page.get_by_label("Upload a list").check()
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "three.csv", "mimeType": "text/csv", "buffer": CSV.encode()}
    )


def paste(page: Page, store: S3Client) -> None:
    page.get_by_label("Paste a list").check()
    page.get_by_label("Format").select_option("KeyList")
    page.get_by_label("List", exact=True).fill("".join(f"s3://photos/{key}\n" for key in KEYS))


def in_s3(page: Page, store: S3Client) -> None:
    """Found by looking around, not typed."""
    store.put_object(Bucket="reports", Key="lists/three.csv", Body=CSV.encode())
    page.get_by_label("A list in S3").check()
    page.get_by_role("button", name="Browse the store").click()
    page.get_by_role("button", name="reports", exact=True).click()
    page.get_by_role("button", name="lists/").click()
    page.get_by_role("button", name="three.csv").click()
    page.wait_for_function(
        "document.getElementById('id_manifest_location').value === 's3://reports/lists/three.csv'"
    )


def inventory(page: Page, store: S3Client) -> None:
    data = gzip.compress("".join(f'"photos","{key}"\n' for key in ENCODED).encode())
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    told = {
        "sourceBucket": "photos",
        "destinationBucket": "arn:aws:s3:::reports",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key",
        "files": [{"key": "inv/1.csv.gz", "size": len(data), "MD5checksum": digest}],
    }
    store.put_object(Bucket="reports", Key="inv/1.csv.gz", Body=data)
    store.put_object(Bucket="reports", Key="inv/manifest.json", Body=json.dumps(told).encode())
    page.get_by_label("S3 Inventory").check()
    page.get_by_label("Location").fill("s3://reports/inv/manifest.json")


def listing(page: Page, store: S3Client) -> None:
    page.get_by_label("List a bucket").check()
    page.get_by_label("Bucket to list").fill("photos")
    page.get_by_label("Key begins with").fill("2026/img 000\n2026/img 001\n2026/img 002")


@pytest.mark.parametrize(
    ("hand_in", "script"),
    [
        *((each, True) for each in (upload, paste, in_s3, inventory, listing)),
        *((each, False) for each in (upload, paste, inventory, listing)),
    ],
)
def test_a_job_is_made_by_each_form_and_does_what_it_says(
    visit: Visit, store: S3Client, hand_in: Callable[[Page, S3Client], None], script: bool
) -> None:
    tag = f"{hand_in.__name__}-{script}"

    with visit("/jobs/new/", java_script_enabled=script) as page:
        hand_in(page, store)
        go_on(page)
        page.get_by_label("Replace all object tags").check()
        if not script:
            page.get_by_role("button", name="Show its parameters").click()
        page.get_by_role("textbox", name="Tags", exact=True).fill(f"by={tag}")
        go_on(page)
        page.get_by_role("textbox", name="Bucket", exact=True).fill("reports")
        page.get_by_label("Description").fill(f"Made by {tag}")
        page.get_by_label("Wait for confirmation").uncheck()
        go_on(page)
        page.get_by_text(f"Replace all object tags by by={tag} on 3 objects").wait_for()
        page.get_by_role("button", name="Create the job").click()
        page.get_by_role("heading", name=f"Made by {tag}").wait_for()
        for _ in range(40):
            if page.locator("#badge", has_text="Completed").count():
                break
            page.wait_for_timeout(500)
            if not script:
                page.reload()
        page.get_by_text("3 of 3 tasks").wait_for()

    for key in KEYS:
        tags = store.get_object_tagging(Bucket="photos", Key=key)["TagSet"]
        assert tags == [{"Key": "by", "Value": tag}]
