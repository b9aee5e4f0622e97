"""A store whose findings the test decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from operations.probe import Finding, Found


class ProbedStore:
    """Its trials come to `finding`; `asked` is what it was tried for."""

    def __init__(self) -> None:
        self.finding = Finding.WORKS
        self.asked: list[tuple[str, str, str]] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self.afterwards: Callable[[], object] = lambda: None

    def probe(self, name: str, _store: object, bucket: str, prefix: str, tick: Any) -> Found:
        self.asked.append((name, bucket, prefix))
        self.meanwhile()
        tick()
        self.afterwards()
        return Found(self.finding, f"It is {self.finding}.", 200)
