"""What the API says of itself: OpenAPI by drf-spectacular, out of the shapes of the answers and the
requests that verbs check, so that neither is written down twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, get_args

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from pydantic import BaseModel, TypeAdapter

from jobs.requests import ManifestFormat
from jobs.rest.paging import LIMIT, MOST
from jobs.rest.shapes import Error

View = TypeVar("View", bound=Callable[..., Any])
Schema = dict[str, Any]
Described = dict[str, Any]

REFERENCE = "#/components/schemas/{model}"
KINDS: dict[str, Any] = {}
"""Everything that `ref` was asked for, by name: the components of the schema."""

ERRORS = {
    400: "What was handed in is wrong; `fields` says where.",
    401: "Nobody is signed in, or the token is not valid.",
    403: "This takes a higher rank.",
    404: "There is no such thing, or it belongs to another account.",
    406: "No answer in the form that Accept asks for.",
    409: "It clashes with what is there, or the job's status does not allow it.",
    413: "The body is too large.",
    415: "The body is of another type.",
    429: "Too many requests in a minute; Retry-After says how many seconds to wait.",
    500: "Something went wrong here; the server's log says what.",
    503: "The database or the spool cannot be used at the moment.",
}
OF_WRITING = {409, 413, 415}


def ref(kind: Any) -> Schema:
    """A reference to the component that `kind` becomes."""
    known = KINDS.setdefault(kind.__name__, kind)
    if known is not kind:
        raise TypeError(f"Two kinds have the name {kind.__name__}.")
    return {"$ref": REFERENCE.format(model=kind.__name__)}


def query(name: str, schema: Schema, description: str) -> OpenApiParameter:
    """A parameter of the query; one that is a list is given again and again."""
    return OpenApiParameter(name, schema, description=description)


PAGING = (
    query("cursor", {"type": "string"}, "Go on after another page: as in its `next`."),
    query(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT},
        "How many at most.",
    ),
)
UPLOAD = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "format": {"type": "string", "enum": list(get_args(ManifestFormat))},
        "fields": {"type": "string", "description": "The columns of a CSV, between commas."},
        "bucket": {"type": "string"},
    },
}
LOCATION = OpenApiParameter(
    "Location",
    OpenApiTypes.URI,
    OpenApiParameter.HEADER,
    response=[201],
    description="What was made.",
)
RETRY_AFTER = OpenApiParameter(
    *("Retry-After", OpenApiTypes.INT, OpenApiParameter.HEADER),
    response=[429],
    description="Seconds to wait.",
)


def answers(
    summary: str,
    kind: Any = None,
    *,
    status: int | Iterable[int] = 200,
    body: Any = None,
    form: Schema | None = None,
    parameters: Iterable[OpenApiParameter] = (),
) -> Described:
    """How one method of a view is called and what it answers. `kind` is a shape, or the media type
    of a file; `body` a model of what is sent as JSON, `form` a schema of what is sent as a form.
    """
    request = {"application/json": ref(body)} if body else {}
    if form:
        request["multipart/form-data"] = form
    statuses = [status] if isinstance(status, int) else list(status)
    responses: dict[Any, Any] = {}
    for code in statuses:
        responses |= _response(code, kind)
    return {
        "summary": summary,
        "request": request or None,
        "responses": responses,
        "parameters": [*parameters, RETRY_AFTER],
    }


def _response(code: int, kind: Any) -> dict[Any, Any]:
    if kind is None:
        return {code: OpenApiResponse(description="Done; there is nothing to tell.")}
    if isinstance(kind, str):
        return {(code, kind): OpenApiResponse(OpenApiTypes.BINARY, "The file.")}
    told = (kind.__doc__ or "").strip().partition("\n\n")[0].replace("\n    ", " ")
    return {code: OpenApiResponse(ref(kind), told)}


def described(**methods: Described) -> Callable[[View], View]:
    """Say of a view how each of its methods is called: described(GET=answers(…)). Whoever may GET
    may ask for the HEAD (RFC 9110, 9.3.2), which DRF forgets of views that are functions.
    """

    def decorate(view: View) -> View:
        for method, told in methods.items():
            view = extend_schema(methods=[method], **_with_errors(method, told))(view)
        if "GET" in methods:
            view.cls.http_method_names = [*view.cls.http_method_names, "head"]  # type: ignore[attr-defined]
        return view

    return decorate


def _with_errors(method: str, told: Described) -> Described:
    codes = [code for code in ERRORS if told["request"] or code not in OF_WRITING]
    if method != "GET":
        codes = sorted({*codes, 409})
    errors = {code: OpenApiResponse(ref(Error), ERRORS[code]) for code in codes}
    before: Mapping[Any, Any] = {}
    if method == "GET":
        before = {304: OpenApiResponse(description="As before: If-None-Match names its ETag.")}
    return {**told, "responses": {**told["responses"], **before, **errors}}


class Operations(AutoSchema):
    """Names of operations by their paths, such as get_jobs_one_results."""

    def get_operation_id(self) -> str:
        """Unique, and no longer than it has to be."""
        parts = self.path.removeprefix("/api/v1/").strip("/").split("/")
        names = [
            "one" if part.startswith("{") else part.replace("-", "_") for part in parts if part
        ]
        return "_".join([self.method.lower(), *(names or ["root"])])

    def get_tags(self) -> list[str]:
        """The resource."""
        return [self.path.removeprefix("/api/v1/").partition("/")[0] or "root"]


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`Authorization: Token …`."""

    target_class = "jobs.rest.authentication.ApiTokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> Schema:
        """No scheme of HTTP's own has this name, so the header is described."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token ` and a token, which is made with a POST to /api/v1/tokens/.",
        }


def components(result: Schema, **_: Any) -> Schema:
    """Drf-spectacular's hook: put in what `ref` referred to."""
    modes = {
        kind: "validation" if issubclass(kind, BaseModel) else "serialization"
        for kind in KINDS.values()
    }
    tops, found = TypeAdapter.json_schemas(
        [(name, modes[kind], TypeAdapter(kind)) for name, kind in sorted(KINDS.items())],  # type: ignore[misc]
        by_alias=False,
        ref_template=REFERENCE,
    )
    schemas: dict[str, Schema] = found["$defs"]
    # A kind that only stands for itself is told in place.
    schemas |= {name: told for (name, _), told in tops.items() if "$ref" not in told}
    if missing := set(KINDS) - set(schemas):
        raise TypeError(f"Names of shapes that pydantic has made unique: {missing}.")
    result["components"]["schemas"] = schemas
    for path in result["paths"].values():
        for operation in path.values():
            _require_body(operation, schemas)
    return result


def _require_body(operation: Schema, schemas: Mapping[str, Schema]) -> None:
    """A body whose schema has a member that is required is required too."""
    body = operation.get("requestBody")
    if body is None:
        return
    told = [content["schema"] for content in body["content"].values()]
    told = [schemas[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in told]
    if all(one.get("required") for one in told):
        body["required"] = True
