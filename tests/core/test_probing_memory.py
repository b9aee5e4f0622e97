"""Trust no store untried: how long a finding stands, and for what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from jobs import services
from jobs.errors import JobFailure
from jobs.models import Job, Role, Trial
from operations.probe import Finding
from tests.conftest import MakeRole
from tests.core.probed import ProbedStore

TAGS = "S3PutObjectTagging"
ENDPOINT = "http://store:9000"


@pytest.fixture
def role(make_role: MakeRole) -> Role:
    return make_role(endpoint_url=ENDPOINT, server="nginx")


def age(trial: Trial, **span: int) -> None:
    Trial.objects.filter(pk=trial.pk).update(tried_at=Now() - timedelta(**span))


def test_a_store_is_tried_once_for_an_operation(
    store: ProbedStore, prepared: Callable[..., Job]
) -> None:
    prepared()
    prepared()

    assert len(store.asked) == 1


@pytest.mark.parametrize(("days", "times"), [(29, 1), (31, 2)])
def test_a_finding_stands_for_30_days(
    store: ProbedStore, prepared: Callable[..., Job], days: int, times: int
) -> None:
    prepared()
    age(Trial.objects.get(), days=days)
    prepared()

    assert len(store.asked) == times
    assert Trial.objects.count() == 1


def test_a_store_that_calls_itself_something_else_is_tried_again(
    store: ProbedStore, prepared: Callable[..., Job], role: Role
) -> None:
    prepared()
    Role.objects.update(server="nginx/2")
    role.refresh_from_db()
    prepared()

    assert len(store.asked) == 2
    assert Trial.objects.get().server == "nginx/2"


@pytest.mark.parametrize(
    ("change", "times"),
    [
        ({"endpoint_url": f"{ENDPOINT}/"}, 1),
        ({"endpoint_url": "http://other:9000"}, 2),
        ({"account_id": "999988887777"}, 2),
    ],
)
def test_a_finding_is_for_one_endpoint_and_one_account(
    store: ProbedStore,
    prepared: Callable[..., Job],
    make_role: MakeRole,
    change: dict[str, str],
    times: int,
) -> None:
    prepared()
    prepared(role=make_role("other", **{"endpoint_url": ENDPOINT, "server": "nginx", **change}))

    assert len(store.asked) == times


def test_an_untried_operation_is_tried_for_each_job(
    store: ProbedStore, prepared: Callable[..., Job]
) -> None:
    store.finding = Finding.UNTRIED
    prepared()
    store.finding = Finding.WORKS

    assert prepared().status == "Ready"


def test_untried_never_takes_the_place_of_what_is_known(
    store: ProbedStore, role: Role, prepared: Callable[..., Job]
) -> None:
    store.finding = Finding.DESTROYS
    services.probe_role(role, "photos", [TAGS])
    store.finding = Finding.UNTRIED
    services.probe_role(role, "photos", [TAGS])

    assert Trial.objects.get().finding == Finding.DESTROYS
    with pytest.raises(JobFailure):
        prepared()


def test_two_that_try_at_once_do_no_harm(
    store: ProbedStore, role: Role, prepared: Callable[..., Job]
) -> None:
    def other() -> None:
        store.meanwhile = lambda: None
        services.probe_role(role, "photos", [TAGS])

    store.meanwhile = other

    assert prepared().status == "Ready"
    assert Trial.objects.count() == 1
