"""Roles in the JSON API, and what is known of their stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.decorators import api_view
from rest_framework.response import Response

from jobs import services
from jobs.errors import InvalidRequest
from jobs.rest import paging
from jobs.rest import representation as show
from jobs.rest.parsers import members

if TYPE_CHECKING:
    from rest_framework.request import Request

    from jobs.models import Role


@api_view(["GET"])
def roles(request: Request) -> Response:
    """The roles of the account, by name. They are made with `manage.py role set`."""
    return paging.in_order(request, services.roles_of(request.user), show.role, by="name")


@api_view(["GET"])
def role(request: Request, name: str) -> Response:
    """One role, with what is known of its store: `trials`, one for each operation."""
    return _role(services.role_of(request.user, name))


@api_view(["POST"])
def probe(request: Request, name: str) -> Response:
    """Try operations on scratch objects in {"bucket"}; {"operations"} names some of them.

    The answer has a `warning` where some could not be tried.
    """
    found = services.role_of(request.user, name)
    given = members(request, "bucket", "operations")
    bucket, operations = given.get("bucket", ""), given.get("operations", [])
    if not isinstance(bucket, str):
        raise InvalidRequest({"bucket": ["Give the name of a bucket."]})
    if not isinstance(operations, list) or not all(isinstance(one, str) for one in operations):
        raise InvalidRequest({"operations": ["Give a list of names of operations."]})
    warning = services.try_store(found, request.user, bucket, operations)
    return _role(found, warning=warning or None)


@api_view(["POST"])
def override(request: Request, name: str) -> Response:
    """Let jobs of the role do {"operation"} though its store ignores it; {"reason"} says why."""
    found = services.role_of(request.user, name)
    given = members(request, "operation", "reason")
    faults = {
        name: ["Give it as a text."]
        for name in ("operation", "reason")
        if not isinstance(given.get(name), str)
    }
    if faults:
        raise InvalidRequest(faults)
    services.waive(found, request.user, given["operation"], reason=given["reason"])
    return _role(found)


def _role(found: Role, **more: object) -> Response:
    trials = [show.trial(row) for row in services.matrix(found)]
    return Response({**show.role(found), "is_aws": found.is_aws, "trials": trials, **more})
