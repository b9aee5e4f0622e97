"""What a job is asked for, validated once for every door.

Doors hand in a mapping in snake_case; `JobRequest.parse` returns it checked or raises
InvalidRequest, which names each fault by its path. Limits are those of CreateJob (spec.md 3.4).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
    field_validator,
    model_validator,
)

from jobs.accounts import MOST_REQUESTS_PER_SECOND
from jobs.errors import InvalidRequest
from jobs.generator import ManifestGenerator
from jobs.tags import Tags
from jobs.tasks_of_job import TasksOfJob
from jobs.windows import Window
from operations import OPERATION_BY_NAME
from operations.base import InvalidParameters, Operation, fields_of

ACCOUNT = re.compile(r"[0-9]{12}")
BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
BUCKET_ARN = re.compile(r"arn:[^:]+:s3:::(?P<bucket>[^/]+)")
OBJECT = re.compile(
    r"(?:s3://|arn:[^:]+:s3:::)(?P<bucket>[A-Za-z0-9._-]{1,255})/(?P<key>.+)", re.DOTALL
)
CSV: Literal["S3BatchOperations_CSV_20180820"] = "S3BatchOperations_CSV_20180820"
JSON_LINES: Literal["JSONLines"] = "JSONLines"
KEY_LIST: Literal["KeyList"] = "KeyList"
ManifestFormat = Literal[
    "S3BatchOperations_CSV_20180820", "S3InventoryReport_CSV_20161130", "JSONLines", "KeyList"
]
FieldName = Literal["Ignore", "Bucket", "Key", "VersionId"]
DEFAULT_FIELDS = ("Bucket", "Key")
MOST_TASKS = 20_000_000_000
"""What one job of AWS may have (spec.md 5)."""
LATER_MEMBERS = (("", "failure_threshold"), ("", "run_window"), ("manifest", "parent"))
"""Not part of the digest where they are not given, so that an older request keeps its own."""


def _bucket(value: str) -> str:
    value = value.strip()
    if match := BUCKET_ARN.fullmatch(value):
        value = match["bucket"]
    value = value.removeprefix("s3://").rstrip("/")
    if not BUCKET.fullmatch(value):
        raise ValueError(
            "This is not a bucket's name; give a name such as reports, or arn:aws:s3:::reports"
        )
    return value


def _account(value: str) -> str:
    value = value.strip()
    if not ACCOUNT.fullmatch(value):
        raise ValueError("An account id has 12 digits")
    return value


class Request(BaseModel):
    """A part of a request: no unknown members."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """The request, checked; raises InvalidRequest."""
        try:
            return cls.model_validate(dict(given))
        except ValidationError as error:
            raise InvalidRequest(fields_of(error, cls)) from None


class ManifestRequest(Request):
    """Which manifest: an uploaded one (`id`), an object in S3 (`location`) and its form, or tasks
    of another job (`parent`).
    """

    id: UUID | None = None
    location: str | None = Field(
        None, max_length=2000, description="s3://bucket/key, or the object's ARN."
    )
    format: ManifestFormat = CSV
    fields: list[FieldName] | None = Field(
        None,
        max_length=100,
        description="The columns of a CSV in order; Bucket and Key unless told.",
    )
    bucket: Annotated[str, AfterValidator(_bucket)] | None = Field(
        None, description="The bucket of the keys, for JSONLines and KeyList that name none."
    )
    etag: str | None = Field(None, min_length=1, max_length=1024)
    version_id: str | None = Field(None, min_length=1, max_length=1024)
    parent: TasksOfJob | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if [self.id, self.location, self.parent].count(None) != 2:
            raise ValueError(
                "Give either the id of an uploaded manifest or the location of one in S3, or "
                "a parent"
            )
        if self.parent and set(self.model_dump(exclude_defaults=True)) > {"parent"}:
            raise ValueError("Tasks of another job are taken as they are: give the parent alone")
        if self.location is not None and not OBJECT.fullmatch(self.location):
            raise ValueError(
                "The location must look like s3://bucket/manifest.csv or arn:aws:s3:::bucket/key"
            )
        if self.fields is not None and self.format != CSV:
            raise ValueError("Only a CSV has fields; the other formats name theirs themselves")
        if self.bucket is not None and self.format not in (JSON_LINES, KEY_LIST):
            raise ValueError("Only JSONLines and KeyList take a bucket beside")
        return self

    @classmethod
    def of_upload(cls, given: Mapping[str, Any]) -> Self:
        """What an upload is said to be: `format`, `fields`, `bucket`. Raises InvalidRequest."""
        return cls.of({**given, "id": UUID(int=0)})

    @property
    def bucket_and_key(self) -> tuple[str, str]:
        """The two halves of `location`."""
        match = OBJECT.fullmatch(self.location or "")
        return (match["bucket"], match["key"]) if match else ("", "")


class ReportRequest(Request):
    """Whether and where to write the completion report (JobReport)."""

    enabled: StrictBool = False
    bucket: Annotated[str, AfterValidator(_bucket)] | None = None
    expected_bucket_owner: Annotated[str, AfterValidator(_account)] | None = Field(
        None, description="The account that must own the bucket, else the job fails."
    )
    prefix: str = Field("", max_length=512)
    scope: Literal["AllTasks", "FailedTasksOnly"] = "AllTasks"

    @model_validator(mode="after")
    def _bucket_if_enabled(self) -> Self:
        if self.enabled and self.bucket is None:
            raise ValueError("A report needs a bucket to be written to")
        return self


class JobRequest(Request):
    """A job as it is asked for."""

    operation: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    manifest: ManifestRequest | None = None
    manifest_generator: ManifestGenerator | None = Field(
        None, description="Lists a bucket, in place of a manifest."
    )
    role: str = Field(min_length=1, max_length=2048, description="The name or the ARN of a role.")
    priority: int = Field(10, ge=0, le=2_147_483_647, strict=True)
    requests_per_second: int | None = Field(None, ge=1, le=MOST_REQUESTS_PER_SECOND, strict=True)
    failure_threshold: Literal["never"] | int | None = Field(
        None,
        description="Failures after which the job stops, or `never`; by AWS's rule unless told.",
    )
    run_window: Window | None = Field(None, description="The hours in which the job may run.")
    description: str = Field("", max_length=256)
    confirmation_required: StrictBool = True
    report: ReportRequest = ReportRequest()
    client_request_token: str | None = Field(None, min_length=1, max_length=64)
    tags: Tags = Field(default_factory=dict)

    @field_validator("failure_threshold", mode="before")
    @classmethod
    def _threshold(cls, given: object) -> object:
        if given in (None, "never"):
            return given
        if isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= MOST_TASKS:
            return given
        raise ValueError(
            "Give the number of failures after which the job stops, or never, or nothing for AWS's "
            "rule (more than half of at least 1,000 tasks)"
        )

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        if self.manifest and self.manifest_generator:
            raise ValueError("Give either a manifest or a manifest_generator, not both")
        return self

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> tuple[Self, Operation]:
        """The request and its operation, or InvalidRequest with the faults of both at once."""
        faults: dict[str, list[str]] = {}
        request = operation = None
        try:
            request = cls.model_validate(dict(given))
        except ValidationError as error:
            faults = fields_of(error, cls)
        if given.get("manifest") is None and given.get("manifest_generator") is None:
            faults["manifest"] = ["Give a manifest, or a manifest_generator."]
        try:
            operation = parse_operation(given.get("operation"), given.get("parameters", {}))
        except InvalidRequest as error:
            faults.update(error.fields)
        if faults or request is None or operation is None:
            raise InvalidRequest(faults)
        return request, operation

    def digest(self, operation: Operation) -> str:
        """SHA-256 over the request without its token: what idempotency compares (spec.md 3.11)."""
        apart = {"client_request_token", "parameters", "manifest_generator"}
        form = self.model_dump(mode="json", exclude=apart)
        for part, name in LATER_MEMBERS:
            members = form[part] if part else form
            if members and members[name] is None:
                del members[name]
        listed = self.manifest_generator and self.manifest_generator.wire_form()
        text = json.dumps([form, operation.wire_form(), listed], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def parse_operation(name: Any, parameters: Any) -> Operation:
    """An operation by AWS's name with its parameters; raises InvalidRequest."""
    operation_type = OPERATION_BY_NAME.get(name) if isinstance(name, str) else None
    if operation_type is None:
        known = ", ".join(OPERATION_BY_NAME)
        raise InvalidRequest({"operation": [f"There is no such operation; choose one of {known}."]})
    if not isinstance(parameters, Mapping):
        raise InvalidRequest({"parameters": ["Give the parameters as an object."]})
    try:
        return operation_type.parse(parameters)
    except InvalidParameters as error:
        raise InvalidRequest(
            {f"parameters.{path}".rstrip("."): texts for path, texts in error.fields.items()}
        ) from None
