"""Roles, and what is known of their stores: the list, the page of one, and its two decisions."""

from __future__ import annotations

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from jobs import services
from jobs.pages.access import PageRequest, signed_in
from operations import OPERATION_BY_NAME
from operations.probe import Finding

HARMLESS = frozenset({Finding.WORKS, Finding.REFUSED})
"""After any other finding, a green tick above the table would be wrong."""


@signed_in
@require_safe
def role_list(request: PageRequest) -> HttpResponseBase:
    """All roles of the account, and where its functions are called."""
    context = {
        "roles": services.roles_of(request.user),
        "functions": services.functions_of(request.user),
    }
    return render(request, "roles/list.html", context)


@signed_in
@require_safe
def role(request: PageRequest, name: str) -> HttpResponseBase:
    """Where a role leads, and what its store does with each operation."""
    found = services.role_of(request.user, name)
    rows = services.matrix(found)
    context = {
        "role": found,
        "rows": rows,
        "ignored": [row for row in rows if row.may_be_waived],
        "bucket": found.scratch_bucket or next((r.trial.bucket for r in rows if r.trial), ""),
    }
    return render(request, "roles/detail.html", context)


@signed_in
@require_POST
def role_probe(request: PageRequest, name: str) -> HttpResponseBase:
    """Try what the store does, now."""
    found = services.role_of(request.user, name)
    warning = services.try_store(found, request.user, request.POST.get("bucket", "").strip())
    known = {row.trial.found for row in services.matrix(found) if row.trial and row.is_tried}
    if warning:
        messages.warning(request, warning)
    else:
        tell = messages.success if known <= HARMLESS else messages.warning
        tell(request, "The store was tried. This is what it does:")
    return redirect("role", name)


@signed_in
@require_POST
def role_override(request: PageRequest, name: str) -> HttpResponseBase:
    """Let jobs run though the store ignores their operation."""
    found = services.role_of(request.user, name)
    operation = request.POST.get("operation", "")
    services.waive(found, request.user, operation, reason=request.POST.get("reason", ""))
    label = OPERATION_BY_NAME[operation].label
    messages.success(request, f"Jobs of this role may do “{label}” from now on.")
    return redirect("role", name)
