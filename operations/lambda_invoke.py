"""Invoke AWS Lambda function: hand each object to a function of yours (spec.md 5.6)."""

from __future__ import annotations

import base64
import json
import re
import uuid
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import quote

from botocore.exceptions import ClientError
from pydantic import AfterValidator, Field, model_validator

from operations.base import Again, Operation, Outcome, Store, Target, Unfit
from operations.lambda_outcomes import outcome_of
from operations.perform import refusal_of

FUNCTION_PATTERN = (
    r"^(arn:(aws[a-zA-Z\-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?"
    r"(function:)?([a-zA-Z0-9\-_]+)(:(\$LATEST|[a-zA-Z0-9\-_]+))?$"
)
FUNCTION = re.compile(
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((?P<region>[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d):)?"
    r"(\d{12}:)?(function:)?(?P<name>[a-zA-Z0-9_-]+)(?P<qualifier>:(\$LATEST|[a-zA-Z0-9_-]+))?",
    re.ASCII,
)
SERVICE = "AWS Lambda"


def function_name(text: str) -> str:
    """Refuse what cannot name a function in a call of Lambda."""
    if not FUNCTION.fullmatch(text):
        raise ValueError(
            "give a function's name or ARN, such as thumbnails or "
            "arn:aws:lambda:us-east-1:123456789012:function:thumbnails"
        )
    return text


FunctionName = Annotated[
    str,
    Field(min_length=1, max_length=1024, json_schema_extra={"pattern": FUNCTION_PATTERN}),
    AfterValidator(function_name),
]
"""A function's name or ARN, in whole or in part, perhaps with a version or an alias."""

UserArguments = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=64)],
        Annotated[str, Field(max_length=1024)],
    ],
    Field(min_length=1, max_length=10),
]


class LambdaInvoke(Operation):
    """Call a function of yours with each object, and report what it says."""

    name: ClassVar[str] = "LambdaInvoke"
    label: ClassVar[str] = "Invoke AWS Lambda function"
    permissions: ClassVar[tuple[str, ...]] = ("lambda:InvokeFunction",)
    largest_slice: ClassVar[int] = 100

    function_arn: FunctionName = Field(
        title="Function",
        description="The ARN or name of the function, with an alias or version if you like. It is "
        "called on AWS, or where the table of functions says.",
    )
    invocation_schema_version: Literal["1.0", "2.0"] = Field(
        default="1.0",
        title="Schema version",
        description="What the function gets: 1.0 the ARN of the bucket, 2.0 its name and the "
        "arguments.",
    )
    user_arguments: UserArguments | None = Field(
        default=None,
        title="Arguments",
        description="1 to 10 texts for the function, with schema version 2.0 only.",
    )

    @model_validator(mode="after")
    def fits_together(self) -> Self:
        if self.user_arguments is not None and self.invocation_schema_version == "1.0":
            raise ValueError("Arguments need schema version 2.0.")
        return self

    def admit(self, store: Store) -> None:
        """Refuse a function that nothing says how to reach."""
        try:
            self.client(store)
        except Unfit as unfit:
            raise Unfit(unfit.code, unfit.reason, parameter="function_arn") from None

    def check(self, store: Store, bucket: str) -> None:
        """As `admit`: the table of functions may have changed since."""
        self.client(store)

    def client(self, store: Store) -> Any:
        if store.lambda_for is None:
            raise Unfit("FunctionUnreachable", "Functions cannot be reached from here.")
        return store.lambda_for(self.function_arn)

    def run(self, store: Store, target: Target) -> Outcome:
        """Call the function once, and wait for what it says.

        Lambda's own 5xx mean that it is too busy: they wait like throttling (spec.md 5.6).
        """
        task_id = task_id_of(store.job_id, target)
        payload = json.dumps(self.payload(store, target, task_id)).encode()
        try:
            reply = self.client(store).invoke(
                FunctionName=self.function_arn, InvocationType="RequestResponse", Payload=payload
            )
        except ClientError as error:
            refused = refusal_of(error, SERVICE)
            busy = (refused.http_status or 0) >= 500
            return replace(refused, again=Again.THROTTLED) if busy else refused
        return outcome_of(reply, task_id)

    def payload(self, store: Store, target: Target, task_id: str) -> dict[str, Any]:
        """What the function is called with: always one task, its key encoded as in the manifest."""
        job: dict[str, Any] = {"id": store.job_id}
        task: dict[str, Any] = {
            "taskId": task_id,
            "s3Key": target.written_key or quote(target.key, safe="/"),
            "s3VersionId": target.version_id,
        }
        if self.invocation_schema_version == "1.0":
            task["s3BucketArn"] = f"arn:{store.s3.meta.partition}:s3:::{target.bucket}"
        else:
            job["userArguments"] = self.user_arguments or {}
            task["s3Bucket"] = target.bucket
        return {
            "invocationSchemaVersion": self.invocation_schema_version,
            "invocationId": opaque_id(),
            "job": job,
            "tasks": [task],
        }


def task_id_of(job_id: str, target: Target) -> str:
    """The same id whenever the task is called again, so that a function can tell."""
    name = json.dumps([job_id, target.bucket, target.key, target.version_id])
    return base64.b64encode(uuid.uuid5(uuid.NAMESPACE_URL, name).bytes).decode()


def opaque_id() -> str:
    """An id that no other call has, in the form of AWS's."""
    return base64.b64encode(uuid.uuid4().bytes).decode()
