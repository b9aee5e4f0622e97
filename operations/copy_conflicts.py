"""What does not go together in the parameters of a copy (spec.md 5.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from operations.put_object_copy import PutObjectCopy


def conflicts(copy: PutObjectCopy) -> Iterator[str]:
    """A sentence for each contradiction."""
    if copy.canned_access_control_list and copy.access_control_grants:
        yield "Give a canned ACL or grants, not both."
    if copy.metadata_directive == "COPY" and copy.metadata.arguments():
        yield "New metadata goes with the metadata directive REPLACE, not with COPY."
    if bool(copy.object_lock_mode) != bool(copy.object_lock_retain_until_date):
        yield "Object Lock mode and retain-until date go together."
    if copy.object_lock_retain_until_date and copy.object_lock_event_hold == "ON":
        yield "Give a retain-until date or an event hold, not both."
    if copy.object_lock_event_hold_duration and not copy.object_lock_event_hold:
        yield "An event hold duration goes with an event hold."
    if copy.sse_aws_kms_key_id and copy.encryption == "AES256":
        yield "A KMS key goes with the encryption KMS, not with AES256."
