"""Lists of objects before there is a job: handed in, checked, mended, downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jobs import services
from jobs.errors import InvalidRequest, NotFound
from jobs.models import Manifest, Rank
from jobs.pages.access import PageRequest, for_rank, signed_in
from jobs.pages.check_form import CheckForm
from jobs.pages.findings_shown import shown
from jobs.spool import spool

CHANGES = {
    "header": ("the header row dropped", "{} header rows dropped"),
    "bom": ("the byte order mark dropped", "{} byte order marks dropped"),
    "blank": ("1 blank line dropped", "{} blank lines dropped"),
    "encode": ("1 key encoded", "{} keys encoded"),
    "null": ("1 empty version id written as null", "{} empty version ids written as null"),
}
"""What a mend has changed, once and more often."""


@signed_in
@for_rank(Rank.SUBMITTER, "Checking a list")
@require_http_methods(["GET", "HEAD", "POST"])
def manifest_check(request: PageRequest) -> HttpResponseBase:
    """The form that takes a list to be checked."""
    if request.method != "POST":
        return render(request, "manifests/check.html", {"form": CheckForm(request.user)})
    form = CheckForm(request.user, request.POST, request.FILES)
    if form.is_valid():
        try:
            return _to_page(form.keep(request.user), form.role_name)
        except InvalidRequest as error:
            form.add_faults(error.fields)
    return render(request, "manifests/check.html", {"form": form}, status=422)


@signed_in
@require_safe
def manifest(request: PageRequest, manifest_id: UUID) -> HttpResponseBase:
    """What a list is like and what is wrong with it, read now."""
    found, role = services.manifest_of(request.user, manifest_id), request.GET.get("role", "")
    context = {"manifest": found, "role": role, "roles": services.roles_of(request.user)}
    if found.bucket and not role:
        return render(request, "manifests/detail.html", context)
    try:
        findings = services.check_manifest(request.user, found, role)
    except InvalidRequest as error:
        told = {**context, "trouble": _sentence(error)}
        return render(request, "manifests/detail.html", told, status=422)
    return render(request, "manifests/detail.html", {**context, **shown(findings)})


@signed_in
@require_POST
def manifest_mend(request: PageRequest, manifest_id: UUID) -> HttpResponseBase:
    """Write a corrected list, and go to its page."""
    found, role = services.manifest_of(request.user, manifest_id), request.POST.get("role", "")
    try:
        mended, changes = services.mend_manifest(
            request.user, found, request.POST.getlist("mend"), role
        )
    except InvalidRequest as error:
        messages.error(request, _sentence(error))
        return _to_page(found, role)
    messages.success(request, f"This is a new list, {mended.filename}: {_told(changes)}.")
    return _to_page(mended)


@signed_in
@require_POST
def manifest_read_as(request: PageRequest, manifest_id: UUID) -> HttpResponseBase:
    """Read the same list in another format, and go to its page."""
    found, role = services.manifest_of(request.user, manifest_id), request.POST.get("role", "")
    told = {"format": request.POST.get("read_as", ""), "bucket": request.POST.get("bucket", "")}
    try:
        return _to_page(services.read_list_as(request.user, found, role=role, **told), role)
    except InvalidRequest as error:
        messages.error(request, _sentence(error))
        return _to_page(found, role)


@signed_in
@require_safe
def manifest_content(request: PageRequest, manifest_id: UUID) -> HttpResponseBase:
    """The file of a list that was uploaded or mended."""
    found = services.manifest_of(request.user, manifest_id)
    if not found.upload:
        raise NotFound(f"The list is not here, but at {found.location}.")
    return FileResponse(spool.open(found.upload), as_attachment=True, filename=found.filename)


def _to_page(found: Manifest, role: str = "") -> HttpResponseBase:
    query = f"?{urlencode({'role': role})}" if role and not found.upload else ""
    return redirect(reverse("manifest", args=[found.pk]) + query)


def _told(changes: Mapping[str, int]) -> str:
    return ", ".join(CHANGES[name][n > 1].format(f"{n:,}") for name, n in changes.items())


def _sentence(error: InvalidRequest) -> str:
    return " ".join(text for texts in error.fields.values() for text in texts)
