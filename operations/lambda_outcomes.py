"""What a function's reply means for the task it was called with (spec.md 5.6)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from operations.base import MESSAGE_BYTES, SUCCESSFUL, Again, Outcome
from operations.perform import tidy

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_lambda.type_defs import InvocationResponseTypeDef

LARGEST_REPLY = 6 * 1024 * 1024
"""Lambda's own limit of a reply in bytes."""
INVALID_JSON = "Invalid JSON returned in Lambda payload"
FUNCTION_ERROR = "Lambda returned function error: "
NO_RESULT = "The function's reply has no result for this task."

ResultCode = Literal["Succeeded", "TemporaryFailure", "PermanentFailure"]


class Result(BaseModel):
    """What a function says of one task."""

    task_id: Annotated[str, Field(alias="taskId")]
    result_code: Annotated[ResultCode, Field(alias="resultCode")]
    result_string: Annotated[str | None, Field(alias="resultString")] = None


class Reply(BaseModel):
    """What a function answers; members of no consequence may be there or not."""

    missing: Annotated[ResultCode, Field(alias="treatMissingKeysAs")] = "TemporaryFailure"
    results: list[Result]


def outcome_of(reply: InvocationResponseTypeDef, task_id: str) -> Outcome:
    """The outcome of a call that Lambda answered with 2xx.

    Raises botocore's errors where the reply breaks off.
    """
    content = whole(reply["Payload"])
    if reply.get("FunctionError"):
        text = content[:MESSAGE_BYTES].decode(errors="replace")
        return result("PermanentFailure", FUNCTION_ERROR + text)
    if len(content) > LARGEST_REPLY:
        return result("PermanentFailure", INVALID_JSON)
    return _said(content, task_id)


def whole(payload: StreamingBody) -> bytes:
    """The payload, or as much of it as shows that it is too large."""
    content = b""
    # Only a read after the last byte finds out that a reply broke off.
    while len(content) <= LARGEST_REPLY and (block := payload.read(LARGEST_REPLY)):
        content += block
    return content


def _said(content: bytes, task_id: str) -> Outcome:
    try:
        said = Reply.model_validate(_object(content), strict=True)
    except (ValidationError, ValueError, RecursionError):
        return result("PermanentFailure", INVALID_JSON)
    for each in said.results:
        if each.task_id == task_id:
            return result(each.result_code, each.result_string or "")
    return result(said.missing, "" if said.missing == "Succeeded" else NO_RESULT)


def _object(content: bytes) -> Mapping[str, Any]:
    found = json.loads(content)
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def result(code: ResultCode, message: str) -> Outcome:
    """A result in a report's words: the HTTP status is that of the call."""
    succeeded = code == "Succeeded"
    return tidy(
        Outcome(
            succeeded=succeeded,
            http_status=SUCCESSFUL.http_status,
            error_code="" if succeeded else code,
            message=message,
            again=Again.TEMPORARY if code == "TemporaryFailure" else Again.NEVER,
        )
    )
