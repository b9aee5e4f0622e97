"""The JSON API under /api/v1/."""

from __future__ import annotations

from django.urls import path, re_path

from jobs.rest import manifests, roles, views, workers

app_name = "api"

urlpatterns = [
    path("", views.root, name="root"),
    path("jobs/", views.jobs, name="jobs"),
    path("jobs/<uuid:pk>/", views.job, name="job"),
    path("jobs/<uuid:pk>/confirm/", views.confirm, name="job_confirm"),
    path("jobs/<uuid:pk>/cancel/", views.cancel, name="job_cancel"),
    path("jobs/<uuid:pk>/pause/", views.pause, name="job_pause"),
    path("jobs/<uuid:pk>/resume/", views.resume, name="job_resume"),
    path("jobs/<uuid:pk>/window/", views.window, name="job_window"),
    path("jobs/<uuid:pk>/priority/", views.priority, name="job_priority"),
    path("jobs/<uuid:pk>/speed/", views.speed, name="job_speed"),
    path("jobs/<uuid:pk>/results/", views.results, name="job_results"),
    path("jobs/<uuid:pk>/report/", views.report, name="job_report"),
    path("jobs/<uuid:pk>/report/<int:file>/", views.report_file, name="job_report_file"),
    path("jobs/<uuid:pk>/in-doubt/", views.in_doubt, name="job_in_doubt"),
    path("jobs/<uuid:pk>/events/", views.events, name="job_events"),
    path("operations/", views.operations, name="operations"),
    path("roles/", roles.roles, name="roles"),
    path("roles/<str:name>/", roles.role, name="role"),
    path("roles/<str:name>/probe/", roles.probe, name="role_probe"),
    path("roles/<str:name>/override/", roles.override, name="role_override"),
    path("manifests/", manifests.manifests, name="manifests"),
    path("manifests/check/", manifests.check, name="manifest_check"),
    path("manifests/<uuid:pk>/", manifests.manifest, name="manifest"),
    path("manifests/<uuid:pk>/content/", manifests.content, name="manifest_content"),
    path("manifests/<uuid:pk>/mend/", manifests.mend, name="manifest_mend"),
    path("workers/", workers.workers, name="workers"),
    re_path("", views.nothing_here),
]
