"""What a role must be allowed to do for an operation, as a policy of IAM to be copied."""

from __future__ import annotations

import json
from typing import Any

from operations import Operation
from operations.put_object_copy import PutObjectCopy
from operations.replicate_object import ReplicateObject

OF_BUCKETS = frozenset({"ListBucket"})
"""Actions on a bucket whose names do not say so."""
BUCKET, DESTINATION = "BUCKET", "DESTINATION"
ELSEWHERE = frozenset({PutObjectCopy.name, ReplicateObject.name})
"""Operations that write to another bucket than that of their objects."""
RESOURCES = {"kms": "arn:aws:kms:*:*:key/*", "lambda": "arn:aws:lambda:*:*:function:*"}

Allowed = dict[str, list[str]]
"""Resource → actions."""


def policy_of(
    operation: type[Operation],
    *,
    bucket: str = BUCKET,
    destination: str = DESTINATION,
    more: Allowed | None = None,
) -> str:
    """The policy: on the objects, their bucket, where they go to, keys and functions; and `more`,
    which is for the list and the report.
    """
    allowed: Allowed = {}
    for action in operation.permissions:
        allowed.setdefault(_resource(operation, action, bucket, destination), []).append(action)
    for resource, actions in (more or {}).items():
        known = allowed.setdefault(resource, [])
        known += [action for action in actions if action not in known]
    statements = [_statement(actions, resource) for resource, actions in allowed.items()]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)


def _resource(operation: type[Operation], action: str, bucket: str, destination: str) -> str:
    service, _, name = action.partition(":")
    if service != "s3":
        return RESOURCES.get(service, "*")
    if _is_of_bucket(name):
        return f"arn:aws:s3:::{bucket}"
    writes = name.startswith(("Put", "Delete"))
    named = destination if writes and operation.name in ELSEWHERE else bucket
    return f"arn:aws:s3:::{named}/*"


def _is_of_bucket(name: str) -> bool:
    return name in OF_BUCKETS or "Configuration" in name or "Bucket" in name


def _statement(actions: list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}
