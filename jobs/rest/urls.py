"""The JSON API under /api/v1/."""

from __future__ import annotations

from django.urls import path, re_path, register_converter

from jobs.rest import (
    decisions,
    functions,
    jobs,
    keys,
    manifests,
    outcomes,
    people,
    retries,
    roles,
    views,
    workers,
)
from jobs.rest.parsers import Name

register_converter(Name, "name")

app_name = "api"

urlpatterns = [
    path("", views.root, name="root"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/confirm/", decisions.confirm_many, name="jobs_confirm"),
    path("jobs/cancel/", decisions.cancel_many, name="jobs_cancel"),
    path("jobs/priority/", decisions.prioritise_many, name="jobs_priority"),
    path("jobs/<uuid:pk>/", jobs.job, name="job"),
    path("jobs/<uuid:pk>/confirm/", decisions.confirm, name="job_confirm"),
    path("jobs/<uuid:pk>/cancel/", decisions.cancel, name="job_cancel"),
    path("jobs/<uuid:pk>/pause/", decisions.pause, name="job_pause"),
    path("jobs/<uuid:pk>/resume/", decisions.resume, name="job_resume"),
    path("jobs/<uuid:pk>/window/", decisions.window, name="job_window"),
    path("jobs/<uuid:pk>/priority/", decisions.priority, name="job_priority"),
    path("jobs/<uuid:pk>/speed/", decisions.speed, name="job_speed"),
    path("jobs/<uuid:pk>/retry/", retries.retry, name="job_retry"),
    path("jobs/<uuid:pk>/tags/", decisions.tags, name="job_tags"),
    path("jobs/<uuid:pk>/results/", outcomes.results, name="job_results"),
    path("jobs/<uuid:pk>/report/", outcomes.report, name="job_report"),
    path("jobs/<uuid:pk>/report/<int:file>/", outcomes.report_file, name="job_report_file"),
    path("jobs/<uuid:pk>/in-doubt/", outcomes.in_doubt, name="job_in_doubt"),
    path("jobs/<uuid:pk>/events/", outcomes.events, name="job_events"),
    path("operations/", views.operations, name="operations"),
    path("roles/", roles.roles, name="roles"),
    path("roles/<name:name>/", roles.role, name="role"),
    path("roles/<name:name>/probe/", roles.probe, name="role_probe"),
    path("roles/<name:name>/override/", roles.override, name="role_override"),
    path("functions/", functions.functions, name="functions"),
    path("functions/<name:name>/", functions.function, name="function"),
    path("manifests/", manifests.manifests, name="manifests"),
    path("manifests/check/", manifests.check, name="manifest_check"),
    path("manifests/<uuid:pk>/", manifests.manifest, name="manifest"),
    path("manifests/<uuid:pk>/content/", manifests.content, name="manifest_content"),
    path("manifests/<uuid:pk>/mend/", manifests.mend, name="manifest_mend"),
    path("workers/", workers.workers, name="workers"),
    path("me/", people.me, name="me"),
    path("members/", people.members, name="members"),
    path("members/<name:name>/", people.member, name="member"),
    path("members/<name:name>/rank/", people.rank, name="member_rank"),
    path("members/<name:name>/shut-out/", people.shut_out, name="member_shut_out"),
    path("members/<name:name>/let-in/", people.let_in, name="member_let_in"),
    path("tokens/", keys.tokens, name="tokens"),
    path("tokens/<int:pk>/revoke/", keys.revoke_token, name="token_revoke"),
    path("access-keys/", keys.access_keys, name="access_keys"),
    path(
        "access-keys/<name:access_key_id>/revoke/",
        keys.revoke_access_key,
        name="access_key_revoke",
    ),
    re_path("", views.nothing_here),
]
