"""The page of single results: what is looked for is found, page by page, in bounded time."""

from __future__ import annotations

import re
from functools import partial
from html import unescape
from urllib.parse import quote, quote_plus, urlencode

import pytest
from django.test import Client

from jobs import results
from jobs.manifests.rows import encode_key, join_cells
from jobs.models import Job, Slice
from jobs.pages import results as results_page
from operations.base import SUCCESSFUL, Outcome
from tests.conftest import MakeJob, MakePart, MakeSlice
from tests.core.scripted import CREATED, FORBIDDEN, MISSING, refusal

NO_REPLY = refusal(None, "ConnectTimeoutError", "No answer.")
HIDDEN = refusal(404, "NoSuchVersion", "It is gone.")
ENDED: dict[str, Outcome] = {
    "2025/a.jpg": SUCCESSFUL,
    "2025/a.jpg.bak": MISSING,
    "2025/b%20c.jpg": FORBIDDEN,
    "2026/caf%C3%A9.jpg": NO_REPLY,
    "2026/d.jpg": CREATED,
    "2026/e.jpg": HIDDEN,
    "2026/f.jpg": MISSING,
}
EVERY = list(ENDED)


@pytest.fixture
def job(make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart) -> Job:
    """A job in its midst, with a result of each kind, in two parts."""
    made = make_job(status="Active", total_tasks=20)
    slice_ = make_slice(made, [f"photos,{key}" for key in ENDED])
    make_part(slice_, list(ENDED.values())[:4])
    make_part(slice_, list(ENDED.values())[4:])
    return made


def shown(client: Client, job: Job, query: str = "", status: int = 200) -> str:
    """The page for a query, such as "?status=failed"."""
    response = client.get(f"/jobs/{job.pk}/results/{query}")
    assert response.status_code == status
    return response.content.decode()


def keys_in(page: str) -> list[str]:
    """The keys of its rows, as they are copied."""
    return [unescape(key) for key in re.findall(r'id="key-\d+" hidden>([^<]*)<', page)]


def link(page: str, place: str) -> str:
    """Where the link with that id leads; empty where there is none."""
    found = re.search(rf'href="([^"]*)"[^>]* id="{place}"|id="{place}" href="([^"]*)"', page)
    return unescape(found.group(1) or found.group(2)) if found else ""


def looked_up(client: Client, job: Job, **wanted: str) -> list[str]:
    return keys_in(shown(client, job, f"?{urlencode(wanted)}"))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, EVERY),
        ({"status": "succeeded"}, [EVERY[0], EVERY[4]]),
        ({"status": "failed"}, [EVERY[1], EVERY[2], EVERY[3], EVERY[5], EVERY[6]]),
        ({"code": "NoSuchKey"}, [EVERY[1], EVERY[6]]),
        ({"code": " NoSuchKey "}, [EVERY[1], EVERY[6]]),
        ({"http_status": "404"}, [EVERY[1], EVERY[5], EVERY[6]]),
        ({"http_status": "404", "code": "NoSuchVersion"}, [EVERY[5]]),
        ({"http_status": "0"}, [EVERY[3]]),
        ({"http_status": "201"}, [EVERY[4]]),
        ({"key": "2025/"}, EVERY[:3]),
        ({"key": "2025/a.jpg"}, EVERY[:2]),
        ({"key": "2025/a.jpg", "whole": "on"}, EVERY[:1]),
        ({"key": "", "whole": "on"}, EVERY),
        ({"key": "2025/b c"}, [EVERY[2]]),
        ({"key": "2025/b%20c"}, [EVERY[2]]),
        ({"key": "2026/café.jpg", "whole": "on"}, [EVERY[3]]),
        ({"key": "2026/", "status": "failed", "code": "NoSuchKey"}, [EVERY[6]]),
        ({"key": "nowhere/"}, []),
    ],
    ids=str,
)
def test_what_is_looked_for_is_found(
    client: Client, job: Job, wanted: dict[str, str], found: list[str]
) -> None:
    assert looked_up(client, job, **wanted) == found


ODD = [
    "odd/a b.txt", "odd/amp&.txt", "odd/plus+.txt", "odd/comma,semi;.txt", "odd/<b>x</b>.txt",
    "odd/日本/写真.jpg", 'odd/"quoted".txt', "odd/per%cent.txt", "odd/tilde~.txt",
    "odd/my dir (1)/a*'!.txt", "odd/über/1.txt",
]  # fmt: skip
FORMS = {
    "encoded": encode_key,
    "like a form": partial(quote_plus, safe="/"),
    "raw": str,
    "in lower case": lambda key: re.sub("%..", lambda found: found[0].lower(), encode_key(key)),
    "as browsers do": partial(quote, safe="/!'()*~"),
    "wholly": partial(quote, safe=""),
    "by letter": lambda key: "".join(f"%{byte:02x}" for byte in key.encode()),
}
"""The spellings in which lists have keys."""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("key", ODD)
def test_a_key_is_found_however_its_list_has_it(
    client: Client,
    make_job: MakeJob,
    make_slice: MakeSlice,
    make_part: MakePart,
    form: str,
    key: str,
) -> None:
    listed = [FORMS[form](each) for each in ODD]
    job = make_job(status="Active", total_tasks=len(ODD))
    rows = sorted(join_cells(["photos", each]).decode() for each in listed)
    make_part(make_slice(job, rows), [SUCCESSFUL] * len(ODD))
    shown_as = listed[ODD.index(key)]

    assert looked_up(client, job, key=key, whole="on") == [shown_as]
    assert looked_up(client, job, key=key[:-3]) == [shown_as]
    assert looked_up(client, job, key=shown_as, whole="on") == [shown_as], "as it is copied"


