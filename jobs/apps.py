"""The one Django app."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Jobs, and everything that happens to them."""

    name = "jobs"
    verbose_name = "Lading"
