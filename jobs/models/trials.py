"""What is known of stores: whether they do what an operation asks (design decision 16)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from jobs.accounts import Role
from operations.probe import Finding

KEPT = timedelta(days=30)
LABELS = {
    Finding.WORKS: "Works",
    Finding.REFUSED: "Refused cleanly",
    Finding.IGNORED: "Ignored silently",
    Finding.DESTROYS: "Destroys data",
    Finding.UNTRIED: "Could not be tried",
}


class TrialQuerySet(models.QuerySet["Trial"]):
    """Named filters."""

    def at(self, role: Role) -> TrialQuerySet:
        """The trials at the role's store: one endpoint of one account."""
        return self.filter(account_id=role.account_id, endpoint_url=role.endpoint)

    def standing(self, role: Role) -> TrialQuerySet:
        """Those to be relied on: at most 30 days old, of the same server, and not untried."""
        return (
            self.at(role)
            .filter(server=role.server, tried_at__gt=Now() - KEPT)
            .exclude(finding=Finding.UNTRIED)
        )


class Trial(models.Model):
    """The last trial of an operation at an endpoint."""

    account_id = models.CharField(max_length=12)
    endpoint_url = models.CharField("endpoint URL", max_length=500)
    operation = models.CharField(max_length=40)
    finding = models.CharField(max_length=8, choices=[(one.value, LABELS[one]) for one in Finding])
    detail = models.CharField(max_length=512)
    http_status = models.SmallIntegerField("HTTP status", null=True)
    error_code = models.CharField(max_length=128, blank=True)
    bucket = models.CharField(max_length=255, help_text="Where the scratch object was.")
    server = models.CharField(
        max_length=200, blank=True, help_text="What the store called itself then."
    )
    tried_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[models.Manager[Trial]] = TrialQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "endpoint_url", "operation"], name="trial_operation"
            )
        ]
        ordering = ["endpoint_url", "operation"]

    def __str__(self) -> str:
        return f"{self.operation} at {self.endpoint_url}: {self.finding}"

    @property
    def expires_at(self) -> datetime:
        """Until when it is relied on, if the server stays the same."""
        return self.tried_at + KEPT

    @property
    def found(self) -> Finding:
        """The finding as an enum, also right after a fetch."""
        return Finding(self.finding)


class Waiver(models.Model):
    """An operator's word that jobs of a role may do an operation that its store ignores."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="waivers")
    endpoint_url = models.CharField(
        "endpoint URL", max_length=500, help_text="It is void once the role is at another endpoint."
    )
    operation = models.CharField(max_length=40)
    reason = models.CharField(max_length=256)
    actor = models.CharField(max_length=200, help_text="The name of the user who decided.")
    decided_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(
        null=True, editable=False, help_text="Since when the store does something else."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="waiver_reason"),
        ]
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.operation} by {self.role}, overridden by {self.actor}"
