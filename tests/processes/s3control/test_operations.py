"""Every operation that the store of the tests can do, asked for by boto3, and its effect seen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.functions import PlayedLambda, serving
from tests.processes.s3control.conftest import ACCOUNT, KEYS, ROLE, Wired, report
from tests.processes.s3control.test_walk import rows_of

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("s3control")]

EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
VERSIONED = {"Status": "Enabled"}
Seen = Callable[[Wired, str], Any]


@dataclass(frozen=True)
class Case:
    """An operation, the bucket that it works on, and how its effect is seen on a key."""

    operation: dict[str, Any]
    seen: Seen
    wanted: Callable[[str], Any]
    bucket: str = "work"
    status: str = "200"


def copied(wired: Wired, key: str) -> Any:
    reply = wired.store.get_object(Bucket="copies", Key=f"new folder/{key}")
    tags = wired.store.get_object_tagging(Bucket="copies", Key=f"new folder/{key}")["TagSet"]
    return reply["Body"].read(), reply["ContentType"], reply["Metadata"], tags


def tags(wired: Wired, key: str) -> Any:
    return wired.store.get_object_tagging(Bucket="tags", Key=key)["TagSet"]


def untagged(wired: Wired, key: str) -> Any:
    return wired.store.get_object_tagging(Bucket="untag", Key=key)["TagSet"]


def is_public(wired: Wired, key: str) -> bool:
    grants = wired.store.get_object_acl(Bucket="acls", Key=key)["Grants"]
    return any(grant["Grantee"].get("URI") == EVERYBODY for grant in grants)


def restored(wired: Wired, key: str) -> bool:
    return "expiry-date" in wired.store.head_object(Bucket="archive", Key=key).get("Restore", "")


def held(wired: Wired, key: str) -> Any:
    return wired.store.get_object_legal_hold(Bucket="locked", Key=key)["LegalHold"]["Status"]


def replicated(wired: Wired, key: str) -> Any:
    return wired.store.get_object(Bucket="replicas", Key=key)["Body"].read()


def nothing(_: Wired, __: str) -> None:
    """The report tells all."""


CASES = {
    "S3PutObjectCopy": Case(
        {"S3PutObjectCopy": {
            "TargetResource": "arn:aws:s3:::copies",
            "TargetKeyPrefix": "new folder",
            "MetadataDirective": "REPLACE",
            "NewObjectMetadata": {"ContentType": "image/jpeg", "UserMetadata": {"team": "web"}},
            "NewObjectTagging": [{"Key": "copied", "Value": "a b+c"}],
        }},
        copied,
        lambda key: (
            key.encode(), "image/jpeg", {"team": "web"}, [{"Key": "copied", "Value": "a b+c"}]
        ),
    ),
    "S3PutObjectTagging": Case(
        {"S3PutObjectTagging": {"TagSet": [{"Key": "a", "Value": "ü 1"}]}},
        tags, lambda _: [{"Key": "a", "Value": "ü 1"}], bucket="tags",
    ),
    "S3DeleteObjectTagging": Case(
        {"S3DeleteObjectTagging": {}}, untagged, lambda _: [], bucket="untag", status="204"
    ),
    "S3PutObjectAcl": Case(
        {"S3PutObjectAcl": {"AccessControlPolicy": {"CannedAccessControlList": "public-read"}}},
        is_public, lambda _: True, bucket="acls",
    ),
    "S3InitiateRestoreObject": Case(
        {"S3InitiateRestoreObject": {"ExpirationInDays": 3, "GlacierJobTier": "BULK"}},
        restored, lambda _: True, bucket="archive", status="202",
    ),
    "S3PutObjectLegalHold": Case(
        {"S3PutObjectLegalHold": {"LegalHold": {"Status": "ON"}}},
        held, lambda _: "ON", bucket="locked",
    ),
    "S3ReplicateObject": Case(
        {"S3ReplicateObject": {}}, replicated, str.encode, bucket="origins"
    ),
    "S3ComputeObjectChecksum": Case(
        {"S3ComputeObjectChecksum": {"ChecksumAlgorithm": "SHA256"}}, nothing, lambda _: None
    ),
    "LambdaInvoke": Case(
        {"LambdaInvoke": {
            "FunctionArn": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:resize",
            "InvocationSchemaVersion": "2.0",
            "UserArguments": {"mode": "fast & <loose>"},
        }},
        nothing, lambda _: None,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def function(wired: Wired) -> Iterator[PlayedLambda]:
    """The function `resize`, which says what it did."""
    played = PlayedLambda()
    with serving(played):
        wired.installation.manage("function", "set", "resize", played.url)
        yield played


@pytest.fixture(scope="module")
def buckets(wired: Wired) -> None:
    """A bucket for each kind of case, with objects that it can be done to."""
    store = wired.store
    for bucket in ("work", "tags", "untag", "acls", "archive", "origins", "replicas"):
        store.create_bucket(Bucket=bucket)
    store.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    for bucket in ("origins", "replicas"):
        store.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rule: Any = {
        "ID": "all",
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": "arn:aws:s3:::replicas"},
    }
    store.put_bucket_replication(
        Bucket="origins", ReplicationConfiguration={"Role": ROLE, "Rules": [rule]}
    )
    more: dict[str, Any] = {
        "archive": {"StorageClass": "GLACIER"},
        "untag": {"Tagging": "old=yes"},
    }
    for case in CASES.values():
        for key in KEYS:
            given = more.get(case.bucket, {})
            store.put_object(Bucket=case.bucket, Key=key, Body=key.encode(), **given)


def manifest(wired: Wired, name: str, case: Case) -> dict[str, Any]:
    """All objects of the case; with their versions, where that takes them."""
    written = {key: key.replace(" ", "%20") for key in KEYS}
    if name != "S3ReplicateObject":
        rows = "".join(f"{case.bucket},{text}\n" for text in written.values())
        return wired.put_manifest(f"{name}.csv", rows)
    versions = {
        one["Key"]: one["VersionId"]
        for one in wired.store.list_object_versions(Bucket=case.bucket)["Versions"]
        if one["IsLatest"]
    }
    rows = "".join(f"{case.bucket},{text},{versions[key]}\n" for key, text in written.items())
    made = wired.put_manifest(f"{name}.csv", rows)
    made["Spec"]["Fields"].append("VersionId")
    return made


@pytest.mark.parametrize("name", CASES)
def test_an_operation_is_done_to_every_object(
    wired: Wired, buckets: None, function: PlayedLambda, name: str
) -> None:
    case, control = CASES[name], wired.control()
    asked = wired.asked(
        Operation=case.operation,
        Manifest=manifest(wired, name, case),
        Report=report(ExpectedBucketOwner=ACCOUNT),
    )

    made = control.create_job(**asked)["JobId"]
    job = wired.ended(made)

    assert (job["Status"], job["FailureReasons"]) == ("Complete", [])
    assert job["Operation"] == case.operation
    assert job["ProgressSummary"]["NumberOfTasksSucceeded"] == len(KEYS)
    rows = rows_of(wired, made)
    assert {(row[3], row[4]) for row in rows} == {("succeeded", case.status)}
    for key in KEYS:
        assert case.seen(wired, key) == case.wanted(key)
    for row in rows:
        tells(name, row)
    listed = control.list_jobs(AccountId=ACCOUNT, MaxResults=1)["Jobs"]
    assert [(one["JobId"], one["Operation"]) for one in listed] == [(made, name)]


def tells(name: str, row: list[str]) -> None:
    """What the report says beside."""
    key = row[1].replace("%20", " ")
    if name == "S3ComputeObjectChecksum":
        digest = hashlib.sha256(key.encode()).hexdigest().upper()
        assert json.loads(row[6])["checksum_hex"] == digest
    elif name == "LambdaInvoke":
        assert row[6]


def test_the_function_gets_its_arguments(
    wired: Wired, buckets: None, function: PlayedLambda
) -> None:
    before = len(function.calls)
    case = CASES["LambdaInvoke"]
    asked = wired.asked(Operation=case.operation, Manifest=manifest(wired, "LambdaInvoke", case))

    made = wired.control().create_job(**asked)["JobId"]

    assert wired.ended(made)["Status"] == "Complete"
    calls = function.calls[before:]
    assert len(calls) == len(KEYS)
    assert {call["job"]["id"] for call in calls} == {made}
    assert all(call["job"]["userArguments"] == {"mode": "fast & <loose>"} for call in calls)
