"""One example, and where it pays more, of the parameters of every operation."""

from __future__ import annotations

from operations import OPERATIONS
from operations.base import Operation

ODD = "~ %41%zz é/漢字+&=?#"
"""What a prefix may hold and a URL may not."""

MANY = {
    "TargetResource": "arn:aws:s3:::archive",
    "TargetKeyPrefix": ODD,
    "StorageClass": "GLACIER_IR",
    "NewObjectMetadata": {
        "CacheControl": "no-cache",
        "ContentDisposition": 'inline; filename="a  b.txt";',
        "ContentEncoding": "gzip",
        "ContentLanguage": "en",
        "ContentType": "text/plain",
        "HttpExpiresDate": "2030-01-02T03:04:05Z",
        "UserMetadata": {"Team": "ops;", "Rate": "100 %s %d%%"},
    },
    "NewObjectTagging": [{"Key": "a b", "Value": "1/2"}, {"Key": "é", "Value": ""}],
    "AccessControlGrants": [
        {"Grantee": {"TypeIdentifier": "id", "Identifier": "abc"}, "Permission": "READ"}
    ],
    "ModifiedSinceConstraint": "2020-01-02T03:04:05Z",
    "SSEAwsKmsKeyId": "alias/photos",
    "BucketKeyEnabled": True,
    "ChecksumAlgorithm": "SHA256",
    "ObjectLockMode": "GOVERNANCE",
    "ObjectLockRetainUntilDate": "2030-01-02T03:04:05",
    "ObjectLockLegalHoldStatus": "ON",
    "RedirectLocation": "/index.html",
    "RequesterPays": True,
}

EXAMPLES: dict[str, list[dict[str, object]]] = {
    "S3PutObjectTagging": [
        {"TagSet": []},
        {"TagSet": [{"Key": "a b", "Value": "é+=@ :/"}, {"Key": "c", "Value": ""}]},
    ],
    "S3PutObjectCopy": [
        {"TargetResource": "arn:aws:s3:::archive"},
        {"TargetResource": "arn:aws:s3:::archive", "NewObjectTagging": []},
        MANY,
    ],
}
"""Of each operation that has a `call`. An operation that is added has to be added here."""


def one_request_operations() -> list[Operation]:
    """Every example of every operation that boto3 does in one call."""
    return [
        operation.parse(parameters)
        for operation in OPERATIONS
        if operation.call
        for parameters in EXAMPLES[operation.name]
    ]


def name_of(operation: Operation) -> str:
    """For the ids of tests."""
    members = "+".join(operation.wire_form())
    return f"{operation.name}({members[:40]})"