def test_the_page_says_how_keys_are_looked_for(client: Client, job: Job) -> None:
    assert "Keys are looked for as you type them, and URL-encoded" in shown(client, job)


def test_the_form_says_what_is_looked_for_and_offers_codes_that_there_are(
    client: Client, job: Job
) -> None:
    job.tallies.create(error_code="NoSuchKey", http_status=404, count=2)

    page = shown(client, job, "?status=failed&code=NoSuchKey&http_status=404&key=2026%2F&whole=on")

    assert '<option value="failed" selected>' in page
    assert '<datalist id="codes"><option value="NoSuchKey">' in page
    for name, value in {"code": "NoSuchKey", "http_status": "404", "key": "2026/"}.items():
        assert re.search(rf'name="{name}" value="{value}"', page)
    assert 'name="whole" checked' in page


def test_pages_lead_on_and_back_with_what_is_looked_for(
    client: Client, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results_page, "RESULTS_A_PAGE", 2)
    seen, query, pages = [], "?status=failed&key=20", []
    while query:
        page = shown(client, job, query)
        seen += keys_in(page)
        pages.append(page)
        query = link(page, "page-next")

    assert seen == [key for key, said in ENDED.items() if not said.succeeded]
    assert [link(page, "page-first") for page in pages] == ["", *["?status=failed&key=20"] * 2]
    assert "Go on searching" not in "".join(pages)


