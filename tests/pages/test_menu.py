"""The menu says where one is."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from jobs.pages.tags import section_of
from jobs.pages.urls import urlpatterns
from tests.conftest import MakeJob


@pytest.mark.parametrize(
    ("path", "marked"),
    [
        ("/jobs/", ("/jobs/", "page")),
        ("/jobs/{job}/", ("/jobs/", "true")),
        ("/jobs/{job}/results/", ("/jobs/", "true")),
        ("/jobs/new/", ("/jobs/new/", "page")),
        ("/manifests/check/", ("/manifests/check/", "page")),
        ("/roles/archive/", ("/roles/", "true")),
        ("/keys/new/", ("/keys/", "true")),
        ("/workers/", ("/workers/", "page")),
        ("/members/", ("/members/", "page")),
        ("/password/", None),
    ],
)
def test_the_menu_marks_the_page_or_its_section(
    client: Client, make_job: MakeJob, path: str, marked: tuple[str, str] | None
) -> None:
    page = client.get(path.format(job=make_job().pk)).content.decode()

    menu = page[page.index('<nav aria-label="Main">') : page.index("</nav>")]
    assert re.findall(r'href="([^"]+)" aria-current="(\w+)"', menu) == ([marked] if marked else [])


def test_every_page_that_is_shown_has_a_section_or_none_on_purpose() -> None:
    names = {pattern.name for pattern in urlpatterns}

    alone = {name for name in names if not section_of(name)}

    assert alone == {
        *("favicon", "login", "logout", "password"),
        *("token_revoke", "access_key_revoke"),
    }
