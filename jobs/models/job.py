"""The job itself, and the one door of its status."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from jobs.accounts import A_CEILING, Role
from jobs.database import write
from jobs.errors import InvalidTransition
from jobs.models.events import JobEvent
from jobs.models.job_queryset import JobQuerySet
from jobs.models.manifest import Manifest
from jobs.models.timers import dates_of
from jobs.models.turns import Turns
from jobs.status import CANCELLABLE, CONFIRMABLE, FINAL, JobStatus
from operations import OPERATION_BY_NAME, Operation

UNTRIED = "UNTRIED_STORE:"
"""How the cause of a suspension begins where nobody knows what the store will do."""


class Job(Turns):
    """One operation over one manifest."""

    class ReportScope(models.TextChoices):
        """Which tasks the completion report names."""

        ALL_TASKS = "AllTasks", "All tasks"
        FAILED_TASKS_ONLY = "FailedTasksOnly", "Failed tasks only"

    class FailureRule(models.TextChoices):
        """When failed tasks end the job as a whole. AWS knows the first alone (spec.md 2.4)."""

        HALF = "half", "When more than half of at least 1,000 tasks failed"
        COUNT = "count", "After a number of failures"
        NEVER = "never", "Never"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account_id = models.CharField(max_length=12)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField(db_default=Now())
    description = models.CharField(max_length=256, blank=True)
    operation = models.CharField(max_length=40)
    parameters = models.JSONField(default=dict, help_text="As AWS writes them.")
    manifest = models.ForeignKey(Manifest, on_delete=models.PROTECT, related_name="jobs")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="jobs")
    requests_per_second = models.PositiveIntegerField(
        null=True, validators=A_CEILING, help_text="The ceiling of all its lanes; none where empty."
    )
    failure_rule = models.CharField(max_length=5, choices=FailureRule, default=FailureRule.HALF)
    failure_limit = models.BigIntegerField(
        null=True, help_text="How many failures, where the rule counts them."
    )
    confirmation_required = models.BooleanField(default=True)
    client_request_token = models.CharField(max_length=64, blank=True)
    request_digest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the request without its token."
    )
    tags = models.JSONField(default=dict)

    report_enabled = models.BooleanField(default=False)
    report_bucket = models.CharField(max_length=255, blank=True)
    report_prefix = models.CharField(max_length=512, blank=True)
    report_expected_owner = models.CharField(
        max_length=12, blank=True, help_text="The account that must own the report bucket."
    )
    report_scope = models.CharField(max_length=15, choices=ReportScope, blank=True)

    status = models.CharField(max_length=10, choices=JobStatus, default=JobStatus.NEW)
    status_update_reason = models.CharField(max_length=256, blank=True)
    failure_reasons = models.JSONField(
        default=list, help_text="[{FailureCode, FailureReason}], as DescribeJob writes them."
    )
    suspended_at = models.DateTimeField(null=True)
    suspended_cause = models.CharField(max_length=1024, blank=True)
    terminated_at = models.DateTimeField(null=True)
    active_since = models.DateTimeField(null=True, help_text="Set while Active.")
    active_time = models.DurationField(
        default=timedelta, help_text="In Active before active_since."
    )

    total_tasks = models.BigIntegerField(default=0)
    succeeded = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0)
    rows_read = models.BigIntegerField(
        default=0, help_text="Preparing's checkpoint: rows in committed slices,"
    )
    bytes_read = models.BigIntegerField(
        default=0, help_text="the bytes of the manifest that held them,"
    )
    checkpoint = models.JSONField(
        default=dict, help_text="the place in the manifest after them, as its reader tells it,"
    )
    slices_made = models.IntegerField(default=0, help_text="and how many slices they make.")
    source_bucket = models.CharField(
        max_length=255, blank=True, help_text="The one bucket that the manifest names."
    )

    wire_form = models.JSONField(
        null=True, help_text="Manifest, Report and RoleArn as a client of S3 Control wrote them."
    )
    generated_manifest = models.JSONField(
        null=True, help_text="A saved listing, as DescribeJob's GeneratedManifestDescriptor."
    )

    epoch = models.IntegerField(
        default=0, help_text="Raised at every claim of preparing and finishing."
    )
    owner = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    errors = models.IntegerField(
        default=0, help_text="Failed turns of preparing or finishing, in a row."
    )

    objects: ClassVar[models.Manager[Job]] = JobQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["account_id", "-created_at"], name="job_newest"),
            models.Index(
                fields=["status"], condition=~Q(status__in=sorted(FINAL)), name="job_unfinished"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "client_request_token"],
                condition=~Q(client_request_token=""),
                name="job_request_token",
            )
        ]
        ordering = ["-created_at", "id"]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        """Its page."""
        from django.urls import reverse

        return reverse("job", args=[self.pk])

    def become(
        self,
        status: JobStatus,
        *,
        actor: str,
        reason: str = "",
        where: Q | None = None,
        start: frozenset[JobStatus] | None = None,
        **changes: Any,
    ) -> None:
        """Move to `status`: compare and swap, with a JobEvent in the same transaction.

        `start` narrows the statuses to move from, `where` adds conditions on the row. Raises
        InvalidTransition, with nothing written, when the row is somewhere else by now.
        """
        with write():
            locked = Job.objects.select_for_update().filter(pk=self.pk)
            before = locked.values_list("status", flat=True).first()
            legal = [s for s in JobStatus.leading_to(status) if start is None or s in start]
            moved = before in legal and Job.objects.filter(
                where or Q(), pk=self.pk, status=before
            ).update(status=status, **(dates_of(status, JobStatus(before)) | changes))
            if before and moved:
                told = {"actor": actor, "reason": reason[:1024]}
                JobEvent.objects.create(job=self, from_status=before, to_status=status, **told)
        self.refresh_from_db()
        if not moved:
            raise InvalidTransition(
                f"The job is {self.state.value}; it cannot become {status.value} from there."
            )

    @property
    def state(self) -> JobStatus:
        """The status as an enum, also right after a fetch."""
        return JobStatus(self.status)

    @property
    def work(self) -> Operation:
        """The operation with its parameters."""
        return OPERATION_BY_NAME[self.operation].parse(self.parameters)

    @property
    def operation_type(self) -> type[Operation]:
        """The operation's class: label, permissions and so on."""
        return OPERATION_BY_NAME[self.operation]

    @property
    def executed(self) -> int:
        """Tasks with a final result."""
        return self.succeeded + self.failed

    @property
    def in_doubt(self) -> int:
        """Rows of an ended job that a lane had started and never committed: whether they were done,
        nobody knows.
        """
        return self.slices.all().rows_started() if self.is_final else 0

    @property
    def is_final(self) -> bool:
        """True where nothing more will happen."""
        return self.state in FINAL

    @property
    def can_confirm(self) -> bool:
        """True where it waits for a person."""
        return self.state in CONFIRMABLE

    @property
    def untried(self) -> str:
        """Why nobody knows what the store will do, where that has to be confirmed; else empty."""
        why = self.suspended_cause
        return why.removeprefix(UNTRIED).strip() if why.startswith(UNTRIED) else ""

    @property
    def can_cancel(self) -> bool:
        """True where cancelling is allowed."""
        return self.state in CANCELLABLE

    @property
    def failure_threshold(self) -> int | str | None:
        """As it is asked for: a number of failures, `never`, or None for AWS's rule."""
        return "never" if self.failure_rule == self.FailureRule.NEVER else self.failure_limit

    @property
    def can_pause(self) -> bool:
        """True where a person may pause it."""
        return self.state in CANCELLABLE and not self.is_held

    @property
    def elapsed_active(self) -> timedelta:
        """Time spent in Active, up to now (spec.md 2.7)."""
        running = timezone.now() - self.active_since if self.active_since else timedelta()
        return self.active_time + max(running, timedelta())

    @property
    def arn(self) -> str:
        """AWS's name of the job."""
        return f"arn:aws:s3:{settings.LADING_REGION}:{self.account_id}:job/{self.pk}"
