"""Where things stand on the page of a job, and whether there is more of them than is seen, measured
in a real browser.
"""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from jobs.models import Job, Lane, Manifest, Member, Rank
from tests.browser import boxes
from tests.conftest import MakeManifest
from tests.pages.conftest import SIZES, Example, OpenPage

if TYPE_CHECKING:
    from playwright.sync_api import Locator

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
BUTTONS = "#actions .decisions :is(a, summary).button"
BOXES = """found => found.map(each => {
  const box = each.getBoundingClientRect();
  return [box.x, box.y + scrollY, box.width, box.height].map(Math.round);
})"""
IN_ITS_CARD = """each => {
  const [box, card] = [each, each.closest(".card")].map(one => one.getBoundingClientRect());
  return [box.left - card.left, box.top - card.top, card.right - box.right].map(Math.round);
}"""
TEXTS = """found => found.map(each => {
  const range = document.createRange();
  range.selectNodeContents([...(each.querySelector("a") ?? each).childNodes].find(one => one.data));
  return range.getBoundingClientRect().top;
})"""
"""Where the text of each begins, from the top."""
SHADES = """async (element, [picture, places]) => {
  const plain = Number(getComputedStyle(element.closest(".card")).backgroundColor.match(/[0-9]+/));
  const bytes = Uint8Array.from(atob(picture), letter => letter.charCodeAt(0));
  const seen = await createImageBitmap(new Blob([bytes]));
  const sheet = new OffscreenCanvas(seen.width, seen.height);
  const canvas = sheet.getContext("2d", { willReadFrequently: true });
  canvas.drawImage(seen, 0, 0);
  const light = ([x, y]) => canvas.getImageData(
    x < 0 ? seen.width + x : x, y < 0 ? seen.height + y : y, 1, 1).data[0];
  return places.map(place => Math.abs(light(place) - plain) > 8);
}"""
"""Whether a picture of an element has another colour in these places than the card below."""


def shadows(element: Locator, *places: tuple[int, int]) -> list[bool]:
    """Whether an element is in shadow there; counted from its other end where negative."""
    picture = base64.b64encode(element.screenshot()).decode()
    return list(element.evaluate(SHADES, [picture, places]))


# ---- the head


@pytest.mark.parametrize("size", SIZES)
def test_what_a_button_opens_moves_no_other_button(
    open_page: OpenPage, example: Example, size: str
) -> None:
    job = example("Active")

    with open_page(f"/jobs/{job.pk}/", size) as page:
        before = page.locator(BUTTONS).evaluate_all(BOXES)
        assert len(before) == 6
        for summary in page.locator("#actions .decisions summary").all():
            summary.click()
            forms = page.locator("#actions .decisions form:visible")
            form, live = boxes(page, "#actions .decisions [open] form", "#live")

            assert forms.count() == 1, "one takes the place of the other"
            assert page.locator(BUTTONS).evaluate_all(BOXES) == before
            assert form["y"] > max(y + height for _, y, _, height in before) - 1
            assert form["height"] > 0
            assert form["y"] + form["height"] < live["y"]


@pytest.mark.parametrize("script", [True, False])
def test_a_decision_is_reached_by_the_keyboard_alone(
    open_page: OpenPage, example: Example, *, script: bool
) -> None:
    job = example("Active")

    with open_page(f"/jobs/{job.pk}/", java_script_enabled=script) as page:
        page.locator("summary", has_text="Pause").focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type("lunch")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.get_by_text("Reason given: lunch").wait_for()

    job.refresh_from_db()
    assert job.held_reason == "lunch"


def test_how_far_a_job_is_fits_the_first_screen_of_a_telephone(
    open_page: OpenPage, example: Example, user: User
) -> None:
    Member.objects.filter(user=user).update(rank=Rank.ADMINISTRATOR)
    User.objects.update(is_staff=True)
    job = example("Active")
    Job.objects.filter(pk=job.pk).update(
        requests_per_second=5,
        run_window={"start": "22:00", "end": "21:59", "days": ["mon", "tue", "wed", "thu"]},
    )
    Lane.objects.create(
        **{"owner": "lane", "node": "n", "host": "h", "pid": 1, "process_start": 1},
        **{"job": job, "rate": 5.0, "beat_at": timezone.now() + timedelta(minutes=5)},
    )

    with open_page(f"/jobs/{job.pk}/", "narrow") as page:
        page.get_by_text("reached its speed ceiling").wait_for()
        for place in ("#badge", ".percent", "#live .progress"):
            (box,) = boxes(page, place)
            assert 0 < box["y"] < box["y"] + box["height"] <= SIZES["narrow"][1]


