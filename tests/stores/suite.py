"""What every store is put through: a file test_STORE.py for each takes all of this.

Each operation on each key through each lane: what it does is read back, and has to be what is
declared. Then refusals, and whole jobs.
"""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from tests.conftest import MakeRole
from tests.operations.examples import EXAMPLES
from tests.stores.cases import CASES, TAGGING, Case
from tests.stores.conftest import Observe
from tests.stores.declared import declaration, in_lines, line_of
from tests.stores.jobs import COUNT, WholeJob
from tests.stores.refusals import SITUATIONS, TRIED, Place, arrange, refuse, said_of
from tests.stores.shop import Shop
from tests.stores.trying import DESTROYS, WORKS, Found, Lane, try_case, without_request_ids

BY_CASE = pytest.mark.parametrize(
    ("case", "versions"),
    [
        pytest.param(case, versions, id=line_of(case, versions=versions))
        for case in CASES
        for versions in (False, True)
        if versions or not case.only_versions
    ],
)
SEEN: dict[tuple[str, str, bool, Lane], dict[str, Found]] = {}


def found(shop: Shop, case: Case, versions: bool, lane: Lane) -> dict[str, Found]:
    """What came of a trial, which is made once."""
    name = (shop.name, case.title, versions, lane)
    if name not in SEEN:
        SEEN[name] = try_case(shop, case, lane, versions=versions)
    return SEEN[name]


@BY_CASE
@pytest.mark.parametrize("lane", Lane, ids=lambda lane: lane.value)
def test_a_store_does_with_every_key_what_is_declared_of_it(
    shop: Shop, case: Case, versions: bool, lane: Lane, observe: Observe
) -> None:
    line = line_of(case, versions=versions)

    verdicts = {kind: each.verdict for kind, each in found(shop, case, versions, lane).items()}

    observe(in_lines(line, verdicts))
    assert in_lines(line, verdicts) == declaration(shop.name, line)


@BY_CASE
def test_both_lanes_report_the_same_of_every_key(shop: Shop, case: Case, versions: bool) -> None:
    told = [
        {
            kind: each.outcome and without_request_ids(each.outcome)
            for kind, each in found(shop, case, versions, lane).items()
        }
        for lane in Lane
    ]

    assert told[0] == told[1]


@pytest.fixture(scope="session")
def place(shop: Shop) -> Place:
    """A bucket in which operations are to be refused."""
    return arrange(shop)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_refusal_becomes_the_result_of_the_task_alike_in_both_lanes(
    shop: Shop, place: Place, situation: str, observe: Observe
) -> None:
    told = {
        lane: {title: refuse(shop, place, case, situation, lane) for title, case in TRIED.items()}
        for lane in Lane
    }

    said = {title: said_of(outcome) for title, outcome in told[Lane.CURL].items()}
    lines = in_lines(situation, said, common="Replace all object tags")
    observe(lines)
    assert lines == declaration(shop.name, situation)
    alike = [
        {title: each and without_request_ids(each) for title, each in outcomes.items()}
        for outcomes in told.values()
    ]
    assert alike[0] == alike[1]
    for outcome in told[Lane.CURL].values():
        assert outcome is None or outcome.succeeded or outcome.message


@pytest.fixture
def whole_job(shop: Shop, user: User, make_role: MakeRole) -> WholeJob:
    """A job on COUNT objects of the store, from its creation to its report."""
    return WholeJob(shop, user, make_role)


def test_a_whole_job_gives_every_object_its_tags_and_reports_all(whole_job: WholeJob) -> None:
    if not whole_job.is_declared(TAGGING.title, WORKS):
        pytest.skip("declared: this store keeps no tags")
    parameters = {"tag_set": [{"key": "project", "value": "lading"}]}

    job = whole_job.done("S3PutObjectTagging", parameters)

    assert (job.status, job.failure_reasons) == ("Complete", [])
    assert (job.total_tasks, job.succeeded, job.failed) == (COUNT, COUNT, 0)
    assert whole_job.reported(job) == whole_job.rows("succeeded,200,,Successful")
    assert whole_job.tags() == [{"project": "lading"}] * COUNT
    assert whole_job.bodies() == whole_job.put_bodies


def test_a_whole_job_copies_every_object_and_reports_all(whole_job: WholeJob) -> None:
    parameters = {
        "target_resource": f"arn:aws:s3:::{whole_job.archive}",
        "target_key_prefix": "copies",
    }

    job = whole_job.done("S3PutObjectCopy", parameters)

    assert (job.status, job.failure_reasons) == ("Complete", [])
    assert (job.total_tasks, job.succeeded, job.failed) == (COUNT, COUNT, 0)
    assert whole_job.reported(job) == whole_job.rows("succeeded,200,,Successful")
    assert whole_job.bodies(whole_job.archive, "copies/") == whole_job.put_bodies


@pytest.mark.parametrize(
    ("line", "operation"),
    [
        (TAGGING.title, "S3PutObjectTagging"),
        ("Update object encryption", "S3UpdateObjectEncryption"),
    ],
)
def test_a_job_that_would_destroy_data_fails_before_its_first_task(
    whole_job: WholeJob, line: str, operation: str
) -> None:
    if not whole_job.is_declared(line, DESTROYS):
        pytest.skip("declared: this store does not destroy data so")

    job = whole_job.done(operation, EXAMPLES[operation][0])

    assert (job.status, job.executed) == ("Failed", 0)
    assert [reason["FailureCode"] for reason in job.failure_reasons] == ["StoreDestroysData"]
    assert whole_job.bodies() == whole_job.put_bodies
