"""/api/schema/ and /api/docs/: what the API says of itself, to everybody; it holds no secret."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

if TYPE_CHECKING:
    from django.http import HttpRequest

RENDERERS = {
    "application/json": OpenApiJsonRenderer,
    "application/vnd.oai.openapi": OpenApiYamlRenderer,
}
JSON, YAML = RENDERERS


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """The schema: YAML, or JSON with ?format=json or where Accept asks for it."""
    asked = request.GET.get("format") or request.headers.get("Accept", "")
    kind = JSON if "json" in asked else YAML
    return HttpResponse(_rendered(kind), content_type=kind, headers={"Vary": "Accept"})


@cache
def _rendered(kind: str) -> bytes | str:
    """Made once in each process: it takes a while, and anybody may ask for it."""
    made = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return RENDERERS[kind]().render(made, renderer_context={})


class Docs(SpectacularSwaggerSplitView):
    """The schema as a page that can be tried out, whose script is apart: so no script is inline."""

    permission_classes = [AllowAny]
    throttle_classes = []
    url_name = "schema"
    title = "Lading's JSON API"
