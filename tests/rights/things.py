"""One of everything, and one of everybody, to walk the addresses with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from jobs.models import AccessKey, ApiToken, Function, Job, Manifest, ReportFile, Role
from tests.conftest import OTHER_ACCOUNT, MakeUser

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
STRANGERS = ("nobody", "shut out")
OURS = ("viewer", "submitter", "owner", "operator", "administrator", "staff")
OTHERS = ("their operator", "their administrator")
KINDS = (*STRANGERS, *OURS, *OTHERS)
TAKE_THE_REST = {"nothing_here", "catch_all_view"}
RANK_OF = {"owner": "submitter", "staff": "submitter", "shut out": "operator"}


@dataclass(frozen=True)
class Things:
    """What belongs to the account that is looked at; the job and the keys are those of `owner`."""

    job: Job
    ended: Job
    manifest: Manifest
    role: Role
    report_file: ReportFile
    function: Function
    token: ApiToken
    access_key: AccessKey

    def arguments(self, name: str, names: set[str]) -> dict[str, Any]:
        """What a URL of that name is asked with."""
        known = {
            "pk": self._pk(name),
            "manifest_id": self.manifest.pk,
            "name": self._name(name),
            "file": self.report_file.pk,
            "function": self.function.name,
            "token": self.token.pk,
            "access_key_id": self.access_key.access_key_id,
            "username": "viewer",
        }
        missing = names - set(known)
        assert not missing, f"say in tests/rights/things.py what {missing} of {name} stands for"
        return {each: known[each] for each in names}

    def _name(self, name: str) -> str:
        if ":member" in name:
            return "viewer"
        return self.function.name if ":function" in name else self.role.name

    def _pk(self, name: str) -> Any:
        if "in_doubt" in name or "job_retry" in name:
            return self.ended.pk
        if ":token" in name:
            return self.token.pk
        return self.manifest.pk if ":manifest" in name else self.job.pk


def people(make_user: MakeUser) -> dict[str, User]:
    """One user of each kind; "nobody" has none."""
    made = {
        kind: make_user(RANK_OF.get(kind, kind), name=kind.replace(" ", "-"))
        for kind in ("shut out", *OURS)
    }
    for kind in OTHERS:
        rank = kind.removeprefix("their ")
        made[kind] = make_user(rank, OTHER_ACCOUNT, name=kind.replace(" ", "-"))
    User.objects.filter(pk=made["staff"].pk).update(is_staff=True)
    return made


def browsers(users: dict[str, User]) -> dict[str, Client]:
    """Signed in; who is shut out was so before."""
    made = {kind: Client(raise_request_exception=False) for kind in KINDS}
    for kind, user in users.items():
        made[kind].force_login(user)
    User.objects.filter(pk=users["shut out"].pk).update(is_active=False)
    users["shut out"].refresh_from_db()
    return made


def user_of(users: dict[str, User], kind: str) -> User | AnonymousUser:
    return users.get(kind) or AnonymousUser()


# ---- every address


def addresses() -> dict[str, tuple[str, set[str]]]:
    """Every URL by its name: the path with places for its arguments, and their names."""
    found: dict[str, tuple[str, set[str]]] = {}
    for name, pattern in walk(get_resolver()):
        assert name not in found, f"two URLs are called {name}"
        found[name] = pattern
    return found


def walk(
    resolver: URLResolver, namespace: str = "", before: str = ""
) -> Iterator[tuple[str, tuple[str, set[str]]]]:
    for each in resolver.url_patterns:
        path = before + str(each.pattern)
        if isinstance(each, URLResolver):
            inner = f"{namespace}{each.namespace}:" if each.namespace else namespace
            yield from walk(each, inner, path)
        else:
            yield f"{namespace}{name_of(each, path)}", (path, set(each.pattern.converters))


def name_of(pattern: URLPattern, path: str) -> str:
    """Its name; where it has none, that of its view and, but for those that take the rest, its
    path.
    """
    view = pattern.callback
    called = getattr(getattr(view, "cls", view), "__name__", type(view).__name__)
    return pattern.name or (called if called in TAKE_THE_REST else f"{called} at {path}")


# ---- what is in the database


def contents(models: Iterator[type[Model]] | list[type[Model]]) -> dict[str, list[Any]]:
    """All rows of all kinds."""
    return {
        model.__name__: list(model._default_manager.order_by("pk").values()) for model in models
    }


Verb = Callable[..., Any]
