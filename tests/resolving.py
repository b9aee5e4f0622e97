"""Names whose addresses a test decides, and may change at any time."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

Resolve = Callable[..., None]


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """What names resolve to in Python: resolve({"store.test": ["10.0.0.1"]}); what is not told
    of below .test resolves to nothing.
    """
    told: dict[str, list[str]] = {}
    really = socket.getaddrinfo

    def getaddrinfo(host: str, port: Any, *rest: Any, **more: Any) -> list[Any]:
        if host.endswith(".test") and host not in told:
            raise socket.gaierror(-2, "Name or service not known")
        return [
            place
            for address in told.get(host, [host])
            for place in really(address, port, *rest, **more)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return told.update
