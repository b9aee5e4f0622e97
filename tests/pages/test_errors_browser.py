"""The pages of errors in a real browser: whoever meets one can read it and find the way back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError

from jobs import services
from jobs.errors import (
    InvalidTransition,
    NotFound,
    SpoolDamaged,
    SpoolUnusable,
)
from jobs.pages import errors
from tests.browser import log_in
from tests.conftest import PASSWORD
from tests.pages.conftest import SIZES, OpenPage
from tests.pages.test_browser import SCHEMES, inspect

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

REFUSED = r"status of (4|5)\d\d"
RAISED = {
    "400": SuspiciousOperation(),
    "403": PermissionDenied(),
    "404": NotFound("The specified job does not exist."),
    "409": InvalidTransition("The job is Complete."),
    "413": RequestDataTooBig(),
    "500": RuntimeError("a bug"),
    "500-lost": SpoolDamaged(f"The spool has lost the file {'jobs/' * 40}1.csv."),
    "503-room": SpoolUnusable("The spool cannot be written: No space left on device."),
    "503-database": OperationalError(),
}
"""What the list of jobs may raise, by the page that it becomes."""


def without_token(page: Page) -> None:
    """Send a form that was opened before the cookies were lost."""
    page.context.clear_cookies()
    page.goto("/login/")
    page.context.clear_cookies()
    log_in(page, "ada", PASSWORD)
    page.get_by_role("heading", name="The form has expired").wait_for()


def too_often(page: Page) -> None:
    """Guess until nobody listens."""
    page.context.clear_cookies()
    page.goto("/login/")
    for _ in range(6):
        with page.expect_navigation():
            log_in(page, "ada", "a-guess")
    page.get_by_text("That was too often.").wait_for()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_read_what_went_wrong(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, screenshots: Path, size: str, scheme: str
) -> None:
    seen = set()
    with open_page("/logout/", size, scheme, expected=REFUSED) as page:  # it takes a POST
        page.context.set_default_timeout(10_000)
        seen.add(page.get_by_role("heading").inner_text())
        inspect(page, screenshots, f"error-405-{size}-{scheme}")
        for name, error in RAISED.items():
            with monkeypatch.context() as patched:
                patched.setattr(services, "jobs_of", Mock(side_effect=error))
                page.goto("/jobs/")
            assert page.locator(".trouble-code").inner_text() == name[:3]
            seen.add(page.get_by_role("heading").inner_text())
            inspect(page, screenshots, f"error-{name}-{size}-{scheme}")
        page.get_by_role("link", name="To the list of jobs").click()
        page.get_by_role("heading", name="Jobs", exact=True).wait_for()

    known = {each.title for each in vars(errors).values() if isinstance(each, errors.Trouble)}
    assert seen == known


@pytest.mark.parametrize("meet", [without_token, too_often])
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
def test_everybody_can_read_why_they_are_not_let_in(
    open_page: OpenPage, screenshots: Path, size: str, scheme: str, meet: Callable[[Page], None]
) -> None:
    with open_page("/jobs/", size, scheme, expected=REFUSED) as page:
        meet(page)
        inspect(page, screenshots, f"error-{meet.__name__}-{size}-{scheme}")
