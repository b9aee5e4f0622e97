"""The page that creates a job, as its template takes it."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render

from jobs.pages import browser, lists, steps
from jobs.pages.access import PageRequest
from jobs.pages.findings_shown import shown
from jobs.pages.forms import JobForm
from jobs.pages.review import Review

NO_LOOK = lists.Look()


@dataclass(frozen=True)
class View:
    """What is shown: a step, what a look at the list has found, and the browser if it is open."""

    step: str
    look: lists.Look = NO_LOOK
    browser: browser.Browser | None = None
    moved: bool = False
    is_creating: bool = False
    status: int = 200


def show(request: PageRequest, form: JobForm, view: View) -> HttpResponse:
    """The page; of a request of htmx, the parameters of the operation alone."""
    if request.htmx:
        return render(request, "jobs/_parameters.html", {"form": form}, status=view.status)
    look = view.look
    if view.step == steps.REVIEW and look is NO_LOOK:
        look = lists.look(request, form)
    before, after = steps.beside(view.step)
    context = {
        "form": form,
        "view": view,
        "step": view.step,
        "steps": steps.steps_seen_from(view.step),
        "before": before,
        "after": after,
        "look": look,
        "uploaded": lists.uploaded_before(request, form),
        "list_is_faulty": bool(look.findings and not look.findings.is_right),
        "faults": form.told_in(view.step) if view.status == 422 else [],
        "is_creating": view.is_creating,
        "unchosen": view.browser.unchosen if view.browser else "",
        "proposed": form.proposed,
        "review": _review(request, form, look) if view.step == steps.REVIEW else None,
        **(shown(look.findings) if look.findings else {}),
    }
    return render(request, "jobs/new.html", context, status=view.status)


def _review(request: PageRequest, form: JobForm, look: lists.Look) -> Review:
    return Review(request.user, form, look, request.build_absolute_uri("/"))
