"""Trust no store untried: what an operator may override, and what is tried on demand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from jobs import services
from jobs.errors import JobFailure
from jobs.models import Job, Role, Waiver
from operations.probe import PLANS, Finding
from tests.conftest import MakeRole, MakeUser
from tests.core.probed import ProbedStore

TAGS = "S3PutObjectTagging"
ENDPOINT = "http://store:9000"


@pytest.fixture
def role(make_role: MakeRole) -> Role:
    return make_role(endpoint_url=ENDPOINT, server="nginx")


@pytest.fixture
def operator(make_user: MakeUser) -> User:
    return make_user("operator", name="olga")


def test_an_operator_may_override_what_is_ignored(
    store: ProbedStore, role: Role, operator: User, prepared: Callable[..., Job]
) -> None:
    store.finding = Finding.IGNORED
    services.probe_role(role, "photos", [TAGS])
    services.waive(role, operator, TAGS, reason="the gateway hides tags")

    job = prepared()

    assert job.status == "Ready"
    assert job.events.last().reason == (
        "2 tasks; ignored by the store; overridden by olga: the gateway hides tags"
    )
    waiver = Waiver.objects.get()
    assert (waiver.actor, waiver.reason, waiver.operation) == (
        "olga",
        "the gateway hides tags",
        TAGS,
    )


def test_an_override_never_holds_for_what_destroys(
    store: ProbedStore, role: Role, operator: User, prepared: Callable[..., Job]
) -> None:
    store.finding = Finding.IGNORED
    services.probe_role(role, "photos", [TAGS])
    services.waive(role, operator, TAGS, reason="fine")
    store.finding = Finding.DESTROYS
    services.probe_role(role, "photos", [TAGS])

    with pytest.raises(JobFailure) as failure:
        prepared()

    assert failure.value.code == "StoreDestroysData"


def test_an_override_ends_with_the_finding_that_it_was_given_for(
    store: ProbedStore, role: Role, operator: User, prepared: Callable[..., Job]
) -> None:
    store.finding = Finding.IGNORED
    services.probe_role(role, "photos", [TAGS])
    services.waive(role, operator, TAGS, reason="fine")
    for finding in (Finding.WORKS, Finding.IGNORED):
        store.finding = finding
        services.probe_role(role, "photos", [TAGS])

    with pytest.raises(JobFailure) as failure:
        prepared()

    assert failure.value.code == "StoreIgnoresOperation"
    assert Waiver.objects.get().ended_at is not None


def test_an_override_outlives_a_trial_that_finds_the_same(
    store: ProbedStore, role: Role, operator: User, prepared: Callable[..., Job]
) -> None:
    store.finding = Finding.IGNORED
    services.probe_role(role, "photos", [TAGS])
    services.waive(role, operator, TAGS, reason="fine")
    services.probe_role(role, "photos", [TAGS])

    assert prepared().status == "Ready"


def test_an_override_is_for_one_role_and_one_endpoint(
    store: ProbedStore,
    role: Role,
    operator: User,
    make_role: MakeRole,
    prepared: Callable[..., Job],
) -> None:
    store.finding = Finding.IGNORED
    services.probe_role(role, "photos", [TAGS])
    services.waive(role, operator, TAGS, reason="fine")

    with pytest.raises(JobFailure):
        prepared(role=make_role("other", endpoint_url=ENDPOINT, server="nginx"))
    role.endpoint_url = "http://moved:9000"
    role.save()
    with pytest.raises(JobFailure):
        prepared()


def test_on_demand_everything_that_can_be_tried_is_tried(store: ProbedStore, role: Role) -> None:
    services.probe_role(role, "photos")

    assert {name for name, *_ in store.asked} == set(PLANS)
    assert {row.name for row in services.matrix(role) if row.is_standing} == set(PLANS)
