"""Is it alive, and can it work? For load balancers and service managers: no login, no secrets."""

from __future__ import annotations

from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jobs.models import Node, recent
from jobs.spool import spool

ENGINE_SECONDS = 5
"""A node beats every second; one not seen for so long does not count."""
OK = "ok"


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """This process answers."""
    return JsonResponse({"status": OK})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The database answers, the spool can be written and read, and an engine was seen just now."""
    checks = {name: check() for name, check in CHECKS.items()}
    ready = all(told == OK for told in checks.values())
    return JsonResponse(checks, status=200 if ready else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "cannot be reached"
    return OK


def _spool() -> str:
    try:
        spool.check()
    except Exception as error:
        # A storage on S3 has errors of its own; whatever it is, the spool cannot be used.
        return f"cannot be used: {type(error).__name__}"
    return OK


def _engine() -> str:
    try:
        seen = Node.objects.filter(beat_at__gt=recent(ENGINE_SECONDS)).exists()
    except DatabaseError:
        return "unknown: the database cannot be reached"
    return OK if seen else f"not seen for {ENGINE_SECONDS} seconds; start `manage.py engine`"


CHECKS: dict[str, Callable[[], str]] = {"database": _database, "spool": _spool, "engine": _engine}
