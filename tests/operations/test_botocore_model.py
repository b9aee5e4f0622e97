"""Parameters are those of botocore's CreateJob: names, values, limits, in every structure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from operations import OPERATIONS, Operation
from tests.operations.examples import EXAMPLES

if TYPE_CHECKING:
    from botocore.model import Shape

CREATE_JOB = (
    botocore.session.get_session().get_service_model("s3control").operation_model("CreateJob")
)
NARROWER = {
    "S3InitiateRestoreObject.ExpirationInDays": "0 is in the model, and S3 refuses it",
    "S3PutObjectCopy.AccessControlGrants[].Permission": "WRITE means nothing for an object",
    "S3PutObjectAcl.AccessControlPolicy.AccessControlList.Grants[].Permission": "likewise",
}
"""Where we take less than the model has, and why."""

every_operation = pytest.mark.parametrize("kind", OPERATIONS, ids=lambda kind: kind.name)


def shape_of(kind: type[Operation]) -> Shape:
    return CREATE_JOB.input_shape.members["Operation"].members[kind.name]


class Schema:
    """A JSON schema as one looks at it: without references and without null."""

    def __init__(self, schema: dict[str, Any], names: dict[str, Any]) -> None:
        while "$ref" in schema or "anyOf" in schema:
            if "anyOf" in schema:
                (schema,) = [part for part in schema["anyOf"] if part.get("type") != "null"]
            if "$ref" in schema:
                schema = names[schema["$ref"].rpartition("/")[2]]
        self.says, self.names = schema, names

    def inside(self, *path: str) -> Schema:
        found = self.says
        for step in path:
            found = found[step]
        return Schema(found, self.names)


def pairs(schema: Schema, shape: Shape, path: str) -> Iterator[tuple[str, dict[str, Any], Shape]]:
    """Each of our schemas with botocore's shape, at any depth."""
    yield path, schema.says, shape
    if shape.type_name == "structure":
        for name in set(shape.members) & set(schema.says["properties"]):
            yield from pairs(
                schema.inside("properties", name), shape.members[name], f"{path}.{name}"
            )
    elif shape.type_name == "list":
        yield from pairs(schema.inside("items"), shape.member, f"{path}[]")


def all_pairs(kind: type[Operation]) -> list[tuple[str, dict[str, Any], Shape]]:
    schema = kind.model_json_schema(by_alias=True)
    return list(pairs(Schema(schema, schema.get("$defs", {})), shape_of(kind), kind.name))


@every_operation
def test_every_structure_has_the_members_of_the_model_and_no_others(
    kind: type[Operation],
) -> None:
    for path, schema, shape in all_pairs(kind):
        if shape.type_name == "structure":
            assert set(schema["properties"]) == set(shape.members), path
            assert set(schema.get("required", ())) >= set(shape.required_members), path
            assert schema["additionalProperties"] is False, path


@every_operation
def test_every_parameter_has_the_type_and_the_values_of_the_model(kind: type[Operation]) -> None:
    types = {"long": "integer", "timestamp": "string", "list": "array"}
    types |= {"structure": "object", "map": "object"}
    for path, schema, shape in all_pairs(kind):
        assert schema["type"] == types.get(shape.type_name, shape.type_name), path
        assert (schema.get("format") == "date-time") == (shape.type_name == "timestamp"), path
        if getattr(shape, "enum", None) and path not in NARROWER:
            assert set(schema["enum"]) == set(shape.enum), path


@every_operation
def test_every_limit_is_that_of_the_model(kind: type[Operation]) -> None:
    integers = ("minimum", "maximum")
    limits = {"string": ("minLength", "maxLength"), "integer": integers, "long": integers}
    for path, schema, shape in all_pairs(kind):
        if shape.type_name in limits and "enum" not in schema and path not in NARROWER:
            least, most = limits[shape.type_name]
            assert schema.get(least, 0) == shape.metadata.get("min", 0), path
            assert schema.get(most) == shape.metadata.get("max"), path


def test_what_is_narrower_than_the_model_is_still_within_it() -> None:
    found = {
        path: (schema, shape)
        for kind in OPERATIONS
        for path, schema, shape in all_pairs(kind)
        if path in NARROWER
    }

    assert set(found) == set(NARROWER)
    for path, (schema, shape) in found.items():
        if "enum" in schema:
            assert set(shape.enum) - set(schema["enum"]) == {"WRITE"}, path
        else:
            assert schema["minimum"] == 1 > shape.metadata["min"] == 0, path


@every_operation
def test_the_examples_give_every_parameter_of_the_model(kind: type[Operation]) -> None:
    given = {path for example in EXAMPLES[kind.name] for path in paths(example, kind.name)}

    assert given >= {path for path, _, _ in all_pairs(kind)}


def paths(value: Any, path: str) -> Iterator[str]:
    yield path
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from paths(inside, f"{path}.{name}")
    elif isinstance(value, list):
        for inside in value:
            yield from paths(inside, f"{path}[]")


@every_operation
def test_the_wire_form_is_what_boto3s_create_job_takes(kind: type[Operation]) -> None:
    for example in EXAMPLES[kind.name]:
        wire_form = kind.parse(example).wire_form()

        assert wire_form == example
        assert faults_of({kind.name: wire_form}) == ""


def test_boto3_would_tell_of_a_wrong_name() -> None:
    wrong = {"S3UpdateObjectEncryption": {"ObjectEncryption": {"SSE-KMS": {}}}}

    assert "SSE-KMS" in faults_of(wrong)


def faults_of(operation: dict[str, Any]) -> str:
    """What botocore says of a whole CreateJob with this operation."""
    request = {
        "AccountId": "111122223333",
        "ClientRequestToken": "once",
        "Operation": operation,
        "Priority": 10,
        "Report": {"Enabled": False},
        "RoleArn": "arn:aws:iam::111122223333:role/batch",
    }
    report: str = ParamValidator().validate(request, CREATE_JOB.input_shape).generate_report()
    return report


@every_operation
def test_what_is_kept_reads_back_as_the_same_in_both_spellings(kind: type[Operation]) -> None:
    for example in EXAMPLES[kind.name]:
        operation = kind.parse(example)

        assert kind.parse(operation.wire_form()) == operation
        assert kind.parse(operation.snake_form()) == operation
