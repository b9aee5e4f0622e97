"""The list that a new job is handed: kept as soon as it comes, and looked at before going on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File

from jobs import services
from jobs.errors import InvalidRequest
from jobs.pages import steps
from jobs.pages.listing_fields import generator_of
from jobs.pages.manifest_fields import (
    LISTING,
    LONGEST_PASTE,
    PASTED,
    PASTED_ID,
    READ_BY_ROLE,
    UPLOAD,
    UPLOADED_ID,
    described_by,
    filled_from,
    manifest_of,
    slot_of,
    was_read_otherwise,
)
from jobs.pages.task_fields import TASKS, asked_of
from jobs.spool import spool
from operations import OPERATION_BY_NAME

if TYPE_CHECKING:
    from django.http import QueryDict

    from jobs.looking import Sample
    from jobs.manifests.findings import Findings
    from jobs.models import Manifest
    from jobs.pages.access import PageRequest
    from jobs.pages.forms import JobForm
    from operations import Operation

Faults = dict[str, list[str]]

SECONDS = 1.5
"""So long a list is read between two steps; its own page takes more time."""
PASTED_NAME = "pasted list"
BYTES_A_CHARACTER = 4
"""At most, in UTF-8."""


@dataclass(frozen=True)
class Look:
    """What a look at the objects has shown: a list with its findings, or a sample of a listing."""

    manifest: Manifest | None = None
    findings: Findings | None = None
    sample: Sample | None = None


def handed_in(request: PageRequest) -> tuple[Manifest | None, Faults]:
    """The list that came with the form, kept at once though it may be faulty; else the one that
    was kept before.
    """
    kept = kept_before(request)
    try:
        return _handed_in(request, kept) or kept, {}
    except InvalidRequest as error:
        return None, error.fields


def kept_before(request: PageRequest) -> Manifest | None:
    """The list that was kept before, of the source that is chosen now."""
    return named(request, request.POST.get(slot_of(request.POST)))


def uploaded_before(request: PageRequest, form: JobForm) -> Manifest | None:
    """What is taken where a list is uploaded and no file is chosen."""
    return form.kept if form.slot == UPLOADED_ID else named(request, form.slots[UPLOADED_ID])


def _handed_in(request: PageRequest, kept: Manifest | None) -> Manifest | None:
    source, told = request.POST.get("source"), described_by(request.POST)
    if source == PASTED and "pasted" in request.POST:
        text = request.POST["pasted"].replace("\r\n", "\n")
        if len(text) > LONGEST_PASTE:
            return None
        content = text.encode()
        is_same = kept and kept.sha256 == hashlib.sha256(content).hexdigest()
        if not content or (is_same and kept and not was_read_otherwise(kept, request.POST)):
            return None
        file: File[bytes] = ContentFile(content)
        return services.keep_list(request.user, file, filename=PASTED_NAME, **told)
    if source != UPLOAD:
        return None
    if sent := request.FILES.get("upload"):
        return services.keep_list(request.user, sent, filename=sent.name or "list", **told)
    if kept and kept.upload and was_read_otherwise(kept, request.POST):
        return services.read_list_as(request.user, kept, **told)
    return None


def stored(request: PageRequest) -> tuple[Manifest | None, Faults]:
    """The file that came with a form that creates the job at once, unless it is faulty."""
    file = request.FILES.get("upload")
    if file is None or request.POST.get("source") != UPLOAD:
        wanted = request.POST.get("source") in (UPLOAD, PASTED)
        return kept_before(request) if wanted else None, {}
    try:
        told = described_by(request.POST)
        return services.store_upload(request.user, file, filename=file.name or "", **told), {}
    except InvalidRequest as error:
        return None, error.fields


def named(request: PageRequest, pk: str | None) -> Manifest | None:
    """A list of the account that was kept before."""
    try:
        return services.manifests_of(request.user).filter(pk=pk).first() if pk else None
    except ValidationError:
        return None


def pasted_text(manifest: Manifest) -> str:
    """The text of a pasted list, mended or not, to be gone on with; "" for any other list."""
    is_pasted = manifest.upload and manifest.filename.startswith(PASTED_NAME)
    if not is_pasted or (manifest.size or 0) > BYTES_A_CHARACTER * LONGEST_PASTE:
        return ""
    with spool.open(manifest.upload) as file:
        return str(file.read().decode(errors="replace"))


def look_at_mended(request: PageRequest, mended: Manifest) -> Look:
    """The same of a list that was just written, whatever the form says."""
    found = services.check_manifest(request.user, mended, seconds=SECONDS)
    return Look(manifest=mended, findings=found)


def filled_with(mended: Manifest, source: str) -> dict[str, Any]:
    """The fields with a mended list under the source of the faulty one: a pasted one stands in the
    text area again. What was read from S3 is kept here from now on, as an upload is.
    """
    filled = filled_from(mended)
    if source == PASTED and (text := pasted_text(mended)):
        filled |= {"source": PASTED, "pasted": text}
    return filled


def told_of_mended(seen: Look, source: str) -> str:
    """What became of the faulty list."""
    assert seen.manifest
    assert seen.findings
    done = "The list is mended" if seen.findings.is_right else "The list is mended in part"
    if source in READ_BY_ROLE:
        kept = f"The job takes {seen.manifest.filename}, which is kept here as an upload is"
        return f"{done}. {kept}; the list in S3 stays as it is."
    if source == PASTED:
        return f"{done}: the job takes it as it stands here now."
    return f"{done}. The job takes {seen.manifest.filename} in place of the file."


def refilled(
    request: PageRequest, data: QueryDict, manifest: Manifest | None, step: str
) -> QueryDict:
    """A pasted list comes back to be gone on with; on the way it is not carried along."""
    if step != steps.OBJECTS or "pasted" in data:
        return data
    is_chosen = data.get("source") == PASTED
    if pasted := manifest if is_chosen else named(request, data.get(PASTED_ID)):
        data = data.copy()
        data["pasted"] = pasted_text(pasted)
    return data


def look(request: PageRequest, form: JobForm) -> Look:
    """Read the list, or list the bucket, for a moment. What is wrong becomes a fault."""
    given = form.cleaned_data
    try:
        if given["source"] == LISTING:
            sample = services.look_at_bucket(
                request.user, generator_of(given), given.get("role", ""), given["operation"]
            )
            return Look(sample=sample)
        found = _looked_at(request, form)
    except InvalidRequest as error:
        form.add_faults(error.fields)
        return Look()
    if found.findings and not found.findings.is_right:
        form.add_faults({"manifest": [found.findings.summary]})
    elif found.manifest:
        form.add_faults(_unfit(found.manifest, OPERATION_BY_NAME[given["operation"]]))
    return found


def _unfit(manifest: Manifest, operation: type[Operation]) -> Faults:
    if not operation.needs_versions or manifest.has_versions:
        return {}
    return {"manifest.fields": [f"{operation.label} needs versions: the list names none."]}


def unfit_for(form: JobForm, operation: str) -> Faults:
    """What the list that is kept lacks for an operation that was chosen after it."""
    of_a_file = form.data.get("source") in (UPLOAD, PASTED)
    if not of_a_file or form.kept is None or operation not in OPERATION_BY_NAME:
        return {}
    found = _unfit(form.kept, OPERATION_BY_NAME[operation])
    return {"operation": found["manifest.fields"]} if found else {}


def _looked_at(request: PageRequest, form: JobForm) -> Look:
    given, manifest, role = form.cleaned_data, form.kept, ""
    if given["source"] == TASKS:
        return Look(manifest=services.list_of_tasks(request.user, asked_of(given)["parent"]))
    if given["source"] in READ_BY_ROLE:
        role = given.get("role", "")
        manifest = _in_s3(request, form, role)
    if manifest is None:
        return Look()
    return Look(
        manifest=manifest,
        findings=services.check_manifest(request.user, manifest, role, seconds=SECONDS),
    )


def _in_s3(request: PageRequest, form: JobForm, role: str) -> Manifest:
    try:
        return services.list_in_s3(request.user, manifest_of(form.cleaned_data, None), role)
    except InvalidRequest as error:
        told = {"role": "role", "location": "manifest"}
        raise InvalidRequest(
            {told.get(path, f"manifest.{path}"): texts for path, texts in error.fields.items()}
        ) from None
