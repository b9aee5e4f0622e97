"""What an operation is: parameters declared once, and one call on one target.

An operation is a frozen pydantic model. Its fields are the parameters of the AWS operation of the
same name (spec.md section 5): their types, limits and texts make the validation, the JSON schema,
the form on the page and the wire form, so no door has rules of its own. Field names are snake_case,
aliases are AWS's names; both are accepted. Nothing here knows Django or the database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from botocore import xform_name
from botocore.client import BaseClient
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_pascal

from operations.client_events import add_content_md5, catch, keep_true_status
from operations.gate import Gate
from operations.sentences import sentence

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

MESSAGE_BYTES = 4096
"""A result message is cut at this many bytes of UTF-8 (design decision 5)."""


class Target(NamedTuple):
    """One object to act on. `key` is decoded; without a `version_id`, the latest is meant.

    `written_key` is the key as the manifest has it, encoded, where it is known.
    """

    bucket: str
    key: str
    version_id: str | None = None
    written_key: str | None = None

    @property
    def address(self) -> dict[str, Any]:
        """The target as keyword arguments of a boto3 call."""
        address = {"Bucket": self.bucket, "Key": self.key}
        if self.version_id is not None:
            address["VersionId"] = self.version_id
        return address


class Again(Enum):
    """Whether a failed task may be tried again (design decision 13)."""

    NEVER = "never"  #: the store refused; asking again gets the same answer
    FAULT = "fault"  #: a server fault, a timeout or a broken connection: uses up a try
    TEMPORARY = "temporary"  #: the function asks to be called again later (spec.md 5.6)
    THROTTLED = "throttled"  #: the store asked to slow down: uses up no try


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the store said of one target. `http_status` is None when no reply came."""

    succeeded: bool
    http_status: int | None
    error_code: str
    message: str
    again: Again = Again.NEVER


SUCCESSFUL = Outcome(succeeded=True, http_status=200, error_code="", message="Successful")


def success_of(reply: Mapping[str, Any]) -> Outcome:
    """The outcome of a reply without an error: SUCCESSFUL, with the HTTP status the store gave."""
    status = reply["ResponseMetadata"]["HTTPStatusCode"]
    return SUCCESSFUL if status == 200 else replace(SUCCESSFUL, http_status=status)


@dataclass(frozen=True, slots=True)
class Store:
    """The S3 endpoint that a job works on, as the job's role reaches it."""

    s3: S3Client
    accepts_large_copies: bool = False
    """True when the store is known to take a CopyObject above 5 GB, which AWS refuses."""
    job_id: str = ""
    """The job that the tasks belong to, as functions are told of it."""
    lambda_for: Callable[[str], LambdaClient] | None = None
    """Gives the client that reaches a function, by its name or ARN."""
    gate: Gate = field(default_factory=Gate)
    """What stands in front of `s3`, for those who open connections of their own."""

    def __post_init__(self) -> None:
        if isinstance(self.s3, BaseClient):  # a stand-in in a test has no events
            events = self.s3.meta.events
            events.register("before-parse.*.*", keep_true_status, unique_id="true-status")
            events.register_first("before-send.s3", catch, unique_id="capture")
            events.register("before-sign.s3.*", add_content_md5, unique_id="content-md5")


class Unfit(Exception):
    """The operation cannot be performed on this bucket at all: the job fails in Preparing.

    `code` is a failure code of spec.md 2.5, `reason` a sentence for people, `parameter` the
    snake_case name of the one that is to blame.
    """

    def __init__(self, code: str, reason: str, *, parameter: str = "") -> None:
        self.code, self.reason, self.parameter = code, reason, parameter
        super().__init__(f"{code}: {reason}")


