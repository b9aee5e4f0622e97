"""What people call the field that a fault is about, where it is told far from that field."""

from __future__ import annotations

from django.forms.utils import pretty_name

from jobs.pages.option_fields import OptionFields
from jobs.pages.turn_fields import PLACES


def label_of(path: str) -> str:
    """The label of what a fault's path means; "" for what is no field that people see."""
    name = PLACES.get(path, path.replace(".", "_"))
    field = OptionFields.base_fields.get(name)
    return str(field.label or pretty_name(name)) if field else ""
