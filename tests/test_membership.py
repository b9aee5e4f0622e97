"""Members: what two administrators may not do to each other, and names that can be logged in by."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from jobs import membership
from jobs.errors import Conflict, JobError
from jobs.members import Rank, rank_of
from tests.conftest import PASSWORD, MakeUser
from tests.core.conftest import several_connections

__all__ = ["several_connections"]

Deed = Callable[[User, str], User]


def demote(user: User, name: str) -> User:
    return membership.set_rank(user, name, Rank.VIEWER)


def shut_out(user: User, name: str) -> User:
    return membership.set_active(user, name, active=False)


@pytest.mark.parametrize("deed", [demote, shut_out])
def test_two_administrators_who_end_each_other_at_once_leave_one(
    several_connections: None, make_user: MakeUser, monkeypatch: pytest.MonkeyPatch, deed: Deed
) -> None:
    people = [make_user("administrator", name=name) for name in ("ada", "bob")]
    both_have_written, refused = Barrier(2), []
    judge = membership._require_administrator

    def judge_late(account_id: str) -> None:
        with suppress(BrokenBarrierError):  # the other has to wait until this one is done
            both_have_written.wait(1)
        judge(account_id)

    monkeypatch.setattr(membership, "_require_administrator", judge_late)

    def act(user: User, name: str) -> None:
        try:
            deed(user, name)
        except JobError as error:
            refused.append(type(error))
        finally:
            connection.close()

    threads = [Thread(target=act, args=args) for args in zip(people, ("bob", "ada"), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    left = [rank_of(User.objects.get(pk=person.pk)) for person in people]
    assert left.count(Rank.ADMINISTRATOR) == 1
    assert refused == [Conflict]


def test_a_name_is_kept_as_the_login_reads_it(make_user: MakeUser, anonymous: Client) -> None:
    """Of some characters Unicode knows several forms, and the login turns them into one."""
    wide = "ｇｒａｃｅ"

    made = membership.add_member(make_user("administrator"), wide, PASSWORD, Rank.VIEWER)

    assert made.username == "grace"
    given = {"username": wide, "password": PASSWORD}
    assert anonymous.post("/login/", given).status_code == 302
    with pytest.raises(Conflict):
        membership.add_member(make_user("administrator", name="x"), wide, PASSWORD, Rank.VIEWER)
