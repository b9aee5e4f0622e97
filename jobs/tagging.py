"""The tags of a job, which people sort jobs by (spec.md 3.9, 8.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import ValidationError

from jobs.checked import name_of
from jobs.database import write
from jobs.deciding import require_owner
from jobs.errors import InvalidRequest
from jobs.models import Job, JobEvent
from jobs.requests import Request
from jobs.tags import Tags
from operations.base import fields_of

if TYPE_CHECKING:
    from jobs.members import User


class TagsRequest(Request):
    """The tags that a job shall have."""

    tags: Tags

    @classmethod
    def parse(cls, given: Mapping[str, str]) -> dict[str, str]:
        """The tags, checked; raises InvalidRequest."""
        try:
            return cls.model_validate({"tags": dict(given)}).tags
        except ValidationError as error:
            raise InvalidRequest(fields_of(error, cls)) from None


def set_tags(job: Job, user: User, tags: Mapping[str, str]) -> None:
    """Replace all tags of a job, in any status; an empty mapping removes them. Raises
    InvalidRequest, NotPermitted.
    """
    require_owner(user, job, "Tagging the job")
    checked = TagsRequest.parse(tags)
    told = f"tags set: {', '.join(sorted(checked))}" if checked else "tags removed"
    with write():
        Job.objects.filter(pk=job.pk).update(tags=checked)
        JobEvent.objects.create(job=job, actor=name_of(user), reason=told[:1024])
    job.refresh_from_db()
