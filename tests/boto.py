"""boto3 for tests: one session for all of them.

moto takes boto3's default session away for each test, and a new one reads all endpoints and models
anew, which takes longer than most tests.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3


@cache
def session() -> boto3.session.Session:
    """Made when a test first asks."""
    return boto3.session.Session()


def client(service: str, **options: Any) -> Any:
    """As boto3.client."""
    return session().client(service, **options)  # type: ignore[call-overload]
