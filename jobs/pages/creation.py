"""The page that creates a job, in four steps.

There is one form, and every answer holds all of it: nothing that was typed is lost on the way, and
the server remembers nothing but the lists that were handed in. `at` names the step that is left,
`step` the one that is wanted; without `step` the job is created at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from jobs import services
from jobs.errors import Conflict, InvalidRequest
from jobs.models import Rank
from jobs.pages import browser, lists, steps
from jobs.pages.access import PageRequest, for_rank, signed_in
from jobs.pages.cloning import lost_in, typed_again, typed_of
from jobs.pages.creation_shown import NO_LOOK, View, show
from jobs.pages.forms import JobForm
from jobs.pages.manifest_fields import read_as
from jobs.pages.proposal import propose
from jobs.pages.task_fields import asked_of

if TYPE_CHECKING:
    from django.http import QueryDict

    from jobs.models import Job, Manifest


@signed_in
@for_rank(Rank.SUBMITTER, "Creating a job")
@require_http_methods(["GET", "HEAD", "POST"])
def job_new(request: PageRequest) -> HttpResponseBase:
    """The form, step by step; its answer, and the parameters of another operation."""
    if not services.roles_of(request.user).exists():
        return render(request, "jobs/new_without_role.html")
    if request.method != "POST":
        return _opened(request)
    if "choose" in request.POST:
        return _chosen(request)
    if wanted := _wanted(request.POST):
        return _moved(request, wanted)
    if changes := browser.picked(request.POST):
        return _filled(request, changes)
    if "browse" in request.POST:
        return _browsed(request)
    if "mend" in request.POST.getlist("do"):
        return _mended(request)
    return _created(request)


def _wanted(data: QueryDict) -> str:
    """The step that a button asks for; empty for what the others ask."""
    step = steps.OPERATION if "read_as" in data else data.get("step", "")
    return step if step in steps.TITLES else ""


def _opened(request: PageRequest) -> HttpResponseBase:
    """The form as it is opened, perhaps with a list that was checked before."""
    if "clone" in request.GET:
        return _cloned(request, request.GET["clone"])
    if "tasks_of" in request.GET:
        return _again(request, request.GET["tasks_of"])
    manifest = lists.named(request, request.GET.get("manifest"))
    form = JobForm(request.user, operation=request.GET.get("operation"), manifest=manifest)
    if role := request.GET.get("role"):
        form.initial["role"] = role
    wanted = steps.known(request.GET.get("step"), steps.OBJECTS)
    return show(request, form, View(steps.OBJECTS if wanted == steps.REVIEW else wanted))


def _cloned(request: PageRequest, pk: str) -> HttpResponseBase:
    """The form filled from another job of the account."""
    job = services.job_of(request.user, pk)
    return _filled_from(request, job, typed_of(job))


def _again(request: PageRequest, pk: str) -> HttpResponseBase:
    """The form filled from an ended job, over tasks of it: to do them again in another way."""
    parent = services.job_of(request.user, pk)
    chosen = services.list_of_tasks(request.user, asked_of(request.GET)["parent"])
    return _filled_from(request, parent, typed_again(parent, chosen))


def filled_again(request: PageRequest, told: str, status: int) -> HttpResponseBase:
    """The form as it was sent, in the step in which it was, without doing anything."""
    here = steps.known(request.POST.get("at"), steps.OBJECTS)
    step = steps.OPTIONS if here == steps.REVIEW else here
    kept = lists.kept_before(request)
    data = lists.refilled(request, request.POST, kept, step)
    form = JobForm(request.user, typed=data, manifest=kept)
    messages.warning(request, told)
    return show(request, form, View(step, status=status))


def _filled_from(request: PageRequest, job: Job, typed: QueryDict) -> HttpResponseBase:
    kept = job.manifest if typed.get("manifest_id") else None
    form = JobForm(request.user, typed=typed, manifest=kept)
    messages.success(request, f"Filled in from job {job.pk}. Nothing is created yet.")
    for text in lost_in(job, request.user, typed):
        messages.warning(request, text)
    return show(request, form, View(steps.OBJECTS))


def _chosen(request: PageRequest) -> HttpResponseBase:
    manifest, faults = lists.stored(request)
    for text in (text for texts in faults.values() for text in texts):
        messages.error(request, text)
    form = JobForm(request.user, typed=request.POST, manifest=manifest)
    return show(request, form, View(steps.OPERATION))


def _moved(request: PageRequest, wanted: str) -> HttpResponseBase:
    """To another step. Going on judges what is left behind; going back judges nothing."""
    here = steps.known(request.POST.get("at"), steps.OBJECTS)
    request.POST = cast(Any, read_as(request.POST))
    manifest, faults = lists.handed_in(request)
    data = propose(request.user, request.POST, manifest, here, wanted)
    form = JobForm(request.user, data, manifest=manifest, upload_faults=faults)
    look = NO_LOOK
    for step in steps.between(here, wanted):
        if step == steps.OBJECTS and step not in form.faulty_steps():
            look = lists.look(request, form)
        if step == steps.OPERATION and look is NO_LOOK:
            form.add_faults(lists.unfit_for(form, data.get("operation", "")))
        if step in form.faulty_steps():
            form.judge_only({step})
            left = browser.Browser.left_open(request.user, data)
            return show(request, form, View(step, look, browser=left, status=422))
    if wanted == steps.REVIEW:
        return _reviewed(request, form, look)
    data = lists.refilled(request, data, manifest, wanted)
    form = JobForm(request.user, typed=data, manifest=manifest)
    return show(request, form, View(wanted, look, moved=True))


def _reviewed(request: PageRequest, form: JobForm, look: lists.Look) -> HttpResponseBase:
    """Everything on one page, or the first step in which something is wrong after all."""
    if not form.faulty_steps() and look is NO_LOOK:
        look = lists.look(request, form)
    unasked = [] if form.faulty_steps() else form.rehearse(request.user)
    if wrong := form.faulty_steps():
        return show(request, form, View(wrong[0], look, status=422))
    for text in unasked:
        messages.warning(request, f"{text} It is asked once more when the job is created.")
    return show(request, form, View(steps.REVIEW, look, moved=True))


def _filled(
    request: PageRequest,
    changes: Mapping[str, Any],
    mended: Manifest | None = None,
    look: lists.Look = NO_LOOK,
) -> HttpResponseBase:
    """The first step with fields that a button has filled in; what was chosen has the focus."""
    data = request.POST.copy()
    for name, value in changes.items():
        data[name] = value
    kept = mended or lists.handed_in(request)[0]
    form = JobForm(request.user, typed=data, manifest=kept)
    if mended is None:
        form.fields[next(iter(changes))].widget.attrs["autofocus"] = True
    return show(request, form, View(steps.OBJECTS, look))


def _browsed(request: PageRequest) -> HttpResponseBase:
    """The first step with what is in a bucket: for browsers without script."""
    manifest, _ = lists.handed_in(request)
    form = JobForm(request.user, typed=request.POST, manifest=manifest)
    seen = browser.Browser.of(request.user, request.POST)
    return show(request, form, View(steps.OBJECTS, browser=seen))


def _mended(request: PageRequest) -> HttpResponseBase:
    """The first step with a corrected list in place of the faulty one."""
    manifest, faults = lists.handed_in(request)
    form = JobForm(request.user, request.POST, manifest=manifest, upload_faults=faults)
    form.judge_only({steps.OBJECTS})
    found = NO_LOOK if form.errors else lists.look(request, form)
    if found.manifest is None:
        return show(request, form, View(steps.OBJECTS, found, status=422))
    role = "" if found.manifest.upload else request.POST.get("role", "")
    mends = request.POST.getlist("mend")
    try:
        mended, _ = services.mend_manifest(request.user, found.manifest, mends, role)
    except InvalidRequest as error:
        for text in (text for texts in error.fields.values() for text in texts):
            messages.error(request, text)
        return show(request, form, View(steps.OBJECTS, found, status=422))
    source = form.cleaned_data["source"]
    seen = lists.look_at_mended(request, mended)
    messages.success(request, lists.told_of_mended(seen, source))
    return _filled(request, lists.filled_with(mended, source), mended, seen)


def _created(request: PageRequest) -> HttpResponseBase:
    in_steps = "at" in request.POST
    manifest, faults = lists.handed_in(request) if in_steps else lists.stored(request)
    form = JobForm(request.user, request.POST, manifest=manifest, upload_faults=faults)
    if form.is_valid():
        try:
            form.keep_pasted(request.user)
            job = services.create_job(request.user, form.request())
        except InvalidRequest as error:
            form.add_faults(error.fields)
        except Conflict:
            made = services.jobs_of(request.user).filter(client_request_token=form.token)
            form.made, form.token = made.first(), str(uuid.uuid4())
            form.add_error(None, "This form has made a job already. Send it again to make another.")
        else:
            messages.success(request, f"Successfully created job {job.pk}.")
            return redirect("job", job.pk)
    return show(request, form, View(_first_fault(form), is_creating=True, status=422))


def _first_fault(form: JobForm) -> str:
    wrong = form.faulty_steps()[0]
    return steps.OBJECTS if wrong == steps.REVIEW and not form.made else wrong
