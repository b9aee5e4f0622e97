"""Check a list in a real browser: everybody can use it, on any screen, also without scripts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jobs.models import Manifest, Role
from tests.conftest import MakeManifest
from tests.pages.conftest import SIZES, OpenPage
from tests.pages.test_browser import SCHEMES, inspect
from tests.rows import content_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FAULTY = (
    b"\xef\xbb\xbfBucket,Key,VersionId\n"
    + b"".join(b"photos,2025/summer%%20trip/img-%04d.jpg,3sL4kqtJlcpXro\n" % n for n in range(40))
    + b"\n   \nphotos,a b.jpg,\nphotos,100%.jpg,v1\nvideos,2025/%C3%A9t%C3%A9.mp4,v2\n"
    + b'photos,"a quote"d.jpg,v3\nphotos,a.jpg\nphotos,'
    + b"a-key-that-is-far-too-long/" * 60
    + b",v4\n"
)
CLEAN = b"photos,2025/a.jpg\nphotos,2025/b%20c.jpg\nphotos,2025/b%20c.jpg\n"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_check_a_list_in_both_schemes_and_sizes(
    open_page: OpenPage,
    make_manifest: MakeManifest,
    role: Role,
    screenshots: Path,
    size: str,
    scheme: str,
) -> None:
    faulty = make_manifest(FAULTY, fields=["Bucket", "Key", "VersionId"])
    clean = make_manifest(CLEAN)
    empty = make_manifest(b"", filename="empty.csv")
    keys = make_manifest(b"a.jpg\nb.jpg\n", filename="keys.csv")
    paths = {
        "check": "/manifests/check/",
        "check-faulty": f"/manifests/{faulty.pk}/",
        "check-clean": f"/manifests/{clean.pk}/",
        "check-other": f"/manifests/{keys.pk}/",
        "check-empty": f"/manifests/{empty.pk}/",
        "check-in-s3": f"/manifests/{make_manifest().pk}/",
    }

    with open_page("/jobs/", size, scheme) as page:
        page.context.set_default_timeout(10_000)
        for name, path in paths.items():
            page.goto(path)
            inspect(page, screenshots, f"{name}-{size}-{scheme}")


def test_only_what_belongs_to_the_choice_is_shown(open_page: OpenPage, role: Role) -> None:
    with open_page("/manifests/check/") as page:
        assert shown(page) == {"File", "Format", "Columns"}
        page.get_by_label("Paste a list").check()
        page.get_by_label("Format").select_option("KeyList")
        assert shown(page) == {"List", "Format", "Bucket of the keys"}
        page.get_by_label("A list in S3").check()
        page.get_by_label("Format").select_option("S3InventoryReport_CSV_20161130")
        assert shown(page) == {"Location", "Role", "ETag", "Version", "Format"}


def shown(page: Page) -> set[str]:
    """The labels of the fields that can be seen, but for the choice itself."""
    labels = page.locator("main .field label").all()
    return {str(label.text_content()) for label in labels if label.is_visible()}


def test_a_list_is_pasted_checked_and_mended_without_javascript(
    open_page: OpenPage, screenshots: Path
) -> None:
    with open_page("/manifests/check/", java_script_enabled=False) as page:
        page.get_by_label("Paste a list").check()
        page.get_by_label("List", exact=True).fill("Bucket,Key\nphotos,a b.jpg\n\nphotos,c.jpg\n")
        page.get_by_role("button", name="Check the list").click()
        page.get_by_text("1 fault was found beside 2 rows that are right.").wait_for()
        page.get_by_role("button", name="Make the mended list").click()
        page.get_by_text("No fault was found in 2 rows.").wait_for()
        page.screenshot(path=screenshots / "mended.png", full_page=True)
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        assert download.value.suggested_filename == "pasted list.mended.csv"

    assert content_of(Manifest.objects.get(filename__endswith=".mended.csv")) == (
        b"photos,a%20b.jpg\nphotos,c.jpg\n"
    )


def test_a_form_that_lacks_something_leads_to_the_field(
    open_page: OpenPage, screenshots: Path
) -> None:
    with open_page("/manifests/check/", expected="status of 422") as page:
        page.get_by_role("button", name="Check the list").click()
        page.get_by_text("The list was not checked.").wait_for()
        inspect(page, screenshots, "check-unchosen-wide-light")
        page.get_by_role("link", name="File").click()
        assert page.url.endswith("#id_upload")


@pytest.mark.parametrize("width", [360, 390, 560, 870])
def test_the_findings_fit_a_screen_of_any_width(
    open_page: OpenPage, make_manifest: MakeManifest, width: int
) -> None:
    faulty = make_manifest(FAULTY, fields=["Bucket", "Key", "VersionId"])
    sideways = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

    with open_page(f"/manifests/{faulty.pk}/") as page:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(sideways) <= 0
