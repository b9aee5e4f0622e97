"""A new job in a real browser: each step with and without script, for everybody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jobs.models import Job, Role
from tests.browser import go_on, log_in
from tests.conftest import PASSWORD, PutObjects
from tests.pages.conftest import CSV, SIZES, OpenPage
from tests.pages.test_browser import SCHEMES, inspect
from tests.pages.test_direction import misplaced

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FAULTY = b"Bucket,Key\nphotos,a.jpg\nphotos,b.jpg\n"


def upload(page: Page, content: bytes = CSV) -> None:
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "pictures.csv", "mimeType": "text/csv", "buffer": content}
    )


def go(page: Page, button: str, heading: str) -> None:
    """Press a button, and see that the heading of the step has the focus."""
    page.get_by_role("button", name=button, exact=True).last.click()
    page.get_by_role("heading", name=heading).and_(page.locator(":focus")).wait_for()


WHAT, HOW = "2. What to do with each object?", "3. How is it done?"
REVIEW, WHICH = "4. This is what will happen", "1. Which objects?"


def test_a_person_logs_in_and_makes_a_job_in_four_steps(
    open_page: OpenPage, role: Role, s3: object, screenshots: Path
) -> None:
    with open_page("/login/") as page:
        page.context.clear_cookies()
        page.goto("/jobs/new/")
        log_in(page, "ada", PASSWORD)

        upload(page)
        go(page, "Next", WHAT)
        page.get_by_label("Replace all object tags").check()
        page.get_by_role("textbox", name="Tags", exact=True).fill("season=summer")
        go(page, "Next", HOW)
        description = page.get_by_label("Description")
        assert description.input_value() == "Replace all object tags: pictures.csv"
        description.fill("Summer pictures")
        page.get_by_role("textbox", name="Bucket", exact=True).fill("reports")
        go(page, "Next", REVIEW)
        assert page.get_by_text("on 2 objects in the bucket photos").is_visible()
        page.get_by_role("button", name="Create the job").click()

        page.get_by_role("heading", name="Summer pictures").wait_for()
        told = page.locator(":focus").inner_text()
        assert told.strip().startswith("Successfully created job")
        page.screenshot(path=screenshots / "created.png", full_page=True)
        page.get_by_role("link", name="Jobs", exact=True).first.click()
        page.get_by_role("link", name="Summer pictures").wait_for()

    job = Job.objects.get()
    assert (job.description, job.parameters, job.manifest.filename) == (
        "Summer pictures",
        {"TagSet": [{"Key": "season", "Value": "summer"}]},
        "pictures.csv",
    )


def test_without_javascript_a_job_is_made_all_the_same(
    open_page: OpenPage, role: Role, put_objects: PutObjects
) -> None:
    put_objects("2019/list.csv", bucket="manifests", body=CSV)

    with open_page("/jobs/new/", java_script_enabled=False) as page:
        page.get_by_label("A list in S3").check()
        for name in ("Browse the store", "manifests", "2019/", "Choose list.csv"):
            page.get_by_role("button", name=name, exact=True).click()
        location = page.get_by_label("Location")
        assert location.input_value() == "s3://manifests/2019/list.csv"
        go_on(page)
        page.get_by_label("Replace all object tags").check()
        page.get_by_role("button", name="Show its parameters").click()
        page.get_by_role("textbox", name="Tags", exact=True).fill("a=b")
        go_on(page)
        page.get_by_role("textbox", name="Bucket", exact=True).fill("reports")
        go_on(page)
        page.get_by_role("button", name="Create the job").click()
        page.get_by_text("Successfully created job").wait_for()

    assert Job.objects.get().operation == "S3PutObjectTagging"


@pytest.mark.parametrize("script", [True, False])
def test_a_list_is_found_from_top_to_bottom_by_keyboard(
    open_page: OpenPage, role: Role, put_objects: PutObjects, *, script: bool
) -> None:
    put_objects("list.csv", bucket="manifests", body=CSV)
    focused = "document.activeElement.id || document.activeElement.textContent.trim()"

    with open_page("/jobs/new/", java_script_enabled=script) as page:
        press = page.keyboard.press
        page.get_by_label("A list in S3").focus()
        press("Space")
        for wanted in ("id_role", "id_manifest_location", "Browse the store"):
            press("Tab")
            assert page.evaluate(focused) == wanted
        press("Enter")
        page.get_by_role("group", name="Buckets").and_(page.locator(":focus")).wait_for()
        press("Tab")
        assert page.evaluate(focused) == "manifests"
        press("Enter")
        page.get_by_role("group", name="In s3://manifests/").and_(page.locator(":focus")).wait_for()
        for _ in range(3):  # the way here, then the list
            press("Tab")
        press("Enter")
        location = page.get_by_label("Location").and_(page.locator(":focus"))
        location.wait_for()
        assert location.input_value() == "s3://manifests/list.csv"


def test_a_list_is_found_in_the_store_and_a_folder_is_listed(
    open_page: OpenPage, role: Role, put_objects: PutObjects, screenshots: Path
) -> None:
    put_objects("2019/a.jpg", "2019/b.jpg", "2020/c.jpg", bucket="photos")

    with open_page("/jobs/new/") as page:
        page.get_by_label("List a bucket").check()
        page.get_by_role("button", name="Browse the store").click()
        page.get_by_role("button", name="photos", exact=True).click()
        page.get_by_role("button", name="2019/").click()
        listing = page.get_by_role("button", name="List s3://photos/2019/")
        listing.wait_for()
        inspect(page, screenshots, "new-browse-wide-light")
        listing.click()
        page.wait_for_function("document.querySelector('#id_prefixes').value === '2019/'")
        assert page.get_by_label("Bucket to list").input_value() == "photos"
        go(page, "Next", WHAT)
        assert page.get_by_text("2 objects found.").is_visible()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("script", [True, False])
def test_a_folder_that_was_only_looked_at_waits_to_be_chosen(
    open_page: OpenPage, role: Role, put_objects: PutObjects, screenshots: Path, size: str,
    *, script: bool,
) -> None:  # fmt: skip
    put_objects("2019/a.jpg", "2020/c.jpg", bucket="photos")
    options = {"java_script_enabled": script, "expected": "status of 422"}

    with open_page("/jobs/new/", size, **options) as page:
        page.get_by_label("List a bucket").check()
        for name in ("Browse the store", "photos", "2020/"):
            page.get_by_role("button", name=name, exact=True).click()
        page.get_by_role("group", name="In s3://photos/2020/").wait_for()
        page.get_by_role("button", name="Next", exact=True).last.click()

        page.locator(".summary:focus").wait_for()
        assert page.get_by_text("You are looking at s3://photos/2020/.").count() == 2
        place = page.get_by_role("group", name="In s3://photos/2020/")
        assert place.get_by_text("to take it, or say which bucket").is_visible()
        if script:
            inspect(page, screenshots, f"new-looked-at-{size}-light")
        place.get_by_role("button", name="List s3://photos/2020/").click()
        page.get_by_label("Bucket to list").and_(page.locator(":focus")).wait_for()
        assert page.get_by_label("Key begins with").input_value() == "2020/"
        assert page.get_by_role("group", name="In s3://photos/2020/").count() == 0


@pytest.mark.parametrize("script", [True, False])
def test_the_policy_is_folded_and_its_actions_are_not(
    open_page: OpenPage, role: Role, *, script: bool
) -> None:
    address = "/jobs/new/?operation=S3PutObjectTagging&step=operation"
    with open_page(address, java_script_enabled=script) as page:
        policy, copying = (
            page.locator("#policy"),
            page.get_by_role("button", name="Copy the policy"),
        )
        assert page.get_by_text("s3:PutObjectVersionTagging").first.is_visible()
        assert not policy.is_visible()

        page.get_by_text("What the role must be allowed").click()

        assert policy.is_visible()
        assert copying.is_visible() == script


SPARE = """select => {
  const style = getComputedStyle(select), pen = document.createElement("canvas").getContext("2d");
  pen.font = style.font;
  const widths = [...select.options].map(option => pen.measureText(option.text).width);
  const arrow = 20, padding = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
  return select.clientWidth - Math.max(...widths) - arrow - padding;
}"""


@pytest.mark.parametrize("size", SIZES)
def test_a_rule_is_read_to_its_end(open_page: OpenPage, role: Role, size: str) -> None:
    with open_page("/jobs/new/?step=options", size) as page:
        assert page.get_by_label("Stop by itself").evaluate(SPARE) >= 0


def test_a_field_that_is_wrong_has_round_corners_whatever_it_is(
    open_page: OpenPage, role: Role
) -> None:
    with open_page("/jobs/new/", expected="status of 422") as page:
        page.get_by_role("button", name="Next", exact=True).last.click()
        wrong = page.locator(".is-wrong input[type=file]")
        wrong.wait_for()
        assert wrong.evaluate("field => getComputedStyle(field).borderRadius") == "8px"


def test_another_operation_brings_its_parameters_and_loses_nothing(
    open_page: OpenPage, role: Role
) -> None:
    with open_page("/jobs/new/?operation=S3PutObjectTagging&step=operation") as page:
        page.get_by_role("textbox", name="Tags", exact=True).fill("season=summer")
        page.get_by_label("Copy", exact=False).first.check()
        page.get_by_label("Destination bucket").fill("arn:aws:s3:::archive")
        page.get_by_label("Replace all object tags").check()

        tags = page.get_by_role("textbox", name="Tags", exact=True)
        tags.wait_for()
        assert tags.input_value() == "season=summer"
        page.get_by_label("Copy", exact=False).first.check()
        page.get_by_label("Destination bucket").wait_for()
        assert page.get_by_label("Destination bucket").input_value() == "arn:aws:s3:::archive"


@pytest.mark.parametrize("size", SIZES)
def test_a_faulty_list_says_what_is_wrong_and_is_mended(
    open_page: OpenPage, role: Role, s3: object, screenshots: Path, size: str
) -> None:
    with open_page("/jobs/new/", size, expected="status of 422") as page:
        upload(page, FAULTY)
        page.get_by_role("button", name="Next", exact=True).last.click()
        summary = page.get_by_text("This step is not right yet.")
        summary.wait_for()
        page.locator(".summary:focus").wait_for()
        inspect(page, screenshots, f"new-faulty-{size}-light")
        page.get_by_role("link", name="What is wrong with pictures.csv").click()
        page.locator("#findings:focus").wait_for()
        page.get_by_role("button", name="Mend it").click()
        page.get_by_text("The job takes pictures.mended.csv").and_(
            page.locator(":focus *")
        ).wait_for()
        assert page.get_by_label("Upload a list").is_checked()
        assert page.get_by_text("pictures.mended.csv: No fault was found in 2 rows.").is_visible()
        inspect(page, screenshots, f"new-mended-{size}-light")
        go(page, "Next", WHAT)


def test_all_faults_of_a_list_in_s3_open_beside_the_new_job(
    open_page: OpenPage, role: Role, put_objects: PutObjects
) -> None:
    put_objects("list.csv", bucket="manifests", body=b"photos,%zz\n" * 21)

    with open_page("/jobs/new/", expected="status of 422") as page:
        page.get_by_label("A list in S3").check()
        page.get_by_label("Location").fill("s3://manifests/list.csv")
        page.get_by_role("button", name="Next", exact=True).last.click()
        page.get_by_text("That is the first of 21 faults.").wait_for()
        with page.context.expect_page() as opened:
            page.get_by_role("button", name="See all that was found").click()
        opened.value.get_by_role("cell", name="21", exact=True).wait_for()
        assert page.get_by_label("Location").input_value() == "s3://manifests/list.csv"
        assert "/manifests/" in opened.value.url


TURNED = "x\u202ey"


@pytest.mark.parametrize("value", ["short", "long" * 200])
@pytest.mark.parametrize("size", SIZES)
def test_the_review_begins_with_what_is_done_in_sight_and_in_order(
    open_page: OpenPage, role: Role, s3: object, screenshots: Path, size: str, value: str
) -> None:
    arguments = "\n".join(f"{TURNED}{number}={value}" for number in range(10))

    with open_page("/jobs/new/?operation=LambdaInvoke", size) as page:
        upload(page)
        go(page, "Next", WHAT)
        page.get_by_role("textbox", name="Function", exact=True).fill("thumbs")
        page.get_by_label("Schema version").select_option("2.0")
        page.get_by_label("Arguments").fill(arguments)
        go(page, "Next", HOW)
        page.get_by_label("Write a completion report to a bucket").uncheck()
        go(page, "Next", REVIEW)

        headline, bar = page.locator(".happening"), page.locator(".wizard > .submit")
        told, below = headline.bounding_box(), bar.bounding_box()
        assert told
        assert below
        assert 0 < told["y"] < told["y"] + told["height"] < below["y"]
        assert "and 7 more on 2 objects" in headline.inner_text()
        if value == "short":  # what turns and goes over two lines cannot be measured
            assert misplaced(page, ".happening") == []
        inspect(page, screenshots, f"new-headline-{value[:5]}-{size}-light")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_use_every_step(
    open_page: OpenPage, role: Role, s3: object, screenshots: Path, size: str, scheme: str
) -> None:
    with open_page("/jobs/new/?operation=S3DeleteObjectTagging", size, scheme) as page:
        page.context.set_default_timeout(10_000)
        upload(page)
        go(page, "Next", WHAT)
        inspect(page, screenshots, f"new-operation-{size}-{scheme}")
        go(page, "Next", HOW)
        page.get_by_role("textbox", name="Bucket", exact=True).fill("reports")
        inspect(page, screenshots, f"new-options-{size}-{scheme}")
        go(page, "Next", REVIEW)
        inspect(page, screenshots, f"new-review-{size}-{scheme}")
        go(page, "Edit the objects", WHICH)


def test_enter_in_a_field_goes_on_to_the_next_step(
    open_page: OpenPage, role: Role, put_objects: PutObjects
) -> None:
    put_objects("list.csv", bucket="manifests", body=CSV)

    with open_page("/jobs/new/") as page:
        page.get_by_label("A list in S3").check()
        page.get_by_label("Location").fill("s3://manifests/list.csv")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name=WHAT).wait_for()


@pytest.mark.parametrize("size", SIZES)
def test_a_field_with_the_focus_is_not_under_the_bar(
    open_page: OpenPage, role: Role, size: str
) -> None:
    with open_page("/jobs/new/?step=options", size) as page:
        page.get_by_label("Description").focus()
        focus, bar = page.locator("*:focus"), page.locator(".wizard > .submit")
        while not focus.evaluate("each => Boolean(each.closest('.submit'))"):
            field, below = focus.bounding_box(), bar.bounding_box()
            assert field
            assert below
            assert field["y"] + field["height"] / 2 < below["y"]
            page.keyboard.press("Tab")
