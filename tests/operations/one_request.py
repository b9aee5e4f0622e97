"""Operations that boto3 does in one call, with examples of their parameters."""

from __future__ import annotations

from typing import Any

from operations import OPERATIONS
from operations.base import Operation
from tests.operations.examples import EXAMPLES

ODD: dict[str, list[dict[str, Any]]] = {
    "S3PutObjectTagging": [{"TagSet": [{"Key": "a b", "Value": "é+=@ :/"}]}],
    "S3PutObjectCopy": [
        {"TargetResource": "arn:aws:s3:::archive"},
        {"TargetResource": "arn:aws:s3:::archive", "NewObjectTagging": []},
        {
            "TargetResource": "arn:aws:s3:::archive",
            "TargetKeyPrefix": "~ %41%zz é/漢字+&=?#",
            "NewObjectMetadata": {
                "ContentDisposition": 'inline; filename="a  b.txt";',
                "UserMetadata": {"Team": "ops;", "Rate": "100 %s %d%%"},
            },
            "NewObjectTagging": [{"Key": "a b", "Value": "1/2"}, {"Key": "é", "Value": ""}],
            "RequesterPays": True,
        },
    ],
}
"""What a template might get wrong, beside the examples."""


def one_request_operations() -> list[Operation]:
    """Each example of each operation with a `call`. KeyError for one that has no example."""
    return [
        operation.parse(parameters)
        for operation in OPERATIONS
        if operation.call
        for parameters in EXAMPLES[operation.name] + ODD.get(operation.name, [])
    ]


def name_of(operation: Operation) -> str:
    """For the ids of tests."""
    members = "+".join(operation.wire_form())
    return f"{operation.name}({members[:40]})"
