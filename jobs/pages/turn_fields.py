"""The parts of a form that say when a job may run and when it stops by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from jobs.models import Job
from jobs.pages.kinds import WholeNumber
from jobs.windows import DAYS

NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOUR = forms.TextInput(attrs={"placeholder": "22:00", "autocomplete": "off"})
RULES = [
    (Job.FailureRule.HALF.value, "When over half of 1,000+ tasks fail"),
    (Job.FailureRule.COUNT.value, Job.FailureRule.COUNT.label),
    (Job.FailureRule.NEVER.value, Job.FailureRule.NEVER.label),
]
"""In words that a select shows in full, also on a phone."""
PLACES = {"failure_threshold": "failure_limit", "run_window": "run_window_start"}
"""Where a fault is shown whose path is not the name of a field with dots for underscores."""


class WindowFields(forms.Form):
    """The hours in which a job may run; what is allowed is judged by Window."""

    run_window_start = forms.CharField(
        label="From", required=False, widget=HOUR, help_text="Leave both empty for any time."
    )
    run_window_end = forms.CharField(
        label="To", required=False, widget=HOUR, help_text="On the next day where it is earlier."
    )
    run_window_time_zone = forms.CharField(
        label="Time zone", required=False, initial="UTC", help_text="Such as Europe/Berlin."
    )
    run_window_days = forms.MultipleChoiceField(
        label="Days on which it begins",
        required=False,
        choices=list(zip(DAYS, NAMES, strict=True)),
        initial=list(DAYS),
        widget=forms.CheckboxSelectMultiple,
    )

    def add_faults(self, faults: Mapping[str, list[str]]) -> None:
        """Put each fault of a Window onto its field."""
        for path, texts in faults.items():
            name = PLACES.get(path, path.replace(".", "_"))
            for text in texts:
                self.add_error(name if name in self.fields else None, text)


class StopFields(forms.Form):
    """When failures end a job; what is allowed is judged by JobRequest."""

    failure_rule = forms.ChoiceField(
        label="Stop by itself",
        choices=RULES,
        required=False,
        help_text="What was done stays done, and the report tells of it.",
    )
    failure_limit = WholeNumber(
        label="Number of failures", required=False, help_text="Where the rule counts them."
    )


def window_of(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """The window as it is asked for; None where neither start nor end was typed."""
    start, end = given.get("run_window_start"), given.get("run_window_end")
    if not start and not end:
        return None
    return {
        "start": start or "",
        "end": end or "",
        "time_zone": given.get("run_window_time_zone") or "UTC",
        "days": given.get("run_window_days") or [],
    }


def threshold_of(given: Mapping[str, Any]) -> object:
    """The failure threshold as it is asked for; a number that is missing is for JobRequest."""
    match given.get("failure_rule"):
        case Job.FailureRule.COUNT:
            return given.get("failure_limit") or 0
        case Job.FailureRule.NEVER:
            return "never"
    return None


def hours_of(job: Job) -> WindowFields:
    """The form that changes the hours of a job, filled with those that it has."""
    return WindowFields(
        initial={f"run_window_{name}": value for name, value in (job.run_window or {}).items()},
        auto_id="id_%s",
    )
