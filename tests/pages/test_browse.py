"""Looking around in a store from within the form: as a fragment, and without script."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from jobs import browsing, stores
from jobs.models import Role
from tests.conftest import MakeRole, PutObjects
from tests.pages.conftest import Fill, send
from tests.pages.test_bad_input import fault_of, refuse
from tests.pages.test_wizard import shown, text_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BROWSE = "/jobs/new/browse/"


def seen(client: Client, **query: str) -> str:
    response = client.get(BROWSE, {"role": "archive", **query})
    assert response.status_code == 200
    return unescape(response.content.decode())


def asked(page: str) -> list[str]:
    """What the buttons that open something ask for."""
    return re.findall(r'name="browse" value="([^"]*)"', page)


@pytest.fixture
def lists(put_objects: PutObjects, role: Role) -> None:
    put_objects("2019/may.csv", "2019/june/a b.csv", "all.csv", bucket="manifests")


def test_it_begins_with_the_buckets(client: Client, lists: None) -> None:
    page = seen(client, browse="")

    assert page.startswith('<div id="browser"')
    assert asked(page) == [" s3://manifests/", " s3://photos/", " s3://reports/"]


def test_a_bucket_shows_its_folders_and_objects(client: Client, lists: None) -> None:
    page = seen(client, browse=" s3://manifests/")

    assert " s3://manifests/2019/" in asked(page)
    assert re.findall(r'name="pick" value="([^"]*)"', page) == ["s3://manifests/all.csv"]
    assert 'name="pick_folder" value="s3://manifests/"' in page


def test_a_folder_shows_the_way_back(client: Client, lists: None) -> None:
    page = seen(client, browse=" s3://manifests/2019/june/")

    way = page[page.index("<nav") : page.index("</nav>")]
    assert asked(way) == [
        " s3://",
        " s3://manifests/",
        " s3://manifests/2019/",
        " s3://manifests/2019/june/",
    ]
    assert 'value="s3://manifests/2019/june/a b.csv"' in page


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ({"manifest_location": "s3://manifests/2019/m"}, "In s3://manifests/2019/"),
        ({"manifest_location": "manifests/2019"}, "Buckets"),
        ({"source": "listing", "listing_bucket": "photos"}, "In s3://photos/"),
    ],
)
def test_it_begins_where_something_was_typed(
    client: Client, lists: None, typed: dict[str, str], place: str
) -> None:
    assert f'aria-label="{place}"' in seen(client, browse="", **typed)


def test_a_long_listing_comes_in_pages(
    client: Client, lists: None, put_objects: PutObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "PAGE", 2)
    put_objects("1", "2", "3", "4", "5", bucket="photos")

    pages, ask = [], " s3://photos/"
    while ask:
        page = seen(client, browse=ask)
        pages.append(re.findall(r'name="pick" value="s3://photos/([^"]*)"', page))
        ask = next((each for each in asked(page) if each[0] != " "), "")

    assert pages == [["1", "2"], ["3", "4"], ["5"]]


def test_many_buckets_come_in_pages(
    client: Client, lists: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "PAGE", 2)

    first = asked(seen(client, browse=""))
    second = asked(seen(client, browse=first[-1]))

    assert first == [" s3://manifests/", " s3://photos/", "photos s3://"]
    assert second == [" s3://reports/"]


def test_an_empty_place_says_so(client: Client, lists: None) -> None:
    assert "There is nothing here." in seen(client, browse=" s3://photos/")


@pytest.mark.parametrize(
    ("browse", "code", "status", "told"),
    [
        ("", "AccessDenied", 403, "may not list the buckets (AccessDenied). Type the name of one."),
        (" s3://photos/", "AccessDenied", 403, "may not list the bucket photos (AccessDenied)"),
        (" s3://photos/", "SignatureDoesNotMatch", 403, "refused the role's credentials"),
        (" s3://photos/", "InternalError", 500, "The store answered InternalError: No."),
    ],
)
def test_what_the_store_refuses_is_told(
    client: Client, role: Role, s3: S3Client, browse: str, code: str, status: int, told: str
) -> None:
    refuse(stores.s3_for(role, retries=1, timeout=browsing.SECONDS), code, status)

    assert told in seen(client, browse=browse)


def test_a_bucket_that_is_not_there_is_told(client: Client, lists: None) -> None:
    assert "There is no bucket nowhere." in seen(client, browse=" s3://nowhere/")


def test_a_store_that_does_not_answer_is_told(client: Client, make_role: MakeRole) -> None:
    make_role("far", endpoint_url="http://127.0.0.1:9")

    page = seen(client, role="far")

    assert "The store at http://127.0.0.1:9 could not be reached" in page


@pytest.mark.parametrize("named", ["", "nobody"])
def test_without_a_role_there_is_nothing_to_see(client: Client, role: Role, named: str) -> None:
    assert 'class="error"' in seen(client, role=named)


# ---- within the form


def test_the_role_that_reads_comes_before_what_it_reads(client: Client, role: Role) -> None:
    page = client.get("/jobs/new/").content.decode()

    places = [
        page.index(part)
        for part in (
            *('value="listing"', 'id="id_role"', 'id="id_manifest_location"'),
            *('id="id_listing_bucket"', "Browse the store", 'id="browser"'),
            *('id="id_manifest_etag"', 'id="id_manifest_format"', 'id="id_prefixes"'),
        )
    ]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("source", "pick", "filled_in"),
    [
        ("s3", {"pick": "s3://manifests/all.csv"}, "id_manifest_location"),
        ("listing", {"pick_folder": "s3://manifests/2019/"}, "id_listing_bucket"),
    ],
)
def test_what_was_chosen_has_the_focus(
    client: Client, from_s3: Fill, lists: None, source: str, pick: dict[str, str], filled_in: str
) -> None:
    _, page = send(client, from_s3(source=source, at="objects", **pick))

    (focused,) = re.findall(r"<[^>]+ autofocus[^>]*>", page)
    assert f'id="{filled_in}"' in focused


def test_without_script_the_form_opens_with_the_browser_and_loses_nothing(
    client: Client, from_s3: Fill, lists: None
) -> None:
    values = from_s3(at="objects", browse=" s3://manifests/", priority="ten")

    status, page = send(client, values)

    assert (status, shown(page)) == (200, "objects")
    assert 'value="s3://manifests/all.csv"' in page
    assert 'value="ten"' in page


@pytest.mark.parametrize(
    ("source", "here", "field", "told"),
    [
        (
            "listing", "s3://manifests/2019/", "listing_bucket",
            "You are looking at s3://manifests/2019/. Press “List s3://manifests/2019/” to take "
            "it, or say which bucket.",
        ),
        ("listing", "s3://", "listing_bucket", "Say which bucket."),
        (
            "s3", "s3://manifests/2019/", "manifest_location",
            "You are looking at s3://manifests/2019/. Choose a list in it, or say where it is.",
        ),
        ("inventory", "s3://", "manifest_location", "Say where its manifest.json is."),
    ],
)  # fmt: skip
def test_a_place_that_was_only_looked_at_is_not_taken_and_stays_open(
    client: Client, from_s3: Fill, lists: None, source: str, here: str, field: str, told: str
) -> None:
    empty = {"manifest_location": "", "listing_bucket": ""}

    values = from_s3(source=source, looking_at=here, at="objects", step="operation", **empty)
    status, page = send(client, values)

    assert (status, shown(page)) == (422, "objects")
    assert fault_of(page, field) == told
    assert f'name="looking_at" value="{here}"' in page
    opened = page[page.index('class="browser"') :]
    beside = 'id="id_listing_bucket_error"' in opened
    assert beside == ("to take it" in told)
    assert ('value="s3://manifests/2019/">' in opened) == (here != "s3://")
    assert page.count("autofocus") == 1


def test_the_button_that_is_named_is_there_where_the_place_does_not_answer(
    client: Client, from_s3: Fill, lists: None
) -> None:
    gone = {"source": "listing", "listing_bucket": "", "looking_at": "s3://gone/"}

    _, page = send(client, from_s3(at="objects", step="operation", **gone))

    assert "Press “List s3://gone/” to take it" in unescape(page)
    assert 'role="alert">' in page[page.index('class="browser"') :], "what is wrong there is told"
    assert 'name="pick_folder" value="s3://gone/"' in page


def test_a_place_that_was_looked_at_has_nothing_to_do_with_a_pasted_list(
    client: Client, from_s3: Fill, lists: None
) -> None:
    empty = {"source": "paste", "pasted": "", "looking_at": "s3://manifests/2019/"}

    _, page = send(client, from_s3(at="objects", step="operation", **empty))

    assert fault_of(page, "pasted") == "Paste the list."


def test_what_is_typed_is_taken_whatever_else_was_looked_at(
    client: Client, from_s3: Fill, put_objects: PutObjects, lists: None
) -> None:
    put_objects("a.jpg", bucket="photos")
    typed = {"source": "listing", "listing_bucket": "photos", "looking_at": "s3://manifests/"}

    status, page = send(client, from_s3(at="objects", step="operation", **typed))

    assert (status, shown(page)) == (200, "operation")


def test_a_place_that_no_form_can_say_is_not_said(
    client: Client, role: Role, put_objects: PutObjects
) -> None:
    put_objects("a\nb/c.csv", bucket="manifests")

    assert 'name="looking_at"' not in seen(client, browse=" s3://manifests/a\nb/")


def test_a_chosen_object_becomes_the_location(client: Client, from_s3: Fill, lists: None) -> None:
    chosen = "s3://manifests/2019/june/a b.csv"
    values = from_s3(at="objects", pick=chosen, manifest_etag="of another", priority="ten")

    _, page = send(client, values)

    assert f'name="manifest_location" value="{chosen}"' in page
    assert "of another" not in page
    assert 'value="ten"' in page


def test_a_chosen_folder_is_what_is_listed(client: Client, from_s3: Fill, lists: None) -> None:
    values = from_s3(source="listing", at="objects", pick_folder="s3://manifests/2019/")

    _, page = send(client, values)

    assert 'name="listing_bucket" value="manifests"' in page
    assert ">\n2019/</textarea>" in page
    assert "nothing here" not in text_of(page)
