"""Roles in the JSON API, and what is known of their stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.decorators import api_view
from rest_framework.response import Response

from jobs import services
from jobs.errors import InvalidRequest, NotFound
from jobs.rest import bodies, paging
from jobs.rest import representation as show
from jobs.rest import shapes_of_people as shapes
from jobs.rest.parsers import members, read
from jobs.rest.schema import PAGING, answers, described

if TYPE_CHECKING:
    from rest_framework.request import Request

    from jobs.models import Role


@described(
    GET=answers("The roles of the account, by name.", shapes.RolePage, parameters=PAGING),
)
@api_view(["GET"])
def roles(request: Request) -> Response:
    """The roles of the account, by name."""
    return paging.in_order(request, services.roles_of(request.user), show.role, by="name")


@described(
    GET=answers("One role, and what is known of its store.", shapes.RoleDetails),
    PUT=answers(
        "Set a role, or make it.", shapes.RoleDetails, status=(200, 201), body=bodies.RoleOrder
    ),
    PATCH=answers("Change a role.", shapes.RoleDetails, body=bodies.RoleChange),
    DELETE=answers("Forget a role.", status=204),
)
@api_view(["GET", "PUT", "PATCH", "DELETE"])
def role(request: Request, name: str) -> Response:
    """One role, with what is known of its store: `trials`, one for each operation.

    A PUT sets it, and makes it where there is none; a PATCH changes what is given; both are for
    administrators. The secret is taken and never shown.
    """
    if request.method == "DELETE":
        services.delete_role(request.user, name)
        return Response(status=204)
    if request.method in ("GET", "HEAD"):
        return _role(services.role_of(request.user, name))
    return _set(request, name)


def _set(request: Request, name: str) -> Response:
    known = services.roles_of(request.user).filter(name=name).exists()
    if request.method == "PATCH" and not known:
        raise NotFound("There is no such role.")
    given = read(request, bodies.RoleChange if request.method == "PATCH" else bodies.RoleOrder)
    response = _role(services.save_role(request.user, name, **given.values()))
    response.status_code = 200 if known else 201
    return response


@described(
    POST=answers("Try what the store does.", shapes.TriedRole, body=bodies.ProbeOrder),
)
@api_view(["POST"])
def probe(request: Request, name: str) -> Response:
    """Try operations on scratch objects in {"bucket"}; {"operations"} names some of them.

    The answer has a `warning` where some do not work, or could not be tried; worst first.
    """
    found = services.role_of(request.user, name)
    given = members(request, "bucket", "operations")
    bucket, operations = given.get("bucket", ""), given.get("operations", [])
    if not isinstance(bucket, str):
        raise InvalidRequest({"bucket": ["Give the name of a bucket."]})
    if not isinstance(operations, list) or not all(isinstance(one, str) for one in operations):
        raise InvalidRequest({"operations": ["Give a list of names of operations."]})
    tried = services.try_store(found, request.user, bucket, operations)
    return _role(found, warning=tried.told() or None)


@described(
    POST=answers(
        "Let jobs do what the store ignores.", shapes.RoleDetails, body=bodies.OverrideOrder
    ),
)
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
