"""Tags of a job: what people sort jobs by. They may change in any status, also after the end
(spec.md 3.9, 8.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.checked import name_of
from jobs.database import write
from jobs.deciding import require_owner
from jobs.errors import NotFound
from jobs.models import Job, JobEvent
from jobs.requests import Request
from jobs.tags import Tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jobs.members import User


class TagsRequest(Request):
    """All tags of a job."""

    tags: Tags


def set_tags(job: Job, user: User, tags: Mapping[str, str]) -> None:
    """Put these tags in the place of all that the job has; none removes them.

    For operators, and for whoever created the job. Raises NotPermitted, InvalidRequest.
    """
    require_owner(user, job, "Tagging the job")
    checked = TagsRequest.of({"tags": tags}).tags
    told = f"tags set: {', '.join(sorted(checked))}" if checked else "tags removed"
    with write():
        if not Job.objects.filter(pk=job.pk).update(tags=checked):
            raise NotFound("The specified job does not exist.")
        JobEvent.objects.create(job=job, actor=name_of(user), reason=told[:1024])
    job.refresh_from_db()
