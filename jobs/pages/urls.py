"""The pages' addresses."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from jobs.pages import (
    creation,
    decisions,
    keys,
    manifests,
    people,
    reports,
    role_forms,
    roles,
    views,
    workers,
)
from jobs.pages.login import Login

urlpatterns = [
    path("favicon.ico", views.favicon, name="favicon"),
    path("login/", Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", people.Password.as_view(), name="password"),
    path("keys/", keys.key_list, name="key_list"),
    path("keys/new/", keys.key_new, name="key_new"),
    path("keys/tokens/<int:token>/revoke/", keys.token_revoke, name="token_revoke"),
    path(
        "keys/access-keys/<str:access_key_id>/revoke/",
        keys.access_key_revoke,
        name="access_key_revoke",
    ),
    path("members/", people.member_list, name="member_list"),
    path("members/new/", people.member_new, name="member_new"),
    path("members/<str:username>/rank/", people.member_rank, name="member_rank"),
    path("members/<str:username>/shut-out/", people.member_shut_out, name="member_shut_out"),
    path("members/<str:username>/let-in/", people.member_let_in, name="member_let_in"),
    # Not under roles/: a role may have any name, "new" too.
    path("new-role/", role_forms.role_new, name="role_new"),
    path("new-function/", role_forms.function_new, name="function_new"),
    path("functions/<str:function>/edit/", role_forms.function_edit, name="function_edit"),
    path("functions/<str:function>/delete/", role_forms.function_delete, name="function_delete"),
    path("roles/<str:name>/edit/", role_forms.role_edit, name="role_edit"),
    path("roles/<str:name>/delete/", role_forms.role_delete, name="role_delete"),
    path("roles/", roles.role_list, name="role_list"),
    path("roles/<str:name>/", roles.role, name="role"),
    path("roles/<str:name>/probe/", roles.role_probe, name="role_probe"),
    path("roles/<str:name>/override/", roles.role_override, name="role_override"),
    path("workers/", workers.workers, name="workers"),
    path("manifests/check/", manifests.manifest_check, name="manifest_check"),
    path("manifests/<uuid:manifest_id>/", manifests.manifest, name="manifest"),
    path("manifests/<uuid:manifest_id>/mend/", manifests.manifest_mend, name="manifest_mend"),
    path(
        "manifests/<uuid:manifest_id>/content/", manifests.manifest_content, name="manifest_content"
    ),
    path("jobs/", views.job_list, name="job_list"),
    path("jobs/new/", creation.job_new, name="job_new"),
    path("jobs/<uuid:pk>/", views.job, name="job"),
    path("jobs/<uuid:pk>/confirm/", decisions.job_confirm, name="job_confirm"),
    path("jobs/<uuid:pk>/cancel/", decisions.job_cancel, name="job_cancel"),
    path("jobs/<uuid:pk>/pause/", decisions.job_pause, name="job_pause"),
    path("jobs/<uuid:pk>/resume/", decisions.job_resume, name="job_resume"),
    path("jobs/<uuid:pk>/window/", decisions.job_window, name="job_window"),
    path("jobs/<uuid:pk>/priority/", decisions.job_priority, name="job_priority"),
    path("jobs/<uuid:pk>/speed/", decisions.job_speed, name="job_speed"),
    path("jobs/<uuid:pk>/results/", views.job_results, name="job_results"),
    path("jobs/<uuid:pk>/in-doubt/", reports.job_in_doubt, name="job_in_doubt"),
    path("jobs/<uuid:pk>/report/", reports.job_report, name="job_report"),
    path("jobs/<uuid:pk>/report/<int:file>/", reports.job_report_file, name="job_report_file"),
]
