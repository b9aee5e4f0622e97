"""ListJobs: what is no argument, and what is no token (spec.md 3.6)."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User

from jobs.models import Job
from tests.conftest import OTHER_ACCOUNT, MakeJob
from tests.s3control.conftest import KeyOf
from tests.s3control.wire import JOBS, Key, account, call, client_of


@pytest.fixture
def token(control: Any, make_job: MakeJob) -> str:
    """A token that is good for a list without a filter."""
    for _ in range(3):
        make_job()
    page = control.list_jobs(AccountId=account(), MaxResults=1)
    return str(page["NextToken"])


@pytest.mark.parametrize(
    "query",
    [
        "maxResults=-1",
        "maxResults=1001",
        "maxResults=abc",
        "maxResults=",
        "maxResults=1.0",
        "maxResults=%201",
        "maxResults=1_0",
        "maxResults=%D9%A3",
        "maxResults=99999999999999999999999",
        "maxResults=1&maxResults=2",
        "jobStatuses=Done",
        "jobStatuses=active",
        "jobStatuses=",
        "jobStatuses=Active&jobStatuses=Done",
        "jobStatuses=Active%2CReady",
    ],
)
def test_what_is_no_argument_is_refused(key: Key, query: str) -> None:
    assert call(key, "GET", f"{JOBS}?{query}").told == (400, "InvalidRequestException")


@pytest.mark.parametrize("wrong", [{"MaxResults": 1001}, {"JobStatuses": ["Done"]}], ids=str)
def test_boto3_raises_it_as_what_it_is(lax: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(lax.exceptions.InvalidRequestException):
        lax.list_jobs(AccountId=account(), **wrong)


@pytest.mark.parametrize("size", ["0", "1", "1000"])
def test_what_is_just_an_argument_is_taken(key: Key, size: str) -> None:
    assert call(key, "GET", f"{JOBS}?maxResults={size}").status == 200


def test_arguments_that_nobody_knows_are_ignored(key: Key) -> None:
    assert call(key, "GET", f"{JOBS}?x=1&maxresults=-1").status == 200


@pytest.mark.parametrize(
    "wrong",
    ["x", "abc", "AAAA", "=", "not base64!", "ü", "t" * 1025, "0", "null", "#", "a b", "%00"],
)
def test_what_is_no_token_is_refused(lax: Any, wrong: str) -> None:
    with pytest.raises(lax.exceptions.InvalidNextTokenException):
        lax.list_jobs(AccountId=account(), NextToken=wrong)


@pytest.mark.parametrize("query", ["nextToken=", "nextToken=%00", "nextToken=a&nextToken=b"])
def test_no_token_and_two_are_none(key: Key, query: str) -> None:
    assert call(key, "GET", f"{JOBS}?{query}").told == (400, "InvalidNextTokenException")


@pytest.mark.parametrize(
    "made_up",
    [b"{}", b"[]", b"null", b'["2026-01-01T00:00:00Z", "x"]', b"\xff\xff", b"a:b:c", b"1" * 99],
)
def test_base64_of_nonsense_is_no_token(lax: Any, made_up: bytes) -> None:
    with pytest.raises(lax.exceptions.InvalidNextTokenException):
        lax.list_jobs(AccountId=account(), NextToken=base64.b64encode(made_up).decode())


def test_a_token_with_one_changed_character_is_none(key: Key, token: str) -> None:
    """Each of them; only bits that base64 does not use may be changed unnoticed."""
    whole = call(key, "GET", f"{JOBS}?nextToken={quote(token, safe='')}").body

    for place, char in enumerate(token):
        changed = token[:place] + ("A" if char != "A" else "B") + token[place + 1 :]
        reply = call(key, "GET", f"{JOBS}?nextToken={quote(changed, safe='')}")
        is_same = reply.status == 200 and reply.body == whole
        assert is_same or reply.told == (400, "InvalidNextTokenException"), place


@pytest.mark.parametrize("place", [1, 5, -1])
def test_a_token_that_was_cut_is_none(lax: Any, token: str, place: int) -> None:
    with pytest.raises(lax.exceptions.InvalidNextTokenException):
        lax.list_jobs(AccountId=account(), NextToken=token[:place])


def test_a_token_goes_with_its_filter(control: Any, token: str) -> None:
    with pytest.raises(control.exceptions.InvalidNextTokenException):
        control.list_jobs(AccountId=account(), NextToken=token, JobStatuses=["New"])


def test_a_token_of_a_filter_goes_with_no_other(control: Any, make_job: MakeJob) -> None:
    for _ in range(2):
        make_job(status="Ready")
    token = control.list_jobs(AccountId=account(), JobStatuses=["Ready"], MaxResults=1)["NextToken"]

    for other in ({}, {"JobStatuses": ["New"]}, {"JobStatuses": ["Ready", "New"]}):
        with pytest.raises(control.exceptions.InvalidNextTokenException):
            control.list_jobs(AccountId=account(), NextToken=token, **other)


def test_a_token_goes_with_its_account(
    token: str, make_job: MakeJob, other_user: User, key_of: KeyOf
) -> None:
    make_job(account_id=OTHER_ACCOUNT)
    other = client_of(key_of(other_user))

    with pytest.raises(other.exceptions.InvalidNextTokenException):
        other.list_jobs(AccountId=OTHER_ACCOUNT, NextToken=token)


def test_a_token_whose_job_was_removed_says_so(control: Any, token: str) -> None:
    """Whoever walks the list begins again: better than to repeat or to skip a job."""
    Job.objects.all().delete()

    with pytest.raises(control.exceptions.InvalidNextTokenException):
        control.list_jobs(AccountId=account(), NextToken=token)


def test_a_token_may_be_used_again(control: Any, token: str) -> None:
    first = control.list_jobs(AccountId=account(), NextToken=token)["Jobs"]

    assert len(first) == 2
    assert control.list_jobs(AccountId=account(), NextToken=token)["Jobs"] == first
