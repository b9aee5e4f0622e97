"""PutJobTagging, GetJobTagging, DeleteJobTagging (spec.md 3.9)."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.status import JobStatus
from tests.conftest import MakeJob
from tests.s3control.wire import JOBS, NAMESPACE, Key, account, call

TAGS = [{"Key": "Straße 1", "Value": ""}, {"Key": "team", "Value": "web"}]
"""By key, as they are given back."""


def tags_of(control: Any, job: Any) -> Any:
    return control.get_job_tagging(AccountId=account(), JobId=str(job.pk))["Tags"]


def put(control: Any, job: Any, tags: Any) -> Any:
    return control.put_job_tagging(AccountId=account(), JobId=str(job.pk), Tags=tags)


def test_a_job_without_tags_has_an_empty_list(control: Any, key: Key, make_job: MakeJob) -> None:
    job = make_job()

    assert tags_of(control, job) == []
    root = call(key, "GET", f"{JOBS}/{job.pk}/tagging").root
    assert root.tag == f"{{{NAMESPACE}}}GetJobTaggingResult"
    assert [child.tag for child in root] == [f"{{{NAMESPACE}}}Tags"]


@pytest.mark.parametrize("status", list(JobStatus))
def test_tags_are_put_read_and_removed_in_every_status(
    control: Any, make_job: MakeJob, status: JobStatus
) -> None:
    job = make_job(status=status)

    put(control, job, TAGS)
    assert tags_of(control, job) == TAGS

    control.delete_job_tagging(AccountId=account(), JobId=str(job.pk))
    assert tags_of(control, job) == []


def test_tags_take_the_place_of_all_before(control: Any, make_job: MakeJob) -> None:
    job = make_job(tags={"old": "1", "team": "ops"})

    put(control, job, TAGS)

    assert tags_of(control, job) == TAGS


def test_no_tags_take_the_place_of_all_before(control: Any, make_job: MakeJob) -> None:
    job = make_job(tags={"old": "1"})

    put(control, job, [])

    assert tags_of(control, job) == []


def test_replies_that_tell_nothing_are_empty(key: Key, make_job: MakeJob) -> None:
    """200 and not 204, as clients expect it."""
    target = f"{JOBS}/{make_job().pk}/tagging"
    body = "<PutJobTaggingRequest><Tags/></PutJobTaggingRequest>"

    for reply in (call(key, "PUT", target, body), call(key, "DELETE", target)):
        assert (reply.status, reply.body) == (200, b"")


def test_keys_differ_by_their_case(control: Any, make_job: MakeJob) -> None:
    tags = [{"Key": "Team", "Value": "a"}, {"Key": "team", "Value": "b"}]
    job = make_job()

    put(control, job, tags)

    assert tags_of(control, job) == tags


def test_fifty_tags_are_taken_and_one_more_is_not(control: Any, make_job: MakeJob) -> None:
    job = make_job()
    tags = [{"Key": f"key-{number:02}", "Value": "v" * 256} for number in range(51)]

    put(control, job, tags[:50])
    with pytest.raises(control.exceptions.TooManyTagsException) as told:
        put(control, job, tags)

    assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert tags_of(control, job) == tags[:50]


@pytest.mark.parametrize(
    "tags",
    [
        [{"Key": "", "Value": "v"}],
        [{"Key": "k" * 129, "Value": "v"}],
        [{"Key": "k", "Value": "v" * 257}],
        [{"Key": "no#hash", "Value": "v"}],
        [{"Key": "k", "Value": "no\ttab"}],
        [{"Key": "k", "Value": "a"}, {"Key": "k", "Value": "b"}],
        [{"Key": "k", "Value": "a"}, {"Key": "k", "Value": "a"}],
        [{"Key": "k"}],
        [{"Value": "v"}],
        [{}],
    ],
    ids=lambda tags: str(tags)[:40],
)
def test_a_tag_that_is_none_is_refused(lax: Any, make_job: MakeJob, tags: Any) -> None:
    job = make_job(tags={"old": "1"})

    with pytest.raises(lax.exceptions.ClientError) as told:
        put(lax, job, tags)

    error = told.value.response
    assert error["Error"]["Code"] == "BadRequestException"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert tags_of(lax, job) == [{"Key": "old", "Value": "1"}]


@pytest.mark.parametrize(
    "body",
    [
        "<PutJobTaggingRequest/>",
        "<PutJobTaggingRequest>x</PutJobTaggingRequest>",
        "<PutJobTaggingRequest><Tags>team=web</Tags></PutJobTaggingRequest>",
        "<PutJobTaggingRequest><Tags/><Tags/></PutJobTaggingRequest>",
    ],
)
def test_a_request_without_tags_is_refused(key: Key, make_job: MakeJob, body: str) -> None:
    """Nobody who forgets the list means to remove everything."""
    job = make_job(tags={"old": "1"})

    reply = call(key, "PUT", f"{JOBS}/{job.pk}/tagging", body)

    assert reply.told == (400, "BadRequestException")
    job.refresh_from_db()
    assert job.tags == {"old": "1"}


def test_tags_may_be_written_in_many_ways(key: Key, make_job: MakeJob) -> None:
    job = make_job()
    body = (
        '<a:PutJobTaggingRequest xmlns:a="urn:x"><a:Other/><a:Tags>\n'
        "<a:S3Tag><a:Value>web</a:Value><a:Key>team</a:Key></a:S3Tag>\n"
        "</a:Tags></a:PutJobTaggingRequest>"
    )

    assert call(key, "PUT", f"{JOBS}/{job.pk}/tagging", body).status == 200

    job.refresh_from_db()
    assert job.tags == {"team": "web"}
