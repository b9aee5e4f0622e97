"""The list of jobs: tabs with counts, what narrows them, and rows that are live."""

from __future__ import annotations

import hashlib
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from jobs import services
from jobs.pages.access import PageRequest, signed_in
from jobs.pages.list_query import ListQuery
from jobs.pages.list_rows import rows_of
from jobs.pages.list_shown import Counts, chips_of, choices_of, first_steps, heads_of, tabs_of
from jobs.status import JobStatus

JOBS_A_PAGE = 50
SOON, LATER = 3, 15
"""Seconds until the list asks again: while a job on it moves, and else, as one may be made."""
WIDE = ("parameters", "tags", "wire_form", "generated_manifest", "checkpoint", "run_window")
"""What no line shows."""

SPOKEN = ("to-confirm", "completed", "failed")
"""The tabs whose counts are worth a spoken word when they change."""


@signed_in
@require_safe
def job_list(request: PageRequest) -> HttpResponseBase:
    """The jobs of the account that are asked for; as a fragment, what changes: a 204 where nothing
    did.
    """
    query = ListQuery.read(request.GET.dict())
    if not request.htmx and "" in request.GET.dict().values():
        return redirect(query.url())  # a form sends its empty fields, too
    context = _shown(request, query)
    told = render_to_string("jobs/_list.html", context, request)
    standing = "-".join(str(tab.count) for tab in context["spoken"])
    seen = f"{hashlib.blake2b(told.encode(), digest_size=8).hexdigest()}.{standing}"
    before = request.GET.get("seen", "")
    if request.htmx and before == seen:
        return HttpResponse(status=204)
    more = {"page": context["page"].number, "seen": seen}
    context |= {"told": mark_safe(told), "again": query.url(more=more)}
    if request.htmx:
        if before.partition(".")[2] != standing:
            context |= {"has_moved": True, "flawed": _flawed(request, query)}
        return render(request, "jobs/_rows.html", context)
    return render(request, "jobs/list.html", context | choices_of(request.user, query))


def _flawed(request: PageRequest, query: ListQuery) -> int:
    """How many jobs were completed though some of their tasks failed."""
    found = query.without("status").narrowed(services.jobs_of(request.user))
    return found.filter(status=JobStatus.COMPLETE, failed__gt=0).count()


def _shown(request: PageRequest, query: ListQuery) -> dict[str, Any]:
    everything = services.jobs_of(request.user)
    counts = Counts(query.without("status").narrowed(everything))
    found = query.narrowed(everything).order_by(*query.order)
    pages = Paginator(found.values_list("pk", flat=True), JOBS_A_PAGE)
    pages.count = counts.of(query.status)  # known already: it need not be counted again
    page = pages.get_page(request.GET.get("page"))
    tabs = tabs_of(query, counts)
    chips = chips_of(query, with_tab=not pages.count)
    # Only what is shown is read whole: a database sorts ids alone much faster.
    ids = list(page.object_list)
    jobs = everything.defer(*WIDE).in_bulk(ids)
    rows = rows_of([jobs[pk] for pk in ids if pk in jobs], request.user)
    return {
        "query": query,
        "page": page,
        "rows": rows,
        "tabs": tabs,
        "spoken": [tab for tab in tabs if tab.key in SPOKEN],
        "heads": heads_of(query),
        "chips": chips,
        **({} if pages.count or chips else first_steps(request)),
        "alarms": services.alarms_of(request.user),
        "may_choose": any(row.may_choose for row in rows),
        "seconds": SOON if any(row.is_live for row in rows) else LATER,
    }
