"""Deciding on many jobs from the list: what it comes to is shown first, and then done."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs.bulk import ManyDecided
from jobs.errors import Conflict, InvalidRequest
from jobs.members import Rank, require
from jobs.pages.access import PageRequest, for_rank, signed_in
from jobs.pages.errors import sentence_of
from jobs.pages.many_chosen import Chosen, Review
from jobs.pages.many_kinds import jobs

MOST_REASONS = 3
TYPED = ("reason", "priority", "accept_untried")
WHAT = "Deciding on many jobs"


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@for_rank(Rank.SUBMITTER, WHAT)
def job_bulk(request: PageRequest) -> HttpResponseBase:
    """A GET shows what a POST with the same fields does."""
    given = request.POST if request.method == "POST" else request.GET
    chosen = Chosen.read(given, request.user)
    require(request.user, chosen.kind.rank, WHAT)
    if chosen.is_empty:
        messages.warning(request, "No job was chosen: tick some first.")
        return redirect(chosen.query.url())
    if request.method == "POST":
        return _decide(request, chosen)
    return _show(request, chosen, request.GET)


def _show(
    request: PageRequest, chosen: Chosen, typed: QueryDict, status: int = 200
) -> HttpResponseBase:
    """What it comes to as things are now, with what was typed."""
    context = {
        "chosen": chosen,
        "kind": chosen.kind.name,
        "review": Review(chosen),
        "back": chosen.query.url(),
        "reason": typed.get("reason", "")[:256],
        "priority": typed.get("priority", ""),
        "accepts": typed.get("accept_untried") == "on",
    }
    return render(request, "jobs/bulk.html", context, status=status)


def _decide(request: PageRequest, chosen: Chosen) -> HttpResponseBase:
    """Do it; or show anew what it would come to now, since an address may be too short for what was
    chosen and typed.
    """
    try:
        order, seen = _order(request, chosen), request.POST.get("seen", "")
        done = chosen.kind.decide(request.user, order, seen=seen)
    except (Conflict, InvalidRequest) as refused:
        messages.error(request, sentence_of(refused))
        status = 409 if isinstance(refused, Conflict) else 422
        return _show(request, chosen, request.POST, status)
    _tell(request, chosen, done)
    if done.after:
        typed = {name: request.POST.get(name, "") for name in TYPED}
        return redirect(chosen.url(after=str(done.after), **typed))
    return redirect(chosen.query.url())


def _order(request: PageRequest, chosen: Chosen) -> dict[str, Any]:
    """For the verb: as many jobs as the person saw."""
    if chosen.query.faults and "everything" in request.POST:
        raise InvalidRequest({"filter": [*chosen.query.faults, "Nothing was decided."]})
    if chosen.possible is None:
        raise Conflict("None of these jobs is in a status that allows it any more.")
    expect = request.POST.get("expect", "")
    if not (re.fullmatch(r"[0-9]{1,10}", expect) and request.POST.get("seen")):
        raise InvalidRequest({"expect": ["Look at the jobs again before you decide."]})
    after = {"after": chosen.after} if chosen.after else {}
    order = chosen.kind.order(request.POST.dict())
    return {"filter": chosen.possible, "expect": int(expect), **after, **order}


def _tell(request: PageRequest, chosen: Chosen, done: ManyDecided) -> None:
    """How many it was done to; and why not to the others, as far as that can be read."""
    if changed := [one.job for one in done.jobs if one.error is None]:
        for text in chosen.kind.tell(changed):
            messages.success(request, text)
    reasons = Counter(sentence_of(one.error) for one in done.jobs if one.error is not None)
    for text, count in reasons.most_common(MOST_REASONS):
        messages.warning(request, f"{jobs(count, 'was', 'were')} refused: {text}")
    if rest := reasons.total() - sum(n for _, n in reasons.most_common(MOST_REASONS)):
        messages.warning(request, f"{jobs(rest, 'was', 'were')} refused for other reasons.")
