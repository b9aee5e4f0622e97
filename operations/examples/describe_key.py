"""A function for Invoke AWS Lambda function: says what can be told of an object from its key.

It understands both schema versions. The argument `refuse` (schema 2.0) makes it fail every key that
begins with that text, to show what a failed task looks like.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote_plus


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """What Lambda calls. Keys come URL-encoded, as in the manifest."""
    refused = event["job"].get("userArguments", {}).get("refuse")
    return {
        "invocationSchemaVersion": event["invocationSchemaVersion"],
        "invocationId": event["invocationId"],
        "treatMissingKeysAs": "PermanentFailure",
        "results": [result(task, refused) for task in event["tasks"]],
    }


def result(task: dict[str, Any], refused: str | None) -> dict[str, str]:
    """The result of one task."""
    key = unquote_plus(task["s3Key"])
    if refused and key.startswith(refused):
        code, text = "PermanentFailure", f"Keys that begin with {refused} are not wanted."
    else:
        code, text = "Succeeded", describe(key)
    return {"taskId": task["taskId"], "resultCode": code, "resultString": text}


def describe(key: str) -> str:
    """The key's length in bytes and characters, how deep it lies, and its extension."""
    told = {
        "bytes": len(key.encode()),
        "characters": len(key),
        "depth": key.count("/"),
        "extension": PurePosixPath(key).suffix,
    }
    return json.dumps(told)