class InvalidParameters(ValueError):
    """The parameters are not valid; `fields` maps the snake_case path of each to its messages."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        self.fields = fields
        super().__init__("; ".join(f"{name}: {' '.join(texts)}" for name, texts in fields.items()))


class Parameters(BaseModel):
    """A structure of parameters: frozen, no unknown members, AWS's names as aliases."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_pascal, populate_by_name=True
    )

    when_empty: ClassVar[str] = ""
    """What it does to each object to give this structure without a member, where that is meant."""

    @classmethod
    def parse(cls, parameters: Mapping[str, Any]) -> Self:
        """Validate parameters in AWS's names or in snake_case.

        Raises InvalidParameters, which names every fault by its path.
        """
        try:
            return cls.model_validate(dict(parameters))
        except ValidationError as error:
            raise InvalidParameters(fields_of(error, cls)) from None

    def wire_form(self) -> dict[str, Any]:
        """The parameters given, in AWS's names, as JSON values: what the database keeps.

        A parameter given as null counts as not given, here and in `snake_form`.
        """
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)

    def snake_form(self) -> dict[str, Any]:
        """The parameters given, in snake_case, as JSON values: what the JSON API shows."""
        return self.model_dump(mode="json", exclude_unset=True, exclude_none=True)


class Operation(Parameters):
    """What is done to each target of a job. Subclasses add fields and class constants, and `call`
    with `request` where one request does it, else `run`.
    """

    name: ClassVar[str]
    """AWS's name, such as S3PutObjectTagging."""
    label: ClassVar[str]
    """What the console calls it, such as "Replace all object tags"."""
    permissions: ClassVar[tuple[str, ...]]
    """The IAM actions that the job's role needs on the targets (spec.md 8.1)."""
    plain_success: ClassVar[Outcome] = SUCCESSFUL
    """The outcome that needs no line in a result file."""
    largest_slice: ClassVar[int] = 10_000
    """The most tasks that one worker takes in one go."""
    needs_versions: ClassVar[bool] = False
    """True where a manifest without version ids fails the job (spec.md 5.9)."""
    needs_report: ClassVar[bool] = False
    """True where a job without a report, or without its bucket's owner, fails (spec.md 5.10)."""
    when_none: ClassVar[Mapping[str, str]] = {}
    """What a form answers where a list is empty that it needs, though the API takes it so."""
    call: ClassVar[str] = ""
    """The method of boto3's S3 client that is the whole operation; empty where `run` does more."""

    def request(self, target: Target) -> dict[str, Any]:
        """The keyword arguments of `call` for this target."""
        raise NotImplementedError

    def in_one_request(self, store: Store) -> bool:
        """True where `call` alone is the whole operation at this store."""
        return bool(self.call)

    def admit(self, store: Store) -> None:
        """Raise Unfit where the parameters name what is not known here. Runs when a job is created,
        and asks no store.
        """

    @property
    def caution(self) -> str:
        """What its parameters mean for each object, where that is easily overlooked; mostly ""."""
        return ""

    def check(self, store: Store, bucket: str) -> None:
        """Raise Unfit where no task on this bucket can succeed. Runs once, in Preparing.

        Raises botocore's errors where the store does not answer.
        """

    def run(self, store: Store, target: Target) -> Outcome:
        """Perform the operation on one target.

        Raises botocore's errors as they come; `perform` turns them into outcomes.
        """
        return success_of(getattr(store.s3, self.call)(**self.request(target)))

    def success(self, http_status: int, body: bytes) -> Outcome | None:
        """The outcome of a 2xx reply to `call`; None where its body tells of an error."""
        if b"<Error" in body:
            return None
        plain = self.plain_success
        return (
            plain if http_status == plain.http_status else replace(plain, http_status=http_status)
        )


def fields_of(error: ValidationError, model: type[BaseModel]) -> dict[str, list[str]]:
    """Pydantic's errors as {"tag_set.0.key": ["message", …]}; "" holds a fault of the whole."""
    fields: dict[str, list[str]] = {}
    for fault in error.errors(include_url=False):
        path = ".".join(snake(part) for part in fault["loc"])
        fields.setdefault(path, []).append(sentence(fault))
    return fields


UNDIVIDED = {
    "SSES3": "sse_s3",
    "SSEKMS": "sse_kms",
    "DSSEKMS": "dsse_kms",
    "SSEC": "sse_c",
    "NOTSSE": "not_sse",
}
"""Names of AWS that no rule can divide into words."""


def snake(part: int | str) -> str:
    """AWS's name as snake_case: TagSet → tag_set, SSEAwsKmsKeyId → sse_aws_kms_key_id."""
    if not isinstance(part, str):
        return str(part)
    # A cache of its own: botocore's would keep every unknown name that anyone ever sent.
    return UNDIVIDED.get(part) or xform_name(part, _xform_cache={})
