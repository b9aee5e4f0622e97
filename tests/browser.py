"""Debian's chromium, as Playwright starts it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser; playwright runs a loop in this thread, which must not outlive it."""
    from playwright.sync_api import sync_playwright

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


BOXES = """selectors => selectors.map(each => {
  const { x, y, width, height } = document.querySelector(each).getBoundingClientRect();
  return { x, y, width, height };
})"""


def boxes(page: Page, *selectors: str) -> list[dict[str, float]]:
    """Where elements are seen, all at one moment: one after the other, polls would replace them."""
    return list(page.evaluate(BOXES, selectors))


def settle(page: Page) -> None:
    """Wait until the focus is where the page puts it.

    Text that is filled in before the first frame is drawn takes the focus first, and then chromium
    complains that it cannot give it.
    """
    page.locator("[autofocus]:focus").wait_for()


def log_in(page: Page, username: str, password: str) -> None:
    """Fill in the form of the login page and send it."""
    settle(page)
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def go_on(page: Page) -> None:
    """To the next step of a new job."""
    page.get_by_role("button", name="Next", exact=True).last.click()
    settle(page)
