"""Which objects a generated manifest takes: what the listing tells, and what each object tells."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from jobs.errors import JobFailure
from jobs.manifests import criteria
from operations.replication_rules import rules_of
from tests.manifests.listed import (
    FakeBucket,
    Thing,
    generator,
    keys_of,
    reader_of,
    rows_of,
    threads_of_readers,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY_ARN = "arn:aws:kms:us-east-1:111122223333:key/1a2b"
OTHER_ARN = "arn:aws:kms:us-east-1:111122223333:key/3c4d"
CUSTOMER_KEY: dict[str, Any] = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}


def found(s3: S3Client, *, versions: bool = False, **criteria: Any) -> list[str]:
    """The keys that meet some criteria."""
    chosen = generator(AskEachObject=True, Filter=criteria)
    try:
        return keys_of(rows_of(reader_of(s3, chosen, versions=versions, threads=1)))
    except JobFailure as failure:
        if failure.code != "ManifestGenerationNoKeys":
            raise
        return []


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Any:
    yield
    assert threads_of_readers() == []


# ---- what a listing tells


THINGS = [
    Thing("a.jpg", size=10, modified="2024-01-01T00:00:00.000Z"),
    Thing("b.jpg", size=20, modified="2024-01-02T00:00:00.000Z", storage_class="GLACIER"),
    Thing("summer/c.png", size=30, modified="2024-01-03T00:00:00Z", storage_class="STANDARD_IA"),
    Thing("d", size=0, modified="2024-01-03T00:00:00.001Z"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("criteria", "keys"),
    [
        ({}, ["a.jpg", "b.jpg", "d", "summer/c.png"]),
        ({"EligibleForReplication": False}, ["a.jpg", "b.jpg", "d", "summer/c.png"]),
        ({"KeyNameConstraint": {"MatchAnySuffix": [".jpg", ".png"]}},
         ["a.jpg", "b.jpg", "summer/c.png"]),
        ({"KeyNameConstraint": {"MatchAnySubstring": ["mm", "a."]}}, ["a.jpg", "summer/c.png"]),
        ({"KeyNameConstraint": {"MatchAnyPrefix": ["a", "s"], "MatchAnySuffix": [".png"],
                                "MatchAnySubstring": ["c"]}}, ["summer/c.png"]),
        ({"KeyNameConstraint": {"MatchAnyPrefix": [], "MatchAnySuffix": []}},
         ["a.jpg", "b.jpg", "d", "summer/c.png"]),
        ({"ObjectSizeGreaterThanBytes": 10}, ["b.jpg", "summer/c.png"]),
        ({"ObjectSizeLessThanBytes": 10}, ["d"]),
        ({"ObjectSizeGreaterThanBytes": 0, "ObjectSizeLessThanBytes": 20}, ["a.jpg"]),
        ({"CreatedAfter": "2024-01-02T00:00:00Z"}, ["d", "summer/c.png"]),
        ({"CreatedAfter": "2024-01-03T00:00:00Z"}, ["d"]),
        ({"CreatedBefore": "2024-01-02T00:00:00Z"}, ["a.jpg"]),
        ({"CreatedBefore": "2024-01-02T01:00:00+01:00"}, ["a.jpg"]),
        ({"MatchAnyStorageClass": ["GLACIER", "STANDARD_IA"]}, ["b.jpg", "summer/c.png"]),
        ({"MatchAnyStorageClass": ["STANDARD"], "ObjectSizeGreaterThanBytes": 5}, ["a.jpg"]),
        ({"ObjectSizeGreaterThanBytes": 30}, []),
    ],
)  # fmt: skip
def test_criteria_are_joined_by_and_values_by_or_and_comparisons_are_strict(
    criteria: dict[str, Any], keys: list[str]
) -> None:
    bucket = FakeBucket(THINGS)

    assert found(bucket.client(), **criteria) == keys
    assert all("list-type" in asked for asked in bucket.asked), "only listings"


def test_a_listing_without_a_storage_class_means_standard() -> None:
    bucket = FakeBucket([Thing("a", storage_class="")])

    assert found(bucket.client(), MatchAnyStorageClass=["STANDARD"]) == ["a"]


def test_a_date_that_is_none_is_told() -> None:
    reader = reader_of(
        FakeBucket([Thing("a", modified="yesterday")]).client(),
        generator(Filter={"CreatedAfter": "2024-01-01T00:00:00Z"}),
    )

    with pytest.raises(JobFailure, match='lists an object with the date "yesterday"'):
        rows_of(reader)


# ---- encryption


@pytest.fixture
def encrypted(s3: S3Client) -> S3Client:
    """One object of each kind of encryption, named after it."""
    put = s3.put_object
    put(Bucket="photos", Key="plain", Body=b"x")
    put(Bucket="photos", Key="s3", Body=b"x", ServerSideEncryption="AES256")
    kms: dict[str, Any] = {"ServerSideEncryption": "aws:kms"}
    put(Bucket="photos", Key="kms", Body=b"x", **kms, SSEKMSKeyId=KEY_ARN)
    put(Bucket="photos", Key="kms-other", Body=b"x", **kms, SSEKMSKeyId=OTHER_ARN,
        BucketKeyEnabled=True)  # fmt: skip
    put(Bucket="photos", Key="double", Body=b"x", ServerSideEncryption="aws:kms:dsse",
        SSEKMSKeyId=KEY_ARN)  # fmt: skip
    return s3


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ({"SSES3": {}}, ["s3"]),
        ({"SSEKMS": {}}, ["kms", "kms-other"]),
        ({"SSEKMS": {"KmsKeyArn": KEY_ARN}}, ["kms"]),
        ({"SSEKMS": {"BucketKeyEnabled": True}}, ["kms-other"]),
        ({"SSEKMS": {"BucketKeyEnabled": False}}, ["kms"]),
        ({"SSEKMS": {"KmsKeyArn": KEY_ARN, "BucketKeyEnabled": True}}, []),
        ({"DSSEKMS": {}}, ["double"]),
        ({"DSSEKMS": {"KmsKeyArn": OTHER_ARN}}, []),
        ({"NOTSSE": {}}, ["plain"]),
        ({"SSEC": {}}, []),
    ],
)
def test_objects_of_one_encryption_are_chosen(
    encrypted: S3Client, kind: dict[str, Any], keys: list[str]
) -> None:
    assert found(encrypted, MatchAnyObjectEncryption=[kind]) == keys


def under_customer_key(code: str = "InvalidRequest") -> S3Client:
    """AWS's answer on an object that needs its customer's key: 400, and why only to a GET."""
    bucket = FakeBucket(["open", "secret"])
    bucket.heads = lambda path: (400 if path.endswith("secret") else 200, {})
    bucket.refuse = lambda _, asked: (
        (400, code) if asked["method"] == "GET" and "list-type" not in asked else None
    )
    return bucket.client()


@pytest.mark.parametrize(
    ("criteria", "keys"),
    [
        ({"MatchAnyObjectEncryption": [{"SSEC": {}}]}, ["secret"]),
        ({"MatchAnyObjectEncryption": [{"NOTSSE": {}}]}, ["open"]),
        ({"ObjectReplicationStatuses": ["NONE"]}, ["open"]),
    ],
)
def test_an_object_under_a_customers_key_is_known_by_the_refusal(
    criteria: dict[str, Any], keys: list[str]
) -> None:
    assert found(under_customer_key(), **criteria) == keys


def test_another_refusal_with_the_same_status_is_no_customers_key() -> None:
    chosen = generator(AskEachObject=True, Filter={"MatchAnyObjectEncryption": [{"SSEC": {}}]})

    with pytest.raises(JobFailure) as told:
        rows_of(reader_of(under_customer_key("ExpiredToken"), chosen))

    assert told.value.code == "ManifestAccessDenied"
    assert "ExpiredToken; the role's credentials have expired" in told.value.reason


# ---- replication statuses


def with_statuses(**statuses: str) -> FakeBucket:
    """A bucket whose objects have these replication statuses; "" for none."""
    bucket = FakeBucket(statuses)

    def head(path: str) -> tuple[int, dict[str, str]]:
        status = statuses[path.rsplit("/", 1)[-1]]
        return 200, {"x-amz-replication-status": status} if status else {}

    bucket.heads = head
    return bucket


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (["COMPLETED"], ["done", "old"]),
        (["FAILED", "NONE"], ["failed", "never"]),
        (["REPLICA"], ["copy"]),
    ],
)
def test_objects_of_any_of_some_replication_statuses_are_chosen(
    wanted: list[str], keys: list[str]
) -> None:
    bucket = with_statuses(
        done="COMPLETED", old="COMPLETE", failed="FAILED", copy="REPLICA", never="", busy="PENDING"
    )

    assert found(bucket.client(), ObjectReplicationStatuses=wanted) == keys


def test_only_objects_that_meet_the_other_criteria_are_asked_for() -> None:
    bucket = FakeBucket(THINGS)

    found(bucket.client(), ObjectReplicationStatuses=["NONE"], ObjectSizeGreaterThanBytes=25)

    assert sum(asked["method"] == "HEAD" for asked in bucket.asked) == 1


# ---- eligible for replication


def rule(**values: Any) -> dict[str, Any]:
    defaults = {
        "ID": str(len(values)),
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": "arn:aws:s3:::reports"},
    }
    return {**defaults, **values}


@pytest.fixture
def replicated(s3: S3Client, encrypted: S3Client) -> S3Client:
    """A bucket that may have rules, with a tagged and an archived object besides."""
    for bucket in ("photos", "reports"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="photos", Key="tagged", Body=b"x", Tagging="team=ops")
    s3.put_object(Bucket="photos", Key="archived", Body=b"x", StorageClass="DEEP_ARCHIVE")
    return s3


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Say the rules of the bucket, since moto forgets their filters: rules({…}, {…})."""

    def say(*told: dict[str, Any]) -> None:
        reply = {"ReplicationConfiguration": {"Rules": list(told)}}
        known = rules_of(SimpleNamespace(get_bucket_replication=lambda **_: reply), "photos")  # type: ignore[arg-type]
        monkeypatch.setattr(criteria, "rules_of", lambda *_: known)

    return say


