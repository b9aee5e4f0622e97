"""Every verb of services.py, called by people who may not: refused, and nothing is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser, User
from django.core.files.base import ContentFile
from django.db.models import QuerySet
from django.utils.functional import SimpleLazyObject

from jobs import services
from jobs.errors import InvalidRequest, NotFound, NotPermitted
from jobs.models import Rank
from tests.rights.things import Things, contents

PASSWORD = "a sentence nobody guesses"
UNASKED = {
    "end_credential": "for whoever has the machine: manage.py accesskey revoke",
    "hold_job": "for actors that are no users, such as a restore",
    "matrix": "what is known of a role that was asked for before",
    "may_cancel": "answers whether somebody may",
    "place_member": "for whoever has the machine: manage.py member set",
    "probe_role": "for whoever has the machine: manage.py role probe",
    "remove_function": "for whoever has the machine: manage.py function remove",
    "set_function": "for whoever has the machine: manage.py function set",
    "set_role": "for whoever has the machine: manage.py role set",
}
"""Verbs that ask nobody, and why."""

Call = Callable[[Any, Things], Any]
V, S, O, A = Rank  # noqa: E741

SEEN: dict[str, tuple[Rank, Call]] = {
    "access_keys_of": (V, lambda user, its: services.access_keys_of(user)),
    "alarms_of": (V, lambda user, its: services.alarms_of(user)),
    "functions_of": (V, lambda user, its: services.functions_of(user)),
    "jobs_of": (V, lambda user, its: services.jobs_of(user)),
    "manifests_of": (V, lambda user, its: services.manifests_of(user)),
    "members_of": (V, lambda user, its: services.members_of(user)),
    "roles_of": (V, lambda user, its: services.roles_of(user)),
    "tokens_of": (V, lambda user, its: services.tokens_of(user)),
    "workers_of": (V, lambda user, its: services.workers_of(user)),
}
"""What shows rows: to others none of ours."""

OURS: dict[str, tuple[Rank, Call]] = {
    "ask_store": (S, lambda user, its: services.ask_store(user, its.role.name)),
    "cancel_job": (O, lambda user, its: services.cancel_job(its.job, user)),
    "check_manifest": (S, lambda user, its: services.check_manifest(user, its.manifest)),
    "check_role": (A, lambda user, its: services.check_role(user, its.role.name)),
    "confirm_job": (O, lambda user, its: services.confirm_job(its.job, user)),
    "delete_function": (A, lambda user, its: services.delete_function(user, its.function.name)),
    "delete_role": (A, lambda user, its: services.delete_role(user, its.role.name)),
    "function_of": (V, lambda user, its: services.function_of(user, its.function.name)),
    "job_of": (V, lambda user, its: services.job_of(user, its.job.pk)),
    "manifest_of": (V, lambda user, its: services.manifest_of(user, its.manifest.pk)),
    "member_of": (V, lambda user, its: services.member_of(user, "viewer")),
    "mend_manifest": (S, lambda user, its: services.mend_manifest(user, its.manifest, ["header"])),
    "pause_job": (O, lambda user, its: services.pause_job(its.job, user)),
    "read_list_as": (
        S,
        lambda user, its: services.read_list_as(user, its.manifest, format="KeyList"),
    ),
    "resume_job": (O, lambda user, its: services.resume_job(its.job, user)),
    "retry_tasks": (
        S,
        lambda user, its: services.retry_tasks(user, its.ended, {"tasks": "in_doubt"}),
    ),
    "role_of": (V, lambda user, its: services.role_of(user, its.role.name)),
    "set_active": (A, lambda user, its: services.set_active(user, "viewer", active=False)),
    "set_priority": (O, lambda user, its: services.set_priority(its.job, user, 7)),
    "set_rank": (A, lambda user, its: services.set_rank(user, "viewer", "operator")),
    "set_speed": (O, lambda user, its: services.set_speed(its.job, user, 7)),
    "set_tags": (O, lambda user, its: services.set_tags(its.job, user, {"team": "a"})),
    "set_window": (O, lambda user, its: services.set_window(its.job, user, None)),
    "try_store": (S, lambda user, its: services.try_store(its.role, user, "photos")),
    "waive": (O, lambda user, its: services.waive(its.role, user, "S3PutObjectAcl", reason="x")),
    "revoke_access_key": (
        A,
        lambda user, its: services.revoke_access_key(user, its.access_key.access_key_id),
    ),
    "revoke_credential": (A, lambda user, its: services.revoke_credential(user, its.token)),
    "revoke_token": (A, lambda user, its: services.revoke_token(user, its.token.pk)),
    "create_job": (
        S,
        lambda user, its: services.create_job(
            user,
            {
                "operation": "S3DeleteObjectTagging",
                "manifest": {"id": str(its.manifest.pk)},
                "role": its.role.arn,
            },
        ),
    ),
    "rehearse_job": (
        S,
        lambda user, its: services.rehearse_job(
            user,
            {
                "operation": "S3DeleteObjectTagging",
                "manifest": {"id": str(its.manifest.pk)},
                "role": its.role.arn,
            },
        ),
    ),
    "keep_in_s3": (
        S,
        lambda user, its: services.keep_in_s3(user, {"location": "s3://a/b"}, its.role.name),
    ),
    "list_in_s3": (
        S,
        lambda user, its: services.list_in_s3(user, {"location": "s3://a/b"}, its.role.name),
    ),
    "list_of_tasks": (
        S,
        lambda user, its: services.list_of_tasks(user, {"id": its.ended.pk, "tasks": "in_doubt"}),
    ),
    "look_around": (S, lambda user, its: services.look_around(user, its.role.name)),
    "look_at_bucket": (
        S,
        lambda user, its: services.look_at_bucket(
            user,
            {"source_bucket": "arn:aws:s3:::photos", "enable_manifest_output": False},
            its.role.name,
            "S3DeleteObjectTagging",
        ),
    ),
}
"""What is done to something of ours: others are refused."""

OWN: dict[str, tuple[Rank, Call]] = {
    "add_function": (A, lambda user, its: services.add_function(user, "more", "http://more:1")),
    "add_member": (A, lambda user, its: services.add_member(user, "mary", PASSWORD, "viewer")),
    "add_role": (A, lambda user, its: services.add_role(user, "more", **credentials())),
    "issue_access_key": (V, lambda user, its: services.issue_access_key(user, {})),
    "issue_token": (V, lambda user, its: services.issue_token(user, {})),
    "keep_list": (S, lambda user, its: services.keep_list(user, upload(), filename="../../a")),
    "save_function": (A, lambda user, its: services.save_function(user, "thumbs", "http://b:1")),
    "save_role": (A, lambda user, its: services.save_role(user, "archive", **credentials())),
    "store_upload": (S, lambda user, its: services.store_upload(user, upload(), filename="/a")),
}
"""What makes something: others make it in their own account, though it has the name of ours."""

VERBS = SEEN | OURS | OWN
FOR_OTHERS = {
    "issue_access_key": lambda user, its: services.issue_access_key(user, {"user": "viewer"}),
    "issue_token": lambda user, its: services.issue_token(user, {"user": "viewer"}),
}
"""Verbs that take a higher rank where it is for somebody else."""


def credentials() -> dict[str, Any]:
    return {"access_key_id": "AKIAOTHER", "secret_access_key": "other"}


def upload() -> ContentFile[bytes]:
    return ContentFile(b"photos,a.jpg\n", name="list.csv")


def everything() -> dict[str, list[Any]]:
    kinds = [*apps.get_app_config("jobs").get_models(), User]
    return contents(kinds)


def done(call: Call, user: Any, things: Things) -> Any:
    """The verb's answer, with its rows where it is a query."""
    told = call(user, things)
    return list(told) if isinstance(told, QuerySet) else told


