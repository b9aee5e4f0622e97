"""Every door: pages, JSON API, admin, health. The S3 Control API is a middleware of its own."""

from django.contrib import admin
from django.urls import include, path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from jobs.rest.health import healthz, readyz
from jobs.rest.public import Docs, schema

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="job_list"), name="home"),
    path("", include("jobs.pages.urls")),
    path("api/schema/", schema, name="schema"),
    path("api/docs/", require_safe(Docs.as_view()), name="docs"),
    path("api/v1/", include("jobs.rest.urls")),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]

handler400 = "jobs.pages.errors.bad_request"
handler403 = "jobs.pages.errors.permission_denied"
handler404 = "jobs.pages.errors.not_found"
handler500 = "jobs.pages.errors.server_error"
