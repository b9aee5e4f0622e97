"""Compute checksum (spec.md 5.10)."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tracemalloc
import zlib

import pytest
from botocore.awsrequest import AWSResponse

from operations import compute_object_checksum
from operations.base import Again, InvalidParameters, Store, Target
from operations.checksums import CHECKSUMS
from operations.compute_object_checksum import ComputeObjectChecksum
from operations.perform import perform

CHECK = b"123456789"
"""What every CRC is tried on."""
MIB = 1024 * 1024


def computing(algorithm: str, kind: str = "FULL_OBJECT") -> ComputeObjectChecksum:
    return ComputeObjectChecksum.parse({"ChecksumAlgorithm": algorithm, "ChecksumType": kind})


def put_in_parts(s3, key: str, *parts: bytes, bucket: str = "photos") -> str:
    """Upload an object in parts; its ETag."""
    upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    place = {"Bucket": bucket, "Key": key, "UploadId": upload}
    done = [
        {"PartNumber": n, "ETag": s3.upload_part(**place, PartNumber=n, Body=part)["ETag"]}
        for n, part in enumerate(parts, 1)
    ]
    return s3.complete_multipart_upload(**place, MultipartUpload={"Parts": done})["ETag"]


# ---- values


@pytest.mark.parametrize(
    ("algorithm", "value"),
    [
        ("CRC32", "CBF43926"),
        ("CRC32C", "E3069283"),
        ("CRC64NVME", "AE8B14860A799888"),
        ("MD5", "25F9E794323B453885F5181F1B624D0B"),
        ("SHA1", "F7C3BC1D808E04732ADF679965CCC34CA7AE3441"),
        ("SHA256", "15E2B0D3C33891EBB0F1EF609EC419420C20E320CE94C65FBC8C3312448EB225"),
        ("SHA512", hashlib.sha512(CHECK).hexdigest().upper()),
        ("XXHASH64", "8CB841DB40E6AE83"),
        ("XXHASH3", "72DCB18B67A17DFF"),
        ("XXHASH128", "33119477EDE5DCD5E9716427681D5860"),
    ],
)
def test_every_algorithm_gives_its_published_value(store, put, algorithm, value):
    put("a.txt", body=CHECK)

    outcome = perform(computing(algorithm), store, Target("photos", "a.txt"))

    told = json.loads(outcome.message)
    assert (outcome.succeeded, outcome.http_status) == (True, 200)
    assert told["checksum_hex"] == value
    assert base64.b64decode(told["checksum_base64"]) == bytes.fromhex(value)
    assert (told["checksumAlgorithm"], told["checksumType"]) == (algorithm, "FULL_OBJECT")


@pytest.mark.parametrize("algorithm", CHECKSUMS)
def test_blocks_add_up_to_the_whole(algorithm):
    content = bytes(range(256)) * 50
    whole, parts = CHECKSUMS[algorithm](), CHECKSUMS[algorithm]()

    whole.update(content)
    for start in range(0, len(content), 777):
        parts.update(content[start : start + 777])

    assert parts.digest() == whole.digest()


@pytest.mark.parametrize("algorithm", CHECKSUMS)
def test_an_empty_object_has_a_checksum_too(store, put, algorithm):
    put("empty", body=b"")

    outcome = perform(computing(algorithm), store, Target("photos", "empty"))

    told = json.loads(outcome.message)
    assert bytes.fromhex(told["checksum_hex"]) == CHECKSUMS[algorithm]().digest()


def test_the_message_is_written_as_aws_writes_it(store, put):
    put("a.txt", body=CHECK)

    outcome = perform(computing("CRC32"), store, Target("photos", "a.txt"))

    assert outcome.message == (
        '{"checksum_base64":"y/Q5Jg\\u003d\\u003d","etag":"25f9e794323b453885f5181f1b624d0b",'
        '"checksumAlgorithm":"CRC32","checksumType":"FULL_OBJECT","checksum_hex":"CBF43926"}'
    )


def test_without_parameters_it_is_the_crc64nvme_of_the_whole(store, put):
    put("a.txt", body=CHECK)

    outcome = perform(ComputeObjectChecksum.parse({}), store, Target("photos", "a.txt"))

    told = json.loads(outcome.message)
    assert (told["checksumAlgorithm"], told["checksumType"]) == ("CRC64NVME", "FULL_OBJECT")


# ---- versions


def test_reads_the_listed_version_else_the_latest(store, put):
    first = put("a.txt", bucket="versions", body=b"first")
    put("a.txt", bucket="versions", body=b"second")

    of_first = perform(computing("CRC32"), store, Target("versions", "a.txt", first))
    of_latest = perform(computing("CRC32"), store, Target("versions", "a.txt"))

    assert json.loads(of_first.message)["checksum_hex"] == f"{zlib.crc32(b'first'):08X}"
    assert json.loads(of_latest.message)["checksum_hex"] == f"{zlib.crc32(b'second'):08X}"


def test_composite_reads_the_listed_version_too(store, put):
    first = put("a.txt", bucket="versions", body=b"first")
    put("a.txt", bucket="versions", body=b"second")

    outcome = perform(computing("MD5", "COMPOSITE"), store, Target("versions", "a.txt", first))

    wanted = hashlib.md5(hashlib.md5(b"first").digest()).hexdigest().upper()
    assert json.loads(outcome.message)["checksum_hex"] == wanted


# ---- composite

PARTS = (b"a" * 5 * MIB, b"b" * (5 * MIB + 1), b"c")


@pytest.mark.parametrize("algorithm", [name for name in CHECKSUMS if name != "CRC64NVME"])
def test_composite_is_the_checksum_of_the_checksums_of_the_parts(store, s3, algorithm):
    etag = put_in_parts(s3, "big", *PARTS)

    outcome = perform(computing(algorithm, "COMPOSITE"), store, Target("photos", "big"))

    whole = CHECKSUMS[algorithm]()
    for content in PARTS:
        part = CHECKSUMS[algorithm]()
        part.update(content)
        whole.update(part.digest())
    told = json.loads(outcome.message)
    assert told["checksum_hex"] == whole.digest().hex().upper()
    assert (told["etag"], told["checksumType"]) == (etag.strip('"'), "COMPOSITE")
    assert told["etag"].endswith("-3")


def test_the_full_checksum_of_an_object_in_parts_does_not_know_of_them(store, s3):
    put_in_parts(s3, "big", *PARTS)

    outcome = perform(computing("SHA1"), store, Target("photos", "big"))

    wanted = hashlib.sha1(b"".join(PARTS)).hexdigest().upper()
    assert json.loads(outcome.message)["checksum_hex"] == wanted


def test_composite_of_an_object_in_one_piece_is_that_of_its_one_part(store, put):
    put("a.txt", body=CHECK)

    outcome = perform(computing("SHA256", "COMPOSITE"), store, Target("photos", "a.txt"))

    wanted = hashlib.sha256(hashlib.sha256(CHECK).digest()).hexdigest().upper()
    assert json.loads(outcome.message)["checksum_hex"] == wanted


def test_a_store_that_does_not_tell_the_parts_fails_the_task(store, s3):
    put_in_parts(s3, "big", *PARTS)

    def ignore_parts(params, **_):
        return {name: value for name, value in params.items() if name != "PartNumber"}

    s3.meta.events.register("provide-client-params.s3.HeadObject", ignore_parts)

    outcome = perform(computing("MD5", "COMPOSITE"), store, Target("photos", "big"))

    assert outcome.error_code == "PermanentFailure"
    assert details_of(outcome) == ("The store does not tell the parts of the object", "501")


def test_an_object_that_changes_while_it_is_read_in_parts_fails_the_task(store, s3):
    put_in_parts(s3, "big", *PARTS)

    def overwrite(**_):
        s3.meta.events.unregister("before-call.s3.GetObject", overwrite)
        put_in_parts(s3, "big", *reversed(PARTS[:2]))

    s3.meta.events.register("before-call.s3.GetObject", overwrite)

    outcome = perform(computing("MD5", "COMPOSITE"), store, Target("photos", "big"))

    assert details_of(outcome)[1] == "412"


# ---- failures


def details_of(outcome) -> tuple[str, str]:
    """The message without its task id, and the code."""
    assert (outcome.succeeded, outcome.http_status) == (False, 200)
    assert outcome.error_code == "PermanentFailure"
    assert outcome.message.startswith("error details: ")
    told = json.loads(outcome.message.removeprefix("error details: "))
    assert list(told) == ["failureMessage", "errorCode"]
    match = re.fullmatch(r"Task [0-9a-f-]{36} (.*)", told["failureMessage"])
    assert match
    return match[1], told["errorCode"]


@pytest.mark.parametrize("kind", ["FULL_OBJECT", "COMPOSITE"])
def test_a_missing_key_fails_in_the_words_of_aws(store, kind):
    outcome = perform(computing("MD5", kind), store, Target("photos", "gone"))

    assert details_of(outcome) == ("Key not found", "404")
    assert outcome.again is Again.NEVER


def test_a_missing_version_is_a_missing_key(store, put):
    put("a.txt", bucket="versions")

    outcome = perform(computing("MD5"), store, Target("versions", "a.txt", "never-was"))

    assert details_of(outcome)[1] in ("404", "400")


def refusal(status, code, message="No."):
    return status, f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"


@pytest.mark.parametrize(
    ("status", "code", "again"),
    [
        (400, "InvalidRequest", Again.NEVER),
        (403, "AccessDenied", Again.NEVER),
        (403, "InvalidObjectState", Again.NEVER),
        (500, "InternalError", Again.FAULT),
        (503, "SlowDown", Again.THROTTLED),
    ],
)
def test_another_refusal_is_told_in_the_same_form_and_tried_again_where_that_may_help(
    answering_store, status, code, again
):
    outcome = perform(
        computing("MD5"), answering_store(*refusal(status, code)), Target("photos", "a")
    )

    assert details_of(outcome) == (f"{code}: No.", str(status))
    assert outcome.again is again


def test_what_html_gives_a_meaning_is_escaped_in_failures_too(answering_store):
    store = answering_store(*refusal(400, "InvalidRequest", "a=b &amp; &lt;c>"))

    outcome = perform(computing("MD5"), store, Target("photos", "a"))

    assert "a\\u003db \\u0026 \\u003cc\\u003e" in outcome.message


class Broken(io.BytesIO):
    """A body that ends before its Content-Length."""

    def stream(self, *_, **__):
        yield self.read()


@pytest.mark.parametrize("kind", ["FULL_OBJECT", "COMPOSITE"])
def test_a_stream_that_breaks_off_is_a_fault(store, s3, put, kind):
    put("a.txt", body=b"x" * 100)
    s3.meta.events.register_first(
        "before-send.s3.GetObject",
        lambda request, **_: AWSResponse(
            request.url, 200, {"Content-Length": "100", "ETag": '"e"'}, Broken(b"x" * 60)
        ),
    )

    outcome = perform(computing("MD5", kind), store, Target("photos", "a.txt"))

    assert (outcome.http_status, outcome.error_code) == (None, "IncompleteReadError")
    assert outcome.again is Again.FAULT


# ---- memory


class Endless(io.RawIOBase):
    """So many bytes, never all at once."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1) -> bytes:
        assert 0 < size <= MIB
        given = min(size, self.left)
        self.left -= given
        return b"x" * given


