"""Trust no store untried: what a finding means for a job, and how long it stands (decision 16)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs import services
from jobs.errors import InvalidRequest, InvalidTransition, JobFailure
from jobs.leases import LeaseLost
from jobs.models import Job, Role
from operations.probe import Finding
from tests.conftest import MakeRole
from tests.core.probed import ProbedStore

TAGS = "S3PutObjectTagging"
ENDPOINT = "http://store:9000"


@pytest.fixture
def role(make_role: MakeRole) -> Role:
    return make_role(endpoint_url=ENDPOINT, server="nginx")


# ---- what a finding means


def test_where_the_operation_works_the_job_goes_on(
    store: ProbedStore, prepared: Callable[..., Job]
) -> None:
    job = prepared()

    assert job.status == "Ready"
    assert job.events.last().reason == "2 tasks"
    assert store.asked == [(TAGS, "photos", ".lading-probe/")]


def test_where_it_is_refused_cleanly_the_job_goes_on_and_says_so(
    store: ProbedStore, prepared: Callable[..., Job]
) -> None:
    store.finding = Finding.REFUSED

    job = prepared()

    assert job.status == "Ready"
    assert job.events.last().reason == "2 tasks; refused when it was tried: It is refused."


@pytest.mark.parametrize(
    ("finding", "code", "words"),
    [
        (
            Finding.DESTROYS,
            "StoreDestroysData",
            "No object of the job was touched. Nobody can over",
        ),
        (Finding.IGNORED, "StoreIgnoresOperation", "accepts S3PutObjectTagging and does nothing"),
    ],
)
def test_where_it_lies_the_job_fails_in_words(
    store: ProbedStore, prepared: Callable[..., Job], finding: Finding, code: str, words: str
) -> None:
    store.finding = finding

    with pytest.raises(JobFailure, match=words) as failure:
        prepared()

    assert failure.value.code == code
    assert len(failure.value.reason) < 256
    assert not failure.value.reason.endswith("...")


def test_the_longest_names_fit_into_a_reason(
    store: ProbedStore, make_role: MakeRole, prepared: Callable[..., Job]
) -> None:
    store.finding = Finding.IGNORED
    role = make_role("r" * 64, endpoint_url=ENDPOINT, scratch_bucket="b" * 63)

    with pytest.raises(JobFailure) as failure:
        prepared(role=role)

    assert len(failure.value.reason) <= 256
    assert failure.value.reason.endswith(".")


def test_the_lease_is_renewed_while_the_store_is_tried(
    store: ProbedStore, prepared: Callable[..., Job], settings: Any
) -> None:
    settings.LADING_LEASE_SECONDS = 0  # every renewal is due
    leases: list[Any] = []
    store.meanwhile = lambda: Job.objects.update(lease_until=None)
    store.afterwards = lambda: leases.append(Job.objects.get().lease_until)

    prepared()

    assert leases != [None]


def test_a_trial_ends_when_the_lease_is_gone(
    store: ProbedStore, prepared: Callable[..., Job], settings: Any
) -> None:
    settings.LADING_LEASE_SECONDS = 0
    store.meanwhile = lambda: Job.objects.update(epoch=99)

    with pytest.raises(LeaseLost):
        prepared()

    assert Job.objects.get().status == "Preparing"


# ---- untried


@pytest.fixture
def untried(store: ProbedStore, prepared: Callable[..., Job]) -> Job:
    store.finding = Finding.UNTRIED
    return prepared()


def test_an_untried_job_waits_for_a_person_though_nobody_asked_for_that(untried: Job) -> None:
    assert untried.status == "Suspended"
    assert untried.suspended_cause == "UNTRIED_STORE: It is untried."
    assert untried.suspended_at is not None


def test_a_plain_confirmation_is_not_enough_for_an_untried_job(untried: Job, user: User) -> None:
    with pytest.raises(InvalidRequest, match="accept_untried") as refused:
        services.confirm_job(untried, user)

    untried.refresh_from_db()
    assert untried.status == "Suspended"
    assert "It is untried." in refused.value.fields["accept_untried"][0]


def test_a_stale_copy_does_not_get_around_the_acknowledgement(untried: Job, user: User) -> None:
    stale = Job.objects.get()
    stale.status, stale.suspended_cause = "Preparing", ""

    with pytest.raises(InvalidRequest):
        services.confirm_job(stale, user)


def test_who_accepts_that_it_is_untried_lets_it_run_and_is_remembered(
    untried: Job, user: User
) -> None:
    services.confirm_job(untried, user, accept_untried=True)

    assert untried.status == "Ready"
    event = untried.events.last()
    assert (event.actor, event.reason) == ("ada", "confirmed, with a store that was not tried")


def test_an_ended_job_is_told_its_status_and_nothing_of_trials(untried: Job, user: User) -> None:
    services.cancel_job(untried, user)

    with pytest.raises(InvalidTransition):
        services.confirm_job(untried, user)


def test_a_tried_job_that_asks_for_confirmation_has_the_usual_cause(
    store: ProbedStore, prepared: Callable[..., Job], user: User
) -> None:
    job = prepared(confirmation_required=True)
    services.confirm_job(job, user)

    assert (job.status, job.suspended_cause) == ("Ready", "AWAITING_CONFIRMATION")
