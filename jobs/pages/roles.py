"""Roles, and what is known of their stores: the list, the page of one, and its two decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from jobs import services
from jobs.pages.access import PageRequest, signed_in
from operations import OPERATION_BY_NAME
from operations.probe import WORST_FIRST, Finding

if TYPE_CHECKING:
    from jobs.probing import Row

TONES = {Finding.DESTROYS: messages.error, Finding.WORKS: messages.success}
"""How the worst that was found is told; anything between the two is a warning."""


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
    rows = sorted(services.matrix(found), key=_gravity)
    context = {
        "role": found,
        "rows": rows,
        "ignored": [row for row in rows if row.may_be_waived],
        "bucket": found.scratch_bucket or next((r.trial.bucket for r in rows if r.trial), ""),
    }
    return render(request, "roles/detail.html", context)


@signed_in
@require_safe
def role_answer(request: PageRequest, name: str) -> HttpResponseBase:
    """Whether the store answers now, and its buckets to choose from: for the page of the role."""
    found = services.role_of(request.user, name)
    answer = services.ask_store(request.user, found.name)
    return render(request, "roles/_answer.html", {"answer": answer})


def _gravity(row: Row) -> int:
    """Worst first; what nobody knows yet comes before what works, what is never tried last."""
    if not row.is_tried:
        return len(WORST_FIRST)
    return WORST_FIRST.index(row.trial.found if row.trial else Finding.UNTRIED)


@signed_in
@require_POST
def role_probe(request: PageRequest, name: str) -> HttpResponseBase:
    """Try what the store does, now."""
    found = services.role_of(request.user, name)
    tried = services.try_store(found, request.user, request.POST.get("bucket", "").strip())
    tell = TONES.get(tried.worst, messages.warning)
    told = tried.told(lambda operation: OPERATION_BY_NAME[operation].label)
    tell(request, told or "The store was tried. Everything that can be tried works.")
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
