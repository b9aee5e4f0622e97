"""Failed tasks in groups, with what each group most likely means and a few of its tasks."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from django.test import Client

from jobs.models import Job, Tally, TaskResult
from jobs.pages.causes import BY_HTTP_STATUS, CAUSES, likely_cause
from jobs.pages.failures import MOST_GROUPS, SAMPLES, failures_of
from jobs.tasks_of_job import OTHER
from operations.perform import FAULT_CODES, THROTTLE_CODES
from tests.conftest import MakeJob, MakePart, MakeSlice
from tests.core.scripted import MISSING, refusal

UNKNOWN = likely_cause("NobodyKnows", 418)


def fail(job: Job, code: str, http_status: int | None, *keys: str, count: int = 0) -> None:
    """A tally and the tasks that are kept of it."""
    told = http_status or 0
    Tally.objects.create(job=job, error_code=code, http_status=told, count=count or len(keys))
    TaskResult.objects.bulk_create(
        TaskResult(job=job, bucket="b", key=key, http_status=http_status, error_code=code)
        for key in keys
    )


@pytest.fixture
def job(make_job: MakeJob) -> Job:
    return make_job(status="Active", total_tasks=100, failed=20)


def test_each_group_has_samples_of_its_own_code_and_status(job: Job, make_job: MakeJob) -> None:
    fail(job, "NoSuchKey", 404, "a", "b", "c", "d", "e")
    fail(job, "NoSuchKey", 410, "x")
    fail(job, "ReadTimeoutError", None, "y", "z")
    fail(job, "Unkept", 400, count=4)
    fail(make_job(status="Active", failed=1), "Unkept", 400, "another job's")

    found = failures_of(job)

    groups = [(str(group.tally.error_code), list(group.samples)) for group in found.groups]
    assert groups == [
        ("NoSuchKey", ["a", "b", "c"]),
        ("Unkept", []),
        ("ReadTimeoutError", ["y", "z"]),
        ("NoSuchKey", ["x"]),
    ]
    assert len(found.groups[0].samples) == SAMPLES
    assert not found.has_more


@pytest.mark.parametrize(("kinds", "has_more"), [(MOST_GROUPS, False), (MOST_GROUPS + 1, True)])
def test_only_the_most_frequent_groups_are_shown(job: Job, kinds: int, has_more: bool) -> None:
    for number in range(kinds):
        fail(job, f"E{number}", 400, count=number + 1)

    found = failures_of(job)

    assert [group.tally.count for group in found.groups] == [
        kinds - place for place in range(MOST_GROUPS)
    ]
    assert found.has_more == has_more


def test_a_job_without_failures_has_none(make_job: MakeJob) -> None:
    assert failures_of(make_job(status="Active")).groups == []


def test_what_is_beyond_the_table_of_codes_leads_to_just_its_tasks(
    client: Client, make_job: MakeJob, make_slice: MakeSlice, make_part: MakePart
) -> None:
    job = make_job(status="Complete", total_tasks=3, failed=3)
    said = [MISSING, refusal(418, "Odd1", "?"), refusal(500, "Odd2", "?")]
    make_part(make_slice(job, ["photos,a", "photos,b", "photos,c"]), said)
    fail(job, "NoSuchKey", 404, count=1)
    fail(job, *OTHER, count=2)

    page = client.get(f"/jobs/{job.pk}/").content.decode()
    link = unescape(re.findall(r'href="([^"]*code=Other[^"]*)"', page)[0])
    results = client.get(link).content.decode()
    change = client.get(f"/jobs/new/?tasks_of={job.pk}&tasks=failed&tasks_code=Other"
                        "&tasks_http_status=0").content.decode()  # fmt: skip

    assert "no reply" not in page + change
    assert "Many codes and HTTP statuses" in page
    assert re.findall(r'id="key-\d+" hidden>([^<]*)<', results) == ["b", "c"]
    assert "Other stands for all codes" in results
    assert "Failed tasks (Other)" in change


# ---- causes


@pytest.mark.parametrize("code", sorted(THROTTLE_CODES))
@pytest.mark.parametrize("http_status", [200, 400, 503])
def test_whatever_a_store_calls_it_too_many_requests_are_told_so(
    code: str, http_status: int
) -> None:
    assert "slow down" in likely_cause(code, http_status) or "capacity" in likely_cause(
        code, http_status
    )


@pytest.mark.parametrize("code", sorted(FAULT_CODES))
def test_a_fault_of_the_store_says_that_a_retry_may_help(code: str) -> None:
    assert "retry" in likely_cause(code, 200)


LADINGS_OWN = [
    "EndpointRefused", "PermanentFailure", "RequestTimeout", "TemporaryFailure",
    "WorkerDied", "InvalidRequest",
]  # fmt: skip


@pytest.mark.parametrize("code", LADINGS_OWN)
def test_the_codes_that_lading_makes_have_causes_of_their_own(code: str) -> None:
    assert likely_cause(code, 0) == CAUSES[code]
    assert CAUSES[code] not in BY_HTTP_STATUS.values()


def test_what_is_beyond_the_table_of_codes_is_told_as_many_and_not_as_unanswered() -> None:
    assert "Many codes and HTTP statuses" in likely_cause(*OTHER)
    assert likely_cause("Other", 404) == BY_HTTP_STATUS[404], "a store's own word"


def codes_of_replication() -> set[str]:
    source = "".join(path.read_text() for path in Path("operations").glob("repl*.py"))
    source += Path("operations/source_lock.py").read_text()
    return set(re.findall(r'"((?:Src|Dst|Initiate)[A-Z]\w+)"', source))


def test_every_code_of_replicate_has_a_cause_of_its_own() -> None:
    codes = codes_of_replication()

    causes = {code: likely_cause(code, 418) for code in codes}

    assert len(codes) > 15
    assert UNKNOWN not in causes.values()
    assert len(set(causes.values())) == len(codes)


def test_a_code_of_replicate_says_at_which_side_and_step() -> None:
    assert "upload a part at the destination" in likely_cause("DstMultipartUploadNotPermitted", 403)
    assert "read its legal hold at the source" in likely_cause("SrcGetLegalHoldNotPermitted", 403)
    assert likely_cause("DstSomethingNewNotPermitted", 403) == BY_HTTP_STATUS[403]


@pytest.mark.parametrize(
    ("code", "http_status", "piece"),
    [
        ("KMS.NotFoundException", 400, "KMS key"),
        ("KMS.DisabledException", 400, "is disabled"),
        ("SomethingOdd", 0, "No reply came"),
        ("SomethingOdd", 404, "is not there"),
        ("SomethingOdd", 507, "failed by itself"),
        ("", 403, "may not do this"),
    ],
)
def test_a_code_that_nobody_knows_is_judged_by_its_status(
    code: str, http_status: int, piece: str
) -> None:
    assert piece in likely_cause(code, http_status)
    assert likely_cause(code, http_status) != UNKNOWN


def test_what_nobody_knows_refers_to_the_store(job: Job) -> None:
    fail(job, "NobodyKnows", 418, "a")

    assert failures_of(job).groups[0].cause == UNKNOWN
    assert "message" in UNKNOWN
