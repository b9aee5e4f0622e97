"""The page that creates a job."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs import services
from jobs.errors import Conflict, InvalidRequest
from jobs.models import Manifest, Rank
from jobs.pages.access import PageRequest, for_rank, signed_in
from jobs.pages.forms import JobForm
from jobs.pages.manifest_fields import UPLOAD, described_by

Faults = dict[str, list[str]]


@signed_in
@for_rank(Rank.SUBMITTER, "Creating a job")
@require_http_methods(["GET", "HEAD", "POST"])
def job_new(request: PageRequest) -> HttpResponseBase:
    """The form, its answer, and its re-rendering with the parameters of another operation."""
    if not services.roles_of(request.user).exists():
        return render(request, "jobs/new_without_role.html")
    if request.method != "POST":
        return _show(request, _empty(request))
    manifest, faults = _uploaded(request)
    if "choose" in request.POST:
        for text in (text for texts in faults.values() for text in texts):
            messages.error(request, text)
        return _show(request, JobForm(request.user, typed=request.POST, manifest=manifest))
    return _create(
        request,
        JobForm(request.user, request.POST, manifest=manifest, upload_faults=faults),
    )


def _empty(request: PageRequest) -> JobForm:
    """The form as it is opened, perhaps with a manifest that was checked before."""
    return JobForm(
        request.user,
        operation=request.GET.get("operation"),
        manifest=_named(request, request.GET.get("manifest")),
    )


def _create(request: PageRequest, form: JobForm) -> HttpResponseBase:
    if not form.is_valid():
        return _show(request, form, status=422)
    try:
        form.keep_pasted(request.user)
        job = services.create_job(request.user, form.request())
    except InvalidRequest as error:
        form.add_faults(error.fields)
    except Conflict:
        form.made = services.jobs_of(request.user).filter(client_request_token=form.token).first()
        form.token = str(uuid.uuid4())
        form.add_error(None, "This form has made a job already. Send it again to make another.")
    else:
        messages.success(request, f"Successfully created job {job.pk}.")
        return redirect("job", job.pk)
    return _show(request, form, status=422)


def _show(request: PageRequest, form: JobForm, status: int = 200) -> HttpResponse:
    template = "jobs/_parameters.html" if request.htmx else "jobs/new.html"
    return render(request, template, {"form": form}, status=status)


def _uploaded(request: PageRequest) -> tuple[Manifest | None, Faults]:
    """The file that came with the form, kept at once; else the one that was kept before."""
    file = request.FILES.get("upload")
    if file is None or request.POST.get("source") != UPLOAD:
        return _kept(request), {}
    try:
        manifest = services.store_upload(
            request.user, file, filename=file.name or "", **described_by(request.POST)
        )
    except InvalidRequest as error:
        return None, error.fields
    return manifest, {}


def _kept(request: PageRequest) -> Manifest | None:
    if request.POST.get("source") != UPLOAD:
        return None
    return _named(request, request.POST.get("manifest_id"))


def _named(request: PageRequest, pk: str | None) -> Manifest | None:
    try:
        return services.manifests_of(request.user).filter(pk=pk).first() if pk else None
    except ValidationError:
        return None
