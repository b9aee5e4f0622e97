"""What holds for every operation."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
from botocore import xform_name
from pydantic import BaseModel

from operations import OPERATION_BY_NAME, OPERATIONS
from operations.base import InvalidParameters, snake
from operations.put_object_tagging import PutObjectTagging

HERE = Path(__file__).parent

every_operation = pytest.mark.parametrize(
    "operation", OPERATIONS, ids=lambda operation: operation.name
)


def structures_of(model: type[BaseModel]) -> set[type[BaseModel]]:
    """The model and every structure inside it."""
    found = {model}
    for field in model.model_fields.values():
        for part in re.findall(r"operations\.\w+\.\w+", repr(field.annotation)):
            module, name = part.rsplit(".", 1)
            kind = getattr(__import__(module, fromlist=[name]), name)
            if inspect.isclass(kind) and issubclass(kind, BaseModel) and kind not in found:
                found |= structures_of(kind)
    return found


@every_operation
def test_has_a_docstring_a_label_and_permissions(operation):
    assert "__doc__" in vars(operation)
    assert operation.__doc__.endswith(".")
    assert operation.label
    assert all(re.fullmatch(r"\w+:\w+\*?", permission) for permission in operation.permissions)
    assert operation.permissions


@every_operation
def test_is_named_as_aws_names_it_and_so_are_its_module_and_its_tests(operation):
    name = operation.name.removeprefix("S3")

    assert operation.__name__ == name
    assert operation.__module__ == f"operations.{xform_name(name)}"
    assert (HERE / f"test_{xform_name(name)}.py").exists()


def test_is_found_by_its_name():
    assert {name: kind.name for name, kind in OPERATION_BY_NAME.items()} == {
        operation.name: operation.name for operation in OPERATIONS
    }


@every_operation
def test_every_field_has_a_title_and_a_description(operation):
    for structure in structures_of(operation):
        for name, field in structure.model_fields.items():
            assert field.title, name
            assert field.description, name
            assert field.description.endswith("."), name


@every_operation
def test_every_name_reads_back_from_awss(operation):
    for structure in structures_of(operation):
        for name, field in structure.model_fields.items():
            assert snake(field.alias) == name


@every_operation
@pytest.mark.parametrize("by_alias", [True, False])
def test_its_json_schema_can_be_made(operation, by_alias):
    schema = operation.model_json_schema(by_alias=by_alias)

    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == {
        field.alias if by_alias else name for name, field in operation.model_fields.items()
    }


@every_operation
def test_cannot_be_changed_once_made(operation):
    assert operation.model_config["frozen"]


def test_both_spellings_say_the_same():
    aws = PutObjectTagging.parse({"TagSet": [{"Key": "a", "Value": "1"}]})
    snake_case = PutObjectTagging.parse({"tag_set": [{"key": "a", "value": "1"}]})

    assert aws == snake_case
    assert aws.wire_form() == {"TagSet": [{"Key": "a", "Value": "1"}]}
    assert aws.snake_form() == {"tag_set": [{"key": "a", "value": "1"}]}


def test_a_refusal_reads_as_one_text_too():
    with pytest.raises(InvalidParameters, match=r"tag_set\.0\.value: This field is required\."):
        PutObjectTagging.parse({"TagSet": [{"Key": "a"}]})


def test_operations_need_no_django():
    program = "import operations, operations.threads, sys; sys.exit('django' in sys.modules)"

    subprocess.run([sys.executable, "-c", program], check=True)
