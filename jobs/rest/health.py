"""Is it alive, and can it work? For load balancers and service managers: no login, no secrets."""

from __future__ import annotations

from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jobs import alarms
from jobs.models import Node, recent
from jobs.presence import NODE_SECONDS
from jobs.spool import spool

OK = "ok"


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """This process answers."""
    return JsonResponse({"status": OK})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The database answers, the spool can be written and read, and an engine was seen just now.

    Alarms are named beside: work that waits is no reason to send people elsewhere.
    """
    checks = {name: check() for name, check in CHECKS.items()}
    ready = all(told == OK for told in checks.values())
    return JsonResponse({**checks, "alarms": _alarms()}, status=200 if ready else 503)


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
        seen = Node.objects.filter(beat_at__gt=recent(NODE_SECONDS)).exists()
    except DatabaseError:
        return "unknown: the database cannot be reached"
    return OK if seen else f"not seen for {NODE_SECONDS:.0f} seconds; start `manage.py engine`"


def _alarms() -> list[str]:
    """Their codes alone, as anybody may ask; none where the database cannot be asked."""
    try:
        return sorted({alarm.code for alarm in alarms.alarms(None)})
    except DatabaseError:
        return []


CHECKS: dict[str, Callable[[], str]] = {"database": _database, "spool": _spool, "engine": _engine}
