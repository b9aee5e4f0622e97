"""The probe: does a store do what it says it did? (design decision 16)

Some stores answer 200 to a request for tags, an ACL or a lock, and put the request in the place of
the object. So the operation itself is performed on a scratch object, and body and effect are read
back. An answer is worth nothing here: only what can be seen afterwards is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from operations import OPERATION_BY_NAME
from operations.base import Again, Operation, Outcome, Store, Target
from operations.client_events import UNREADABLE
from operations.perform import one_line, perform, refusal_of
from operations.scratch import Scratch, sweep
from operations.trial_plans import NOT_TRIED, PLANS, Harmed, Plan, Step

__all__ = ["NOT_TRIED", "PLANS", "WORST_FIRST", "Finding", "Found", "probe", "sweep"]

EXCERPT = 40


class Finding(StrEnum):
    """What a trial of an operation at a store came to."""

    WORKS = "works"  #: the effect is there, and the body is untouched
    REFUSED = "refused"  #: the store said no, and nothing was changed
    IGNORED = "ignored"  #: the store said yes, and nothing was changed
    DESTROYS = "destroys"  #: whatever the store said, the body is gone or another one
    UNTRIED = "untried"  #: it could not be tried, or not be seen


WORST_FIRST = (
    Finding.DESTROYS,
    Finding.IGNORED,
    Finding.REFUSED,
    Finding.UNTRIED,
    Finding.WORKS,
)


@dataclass(frozen=True)
class Found:
    """The finding of one trial, with a sentence for people."""

    finding: Finding
    detail: str
    http_status: int | None = None
    error_code: str = ""


def probe(
    name: str, store: Store, bucket: str, prefix: str, tick: Callable[[], None] = lambda: None
) -> Found:
    """Try an operation of PLANS on a scratch object of its own, which is erased afterwards.

    Raises botocore's errors where the store does not answer, and whatever `tick` raises.
    """
    scratch = Scratch(store, bucket, prefix, tick)
    plan = PLANS[name]
    try:
        found = _prepare(plan, scratch) or _try(name, plan, scratch)
    finally:
        scratch.erase()
    if plan.needs_lock and found.finding in (Finding.REFUSED, Finding.IGNORED):
        return _judged_by_lock(found, scratch)
    return found


def _prepare(plan: Plan, scratch: Scratch) -> Found | None:
    """Write the scratch object and read it; tells why the operation cannot be tried."""
    if _would_keep_it(scratch):
        return Found(
            Finding.UNTRIED,
            f"The bucket {scratch.bucket} locks all that is put there (COMPLIANCE), so a scratch "
            "object could not be deleted again. Give the role another bucket for them.",
        )
    try:
        scratch.put(is_tagged=plan.is_tagged)
    except ClientError as error:
        return _untried(error, f"The role may not write a scratch object to {scratch.bucket}")
    try:
        body = scratch.read(scratch.key)
    except ClientError as error:
        return _untried(error, "The role may not read its scratch object")
    if body != scratch.body:
        return Found(Finding.UNTRIED, "The store does not give back the scratch object as it was.")
    return None


def _untried(error: ClientError, text: str) -> Found:
    """What a refusal means on the way to a trial; a fault that may pass is raised."""
    said = refusal_of(error)
    if said.again != Again.NEVER:
        raise error
    return Found(Finding.UNTRIED, f"{text}: {_answer(said)}.", said.http_status, said.error_code)


def _try(name: str, plan: Plan, scratch: Scratch) -> Found:
    """Every form of the request, whatever became of the others: what destroys counts most, and
    otherwise the first form that does not simply work.
    """
    unseen = _unseen_tags(scratch) if plan.is_tagged else ""
    amiss: Found | None = None
    for step in plan.steps:
        found = _step(name, step, scratch)
        if found and found.finding == Finding.DESTROYS:
            return found
        amiss = amiss or found
    if amiss and amiss.finding == Finding.REFUSED and plan.when_refused:
        return replace(amiss, detail=f"{amiss.detail} {plan.when_refused}")
    if amiss:
        return amiss
    if unseen:
        return Found(Finding.UNTRIED, unseen)
    return Found(Finding.WORKS, "The effect is there, and the object is untouched.")


def _step(name: str, step: Step, scratch: Scratch) -> Found | None:
    """The latest version, then the same by its id, which a store may take for an upload though it
    knows the one without. None where both work.
    """
    operation = OPERATION_BY_NAME[name].parse(step.parameters(scratch))
    first = _request(operation, step, scratch, scratch.target)
    if not scratch.version_id or (first and first.finding == Finding.DESTROYS):
        return first
    by_id = scratch.target._replace(version_id=scratch.version_id)
    second = _request(operation, step, scratch, by_id)
    if second is None or (first and second.finding != Finding.DESTROYS):
        return first
    return replace(second, detail=f"By the id of a version: {second.detail}")


def _request(operation: Operation, step: Step, scratch: Scratch, target: Target) -> Found | None:
    """One request, and what became of it; None where it works."""
    scratch.tick()
    said = perform(operation, scratch.store, target)
    try:
        if harm := _harm(scratch):
            return Found(Finding.DESTROYS, f"It answered {_answer(said)}, and {harm}.")
        if not said.succeeded:
            return _refused(said)
        if not step.is_seen(scratch):
            text = f"It answered {_answer(said)}, and did nothing that can be seen."
            return Found(Finding.IGNORED, text, said.http_status)
    except Harmed as harm:
        return Found(Finding.DESTROYS, f"It answered {_answer(said)}, and {harm}.")
    except UNREADABLE as error:
        text = f"It answered {_answer(said)}, but what it did cannot be read back"
        return _unreadable(error, text)
    return None


def _harm(scratch: Scratch) -> str:
    """What happened to the body of the scratch object, if anything. Raises ClientError."""
    body = scratch.read(scratch.key)
    if body == scratch.body:
        return ""
    if body is None:
        return "the object is gone"
    began = f"begins with {one_line(body[:EXCERPT])!r}" if body else "is empty"
    return f"the object's content was replaced: it {began}"


def _refused(said: Outcome) -> Found:
    """A refusal of the store, which tells of the operation; one of the role or a fault does not."""
    told = {"http_status": said.http_status, "error_code": said.error_code}
    if said.http_status in (401, 403):
        text = f"The role may not do it to its scratch object: {_answer(said)}."
        return Found(Finding.UNTRIED, text, **told)  # type: ignore[arg-type]
    if said.again != Again.NEVER or said.http_status is None:
        text = f"The store gave no clear answer: {_answer(said)}."
        return Found(Finding.UNTRIED, text, **told)  # type: ignore[arg-type]
    text = f"The store refused it and changed nothing: {_answer(said)}."
    return Found(Finding.REFUSED, text, **told)  # type: ignore[arg-type]


def _unreadable(error: ClientError | ResponseParserError, text: str) -> Found:
    if isinstance(error, ResponseParserError):
        return Found(Finding.UNTRIED, f"{text}: the answer is not what S3 answers.")
    said = refusal_of(error)
    return Found(Finding.UNTRIED, f"{text}: {_answer(said)}.", said.http_status, said.error_code)


def _unseen_tags(scratch: Scratch) -> str:
    """Why the deletion of tags cannot be seen: there are none before."""
    try:
        reply = scratch.s3.get_object_tagging(Bucket=scratch.bucket, Key=scratch.key)
    except UNREADABLE as error:
        return _unreadable(error, "The tags of the scratch object cannot be read").detail
    return "" if reply.get("TagSet") else "The scratch object got no tags that could be deleted."


def _judged_by_lock(found: Found, scratch: Scratch) -> Found:
    """Without Object Lock a bucket tells nothing of one that has it."""
    if _locks(scratch).get("ObjectLockEnabled") == "Enabled":
        return found
    text = f"The bucket {scratch.bucket} has no Object Lock, so it could not be tried there."
    return Found(Finding.UNTRIED, text, found.http_status, found.error_code)


def _would_keep_it(scratch: Scratch) -> bool:
    """Whether nobody could delete a scratch object for as long as the bucket says."""
    retention = _locks(scratch).get("Rule", {}).get("DefaultRetention", {})
    return bool(retention.get("Mode") == "COMPLIANCE")


def _locks(scratch: Scratch) -> dict[str, Any]:
    """How the bucket locks objects; empty where it does not, or does not say."""
    try:
        reply: Any = scratch.s3.get_object_lock_configuration(Bucket=scratch.bucket)
    except UNREADABLE:
        return {}
    told: dict[str, Any] = reply.get("ObjectLockConfiguration", {})
    return told


def _answer(said: Outcome) -> str:
    """200, or 501 NotImplemented."""
    status = "nothing" if said.http_status is None else str(said.http_status)
    return f"{status} {said.error_code}".strip()
