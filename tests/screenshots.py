"""`make screenshots`: the pictures that README shows, of a real installation at work.

    python -m tests.screenshots [folder]

A web server, an engine and a store of its own are started, jobs are made and run, and the pages are
taken as they then are.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.browser import go_on, launched, log_in
from tests.processes.conftest import running
from tests.processes.installation import ROOT, Installation, until

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from playwright.sync_api import Browser, Page

FOLDER = ROOT / "docs" / "screenshots"
WIDE, NARROW = (1280, 800), (390, 844)
OBJECTS = 1_500
ENDED = {"Complete", "Failed", "Cancelled"}
TAGS = {"tag_set": [{"key": "retention", "value": "7-years"}, {"key": "team", "value": "archive"}]}


def main() -> None:
    """Take them all."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, running(Path(data), {}) as site:
        jobs = scene(site)
        with launched() as chromium:
            take(chromium, site, jobs, folder)
    for picture in sorted(folder.glob("*.png")):
        print(f"{picture}: {picture.stat().st_size // 1024} KiB")


# ---- what is on the pictures


def scene(site: Installation) -> dict[str, str]:
    """Jobs in several statuses; their ids by a short name."""
    endpoint = site.start_store()
    site.manage(
        *("role", "set", "archive", "--endpoint-url", endpoint, "--region", "us-east-1"),
        *("--access-key-id", "test", "--secret-access-key", "test"),
    )
    fill(site.client(endpoint))
    site.start_engine()
    keys = [f"2025/week-{n % 52:02}/IMG_{n:05}.jpg" for n in range(OBJECTS)]
    gone = [f"2019/scans/page-{n:04}.tif" for n in range(23)]
    jobs = {
        "done": make(site, keys[:400] + gone, "Keep the photos of 2025 for seven years"),
        "nightly": make(site, keys[:250], "Nightly retention tags", priority=20),
    }
    for job in jobs.values():
        until(lambda job=job: status(site, job) in ENDED, 120, "a job's end")
    jobs["running"] = make(
        site, keys, "Tag the archive of Zurich", priority=30, requests_per_second=40
    )
    jobs["paused"] = make(site, keys[:600], "Move masters to cold storage", requests_per_second=5)
    jobs["waiting"] = make(
        site, keys[:900], "Quarterly clean-up of tags", confirmation_required=True
    )
    until(lambda: done(site, jobs["running"]) > 500, 120, "a job that is well on its way")
    site.api("POST", f"jobs/{jobs['paused']}/pause/", json={"reason": "After the migration"})
    until(lambda: status(site, jobs["paused"]) == "Paused", 30, "a paused job")
    return jobs


def fill(store: S3Client) -> None:
    """Buckets, and the objects of the lists that are there."""
    for bucket in ("photos", "reports"):
        store.create_bucket(Bucket=bucket)
    for n in range(OBJECTS):
        store.put_object(Bucket="photos", Key=f"2025/week-{n % 52:02}/IMG_{n:05}.jpg", Body=b"x")


def make(site: Installation, keys: list[str], description: str, **asked: Any) -> str:
    """A job over these keys; its id."""
    listed = site.folder / "photos-2025.csv"
    listed.write_text("".join(f"photos,{key}\n" for key in keys))
    with listed.open("rb") as file:
        manifest = site.api("POST", "manifests/", files={"file": file})
    request = {
        "operation": "S3PutObjectTagging",
        "parameters": TAGS,
        "role": "archive",
        "manifest": {"id": manifest["id"]},
        "report": {"enabled": True, "bucket": "reports", "prefix": "lading", "scope": "AllTasks"},
        "description": description,
        "confirmation_required": False,
        **asked,
    }
    return str(site.api("POST", "jobs/", json=request)["id"])


def status(site: Installation, job: str) -> str:
    """What the job is at."""
    return str(site.api("GET", f"jobs/{job}/")["status"])


def done(site: Installation, job: str) -> int:
    """How many of its tasks succeeded."""
    return int(site.api("GET", f"jobs/{job}/")["progress"]["succeeded"])


# ---- taking them


def take(chromium: Browser, site: Installation, jobs: dict[str, str], folder: Path) -> None:
    """Each picture as README shows it."""
    with somebody(chromium, site, WIDE) as page:
        shoot(page, "/jobs/", folder / "jobs.png")
        shoot(page, f"/jobs/{jobs['running']}/", folder / "job.png")
        review(page, folder / "review.png")
    with somebody(chromium, site, WIDE, scheme="dark") as page:
        shoot(page, f"/jobs/{jobs['done']}/", folder / "failures.png")
    with somebody(chromium, site, NARROW) as page:
        shoot(page, f"/jobs/{jobs['running']}/", folder / "phone.png")


@contextmanager
def somebody(
    chromium: Browser, site: Installation, size: tuple[int, int], scheme: Any = "light"
) -> Iterator[Page]:
    """Logged in."""
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        base_url=site.url(""),
        timezone_id="Europe/Zurich",
    )
    page = context.new_page()
    page.goto("/login/")
    log_in(page, "op", "op-password-of-a-test")
    page.get_by_role("heading", name="Jobs").wait_for()
    yield page
    context.close()


def shoot(page: Page, path: str, picture: Path) -> None:
    """What the window shows."""
    page.goto(path)
    page.wait_for_timeout(300)
    page.screenshot(path=picture)


def review(page: Page, picture: Path) -> None:
    """The last step of a new job."""
    page.goto("/jobs/new/?operation=S3PutObjectTagging")
    page.locator("#id_upload").set_input_files(
        {
            "name": "photos-2025.csv",
            "mimeType": "text/csv",
            "buffer": b"".join(b"photos,2025/%05d.jpg\n" % n for n in range(12_345)),
        }
    )
    for field, text in (("Tags", "retention=7-years\nteam=archive"), ("Bucket", "reports")):
        go_on(page)
        page.get_by_role("textbox", name=field, exact=True).fill(text)
    go_on(page)
    page.get_by_role("heading", name="This is what will happen").wait_for()
    page.screenshot(path=picture)


if __name__ == "__main__":
    main()
