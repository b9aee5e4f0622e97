"""Compute checksum of objects whose content is not what the store keeps a checksum of."""

from __future__ import annotations

import json
import zlib

import pytest
from botocore.awsrequest import AWSResponse

from operations.base import Again, Target
from operations.compute_object_checksum import ComputeObjectChecksum
from operations.perform import perform
from tests.operations.conftest import Raw

CONTENT = b"123456789"
WRONG = {"x-amz-checksum-crc32": "AAAAAA=="}
TARGET = Target("photos", "a.txt")


def computing(kind: str = "FULL_OBJECT") -> ComputeObjectChecksum:
    return ComputeObjectChecksum.parse({"ChecksumAlgorithm": "CRC32", "ChecksumType": kind})


def answer(s3, *replies: dict[str, str]) -> list[str]:
    """Answer each GetObject with the next of these headers, the last one for good."""
    asked: list[str] = []

    def send(request, **_):
        headers = replies[min(len(asked), len(replies) - 1)]
        asked.append(request.url)
        return AWSResponse(request.url, 200, headers, Raw(CONTENT))

    s3.meta.events.register_first("before-send.s3.GetObject", send)
    return asked


@pytest.mark.parametrize("kind", ["FULL_OBJECT", "COMPOSITE"])
def test_a_damaged_object_fails_its_task_and_its_computed_checksum_is_told(store, s3, put, kind):
    put("a.txt", body=CONTENT)
    answer(s3, WRONG)

    outcome = perform(computing(kind), store, TARGET)

    assert (outcome.succeeded, outcome.http_status) == (False, 200)
    assert (outcome.error_code, outcome.again) == ("PermanentFailure", Again.NEVER)
    told = json.loads(outcome.message.removeprefix("error details: "))
    assert told["errorCode"] == "400"
    assert "BadDigest: The content is not that of the checksum stored" in told["failureMessage"]
    crc = zlib.crc32(CONTENT)
    if kind == "COMPOSITE":
        crc = zlib.crc32(crc.to_bytes(4, "big"))
    assert told["failureMessage"].endswith(f"CRC32 {kind} {crc:08X}")


def test_what_was_damaged_on_the_way_only_is_read_again(store, s3):
    asked = answer(s3, {"ETag": '"e"', **WRONG}, {"ETag": '"e"'})

    outcome = perform(computing(), store, TARGET)

    assert outcome.succeeded
    assert json.loads(outcome.message)["checksum_hex"] == f"{zlib.crc32(CONTENT):08X}"
    assert len(asked) == 2


def test_a_stored_checksum_that_is_none_is_not_compared(store, s3):
    answer(s3, {"ETag": '"e"', "x-amz-checksum-crc32": "x"})

    assert perform(computing(), store, TARGET).succeeded


def test_an_object_without_an_etag_has_a_checksum(store, s3):
    answer(s3, {})

    outcome = perform(computing(), store, TARGET)

    assert json.loads(outcome.message)["etag"] == ""


def test_without_an_etag_nobody_knows_the_parts(answering_store):
    outcome = perform(computing("COMPOSITE"), answering_store(200), TARGET)

    assert "The store does not tell the parts of the object" in outcome.message
