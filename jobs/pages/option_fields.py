"""The part of the form that says how a job is done: by whom, when, how fast, and what is told."""

from __future__ import annotations

from django import forms

from jobs.pages.kinds import LinesField, WholeNumber, read_pair
from jobs.pages.report_fields import ReportFields
from jobs.pages.turn_fields import StopFields, WindowFields


class OptionFields(StopFields, WindowFields, ReportFields):
    """What is allowed is judged by JobRequest."""

    role = forms.ChoiceField(
        help_text="The store, and the credentials that reach it.",
        error_messages={"invalid_choice": "There is no role %(value)s."},
    )
    description = forms.CharField(required=False, max_length=256, strip=False)
    priority = WholeNumber(
        initial=10, help_text="0 to 2147483647; jobs with a higher number go first."
    )
    requests_per_second = WholeNumber(
        label="Speed ceiling",
        required=False,
        help_text="The most requests per second; empty for none. It can be changed later.",
    )
    tags = LinesField(
        read_pair, unique=True, label="Job tags", help_text="At most 50, one key=value a line."
    )
    confirmation_required = forms.BooleanField(
        label="Wait for confirmation",
        required=False,
        initial=True,
        help_text="Read and count the manifest, then wait until somebody has reviewed the job.",
    )
