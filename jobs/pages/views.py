"""The list of jobs, the page of one, and the decisions that people make there."""

from __future__ import annotations

import re
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from jobs import services
from jobs.models import MOST_TASK_RESULTS, JobQuerySet
from jobs.pages.access import PageRequest, signed_in
from jobs.pages.allowed import Allowed
from jobs.pages.listing_shown import listed
from jobs.pages.members import described
from jobs.pages.progress import RESTING, Progress
from jobs.pages.reports import Report
from jobs.pages.timeline import timeline
from jobs.pages.turn_fields import hours_of
from jobs.status import JobStatus

JOBS_A_PAGE = 50
RESULTS_A_PAGE = 50
FIRST_RESULTS = 10
MOST_TALLIES = 12


@require_safe
def favicon(request: HttpRequest) -> HttpResponseBase:
    """Where browsers look when a page, as those of the admin site, names no icon."""
    return redirect(static("lading/icon.svg"))


@signed_in
@require_safe
def job_list(request: PageRequest) -> HttpResponseBase:
    """All jobs of the account, newest first; rows are live while one is unfinished."""
    query, status = request.GET.get("q", "").strip(), request.GET.get("status", "")
    found = _searched(services.jobs_of(request.user), query, status)
    page = Paginator(found, JOBS_A_PAGE).get_page(request.GET.get("page"))
    rows = [Progress(job) for job in page.object_list]
    context = {
        "page": page,
        "rows": rows,
        "alarms": services.alarms_of(request.user),
        "query": query,
        "status": status,
        "statuses": JobStatus.choices,
        "is_live": not all(row.job.is_final for row in rows),
    }
    template = "jobs/_rows.html" if request.htmx else "jobs/list.html"
    return render(request, template, context)


def _searched(jobs: JobQuerySet, query: str, status: str) -> JobQuerySet:
    """Narrowed by a piece of the description or the beginning of an id, and by status."""
    if query:
        matching = Q(description__icontains=query)
        if re.fullmatch(r"[0-9a-fA-F-]{1,36}", query):
            matching |= Q(pk__startswith=query.lower())
        jobs = jobs.filter(matching)
    return jobs.filter(status=status) if status in JobStatus.values else jobs


@signed_in
@require_safe
def job(request: PageRequest, pk: UUID) -> HttpResponseBase:
    """Everything about one job; as a fragment, what changes while it runs."""
    found = services.job_of(request.user, pk)
    progress = Progress.of(found)
    seen = request.GET.get("seen", "")
    if request.htmx and seen == progress.milestone and found.state in RESTING:
        return HttpResponse(status=204)
    tallies = list(found.tallies.all()[: MOST_TALLIES + 1])
    context = {
        "job": found,
        "progress": progress,
        "allowed": Allowed(found, request.user),
        "seen": seen,
        "has_moved": seen.partition(".")[0] != progress.standing,
        "parameters": described(found.work),
        "listed": listed(found),
        "report": Report(found),
        "timeline": timeline(found),
        "hours": hours_of(found),
        "tallies": tallies[:MOST_TALLIES],
        "has_more_tallies": len(tallies) > MOST_TALLIES,
        "first_results": found.task_results.all()[:FIRST_RESULTS],
    }
    return render(request, "jobs/_update.html" if request.htmx else "jobs/detail.html", context)


@signed_in
@require_safe
def job_results(request: PageRequest, pk: UUID) -> HttpResponseBase:
    """The failed tasks that were kept, also of one kind."""
    found = services.job_of(request.user, pk)
    code, http_status = request.GET.get("code", ""), request.GET.get("http_status", "")
    results = found.task_results.all()
    if code:
        results = results.filter(error_code=code)
    if http_status.isdecimal():
        # Tallies say 0 where no reply came, results say nothing.
        results = results.filter(http_status=int(http_status) or None)
    page = Paginator(results, RESULTS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "job": found,
        "progress": Progress(found),
        "page": page,
        "code": code,
        "http_status": http_status,
        "most_kept": MOST_TASK_RESULTS if found.failed > MOST_TASK_RESULTS else None,
    }
    template = "jobs/_results.html" if request.htmx else "jobs/results.html"
    return render(request, template, context)
