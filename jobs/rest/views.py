"""The JSON API: where everything is, and what else is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.response import Response

from jobs.errors import NotFound
from jobs.rest import catalogue, paging, shapes
from jobs.rest import representation as show
from jobs.rest import shapes_of_work as work
from jobs.rest.schema import answers, described
from operations import OPERATIONS

if TYPE_CHECKING:
    from rest_framework.request import Request

RESOURCES = (
    *("jobs", "operations", "roles", "functions", "manifests", "workers"),
    *("me", "members", "tokens", "access_keys"),
)


@described(
    GET=answers("Where everything is.", shapes.Root),
)
@api_view(["GET"])
def root(request: Request) -> Response:
    """Where everything is."""
    return Response({name: show.url(request, name) for name in RESOURCES})


@described(
    GET=answers("What can be done to an object.", work.OperationPage),
)
@api_view(["GET"])
def operations(request: Request) -> Response:
    """What can be done to an object, with the JSON schema of its parameters."""
    return paging.page_of(request, [catalogue.operation(kind) for kind in OPERATIONS], None)


@extend_schema(exclude=True)
@api_view(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def nothing_here(request: Request) -> Response:
    """Any other path."""
    hint = "" if request.path.endswith("/") else " The paths of the API end in a slash."
    raise NotFound(f"There is nothing here.{hint}")