@pytest.mark.parametrize("width", [320, 390, 560, 1440])
def test_the_way_to_the_results_stays_in_its_place_while_the_numbers_grow(
    open_page: OpenPage, example: Example, width: int
) -> None:
    job = example("Active")
    Job.objects.filter(pk=job.pk).update(total_tasks=12_345_678, succeeded=1, failed=0)

    with open_page(f"/jobs/{job.pk}/", "narrow") as page:
        page.set_viewport_size({"width": width, "height": 844})
        place = page.locator("#results-link").evaluate(IN_ITS_CARD)
        Job.objects.filter(pk=job.pk).update(succeeded=11_234_567)
        Lane.objects.create(
            **{"owner": "lane", "node": "n", "host": "h", "pid": 1, "process_start": 1},
            **{"job": job, "beat_at": timezone.now() + timedelta(minutes=5)},
            **{"succeeded": 123_456, "rate": 5.0},
        )
        page.get_by_text("+123,456 not yet committed").wait_for()
        Job.objects.filter(pk=job.pk).update(succeeded=11_234_568)
        page.get_by_text("11,234,568 of 12,345,678 tasks").wait_for()

        assert page.locator("#results-link").evaluate(IN_ITS_CARD) == place
        assert min(place) >= 16, "and in it"
        assert page.evaluate(SIDEWAYS) <= 0


@pytest.mark.parametrize("width", [320, 360, 390])
def test_the_menu_takes_two_lines_of_a_telephone(
    open_page: OpenPage, example: Example, user: User, width: int
) -> None:
    Member.objects.filter(user=user).update(rank=Rank.ADMINISTRATOR)
    User.objects.update(is_staff=True)

    with open_page(f"/jobs/{example('Active').pk}/", "narrow") as page:
        page.set_viewport_size({"width": width, "height": 844})
        doors = page.locator(".top nav a").evaluate_all(BOXES)

        assert len({y for _, y, _, _ in doors}) <= 2
        assert all(x >= 0 and x + across <= width for x, _, across, _ in doors)
        assert min(height for *_, height in doors) >= 24
        assert page.evaluate(SIDEWAYS) <= 0


# ---- lines


def test_the_heads_of_the_list_stand_in_one_line(open_page: OpenPage, example: Example) -> None:
    example("Active")

    with open_page("/jobs/") as page:
        heads = page.locator("table.jobs th:not(.pick)").evaluate_all(TEXTS)

    assert len(heads) == 7
    assert max(heads) - min(heads) < 0.1


@pytest.mark.parametrize("width", [390, 870, 1000, 1440])
def test_what_can_be_done_with_a_file_of_the_report_stands_in_one_line(
    open_page: OpenPage, example: Example, width: int
) -> None:
    job = example("Complete")

    with open_page(f"/jobs/{job.pk}/") as page:
        page.set_viewport_size({"width": width, "height": 900})
        bottoms = page.locator("#report-files tr:has(a + a)").evaluate_all(
            """rows => rows.map(row => [...row.querySelectorAll("a")].map(link => {
              const mark = document.createElement("img");  // stands on the line of the text
              link.append(mark);
              return mark.getBoundingClientRect().bottom;
            }))"""
        )

    assert len(bottoms) == 2
    assert all(abs(first - second) < 0.6 for first, second in bottoms)


# ---- more than is seen


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_table_that_goes_on_to_the_side_has_its_edge_in_shadow(
    open_page: OpenPage, example: Example, scheme: str
) -> None:
    job = example("Complete")
    ends = ((2, 3), (-3, 3))

    with open_page(f"/jobs/{job.pk}/", "narrow", scheme) as page:
        table = page.locator("#report-files")
        assert table.evaluate("each => each.scrollWidth > each.clientWidth + 50")
        assert shadows(table, *ends) == [False, True]

        table.evaluate("each => each.scrollTo(1e6, 0)")
        assert shadows(table, *ends) == [True, False]

        page.set_viewport_size({"width": 1440, "height": 900})
        assert shadows(table, *ends) == [False, False], "all of it is seen"


@pytest.mark.parametrize("size", SIZES)
def test_faults_that_go_on_below_have_their_edge_in_shadow(
    open_page: OpenPage, make_manifest: MakeManifest, size: str
) -> None:
    manifest = make_manifest(b"photos,a%zz.jpg\n" * 60)
    Manifest.objects.filter(pk=manifest.pk).update(bucket="", key="")
    ends = ((160, 3), (160, -3))

    with open_page(f"/manifests/{manifest.pk}/", size) as page:
        faults = page.get_by_role("region", name="Faults, one by one")
        assert faults.evaluate("each => each.scrollHeight > each.clientHeight + 50")
        assert shadows(faults, *ends) == [False, True]

        faults.evaluate("each => each.scrollTo(0, 1e6)")
        assert shadows(faults, *ends) == [True, False]
