"""The page of a job."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from jobs import services
from jobs.models import Job, Throughput
from jobs.pages.access import PageRequest, signed_in
from jobs.pages.allowed import Allowed
from jobs.pages.chart import chart_of
from jobs.pages.failures import failures_of
from jobs.pages.forecast import range_of
from jobs.pages.listing_shown import listed
from jobs.pages.members import described
from jobs.pages.progress import RESTING, Progress
from jobs.pages.reports import Report
from jobs.pages.retry import Retryable
from jobs.pages.seen import Seen
from jobs.pages.slow import reasons
from jobs.pages.timeline import timeline
from jobs.pages.turn_fields import WindowFields, hours_of
from jobs.pages.workers import LaneRow
from jobs.workers import LaneSeen, lanes_of

MOST_CHILDREN = 10


@require_safe
def favicon(request: HttpRequest) -> HttpResponseBase:
    """Where browsers look when a page, as those of the admin site, names no icon."""
    return redirect(static("lading/icon.svg"))


@signed_in
@require_safe
def job(request: PageRequest, pk: UUID) -> HttpResponseBase:
    """Everything about one job; as a fragment, what changes while it runs."""
    found = services.job_of(request.user, pk)
    return job_page(request, found, hours_of(found))


def job_page(
    request: PageRequest, found: Job, hours: WindowFields, status: int = 200
) -> HttpResponseBase:
    """The same with a form of its hours, perhaps one that was refused."""
    lanes = [] if found.is_final else lanes_of(found)
    progress = Progress.of(found, lanes)
    told = _told(request, progress, lanes)
    seen, before = Seen.of(progress, told), Seen.read(request.GET.get("seen", ""))
    if request.htmx and seen == before and found.state in RESTING:
        return HttpResponse(status=204)
    context = {
        "job": found,
        "progress": progress,
        "allowed": Allowed(found, request.user),
        "seen": seen,
        "has_moved": seen.decided != before.decided,
        "is_worth_a_word": seen.milestone != before.milestone,
        "told": told,
        "report": Report(found),
        "timeline": partial(timeline, found),  # asked for only where it is shown
        "hours": hours,
        "crew": [LaneRow(lane) for lane in lanes],
        "failures": failures_of(found),
        "retryable": Retryable.of(found, request.user),
        **_work(found),
        **_course(progress),
        **_family(request, found),
    }
    template = "jobs/_update.html" if request.htmx else "jobs/detail.html"
    return render(request, template, context, status=status)


def _told(request: PageRequest, progress: Progress, lanes: Sequence[LaneSeen]) -> SafeString:
    """Why the job waits or is slow, and what is wrong with the workers or with its own slices."""
    if progress.job.is_final:
        return SafeString("")
    alarms = services.alarms_of(request.user)
    context = {
        "alarms": [alarm for alarm in alarms if alarm.job in (None, progress.job)],
        "reasons": reasons(progress, lanes),
    }
    return render_to_string("jobs/_reasons.html", context)


def _work(job: Job) -> dict[str, object]:
    """What is done, and to which objects."""
    work = job.work
    return {"parameters": described(work), "caution": work.caution, "listed": listed(job)}


def _course(progress: Progress) -> dict[str, object]:
    """How fast the job was over its life, and what that promises."""
    kept = Throughput.objects.filter(job=progress.job).first()
    return {"time_range": range_of(progress, kept), "chart": chart_of(progress.job, kept)}


def _family(request: PageRequest, job: Job) -> dict[str, object]:
    """The jobs that were made of tasks of this one."""
    if not job.is_final:
        return {"children": []}
    children = list(services.jobs_of(request.user).children_of(job)[: MOST_CHILDREN + 1])
    return {
        "children": [Progress(child) for child in children[:MOST_CHILDREN]],
        "has_more_children": len(children) > MOST_CHILDREN,
    }
