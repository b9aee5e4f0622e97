"""What people decide on the page of a job: each is one verb of services.py.

What they are told of it stays on the page while the job goes on: so it says what was done, and what
is true of the job later, too. How the job stands is told by what of the page is live.
"""

from __future__ import annotations

import re
from uuid import UUID

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from jobs import services
from jobs.errors import InvalidRequest
from jobs.models import Job
from jobs.pages.access import PageRequest, signed_in
from jobs.pages.errors import sentence_of
from jobs.pages.turn_fields import WindowFields, window_of
from jobs.pages.views import job_page
from jobs.status import TO_PREPARE, JobStatus


@signed_in
@require_POST
def job_confirm(request: PageRequest, pk: UUID) -> HttpResponseBase:
    """Run a job that waits for it."""
    found = services.job_of(request.user, pk)
    services.confirm_job(
        found,
        request.user,
        reason=request.POST.get("reason", ""),
        accept_untried=request.POST.get("accept_untried") == "on",
    )
    messages.success(request, f"Successfully received confirmation to run job {pk}.")
    return redirect("job", pk)


@signed_in
@require_POST
def job_cancel(request: PageRequest, pk: UUID) -> HttpResponseBase:
    """Stop a job."""
    found = services.job_of(request.user, pk)
    services.cancel_job(found, request.user, reason=request.POST.get("reason", ""))
    messages.success(request, _cancelled(found))
    return redirect("job", pk)


def _cancelled(found: Job) -> str:
    if found.is_final:
        return "The job is cancelled. No task was started."
    return "Cancelling was asked for."


@signed_in
@require_POST
def job_pause(request: PageRequest, pk: UUID) -> HttpResponseBase:
    """Keep a job from running until it is resumed."""
    found = services.job_of(request.user, pk)
    services.pause_job(found, request.user, reason=request.POST.get("reason", ""))
    messages.success(request, _paused(found))
    return redirect("job", pk)


def _paused(found: Job) -> str:
    if found.state == JobStatus.PAUSING:
        return "Pausing was asked for."
    return "The job was put on hold."


@signed_in
@require_POST
def job_resume(request: PageRequest, pk: UUID) -> HttpResponseBase:
    """Let a paused job go on."""
    found = services.job_of(request.user, pk)
    services.resume_job(found, request.user)
    messages.success(request, _resumed(found))
    return redirect("job", pk)


def _resumed(found: Job) -> str:
    to_confirm = found.confirmation_required and found.state in TO_PREPARE
    if to_confirm or found.can_confirm:
        return "The job was resumed. It runs only after a confirmation."
    return "The job was resumed."


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def job_window(request: PageRequest, pk: UUID) -> HttpResponseBase:
    """Change the hours in which a job may run; with both fields empty it may at any time. What is
    refused stays in the form to be mended: on a page with this address, which leads to the job.
    """
    found = services.job_of(request.user, pk)
    if request.method != "POST":
        return redirect("job", pk)
    form = WindowFields(request.POST)
    if form.is_valid():
        try:
            services.set_window(found, request.user, window_of(form.cleaned_data))
        except InvalidRequest as error:
            form.add_faults(error.fields)
        else:
            window = found.window
            told = f"The hours were set: from {window}." if window else "The hours were removed."
            messages.success(request, told)
            return redirect("job", pk)
    wrong = sentence_of(
        InvalidRequest({name: [*map(str, texts)] for name, texts in form.errors.items()})
    )
    messages.error(request, f"The hours were not changed. {wrong}")
    return job_page(request, found, form, 422)


@signed_in
@require_POST
def job_priority(request: PageRequest, pk: UUID) -> HttpResponseBase:
    """Let a job go before or after others."""
    found = services.job_of(request.user, pk)
    services.set_priority(found, request.user, _number(request.POST.get("priority", "")))
    messages.success(request, f"The priority was set to {found.priority:,}.")
    return redirect("job", pk)


@signed_in
@require_POST
def job_speed(request: PageRequest, pk: UUID) -> HttpResponseBase:
    """Let a job send more or fewer requests per second; an empty field lets it go."""
    found = services.job_of(request.user, pk)
    services.set_speed(found, request.user, _ceiling(request.POST.get("requests_per_second", "?")))
    messages.success(request, _paced(found))
    return redirect("job", pk)


def _ceiling(text: str) -> int | str | None:
    """The number; what is none is for the verb to refuse."""
    text = text.strip()
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) else text or None


def _paced(found: Job) -> str:
    if found.requests_per_second is None:
        return "The speed ceiling of the job was removed."
    return f"The speed ceiling was set to {found.requests_per_second:,} requests per second."


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", text.strip()):
        raise InvalidRequest(
            {"priority": ["Give a whole number from 0 to 2147483647; higher goes first."]}
        )
    return int(text)
