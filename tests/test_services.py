"""The verbs that every door calls: what they write, and what they refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now

from jobs import background, services
from jobs.errors import InvalidRequest, InvalidTransition, NotFound
from jobs.models import Job, Role
from jobs.status import JobStatus
from tests.conftest import OTHER_ACCOUNT, SECRET, MakeJob, MakeRole

if TYPE_CHECKING:
    pass


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each time that the bell was rung."""
    heard: list[str] = []
    monkeypatch.setattr(background, "ring", lambda: heard.append("ring"))
    return heard


# ---- seeing


def test_a_person_sees_what_belongs_to_the_account(
    user: User, other_user: User, make_job: MakeJob
) -> None:
    mine, theirs = make_job(), make_job(account_id=OTHER_ACCOUNT)

    assert services.job_of(user, mine.pk) == mine
    assert services.job_of(other_user, theirs.pk) == theirs
    assert list(services.jobs_of(user)) == [mine]
    assert list(services.roles_of(user)) == [mine.role]
    assert list(services.manifests_of(user)) == [mine.manifest]


@pytest.mark.parametrize("pk", ["no-uuid", "", 7, None, "00000000-0000-0000-0000-000000000000"])
def test_a_job_that_is_not_there_is_not_found(user: User, pk: object) -> None:
    with pytest.raises(NotFound, match="The specified job does not exist"):
        services.job_of(user, pk)


def test_a_job_of_others_is_not_found(user: User, make_job: MakeJob) -> None:
    with pytest.raises(NotFound):
        services.job_of(user, make_job(account_id=OTHER_ACCOUNT).pk)


# ---- deciding


@pytest.mark.parametrize("verb", [services.confirm_job, services.cancel_job])
def test_a_decision_rings_the_bell_and_is_remembered_with_its_reason(
    user: User, make_job: MakeJob, rings: list[str], verb: Any
) -> None:
    job = make_job(status="Suspended")

    verb(job, user, reason="because")

    assert rings == ["ring"]
    assert job.status_update_reason == job.events.get().reason == "because"


@pytest.mark.parametrize("verb", [services.confirm_job, services.cancel_job])
def test_a_decision_on_a_stale_copy_is_refused_and_writes_nothing(
    user: User, make_job: MakeJob, rings: list[str], verb: Any
) -> None:
    stale = make_job(status="Suspended")
    Job.objects.filter(pk=stale.pk).update(status=JobStatus.COMPLETE)

    with pytest.raises(InvalidTransition, match="The job is Complete"):
        verb(stale, user)

    assert stale.status == "Complete"
    assert stale.events.count() == 0
    assert rings == []


def test_cancelling_a_job_that_has_become_active_meanwhile_drains_it(
    user: User, make_job: MakeJob
) -> None:
    stale = make_job(status="Ready")
    Job.objects.filter(pk=stale.pk).update(status=JobStatus.ACTIVE, active_since=Now())

    services.cancel_job(stale, user)

    assert stale.status == "Cancelling"


@pytest.mark.parametrize("verb", [services.confirm_job, services.cancel_job])
def test_a_reason_has_at_most_256_characters(user: User, make_job: MakeJob, verb: Any) -> None:
    job = make_job(status="Suspended")

    with pytest.raises(InvalidRequest) as error:
        verb(job, user, reason="x" * 257)
    verb(job, user, reason="x" * 256)

    assert error.value.fields == {"reason": ["A reason has at most 256 characters."]}
    assert job.status_update_reason == "x" * 256


def test_a_priority_that_changes_rings_the_bell(
    user: User, make_job: MakeJob, rings: list[str]
) -> None:
    job = make_job(status="Active")

    services.set_priority(job, user, 99)

    assert (job.priority, job.status) == (99, "Active")
    assert job.events.get().reason == "priority set to 99"
    assert rings == ["ring"]


@pytest.mark.parametrize("rate", [0, -1, 1_000_001, True, False, 1.0, "50", "", ..., [50]])
def test_a_ceiling_is_a_whole_number_or_none(
    user: User, make_job: MakeJob, role: Role, rate: Any
) -> None:
    job = make_job(status="Active")

    for verb in (
        lambda: services.set_speed(job, user, rate),
        lambda: services.set_role(role.account_id, role.name, requests_per_second=rate),
    ):
        with pytest.raises(InvalidRequest) as error:
            verb()
        assert error.value.fields.keys() == {"requests_per_second"}

    job.refresh_from_db()
    role.refresh_from_db()
    assert job.requests_per_second is role.requests_per_second is None


def test_the_speed_of_a_job_that_ended_meanwhile_is_refused(user: User, make_job: MakeJob) -> None:
    stale = make_job(status="Active")
    Job.objects.filter(pk=stale.pk).update(status=JobStatus.COMPLETE)

    with pytest.raises(InvalidTransition, match="The job is Complete; its speed can change no"):
        services.set_speed(stale, user, 50)

    assert (stale.requests_per_second, stale.events.count()) == (None, 0)


# ---- roles


def test_a_role_is_made_and_changed_by_one_verb(role: Role, make_job: MakeJob) -> None:
    changed = services.set_role("000000000000", "archive", region="eu-west-1")

    assert changed.pk == role.pk
    assert (changed.region, changed.secret_access_key) == ("eu-west-1", SECRET)
    assert changed.updated_at > role.updated_at


def test_roles_of_the_same_name_in_two_accounts_are_two(make_role: MakeRole) -> None:
    mine = make_role("archive")

    theirs = services.set_role(
        OTHER_ACCOUNT, "archive", access_key_id="AKIA", secret_access_key="theirs"
    )

    mine.refresh_from_db()
    assert theirs.pk != mine.pk
    assert mine.secret_access_key == SECRET


def test_a_role_with_a_fault_is_not_saved(role: Role) -> None:
    with pytest.raises(InvalidRequest) as error:
        services.set_role("000000000000", "archive", region="us east", endpoint_url="store")

    assert set(error.value.fields) == {"region", "endpoint_url"}
    role.refresh_from_db()
    assert (role.region, role.endpoint_url) == ("us-east-1", "")