TAKES_KMS = {"SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}}}
UNDER_KMS = ["double", "kms", "kms-other"]


@pytest.mark.parametrize(
    ("told", "keys"),
    [
        ([rule()], ["plain", "s3", "tagged"]),
        ([rule(**TAKES_KMS)], sorted(["plain", "s3", "tagged", *UNDER_KMS])),
        ([rule(Filter={"Prefix": "pl"})], ["plain"]),
        ([rule(Filter={"Tag": {"Key": "team", "Value": "ops"}})], ["tagged"]),
        ([rule(Filter={"Tag": {"Key": "team", "Value": "web"}})], []),
        ([rule(Filter={"Prefix": "pl"}), rule(Filter={"Prefix": "s"}, Priority=2)],
         ["plain", "s3"]),
        ([rule(Filter={"Prefix": "pl"}, Status="Enabled"), rule(Status="Disabled", Priority=2)],
         ["plain"]),
        ([rule(Filter={"Prefix": "k"}, **TAKES_KMS)], ["kms", "kms-other"]),
    ],
)  # fmt: skip
def test_the_rules_of_the_bucket_say_what_is_eligible(
    replicated: S3Client, rules: Callable[..., None], told: list[dict[str, Any]], keys: list[str]
) -> None:
    rules(*told)

    assert found(replicated, EligibleForReplication=True) == keys


def test_the_rules_are_asked_of_the_store(replicated: S3Client) -> None:
    configuration: Any = {"Role": "arn:aws:iam::111122223333:role/r", "Rules": [rule()]}
    replicated.put_bucket_replication(Bucket="photos", ReplicationConfiguration=configuration)

    assert found(replicated, EligibleForReplication=True) == ["plain", "s3", "tagged"]


def test_every_version_is_judged_by_itself(
    replicated: S3Client, rules: Callable[..., None]
) -> None:
    rules(rule(Filter={"Prefix": "pl"}))
    replicated.put_object(Bucket="photos", Key="plain", Body=b"y", ServerSideEncryption="aws:kms")
    replicated.put_object(Bucket="photos", Key="plain", Body=b"z")

    assert found(replicated, versions=True, EligibleForReplication=True) == ["plain", "plain"]


def test_replicas_are_not_eligible(rules: Callable[..., None]) -> None:
    rules(rule())
    bucket = with_statuses(copy="REPLICA", done="COMPLETED", never="")

    assert found(bucket.client(), EligibleForReplication=True) == ["done", "never"]


def test_a_bucket_without_rules_is_told(s3: S3Client) -> None:
    reader = reader_of(s3, generator(AskEachObject=True, Filter={"EligibleForReplication": True}))

    with pytest.raises(JobFailure) as told:
        rows_of(reader)

    assert (told.value.code, told.value.reason) == (
        "ManifestGenerationFailed",
        "The bucket photos has no replication rule that is enabled, so none of its objects is "
        "eligible for replication.",
    )


def test_rules_that_may_not_be_read_are_told_with_the_permission() -> None:
    bucket = FakeBucket(["a"])
    bucket.refuse = lambda _, asked: (403, "AccessDenied") if "replication" in asked else None
    chosen = generator(AskEachObject=True, Filter={"EligibleForReplication": True})

    with pytest.raises(JobFailure) as told:
        rows_of(reader_of(bucket.client(), chosen))

    assert (told.value.code, told.value.reason) == (
        "ManifestAccessDenied",
        "Reading the replication rules of the bucket photos is forbidden: AccessDenied. "
        "The role needs s3:GetReplicationConfiguration.",
    )


# ---- asking goes wrong

ASKING = generator(AskEachObject=True, Filter={"MatchAnyObjectEncryption": [{"NOTSSE": {}}]})


def answering(status: int, key: str = "b") -> FakeBucket:
    bucket = FakeBucket(["a", "b", "c"])
    bucket.heads = lambda path: (status if path.endswith(f"/{key}") else 200, {})
    return bucket


@pytest.mark.parametrize("status", [404, 405])
def test_an_object_that_is_gone_meanwhile_is_left_out(status: int) -> None:
    assert keys_of(rows_of(reader_of(answering(status).client(), ASKING))) == ["a", "c"]


def test_an_object_that_may_not_be_asked_for_is_told_by_its_key() -> None:
    with pytest.raises(JobFailure) as told:
        rows_of(reader_of(answering(403).client(), ASKING))

    assert told.value.code == "ManifestAccessDenied"
    assert told.value.reason.startswith('Asking about the object "b" is forbidden: 403')
    assert told.value.reason.endswith("The role needs s3:GetObject.")


def test_a_store_that_is_busy_is_its_own_error() -> None:
    with pytest.raises(ClientError):
        rows_of(reader_of(answering(503).client(), ASKING))


def test_any_other_refusal_names_key_and_code() -> None:
    with pytest.raises(JobFailure) as told:
        rows_of(reader_of(answering(410).client(), ASKING))

    assert (told.value.code, told.value.reason) == (
        "ManifestGenerationFailed",
        'The store refuses to tell about the object "b": 410.',
    )


def test_the_expected_owner_goes_with_every_question() -> None:
    bucket = FakeBucket(["a"])
    chosen = generator(
        AskEachObject=True,
        ExpectedBucketOwner="111122223333",
        Filter={"MatchAnyObjectEncryption": [{"NOTSSE": {}}]},
    )

    rows_of(reader_of(bucket.client(), chosen))

    assert {asked.get("owner") for asked in bucket.asked} == {"111122223333"}