def test_memory_stays_flat_however_large_the_object_is(s3):
    size = 200 * MIB
    s3.meta.events.register_first(
        "before-send.s3.GetObject",
        lambda request, **_: AWSResponse(
            request.url, 200, {"Content-Length": str(size), "ETag": '"e"'}, Endless(size)
        ),
    )
    tracemalloc.start()
    outcome = perform(computing("CRC32"), Store(s3), Target("photos", "huge"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert outcome.succeeded
    assert peak < 8 * MIB


# ---- parameters


@pytest.mark.parametrize(
    ("parameters", "field", "message"),
    [
        (
            {"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "COMPOSITE"},
            "",
            "CRC64NVME has the type FULL_OBJECT only.",
        ),
        ({"ChecksumType": "COMPOSITE"}, "", "CRC64NVME has the type FULL_OBJECT only."),
        (
            {"ChecksumAlgorithm": "crc32"},
            "checksum_algorithm",
            "Give 'CRC32', 'CRC32C', 'SHA1', 'SHA256', 'CRC64NVME', 'SHA512', 'MD5', "
            "'XXHASH64', 'XXHASH3' or 'XXHASH128'.",
        ),
        (
            {"ChecksumType": "PARTIAL"},
            "checksum_type",
            "Give 'FULL_OBJECT' or 'COMPOSITE'.",
        ),
        ({"Algorithm": "MD5"}, "algorithm", "There is no field of this name."),
    ],
)
def test_refuses_with_the_path_of_the_fault(parameters, field, message):
    with pytest.raises(InvalidParameters) as told:
        ComputeObjectChecksum.parse(parameters)

    assert told.value.fields == {field: [message]}


def test_a_job_needs_a_report_and_its_slices_are_small():
    assert ComputeObjectChecksum.needs_report
    assert ComputeObjectChecksum.largest_slice == 100
    assert compute_object_checksum.BLOCK == MIB
