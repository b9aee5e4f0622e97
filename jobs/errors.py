"""Everything that can go wrong and is somebody's to mend.

JobError
├── InvalidRequest      what was handed in is wrong; fields say where            400
├── NotPermitted        the person may not do this                               403
├── NotFound            there is no such thing, or it belongs to others          404
├── InvalidTransition   the job's status does not allow it                       409
├── Conflict            it clashes with what is there already                    409
├── JobFailure          an expected end of a job: a code and a reason (spec.md 2.5)
├── SpoolDamaged        a file of the spool is missing, short or altered
├── BackupFailed        a backup cannot be taken, or cannot be put back
└── SpoolUnusable       there is no room in the spool, or it cannot be written       503
"""

from __future__ import annotations


class JobError(Exception):
    """Root of all; the message is a sentence for people."""

    code = "Error"


class InvalidRequest(JobError):
    """Bad input. `fields`: snake_case path → messages; a fault of the whole stands under ""."""

    code = "InvalidRequest"

    def __init__(self, fields: dict[str, list[str]]) -> None:
        self.fields = fields
        super().__init__(
            " ".join(
                f"{name}: {text}" if name else text
                for name, texts in fields.items()
                for text in texts
            )
        )


class NotPermitted(JobError):
    """The person may not do this."""

    code = "AccessDenied"


class NotFound(JobError):
    """There is no such thing, or it belongs to another account."""

    code = "NotFound"


class InvalidTransition(JobError):
    """The status of the job does not allow what was asked."""

    code = "JobStatusException"


class Conflict(JobError):
    """What was asked clashes with what is there already."""

    code = "Conflict"


class JobFailure(JobError):
    """The job as a whole ends in Failed with this code (1..64) and reason (1..256 characters)."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason if len(reason) <= 256 else reason[:253] + "..."
        super().__init__(self.reason)


class SpoolDamaged(JobError):
    """A file of the spool is missing, short or altered; never to be read as "no exceptions"."""

    code = "SpoolDamaged"


class BackupFailed(JobError):
    """A backup cannot be taken, or cannot be put back; the message says why and what to do."""

    code = "BackupFailed"


class SpoolUnusable(JobError):
    """There is no room in the spool, or it cannot be written: for an operator to mend."""

    code = "SpoolFailed"
