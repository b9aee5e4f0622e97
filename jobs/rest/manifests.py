"""Manifests in the JSON API: uploaded, checked before there is a job, and mended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.files.base import ContentFile
from django.http import FileResponse
from rest_framework.decorators import api_view, parser_classes
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from jobs import services
from jobs.errors import InvalidRequest, NotFound
from jobs.rest import bodies, paging
from jobs.rest import findings as found
from jobs.rest import representation as show
from jobs.rest import shapes as jobs_shapes
from jobs.rest import shapes_of_work as shapes
from jobs.rest.parsers import ObjectParser, members
from jobs.rest.schema import LOCATION, PAGING, UPLOAD, answers, described
from jobs.spool import spool

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from rest_framework.request import Request

    from jobs.models import Manifest

DESCRIBED = ("format", "fields", "bucket")
IN_S3 = ("location", "etag", "version_id")
SOURCES = "a file, its text, the location of one in S3, or the id of one that was handed in before"
PASTED = "pasted.csv"


@described(
    GET=answers(
        "The manifests of the account, newest first.", jobs_shapes.ManifestPage, parameters=PAGING
    ),
    POST=answers("Upload a manifest.", jobs_shapes.Manifest, status=201, form=UPLOAD),
)
@api_view(["GET", "POST"])
@parser_classes([MultiPartParser])
def manifests(request: Request) -> Response:
    """The manifests of the account, newest first; a POST uploads one: `file`, and what it
    is: `format`, `fields`, `bucket`."""
    if request.method == "POST":
        return _upload(request)
    return paging.newest_first(request, services.manifests_of(request.user), show.manifest)


def _upload(request: Request) -> Response:
    return Response(show.manifest(_kept(request, services.store_upload)), status=201)


def _kept(request: Request, keep: Callable[..., Manifest]) -> Manifest:
    try:
        file = request.FILES.get("file")
    except UnsupportedMediaType:
        raise UnsupportedMediaType(
            request.content_type or "none",
            "Send a form as multipart/form-data, with the manifest as the file named `file`; "
            f"not {request.content_type or 'a body without a type'}.",
        ) from None
    if file is None:
        raise InvalidRequest({"file": ["Send the manifest as a file named `file`."]})
    name = file.name or "manifest.csv"
    return keep(request.user, file, filename=name, **uploaded_as(request))


def uploaded_as(request: Request) -> dict[str, Any]:
    """What a form says of its file: its format, its columns, and the bucket of its keys."""
    told: dict[str, Any] = {
        name: request.POST[name] for name in ("format", "bucket") if name in request.POST
    }
    if "fields" in request.POST:
        told["fields"] = [name.strip() for name in request.POST["fields"].split(",")]
    return told


@described(
    POST=answers(
        "Read a list for some seconds, and tell what is wrong with it.",
        shapes.Checked,
        body=bodies.CheckOrder,
        form=UPLOAD,
    ),
)
@api_view(["POST"])
@parser_classes([MultiPartParser, ObjectParser])
def check(request: Request) -> Response:
    """Read a list for some seconds, and tell what it is like and what is wrong with it.

    Takes a form with a `file`, or an object with `text`, `location` or `id`; the latter two with
    `role`. The manifest is kept, so that its id can be used for a job.
    """
    if (request.content_type or "").startswith("multipart/form-data"):
        manifest, role = _kept(request, services.keep_list), ""
    else:
        manifest, role = _named(request)
    return Response(_checked(request, manifest, role))


def _named(request: Request) -> tuple[Manifest, str]:
    """The manifest of an object, kept where it is new, and the role that reads it."""
    given = members(request, "id", "text", "role", *IN_S3, *DESCRIBED)
    sources = [name for name in ("id", "text", "location") if given.get(name) is not None]
    if len(sources) != 1:
        raise InvalidRequest({"": [f"Give one list: {SOURCES}."]})
    role = _text(given, "role")
    described = {name: given[name] for name in DESCRIBED if given.get(name) is not None}
    if given.get("id") is not None:
        return services.manifest_of(request.user, _text(given, "id")), role
    if given.get("location") is not None:
        named = {name: given[name] for name in IN_S3 if name in given}
        return services.keep_in_s3(request.user, {**named, **described}, role), role
    content = ContentFile(_text(given, "text").encode())
    _require_names(described.get("fields", []))
    return services.keep_list(request.user, content, filename=PASTED, **described), role


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidRequest({name: ["Give it as a text."]})
    return value or ""


def _require_names(fields: object) -> None:
    if not isinstance(fields, list) or not all(isinstance(name, str) for name in fields):
        raise InvalidRequest({"fields": ["Give a list of the names of columns."]})


def _checked(request: Request, manifest: Manifest, role: str) -> shapes.Checked:
    findings = services.check_manifest(request.user, manifest, role)
    return {"manifest": show.manifest(manifest), "findings": found.findings(findings)}


@described(
    GET=answers("One manifest, without its content.", jobs_shapes.Manifest),
)
@api_view(["GET"])
def manifest(request: Request, pk: UUID) -> Response:
    """One manifest, without its content."""
    return Response(show.manifest(services.manifest_of(request.user, pk)))


@described(
    GET=answers("The content of a manifest.", "*/*"),
)
@api_view(["GET"])
def content(request: Request, pk: UUID) -> FileResponse:
    """The content of an uploaded or mended manifest."""
    row = services.manifest_of(request.user, pk)
    if not row.upload:
        raise NotFound(f"The content is not here, but at {row.location}.")
    return FileResponse(spool.open(row.upload), as_attachment=True, filename=row.filename)


@described(
    POST=answers(
        "Write a corrected manifest.",
        shapes.Mended,
        status=201,
        body=bodies.MendOrder,
        parameters=(LOCATION,),
    ),
)
@api_view(["POST"])
def mend(request: Request, pk: UUID) -> Response:
    """Write a corrected manifest: {"mend": ["header", …]}, and the `role` that reads one in S3.

    The answer is the new one, how often each mend changed something, and what a check of it finds.
    """
    row = services.manifest_of(request.user, pk)
    given = members(request, "mend", "role")
    wanted, role = given.get("mend"), _text(given, "role")
    if not isinstance(wanted, list) or not all(isinstance(name, str) for name in wanted):
        raise InvalidRequest({"mend": ["Give a list of what to mend."]})
    mended, changes = services.mend_manifest(request.user, row, wanted, role)
    shown: shapes.Mended = {
        **_checked(request, mended, role),
        "mended_from": str(row.pk),
        "changes": changes,
    }
    response = Response(shown, status=201)
    response["Location"] = show.url(request, "manifest", mended.pk)
    return response
