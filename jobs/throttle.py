"""How many requests a key may make in a minute, for every door that programs use.

Counted in Django's cache: in Redis, where that is the broker, for all web processes together; else
in the memory of each of them. Where the cache cannot be reached nothing is limited: the limit
protects the service, and must not be what ends it.
"""

from __future__ import annotations

import logging
import time
from urllib.parse import quote

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

WINDOW = 60.0

logger = logging.getLogger(__name__)


def over_limit(key: str) -> float | None:
    """Count a request; the seconds to wait where the key has made too many, else None.

    The last 60 seconds count: those of the minute before by the share of it that is left. What is
    refused is not counted.
    """
    if not settings.LADING_API_RATE:
        return None
    minute, passed = divmod(time.time(), WINDOW)
    try:
        before = cache.get(_name(key, minute - 1), 0)
        count = _add(_name(key, minute), 1)
        wait = _wait(before, count, passed)
        if wait is not None:
            _add(_name(key, minute), -1)
    except (RedisError, ValueError) as error:  # the latter: a full cache has dropped the count
        logger.warning("Requests cannot be counted, so none is refused: %s", error)
        return None
    return wait


def _name(key: str, minute: float) -> str:
    return f"requests:{quote(key)}:{minute:.0f}"


def _add(name: str, number: int) -> int:
    cache.add(name, 0, timeout=3 * WINDOW)
    return cache.incr(name, number)


def _wait(before: int, count: int, passed: float) -> float | None:
    """The seconds until the request that is the `count`th of its minute would be one of the rate,
    which is that of the minute before too, as it was evenly spread.
    """
    room = settings.LADING_API_RATE - count
    if before * (1 - passed / WINDOW) <= room:
        return None
    if room >= 0:
        return WINDOW * (1 - room / before) - passed
    # Only the next minute has room: when enough of this one has passed out of sight.
    return WINDOW - passed + WINDOW * (1 - (settings.LADING_API_RATE - 1) / (count - 1))