def test_every_verb_says_whom_it_asks() -> None:
    unsaid = set(services.__all__) - set(VERBS) - set(UNASKED)

    assert not unsaid, f"say in tests/rights/test_verbs.py what rank {sorted(unsaid)} takes"
    assert set(VERBS) | set(UNASKED) == set(services.__all__)


@pytest.mark.parametrize("name", VERBS)
def test_below_its_rank_a_verb_is_refused_and_changes_nothing(
    users: dict[str, User], things: Things, name: str
) -> None:
    needed, call = VERBS[name]
    below = [each for each in ("viewer", "submitter", "operator") if not Rank(each).reaches(needed)]
    before = everything()

    for person in (AnonymousUser(), users["shut out"], *(users[kind] for kind in below)):
        person.is_active = person is not users["shut out"] and person.is_authenticated
        # A key of somebody else is not there for those who may not revoke it.
        with pytest.raises(NotFound if hides(name, person) else NotPermitted):
            done(call, person, things)

    assert everything() == before


def hides(name: str, person: Any) -> bool:
    return name in {"revoke_token", "revoke_access_key"} and person.is_active


@pytest.mark.parametrize("name", OURS)
def test_another_account_is_refused_whatever_the_rank_and_changes_nothing(
    users: dict[str, User], things: Things, name: str
) -> None:
    before = everything()

    with pytest.raises((NotPermitted, NotFound, InvalidRequest)):
        done(OURS[name][1], users["their administrator"], things)

    assert everything() == before


