"""The same job as a command of the AWS CLI, in Python, and for the JSON API."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.pages.manifest_fields import NOT_STORED_YET
from jobs.requests import JobRequest
from jobs.s3control.wording import members_of, unsaid
from operations.base import Operation

BREAK = " \\\n  "
WIDTH = 80
READ_AS_FILE = re.compile(r"-|(file|fileb|https?)://")
"""How a text begins that the AWS CLI takes for an option, or replaces by what it names."""
SNIPPET = """\
import uuid

import boto3

control = boto3.client("s3control", endpoint_url={url!r}, region_name="snow")
job = control.create_job(
{arguments}
    ClientRequestToken=str(uuid.uuid4()),
)
print(job["JobId"])
"""
WITH_KEY = "It needs an access key of Lading, from the page Keys."
WITH_TOKEN = "It needs a token of Lading in LADING_TOKEN, from the page Keys."
HAND_IN = "Hand in the list first, at manifests/, and write its id for the zeros."


@dataclass(frozen=True)
class Equivalent:
    """One way to ask for the job elsewhere; `note` tells what it needs, and what it cannot say."""

    name: str
    code: str
    note: str = ""

    @property
    def slug(self) -> str:
        """The name as a part of an element's id."""
        return self.name.lower().replace(" ", "-")


def equivalents(request: Mapping[str, Any], *, account_id: str, base_url: str) -> list[Equivalent]:
    """Three ways to ask for what services.create_job would take. Raises InvalidRequest.

    Region snow is the one in which no client of AWS puts the account in front of the host.
    """
    asked, operation = JobRequest.parse(request)
    url = base_url.rstrip("/")
    members = members_of(asked, operation, account_id)
    note = " ".join([WITH_KEY, *unsaid(asked)])
    return [
        Equivalent("AWS CLI", _cli(members, url), note),
        Equivalent("boto3", _boto3(members, url), note),
        Equivalent("curl", _curl(asked, operation, url), " ".join(_about_curl(asked))),
    ]


def _cli(members: Mapping[str, Any], url: str) -> str:
    options = [
        f"--region snow --endpoint-url {shlex.quote(url)}",
        *(_option(name, value) for name, value in members.items()),
    ]
    return BREAK.join(["aws s3control create-job", *options])


def _option(name: str, value: Any) -> str:
    option = "--" + re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
    match value:
        case bool():
            return option if value else option.replace("--", "--no-", 1)
        case str() if READ_AS_FILE.match(value):
            return f"--cli-input-json {_quoted({name: value})}"
        case str() | int():
            return f"{option} {shlex.quote(str(value))}"
        case _:
            return f"{option} {_quoted(value)}"


def _quoted(value: Any) -> str:
    return shlex.quote(json.dumps(value, ensure_ascii=False))


def _boto3(members: Mapping[str, Any], url: str) -> str:
    arguments = "\n".join(
        f"    {name}={_literal(value, '    ')}," for name, value in members.items()
    )
    return SNIPPET.format(url=url, arguments=arguments)


def _literal(value: Any, indent: str) -> str:
    """The value in Python, over several lines where it is long."""
    if len(indent + repr(value)) <= WIDTH or not isinstance(value, dict | list | tuple):
        return repr(value)
    deeper = f"{indent}    "
    if isinstance(value, dict):
        lines = [f"{name!r}: {_literal(item, deeper)}" for name, item in value.items()]
    else:
        lines = [_literal(item, deeper) for item in value]
    first, last = "{}" if isinstance(value, dict) else "[]"
    return "\n".join([first, *(f"{deeper}{line}," for line in lines), f"{indent}{last}"])


def _curl(asked: JobRequest, operation: Operation, url: str) -> str:
    body = _body(asked, operation)
    options = [
        shlex.quote(f"{url}/api/v1/jobs/"),
        '-H "Authorization: Token $LADING_TOKEN"',
        "-H 'Content-Type: application/json'",
        f"-d {shlex.quote(json.dumps(body, ensure_ascii=False, indent=2))}",
    ]
    return BREAK.join(["curl", *options]).replace(BREAK, " ", 1)


def _body(asked: JobRequest, operation: Operation) -> dict[str, Any]:
    """What the JSON API takes: the request without what goes without saying."""
    apart = {"client_request_token", "parameters", "manifest_generator"}
    body = asked.model_dump(mode="json", exclude=apart, exclude_defaults=True)
    if asked.manifest_generator:
        body["manifest_generator"] = asked.manifest_generator.snake_form()
    return {"operation": body.pop("operation"), "parameters": operation.snake_form(), **body}


def _about_curl(asked: JobRequest) -> Iterator[str]:
    yield WITH_TOKEN
    if asked.manifest and asked.manifest.id == NOT_STORED_YET:
        yield HAND_IN
