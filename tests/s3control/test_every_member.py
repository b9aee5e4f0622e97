"""CreateJob takes every member of AWS's model, and DescribeJob gives it back as it was sent."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from botocore.model import Shape

from tests.s3control.conftest import Asked
from tests.s3control.shapes import CREATE, MODEL, OWNER, generators, holds, members, operations
from tests.s3control.wire import JOBS, NAMESPACE, Key, account, call

OPERATIONS = list(operations())
GENERATORS = list(generators())
KINDS = [next(iter(made["S3JobManifestGenerator"]["Filter"]["MatchAnyObjectEncryption"][0]))
         for made in GENERATORS]  # fmt: skip
REPORT = {
    "Bucket": "arn:aws:s3:::reports",
    "Format": "Report_CSV_20180820",
    "Enabled": True,
    "Prefix": "nightly/run",
    "ReportScope": "FailedTasksOnly",
    "ExpectedBucketOwner": OWNER,
}
EMPTY: list[dict[str, Any]] = [
    {"S3DeleteObjectTagging": {}},
    {"S3PutObjectTagging": {"TagSet": []}},
    {"S3PutObjectRetention": {"Retention": {}}},
    {"S3PutObjectRetention": {"BypassGovernanceRetention": True, "Retention": {}}},
    {"S3PutObjectRetention": {"BypassGovernanceRetention": False, "Retention": {}}},
    {"S3InitiateRestoreObject": {"ExpirationInDays": 3}},
    {"S3InitiateRestoreObject": {"GlacierJobTier": "BULK"}},
    {"S3PutObjectCopy": {"TargetResource": "arn:aws:s3:::reports"}},
    {"S3PutObjectCopy": {"TargetResource": "arn:aws:s3:::reports", "NewObjectTagging": []}},
    {"S3PutObjectCopy": {"TargetResource": "arn:aws:s3:::reports", "NewObjectMetadata": {}}},
    {"S3PutObjectCopy": {"TargetResource": "arn:aws:s3:::reports", "RequesterPays": False}},
    {"S3PutObjectAcl": {"AccessControlPolicy": {"AccessControlList": {"Owner": {"ID": "me"}}}}},
    {"S3PutObjectAcl": {
        "AccessControlPolicy": {"AccessControlList": {"Owner": {"ID": "me"}, "Grants": []}}
    }},
    {"S3ComputeObjectChecksum": {}},
    {"LambdaInvoke": {"FunctionArn": "thumbnails"}},
]  # fmt: skip
"""What stands in an example with nothing, or with only a part: significant all the same."""


VERSIONS = {
    "Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key", "VersionId"]},
    "Location": {"ObjectArn": "arn:aws:s3:::manifests/v & w.csv", "ETag": "0" * 32},
}
MANIFESTS = {
    "a CSV": VERSIONS,
    "an inventory": {
        "Spec": {"Format": "S3InventoryReport_CSV_20161130"},
        "Location": {"ObjectArn": "arn:aws:s3:::manifests/a/manifest.json", "ETag": "0" * 32},
    },
    "pinned to a version": {
        **VERSIONS,
        "Location": {**VERSIONS["Location"], "ObjectVersionId": "Kx0Jq3VbWm.e1Yx2"},
    },
    "with an ETag in quotes": {
        **VERSIONS,
        "Location": {**VERSIONS["Location"], "ETag": '"60e460c9d1046e73f7dde5043ac3ae85"'},
    },
    "in another partition": {
        **VERSIONS,
        "Location": {**VERSIONS["Location"], "ObjectArn": "arn:aws-cn:s3:::manifests/list.csv"},
    },
    "with columns to ignore": {
        "Spec": {
            "Format": "S3BatchOperations_CSV_20180820",
            "Fields": ["Ignore", "Bucket", "Ignore", "Key"],
        },
        "Location": VERSIONS["Location"],
    },
}


def test_the_examples_hold_every_member_of_the_model() -> None:
    made = {"Operation": [value for _, value in OPERATIONS], "ManifestGenerator": GENERATORS}

    missing = [
        ".".join(member.path)
        for top, examples in made.items()
        for member in members(CREATE.members[top])
        if not any(holds(value, member.path) for value in examples)
    ]

    assert not missing
    assert set(REPORT) == set(CREATE.members["Report"].members)


@pytest.mark.parametrize(
    "operation",
    [value for _, value in OPERATIONS] + EMPTY,
    ids=[name for name, _ in OPERATIONS] + [next(iter(value)) for value in EMPTY],
)
def test_an_operation_comes_back_as_it_was_sent(
    control: Any, key: Key, asked: Asked, operation: dict[str, Any]
) -> None:
    given = asked(Operation=operation, Report=REPORT, Manifest=VERSIONS, Description="Do it")

    made = control.create_job(**given)["JobId"]
    job = control.describe_job(AccountId=account(), JobId=made)["Job"]

    assert job["Operation"] == operation
    assert job["Manifest"] == VERSIONS
    assert job["Report"] == REPORT
    assert (job["Priority"], job["Description"], job["RoleArn"]) == (7, "Do it", given["RoleArn"])
    assert job["ConfirmationRequired"] is False
    assert in_model_order(key, made)


@pytest.mark.parametrize("generator", GENERATORS, ids=KINDS)
def test_a_manifest_generator_comes_back_as_it_was_sent(
    control: Any, key: Key, asked: Asked, generator: dict[str, Any]
) -> None:
    made = control.create_job(**asked(Manifest=None, ManifestGenerator=generator))["JobId"]
    job = control.describe_job(AccountId=account(), JobId=made)["Job"]

    assert job["ManifestGenerator"] == generator
    assert "Manifest" not in job
    assert in_model_order(key, made)


@pytest.mark.parametrize(
    "inner",
    [
        {"EnableManifestOutput": False},
        {"EnableManifestOutput": False, "Filter": {}},
        {"EnableManifestOutput": False, "Filter": {"KeyNameConstraint": {}}},
        {"EnableManifestOutput": False, "Filter": {"EligibleForReplication": False}},
        {"EnableManifestOutput": False, "Filter": {"MatchAnyStorageClass": []}},
    ],
    ids=str,
)
def test_a_generator_with_little_in_it_comes_back_as_it_was_sent(
    control: Any, asked: Asked, inner: dict[str, Any]
) -> None:
    generator = {"S3JobManifestGenerator": {"SourceBucket": "arn:aws:s3:::photos", **inner}}

    made = control.create_job(**asked(Manifest=None, ManifestGenerator=generator))["JobId"]

    job = control.describe_job(AccountId=account(), JobId=made)["Job"]
    assert job["ManifestGenerator"] == generator


@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_manifest_comes_back_as_it_was_sent(
    control: Any, key: Key, asked: Asked, kind: str
) -> None:
    made = control.create_job(**asked(Manifest=MANIFESTS[kind]))["JobId"]

    job = control.describe_job(AccountId=account(), JobId=made)["Job"]
    assert job["Manifest"] == MANIFESTS[kind]
    assert in_model_order(key, made)


@pytest.mark.parametrize(
    "report",
    [
        {"Enabled": False},
        {**REPORT, "Enabled": False},
        {**REPORT, "Bucket": "arn:aws-cn:s3:::reports"},
        {name: REPORT[name] for name in REPORT if name != "ExpectedBucketOwner"},
        {name: REPORT[name] for name in REPORT if name != "Prefix"},
    ],
    ids=["none", "one that is not made", "elsewhere", "without an owner", "without a prefix"],
)
def test_a_report_comes_back_as_it_was_sent(
    control: Any, asked: Asked, report: dict[str, Any]
) -> None:
    made = control.create_job(**asked(Report=report))["JobId"]

    assert control.describe_job(AccountId=account(), JobId=made)["Job"]["Report"] == report


# ---- helpers


def in_model_order(key: Key, job_id: str) -> bool:
    """Whether DescribeJob's XML has AWS's names, in the order of the model, and no others."""
    root = call(key, "GET", f"{JOBS}/{job_id}").root
    assert root.tag == f"{{{NAMESPACE}}}DescribeJobResult"
    (job,) = root
    _compare(job, MODEL.operation_model("DescribeJob").output_shape.members["Job"])
    return True


def _compare(element: ElementTree.Element, shape: Shape) -> None:
    names = [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in element]
    match shape.type_name:
        case "structure":
            known = {
                inner.serialization.get("name", name): inner
                for name, inner in shape.members.items()
            }
            assert names == [name for name in known if name in names]
            for name, child in zip(names, element, strict=True):
                _compare(child, known[name])
        case "list":
            assert set(names) <= {shape.member.serialization.get("name", "member")}
            for child in element:
                _compare(child, shape.member)
        case "map":
            assert set(names) <= {"entry"}
            for child in element:
                assert [one.tag.removeprefix(f"{{{NAMESPACE}}}") for one in child] == [
                    "key",
                    "value",
                ]
        case _:
            assert not names
            assert element.text or shape.type_name == "string"
