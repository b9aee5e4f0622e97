"""Which calls there are, and what goes in and out: botocore's own model of S3 Control."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple
from urllib.parse import unquote

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

from jobs.s3control.errors import WireError

CALLS = (
    *("CreateJob", "DescribeJob", "ListJobs", "UpdateJobPriority", "UpdateJobStatus"),
    *("PutJobTagging", "GetJobTagging", "DeleteJobTagging"),
)
NAMESPACE = "http://awss3control.amazonaws.com/doc/2018-08-20/"


class Route(NamedTuple):
    """A call, its method, and its path: the names in braces stand for what a client gives."""

    call: OperationModel
    method: str
    segments: list[str]


@cache
def routes() -> list[Route]:
    """Where each call is found."""
    description = Loader().load_service_model("s3control", "service-2")
    service = ServiceModel(description, "s3control")
    calls = [service.operation_model(name) for name in CALLS]
    return [
        Route(call, call.http["method"], call.http["requestUri"].strip("/").split("/"))
        for call in calls
    ]


def find(method: str, path: str) -> tuple[OperationModel, dict[str, str]]:
    """The call of a request, and what its path names. The path is as it was sent, encoded: a job's
    id may hold anything, also a slash. Raises WireError.
    """
    segments = path.strip("/").split("/")
    there = [route for route in routes() if _matches(route.segments, segments)]
    if not there:
        raise WireError("NoSuchResource", f"There is nothing at {path}.")
    for route in there:
        if route.method == method:
            return route.call, _named(route.segments, segments)
    allowed = ", ".join(sorted({route.method for route in there}))
    raise WireError("MethodNotAllowed", f"{method} is not allowed here; {allowed} is.")


def _matches(pattern: list[str], segments: list[str]) -> bool:
    return len(pattern) == len(segments) and all(
        wanted == given or (wanted.startswith("{") and given)
        for wanted, given in zip(pattern, segments, strict=True)
    )


def _named(pattern: list[str], segments: list[str]) -> dict[str, str]:
    return {
        wanted.strip("{}"): unquote(given)
        for wanted, given in zip(pattern, segments, strict=True)
        if wanted.startswith("{")
    }
