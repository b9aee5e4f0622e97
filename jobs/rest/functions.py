"""Functions in the JSON API: where those are called that do not run on AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.decorators import api_view
from rest_framework.response import Response

from jobs import services
from jobs.errors import NotFound
from jobs.rest import bodies, paging
from jobs.rest import shapes_of_people as shapes
from jobs.rest.parsers import read
from jobs.rest.schema import PAGING, answers, described

if TYPE_CHECKING:
    from rest_framework.request import Request

    from jobs.models import Function


@described(
    GET=answers("Where functions are called, by name.", shapes.FunctionPage, parameters=PAGING),
)
@api_view(["GET"])
def functions(request: Request) -> Response:
    """Where the functions of the account are called, by name."""
    return paging.in_order(request, services.functions_of(request.user), _shown, by="name")


@described(
    GET=answers("Where one function is called.", shapes.Function),
    PUT=answers(
        "Say where a function is called.",
        shapes.Function,
        status=(200, 201),
        body=bodies.FunctionOrder,
    ),
    DELETE=answers("Forget where a function is called.", status=204),
)
@api_view(["GET", "PUT", "DELETE"])
def function(request: Request, name: str) -> Response:
    """Where one function is called; administrators set it with a PUT."""
    if request.method == "DELETE":
        services.delete_function(request.user, name)
        return Response(status=204)
    known = services.functions_of(request.user).filter(name=name).first()
    if request.method == "PUT":
        made = services.save_function(request.user, name, read(request, bodies.FunctionOrder).url)
        return Response(_shown(made), status=200 if known else 201)
    if known is None:
        raise NotFound(f"There is no function {name}.")
    return Response(_shown(known))


def _shown(row: Function) -> shapes.Function:
    return {"name": row.name, "url": row.url, "updated_at": row.updated_at}
