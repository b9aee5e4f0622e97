"""Every door: pages, JSON API, S3 Control API, admin, health."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from jobs.rest.health import healthz, readyz
from jobs.s3control.views import call

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="job_list"), name="home"),
    path("", include("jobs.pages.urls")),
    path("api/v1/", include("jobs.rest.urls")),
    re_path(r"^v20180820/", call, name="s3control"),
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]

handler400 = "jobs.pages.errors.bad_request"
handler403 = "jobs.pages.errors.permission_denied"
handler404 = "jobs.pages.errors.not_found"
handler500 = "jobs.pages.errors.server_error"
