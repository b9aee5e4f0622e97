"""What fits on a screen, measured in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User

from jobs.models import Member, Rank, Role
from jobs.status import JobStatus
from operations.base import SUCCESSFUL
from tests import rows
from tests.core.scripted import MISSING
from tests.pages.conftest import Example, OpenPage

if TYPE_CHECKING:
    from playwright.sync_api import FloatRect, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LINES = (
    "each => each.getBoundingClientRect().height / parseFloat(getComputedStyle(each).lineHeight)"
)
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
STEPS = ["Objects", "Operation", "Options", "Review"]


def middle(box: FloatRect) -> float:
    """How far down the middle of a box is."""
    return box["y"] + box["height"] / 2


def lines(page: Page, selector: str) -> list[float]:
    """How many lines each of the elements takes, with its padding."""
    return [each.evaluate(LINES) for each in page.locator(selector).all()]


def test_failed_tasks_are_read_on_a_telephone_without_scrolling_sideways(
    open_page: OpenPage, example: Example
) -> None:
    job = example("Complete")
    slice_ = rows.make_slice(job, ["photos,2025/summer%20trip/img-0001.jpg", "photos,b.jpg"])
    rows.make_part(slice_, [MISSING, SUCCESSFUL])
    sideways = "each => each.scrollWidth - each.clientWidth"

    with open_page(f"/jobs/{job.pk}/results/", "narrow") as page:
        assert page.locator("#results-table").evaluate(sideways) <= 0
        assert page.locator(".results td[data-label='Error code']:visible").count() == 1
        assert page.locator(".results td.message").first.bounding_box()["width"] > 250  # type: ignore[index]


def test_a_status_and_a_date_stand_in_one_line(open_page: OpenPage, example: Example) -> None:
    for status in JobStatus.values:
        example(status)

    with open_page("/jobs/") as page:
        assert len(lines(page, ".status")) == len(JobStatus) + 1  # that tasks failed as well
        assert max(lines(page, ".status") + lines(page, "time")) < 2


@pytest.mark.parametrize("width", [320, 360, 390, 870, 1100, 1241])
def test_the_list_fits_a_screen_of_any_width(
    open_page: OpenPage, example: Example, width: int
) -> None:
    example("Suspended")

    with open_page("/jobs/") as page:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(SIDEWAYS) <= 0


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("code", ["ObjectLockConfigurationNotFoundError", "x" * 128])
def test_a_long_code_makes_no_page_wider_than_a_telephone(
    open_page: OpenPage, example: Example, code: str, width: int
) -> None:
    job = example("Complete")
    job.tallies.create(error_code=code, http_status=404, count=3)

    with open_page(f"/jobs/{job.pk}/", "narrow") as page:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.get_by_text(code, exact=True).count() == 1
        assert page.evaluate(SIDEWAYS) <= 0


def test_what_is_current_is_told_without_colours(open_page: OpenPage, example: Example) -> None:
    example("Suspended")
    seen = """places => new Set(places.map(place => {
      const { outlineStyle, outlineWidth } = getComputedStyle(place);
      return outlineStyle === "none" ? "none" : outlineWidth;
    })).size"""

    with open_page("/jobs/?status=to-confirm", forced_colors="active") as page:
        for places in (".tabs a", ".top nav a"):
            assert page.locator(f"{places}[aria-current]").count() == 1
            assert page.locator(places).evaluate_all(seen) == 2


@pytest.mark.parametrize("width", [320, 390, 560])
def test_all_of_the_menu_is_seen_on_a_telephone(
    open_page: OpenPage, user: User, role: Role, width: int
) -> None:
    Member.objects.update(rank=Rank.ADMINISTRATOR)
    User.objects.update(is_staff=True)

    with open_page("/jobs/", "narrow") as page:
        page.set_viewport_size({"width": width, "height": 800})
        boxes = [each.bounding_box() for each in page.locator(".top nav a").all()]

    assert len(boxes) == 9
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)


@pytest.mark.parametrize(("number", "step"), list(enumerate(STEPS[:3], 1)))
@pytest.mark.parametrize("width", [320, 390])
def test_the_steps_of_a_new_job_stand_in_one_line_on_a_telephone(
    open_page: OpenPage, role: Role, width: int, number: int, step: str
) -> None:
    with open_page(f"/jobs/new/?step={step.lower()}", "narrow") as page:
        page.set_viewport_size({"width": width, "height": 800})
        bar = page.get_by_role("navigation", name="Steps")
        told, buttons = bar.get_by_text("of 4"), bar.get_by_role("button").all()
        first, *others = [each.bounding_box() for each in (told, *buttons)]

        assert told.inner_text() == f"Step {number} of 4: {step}"
        assert [each.inner_text().split()[-1] for each in buttons] == STEPS
        assert first
        assert all(each and abs(middle(each) - middle(first)) < 5 for each in others)
        assert all(each and min(each["width"], each["height"]) >= 24 for each in others)


def test_the_cards_of_the_record_stand_apart(open_page: OpenPage, example: Example) -> None:
    job = example("Complete")

    with open_page(f"/jobs/{job.pk}/") as page:
        report, timeline = (each.bounding_box() for each in page.locator("#record > .card").all())
        assert report is not None
        assert timeline is not None
        assert timeline["y"] - report["y"] - report["height"] > 10
