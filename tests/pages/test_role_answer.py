"""Whether the store of a role answers: told when the role is saved, and on its page."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from jobs import browsing
from jobs.models import Role
from tests.conftest import MakeRole, MakeUser
from tests.operations.http_store import SILENT, Answer, HttpStore, error, reply
from tests.pages.conftest import SIZES, OpenPage
from tests.pages.test_ranks import browser
from tests.pages.test_role_forms import fields

SEVEN = ["archive", "backup", "lists", "logs", "photos", "reports", "videos"]


def listing(*names: str) -> bytes:
    buckets = "".join(f"<Bucket><Name>{name}</Name></Bucket>" for name in names)
    text = f"<ListAllMyBucketsResult><Buckets>{buckets}</Buckets></ListAllMyBucketsResult>"
    return reply(200, text.encode(), Content_Type="application/xml")


@pytest.fixture
def store() -> Iterator[HttpStore]:
    with HttpStore(answer=lambda _: listing("reports", "photos")) as running:
        yield running


@pytest.fixture
def client(make_user: MakeUser) -> Client:
    return browser(make_user("administrator", name="root"))


def saved(client: Client, store: HttpStore) -> str:
    """What the page says after a role at the store was made."""
    values = fields(endpoint_url=store.url)
    return unescape(client.post(reverse("role_new"), values, follow=True).text)


def test_who_makes_a_role_is_told_that_its_store_answers_with_its_buckets(
    client: Client, store: HttpStore
) -> None:
    text = saved(client, store)

    assert "The role is made. The store answers; it lists 2 buckets: photos, reports." in text
    assert 'class="notice good"' in text


def test_who_changes_a_role_is_told_too(client: Client, store: HttpStore, role: Role) -> None:
    values = fields(endpoint_url=store.url)

    text = client.post(reverse("role_edit", args=["archive"]), values, follow=True).text

    assert "The role is changed. The store answers; it lists 2 buckets" in text


@pytest.mark.parametrize(
    ("answer", "told", "tone"),
    [
        (listing(), "The store answers; it lists no buckets.", "good"),
        (listing("photos"), "it lists 1 bucket: photos.", "good"),
        (listing(*SEVEN), "7 buckets: archive, backup, lists, logs, photos, ….", "good"),
        (error(403, "AccessDenied"), "but the role may not list its buckets (Acc", "wait"),
        (error(403, "InvalidAccessKeyId"), "refused the role's credentials: Inv", "wait"),
        (error(500, "InternalError"), "The store answered InternalError: No.", "wait"),
        (reply(200, b"<!doctype html><p>Welcome"), "does not answer as S3 does.", "wait"),
        (reply(200, b"<html></html>"), "does not answer as S3 does.", "wait"),
        (reply(200, b""), "does not answer as S3 does.", "wait"),
        (reply(302, b"", Location="/login"), "could not be reached: ", "wait"),
        (reply(403, b"<Error><Code>Den"), "does not answer as S3 does.", "wait"),
        (reply(404, b"Not here"), "does not answer as S3 does.", "wait"),
        (reply(503, b"<html>Down"), "The store answered 503: Service Unavailable", "wait"),
        (["close"], "could not be reached: Connection was closed before", "wait"),
    ],
)
def test_the_role_is_saved_whatever_its_store_answers_and_that_is_told(
    client: Client, store: HttpStore, answer: Answer, told: str, tone: str
) -> None:
    store.answer = lambda _: answer

    text = saved(client, store)

    assert f'class="notice {tone}"' in text
    assert "The role is made. " in text
    assert told in text
    assert Role.objects.get().endpoint_url == store.url


@pytest.mark.parametrize(
    "answer", [[SILENT], [reply(200, b"", length=9), *[b"x", 0.4] * 9]], ids=["silent", "slow"]
)
def test_a_store_that_is_silent_or_slow_neither_loses_the_role_nor_holds_up_the_page(
    client: Client, store: HttpStore, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setattr(browsing, "SECONDS", 1)
    store.answer = lambda _: answer

    text = saved(client, store)

    assert 'class="notice wait"' in text
    assert any(one in text for one in ("not answer within 1 seconds", "could not be reached"))
    assert Role.objects.get().endpoint_url == store.url


# ---- the page of the role


@pytest.fixture
def at_store(make_role: MakeRole, store: HttpStore) -> Role:
    return make_role(endpoint_url=store.url)


def test_the_page_asks_for_the_answer_and_offers_the_buckets(
    client: Client, at_store: Role
) -> None:
    page = client.get(reverse("role", args=["archive"])).text
    answer = client.get(reverse("role_answer", args=["archive"])).text

    assert f'hx-get="{reverse("role_answer", args=["archive"])}"' in page
    assert 'list="buckets"' in page
    assert "it lists 2 buckets: photos, reports." in answer
    assert '<datalist id="buckets"><option value="photos"></option>' in answer


def test_a_viewer_is_told_nothing_of_it(make_user: MakeUser, at_store: Role) -> None:
    viewer = browser(make_user("viewer"))

    assert (
        reverse("role_answer", args=["archive"])
        not in viewer.get(reverse("role", args=["archive"])).text
    )
    assert viewer.get(reverse("role_answer", args=["archive"])).status_code == 403


def test_the_page_tells_the_speed_ceiling_with_its_unit(
    client: Client, make_role: MakeRole
) -> None:
    make_role(requests_per_second=2500)

    page = client.get(reverse("role", args=["archive"])).text

    assert "<dd>2,500 requests per second, all jobs together</dd>" in page


def test_also_who_browses_for_a_list_is_told_that_it_is_no_store(
    client: Client, at_store: Role, store: HttpStore
) -> None:
    store.answer = lambda _: reply(200, b"<!doctype html><p>Welcome")

    text = client.get("/jobs/new/browse/", {"role": "archive", "browse": ""}).text

    assert f"What answers at {store.url} does not answer as S3 does." in text


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("size", SIZES)
def test_in_the_browser_the_answer_comes_and_both_cards_begin_at_one_height(
    open_page: OpenPage, at_store: Role, size: str
) -> None:
    with open_page("/roles/archive/", size) as page:
        page.get_by_text("it lists 2 buckets: photos, reports.").wait_for()
        offered = page.locator("#buckets option").evaluate_all("all => all.map(one => one.value)")
        store, probe = (one.bounding_box() for one in page.locator(".columns > .card").all())

    assert offered == ["photos", "reports"]
    assert store
    assert probe
    if size == "wide":
        assert store["y"] == probe["y"]
    else:
        assert probe["y"] - store["y"] - store["height"] == pytest.approx(20, abs=0.6)