def test_a_search_cut_by_time_says_how_far_it_is_and_goes_on(
    client: Client,
    make_job: MakeJob,
    make_slice: MakeSlice,
    make_part: MakePart,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(results, "SCAN_SECONDS", -1.0)
    job = make_job(status="Active", total_tasks=4)
    slice_ = make_slice(job, [f"photos,{key}" for key in EVERY[:4]])
    for said in (SUCCESSFUL, SUCCESSFUL, SUCCESSFUL, MISSING):
        make_part(slice_, [said])

    page, told = shown(client, job, "?status=failed"), []
    while "Go on searching" in page:
        told.append(re.findall(r"<p>(\d+)% of the job is looked through(, and nothing)?", page)[0])
        last, page = page, shown(client, job, link(page, "page-next"))

    nothing = ", and nothing"
    assert told == [("25", nothing), ("50", nothing), ("75", nothing), ("100", "")]
    assert keys_in(last) == [EVERY[3]]
    assert "No result matches" not in last
    assert keys_in(page) == []


def test_after_a_match_it_is_never_said_that_nothing_was_found(
    client: Client,
    make_job: MakeJob,
    make_slice: MakeSlice,
    make_part: MakePart,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(results, "SCAN_SECONDS", -1.0)
    job = make_job(status="Complete", total_tasks=3)
    for key in ("a", "b", "a2"):
        make_part(make_slice(job, [f"photos,{key}"]), [MISSING])

    page, pages = shown(client, job, "?key=a&whole=on"), []
    while page:
        pages.append(page)
        place = link(page, "page-next")
        page = shown(client, job, place) if place else ""

    assert [keys_in(each) for each in pages] == [["a"], [], [], []][: len(pages)]
    assert len(pages) > 1
    for each in pages[1:]:
        assert "found so far" not in each
        assert "No result matches" not in each
    assert "No more results" in pages[-1]
    assert "The pages before this one have all that fit what is looked for." in pages[-1]
    assert link(pages[-1], "page-first") == "?key=a&whole=on"


def test_a_page_without_rows_says_why(client: Client, job: Job, make_job: MakeJob) -> None:
    assert "No results yet" in shown(client, make_job(status="Ready"))
    nothing = shown(client, job, "?code=SlowDown")
    assert "No result matches" in nothing
    assert "The job has not ended; more may come." in nothing
    part = job.parts.order_by("-id")[0]
    last = shown(client, job, f"?cursor={part.pk}.{part.end}")
    assert "No more results" in last
    assert "The job has not ended; more may come." in last


def test_a_job_that_ended_without_results_is_not_said_to_have_some_later(
    client: Client, make_job: MakeJob
) -> None:
    page = shown(client, make_job(status="Cancelled", total_tasks=3))

    assert "No task was executed." in page
    assert "No results yet" not in page


NONSENSE = [
    "status=half",
    "status=",
    "http_status=-1",
    "http_status=abc",
    "http_status=99999999999999999999",
    "http_status=4.4",
    f"http_status={quote('²')}",
    f"http_status={quote('٤٠٤')}",
    "code=%00",
    "code=" + "x" * 5000,
    "key=%00",
    "key=%FF%FE",
    "key=" + quote("😀" * 500),
    "key=%22%27%3Cb%3E",
    "key=%25&whole=on",
    "whole=on",
    "whole=%00",
    "nobody=knows",
    "status=failed&status=succeeded",
    "&&==",
]


@pytest.mark.parametrize("query", NONSENSE, ids=lambda query: query[:30])
def test_nonsense_in_the_address_is_never_an_error(client: Client, job: Job, query: str) -> None:
    page = shown(client, job, f"?{query}")

    assert "<b>" not in page.replace("</b>", "")
    assert link(page, "page-next") == ""


@pytest.mark.parametrize("query", ["http_status=abc", "http_status=-1", "status=half"])
def test_what_makes_no_sense_asks_for_nothing(client: Client, job: Job, query: str) -> None:
    assert keys_in(shown(client, job, f"?{query}")) == EVERY


@pytest.mark.parametrize(
    ("wanted", "told", "found"),
    [
        ({"http_status": "abc"}, ["“abc” is no HTTP status; it is left out."], EVERY),
        ({"http_status": "4040"}, ["“4040” is no HTTP status; it is left out."], EVERY),
        ({"http_status": "٤٠٤"}, ["“٤٠٤” is no HTTP status; it is left out."], EVERY),
        ({"http_status": "x" * 99}, [f"“{'x' * 60}” is no HTTP status; it is left out."], EVERY),
        ({"http_status": " 0 "}, [], [EVERY[3]]),
        ({"status": "<b>"}, ["“<b>” is no status; it is left out."], EVERY),
        (
            {"status": "failed", "http_status": "4 04", "key": "2025/"},
            ["“4 04” is no HTTP status; it is left out."],
            EVERY[1:3],
        ),
        (
            {"status": "bogus", "http_status": "-1", "code": "NoSuchVersion"},
            ["“bogus” is no status; it is left out.", "“-1” is no HTTP status; it is left out."],
            [EVERY[5]],
        ),
        ({"status": " ", "http_status": ""}, [], EVERY),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_told_and_the_rest_is_looked_for(
    client: Client, job: Job, wanted: dict[str, str], told: list[str], found: list[str]
) -> None:
    page = shown(client, job, f"?{urlencode(wanted)}")

    notices = re.findall(r'<div class="notice wait">.*?<p>(.*?)</p></div>', page, re.DOTALL)
    assert [unescape(notice) for notice in notices] == told
    assert keys_in(page) == found


def test_what_makes_no_sense_is_in_no_address_of_another_page(
    client: Client, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results_page, "RESULTS_A_PAGE", 2)

    page = shown(client, job, "?status=failed&http_status=4+04")

    assert link(page, "page-next").startswith("?status=failed&cursor=")


def test_the_server_tells_what_is_no_http_status_and_not_the_browser(
    client: Client, job: Job
) -> None:
    assert "pattern=" not in shown(client, job)


@pytest.mark.parametrize("cursor", ["x", "1", "1.", ".1", "-1.0", "1.2.3", "9" * 60, "%00", "²."])
def test_a_cursor_that_is_none_of_ours_is_a_bad_request(
    client: Client, job: Job, cursor: str
) -> None:
    page = shown(client, job, f"?cursor={cursor}", status=400)

    assert "This is not a cursor of this list; start without one." in page


def test_a_cursor_beyond_all_numbers_is_no_fault_of_ours(client: Client, job: Job) -> None:
    response = client.get(f"/jobs/{job.pk}/results/?cursor={'9' * 30}.{'9' * 7}")

    assert response.status_code in (200, 400)


def test_long_keys_are_cut_in_the_middle_and_whole_on_hover_and_to_copy(
    client: Client, make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart
) -> None:
    job, long = make_job(status="Active", total_tasks=1), "begin/" + "x" * 900 + "/end.jpg"
    make_part(make_slice(job, [f"photos,{long}"]), [MISSING])

    page = shown(client, job)

    assert f'title="photos/{long}"' in page
    assert keys_in(page) == [long]
    text = re.findall(r"<code title=[^>]*>([^<]*)</code>", page)[0]
    assert text.startswith("photos/begin/xxx")
    assert text.endswith("xxx/end.jpg")
    assert "…" in text
    assert len(text) == len("photos/") + 120


def test_a_file_that_is_lost_is_told_and_not_taken_for_successes(client: Client, job: Job) -> None:
    Slice.objects.filter(job=job).update(task_file="jobs/nowhere.tasks")

    page = shown(client, job, status=500)

    assert "a.jpg" not in page
