"""When tokens and access keys end, and what ends with them."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from jobs import credentials, keys, services
from jobs.errors import Conflict, NotPermitted
from jobs.models import AccessKey, ApiToken, Member, Rank
from jobs.sqlite.base import Turn
from tests.conftest import OTHER_ACCOUNT, MakeUser


def using(token: ApiToken) -> User:
    """The user as a request with that token brings it."""
    user = User.objects.get(pk=token.user_id)
    vars(user)["with_credential"] = token
    return user


def test_whatever_was_made_with_a_token_ends_with_it(user: User) -> None:
    first, _ = services.issue_token(user, {})
    second, _ = services.issue_token(using(first), {})
    key, _ = services.issue_access_key(using(second), {})
    other, _ = services.issue_token(user, {})

    services.revoke_token(user, first.pk)

    assert list(ApiToken.usable()) == [other]
    assert not AccessKey.usable().exists()
    key.refresh_from_db()
    assert key.revoked_at


def test_a_token_that_was_revoked_a_moment_ago_makes_no_other(user: User) -> None:
    token, _ = services.issue_token(user, {})
    late = using(token)  # its request was let in before
    services.revoke_token(user, token.pk)

    with pytest.raises(NotPermitted, match=f"The token {token.pk} has ended"):
        services.issue_access_key(late, {})

    assert not AccessKey.objects.exists()


def test_what_is_made_with_a_token_says_so(user: User) -> None:
    token, _ = services.issue_token(user, {})

    assert services.issue_access_key(using(token), {})[0].made_with == token.name
    assert services.issue_access_key(user, {})[0].made_with == ""


def test_whoever_moves_to_another_account_leaves_tokens_and_keys_behind(user: User) -> None:
    services.issue_token(user, {})
    services.issue_access_key(user, {})

    services.place_member(user, OTHER_ACCOUNT, Rank.VIEWER)

    assert not ApiToken.usable().exists()
    assert not AccessKey.usable().exists()
    member = Member.objects.get(user=user)
    assert (member.account_id, member.rank) == (OTHER_ACCOUNT, "viewer")


def test_another_rank_in_the_same_account_ends_nothing(user: User) -> None:
    services.issue_token(user, {})

    services.place_member(user, user.member.account_id, Rank.VIEWER)

    assert ApiToken.usable().count() == 1


def test_the_admin_site_moves_members_by_the_same_verb(admin_client: Any, user: User) -> None:
    services.issue_token(user, {})
    body = {"user": user.pk, "account_id": OTHER_ACCOUNT, "rank": "operator"}

    admin_client.post(f"/admin/jobs/member/{user.member.pk}/change/", body)

    assert Member.objects.get(user=user).account_id == OTHER_ACCOUNT
    assert not ApiToken.usable().exists()


def test_there_is_an_end_to_how_many_a_person_has(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "MOST", 2)
    first, _ = services.issue_token(user, {})
    services.issue_token(user, {})

    with pytest.raises(Conflict, match="ada has 2 that can be used; revoke"):
        services.issue_token(user, {})

    services.issue_access_key(user, {})
    services.revoke_token(user, first.pk)
    services.issue_token(user, {})


def test_a_superusers_token_is_revoked_by_superusers_alone(
    admin_user: User, make_user: MakeUser
) -> None:
    token, _ = services.issue_token(admin_user, {})

    with pytest.raises(NotPermitted, match="who is a superuser"):
        services.revoke_token(make_user("administrator"), token.pk)

    assert ApiToken.usable().exists()
    services.revoke_token(admin_user, token.pk)
    assert not ApiToken.usable().exists()


# ---- the last use


def test_the_last_use_is_written_down_once_a_minute(
    user: User, django_assert_num_queries: Any
) -> None:
    token, _ = services.issue_token(user, {})

    token.used()
    token.refresh_from_db()

    assert token.last_used_at
    with django_assert_num_queries(1):
        token.used()


def test_nobody_who_reads_waits_to_have_the_last_use_written_down(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, _ = services.issue_token(user, {})
    monkeypatch.setattr(credentials, "is_busy", lambda: True)

    token.used()
    token.refresh_from_db()

    assert token.last_used_at is None


def test_a_turn_that_somebody_else_has_is_seen_without_waiting(tmp_path: Path) -> None:
    mine = Turn(tmp_path / "lock")
    with (tmp_path / "lock").open("r+b") as theirs:
        fcntl.flock(theirs, fcntl.LOCK_EX)

        assert mine.is_others()

    assert not mine.is_others()
    mine.take()
    assert not mine.is_others()


def test_a_database_in_memory_is_never_busy(db: None) -> None:
    if connection.vendor == "sqlite":
        assert not connection.is_busy()  # type: ignore[attr-defined]
