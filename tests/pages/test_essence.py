"""The headline of the review: which parameters it tells of each operation, in how few words."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from django.test import Client

from jobs.pages.essence import LONGEST, TOLD, essence
from operations import OPERATION_BY_NAME, OPERATIONS, Operation
from tests.operations.examples import EXAMPLES, KEY_ARN
from tests.pages.conftest import TAGS, Fill, send
from tests.pages.test_wizard import text_of

GRANTED = (
    "by FULL_CONTROL id=0a1b2c, READ uri=http://acs.amazonaws.com/groups/global/AllUsers, "
    "WRITE_ACP emailAddress=ada@example.org"
)
HEADLINES: dict[str, list[str]] = {
    "S3PutObjectCopy": [
        "to s3://archive/copies/ in the class STANDARD_IA with 17 more settings",
        "to s3://archive/ with 3 more settings",
    ],
    "LambdaInvoke": [" arn:aws:lambda:eu-west-1:111122223333:function:resize:live with mode=fast"],
    "S3PutObjectTagging": ["by team=ops", "by none"],
    "S3DeleteObjectTagging": [""],
    "S3PutObjectAcl": [GRANTED, "by public-read"],
    "S3InitiateRestoreObject": ["for 7 days by the tier BULK", "by the tier STANDARD"],
    "S3PutObjectRetention": [
        "until 2030-01-02 03:04:05 UTC in the mode GOVERNANCE past GOVERNANCE locks",
        "with the event hold ON lasting 30 days in the mode COMPLIANCE",
        "with the event hold OFF lasting 1 year",
        "taken away past GOVERNANCE locks",
    ],
    "S3PutObjectLegalHold": ["set to ON"],
    "S3ReplicateObject": [""],
    "S3ComputeObjectChecksum": ["by CRC64NVME, FULL_OBJECT"],
    "S3UpdateObjectEncryption": [f"to the key {KEY_ARN} with a bucket key"],
}


def told(operation: Operation) -> str:
    phrases = (
        " ".join([each.words, ", ".join(each.shown)]).rstrip() for each in essence(operation)
    )
    return " ".join(phrases)


@pytest.mark.parametrize("name", HEADLINES)
def test_each_operation_tells_what_makes_the_difference(name: str) -> None:
    operation = OPERATION_BY_NAME[name]

    assert [told(operation.parse(given)) for given in EXAMPLES[name]] == HEADLINES[name]


@pytest.mark.parametrize("prefix", ["copies", "copies/"])
def test_a_copy_is_told_to_where_it_will_be(prefix: str) -> None:
    given = {"TargetResource": "arn:aws:s3:::archive", "TargetKeyPrefix": prefix}

    assert told(OPERATION_BY_NAME["S3PutObjectCopy"].parse(given)) == "to s3://archive/copies/"


def test_every_operation_that_takes_parameters_has_words_of_its_own() -> None:
    assert set(TOLD) == {operation for operation in OPERATIONS if operation.model_fields}


def test_an_operation_without_words_of_its_own_tells_its_parameters() -> None:
    class Paint(Operation):
        name: ClassVar[str] = "Paint"
        colour: str

    assert told(Paint(colour="red")) == "with Colour: red"


def test_of_many_and_of_long_values_the_headline_tells_the_beginning() -> None:
    tags = [{"Key": f"key{number}", "Value": "x" * 256} for number in range(10)]

    (phrase,) = essence(OPERATION_BY_NAME["S3PutObjectTagging"].parse({"TagSet": tags}))

    assert [len(value) for value in phrase.shown] == [LONGEST] * 3
    assert [value[:7] for value in phrase.shown] == ["key0=xx", "key1=xx", "key2=xx"]
    assert phrase.more == 7


def test_the_review_begins_with_it(client: Client, kept: Fill) -> None:
    tags = "\r\n".join(["project=lading", "owner=ada", "a=1", "b=2", "c=3"])

    _, page = send(client, kept(at="options", step="review", **{TAGS: tags}))

    assert "<bdi>project=lading</bdi></strong>, <strong" in page
    assert (
        "Replace all object tags by project=lading , owner=ada , a=1 and 2 more on 2 objects"
    ) in text_of(page)


def test_what_a_person_typed_is_no_markup_of_the_headline(client: Client, kept: Fill) -> None:
    given: dict[str, Any] = {
        "operation": "LambdaInvoke",
        "LambdaInvoke-function_arn": "thumbs",
        "LambdaInvoke-invocation_schema_version": "2.0",
        "LambdaInvoke-user_arguments": "<i>=<b>",
    }

    answer = client.post("/jobs/new/", kept(at="options", step="review", **given))

    page = answer.content.decode()
    assert "<bdi>&lt;i&gt;=&lt;b&gt;</bdi>" in page
    assert "Invoke AWS Lambda function thumbs with &lt;i&gt;=&lt;b&gt; on" in text_of(
        page.replace("&", "&amp;")
    )
