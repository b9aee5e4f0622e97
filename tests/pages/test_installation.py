"""The settings, to be read: what counts, and nothing secret."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from config import VERSION
from jobs.models import Member, Rank
from jobs.pages.installation import groups, place, versions
from tests.test_architecture import ROOT, SETTINGS

SECRET = {"LADING_SECRET_KEY", "LADING_SECRET_KEY_FALLBACKS"}


@pytest.fixture
def administrator(client: Client, user: User) -> Client:
    Member.objects.filter(user=user).update(rank=Rank.ADMINISTRATOR)
    return client


def test_every_setting_that_is_no_secret_is_shown() -> None:
    shown = {setting.name for group in groups() for setting in group.settings}

    assert shown == set(SETTINGS) - SECRET


def test_the_page_shows_values_and_no_secret(administrator: Client, settings: Any) -> None:
    settings.LADING_BROKER = "redis://user:hunter2@box:6379/4"
    settings.LADING_WORKERS = 7
    settings.SECRET_KEY_FALLBACKS = ["a-key-that-nobody-guesses"]

    page = administrator.get("/settings/").content.decode()

    assert "redis://box:6379/4" in page
    assert re.search(r"LADING_WORKERS</code></dt><dd[^>]*>7<", page)
    assert "hunter2" not in page
    assert "a-key-that-nobody-guesses" not in page


def test_the_page_tells_the_versions_of_what_runs(administrator: Client) -> None:
    page = administrator.get("/settings/").text

    assert ("Lading", VERSION) in versions()
    for name, version in versions():
        assert version
        assert f'<dt>{name}</dt><dd class="break">{version}</dd>' in page


def test_the_version_is_that_of_the_package_and_of_the_newest_changes() -> None:
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    newest = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0]

    assert package["version"] == newest == VERSION


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("orm", "orm"),
        ("/var/lib/lading/spool", "/var/lib/lading/spool"),
        ("s3://bucket/prefix?endpoint_url=http://a:b@c", "s3://bucket/prefix"),
        ("rediss://:word@cache.example.org:6380/1", "rediss://cache.example.org:6380/1"),
    ],
)
def test_a_place_is_shown_without_its_password(address: str, shown: str) -> None:
    assert place(address) == shown


def test_the_menu_leads_administrators_there_and_nobody_else(
    administrator: Client, user: User
) -> None:
    assert 'href="/settings/"' in administrator.get("/jobs/").content.decode()

    Member.objects.filter(user=user).update(rank=Rank.OPERATOR)

    assert 'href="/settings/"' not in administrator.get("/jobs/").content.decode()
    assert administrator.get("/settings/").status_code == 403