@pytest.mark.parametrize("name", OWN)
def test_another_account_makes_it_in_its_own(
    users: dict[str, User], things: Things, name: str
) -> None:
    before = everything()

    done(OWN[name][1], users["their administrator"], things)

    after = everything()
    for kind, rows in before.items():
        assert [row for row in rows if row not in after[kind]] == [], kind
    made = [row for kind, rows in after.items() for row in rows if row not in before[kind]]
    assert made
    account = users["viewer"].member.account_id
    assert not [row for row in made if row.get("account_id") == account]


@pytest.mark.parametrize("name", SEEN)
def test_another_account_sees_none_of_ours(
    users: dict[str, User], things: Things, name: str
) -> None:
    ours = done(SEEN[name][1], users["administrator"], things)
    theirs = done(SEEN[name][1], users["their administrator"], things)

    if name in {"alarms_of", "workers_of"}:
        return  # tests/rest/test_workers.py: work of others has no name there
    assert ours
    assert {row.pk for row in ours}.isdisjoint(row.pk for row in theirs)


@pytest.mark.parametrize("name", FOR_OTHERS)
@pytest.mark.parametrize("kind", ["viewer", "submitter", "operator", "their administrator"])
def test_a_key_for_somebody_else_takes_an_administrator_of_their_account(
    users: dict[str, User], things: Things, name: str, kind: str
) -> None:
    maker, before = users["owner"] if kind == "viewer" else users[kind], everything()

    with pytest.raises((NotPermitted, NotFound)):
        FOR_OTHERS[name](maker, things)

    assert everything() == before


def test_who_may_do_it_can(users: dict[str, User], things: Things) -> None:
    """Else a verb that refuses everybody would pass all of the above."""
    for name in ("set_priority", "set_speed", "pause_job", "resume_job", "cancel_job"):
        OURS[name][1](users["operator"], things)
    for name in ("delete_function", "set_rank", "set_active", "revoke_token", "revoke_access_key"):
        OURS[name][1](users["administrator"], things)

    things.job.refresh_from_db()
    assert (things.job.status, things.job.priority) == ("Cancelled", 7)


def test_a_submitter_cancels_their_own_and_no_other(users: dict[str, User], things: Things) -> None:
    with pytest.raises(NotPermitted):
        services.cancel_job(things.job, users["submitter"])
    services.cancel_job(things.job, users["owner"])

    assert things.job.status == "Cancelled"


def test_a_viewer_cancels_not_even_what_they_created(
    users: dict[str, User], things: Things
) -> None:
    things.job.created_by = users["viewer"]
    things.job.save(update_fields=["created_by"])

    with pytest.raises(NotPermitted):
        services.cancel_job(things.job, users["viewer"])


def test_a_user_who_comes_lazily_is_asked_as_well(users: dict[str, User], things: Things) -> None:
    """As request.user is."""
    lazy: Any = SimpleLazyObject(lambda: users["viewer"])

    with pytest.raises(NotPermitted):
        services.confirm_job(things.job, lazy)
