"""The part of the form that says which tasks of an ended job a new one does: they are chosen on
that job's page, and carried along.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms

from jobs import services
from jobs.errors import InvalidRequest

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from jobs.models import Manifest

TASKS = "tasks"
"""The source of such a list."""
CHOICE = (TASKS, "Tasks of another job")


class TaskFields(forms.Form):
    """An ended job, and which of its tasks; what is allowed is judged by TasksOfJob."""

    tasks_of = forms.CharField(required=False, widget=forms.HiddenInput)
    tasks = forms.CharField(required=False, widget=forms.HiddenInput)
    tasks_code = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)
    tasks_http_status = forms.CharField(required=False, widget=forms.HiddenInput)


def asked_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What JobRequest takes for `manifest`."""
    status = given.get("tasks_http_status") or ""
    is_number = re.fullmatch(r"[0-9]{1,3}", status)
    return {
        "parent": {
            "id": given.get("tasks_of", ""),
            "tasks": given.get("tasks", ""),
            "error_code": given.get("tasks_code") or None,
            "http_status": int(status) if is_number else status or None,
        }
    }


def list_of_tasks(user: User, given: Mapping[str, Any]) -> Manifest | None:
    """The list that they make, kept nowhere; None where none are chosen, or they are not there."""
    try:
        asked = asked_of(given)["parent"]
        return services.list_of_tasks(user, asked) if asked["id"] else None
    except InvalidRequest:
        return None


def typed_from(kept: Manifest) -> dict[str, Any]:
    """The fields as a list of such tasks was made."""
    chosen = kept.selection or {}
    status = chosen.get("http_status")
    return {
        "source": TASKS,
        "tasks_of": chosen["parent"],
        "tasks": chosen["tasks"],
        "tasks_code": chosen.get("error_code"),
        "tasks_http_status": None if status is None else str(status),
    }
