"""What a copy may come to that is not the store's own word (spec.md 5.1)."""

from __future__ import annotations

from operations.base import Again, Outcome

LARGEST_COPY = 5_368_709_120
"""The largest source that CopyObject takes on AWS, in bytes."""

TOO_LARGE = Outcome(
    succeeded=False,
    http_status=400,
    error_code="InvalidRequest",
    message="The specified copy source is larger than the maximum allowable size "
    f"for a copy source: {LARGEST_COPY}",
)
"""What AWS reports of a larger source, word for word (spec.md 6.3)."""

NO_COPY_RESULT = Outcome(
    succeeded=False,
    http_status=200,
    error_code="InternalError",
    message="The store answered 200 without saying that it made a copy.",
    again=Again.FAULT,
)
"""A 200 may be sent before the copy is made, so only a reply with an ETag tells of a success."""
