"""Whether an answer is what the schema says of it: every answer that a test of the API gets is held
to that.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from jobs.rest.public import JSON, _rendered


@cache
def schema() -> dict[str, Any]:
    """The schema, as everybody gets it."""
    told: dict[str, Any] = json.loads(_rendered(JSON))
    return told


@cache
def _validator(reference: str) -> Draft202012Validator:
    whole = {"$ref": reference, "components": schema()["components"]}
    return Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)


def faults_of(response: Any) -> list[str]:
    """What in the answer is not as the schema says; nothing where the path is not of the API."""
    request = response.wsgi_request
    if not request.path_info.startswith("/api/v1/"):
        return []
    match = response.resolver_match
    if match is None or match.url_name is None:  # there is nothing at this path
        return []
    path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", match.route).replace("{pk}", "{id}")
    method = "get" if request.method == "HEAD" else request.method.lower()
    operation = schema()["paths"].get(path, {}).get(method)
    if operation is None:
        return [] if response.status_code == 405 else [f"{method} {path} is not in the schema"]
    told = operation["responses"].get(str(response.status_code))
    if told is None:
        return [f"{method} {path} does not say that it answers {response.status_code}"]
    if request.method == "HEAD":
        return ["a body in answer to HEAD"] if response.content else []
    return _faults_of_body(response, told)


def _faults_of_body(response: Any, told: dict[str, Any]) -> list[str]:
    kinds = told.get("content", {})
    if response.streaming:
        return [] if kinds else ["a file that the schema knows nothing of"]
    if not kinds or not response.content:
        return (
            [] if bool(kinds) == bool(response.content) else ["a body, or none, against the schema"]
        )
    kind = kinds.get(response["Content-Type"])
    if kind is None:
        return [f"{response['Content-Type']} is not one of {list(kinds)}"]
    found = _validator(kind["schema"]["$ref"]).iter_errors(json.loads(response.content))
    return [f"{fault.json_path}: {fault.message}" for fault in found]
