"""Trust no store untried: what a finding means for a job, and how long it stands (decision 16)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now

from jobs import probing, services, stores
from jobs.errors import InvalidRequest, InvalidTransition, JobFailure
from jobs.leases import LeaseLost
from jobs.models import Job, Role, Trial, Waiver
from jobs.preparing import prepare
from operations.probe import PLANS, Finding, Found
from tests.conftest import MakeJob, MakeManifest, MakeRole
from tests.core.conftest import claim_to_finish, never

TAGS = "S3PutObjectTagging"
ENDPOINT = "http://store:9000"


class Store:
    """A store whose findings the test decides; `asked` is what it was tried for."""

    def __init__(self) -> None:
        self.finding = Finding.WORKS
        self.asked: list[tuple[str, str, str]] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self.afterwards: Callable[[], object] = lambda: None

    def probe(self, name: str, _store: object, bucket: str, prefix: str, tick: Any) -> Found:
        self.asked.append((name, bucket, prefix))
        self.meanwhile()
        tick()
        self.afterwards()
        return Found(self.finding, f"It is {self.finding}.", 200)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    store = Store()
    monkeypatch.setattr(probing, "probe", store.probe)
    monkeypatch.setattr(probing, "sweep", lambda *_: None)
    monkeypatch.setattr(stores, "identify", lambda *_: None)
    monkeypatch.setattr(stores, "identity", lambda *_: None)
    monkeypatch.setattr(stores, "s3_for", lambda _role: None)
    return store


@pytest.fixture
def role(make_role: MakeRole) -> Role:
    return make_role(endpoint_url=ENDPOINT, server="nginx")


@pytest.fixture
def prepared(role: Role, make_job: MakeJob, make_manifest: MakeManifest) -> Callable[..., Job]:
    """A job over two objects that Preparing is done with: prepared(confirmation_required=True)."""

    def make(**values: Any) -> Job:
        manifest = make_manifest(b"photos,a\nphotos,b\n")
        defaults = {"manifest": manifest, "role": role, "confirmation_required": False}
        job = make_job(**{**defaults, **values})
        prepare(claim_to_finish(job), never)
        job.refresh_from_db()
        return job

    return make


def age(trial: Trial, **span: int) -> None:
    Trial.objects.filter(pk=trial.pk).update(tried_at=Now() - timedelta(**span))


# ---- what a finding means


def test_where_the_operation_works_the_job_goes_on(
    store: Store, prepared: Callable[..., Job]
) -> None:
    job = prepared()

    assert job.status == "Ready"
    assert job.events.last().reason == "2 tasks"
    assert store.asked == [(TAGS, "photos", ".lading-probe/")]


def test_where_it_is_refused_cleanly_the_job_goes_on_and_says_so(
    store: Store, prepared: Callable[..., Job]
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
    store: Store, prepared: Callable[..., Job], finding: Finding, code: str, words: str
) -> None:
    store.finding = finding

    with pytest.raises(JobFailure, match=words) as failure:
        prepared()

    assert failure.value.code == code
    assert len(failure.value.reason) < 256
    assert not failure.value.reason.endswith("...")


def test_the_longest_names_fit_into_a_reason(
    store: Store, make_role: MakeRole, prepared: Callable[..., Job]
) -> None:
    store.finding = Finding.IGNORED
    role = make_role("r" * 64, endpoint_url=ENDPOINT, scratch_bucket="b" * 63)

    with pytest.raises(JobFailure) as failure:
        prepared(role=role)

    assert len(failure.value.reason) <= 256
    assert failure.value.reason.endswith(".")


def test_the_lease_is_renewed_while_the_store_is_tried(
    store: Store, prepared: Callable[..., Job], settings: Any
) -> None:
    settings.LADING_LEASE_SECONDS = 0  # every renewal is due
    leases: list[Any] = []
    store.meanwhile = lambda: Job.objects.update(lease_until=None)
    store.afterwards = lambda: leases.append(Job.objects.get().lease_until)

    prepared()

    assert leases != [None]


def test_a_trial_ends_when_the_lease_is_gone(
    store: Store, prepared: Callable[..., Job], settings: Any
) -> None:
    settings.LADING_LEASE_SECONDS = 0
    store.meanwhile = lambda: Job.objects.update(epoch=99)

    with pytest.raises(LeaseLost):
        prepared()

    assert Job.objects.get().status == "Preparing"


# ---- untried


@pytest.fixture
def untried(store: Store, prepared: Callable[..., Job]) -> Job:
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
    store: Store, prepared: Callable[..., Job], user: User
) -> None:
    job = prepared(confirmation_required=True)
    services.confirm_job(job, user)

    assert (job.status, job.suspended_cause) == ("Ready", "AWAITING_CONFIRMATION")


# ---- how long a finding stands


def test_a_store_is_tried_once_for_an_operation(store: Store, prepared: Callable[..., Job]) -> None:
    prepared()
    prepared()

    assert len(store.asked) == 1


@pytest.mark.parametrize(("days", "times"), [(29, 1), (31, 2)])
def test_a_finding_stands_for_30_days(
    store: Store, prepared: Callable[..., Job], days: int, times: int
) -> None:
    prepared()
    age(Trial.objects.get(), days=days)
    prepared()

    assert len(store.asked) == times
    assert Trial.objects.count() == 1


def test_a_store_that_calls_itself_something_else_is_tried_again(
    store: Store, prepared: Callable[..., Job], role: Role
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
    store: Store,
    prepared: Callable[..., Job],
    make_role: MakeRole,
    change: dict[str, str],
    times: int,
) -> None:
    prepared()
    prepared(role=make_role("other", **{"endpoint_url": ENDPOINT, "server": "nginx", **change}))

    assert len(store.asked) == times


def test_an_untried_operation_is_tried_for_each_job(
    store: Store, prepared: Callable[..., Job]
) -> None:
    store.finding = Finding.UNTRIED
    prepared()
    store.finding = Finding.WORKS

    assert prepared().status == "Ready"


def test_untried_never_takes_the_place_of_what_is_known(
    store: Store, role: Role, prepared: Callable[..., Job]
) -> None:
    store.finding = Finding.DESTROYS
    services.probe_role(role, "photos", [TAGS])
    store.finding = Finding.UNTRIED
    services.probe_role(role, "photos", [TAGS])

    assert Trial.objects.get().finding == Finding.DESTROYS
    with pytest.raises(JobFailure):
        prepared()


def test_two_that_try_at_once_do_no_harm(
    store: Store, role: Role, prepared: Callable[..., Job]
) -> None:
    def other() -> None:
        store.meanwhile = lambda: None
        services.probe_role(role, "photos", [TAGS])

    store.meanwhile = other

    assert prepared().status == "Ready"
    assert Trial.objects.count() == 1


# ---- where, and where never


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://s3.eu-west-1.amazonaws.com",
        "https://s3.cn-north-1.amazonaws.com.cn",
        "https://s3.EU-west-1.AmazonAWS.com:443/",
        "https://bucket.s3.eu-west-1.api.aws",
    ],
)
def test_aws_itself_is_never_tried(
    store: Store, prepared: Callable[..., Job], make_role: MakeRole, url: str
) -> None:
    assert prepared(role=make_role("aws", endpoint_url=url)).status == "Ready"
    assert store.asked == []


@pytest.mark.parametrize("host", ["amazonaws.com.example.org", "my-amazonaws.com", "s3api.aws.io"])
def test_what_only_looks_like_aws_is_tried(
    store: Store, prepared: Callable[..., Job], make_role: MakeRole, host: str
) -> None:
    prepared(role=make_role("other", endpoint_url=f"https://{host}"))

    assert len(store.asked) == 1


def test_the_role_says_where(
    store: Store, prepared: Callable[..., Job], make_role: MakeRole
) -> None:
    place = {"scratch_bucket": "scratch", "scratch_prefix": "tmp/lading/"}
    prepared(role=make_role("other", endpoint_url=ENDPOINT, **place))

    assert store.asked == [(TAGS, "scratch", "tmp/lading/")]


def test_a_copy_is_tried_in_the_bucket_that_it_writes_to(
    store: Store, prepared: Callable[..., Job]
) -> None:
    prepared(operation="S3PutObjectCopy", parameters={"TargetResource": "arn:aws:s3:::destination"})

    assert store.asked == [("S3PutObjectCopy", "destination", ".lading-probe/")]


def test_what_has_no_plan_is_never_tried(store: Store, prepared: Callable[..., Job]) -> None:
    parameters = {"ExpirationInDays": 1, "GlacierJobTier": "BULK"}
    job = prepared(operation="S3InitiateRestoreObject", parameters=parameters)

    assert job.status == "Ready"
    assert store.asked == []


# ---- overriding


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_user("olga", is_staff=True)


def test_an_operator_may_override_what_is_ignored(
    store: Store, role: Role, operator: User, prepared: Callable[..., Job]
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
    store: Store, role: Role, operator: User, prepared: Callable[..., Job]
) -> None:
    store.finding = Finding.IGNORED
    services.probe_role(role, "photos", [TAGS])
    services.waive(role, operator, TAGS, reason="fine")
    store.finding = Finding.DESTROYS
    services.probe_role(role, "photos", [TAGS])

    with pytest.raises(JobFailure) as failure:
        prepared()

    assert failure.value.code == "StoreDestroysData"


def test_an_override_is_for_one_role_and_one_endpoint(
    store: Store,
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


def test_on_demand_everything_that_can_be_tried_is_tried(store: Store, role: Role) -> None:
    services.probe_role(role, "photos")

    assert {name for name, *_ in store.asked} == set(PLANS)
    assert {row.name for row in services.matrix(role) if row.is_standing} == set(PLANS)
