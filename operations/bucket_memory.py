"""What a store said of a bucket, remembered for a minute, so that not every task asks again."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SECONDS = 60.0

Answer = TypeVar("Answer")


class BucketMemory(Generic[Answer]):
    """A question about a bucket. Its errors are raised, and not remembered.

    Answers belong to the client that asked: another role may be told something else.
    """

    def __init__(self, ask: Callable[[S3Client, str], Answer]) -> None:
        self._ask = ask
        self._lock = Lock()
        self._known: WeakKeyDictionary[S3Client, dict[str, tuple[float, Answer]]]
        self._known = WeakKeyDictionary()

    def __call__(self, s3: S3Client, bucket: str) -> Answer:
        """The answer, at most a minute old."""
        with self._lock:
            known = self._known.setdefault(s3, {})
            until, answer = known.get(bucket, (0.0, None))
        if answer is not None and monotonic() < until:
            return answer
        fresh = self._ask(s3, bucket)
        with self._lock:
            known[bucket] = (monotonic() + SECONDS, fresh)
        return fresh
