"""The part of the form that asks for a completion report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from jobs.models import Job


class ReportFields(forms.Form):
    """Whether and where to write the report; what is allowed is judged by ReportRequest."""

    report_enabled = forms.BooleanField(
        label="Write a completion report to a bucket",
        required=False,
        initial=True,
        help_text="It can be downloaded from the job's page in any case.",
    )
    report_bucket = forms.CharField(
        label="Bucket",
        required=False,
        help_text="Where the report is written.",
        widget=forms.TextInput(attrs={"aria-required": "true", "spellcheck": "false"}),
    )
    report_expected_bucket_owner = forms.CharField(
        label="Bucket owner",
        required=False,
        help_text="The 12 digits of the account that must own the bucket. Checksums need it.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "spellcheck": "false"}),
    )
    report_prefix = forms.CharField(
        label="Folder", required=False, help_text="The report goes to folder/job-…/ in the bucket."
    )
    report_scope = forms.ChoiceField(
        label="Tasks to report", choices=Job.ReportScope.choices, required=False
    )


def report_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed into a report that is not wanted does not count."""
    if not given.get("report_enabled"):
        return {"enabled": False}
    return {
        "enabled": True,
        "bucket": given.get("report_bucket") or None,
        "expected_bucket_owner": given.get("report_expected_bucket_owner") or None,
        "prefix": given.get("report_prefix", ""),
        "scope": given.get("report_scope") or Job.ReportScope.ALL_TASKS.value,
    }
